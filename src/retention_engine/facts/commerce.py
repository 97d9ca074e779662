"""Facts about buying: orders and what becomes of them, carts."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from attrs import field, frozen

from retention_engine.errors import FactError, shown
from retention_engine.facts.base import Fact, check_optional_price, check_text, instance_of, kind
from retention_engine.facts.words import MOST_LINES, Cart, Line, Order, Returned
from retention_engine.money import Money


def _subjects(lines: tuple[Line, ...]) -> tuple[str, ...]:
    skus = [f"sku:{line.sku}" for line in lines]
    return (*skus, *(f"category:{line.category}" for line in lines if line.category is not None))


@kind("order_placed")
@frozen(kw_only=True)
class OrderPlaced(Fact):
    """An order was placed.

    Attributes:
        paid: whether it counts as paid at once; otherwise it counts from ``OrderPaid`` on.
    """

    order: Order = field(validator=instance_of(Order))
    paid: bool = field(default=True, validator=instance_of(bool))

    def __attrs_post_init__(self) -> None:
        """Refuse a fact whose customer is not that of the order, or that happened before the order."""
        if self.order.customer != self.customer:
            raise FactError(f"customer {shown(self.customer)} differs from that of the order, {self.order.customer!r}")
        if self.order.at > self.at:
            raise FactError(f"at {self.at} lies before the order was placed, {self.order.at}")

    @classmethod
    def of(cls, order: Order, *, paid: bool = True) -> OrderPlaced:
        """Return the fact of placing an order; its id follows from the order's."""
        return cls(id=f"order:{order.id}", customer=order.customer, at=order.at, order=order, paid=paid)

    def subjects(self) -> tuple[str, ...]:
        """Return the items and categories of its lines."""
        return _subjects(self.order.lines)


def _returned(value: Iterable[Returned]) -> tuple[Returned, ...]:
    if isinstance(value, str | bytes) or not isinstance(value, Iterable):
        raise FactError(f"lines are Returned values, not {shown(value)}")
    lines = tuple(islice(value, MOST_LINES + 1))
    wrong = [line for line in lines if not isinstance(line, Returned)]
    if wrong or len(lines) > MOST_LINES:
        raise FactError(f"lines are up to {MOST_LINES} Returned values, not {shown(wrong[0] if wrong else len(lines))}")
    return lines


@frozen(kw_only=True)
class _OrderFact(Fact):
    order_id: str = field(validator=check_text)


@kind("order_paid")
@frozen(kw_only=True)
class OrderPaid(_OrderFact):
    """An order was paid: from now on it is one of ``orders``."""


@kind("order_shipped")
@frozen(kw_only=True)
class OrderShipped(_OrderFact):
    """An order left the shop."""


@kind("order_delivered")
@frozen(kw_only=True)
class OrderDelivered(_OrderFact):
    """An order reached the customer."""


@kind("order_cancelled")
@frozen(kw_only=True)
class OrderCancelled(_OrderFact):
    """An order was cancelled as a whole: it is none of ``orders`` any more, unless it is paid again."""


@kind("order_refunded")
@frozen(kw_only=True)
class OrderRefunded(_OrderFact):
    """Money of an order went back; its total is net of refunds, never below zero.

    Attributes:
        amount: the value of what was returned, in the prices of the order and whatever it was paid with, zero or
            more; None: the whole total. In another currency it counts as nothing.
        lines: which pieces came back, where that is known; the amount is theirs.
    """

    amount: Money | None = field(default=None, validator=check_optional_price)
    lines: tuple[Returned, ...] = field(default=(), converter=_returned)

    def __attrs_post_init__(self) -> None:
        """Refuse pieces without an amount: None is everything."""
        if self.lines and self.amount is None:
            raise FactError("lines need an amount: without one the whole order is refunded")


@kind("cart_updated")
@frozen(kw_only=True)
class CartUpdated(Fact):
    """A cart has this content now; the latest by (at, id) counts."""

    cart: Cart = field(validator=instance_of(Cart))

    def subjects(self) -> tuple[str, ...]:
        """Return the items and categories in it."""
        return _subjects(self.cart.lines)


@kind("cart_emptied")
@frozen(kw_only=True)
class CartEmptied(Fact):
    """A cart was emptied by the customer or the shop."""

    cart_id: str = field(validator=check_text)
