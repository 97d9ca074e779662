"""Daily windows of the local clock, such as 22:00 to 09:00: over midnight, over clock changes."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from attrs import frozen

from retention_engine.errors import DefinitionError, shown
from retention_engine.timing.instants import to_instant, to_utc
from retention_engine.timing.local import local_date, next_hour, start_of_day
from retention_engine.timing.spans import DAY, MINUTE, SECOND


def clock_minute(text: object) -> int:
    """Return the minute of the day, 0 to 1439, of a time of day written ``HH:MM``.

    Raises:
        DefinitionError: it is written otherwise, or there is no such time.
    """
    good = isinstance(text, str) and len(text) == 5 and text[2] == ":" and text.isascii()
    digits = f"{text}".replace(":", "", 1)
    if not good or not digits.isdigit() or digits[:2] > "23" or digits[2:] > "59":
        raise DefinitionError(f"a time of day is written HH:MM, not {shown(text)}")
    return int(digits[:2]) * 60 + int(digits[2:])


@frozen
class ClockWindow:
    """The part of every day at which the local clock shows ``start`` or later and not yet ``end``.

    Attributes:
        start: minute of the day, inclusive.
        end: minute of the day, exclusive; below ``start`` the window goes over midnight.
    """

    start: int
    end: int

    def holds(self, instant: int, where: ZoneInfo) -> bool:
        """Tell whether the local clock is inside."""
        wall = to_utc(instant).astimezone(where)
        minute = wall.hour * 60 + wall.minute
        if self.start <= self.end:
            return self.start <= minute < self.end
        return minute >= self.start or minute < self.end

    def left(self, instant: int, where: ZoneInfo) -> int:
        """Return the first instant after ``instant`` at which the clock is not inside.

        The clock leaves a window where it shows the end, or where a clock change takes it out.
        """
        wall = to_utc(instant).astimezone(where)
        into = (wall.hour * 60 + wall.minute) * MINUTE + wall.second * SECOND + wall.microsecond
        plain = instant + ((self.end * MINUTE - into) % DAY or DAY)
        if to_utc(plain).astimezone(where).utcoffset() == wall.utcoffset():
            return plain
        times = sorted(time for time in self._ends(instant, where) if time > instant)
        return next(time for time in times if not self.holds(time, where))

    def _ends(self, instant: int, where: ZoneInfo) -> list[int]:
        wall = to_utc(instant).astimezone(where)
        midnight = datetime(wall.year, wall.month, wall.day, self.end // 60, self.end % 60, tzinfo=where)
        ends = [midnight + timedelta(days=count) for count in (0, 1, 2)]
        found = [to_instant(end.replace(fold=fold)) for end in ends for fold in (0, 1)]
        latest = max(found)
        while instant < latest:  # a clock change lies ahead: every hour's end, and the change itself
            instant = next_hour(instant, where)
            found.append(instant)
        return found


def clock_window(start: str, end: str) -> ClockWindow:
    """Return the daily window from one time of day to another, both written ``HH:MM``.

    Raises:
        DefinitionError: they are not times, or the same.
    """
    window = ClockWindow(clock_minute(start), clock_minute(end))
    if window.start == window.end:
        raise DefinitionError(f"a window from {start} to {end} is empty, or the whole day: give two different times")
    return window


PERIODS = ("day", "week", "month")


def period_of(unit: str, instant: int, where: ZoneInfo) -> tuple[int, int]:
    """Return the first instant of the local day, week (from Monday) or month of an instant, and that of the next."""
    day = local_date(instant, where)
    if unit == "week":
        day -= timedelta(days=day.weekday())
        following = day + timedelta(days=7)
    elif unit == "month":
        day = day.replace(day=1)
        following = (day + timedelta(days=31)).replace(day=1)
    else:
        following = day + timedelta(days=1)
    return start_of_day(day, where), start_of_day(following, where)
