"""A small shop for the tests of the engine: orders of 10 euro, events, rules launched at START."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from retention_engine import Engine, Event, Money, Order, OrderPlaced, Rule
from retention_engine.actions import Decision
from retention_engine.facts import Fact
from retention_engine.timing import to_instant, to_text

START = to_instant("2026-07-01T00:00:00+00:00")
ANNA = "anna"


def order(name: str, at: int, who: str = ANNA, **more: Any) -> OrderPlaced:
    """Return the fact of an order of 10 euro."""
    return OrderPlaced.of(Order(id=name, customer=who, at=at, total=Money(1000, "EUR"), **more))


def happened(name: str, at: int, who: str = ANNA, **more: Any) -> Event:
    """Return an event of the shop's own."""
    return Event(id=f"{name}@{at}", customer=who, at=at, name=name, **more)


def shop(*rules: Rule, facts: Iterable[Fact] = (), **more: Any) -> Engine:
    """Return an engine whose rules are launched at START, with facts recorded."""
    engine = Engine(rules, **{"since": START} | more)
    engine.record(facts)
    return engine


def told(decisions: Iterable[Decision]) -> list[tuple[str, str, str]]:
    """Return (outcome with its reason, step, instant since START as text) of decisions."""
    return [
        (f"{each.outcome} {each.reason or ''}".strip(), each.step, to_text(each.at)[5:16].replace("T", " "))
        for each in decisions
    ]
