"""What one rule gives for an order, and on which conditions: frozen with the receipt of the order."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from fractions import Fraction

from attrs import field, frozen

from retention_engine.errors import DefinitionError, shown
from retention_engine.loyalty.caps import Cap, Room
from retention_engine.loyalty.validity import Validity
from retention_engine.timing import Span, days, period_of, zone
from retention_engine.typed import typed
from retention_engine.values import is_printable

PAID, DELIVERED = "paid", "delivered"
_TWO_WEEKS = days(14)


class Basis(StrEnum):
    """What a cell was granted for. Codes are stored and never renamed."""

    MONEY = "money"
    """The part of the line paid in money."""
    VALUE = "value"
    """The whole line, whatever it was paid with."""
    QUANTITY = "quantity"
    """Each piece."""
    ORDER = "order"
    """A share of an amount for the whole order."""


@frozen(field_transformer=typed)
class Rate:
    """Units for each minor unit of money, each piece, or each order."""

    basis: Basis = field(converter=Basis)
    amount: Fraction = field()

    @amount.validator
    def _check_amount(self, _: object, value: object) -> None:
        if not isinstance(value, Fraction) or value <= 0:
            raise DefinitionError(f"a rate is a Fraction above zero, never a float, not {shown(value)}")


@frozen(kw_only=True, field_transformer=typed)
class Vesting:
    """When units become spendable: a span after something happened to the order.

    Attributes:
        start: ``paid``, ``delivered``, or the name of an event of the shop with ``order`` in its data.
        after: how long after it.
        latest: how long after the payment they are spendable at the latest, whether it has happened or not; None: they
            wait for it.
        round_up: to the next local midnight, so that a whole shop vests together.
        zone: whose midnight.
    """

    start: str = PAID
    after: Span = field(default=_TWO_WEEKS)
    latest: Span | None = None
    round_up: bool = False
    zone: str = "UTC"

    def __attrs_post_init__(self) -> None:
        """Refuse an unknown zone, and a start without a name."""
        zone(self.zone)
        if not is_printable(self.start):
            raise DefinitionError(f"start is the name of what happens, not {shown(self.start)}")

    def vests_at(self, happened: Mapping[str, int]) -> int | None:
        """Return when the units become spendable, never before the payment; None: that is not known yet."""
        paid = happened[PAID]
        known = [happened[self.start] + self.after.micros] if self.start in happened else []
        known += [paid + self.latest.micros] if self.latest is not None else []
        return self._rounded(max(paid, min(known))) if known else None

    def _rounded(self, instant: int) -> int:
        if not self.round_up:
            return instant
        first, following = period_of("day", instant, zone(self.zone))
        return first if first == instant else following


def vesting_after(value: Vesting | Span) -> Vesting:
    """Convert a field that holds a vesting: a span alone is ``Vesting(after=...)``."""
    return Vesting(after=value) if isinstance(value, Span) else value


AT_ONCE = Vesting(after=Span(0))
"""Spendable when it is paid, or when the fact happened."""


def can_be_spent(vesting: Vesting, validity: Validity, happened: Mapping[str, int]) -> bool:
    """Tell whether units could ever be spent, by what has happened so far, and when."""
    vests = vesting.vests_at(happened)
    return vests is None or validity is None or validity.expires_at(vests, happened[PAID]) > vests


@frozen(kw_only=True)
class Award:
    """What one rule gives for an order.

    Attributes:
        rule: the id of the rule.
        version: of the rule as it was then.
        multiplier: of the customer's tier.
        tier: as it was then; None: no multiplier was asked for.
        caps: of the rule and of the programme.
        rooms: what was left of each cap when the order was paid, in their order; empty where nothing was cut.
        asked: the units before the caps.
    """

    rule: str
    version: int = 1
    rate: Rate
    multiplier: Fraction = Fraction(1)
    tier: str | None = None
    vesting: Vesting = field(factory=Vesting)
    validity: Validity = None
    caps: tuple[Cap, ...] = ()
    rooms: tuple[Room, ...] = ()
    asked: int | None = None

    def source(self, cause: str) -> str:
        """Return what its lots say they were granted for."""
        return source(self.rule, self.version, cause)


def source(rule: str, version: int, cause: str) -> str:
    """Return what a lot says it was granted for: the rule, its version and the cause."""
    return f"{rule}@{version}:{cause}"
