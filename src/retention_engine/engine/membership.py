"""Who is in a segment: a predicate asked of every customer of a store, one by one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from attrs import frozen

from retention_engine.ports import Store
from retention_engine.predicates import Truth
from retention_engine.state import History, Teller, fold
from retention_engine.view import View, zone_of

_BATCH = 1_000


@frozen
class Member:
    """A customer for whom a predicate holds.

    Attributes:
        until: when it may turn false by itself, microseconds UTC; None: only a fact can change it.
    """

    customer: str
    until: int | None


def histories(store: Store, at: int, teller: Teller | None = None) -> Iterator[History]:
    """Yield what was known of each customer at an instant, by id; those of whom nothing was are passed over."""
    after = ""
    while customers := store.roster.customers(after, _BATCH):
        for customer, facts in store.facts.of(customers).items():
            if known := [fact for fact in facts if fact.effective <= at]:
                yield fold(History(customer, teller=teller), known)
        after = customers[-1]


def members(predicate: Truth, asked: Iterable[History], *, at: int, zone: str) -> Iterator[Member]:
    """Yield those for whom a predicate holds at an instant; ``zone`` is the shop's."""
    for history in asked:
        verdict = predicate.verdict(View(history, at, zone_of(history, zone)))
        if verdict.holds:
            yield Member(history.customer, verdict.until)
