"""Whole histories of one customer, and complete cases for the laws of a predicate."""

from __future__ import annotations

from attrs import field, frozen
from hypothesis import strategies as st

from retention_engine import facts as f
from retention_engine.predicates import Truth
from retention_engine.testing.strategies.expressions import expressions
from retention_engine.testing.strategies.facts import OF_CUSTOMER, facts, renamed
from retention_engine.testing.strategies.times import STEP, corners, grid, instants
from retention_engine.testing.strategies.words import CUSTOMER, maybe, moneys, orders
from retention_engine.timing import to_text

_ORDER_FACTS = (f.OrderPlaced, f.OrderPaid, f.OrderShipped, f.OrderDelivered, f.OrderCancelled, f.OrderRefunded)
_OTHERS = tuple(cls for cls in OF_CUSTOMER if cls not in _ORDER_FACTS)


@st.composite
def _order_facts(draw: st.DrawFn, customer: str, around: int, zone: str) -> list[f.Fact]:
    """Return what is said about one order: placed, perhaps unpaid, and what became of it."""
    order = draw(orders(customer=customer, around=around, zone=zone))
    paid = draw(st.sampled_from((True, True, False)))
    late = draw(st.sampled_from((0, 0, 0, STEP, 4 * STEP)))
    said: list[f.Fact] = [
        f.OrderPlaced(id="placed", customer=customer, at=order.at, learned=order.at + late, order=order, paid=paid)
    ]
    later = (f.OrderPaid, f.OrderDelivered, f.OrderRefunded, f.OrderShipped, f.OrderCancelled)
    for cls in draw(st.lists(st.sampled_from(later), max_size=3)):
        more = {"amount": draw(maybe(moneys(order.total.currency)))} if cls is f.OrderRefunded else {}
        at = draw(instants(around=around, zone=zone))
        said.append(cls(id=cls.KIND, customer=customer, at=at, order_id=order.id, **more))
    return said


def _numbered(said: list[f.Fact], number: int) -> list[f.Fact]:
    """Give an order and its facts ids of their own; their order by id is not that of the list."""
    mark = f"{(number * 7) % 10}{number}"
    facts_of_order: list[f.Fact] = []
    for place, fact in enumerate(said):
        inside = {"order": _with_id(fact.order, mark)} if isinstance(fact, f.OrderPlaced) else {"order_id": f"o{mark}"}
        kept = {"id": f"{fact.id}-{mark}-{place}", "customer": fact.customer, "at": fact.at, "learned": fact.learned}
        if isinstance(fact, f.OrderPlaced):
            inside["paid"] = fact.paid  # type: ignore[assignment]  # a field like the others
        if isinstance(fact, f.OrderRefunded):
            inside["amount"] = fact.amount  # type: ignore[assignment]  # a field like the others
        facts_of_order.append(type(fact)(**kept, **inside))
    return facts_of_order
