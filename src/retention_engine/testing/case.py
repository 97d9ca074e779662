"""A predicate and a customer to ask it of: what every law of a predicate is about."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import NoReturn

from attrs import evolve, field, frozen

from retention_engine.facts import Fact
from retention_engine.predicates import Node, Truth, Verdict
from retention_engine.state import History, fold
from retention_engine.timing import LATEST, to_instant, to_text
from retention_engine.view import View, zone_of


def view_at(
    facts: Iterable[Fact],
    at: datetime | int | str,
    *,
    customer: str | None = None,
    zone: str = "UTC",
    entry: int | None = None,
    wanted: frozenset[str] | None = None,
) -> View:
    """Return what a predicate is shown at an instant: the facts that have taken effect by then, and no later one.

    Args:
        facts: of one customer, in any order.
        at: the instant asked about.
        customer: their id; None: the customer of the first fact, ``customer-7`` when there is none.
        zone: the shop's, for customers whose own is unknown.
        entry: when the journey in question was entered, None outside of one.
        wanted: the collections to keep, None for all.
    """
    instant, known = to_instant(at), list(facts)
    names = (fact.customer for fact in known if fact.customer is not None)
    history = History(customer or next(names, "customer-7"), wanted)
    fold(history, (fact for fact in known if fact.effective <= instant))
    return View(history, instant, zone_of(history, zone), entry)


def nodes(node: Node) -> Iterator[Node]:
    """Yield a node and everything inside of it."""
    yield node
    for part in node.parts():
        yield from nodes(part)


def walk(
    predicate: Truth, see: Callable[[int], View], at: datetime | int | str, *, to: int = LATEST
) -> Iterator[tuple[int, Verdict]]:
    """Yield (instant, verdict) at ``at`` and then at each horizon, until there is none or it lies after ``to``.

    Args:
        predicate: anything that answers ``verdict(view)``.
        see: returns the view of an instant; the history in it may stay the same.
        at: where to start.
        to: where to stop, microseconds UTC.

    Raises:
        AssertionError: a horizon does not lie after the instant it belongs to.
    """
    now = to_instant(at)
    while now <= to:
        verdict = predicate.verdict(see(now))
        yield now, verdict
        if verdict.until is None:
            return
        if verdict.until <= now:
            raise AssertionError(f"at {to_text(now)} the horizon of {predicate} is {to_text(verdict.until)}, not later")
        now = verdict.until


@frozen
class Case:
    """A predicate and a customer to ask it of.

    Attributes:
        predicate: the question.
        facts: what happened to the customer, in any order.
        at: the instant asked about, microseconds UTC.
        zone: the shop's zone.
        entry: when the journey in question was entered, None outside of one.
    """

    predicate: Truth
    facts: list[Fact]
    at: int = field(converter=to_instant, repr=lambda at: f"{at} or {to_text(at)!r}")
    zone: str = "UTC"
    entry: int | None = None

    def view(self, *, wanted: frozenset[str] | None = None) -> View:
        """Return what the predicate is shown at ``at``."""
        return view_at(self.facts, self.at, zone=self.zone, entry=self.entry, wanted=wanted)

    def moments(self, predicate: Truth, limit: int) -> list[View]:
        """Return the views at ``at`` and at the first horizons of a predicate, at most ``limit``, without new facts."""
        view = self.view()
        steps = walk(predicate, lambda now: evolve(view, now=now), self.at)
        return [evolve(view, now=now) for (now, _), _ in zip(steps, range(limit), strict=False)]

    def fail(self, message: str, at: int | None = None) -> NoReturn:
        """Raise AssertionError with the message, the predicate, the instant (ISO 8601) and the facts.

        Raises:
            AssertionError: always.
        """
        instant = self.at if at is None else at
        lines = [
            message,
            f"predicate: {self.predicate}",
            f"instant: {to_text(instant)} ({instant})",
            f"zone: {self.zone}, entry: {None if self.entry is None else to_text(self.entry)}",
            f"facts known since {to_text(self.at)}:" if self.facts else "no facts",
            *(f"  {fact!r}" for fact in self.facts if fact.effective <= self.at),
        ]
        raise AssertionError("\n".join(lines))
