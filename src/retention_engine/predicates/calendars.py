"""Questions about the customer's own calendar: yearly dates, periods, weekday and hour."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from zoneinfo import ZoneInfo

from attrs import field, frozen

from retention_engine.errors import DefinitionError, shown
from retention_engine.predicates.attributes import Attribute
from retention_engine.predicates.base import Node, Truth, Verdict
from retention_engine.predicates.compare import Constant, Quantity, Reading
from retention_engine.state import Moment
from retention_engine.timing import (
    LocalDays,
    anniversary,
    local_date,
    local_hour,
    next_day,
    next_hour,
    start_of_day,
)
from retention_engine.view import View

LEAPS = ("feb28", "mar1")
_TODAY, _ONE_DAY = LocalDays(0), LocalDays(1)
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@frozen(cache_hash=True, repr=False)
class MonthDay(Node):
    """A day of every year; a node, so that it can be compared with the attribute that may stand in its place."""

    month: int
    day: int

    def __attrs_post_init__(self) -> None:
        """Check that the day exists, 29 February included."""
        try:
            found = date(2000, self.month, self.day)
            if (type(self.month), type(self.day)) != (int, int):
                raise TypeError(found)
        except (ValueError, TypeError):
            raise DefinitionError(
                f"no such day of the year: month {shown(self.month)}, day {shown(self.day)}"
            ) from None

    def write(self, *, python: bool) -> str:
        """Write the call."""
        return f"month_day({self.month}, {self.day})"


def month_day(month: int, day: int) -> MonthDay:
    """Return a day of every year, such as ``month_day(3, 8)``."""
    return MonthDay(month, day)


@frozen(cache_hash=True, repr=False)
class Yearly(Truth):
    """True on local dates from ``before`` days ahead of the yearly date on, for ``lasting`` days.

    Attributes:
        anchor: an attribute that holds a date (``YYYY-MM-DD``, ``--MM-DD``) or an instant, or a ``MonthDay``.
        leap: where 29 February falls in other years: ``feb28`` or ``mar1``.
    """

    anchor: Attribute | MonthDay
    before: LocalDays
    lasting: LocalDays
    leap: str = "feb28"

    def __attrs_post_init__(self) -> None:
        """Check the parts."""
        if not isinstance(self.anchor, Attribute | MonthDay):
            raise DefinitionError(f"yearly() takes an attribute or month_day(m, d), not {shown(self.anchor)}")
        for name, value in (("before", self.before), ("lasting", self.lasting)):
            if not isinstance(value, LocalDays):
                raise DefinitionError(f"yearly() takes {name}=local_days(n), not {shown(value)}")
        if not 1 <= self.lasting.count <= 365:
            raise DefinitionError(f"yearly() lasts local_days(1) to local_days(365), not {self.lasting!r}")
        if self.leap not in LEAPS:
            raise DefinitionError(f"leap is one of {', '.join(LEAPS)}, not {shown(self.leap)}")

    def reads(self) -> frozenset[str]:
        """Return the attribute and the zone."""
        return frozenset({"customer.zone"}) | (self.anchor.reads() if isinstance(self.anchor, Attribute) else set())

    def verdict(self, view: View) -> Verdict:
        """Turn at the local start of the day that opens or closes the window."""
        anchor = anchor_of(self.anchor, view)
        if anchor is None:
            return Verdict(holds=False, until=None)
        today = local_date(view.now, view.where)
        return _periods(view, _yearly_periods(self, anchor, today.year))

    def write(self, *, python: bool) -> str:
        """Write the call; the default leap rule is left out."""
        leap = "" if self.leap == "feb28" else f", leap={self.leap!r}"
        return f"yearly({self.anchor!r}, before={self.before!r}, lasting={self.lasting!r}{leap})"


def yearly(
    anchor: Attribute | MonthDay,
    *,
    before: LocalDays = _TODAY,
    lasting: LocalDays = _ONE_DAY,
    leap: str = "feb28",
) -> Truth:
    """Hold every year from ``before`` local days ahead of a date on, for ``lasting`` local days."""
    return Yearly(anchor, before, lasting, leap)


def anchor_of(anchor: Attribute | MonthDay, view: View) -> MonthDay | None:
    """Return the month and day of an anchor for a customer, None when they have no such date."""
    if isinstance(anchor, MonthDay):
        return anchor
    value = view.history.value(anchor.name)
    if isinstance(value, Moment):
        day = local_date(value, view.where)
        return MonthDay(day.month, day.day)
    return parse_day(value)


def parse_day(value: object) -> MonthDay | None:
    """Return the month and day of ``YYYY-MM-DD`` or ``--MM-DD``, None for anything else."""
    if not isinstance(value, str) or len(value) > 10:
        return None
    whole = f"2000{value[1:]}" if value.startswith("--") else value
    try:
        day = date.fromisoformat(whole)
    except ValueError:
        return None
    return MonthDay(day.month, day.day) if day.isoformat() == whole else None  # not a week date such as 2024-W01-1


def _yearly_periods(node: Yearly, anchor: MonthDay, year: int) -> Iterator[tuple[date, date]]:
    for each in range(max(2, year - 2), min(year + 10, 9998)):
        first = anniversary(anchor.month, anchor.day, each, node.leap).toordinal() - node.before.count
        yield date.fromordinal(first), date.fromordinal(first + node.lasting.count)


def _periods(view: View, periods: Iterator[tuple[date, date]]) -> Verdict:
    """Answer for periods of local dates [first, end), joined where they touch."""
    holds, until = False, None
    for first, end in periods:
        opens, closes = start_of_day(first, view.where), start_of_day(end, view.where)
        if opens <= view.now:
            if view.now < closes:
                holds, until = True, closes
        elif not holds:
            return Verdict(holds=False, until=opens)
        elif until is not None and opens > until:
            return Verdict(holds=True, until=until)
        else:
            until = closes
    return Verdict(holds, until)


@frozen(cache_hash=True, repr=False)
class Dates(Truth):
    """True on the local dates from ``first`` to ``last``, both inclusive."""

    first: date = field()
    last: date = field()

    @last.validator
    def _ordered(self, _: object, value: date) -> None:
        if value < self.first:
            raise DefinitionError(f"dates() takes the earlier date first, not {self.first} and {value}")

    def reads(self) -> frozenset[str]:
        """Return the zone."""
        return frozenset({"customer.zone"})

    def verdict(self, view: View) -> Verdict:
        """Turn at the local start of the first day, and of the day after the last."""
        return _periods(view, iter([(self.first, date.fromordinal(self.last.toordinal() + 1))]))

    def write(self, *, python: bool) -> str:
        """Write the call."""
        return f"dates({self.first.isoformat()!r}, {self.last.isoformat()!r})"


def dates(first: str | date, last: str | date) -> Truth:
    """Hold on the customer's local dates from ``first`` to ``last``, both inclusive (``YYYY-MM-DD``)."""
    return Dates(_date(first), _date(last))


