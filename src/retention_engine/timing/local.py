"""Local time: the one place that knows zones, days and clock hours.

A local day is the span from its first instant to the first instant of the next day, so days follow each other even
where a clock change repeats an evening. A wall time that does not exist means the first instant after the gap; one that
occurs twice means the first occurrence.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from retention_engine.errors import TimeError, nearest, shown
from retention_engine.timing.instants import to_instant, to_utc
from retention_engine.timing.spans import HOUR, SECOND

_ONE_DAY = timedelta(days=1)


@lru_cache(maxsize=1024)
def zone(name: str) -> ZoneInfo:
    """Return the zone of an IANA name.

    Raises:
        TimeError: there is no such zone.
    """
    try:
        return ZoneInfo(name)
    except Exception:  # noqa: BLE001 - zoneinfo raises OSError, ValueError, KeyError and others for hostile names
        raise TimeError(f"unknown time zone {shown(name)}{nearest(name, _zone_names())}") from None


@lru_cache(maxsize=1)
def _zone_names() -> frozenset[str]:
    return frozenset(available_timezones())


def is_zone(name: object) -> bool:
    """Tell whether the name is a known IANA zone; never raises."""
    return isinstance(name, str) and name in _zone_names()


@lru_cache(maxsize=65536)
def at_local(day: date, hour: int, minute: int, where: ZoneInfo) -> int:
    """Return the instant of a wall time: first occurrence in a fold, first instant after a gap."""
    wall = datetime(day.year, day.month, day.day, hour, minute, tzinfo=where)
    if wall.astimezone(UTC).astimezone(where).replace(tzinfo=None, fold=0) == wall.replace(tzinfo=None):
        return to_instant(wall)
    early = to_instant(wall.replace(fold=1))
    return _offset_change(early, to_instant(wall), where)


def _offset_change(before: int, after: int, where: ZoneInfo) -> int:
    """Return the first whole second in (before, after] whose offset is that of ``after``."""
    offset = to_utc(after).astimezone(where).utcoffset()
    low, high = before // SECOND, after // SECOND
    while high - low > 1:
        middle = (low + high) // 2
        if to_utc(middle * SECOND).astimezone(where).utcoffset() == offset:
            high = middle
        else:
            low = middle
    return high * SECOND


def start_of_day(day: date, where: ZoneInfo) -> int:
    """Return the first instant of a local date (01:00 where midnight does not exist)."""
    return at_local(day, 0, 0, where)


def local_date(instant: int, where: ZoneInfo) -> date:
    """Return the local date of an instant: the last date whose first instant is not after it."""
    day = to_utc(instant).astimezone(where).date()
    if start_of_day(day + _ONE_DAY, where) <= instant:
        return day + _ONE_DAY
    return day


def next_day(instant: int, where: ZoneInfo) -> int:
    """Return the first instant after ``instant`` at which the local date changes."""
    return start_of_day(local_date(instant, where) + _ONE_DAY, where)


def local_hour(instant: int, where: ZoneInfo) -> int:
    """Return the hour on the local clock, 0 to 23."""
    return to_utc(instant).astimezone(where).hour


def next_hour(instant: int, where: ZoneInfo) -> int:
    """Return an instant after ``instant`` up to which the clock hour stays the same: a full hour or a clock change."""
    wall = to_utc(instant).astimezone(where)
    into = (wall.minute * 60 + wall.second) * SECOND + wall.microsecond
    full = instant - into + HOUR
    if to_utc(full).astimezone(where).utcoffset() == wall.utcoffset():
        return full
    change = _offset_change(instant, full, where)
    return change if change > instant else full


def anniversary(month: int, day: int, year: int, leap: str = "feb28") -> date:
    """Return the date of an anniversary in a year; 29 February falls on ``leap`` (``feb28`` or ``mar1``)."""
    try:
        return date(year, month, day)
    except ValueError:
        return date(year, 2, 28) if leap == "feb28" else date(year, 3, 1)


def days_from(first: date) -> Iterator[date]:
    """Yield the dates from ``first`` on, without end until the year 9998."""
    while first.year < 9999:
        yield first
        first += _ONE_DAY
