"""What is due at an instant, and what names an edge: read off the triggers and predicates, part by part."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from attrs import evolve

from retention_engine import predicates as p
from retention_engine.rules import After, Ahead, Before, Edge, Every, Schedule, Trigger
from retention_engine.state import Moment
from retention_engine.testing.brute_force.moments import CALENDAR, asks, inside, on_clock
from retention_engine.timing import anniversary, local_date
from retention_engine.view import View


def holds(predicate: p.Truth, view: View, entry: int | None = None) -> bool:
    """Return the truth at ``view.now``, within a journey entered at ``entry``."""
    return predicate.verdict(evolve(view, entry=entry)).holds


def dues(trigger: Trigger, view: View) -> list[tuple[str, int]]:
    """Return (key, due), the earliest first: of a record from then on for ever, of the calendar at its instant only."""
    return sorted(_dues(trigger, view), key=lambda found: found[1])


def _dues(trigger: Trigger, view: View) -> Iterator[tuple[str, int]]:
    match trigger:
        case After():
            records = (member.record for member in trigger.records.members(view))
            found = ((record.id, record.at + trigger.delay.micros) for record in records)
            yield from ((key, due) for key, due in found if due <= view.now)
        case Ahead():
            held = view.history.attributes.get(trigger.moment.name)
            if held is not None and isinstance(held.value, Moment) and held.value - trigger.lead.micros == view.now:
                yield held.fact, view.now
        case Every():
            today = local_date(view.now, view.where).toordinal()
            for day in map(date.fromordinal, range(today - 2, today + 2)):
                if trigger.schedule.falls_on(day) and on_clock(day, trigger.schedule.at, view.where) == view.now:
                    yield day.isoformat(), view.now
        case Before():
            yield from _yearly(trigger, view)


def _yearly(trigger: Before, view: View) -> Iterator[tuple[str, int]]:
    anchor = p.anchor_of(trigger.anchor, view)
    if anchor is None:
        return
    this_year = local_date(view.now, view.where).year
    for year in range(this_year - 1, this_year + 3):
        day = anniversary(anchor.month, anchor.day, year, trigger.leap)
        ahead = date.fromordinal(day.toordinal() - trigger.lead.count)
        if on_clock(ahead, trigger.at, view.where) == view.now:
            yield str(year), view.now


def stands(trigger: Trigger, key: str, view: View) -> bool:
    """Tell whether what made an occasion is still there."""
    if isinstance(trigger, Edge):
        return holds(trigger.predicate, view) == trigger.entering
    return not isinstance(trigger, After) or any(each.record.id == key for each in trigger.records.members(view))


def first_of(schedule: Schedule, view: View) -> int:
    """Return the first instant of a schedule from now on."""
    today = local_date(view.now, view.where).toordinal()
    days = (date.fromordinal(number) for number in range(today - 3, today + 70))
    found = (on_clock(day, schedule.at, view.where) for day in days if schedule.falls_on(day))
    return min(at for at in found if at >= view.now)


def key_of(predicate: p.Truth, view: View) -> str:
    """Return the newest thing that a predicate asks about, whatever its windows; with the local date if it asks that.

    Messages of our own count only when it asks about nothing else.
    """
    names = [name for name, _ in _collections(predicate)]
    attributes = list(inside(predicate, p.Attribute))
    only_messages = not attributes and all(name == "messages" for name in names)
    found = [(0, "", "customer")]
    for name, tests in _collections(predicate):
        if only_messages or name != "messages":
            rows = [row for row in view.history.records(name) if all(test.passes(row) for test in tests)]
            found += [(row.at, row.id, f"{name}:{row.id}") for row in rows]
    for attribute in attributes:
        held = view.history.attributes.get(attribute.name)
        found += [] if held is None else [(held.at, held.fact, f"{attribute.name}:{held.fact}")]
    newest = max(found)[2]
    if not asks(predicate, CALENDAR):
        return newest
    return f"{newest}@{local_date(view.now, view.where).isoformat()}"


def _collections(predicate: p.Truth) -> Iterator[tuple[str, list[p.Where]]]:
    """Yield (name, conditions) of every collection asked about; conditions on gaps are none on its records."""
    for aggregate in inside(predicate, p.Aggregate):
        node, tests = aggregate.records, []
        while not isinstance(node, p.Records):
            tests += [node] if isinstance(node, p.Where) else []
            tests = [] if isinstance(node, p.Gaps) else tests
            node = node.inner
        yield node.name, tests
