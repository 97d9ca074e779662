"""What promotions take off an order: in a fixed order, never below zero, the best of those that go together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum
from fractions import Fraction
from typing import Any

from attrs import field, frozen

from retention_engine.errors import DefinitionError, LedgerError, shown
from retention_engine.loyalty.orders import share_out
from retention_engine.money import Money
from retention_engine.typed import typed

MOST_OFFERS = 12
"""As many promotions are tried together in one order; the first ones by priority and id."""


class Stack(StrEnum):
    """What a promotion is about, which decides what it goes together with. Codes are stored and never renamed."""

    ORDER = "order"
    """The order as a whole."""
    PRODUCT = "product"
    """Some of its lines."""
    SHIPPING = "shipping"
    """What is paid for shipping."""
    POINTS = "points"
    """Points on top."""


def _rate(value: object) -> Fraction:
    if type(value) is not int and not isinstance(value, Fraction | str):
        raise DefinitionError(f"a percentage is a whole number, a Fraction or a text, never {shown(value)}")
    try:
        return Fraction(value)
    except (ValueError, ZeroDivisionError):
        raise DefinitionError(f"a percentage is a number such as 10 or '12.5', not {shown(value)}") from None


def _positive(_: Any, attribute: Any, value: Any) -> None:
    if not isinstance(value, Money) or value.amount <= 0:
        raise DefinitionError(f"{attribute.name} is Money above zero, not {shown(value)}")


@frozen
class Percent:
    """A share of the price, rounded down; free shipping is ``Percent(100)`` of the stack ``SHIPPING``.

    Attributes:
        rate: percent, above 0 up to 100: a whole number, a Fraction, or a text such as ``12.5``.
        most: the largest discount; None: no limit.
    """

    rate: Fraction = field(converter=_rate)
    most: Money | None = field(default=None)

    @rate.validator
    def _check_rate(self, _: object, value: Fraction) -> None:
        if not 0 < value <= 100:
            raise DefinitionError(f"a percentage lies above 0 and at most at 100, not at {value}")

    @most.validator
    def _check_most(self, attribute: Any, value: Any) -> None:
        if value is not None:
            _positive(self, attribute, value)

    def of(self, base: int) -> int:
        """Return what is taken off a base, minor units."""
        share = int(base * self.rate / 100)
        return share if self.most is None else min(share, self.most.amount)


@frozen
class Off:
    """A fixed amount, at most what it is taken off from."""

    amount: Money = field(validator=_positive)

    def of(self, base: int) -> int:
        """Return what is taken off a base, minor units."""
        return min(base, self.amount.amount)


@frozen(field_transformer=typed)
class Gift:
    """Something on top; the price stays as it is.

    Points (of the stack ``POINTS``) are granted when the order is paid; an item is for the shop to put into the parcel.

    Attributes:
        what: the sku, or the code of the points' unit.
        worth: what it costs the shop: it counts in budgets, and when the best promotions are chosen.
    """

    what: str
    quantity: int = field(default=1)
    worth: Money | None = field(default=None)

    @quantity.validator
    def _check_quantity(self, _: object, value: object) -> None:
        if type(value) is not int or value < 1:
            raise DefinitionError(f"quantity is a whole number from 1, not {shown(value)}")

    @worth.validator
    def _check_worth(self, attribute: Any, value: Any) -> None:
        if value is not None:
            _positive(self, attribute, value)


Discount = Percent | Off | Gift


@frozen(kw_only=True)
class Offer:
    """A promotion as it meets one order.

    Attributes:
        lines: the places of the lines it is about.
        most: the largest amount taken off, minor units; None: no limit.
    """

    id: str
    discount: Discount
    stack: Stack = Stack.ORDER
    combines_with: frozenset[Stack] = frozenset()
    exclusive: bool = False
    priority: int = 0
    lines: tuple[int, ...] = ()
    most: int | None = None

    def off(self, discount: Percent | Off, base: int) -> int:
        """Return what a discount takes off a base, minor units."""
        return discount.of(base) if self.most is None else min(self.most, discount.of(base))

    @property
    def place(self) -> tuple[int, str]:
        """Sort key: the higher priority first, then by id."""
        return (-self.priority, self.id)

    def goes_with(self, other: Offer) -> bool:
        """Tell whether both may count for one order: each has to allow the other."""
        alone = self.exclusive or other.exclusive
        return not alone and other.stack in self.combines_with and self.stack in other.combines_with


@frozen(kw_only=True)
class Applied:
    """What one promotion takes off, minor units; the parts of the lines and of shipping add up to it.

    Attributes:
        parts: of each line, in the order of the lines.
    """

    id: str
    parts: tuple[int, ...]
    shipping: int = 0
    gift: Gift | None = None

    @property
    def amount(self) -> int:
        """What it takes off."""
        return sum(self.parts) + self.shipping

    @property
    def cost(self) -> int:
        """What it costs the shop: what it takes off, or what its gift is worth."""
        return self.amount + (self.gift.worth.amount if self.gift and self.gift.worth else 0)

    @property
    def counts(self) -> bool:
        """Whether it gives anything: what gives nothing is not counted as used."""
        return self.amount > 0 or self.gift is not None


@frozen
class _Rest:
    """What is left to pay."""

    lines: tuple[int, ...]
    shipping: int

    def after(self, offer: Offer) -> tuple[Applied, _Rest]:
        nothing = (0,) * len(self.lines)
        discount = offer.discount
        if isinstance(discount, Gift):
            return Applied(id=offer.id, parts=nothing, gift=discount), self
        if offer.stack is Stack.SHIPPING:
            off = offer.off(discount, self.shipping)
            return Applied(id=offer.id, parts=nothing, shipping=off), _Rest(self.lines, self.shipping - off)
        weights = [0] * len(self.lines)
        for place in offer.lines:
            weights[place] = self.lines[place]
        parts = tuple(share_out(offer.off(discount, sum(weights)), weights))
        rest = tuple(line - part for line, part in zip(self.lines, parts, strict=True))
        return Applied(id=offer.id, parts=parts), _Rest(rest, self.shipping)


def best(offers: Sequence[Offer], lines: Sequence[int], shipping: int = 0) -> tuple[Applied, ...]:
    """Return the promotions that go together and give the customer most; the order of ``offers`` does not matter.

    Each is taken off what the ones before it left, by priority and id. Of equal ones: more gifts, then fewer
    promotions, then the first by priority and id.

    Raises:
        LedgerError: an amount is negative, or two offers have one id.
    """
    if shipping < 0 or any(line < 0 for line in lines):
        raise LedgerError(f"amounts are zero or more, not {shown(list(lines))} and {shipping}", code="bad_amount")
    tried = sorted(offers, key=lambda offer: offer.place)
    if len({offer.id for offer in tried}) < len(tried):
        raise LedgerError(f"offers differ by id: {[offer.id for offer in tried]}", code="bad_offer")
    ways = _ways(tried[:MOST_OFFERS], (), (), _Rest(tuple(lines), shipping))
    return max(ways, key=_worth)  # the first of equal ones


def _worth(way: tuple[Applied, ...]) -> tuple[int, int, int]:
    return (sum(one.cost for one in way), sum(one.gift is not None for one in way), -len(way))


def _ways(
    offers: Sequence[Offer], taken: tuple[Offer, ...], way: tuple[Applied, ...], rest: _Rest
) -> Iterator[tuple[Applied, ...]]:
    """Yield every admissible choice, those with the first offers first."""
    if not offers:
        yield way
        return
    first, others = offers[0], offers[1:]
    if all(first.goes_with(one) for one in taken):
        applied, left = rest.after(first)
        if applied.counts:
            yield from _ways(others, (*taken, first), (*way, applied), left)
    yield from _ways(others, taken, way, rest)
