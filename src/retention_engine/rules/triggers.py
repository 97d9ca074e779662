"""Triggers: what turns the state of a customer into occasions, each with a key that never changes."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from datetime import date
from itertools import takewhile
from operator import attrgetter
from typing import Any

from attrs import field, frozen

from retention_engine.errors import DefinitionError, shown
from retention_engine.predicates import Attribute, MonthDay, Records, Refinable, Truth, Where, yearly
from retention_engine.predicates import anchor_of as yearly_anchor
from retention_engine.rules.base import Occasion, Trigger
from retention_engine.rules.schedules import Schedule, check_time, instant_on
from retention_engine.state import Moment
from retention_engine.timing import LocalDays, Span, anniversary, local_date
from retention_engine.view import View

_at = attrgetter("at")


@frozen(cache_hash=True, repr=False)
class After(Trigger):
    """Due ``delay`` after each record of a collection; the record's id is the key."""

    records: Refinable
    delay: Span

    def __attrs_post_init__(self) -> None:
        """Check that the collection changes by facts alone."""
        inner: object = self.records
        while isinstance(inner, Where):
            inner = inner.inner
        if not isinstance(inner, Records):
            raise DefinitionError(f"after() and on() take a collection without windows, not {shown(str(self.records))}")
        if not isinstance(self.delay, Span):
            raise DefinitionError(f"after() takes a span such as days(28), not {shown(self.delay)}")

    def reads(self) -> frozenset[str]:
        """Return the collection."""
        return self.records.reads()

    def base(self) -> str:
        """Return the name of the collection it refines."""
        return next(iter(self.records.reads()))

    def next_due(self, view: View) -> int | None:
        """Return the due instant of the first record that is younger than the delay."""
        rows = self._rows(view)
        place = bisect_right(rows, view.now - self.delay.micros, key=_at)
        return int(rows[place].at) + self.delay.micros if place < len(rows) else None

    def due_now(self, view: View) -> list[Occasion]:
        """Return the records that are exactly as old as the delay."""
        wanted = view.now - self.delay.micros
        rows = self._rows(view)
        found = rows[bisect_left(rows, wanted, key=_at) : bisect_right(rows, wanted, key=_at)]
        return [Occasion(record.id, view.now) for record in found]

    def overdue(self, view: View, fresh: set[str]) -> list[Occasion]:
        """Return the occasions of records that only now became known and were due before now."""
        found = (record for record in self._rows(view) if record.id in fresh)
        dues = (Occasion(record.id, record.at + self.delay.micros) for record in found)
        return [occasion for occasion in dues if occasion.due < view.now]

    def stands(self, key: str, view: View) -> bool:
        """Tell whether the record is still in the collection."""
        return any(record.id == key for record in self._rows(view))

    def _rows(self, view: View) -> list[Any]:
        """Return the records, oldest first."""
        wheres: list[Where] = []
        inner = self.records
        while isinstance(inner, Where):
            wheres.append(inner)
            inner = inner.inner
        rows = view.history.records(self.base())
        return [row for row in rows if all(where.passes(row) for where in wheres)] if wheres else rows

    def write(self, *, python: bool) -> str:
        """Write the call; without a delay it is ``on``."""
        records = self.records.write(python=python)
        return f"after({records}, {self.delay!r})" if self.delay.micros else f"on({records})"


def after(records: Refinable, delay: Span) -> After:
    """Be due ``delay`` after each record; a record that goes (a cancelled order) before that is not due at all."""
    return After(records, delay)


def on(records: Refinable) -> After:
    """Be due at each record, as soon as it is known."""
    return After(records, Span(0))


@frozen(cache_hash=True, repr=False)
class Before(Trigger):
    """Due some local days ahead of a yearly date, at a local time; the year of that date is the key.

    Attributes:
        anchor: an attribute with a date or an instant, or a day of the year.
        lead: 0 to 366 local days; 0 is the day itself.
        at: local time of day, ``HH:MM``.
        leap: where 29 February falls in other years.
    """

    anchor: Attribute | MonthDay
    lead: LocalDays
    at: str = field(default="10:00", validator=check_time)
    leap: str = "feb28"

    def __attrs_post_init__(self) -> None:
        """Check the anchor and the lead by the rules of ``yearly``."""
        yearly(self.anchor, before=self.lead, leap=self.leap)

    def reads(self) -> frozenset[str]:
        """Return the attribute and the zone."""
        return frozenset({"customer.zone"}) | (
            self.anchor.reads() if isinstance(self.anchor, Attribute) else frozenset()
        )

    def _dues(self, view: View) -> list[Occasion]:
        anchor = yearly_anchor(self.anchor, view)
        if anchor is None:
            return []
        year = local_date(view.now, view.where).year
        found = []
        for each in range(max(2, year - 1), min(year + 4, 9998)):
            day = anniversary(anchor.month, anchor.day, each, self.leap)
            ahead = date.fromordinal(day.toordinal() - self.lead.count)
            found.append(Occasion(str(each), instant_on(ahead, self.at, view.where)))
        return found

    def next_due(self, view: View) -> int | None:
        """Return the first due instant after now."""
        return min((each.due for each in self._dues(view) if each.due > view.now), default=None)

    def due_now(self, view: View) -> list[Occasion]:
        """Return the year that is due now."""
        return [each for each in self._dues(view) if each.due == view.now]

    def write(self, *, python: bool) -> str:
        """Write the call; the default time and leap rule are left out."""
        more = ("" if self.at == "10:00" else f", at={self.at!r}") + (
            "" if self.leap == "feb28" else f", leap={self.leap!r}"
        )
        return f"before({self.anchor!r}, {self.lead!r}{more})"


