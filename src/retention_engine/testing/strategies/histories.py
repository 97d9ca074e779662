"""Whole histories of one customer, and complete cases for the laws of a predicate."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from attrs import evolve
from hypothesis import strategies as st

from retention_engine import facts as f
from retention_engine.testing.case import Case
from retention_engine.testing.strategies.expressions import expressions
from retention_engine.testing.strategies.facts import OF_CUSTOMER, facts
from retention_engine.testing.strategies.times import STEP, corners, instants
from retention_engine.testing.strategies.words import CUSTOMER, maybe, moneys, orders

_LATER = (f.OrderPaid, f.OrderDelivered, f.OrderRefunded, f.OrderShipped, f.OrderCancelled)
_OFTEN = (*_LATER, f.OrderDelivered, f.OrderRefunded)
_OTHERS = tuple(cls for cls in OF_CUSTOMER if cls not in (f.OrderPlaced, *_LATER))


@st.composite
def _one_order(draw: st.DrawFn, customer: str, around: int, zone: str) -> list[f.Fact]:
    """Return what is said about one order: placed, perhaps unpaid, late or twice, and what became of it."""
    said: list[f.Fact] = []
    for _ in range(draw(st.sampled_from((1, 1, 1, 1, 1, 2)))):
        order = draw(orders(id="order", customer=customer, around=around, zone=zone))
        paid = draw(st.sampled_from((True, True, False)))
        learned = order.at + draw(st.sampled_from((0, 0, 0, STEP, 4 * STEP)))
        said.append(evolve(f.OrderPlaced.of(order, paid=paid), learned=learned))
    for cls in draw(st.lists(st.sampled_from(_OFTEN), max_size=2)):
        more: dict[str, Any] = {"amount": draw(maybe(moneys()))} if cls is f.OrderRefunded else {}
        at = draw(instants(around=around, zone=zone))
        said.append(cls(id=cls.KIND, customer=customer, at=at, order_id="order", **more))
    return said


def _numbered(said: list[f.Fact], number: int) -> Iterator[f.Fact]:
    """Give an order and its facts ids of their own; sorted by id they stand in another order than in the list."""
    mark = f"{(number * 7) % 10}{number}"
    for place, fact in enumerate(said):
        is_order = isinstance(fact, f.OrderPlaced)
        named = {"order": evolve(fact.order, id=f"o{mark}")} if is_order else {"order_id": f"o{mark}"}
        yield evolve(fact, id=f"{fact.KIND}-{mark}-{9 - place}", **named)


@st.composite
def histories(
    draw: st.DrawFn,
    *,
    max_orders: int = 20,
    max_others: int = 20,
    customer: str = CUSTOMER,
    around: int | None = None,
    zone: str = "UTC",
) -> list[f.Fact]:
    """Return facts of one customer in no particular order, each id once; several at one instant, some learned late.

    Args:
        max_orders: at most so many orders, each with the facts about it.
        max_others: at most so many facts of all the other kinds.
        customer: whose history.
        around: the middle of the grid of instants; None: near an awkward moment, whose zone becomes the customer's.
        zone: where the customer lives, mostly.
    """
    if around is None:
        zone, around = draw(corners())
    bought = draw(st.lists(_one_order(customer, around, zone), max_size=max_orders))
    rest = facts(kinds=_OTHERS, customer=customer, around=around, zone=zone)
    others = draw(st.lists(rest, max_size=max_others))
    numbered = [fact for number, said in enumerate(bought) for fact in _numbered(said, number)]
    return [*numbered, *(evolve(fact, id=f"{fact.id}-{number}") for number, fact in enumerate(others))]


@st.composite
def cases(draw: st.DrawFn, *, max_leaves: int = 6, max_orders: int = 20, max_others: int = 12) -> Case:
    """Return predicates with histories near the same awkward moment, so that they meet at its edges.

    Args:
        max_leaves: at most so many questions in the predicate.
        max_orders: at most so many orders in the history.
        max_others: at most so many facts of other kinds.
    """
    zone, around = draw(corners())
    when = instants(around=around, zone=zone)
    known = histories(max_orders=max_orders, max_others=max_others, around=around, zone=zone)
    return Case(
        predicate=draw(expressions(max_leaves=max_leaves, around=around, zone=zone)),
        facts=draw(known),
        at=draw(when) + draw(st.sampled_from((4, 0, 10, 20, 60))) * STEP,
        zone=zone,
        entry=draw(maybe(when)),
    )
