"""Whole histories of one customer, and complete cases for the laws of a predicate."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from attrs import evolve
from hypothesis import strategies as st

from retention_engine import facts as f
from retention_engine.state import COLLECTIONS, EVENTS
from retention_engine.testing.case import Case, view_at
from retention_engine.testing.strategies.expressions import expressions
from retention_engine.testing.strategies.facts import EVENT_NAMES, OF_CUSTOMER, facts
from retention_engine.testing.strategies.times import STEP, corners, instants
from retention_engine.testing.strategies.words import CUSTOMER, moneys, orders

_LATER = (f.OrderPaid, f.OrderDelivered, f.OrderRefunded, f.OrderShipped, f.OrderCancelled)
_CLUB_MODULES = ("ledger", "codes", "referrals", "tiers", "games")  # their facts say something in a club only
_OTHERS = tuple(cls for cls in OF_CUSTOMER if cls not in (f.OrderPlaced, *_LATER))
_OF_CLUBS = tuple(cls for cls in _OTHERS if cls.__module__.rpartition(".")[2] in _CLUB_MODULES)
_OF_SHOPS = tuple(cls for cls in _OTHERS if cls not in _OF_CLUBS)
_SOME = st.lists(st.sampled_from(_OF_SHOPS), min_size=1, max_size=6, unique=True)
_MEMBERS = st.lists(st.sampled_from(_OF_CLUBS), min_size=1, max_size=4, unique=True)
_RELATED = (
    (f.ConsentGiven, f.ConsentWithdrawn, f.ConsentConfirmed),
    (f.ContactAdded, f.ContactRemoved, f.AddressSuppressed, f.AddressRestored),
    (f.Paused, f.Resumed, f.FrequencyChosen, f.ChannelsChosen),
)
"""Kinds that switch the same things on and off: drawn together now and then, so that they meet."""
_KINDS = st.one_of(_SOME, _SOME, _SOME, st.sampled_from(_RELATED), _MEMBERS)
_ASKED = [EVENTS + name for name in (*EVENT_NAMES, "order_placed", "order_shipped")]
_PLACED = st.sampled_from((1, 1, 1, 1, 1, 2))
_PAID = st.sampled_from((True, True, False))
_LATE = st.sampled_from((0, 0, 0, STEP, 4 * STEP))
_AFTER = st.lists(st.sampled_from((*_LATER, f.OrderDelivered, f.OrderRefunded)), max_size=2)
_AMOUNTS = st.none() | moneys()
_WAITS = st.sampled_from((0, 4, 0, 2, 0, 10)).map(lambda steps: steps * STEP)


@st.composite
def _one_order(draw: st.DrawFn, customer: str, around: int, zone: str) -> list[f.Fact]:
    """Return what is said about one order: placed, perhaps unpaid, late or twice, and what became of it."""
    said: list[f.Fact] = []
    for _ in range(draw(_PLACED)):
        order = draw(orders(id="order", customer=customer, around=around, zone=zone))
        said.append(evolve(f.OrderPlaced.of(order, paid=draw(_PAID)), learned=order.at + draw(_LATE)))
    for cls in draw(_AFTER):
        more: dict[str, Any] = {"amount": draw(_AMOUNTS)} if cls is f.OrderRefunded else {}
        at = draw(instants(around=around, zone=zone))
        said.append(cls(id=cls.KIND, customer=customer, at=at, order_id="order", **more))
    return said


@lru_cache(maxsize=256)
def _counts(least: int, most: int) -> st.SearchStrategy[int]:
    """Return how many to draw: seldom very many. Lists drawn by a count shrink to their last elements, if need be."""
    return st.sampled_from((*range(least, min(least + 8, most)), most))


def _numbered(said: list[f.Fact], number: int) -> Iterator[f.Fact]:
    """Give an order and its facts ids of their own; sorted by id they stand in another order than in the list."""
    mark = f"{(number * 7) % 10}{number}"
    for place, fact in enumerate(said):
        order = evolve(fact.order, id=f"o{mark}") if isinstance(fact, f.OrderPlaced) else None
        named = {"order_id": f"o{mark}"} if order is None else {"order": order}
        yield evolve(fact, id=f"{fact.KIND}-{mark}-{9 - place}", **named)


@st.composite
def histories(
    draw: st.DrawFn,
    *,
    min_orders: int = 0,
    max_orders: int = 20,
    max_others: int = 20,
    customer: str = CUSTOMER,
    around: int | None = None,
    zone: str = "UTC",
) -> list[f.Fact]:
    """Return facts of one customer in no particular order, each id once; several at one instant, some learned late.

    Args:
        min_orders: at least so many orders, paid or not.
        max_orders: at most so many orders, each with the facts about it.
        max_others: at most so many facts of other kinds, of a few kinds at a time.
        customer: whose history.
        around: the middle of the grid of instants; None: near an awkward moment, whose zone becomes the customer's.
        zone: where the customer lives, mostly.
    """
    if around is None:
        zone, around = draw(corners())
    one_order = _one_order(customer, around, zone)
    bought = [draw(one_order) for _ in range(draw(_counts(min_orders, max_orders)))]
    kinds: tuple[type[f.Fact], ...] = (*draw(_KINDS), f.AttributeChanged, f.Registered)
    rest = facts(kinds=kinds, customer=customer, around=around, zone=zone)
    others = [draw(rest) for _ in range(draw(_counts(0, max_others)))]
    numbered = [fact for number, said in enumerate(bought) for fact in _numbered(said, number)]
    return [*numbered, *(evolve(fact, id=f"{fact.id}-{number}") for number, fact in enumerate(others))]


@st.composite
def cases(
    draw: st.DrawFn, *, max_leaves: int = 6, max_orders: int = 20, max_others: int = 12, zone: str | None = None
) -> Case:
    """Return predicates with histories near the same awkward moment, so that they meet at its edges.

    Args:
        max_leaves: at most so many questions in the predicate.
        max_orders: at most so many orders in the history.
        max_others: at most so many facts of other kinds.
        zone: near a clock change of this zone out of ``CORNERS``; None: of any.
    """
    zone, around = draw(corners(zone=zone))
    least = min(max_orders, draw(st.sampled_from((3, 1, 0))))
    known = draw(histories(min_orders=least, max_orders=max_orders, max_others=max_others, around=around, zone=zone))
    when = instants(around=around, zone=zone)
    at, entry = draw(when) + draw(_WAITS), draw(st.none() | when)
    kept = sorted(view_at(known, at).history.lists)
    about = [name for name in kept if name in _ASKED or name in COLLECTIONS]
    asked = expressions(max_leaves=max_leaves, around=around, zone=zone, about=tuple(about))
    return Case(predicate=draw(asked), facts=known, at=at, zone=zone, entry=entry)
