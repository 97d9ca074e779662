"""The laws of predicates and folds bite: each planted fault is caught by the laws as they are shipped."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from retention_engine.predicates import All, AnyOf, AtLeast, Compare, Not, Verdict, Where, Window, aggregates, base, calendars, compare
from retention_engine.state import History, history, orders
from retention_engine.testing import Case, cases, check_laws, order_independent
from retention_engine.timing import DAY, HOUR, local, start_of_day

Patch = pytest.MonkeyPatch
searching = settings(
    max_examples=400,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@searching
@given(cases())
def search(case: Case) -> None:
    """Run every shipped law over many cases, always the same ones."""
    check_laws(case.predicate, case.facts, at=case.at, zone=case.zone, entry=case.entry)
    order_independent(case.facts)


def later(verdict: Verdict, by: int) -> Verdict:
    """Return the verdict with a horizon that is late."""
    return Verdict(verdict.holds, None if verdict.until is None else verdict.until + by)


def changed(cls: type[Any], name: str, change: Callable[[Any, Any], Any]) -> Callable[[Patch], None]:
    """Return the fault that passes the result of a method through ``change(self, result)``."""
    method = getattr(cls, name)
    return lambda patch: patch.setattr(cls, name, lambda self, *given: change(self, method(self, *given)))


def replaced(owner: Any, name: str, new: Any) -> Callable[[Patch], None]:
    """Return the fault that puts something else in the place of a function."""
    return lambda patch: patch.setattr(owner, name, new)


def earliest_for_latest(self: Any, verdicts: list[Verdict]) -> Verdict:
    raise NotImplementedError


def mixed_up(needed: int, verdicts: list[Verdict]) -> Verdict:
    """Combine with the latest horizon where the earliest is due, and the other way round."""
    holds = sum(verdict.holds for verdict in verdicts) >= needed
    horizons = [verdict.until for verdict in verdicts if verdict.holds == holds and verdict.until is not None]
    pick = max if holds == (needed == len(verdicts)) else min
    return Verdict(holds, pick(horizons, default=None))


def hop_too_far(self: Compare, view: Any) -> Verdict:
    """Answer with the change after the next one."""
    first = sound_compare(self, view)
    if first.until is None:
        return first
    then = sound_compare(self, type(view)(view.history, first.until, view.where, view.entry))
    return Verdict(first.holds, then.until)


sound_compare = Compare.verdict


def strictly_after(self: Any, at: int) -> Any:
    """Fold the members as if they came one microsecond late."""
    inside = (self._get(each.record) for each in self._members if each.start < at < each.end)
    return self._fold([value for value in inside if value is not None])


def one_early(self: Any, after: int) -> int | None:
    """Leave out the instant one microsecond after the bound."""
    found = sound_turns(self, after)
    return found


sound_turns = aggregates._AgeReading.turns


def second_midnight(day: Any, hour: int, minute: int, where: Any) -> int:
    """Take the second occurrence of a repeated wall time."""
    from datetime import datetime

    return local.to_instant(datetime(day.year, day.month, day.day, hour, minute, tzinfo=where, fold=1))


def careless_hour(instant: int, where: Any) -> int:
    """Take the next full hour, whatever the clock does before it."""
    wall = local.to_utc(instant).astimezone(where)
    return instant - ((wall.minute * 60 + wall.second) * 1_000_000 + wall.microsecond) + HOUR


def unescaped(op: str, constant: Any) -> str:
    """Write a text between quotes as it is."""
    return f" {op} '{constant}'" if isinstance(constant, str) and op in ("==", "!=") else sound_text(op, constant)


sound_text = compare.write_comparison


def counted_twice(self: History, collection: str, record: Any) -> None:
    """Add a record without looking whether it is known."""
    rows = self.lists.setdefault(collection, [])
    rows.insert(self._place(rows, record), record)


def last_to_arrive(self: History, name: str, value: Any, at: int, fact: str) -> None:
    """Let the fact that arrives last win."""
    self.attributes[name] = history.Held(value, at, fact)


def by_time_alone(patch: Patch) -> None:
    """Sort records of one instant as they arrive."""
    from bisect import bisect_left, bisect_right

    def put(self: History, collection: str, record: Any) -> None:
        old = self._index.get((collection, record.id))
        if old == record:
            return
        rows = self.lists.setdefault(collection, [])
        if old is not None:
            rows.remove(old)
        rows.insert(bisect_right(rows, record.at, key=attrgetter("at")), record)
        self._index[collection, record.id] = record

    def drop(self: History, collection: str, record_id: str) -> None:
        old = self._index.pop((collection, record_id), None)
        if old is not None:
            self.lists[collection].remove(old)
            if not self.lists[collection]:
                del self.lists[collection]

    patch.setattr(History, "put", put)
    patch.setattr(History, "drop", drop)


FAULTS: dict[str, Callable[[Patch], None]] = {
    "and: a microsecond late": changed(All, "verdict", lambda self, verdict: later(verdict, 1)),
    "and: a day late": changed(All, "verdict", lambda self, verdict: later(verdict, DAY)),
    "or: a microsecond late": changed(AnyOf, "verdict", lambda self, verdict: later(verdict, 1)),
    "or: a day late": changed(AnyOf, "verdict", lambda self, verdict: later(verdict, DAY)),
    "at_least: a microsecond late": changed(AtLeast, "verdict", lambda self, verdict: later(verdict, 1)),
    "and, or: earliest for latest": replaced(base, "_enough", mixed_up),
    "window: a microsecond late": changed(aggregates.Timeline, "turns", lambda self, at: None if at is None else at + 1),
    "window: a day late": changed(aggregates.Timeline, "turns", lambda self, at: None if at is None else at + DAY),
    "window: forgotten": changed(aggregates.Timeline, "turns", lambda self, at: None),
    "age: forgotten": changed(aggregates._AgeReading, "turns", lambda self, at: None),
    "clock: forgotten": changed(calendars.LocalReading, "turns", lambda self, at: None),
    "calendar: forgotten": changed(calendars.Yearly, "verdict", lambda self, verdict: Verdict(verdict.holds, None)),
    "calendar: an hour late": changed(calendars.Yearly, "verdict", lambda self, verdict: later(verdict, HOUR)),
    "dates: a microsecond late": changed(calendars.Dates, "verdict", lambda self, verdict: later(verdict, 1)),
    "> for >= at the edge of a record": replaced(aggregates.Timeline, "value", strictly_after),
    "comparison hops too far": replaced(Compare, "verdict", hop_too_far),
    "negation: forgets its horizon": changed(Not, "verdict", lambda self, verdict: Verdict(verdict.holds, None)),
    "negation: a microsecond early": changed(Not, "verdict", lambda self, verdict: later(verdict, -1)),
    "fold: second midnight": replaced(local, "at_local", second_midnight),
    "clock change: careless hour": replaced(calendars, "next_hour", careless_hour),
    "text: quotes not escaped": replaced(compare, "write_comparison", unescaped),
    "fact counted twice": replaced(History, "put", counted_twice),
    "last to arrive wins": replaced(History, "hold", last_to_arrive),
    "last of two by time alone": by_time_alone,
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_a_planted_fault_is_caught(fault: Callable[[Patch], None], monkeypatch: Patch) -> None:
    """The laws fail while the fault is there."""
    fault(monkeypatch)
    with pytest.raises(AssertionError):
        search()


def test_sound_code_passes_the_same_search() -> None:
    """Without a fault the same cases pass."""
    search()
