"""The windows in which amounts count for a level, and how long a level that was reached is valid.

Every boundary is a local midnight of the programme's zone, the first instant after the last day.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import date
from enum import Enum
from typing import Any
from zoneinfo import ZoneInfo

from attrs import field, frozen

from retention_engine.errors import DefinitionError, nearest, shown
from retention_engine.timing import NEVER, anniversary, local_date, start_of_day

_SIZES = {"month": 1, "quarter": 3, "half": 6, "year": 12}
_FIRST, _LAST = date(2, 1, 1), date(9998, 12, 31)


def _days_from(day: date, count: int) -> date:
    return date.fromordinal(day.toordinal() + count)


def _months_from(day: date, months: int) -> date:
    """Return the date months later; 31 January and one month is the last day of February."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if year > _LAST.year:
        return _days_from(_LAST, 1)
    if year < 1:
        return date.min
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _start(day: date, where: ZoneInfo) -> int:
    """Return the first instant of a date; no boundary lies outside the years 2 to 9998."""
    if day < _FIRST:
        return -NEVER
    return NEVER if day > _LAST else start_of_day(day, where)


def _end(day: date, where: ZoneInfo) -> int:
    """Return the same for a date at which something is over."""
    return _start(max(day, _FIRST), where)


def _check_months(_: Any, __: Any, value: Any) -> None:
    if type(value) is not int or not 1 <= value <= 1200:
        raise DefinitionError(f"months is a whole number from 1 to 1200, not {shown(value)}")


Frame = tuple[int, int]
"""The first instant of a window, and the first after it."""


@frozen
class Calendar:
    """Calendar periods: ``month``, ``quarter``, ``half`` or ``year``; every amount belongs to exactly one."""

    unit: str = field(default="year")

    @unit.validator
    def _known(self, _: object, value: object) -> None:
        if value not in _SIZES:
            raise DefinitionError(f"unknown period {shown(value)}{nearest(value, _SIZES)}")

    @property
    def months(self) -> int:
        """The length."""
        return _SIZES[self.unit]

    def frame(self, at: int, where: ZoneInfo, joined: date) -> Frame:
        """Return the period of an instant."""
        day = local_date(at, where)
        first = day.replace(month=(day.month - 1) // self.months * self.months + 1, day=1)
        return _start(first, where), _end(_months_from(first, self.months), where)


@frozen
class Anniversary:
    """Years of membership, from one anniversary of joining to the next; 29 February falls on 28 February."""

    @property
    def months(self) -> int:
        """The length."""
        return 12

    def frame(self, at: int, where: ZoneInfo, joined: date) -> Frame:
        """Return the year of membership of an instant."""
        day = local_date(at, where)
        year = day.year if anniversary(joined.month, joined.day, day.year) <= day else day.year - 1
        first, following = (anniversary(joined.month, joined.day, max(1, each)) for each in (year, year + 1))
        return _start(first, where), _end(following, where)


@frozen
class Lifetime:
    """One window without end."""

    def frame(self, at: int, where: ZoneInfo, joined: date) -> Frame:
        """Return all time."""
        return -NEVER, NEVER


@frozen
class Rolling:
    """The last months, counted in local dates: an amount leaves at the start of the same date, months later."""

    months: int = field(validator=_check_months)

    def frame(self, at: int, where: ZoneInfo, joined: date) -> Frame:
        """Return the window as it stands at an instant; nothing later is known then."""
        return _start(_days_from(_months_from(local_date(at, where), -self.months), 1), where), NEVER

    def leaves(self, at: int, where: ZoneInfo) -> int:
        """Return when an amount of an instant is over."""
        day = local_date(at, where)
        same = _months_from(day, self.months)
        return _end(same if same.day >= day.day else _days_from(same, 1), where)


Window = Calendar | Anniversary | Lifetime | Rolling


class Valid(Enum):
    """How long a level that was reached is valid, besides ``Months``."""

    CURRENT_AND_NEXT_PERIOD = "current_and_next_period"
    """Until the end of the period that follows the one in which it was reached."""
    PERIOD_END = "period_end"
    """Until the end of the period in which it was reached."""
    NEXT_ANNIVERSARY = "next_anniversary"
    """Until the next anniversary of joining."""


@frozen
class Months:
    """A level is valid for months from the instant it was reached, through the last local day."""

    count: int = field(validator=_check_months)

    def after(self, at: int, where: ZoneInfo) -> int:
        """Return the end."""
        day = local_date(at, where)
        end = _months_from(day, self.count)
        return _end(end if _start(day, where) == at else _days_from(end, 1), where)


Validity = Valid | Months


def days_after(at: int, count: int, where: ZoneInfo) -> int:
    """Return the start of the local day so many days later."""
    return _end(_days_from(local_date(at, where), count), where)


def frame_before(window: Window, end: int, where: ZoneInfo, joined: date) -> int:
    """Return the start of the window that ends at an instant, a local midnight."""
    assert not isinstance(window, Lifetime)
    first, last = window.frame(end - 1, where, joined)
    return first if last == end else _start(_months_from(local_date(end, where), -window.months), where)
