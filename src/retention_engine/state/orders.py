"""The fold of orders and carts: an order counts once it is placed and paid, until it is cancelled, or paid again."""

from __future__ import annotations

from typing import Any

from attrs import define, field

from retention_engine import facts as f
from retention_engine.state.history import History
from retention_engine.state.records import CartRecord, DeliveryRecord, OrderRecord, PurchaseRecord


@define
class OrderDraft:
    """Everything said about one order, in whatever order it was said.

    Attributes:
        payments: (at, id) of every fact that says it is paid.
        cancelled: (at, id) of the latest cancellation; a later payment makes it an order again.
        refunds: by the id of the fact.
        deliveries: (at, id) of every fact that says it is delivered.
        events: the same of the events of the shop that name the order in their data, by name.
        facts: all of them by id, so that what was known at an earlier instant can be told; how many there are tells
            one state of the order from another.
    """

    placed: f.OrderPlaced | None = None
    payments: set[tuple[int, str]] = field(factory=set)
    cancelled: tuple[int, str] | None = None
    refunds: dict[str, f.OrderRefunded] = field(factory=dict)
    deliveries: set[tuple[int, str]] = field(factory=set)
    events: dict[str, set[tuple[int, str]]] = field(factory=dict)
    facts: dict[str, f.Fact] = field(factory=dict)

    def see(self, fact: f.Fact) -> None:
        """Note one fact."""
        when = (fact.at, fact.id)
        match fact:
            case f.OrderPlaced():
                if self.placed is None or (self.placed.at, self.placed.id) < when:
                    self.placed = fact
                if fact.paid:
                    self.payments.add(when)
            case f.OrderPaid():
                self.payments.add(when)
            case f.OrderCancelled():
                self.cancelled = when if self.cancelled is None else max(self.cancelled, when)
            case f.OrderDelivered():
                self.deliveries.add(when)
            case f.OrderRefunded():
                self.refunds[fact.id] = fact
            case f.Event():
                self.events.setdefault(fact.name, set()).add(when)
            case _:
                return
        self.facts[fact.id] = fact

    @property
    def payment(self) -> tuple[int, str] | None:
        """(at, id) of the first payment since the latest cancellation, else of the first of all; None: not paid."""
        since = [each for each in self.payments if self.cancelled is None or each > self.cancelled]
        return min(since or self.payments, default=None)

    @property
    def is_cancelled(self) -> bool:
        """Whether it was cancelled, and not paid again since."""
        payment = self.payment
        return self.cancelled is not None and (payment is None or payment < self.cancelled)

    @property
    def delivered(self) -> int | None:
        """When it was delivered first, as ``happened`` counts; None: it is not known to be."""
        return self._first(self.deliveries)

    @property
    def happened(self) -> dict[str, int]:
        """When each event of the shop happened first; paid again after a cancellation, it has to happen once more."""
        found = ((name, self._first(told)) for name, told in self.events.items())
        return {name: at for name, at in found if at is not None}

    def _first(self, told: set[tuple[int, str]]) -> int | None:
        since = None if self.cancelled is None or self.is_cancelled else self.cancelled
        return min((each[0] for each in told if since is None or each > since), default=None)

    @property
    def standing(self) -> list[f.OrderRefunded]:
        """The refunds that count, by (at, id): once it is paid again after a cancellation, only those since then."""
        again = self.payment if self.cancelled is not None and not self.is_cancelled else None
        found = sorted(self.refunds.values(), key=lambda each: (each.at, each.id))
        return found if again is None else [each for each in found if (each.at, each.id) > again]

    @property
    def is_returned(self) -> bool:
        """Whether all of the money went back, at once or in parts; of an order for nothing there are no parts."""
        if any(refund.amount is None for refund in self.standing):
            return True
        order = None if self.placed is None else self.placed.order
        return order is not None and order.total.amount > 0 and self.total(order) == 0

    def total(self, order: f.Order) -> int:
        """Return the total net of refunds, minor units, zero or more."""
        back = 0
        for refund in self.standing:
            if refund.amount is None:
                return 0
            if refund.amount.currency == order.total.currency:
                back += refund.amount.amount
        return max(0, order.total.amount - back)


FACTS_OF_ORDERS = "facts of orders"
"""Under this name a history takes note of every fact about an order, each once."""


def _see(history: History, order_id: str, fact: f.Fact) -> OrderDraft:
    draft: OrderDraft = history.drafts.setdefault(("order", order_id), OrderDraft())
    if fact.id not in draft.facts:
        history.note(FACTS_OF_ORDERS, (order_id, fact))
    draft.see(fact)
    return draft


def fold_event(history: History, fact: f.Event) -> None:
    """Note an event that names an order in its data."""
    order_id = fact.data.get("order")
    if isinstance(order_id, str):
        _see(history, order_id, fact)


def fold_order(history: History, fact: Any) -> None:
    """Fold a fact about an order into ``orders``, ``purchases``, ``deliveries`` and the carts it settles."""
    order_id = fact.order.id if isinstance(fact, f.OrderPlaced) else fact.order_id
    known: OrderDraft | None = history.drafts.get(("order", order_id))
    before = None if known is None else known.placed
    draft = _see(history, order_id, fact)
    if before is not None and before is not draft.placed:
        _drop(history, before.order)
    if draft.placed is None:
        return
    order = draft.placed.order
    if draft.is_cancelled or draft.payment is None:
        _drop(history, order)
    else:
        _put(history, draft, order)
    carts = list(history.records("carts"))
    settled = _settled(history) if carts else (set(), 0)
    for cart in carts:
        history.put("carts", _with_ordered(cart, *settled))


def _put(history: History, draft: OrderDraft, order: f.Order) -> None:
    total, items = draft.total(order), sum(line.quantity for line in order.lines)
    delivered = draft.delivered
    how = (order.channel, order.promo, delivered is not None)
    history.put("orders", OrderRecord(order.id, order.at, total, order.total.currency, items, *how))
    for number, line in enumerate(order.lines):
        words = (
            line.sku,
            line.category,
            line.brand,
            line.quantity,
            line.price.amount,
            line.price.amount * line.quantity,
        )
        history.put("purchases", PurchaseRecord(f"{order.id}#{number:04}", order.at, order.id, *words))
    if delivered is None:
        history.drop("deliveries", order.id)
    else:
        history.put("deliveries", DeliveryRecord(order.id, delivered, total, items, order.channel))


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
