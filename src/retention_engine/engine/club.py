"""What new facts mean beyond the customer they are about: friends who brought them, codes that their orders use."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from retention_engine.clubs import Club
from retention_engine.engine.codes.desk import CodeDesk
from retention_engine.engine.referring import refer
from retention_engine.facts import Fact, OrderCancelled, OrderPaid, OrderPlaced, OrderRefunded
from retention_engine.loyalty import Status
from retention_engine.ports import Store
from retention_engine.state.orders import OrderDraft


def follow(store: Store, club: Club, codes: CodeDesk | None, new: Sequence[Fact]) -> list[Fact]:
    """Return the facts that have to be recorded with new ones, which the store has already; settle their codes.

    Called inside a transaction.
    """
    if codes is not None:
        _settle(store, codes, new)
    return refer(store, club.referrals, new, club.programmes)


def _settle(store: Store, codes: CodeDesk, new: Sequence[Fact]) -> None:
    """Settle the codes of the orders that new facts are about, by where each order stands, not by what came last.

    An order stands somewhere from each instant on at which something about it became known: from the first new one
    on, each is settled again, so that the order of recording does not matter. What another customer is told about an
    order of the same name means nothing for it. A fact that is dated ahead counts at once: there is no clock here.
    """
    since: dict[str, tuple[str, int]] = {}
    books = codes.opened({_order(fact) for fact in new} - {""})
    for fact in new:
        order, known = _order(fact), books.orders.get(_order(fact))
        if known is not None and known.customer == fact.customer:
            since[order] = (fact.customer, min(fact.effective, since.get(order, ("", fact.effective))[1]))
    facts = store.facts.of(sorted({customer for customer, _ in since.values()})) if since else {}
    steps = []
    for order, (customer, start) in since.items():
        told = [fact for fact in facts[customer] if _order(fact) == order]
        instants = {fact.effective for fact in told if fact.effective >= start}
        steps += [(at, order, _status(fact for fact in told if fact.effective <= at)) for at in instants]
    for at, order, status in sorted(steps):
        codes.settle({order: status}, at=at)


def _status(told: Iterable[Fact]) -> Status:
    """Return where facts leave an order; money that went back as a whole, at once or in parts, cancels it."""
    draft = OrderDraft()
    refunds = []
    for fact in told:
        if isinstance(fact, OrderRefunded):
            refunds.append(fact)
        else:
            draft.see(fact)
    for one in sorted(refunds, key=lambda each: (each.at, each.id)):
        draft.see(one)
        if draft.is_returned:
            draft.see(OrderCancelled(id=one.id, customer=one.customer, at=one.at, order_id=one.order_id))
    if draft.is_cancelled:
        return Status.CANCELLED
    return Status.PLACED if draft.payment is None else Status.PAID


def _order(fact: Fact) -> str:
    """Return the order whose codes a fact may settle; empty: none."""
    match fact:
        case OrderPlaced():
            return fact.order.id
        case OrderPaid() | OrderCancelled() | OrderRefunded():
            return fact.order_id
    return ""
