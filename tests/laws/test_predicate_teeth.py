"""The laws of predicates and of the fold bite: each planted fault is caught by the laws as they are shipped."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from datetime import datetime
from operator import attrgetter
from typing import Any

import pytest
from attrs import evolve
from hypothesis import HealthCheck, Phase, given, seed, settings

from retention_engine.predicates import (
    All,
    AnyOf,
    AtLeast,
    Compare,
    Dates,
    Not,
    Records,
    Verdict,
    Window,
    Yearly,
    aggregates,
    base,
    calendars,
    compare,
    records,
)
from retention_engine.state import History, history
from retention_engine.state import orders as order_fold
from retention_engine.testing import Case, cases, check_laws, order_independent
from retention_engine.timing import DAY, HOUR, local, to_instant, to_utc

Patch = pytest.MonkeyPatch
Fault = Callable[[Patch], None]


def search(zone: str | None = None, rounds: int = 60) -> None:
    """Run every shipped law over many cases, always the same ones, near the clock changes of a zone or of any.

    In rounds of ten: after those Hypothesis varies what it has drawn before rather than draw anew.
    """

    @settings(
        max_examples=10,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(cases(zone=zone))
    def laws_hold(case: Case) -> None:
        check_laws(case.predicate, case.facts, at=case.at, zone=case.zone, entry=case.entry)
        order_independent(case.facts)

    for number in range(rounds):
        seed(number)(laws_hold)()


def changed(cls: type[Any], name: str, change: Callable[[Any], Any]) -> Fault:
    """Return the fault that changes what a method returns."""
    sound = getattr(cls, name)
    return lambda patch: patch.setattr(cls, name, lambda self, *given: change(sound(self, *given)))


def replaced(owner: Any, name: str, wrong: Any) -> Fault:
    """Return the fault that puts something else in the place of a function."""
    return lambda patch: patch.setattr(owner, name, wrong)


def late(by: int) -> Callable[[Verdict], Verdict]:
    """Return what moves a horizon by microseconds."""
    return lambda verdict: evolve(verdict, until=None if verdict.until is None else verdict.until + by)


def forgotten(verdict: Verdict) -> Verdict:
    """Return the verdict without its horizon."""
    return evolve(verdict, until=None)


def mixed_up(needed: int, verdicts: list[Verdict]) -> Verdict:
    """Take the latest horizon where the earliest is due, and the other way round."""
    holds = sum(verdict.holds for verdict in verdicts) >= needed
    horizons = [verdict.until for verdict in verdicts if verdict.holds == holds and verdict.until is not None]
    pick = max if holds == (needed == len(verdicts)) else min
    return Verdict(holds, pick(horizons, default=None))


def hop_too_far(self: Compare, view: Any, sound: Any = Compare.verdict) -> Verdict:
    """Answer with the change after the next one."""
    first = sound(self, view)
    return first if first.until is None else evolve(first, until=sound(self, evolve(view, now=first.until)).until)


def strictly_after(self: Any, at: int) -> Any:
    """Fold the members as if each came one microsecond late."""
    inside = [self._get(each.record) for each in self._members if each.start < at < each.end]
    return self._fold([value for value in inside if value is not None])


def greater_or_equal(op: str, value: Any, constant: Any, sound: Any = compare.test) -> bool:
    """Take ``>=`` for ``>``: an age passes its bound a microsecond early."""
    return sound(">=" if op == ">" else op, value, constant)


def wide_window(self: Window, view: Any, sound: Any = Window.members) -> Any:
    """Let a window keep its records one microsecond longer."""
    found = sound(self, view)
    return [evolve(each, end=each.end + 1) for each in found] if self.side == "within" else found


def second_midnight(day: Any, hour: int, minute: int, where: Any) -> int:
    """Take the second occurrence of a wall time that comes twice."""
    return to_instant(datetime(day.year, day.month, day.day, hour, minute, tzinfo=where, fold=1))


def careless_hour(instant: int, where: Any) -> int:
    """Take the next full hour, whatever the clock does before it."""
    wall = to_utc(instant).astimezone(where)
    return instant - ((wall.minute * 60 + wall.second) * 1_000_000 + wall.microsecond) + HOUR


def unescaped(patch: Patch) -> None:
    """Write texts between quotes as they are."""
    sound = compare.write_comparison

    def write(op: str, constant: Any) -> str:
        said = sound(op, constant)
        return said.replace(repr(constant), f"'{constant}'") if isinstance(constant, str) and constant else said

    patch.setattr(compare, "write_comparison", write)
    patch.setattr(records, "write_op", write)


def counted_twice(self: History, collection: str, record: Any) -> None:
    """Add a record without looking whether it is known."""
    rows = self.lists.setdefault(collection, [])
    rows.insert(self._place(rows, record), record)


def last_to_arrive(self: History, name: str, value: Any, at: int, fact: str) -> None:
    """Let the fact that arrives last win."""
    self.attributes[name] = history.Held(value, at, fact)


def first_refund_only(self: Any, fact: Any, sound: Any = order_fold.OrderDraft.see) -> None:
    """Pass over every refund but the first to arrive."""
    if fact.KIND != "order_refunded" or not self.refunds:
        sound(self, fact)


def by_time_alone(patch: Patch) -> None:
    """Keep records of one instant in the order in which they arrive."""

    def put(self: History, collection: str, record: Any) -> None:
        if self._index.get((collection, record.id)) != record:
            self.drop(collection, record.id)
            rows = self.lists.setdefault(collection, [])
            rows.insert(bisect_right(rows, record.at, key=attrgetter("at")), record)
            self._index[collection, record.id] = record

    patch.setattr(History, "put", put)
    patch.setattr(History, "_place", staticmethod(lambda rows, record: rows.index(record)))


FAULTS: dict[str, Fault] = {
    "and: a microsecond late": changed(All, "verdict", late(1)),
    "and: a day late": changed(All, "verdict", late(DAY)),
    "or: a microsecond late": changed(AnyOf, "verdict", late(1)),
    "or: a day late": changed(AnyOf, "verdict", late(DAY)),
    "at_least: a microsecond late": changed(AtLeast, "verdict", late(1)),
    "and, or: the latest for the earliest horizon": replaced(base, "_enough", mixed_up),
    "window: leaves a microsecond late": changed(aggregates.Timeline, "turns", lambda at: at and at + 1),
    "window: leaves a day late": changed(aggregates.Timeline, "turns", lambda at: at and at + DAY),
    "window: horizon forgotten": changed(aggregates.Timeline, "turns", lambda at: None),
    "window: includes its older edge": replaced(Window, "members", wide_window),
    "age: horizon forgotten": changed(aggregates._AgeReading, "turns", lambda at: None),
    "age: > turns a microsecond early": replaced(compare, "test", greater_or_equal),
    "record: > for >= at its instant": replaced(aggregates.Timeline, "value", strictly_after),
    "clock: horizon forgotten": changed(calendars.LocalReading, "turns", lambda at: None),
    "calendar: horizon forgotten": changed(Yearly, "verdict", forgotten),
    "calendar: a boundary is an hour late": changed(Yearly, "verdict", late(HOUR)),
    "calendar: a date ends a microsecond late": changed(Dates, "verdict", late(1)),
    "comparison: hops one change too far": replaced(Compare, "verdict", hop_too_far),
    "not: changes the horizon": changed(Not, "verdict", late(-1)),
    "not: forgets the horizon": changed(Not, "verdict", forgotten),
    "text: quotes are not escaped": unescaped,
    "reads: a collection is forgotten": changed(Records, "reads", lambda names: frozenset()),
    "fold: a fact counts twice": replaced(History, "put", counted_twice),
    "fold: the last to arrive wins": replaced(History, "hold", last_to_arrive),
    "fold: only the first refund to arrive counts": replaced(order_fold.OrderDraft, "see", first_refund_only),
    "last: of two records at one instant by time alone": by_time_alone,
}

CLOCK_FAULTS: dict[str, tuple[str, Fault]] = {
    "midnight comes twice: the second is taken": ("America/Havana", replaced(local, "at_local", second_midnight)),
    "the clock goes back before the full hour": ("America/St_Johns", replaced(calendars, "next_hour", careless_hour)),
}


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_a_planted_fault_is_caught(fault: Fault, monkeypatch: Patch) -> None:
    """The laws fail while the fault is there."""
    fault(monkeypatch)
    with pytest.raises(AssertionError):
        search()


@pytest.mark.slow
@pytest.mark.parametrize(("zone", "fault"), CLOCK_FAULTS.values(), ids=CLOCK_FAULTS.keys())
def test_a_planted_fault_of_the_clock_is_caught(zone: str, fault: Fault, monkeypatch: Patch) -> None:
    """The laws fail near a clock change of the zone while the fault is there."""
    fault(monkeypatch)
    with pytest.raises(AssertionError):
        search(zone)


@pytest.mark.slow
@pytest.mark.parametrize("zone", [None, "America/Havana", "America/St_Johns"])
def test_sound_code_passes_the_same_search(zone: str | None) -> None:
    """Without a fault the same cases pass."""
    search(zone, rounds=6)