@frozen(cache_hash=True, repr=False)
class Ahead(Trigger):
    """Due a span before the instant an attribute holds; the fact that set it is the key."""

    moment: Attribute
    lead: Span

    def __attrs_post_init__(self) -> None:
        """Check the attribute and the lead."""
        if not isinstance(self.moment, Attribute) or not isinstance(self.lead, Span):
            given = f"{shown(self.moment)} and {shown(self.lead)}"
            raise DefinitionError(f"an instant of the customer and a span are needed, not {given}")

    def reads(self) -> frozenset[str]:
        """Return the attribute."""
        return self.moment.reads()

    def _due(self, view: View) -> Occasion | None:
        held = view.history.attributes.get(self.moment.name)
        if held is None or not isinstance(held.value, Moment):
            return None
        return Occasion(held.fact, int(held.value) - self.lead.micros)

    def next_due(self, view: View) -> int | None:
        """Return the due instant when it lies ahead."""
        found = self._due(view)
        return found.due if found is not None and found.due > view.now else None

    def due_now(self, view: View) -> list[Occasion]:
        """Return the occasion when it is due now."""
        found = self._due(view)
        return [found] if found is not None and found.due == view.now else []

    def write(self, *, python: bool) -> str:
        """Write the call."""
        return f"before({self.moment!r}, {self.lead!r})"


def before(
    anchor: Attribute | MonthDay, lead: LocalDays | Span, *, at: str = "10:00", leap: str = "feb28"
) -> Before | Ahead:
    """Be due ahead of a yearly date (``local_days(7)``), or of the instant an attribute holds (``days(7)``)."""
    if isinstance(lead, Span) and isinstance(anchor, Attribute):
        if (at, leap) != ("10:00", "feb28"):
            raise DefinitionError(f"at and leap belong to a lead in local days, such as local_days(7), not to {lead!r}")
        return Ahead(anchor, lead)
    return Before(anchor, lead, at, leap)  # type: ignore[arg-type]  # Before says what is wrong with a span


@frozen(cache_hash=True, repr=False)
class Edge(Trigger):
    """Due at the instant a predicate turns true (``entering``) or false.

    The key is the newest record the predicate asks about, with the local date when it asks about the calendar: the
    lapse since order 812 is one occasion, however often corrections make the predicate turn.

    Attributes:
        include_current: whether those for whom it holds already when the rule is launched count as entering then.
    """

    predicate: Truth
    entering: bool
    include_current: bool = False

    def __attrs_post_init__(self) -> None:
        """Check the predicate."""
        if not isinstance(self.predicate, Truth):
            raise DefinitionError(f"a predicate is needed, not {shown(self.predicate)}")
        if "entry" in self.predicate.reads():
            raise DefinitionError(f"entry has no meaning in a trigger: {shown(str(self.predicate))}")
        if type(self.include_current) is not bool:
            raise DefinitionError(f"include_current is True or False, not {shown(self.include_current)}")

    def reads(self) -> frozenset[str]:
        """Return what the predicate reads."""
        return self.predicate.reads()

    def watched(self) -> Truth:
        """Return the predicate whose turning true is the occasion."""
        return self.predicate if self.entering else ~self.predicate

    def stands(self, key: str, view: View) -> bool:
        """Tell whether it still holds."""
        return self.watched().verdict(view).holds

    def write(self, *, python: bool) -> str:
        """Write the call."""
        more = ", include_current=True" if self.include_current else ""
        return f"{'entering' if self.entering else 'leaving'}({self.predicate.write(python=python)}{more})"


def entering(predicate: Truth, *, include_current: bool = False) -> Edge:
    """Be due at the instant a predicate turns true; by default only from the launch of the rule on."""
    return Edge(predicate, entering=True, include_current=include_current)


def leaving(predicate: Truth, *, include_current: bool = False) -> Edge:
    """Be due at the instant a predicate turns false; by default only from the launch of the rule on."""
    return Edge(predicate, entering=False, include_current=include_current)


@frozen(cache_hash=True, repr=False)
class Every(Trigger):
    """Due again and again on the customer's calendar; the local date is the key."""

    schedule: Schedule

    def __attrs_post_init__(self) -> None:
        """Check the schedule."""
        if not isinstance(self.schedule, Schedule):
            raise DefinitionError(f"every() takes daily(), weekly() or monthly(), not {shown(self.schedule)}")

    def reads(self) -> frozenset[str]:
        """Return the zone."""
        return frozenset({"customer.zone"})

    def next_due(self, view: View) -> int | None:
        """Return the next occurrence."""
        dues = (due for _, due in self.schedule.occurrences(view.now, view.where))
        return next((due for due in dues if due > view.now), None)

    def due_now(self, view: View) -> list[Occasion]:
        """Return today's date when it is due now."""
        found = takewhile(lambda each: each[1] == view.now, self.schedule.dues(view.now, view.where))
        return [Occasion(day.isoformat(), due) for day, due in found]

    def write(self, *, python: bool) -> str:
        """Write the call."""
        return f"every({self.schedule!r})"


def every(schedule: Schedule) -> Every:
    """Be due at each occurrence of a schedule."""
    return Every(schedule)
