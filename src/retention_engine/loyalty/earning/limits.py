"""How many units may pay for an order, and why not more."""

from __future__ import annotations

from enum import StrEnum
from fractions import Fraction
from math import floor

from attrs import field, frozen

from retention_engine.errors import DefinitionError, shown

_ALL = Fraction(1)


class Limit(StrEnum):
    """What kept somebody from spending more. Codes are stored and never renamed."""

    ASKED = "asked"
    """Nothing: all that was asked for may be spent."""
    AVAILABLE = "available"
    """There are no more units."""
    COVERAGE = "coverage"
    """No more of the order may be paid with units."""
    STILL_TO_PAY = "still_to_pay"
    """No more is left to pay."""
    STEP = "step"
    """Units are spent in steps."""
    TOO_FEW = "too_few"
    """Fewer than the smallest number that may be spent."""


_WORDS = {
    Limit.ASKED: "{units} may be spent, as asked",
    Limit.AVAILABLE: "{units} may be spent: no more are available",
    Limit.COVERAGE: "{units} may be spent: no larger part of the order may be paid so",
    Limit.STILL_TO_PAY: "{units} may be spent: no more is left to pay",
    Limit.STEP: "{units} may be spent: they are spent in steps of {step}",
    Limit.TOO_FEW: "none may be spent: {found} are fewer than {least}, the smallest number",
}


@frozen(kw_only=True)
class Spendable:
    """How many units may be spent.

    Attributes:
        worth: minor units of money that they pay.
        rest: minor units of money that are left to pay.
        limit: why not more.
        text: the same in words.
    """

    units: int
    worth: int
    rest: int
    limit: Limit
    text: str


@frozen(kw_only=True)
class Spending:
    """How units pay for orders.

    Attributes:
        point_value: minor units of money that one unit pays.
        max_coverage: the largest part of an order that units may pay, up to 1.
        step: units are spent in multiples of it; a step pays whole minor units of money.
        min_redeem: fewer are not spent.
    """

    point_value: Fraction = field()
    max_coverage: Fraction = field(default=_ALL)
    step: int = field(default=1)
    min_redeem: int = field(default=0)

    @point_value.validator
    def _check_value(self, _: object, value: object) -> None:
        if not isinstance(value, Fraction) or value <= 0:
            raise DefinitionError(f"point_value is a Fraction above zero, not {shown(value)}")

    @max_coverage.validator
    def _check_part(self, _: object, value: object) -> None:
        if not isinstance(value, Fraction) or not 0 < value <= 1:
            raise DefinitionError(f"max_coverage is a Fraction above 0, up to 1, not {shown(value)}")

    @min_redeem.validator
    def _check_least(self, _: object, value: object) -> None:
        if type(value) is not int or value < 0:
            raise DefinitionError(f"min_redeem is a whole number from 0, not {shown(value)}")

    @step.validator
    def _check_step(self, _: object, value: object) -> None:
        if type(value) is not int or value <= 0 or (value * self.point_value).denominator != 1:
            raise DefinitionError(
                f"step is a whole number of units that pay whole minor units at {self.point_value}, not {shown(value)}"
            )

    def spendable(self, asked: int, available: int, eligible: int, still_to_pay: int) -> Spendable:
        """Return how many units may be spent on an order.

        Args:
            eligible: minor units of money of the lines.
            still_to_pay: minor units of money that nothing else has paid yet.
        """
        limits = {
            Limit.ASKED: asked,
            Limit.AVAILABLE: available,
            Limit.COVERAGE: floor(self.max_coverage * eligible / self.point_value),
            Limit.STILL_TO_PAY: floor(still_to_pay / self.point_value),
        }
        if min(limits.values()) < 0:
            raise DefinitionError(f"amounts are whole numbers from 0, not {shown(limits)}")
        limit = min(limits, key=limits.__getitem__)
        found = limits[limit]
        units = found // self.step * self.step
        if units < found:
            limit = Limit.STEP
        if units < self.min_redeem:
            limit, found, units = Limit.TOO_FEW, units, 0
        worth = int(units * self.point_value)
        words = {"units": units, "step": self.step, "found": found, "least": self.min_redeem}
        return Spendable(
            units=units, worth=worth, rest=still_to_pay - worth, limit=limit, text=_WORDS[limit].format(**words)
        )
