"""A small shop for the tests of the language: days counted from 1 March 2026 00:00 UTC instead of instants."""

from __future__ import annotations

from typing import Any

from retention_engine.facts import AttributeChanged, Event, Fact, Line, Order, OrderPlaced
from retention_engine.money import Money
from retention_engine.predicates import Truth, Verdict
from retention_engine.testing import view_at
from retention_engine.timing import DAY, to_instant
from retention_engine.view import View

WHO = "anna"
START = to_instant("2026-03-01T00:00:00+00:00")


def on(day: float) -> int:
    """Return the instant so many days after the start."""
    return START + round(day * DAY)


def line(sku: str = "tea", price: int = 100, **more: Any) -> Line:
    """Return a line of an order."""
    return Line(sku=sku, price=Money(price, "EUR"), **more)


def bought(id: str, day: float, total: int = 100, **more: Any) -> OrderPlaced:
    """Return the fact of a paid order."""
    return OrderPlaced.of(Order(id=id, customer=WHO, at=on(day), total=Money(total, "EUR"), **more))


def happened(id: str, day: float, /, **data: Any) -> Event:
    """Return an event of the shop's own."""
    return Event(id=id, customer=WHO, at=on(day), name="quiz", data=data)


def knows(day: float = 0, **values: Any) -> list[Fact]:
    """Return the facts that set attributes."""
    return [
        AttributeChanged(id=f"set-{name}-{day}", customer=WHO, at=on(day), name=name, value=value)
        for name, value in values.items()
    ]


def expires(name: str, day: float) -> AttributeChanged:
    """Return the fact that sets an attribute to an instant."""
    given = {"name": name, "value": on(day), "is_instant": True}
    return AttributeChanged(id=f"set-{name}", customer=WHO, at=START, **given)


def see(*facts: Fact, day: float = 0, zone: str = "UTC", entry: float | None = None) -> View:
    """Return what a predicate is shown on a day."""
    return view_at(facts, on(day), customer=WHO, zone=zone, entry=None if entry is None else on(entry))


def ask(predicate: Truth, *facts: Fact, day: float = 0, zone: str = "UTC", entry: float | None = None) -> Verdict:
    """Return the verdict of a day."""
    return predicate.verdict(see(*facts, day=day, zone=zone, entry=entry))


def holds(predicate: Truth, *facts: Fact, day: float = 0, zone: str = "UTC", entry: float | None = None) -> bool:
    """Return the truth of a day."""
    return ask(predicate, *facts, day=day, zone=zone, entry=entry).holds
