"""Schedules on the customer's own calendar: daily, weekly, monthly at a local time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from attrs import field, frozen

from retention_engine.errors import DefinitionError, nearest, shown
from retention_engine.timing import DAY, EARLIEST, at_local, days_from, local_date

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SKIPPED = 2 * DAY
"""How far back an occurrence is looked for: a date that a zone skipped is due at the start of a later one."""


def check_time(_: object, __: object, value: Any) -> None:
    """Validate a local time of day written ``HH:MM``."""
    good = isinstance(value, str) and len(value) == 5 and value[2] == ":" and value.isascii()
    if not good or not (value[:2] + value[3:]).isdigit() or value[:2] > "23" or value[3:] > "59":
        raise DefinitionError(f"a time of day is written HH:MM, not {shown(value)}")


def _distinct(on: Iterable[str | int]) -> tuple[str | int, ...]:
    given = tuple(on)
    return tuple(each for place, each in enumerate(given) if each not in given[:place])


@frozen(cache_hash=True, repr=False)
class Schedule:
    """Local dates that come again and again, each at a local time.

    Attributes:
        unit: ``daily``, ``weekly`` or ``monthly``.
        on: for weekly the names of weekdays, for monthly one day of the month (31: the last day of shorter months).
        at: local time of day, ``HH:MM``; the first instant after it where a clock change skips it.
    """

    unit: str
    on: tuple[str | int, ...] = field(converter=_distinct)
    at: str = field(validator=check_time)

    def __attrs_post_init__(self) -> None:
        """Check that there is such a schedule."""
        match self.unit:
            case "daily":
                if self.on:
                    raise DefinitionError(f"daily() takes no days, not {shown(self.on)}")
            case "weekly":
                _check_weekdays(self.on)
            case "monthly":
                if len(self.on) != 1 or type(self.on[0]) is not int or not 1 <= self.on[0] <= 31:
                    raise DefinitionError(
                        f"monthly() takes a day from 1 to 31, not {', '.join(map(shown, self.on)) or 'none'}"
                    )
            case _:
                units = ("daily", "weekly", "monthly")
                raise DefinitionError(f"unknown schedule {shown(self.unit)}{nearest(self.unit, units)}")

    def falls_on(self, day: date) -> bool:
        """Tell whether a local date is one of them."""
        if self.unit == "daily":
            return True
        if self.unit == "weekly":
            return WEEKDAYS[day.weekday()] in self.on
        wanted = int(self.on[0])
        last = day.fromordinal(day.toordinal() + 1).day == 1
        return day.day == wanted or (last and wanted > day.day)

    def occurrences(self, after: int, where: ZoneInfo) -> Iterator[tuple[date, int]]:
        """Yield (local date, instant) from the last date not after ``after`` on, in order."""
        for day in days_from(local_date(after, where)):
            if self.falls_on(day):
                yield day, instant_on(day, self.at, where)

    def dues(self, now: int, where: ZoneInfo) -> Iterator[tuple[date, int]]:
        """Yield (local date, instant) of all the instants at or after ``now``, in order."""
        earlier = self.occurrences(max(EARLIEST, now - _SKIPPED), where)
        return ((day, due) for day, due in earlier if due >= now)

    def __repr__(self) -> str:
        """Return the call that builds it."""
        on = ", ".join(map(repr, self.on))
        return f"{self.unit}({on}{', ' if on else ''}at={self.at!r})"


def _check_weekdays(on: tuple[object, ...]) -> None:
    for name in on:
        if name not in WEEKDAYS:
            raise DefinitionError(f"unknown weekday {shown(name)}{nearest(name, WEEKDAYS)}")
    if not on:
        raise DefinitionError("weekly() needs at least one weekday, such as 'mon'")


def instant_on(day: date, at: str, where: ZoneInfo) -> int:
    """Return the instant of a local time ``HH:MM`` on a local date."""
    return at_local(day, int(at[:2]), int(at[3:]), where)


def daily(*, at: str = "10:00") -> Schedule:
    """Return every local date, at a local time."""
    return Schedule("daily", (), at)


def weekly(*on: str, at: str = "10:00") -> Schedule:
    """Return the dates of some weekdays (``"mon"`` to ``"sun"``), at a local time."""
    return Schedule("weekly", on, at)


def monthly(day: int, *, at: str = "10:00") -> Schedule:
    """Return one date a month (1 to 31; the last day where the month is shorter), at a local time."""
    return Schedule("monthly", (day,), at)
