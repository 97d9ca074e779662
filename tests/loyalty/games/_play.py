"""Second opinions about games: slow, and written another way than what they judge."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from retention_engine.loyalty.games import Activation, Goal, Mark, Recurrence, Rhythm
from retention_engine.timing import DAY, HOUR, days, to_instant, to_utc

ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Santiago", "Africa/Cairo")
"""All of them change their clocks; the third by half an hour, the last two at midnight."""


def at(text: str) -> int:
    """Return the instant of a wall time in a zone: ``2026-03-29 12:00 Europe/Berlin``; UTC when none is named."""
    wall, _, where = text.partition(" ")[2].partition(" ")
    naive = datetime.fromisoformat(f"{text.split(maxsplit=1)[0]}T{wall}")
    return to_instant(naive.replace(tzinfo=ZoneInfo(where or "UTC")))


def local_day(instant: int, where: str) -> date:
    """Return the date that a calendar on the wall shows."""
    return to_utc(instant).astimezone(ZoneInfo(where)).date()


def key_of(period: str, day: date) -> tuple[int, ...]:
    """Return what names the period of a date."""
    if period == "week":
        return tuple(day.isocalendar()[:2])
    return (day.year, day.month, day.day)[: 2 if period == "month" else 3]


def walked_length(rhythm: Rhythm, instants: Iterable[int], now: int, where: str) -> int:
    """Walk through every date from the first fact to today, as one would with a paper calendar."""
    dates = [local_day(instant, where) for instant in instants]
    counts = Counter(key_of(rhythm.period, day) for day in dates)
    if not dates:
        return 0
    today = key_of(rhythm.period, local_day(now, where))
    length, used, seen = 0, Counter[tuple[int, int]](), set()
    day = min(dates)
    if rhythm.period == "month":
        day = day.replace(day=1)
    elif rhythm.period == "week":
        day -= timedelta(days=day.weekday())
    while key_of(rhythm.period, day) <= today:
        key, first = key_of(rhythm.period, day), day
        day += timedelta(days=1)
        if key in seen:
            continue
        seen.add(key)
        if counts[key] >= rhythm.least:
            length += 1
        elif key != today and length:
            used[first.year, first.month] += 1
            if used[first.year, first.month] > rhythm.freezes:
                length = 0
    return length


def midnight_after(instant: int, where: str) -> int:
    """Return the next midnight of a zone that has one every day."""
    day = local_day(instant, where) + timedelta(days=1)
    return to_instant(datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(where)).astimezone(UTC))


def midnight_before(instant: int, where: str) -> int:
    """Return the midnight at which the day of an instant began."""
    day = local_day(instant, where)
    return to_instant(datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(where)).astimezone(UTC))


class Attempts:
    """A machine that is told each mark in turn: (opened, closes, progress, completed) of every attempt."""

    def __init__(self, goal: Goal) -> None:
        self.goal, self.free = goal, goal.start
        self.made: list[Any] = []
        self.tags: set[Any] = set()

    def tell(self, instant: int, marks: list[Mark]) -> None:
        """Take the marks of one instant."""
        goal = self.goal
        if instant < self.free or (goal.end is not None and instant >= goal.end):
            return
        running = self.made and (self.made[-1][1] is None or instant < self.made[-1][1])
        if not running and ((self.made and goal.recurrence is Recurrence.NONE) or not self._open(instant)):
            return
        one = self.made[-1]
        for mark in marks:
            if mark.tag is None:
                one[2] += mark.amount
            elif mark.tag not in self.tags:
                self.tags.add(mark.tag)
                one[2] += 1
        if one[3] is None and one[2] >= goal.target:
            one[3] = instant
            if goal.recurrence is Recurrence.ON_COMPLETION:
                one[1] = instant + 1
        self.free = self.free if one[1] is None else max(self.free, one[1] if instant + 1 >= one[1] else self.free)

    def _open(self, instant: int) -> bool:
        goal: Any = self.goal
        self.tags = set()
        last = self.made[-1][1] if self.made else goal.start
        fixed = goal.activation is Activation.FIXED_SCHEDULE
        if goal.period is None:
            begin, end = last, None
        elif goal.period == "day":
            begin, end = midnight_before(instant, goal.zone), midnight_after(instant, goal.zone)
        elif fixed:
            begin = goal.start
            while begin + goal.period.micros <= instant:
                begin += goal.period.micros
            end = begin + goal.period.micros
        else:
            begin, end = instant, instant + goal.period.micros
        if fixed and not goal.recurs and goal.period is not None and begin > goal.start:
            return False
        if goal.end is not None:
            end = goal.end if end is None else min(end, goal.end)
        self.made.append([max(begin, last) if fixed else instant, end, 0, None])
        return True


def attempts(goal: Goal, marks: Iterable[Mark]) -> list[tuple[int, int | None, int, int | None]]:
    """Return what the machine has made of all marks."""
    machine = Attempts(goal)
    together: dict[int, list[Mark]] = {}
    for mark in marks:
        together.setdefault(mark.at, []).append(mark)
    for instant in sorted(together):
        machine.tell(instant, together[instant])
    return [tuple(one) for one in machine.made]


START = at("2026-03-20 00:00")


@st.composite
def goals(draw: Any, /, **fixed: Any) -> Goal:
    """Return goals of every kind that can be written."""
    recurrence = draw(st.sampled_from(list(Recurrence)))
    activation = draw(st.sampled_from(list(Activation)))
    needs = [] if recurrence is Recurrence.ON_EXPIRATION else [None]
    period = draw(st.sampled_from([*needs, "day", days(1), days(3)]))
    where = draw(st.sampled_from(("UTC", "Europe/Berlin", "America/New_York")))
    start = START + draw(st.integers(0, 3)) * 7 * HOUR
    if period == "day" and activation is Activation.FIXED_SCHEDULE:
        start = midnight_before(start, where)
    end = draw(st.none() | st.integers(1, 20).map(lambda count: start + count * DAY // 2))
    words = {"target": draw(st.integers(1, 4)), "period": period, "zone": where, "recurrence": recurrence}
    return Goal(id="g", activation=activation, start=start, end=end, **{**words, **fixed})


def marks(*, tagged: bool = False) -> st.SearchStrategy[list[Mark]]:
    """Return lists of marks within two weeks, some at one instant."""
    instants = st.integers(-4, 80).map(lambda count: START + count * 4 * HOUR)
    amount = st.builds(Mark, instants, st.integers(1, 3))
    tag = st.builds(Mark, instants, st.just(1), st.sampled_from("abcd"))
    return st.lists(tag if tagged else amount, max_size=25)
