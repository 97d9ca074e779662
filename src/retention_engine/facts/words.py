"""The nouns that facts are about: customers, products, orders with lines, carts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from functools import reduce

from attrs import field, frozen

from retention_engine.errors import FactError, shown
from retention_engine.facts.base import (
    check_optional,
    check_optional_price,
    check_price,
    check_text,
    instance_of,
    instant,
)
from retention_engine.money import Money
from retention_engine.values import Scalar, check_data

MOST_LINES = 10_000
_LARGEST = 10**15  # that of Money: whatever is summed up later stays within 64 bits


def birthday_text(value: str | date | None) -> str | None:
    """Convert a birthday to ``YYYY-MM-DD``, or ``--MM-DD`` when the year is unknown.

    Raises:
        FactError: no such date.
    """
    if value is None:
        return None
    if isinstance(value, date):
        return date(value.year, value.month, value.day).isoformat()
    if not _is_birthday(value):
        raise FactError(f"birthday is YYYY-MM-DD or --MM-DD, not {shown(value)}")
    return value


def _is_birthday(value: object) -> bool:
    if not isinstance(value, str) or len(value) > 10:
        return False
    whole = f"2000{value[1:]}" if value.startswith("--") else value
    try:
        return date.fromisoformat(whole).isoformat() == whole  # not true of week dates such as 2024-W01-1
    except ValueError:
        return False


@frozen(kw_only=True, repr=False)
class Customer:
    """A person as the shop knows them; the ``repr`` shows the id only.

    Attributes:
        id: the shop's own, stable.
        registered: when they became known, microseconds UTC.
        zone: IANA name, or None: the shop's zone is used. A name that does not exist is kept and reported.
        language: such as ``ru`` or ``en``.
        birthday: ``YYYY-MM-DD``, or ``--MM-DD`` when the year is unknown.
        attributes: anything else the shop wants to ask about: flat, plain values.
    """

    id: str = field(validator=check_text)
    registered: int = field(converter=instant)
    zone: str | None = field(default=None, validator=check_optional)
    language: str | None = field(default=None, validator=check_optional)
    birthday: str | None = field(default=None, converter=birthday_text)
    attributes: dict[str, Scalar] = field(factory=dict, converter=check_data)

    def __repr__(self) -> str:
        """Show the id alone: logs must not hold personal data."""
        return f"Customer(id={self.id!r})"


@frozen(kw_only=True)
class Product:
    """An item of the catalogue.

    Attributes:
        sku: the shop's own id of the variant that is bought.
        price: per piece, or None when unknown.
    """

    sku: str = field(validator=check_text)
    name: str | None = field(default=None, validator=check_optional)
    category: str | None = field(default=None, validator=check_optional)
    brand: str | None = field(default=None, validator=check_optional)
    price: Money | None = field(default=None, validator=check_optional_price)


def _pieces(_: object, __: object, value: object) -> None:
    if type(value) is not int or not 1 <= value <= 10**6:
        raise FactError(f"quantity is a whole number from 1 to 10**6, not {shown(value)}")


@frozen(kw_only=True)
class Line:
    """One line of an order or a cart.

    Attributes:
        price: per piece, zero or more; at most 10**15 minor units for the whole line.
        quantity: pieces, 1 to 10**6.
    """

    sku: str = field(validator=check_text)
    price: Money = field(validator=check_price)
    quantity: int = field(default=1)
    category: str | None = field(default=None, validator=check_optional)
    brand: str | None = field(default=None, validator=check_optional)

    @quantity.validator
    def _not_too_much(self, _: object, value: object) -> None:
        _pieces(self, _, value)
        if self.price.amount * self.quantity > _LARGEST:
            raise FactError(f"price times quantity is at most {_LARGEST}, not {self.price.amount * self.quantity}")

    @property
    def amount(self) -> Money:
        """Price times quantity."""
        return self.price.times(self.quantity)


def _lines(value: Iterable[Line]) -> tuple[Line, ...]:
    lines = tuple(_each(value))
    if len(lines) > MOST_LINES:
        raise FactError(f"lines are at most {MOST_LINES}, not {len(lines)}")
    if sum(line.price.amount * line.quantity for line in lines) > _LARGEST:
        raise FactError(f"lines amount to {_LARGEST} minor units at most")
    return lines


def _each(value: object) -> Iterator[Line]:
    if not isinstance(value, Iterable):
        raise FactError(f"lines are Line values, not {shown(value)}")
    for line in value:
        if not isinstance(line, Line):
            raise FactError(f"lines are Line values, not {shown(line)}")
        yield line


def _sum(lines: tuple[Line, ...]) -> Money:
    if not lines:
        raise FactError("without lines there is no sum: give total=Money(amount, currency)")
    return reduce(Money.__add__, (line.amount for line in lines))


@frozen(kw_only=True)
class Order:
    """An order as it was placed; what happened to it later is told by facts.

    Attributes:
        at: when it was placed, microseconds UTC.
        total: what the customer pays, zero or more; left out, the sum of the lines.
        cart: id of the cart it came from, if known: that cart alone counts as ordered; otherwise all earlier ones.
    """

    id: str = field(validator=check_text)
    customer: str = field(validator=check_text)
    at: int = field(converter=instant)
    lines: tuple[Line, ...] = field(default=(), converter=_lines)
    total: Money = field(validator=instance_of(Money))
    cart: str | None = field(default=None, validator=check_optional)
    channel: str | None = field(default=None, validator=check_optional)
    promo: str | None = field(default=None, validator=check_optional)

    @total.default
    def _total(self) -> Money:
        return _sum(self.lines)

    @total.validator
    def _one_currency(self, _: object, value: Money) -> None:
        if value.amount < 0:
            raise FactError(f"total is zero or more, not {shown(value)}")
        for line in self.lines:
            if line.price.currency != value.currency:
                raise FactError(f"line {line.sku!r} is in {line.price.currency}, the total in {value.currency}")


@frozen(kw_only=True)
class Returned:
    """Pieces of an order that came back.

    Attributes:
        quantity: pieces, 1 to 10**6.
    """

    sku: str = field(validator=check_text)
    quantity: int = field(default=1, validator=_pieces)


@frozen(kw_only=True)
class Cart:
    """The content of a cart at one moment.

    Attributes:
        id: stable while the customer fills it.
    """

    id: str = field(validator=check_text)
    lines: tuple[Line, ...] = field(default=(), converter=_lines)

    @property
    def value(self) -> int:
        """Sum of the lines, minor units; 0 for an empty cart."""
        return sum(line.amount.amount for line in self.lines)
