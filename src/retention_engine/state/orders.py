"""The fold of orders and carts: an order counts once it is placed and paid, until it is cancelled."""

from __future__ import annotations

from typing import Any

from attrs import define, field

from retention_engine import facts as f
from retention_engine.money import Money
from retention_engine.state.history import History
from retention_engine.state.records import CartRecord, DeliveryRecord, OrderRecord, PurchaseRecord


@define
class _Order:
    """Everything said about one order, in whatever order it was said."""

    placed: f.OrderPlaced | None = None
    paid: bool = False
    cancelled: bool = False
    delivered: int | None = None
    refunds: dict[str, Money | None] = field(factory=dict)

    def see(self, fact: f.Fact) -> None:
        """Note one fact."""
        match fact:
            case f.OrderPlaced():
                if self.placed is None or (self.placed.at, self.placed.id) < (fact.at, fact.id):
                    self.placed = fact
            case f.OrderPaid():
                self.paid = True
            case f.OrderCancelled():
                self.cancelled = True
            case f.OrderDelivered():
                self.delivered = fact.at if self.delivered is None else min(self.delivered, fact.at)
            case f.OrderRefunded():
                self.refunds[fact.id] = fact.amount

    def total(self, order: f.Order) -> int:
        """Return the total net of refunds, minor units, zero or more."""
        back = 0
        for amount in self.refunds.values():
            if amount is None:
                return 0
            if amount.currency == order.total.currency:
                back += amount.amount
        return max(0, order.total.amount - back)


def fold_order(history: History, fact: Any) -> None:
    """Fold a fact about an order into ``orders``, ``purchases``, ``deliveries`` and the carts it settles."""
    order_id = fact.order.id if isinstance(fact, f.OrderPlaced) else fact.order_id
    draft: _Order = history.drafts.setdefault(("order", order_id), _Order())
    before = draft.placed
    draft.see(fact)
    if before is not None and before is not draft.placed:
        _drop(history, before.order)
    if draft.placed is None:
        return
    order = draft.placed.order
    if draft.cancelled or not (draft.placed.paid or draft.paid):
        _drop(history, order)
    else:
        _put(history, draft, order)
    carts = list(history.records("carts"))
    settled = _settled(history) if carts else (set(), 0)
    for cart in carts:
        history.put("carts", _with_ordered(cart, *settled))


def _put(history: History, draft: _Order, order: f.Order) -> None:
    total, items = draft.total(order), sum(line.quantity for line in order.lines)
    delivered = draft.delivered is not None
    record = OrderRecord(order.id, order.at, total, order.total.currency, items, order.channel, order.promo, delivered)
    history.put("orders", record)
    for number, line in enumerate(order.lines):
        words = (line.sku, line.category, line.brand, line.quantity, line.price.amount, line.amount.amount)
        history.put("purchases", PurchaseRecord(f"{order.id}#{number:04}", order.at, order.id, *words))
    if draft.delivered is not None:
        history.put("deliveries", DeliveryRecord(order.id, draft.delivered, total, items, order.channel))


def _drop(history: History, order: f.Order) -> None:
    history.drop("orders", order.id)
    history.drop("deliveries", order.id)
    for number in range(len(order.lines)):
        history.drop("purchases", f"{order.id}#{number:04}")


@define
class _Cart:
    """The latest update of a cart and the latest time it was emptied, by (at, id)."""

    updated: f.CartUpdated | None = None
    emptied: tuple[int, str] = (-(2**62), "")


def fold_cart(history: History, fact: Any) -> None:
    """Fold a fact about a cart into ``carts``."""
    cart_id = fact.cart.id if isinstance(fact, f.CartUpdated) else fact.cart_id
    draft: _Cart = history.drafts.setdefault(("cart", cart_id), _Cart())
    if isinstance(fact, f.CartEmptied):
        draft.emptied = max(draft.emptied, (fact.at, fact.id))
    elif draft.updated is None or (draft.updated.at, draft.updated.id) < (fact.at, fact.id):
        draft.updated = fact
    if draft.updated is None:
        return
    latest, cart = draft.updated, draft.updated.cart
    emptied = not cart.lines or (latest.at, latest.id) < draft.emptied
    items = sum(line.quantity for line in cart.lines)
    record = CartRecord(cart.id, latest.at, cart.value, items, ordered=False, emptied=emptied)
    history.put("carts", _with_ordered(record, *_settled(history)))


def _settled(history: History) -> tuple[set[str], int]:
    """Return the carts that orders name, and the latest order that names none."""
    named: set[str] = set()
    latest = -(2**62)
    for order in history.records("orders"):
        cart = history.drafts["order", order.id].placed.order.cart
        if cart is None:
            latest = order.at
        else:
            named.add(cart)
    return named, latest


def _with_ordered(cart: CartRecord, named: set[str], latest: int) -> CartRecord:
    ordered = cart.id in named or latest >= cart.at
    return CartRecord(cart.id, cart.at, cart.value, cart.items, ordered, cart.emptied)
