"""The instants at which anything about a customer could change, and many more."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import attrs

from retention_engine import predicates as p
from retention_engine.arbitration import BestHour, CalendarCap, Policy, QuietHours
from retention_engine.facts import (
    AttributeChanged,
    ConsentGiven,
    Fact,
    FrequencyChosen,
    OrderPlaced,
    Paused,
    Registered,
)
from retention_engine.rules import Before, Every, RuleSet, Schedule
from retention_engine.timing import (
    SECOND,
    ClockWindow,
    Span,
    at_local,
    is_zone,
    local_date,
    next_hour,
    start_of_day,
    to_instant,
    zone,
)

CALENDAR = (p.Yearly, p.Dates, p.Local, p.CalendarDays)


def inside(value: object, kind: Any) -> Iterator[Any]:
    """Yield every value of a kind, or of one of several kinds, within nested attrs values and tuples."""
    if isinstance(value, kind):
        yield value
    if isinstance(value, tuple):
        for part in value:
            yield from inside(part, kind)
    cls: Any = type(value)
    if attrs.has(cls):
        for each in attrs.fields_dict(cls):
            yield from inside(getattr(value, each), kind)


def asks(value: object, kind: Any) -> bool:
    """Tell whether there is a value of a kind inside."""
    return next((True for _ in inside(value, kind)), False)


def moments(rules: RuleSet, facts: Iterable[Fact], start: int, to: int, *, shop_zone: str) -> set[int]:
    """Return instants from ``start`` to ``to``, each with its neighbours 1 µs away.

    They are: whatever a fact dates, every span of the rules after and before that, and, where a rule asks for the
    calendar, the local midnights, full hours and times of day of every zone that occurs.
    """
    known = list(facts)
    found = _around(known, spans(rules.rules))
    if asks(rules.rules, (*CALENDAR, Before, Every)):
        for where in map(zone, sorted({shop_zone, *_zones(known)})):
            found.update(_calendar(rules, where, start, to))
    near = {at + step for at in found for step in (-1, 0, 1)}
    return {at for at in near if start <= at <= to}


def policy_moments(
    policies: Sequence[Policy], facts: Iterable[Fact], start: int, to: int, *, shop_zone: str
) -> set[int]:
    """Return instants at which a message that is held could come free: spans of the policies, and their calendar.

    The calendar is in every zone that occurs: full hours, clock changes, midnights, and the times of quiet hours.
    """
    known = list(facts)
    found = _around(known, spans(tuple(policies)) | {each.seconds * SECOND for each in inside_facts(known)})
    found = {at + step for at in found for step in (-1, 0, 1)}
    if asks(tuple(policies), (*CALENDAR, QuietHours, CalendarCap, BestHour)):
        times = {time for each in inside(tuple(policies), ClockWindow) for time in (each.start, each.end)}
        for where in map(zone, sorted({shop_zone, *_zones(known)})):
            found.update(_hours(where, start, to))
            for day in _days(where, start, to):
                found.add(start_of_day(day, where))
                found.update(at_local(day, time // 60, time % 60, where) for time in times)
    return {at for at in found if start <= at <= to}


def spans(value: object) -> set[int]:
    """Return the length of every span inside a value, microseconds."""
    return {span.micros for span in inside(value, Span)}


def inside_facts(facts: Iterable[Fact]) -> Iterator[FrequencyChosen]:
    """Yield the choices of how often."""
    return (fact for fact in facts if isinstance(fact, FrequencyChosen))


def _around(facts: list[Fact], lengths: set[int]) -> set[int]:
    dated = {instant for fact in facts for instant in dates(fact)}
    return dated | {at + sign * span for at in dated for span in lengths for sign in (1, -1)}


def dates(fact: Fact) -> Iterator[int]:
    """Yield every instant that a fact tells."""
    yield from (fact.at, fact.effective)
    if isinstance(fact, OrderPlaced):
        yield fact.order.at
    if isinstance(fact, Registered):
        yield fact.profile.registered
    if isinstance(fact, ConsentGiven) and fact.expires is not None:
        yield fact.expires
    if isinstance(fact, Paused) and fact.until is not None:
        yield fact.until
    if isinstance(fact, AttributeChanged) and fact.is_instant and fact.value is not None:
        yield to_instant(fact.value)  # type: ignore[arg-type]  # an instant, as the fact has checked


def _zones(facts: list[Fact]) -> Iterator[str]:
    for fact in facts:
        registered = fact.profile.zone if isinstance(fact, Registered) else None
        changed = fact.value if isinstance(fact, AttributeChanged) and fact.name == "zone" else None
        yield from (str(name) for name in (registered, changed) if is_zone(name))


def _calendar(rules: RuleSet, where: ZoneInfo, start: int, to: int) -> Iterator[int]:
    times = {each.at for each in inside(rules.rules, (Before, Schedule))}
    for day in _days(where, start, to):
        yield start_of_day(day, where)
        yield from (on_clock(day, at, where) for at in times)
    if any(each.unit == "hour" for each in inside(rules.rules, p.Local)):
        yield from _hours(where, start, to)


def _days(where: ZoneInfo, start: int, to: int) -> Iterator[date]:
    return map(date.fromordinal, range(local_date(start, where).toordinal() - 1, local_date(to, where).toordinal() + 2))


@lru_cache(maxsize=256)
def _hours(where: ZoneInfo, start: int, to: int) -> tuple[int, ...]:
    found = [start]
    while found[-1] < to:
        found.append(next_hour(found[-1], where))
    return tuple(found)


def on_clock(day: date, at: str, where: ZoneInfo) -> int:
    """Return the instant of a local time ``HH:MM`` on a local date."""
    return at_local(day, int(at[:2]), int(at[3:]), where)
