"""The law of the fold: any order and any repetition of the same facts give the same history."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from retention_engine.facts import Fact
from retention_engine.state import History, fold


def arrangements(facts: Sequence[Fact]) -> Iterator[list[Fact]]:
    """Yield the same facts in several orders, with and without repetitions."""
    known = list(facts)
    yield known[::-1]
    yield sorted(known, key=lambda fact: (fact.effective, fact.id))
    yield sorted(known, key=lambda fact: (fact.at, fact.id), reverse=True)
    yield sorted(known, key=lambda fact: fact.id)
    yield [*known, *known]
    yield [fact for fact in reversed(known) for _ in range(2)]
    yield [*known[len(known) // 2 :], *known, *known[: len(known) // 2]]


def order_independent(facts: Iterable[Fact], orders: Iterable[Sequence[Fact]] = ()) -> None:
    """Check that any order and any repetition of the facts of a customer give the same history.

    Args:
        facts: of one customer, each id once.
        orders: further arrangements of the same facts to try, besides those of ``arrangements``.

    Raises:
        AssertionError: two arrangements give different histories; the message shows both and where they differ.
    """
    known = list(facts)
    expected = fold(History("customer-7"), known)
    for order in (*arrangements(known), *orders):
        found = fold(History("customer-7"), order)
        if found != expected:
            lines = [f"{name}: {left} or {right}" for name, left, right in _differences(expected, found)]
            shown = [
                f"{title}:\n" + "\n".join(f"  {fact!r}" for fact in each)
                for title, each in (("first", known), ("then", order))
            ]
            raise AssertionError("\n".join(["the order of facts matters", *lines, *shown]))


def _differences(left: History, right: History) -> Iterator[tuple[str, Any, Any]]:
    for name in ("lists", "attributes", "drafts"):
        ours, theirs = getattr(left, name), getattr(right, name)
        for key in sorted({*ours, *theirs}, key=str):
            if ours.get(key) != theirs.get(key):
                yield f"{name} {key}", ours.get(key), theirs.get(key)
    if left.first != right.first:
        yield "first", left.first, right.first