def _date(value: str | date) -> date:
    try:
        found = date.fromisoformat(value) if isinstance(value, str) else date(value.year, value.month, value.day)
    except (ValueError, AttributeError, TypeError):
        raise DefinitionError(f"a date is written YYYY-MM-DD, not {shown(value)}") from None
    if not 1900 <= found.year <= 2900:
        raise DefinitionError(f"a date lies between 1900 and 2900, not {shown(value)}")
    return found


@frozen(eq=False, repr=False)
class Local(Quantity):
    """The customer's clock: ``hour`` (0 to 23) or ``weekday`` (mon to sun)."""

    unit: str

    def sort(self) -> str:
        """Return number for the hour, text for the weekday."""
        return "number" if self.unit == "hour" else "text"

    def reads(self) -> frozenset[str]:
        """Return the zone."""
        return frozenset({"customer.zone"})

    def read(self, view: View, constant: Constant) -> Reading:
        """Return the clock as a function of time."""
        return LocalReading(self.unit, view.where)

    def domain(self) -> tuple[int | str, ...]:
        """Return every value the clock can show."""
        return tuple(range(24)) if self.unit == "hour" else WEEKDAYS

    def write(self, *, python: bool) -> str:
        """Write the property."""
        return f"local.{self.unit}"


class LocalReading:
    """Hour or weekday in a zone."""

    def __init__(self, unit: str, where: ZoneInfo) -> None:
        """Keep the unit and the zone."""
        self._unit = unit
        self._where = where

    def value(self, at: int) -> int | str:
        """Return the hour, or the name of the weekday."""
        if self._unit == "hour":
            return local_hour(at, self._where)
        return WEEKDAYS[local_date(at, self._where).weekday()]

    def turns(self, after: int) -> int | None:
        """Return the next full hour, clock change or local midnight."""
        return next_hour(after, self._where) if self._unit == "hour" else next_day(after, self._where)


class _Clock:
    """``local.hour`` and ``local.weekday``: the customer's clock."""

    hour = Local("hour")
    weekday = Local("weekday")


local = _Clock()
