"""The same rules told day by day, in local dates and plain sums: slow, obvious, written differently."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from attrs import define, field

from retention_engine.loyalty import tiers as t

DAY = timedelta(days=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICRO = timedelta(microseconds=1)
SIZES = {"month": 1, "quarter": 3, "half": 6, "year": 12}
Span = tuple[date, date]


def wall(at: int, where: str) -> datetime:
    """Return what the clock shows."""
    return (EPOCH + at * MICRO).astimezone(ZoneInfo(where))


@cache
def midnight(day: date, where: str) -> int:
    """Return the first quarter of an hour at which the date is reached."""
    area, moment = ZoneInfo(where), datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=15)
    while (moment + timedelta(hours=1)).astimezone(area).date() < day:
        moment += timedelta(hours=1)
    while moment.astimezone(area).date() < day:
        moment += timedelta(minutes=15)
    return (moment - EPOCH) // MICRO


@cache
def day_of(at: int, where: str) -> date:
    """Return the last date that has been reached."""
    day = wall(at, where).date()
    return day + DAY if midnight(day + DAY, where) <= at else day


@cache
def shifted(day: date, months: int) -> date:
    """Return the same day of another month, or its last one."""
    count = day.year * 12 + day.month - 1 + months
    for last in (day.day, 30, 29, 28):
        try:
            return date(count // 12, count % 12 + 1, min(last, day.day))
        except ValueError:
            continue
    raise AssertionError


def birthday(joined: date, year: int) -> date:
    """Return the anniversary in a year."""
    return date(year, 2, 28) if (joined.month, joined.day) == (2, 29) and year % 4 else joined.replace(year=year)


@cache
def number(window: t.Calendar | t.Anniversary, day: date, joined: date) -> int:
    """Return which period a day belongs to, counted from long ago."""
    if isinstance(window, t.Anniversary):
        return day.year if birthday(joined, day.year) <= day else day.year - 1
    return (day.year * 12 + day.month - 1) // SIZES[window.unit]


@cache
def period(window: t.Calendar | t.Anniversary, day: date, joined: date) -> Span:
    """Return the first day of the period, and the first after it."""
    if number(window, day - DAY, joined) == number(window, day, joined):
        return period(window, day - DAY, joined)
    last = day
    while number(window, last, joined) == number(window, day, joined):
        last += DAY
    return day, last


@define
class Oracle:
    """One customer in one programme: call ``tick`` for every midnight and every instant at which anything is known."""

    programme: t.TierProgramme
    contributions: Sequence[t.Contribution]
    overlays: Sequence[t.Overlay]
    joined: date
    level: int = 0
    end: date | None = None
    grace: date | None = None
    source: date | None = None
    since: int | None = None
    shown: int = 0
    levels: list[tuple[int, int]] = field(factory=list)
    reached: list[tuple[int, str]] = field(factory=list)
    counted: list[tuple[date, int]] = field(factory=list)

    def visible(self, one: t.Contribution) -> int | None:
        """Return when an amount starts to count."""
        if self.programme.count_pending:
            return one.known_at
        return None if one.counts_from is None else max(one.counts_from, one.known_at)

    def total(self, first: date, end: date) -> int:
        """Return what counts of [first, end)."""
        return sum(amount for day, amount in self.counted if first <= day < end)

    def window(self, day: date) -> Span:
        """Return the window that a day belongs to, or (rolling) that ends with the day."""
        window = self.programme.window
        if isinstance(window, t.Lifetime):
            return date.min, date.max
        if isinstance(window, t.Rolling):
            return shifted(day, -window.months) + DAY, date.max
        return period(window, day, self.joined)

    def enough(self, amount: int) -> int:
        """Return the level that an amount reaches."""
        place = 0
        for number_, level in enumerate(self.programme.levels):
            if amount >= level.entry:
                place = number_
        return place

    def until(self, at: int, day: date) -> date | None:
        """Return the end of a level that begins or goes on at an instant."""
        validity = self.programme.validity
        if isinstance(validity, t.Months):
            end = shifted(day, validity.count)
            return end if at == midnight(day, self.programme.zone) else end + DAY
        if validity is t.Valid.NEXT_ANNIVERSARY:
            return period(t.Anniversary(), day, self.joined)[1]
        return None if isinstance(self.programme.window, t.Lifetime) else self.window(day)[1]

    def reached_until(self, at: int, day: date, span: Span) -> date | None:
        """Return the end of a level reached by a window."""
        validity = self.programme.validity
        if isinstance(self.programme.window, t.Lifetime):
            return None
        if validity is t.Valid.PERIOD_END:
            return span[1]
        if validity is t.Valid.CURRENT_AND_NEXT_PERIOD:
            return self.window(span[1])[1]
        return self.until(at, day)

    def tick(self, at: int) -> None:
        """Let one instant pass."""
        where = self.programme.zone
        today = day_of(at, where)
        fresh = []
        for one in self.contributions:
            if self.visible(one) == at:
                fresh.append(day_of(one.placed_at, where))
                self.counted.append((fresh[-1], one.amount))
        if fresh and self.programme.on_refund is t.OnRefund.REEVALUATE and self.source is not None:
            self.take_back(at, today)
        rolling = isinstance(self.programme.window, t.Rolling)
        for span in sorted({self.window(today if rolling else day) for day in fresh}):
            self.reach(at, today, span)
        if self.level and self.end is not None and today >= (self.grace or self.end):
            self.review(at, today)
        if not self.levels or self.levels[-1][1] != self.level:
            self.levels.append((at, self.level))
        shown = self.in_force(at)
        if self.since is None or shown != self.shown:
            self.since, self.shown = at, shown

    def reach(self, at: int, today: date, span: Span) -> None:
        """Go up, or have the level for longer."""
        place, end = self.enough(self.total(*span)), self.reached_until(at, today, span)
        if end is not None and end <= today:
            return
        if place > self.level:
            self.level, self.end, self.grace, self.source = place, end, None, span[0]
            self.reached.append((at, self.programme.levels[place].name))
        elif place == self.level and place and end is not None and self.end is not None and end > self.end:
            self.end, self.grace = end, None

    def take_back(self, at: int, today: date) -> None:
        """Go down to what is left."""
        assert self.source is not None
        days = {day for day, _ in self.counted if day >= self.source}
        if isinstance(self.programme.window, t.Rolling):
            spans = {(self.source, date.max)}
        else:
            spans = {self.window(day) for day in days}
        left = max((self.enough(self.total(*span)) for span in spans), default=0)
        floor = 0
        for began, level in self.levels:
            if self.source > date.min and began <= midnight(self.source, self.programme.zone):
                floor = level
        if max(left, floor) < self.level:
            self.fall(at, today, max(left, floor))
            self.source = self.source if left > floor else None

    def fall(self, at: int, today: date, place: int) -> None:
        """Go down."""
        self.level, self.end, self.grace = place, self.until(at, today) if place else None, None
        self.source = self.source if place else None

    def review(self, at: int, today: date) -> None:
        """Keep it, wait, or lose it."""
        assert self.end is not None
        total = self.total(self.review_start(self.end), today)
        if total >= self.programme.levels[self.level].keep:
            self.end, self.grace, self.source = self.until(at, today), None, None
        elif self.grace is None and self.programme.grace.count > 0:
            self.grace = self.end + self.programme.grace.count * DAY
        else:
            levels = self.programme.levels
            target = self.level - 1
            if self.programme.drop is t.Drop.BASE:
                target = 0
            while self.programme.drop is t.Drop.QUALIFIED and target and total < levels[target].keep:
                target -= 1
            self.fall(at, today, target)
            self.source = None

    def review_start(self, end: date) -> date:
        """Return the first day that a review looks at."""
        window = self.programme.window
        assert not isinstance(window, t.Lifetime)
        if not isinstance(window, t.Rolling):
            first, last = period(window, end - DAY, self.joined)
            if last == end:
                return first
        months = 12 if isinstance(window, t.Anniversary) else window.months
        return shifted(end, -months)

    def in_force(self, at: int) -> int:
        """Return the level with what was given by hand."""
        names = [level.name for level in self.programme.levels]
        found = [self.level]
        for one in self.overlays:
            over = any(end is not None and end <= at for end in (one.until, one.ended))
            if one.since <= at and not over and one.level in names:
                found.append(names.index(one.level))
        return max(found)

    def says(self, at: int) -> dict[str, object]:
        """Return what a standing shows."""
        where, levels = self.programme.zone, self.programme.levels
        metric = self.total(*self.window(day_of(at, where)))
        place = self.in_force(at)
        keep = None
        if self.end is not None:
            seen = self.total(self.review_start(self.end), self.grace or self.end)
            keep = max(levels[self.level].keep - seen, 0)
        return {
            "level": levels[place],
            "earned": levels[self.level],
            "valid_until": None if self.end is None else midnight(self.end, where),
            "grace_until": None if self.grace is None else midnight(self.grace, where),
            "to_next": max(levels[place + 1].entry - metric, 0) if place + 1 < len(levels) else None,
            "to_keep": keep,
            "metric": metric,
        }
