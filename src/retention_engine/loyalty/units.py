"""Units of a ledger and the accounts that hold them: whole minor units; units never mix."""

from __future__ import annotations

from typing import Any

from attrs import field, frozen

from retention_engine.errors import DefinitionError, LedgerError, shown
from retention_engine.money import Money, decimals_of
from retention_engine.values import is_printable

LARGEST = 10**15


def check_amount(value: object) -> int:
    """Return the amount when it is a whole number above zero.

    Raises:
        LedgerError: it is zero, negative, too large or no whole number.
    """
    if type(value) is not int or not 0 < value <= LARGEST:
        raise LedgerError(f"an amount is a whole number from 1 to {LARGEST}, not {shown(value)}", code="bad_amount")
    return value


def valid_amount(_: Any, __: Any, value: Any) -> None:
    """Check a field that holds an amount."""
    check_amount(value)


def _check_name(instance: Any, attribute: Any, value: Any) -> None:
    if not is_printable(value):
        name = getattr(attribute, "name", "a name")
        raise DefinitionError(f"{name} is a printable text of 1 to 200 characters, not {shown(value)}")


@frozen(cache_hash=True)
class Unit:
    """A kind of points, or cashback money.

    Attributes:
        code: its stored name, such as ``pts``.
        scale: decimals that people see: with scale 2 the amount 1250 is shown as 12.50.
        currency: of cashback money; None for points.
    """

    code: str = field(validator=_check_name)
    scale: int = field(default=0)
    currency: str | None = field(default=None)

    @scale.validator
    def _check_scale(self, _: object, value: object) -> None:
        if type(value) is not int or not 0 <= value <= 9:
            raise DefinitionError(f"scale is a whole number from 0 to 9, not {shown(value)}")

    @currency.validator
    def _check_currency(self, _: object, value: str | None) -> None:
        if value is not None:
            Money(0, value)

    @classmethod
    def cashback(cls, currency: str, scale: int | None = None) -> Unit:
        """Return the unit of cashback in a currency: its amounts are the currency's minor units.

        Args:
            scale: None: as many decimals as the currency has, none for yen.
        """
        return cls(f"cashback-{currency}", decimals_of(currency) if scale is None else scale, currency)

    def money(self, amount: int) -> Money:
        """Return an amount of cashback as money.

        Raises:
            LedgerError: the unit is points.
        """
        if self.currency is None:
            raise LedgerError(f"{self.code} is no money", code="other_unit")
        return Money(amount, self.currency)

    def text(self, amount: int) -> str:
        """Return an amount for people, such as ``12.50 cashback-EUR``."""
        whole, part = divmod(abs(amount), 10**self.scale)
        digits = f"{whole}.{part:0{self.scale}d}" if self.scale else f"{whole}"
        return f"{'-' if amount < 0 else ''}{digits} {self.code}"


@frozen(cache_hash=True)
class Account:
    """The units of one kind that one holder has in one programme.

    Attributes:
        holder: a customer, a pool or a promotion.
    """

    programme: str = field(validator=_check_name)
    unit: Unit
    holder: str = field(validator=_check_name)

    def __str__(self) -> str:
        """Return a line for people."""
        return f"{self.holder} ({self.unit.code}, {self.programme})"
