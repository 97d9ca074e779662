"""Streaks: days, weeks or months in a row, counted by dates of the customer's calendar and never by hours.

A date is fixed by the zone that was known when something happened: a later change of zone moves no earlier date.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from attrs import field, frozen

from retention_engine.errors import DefinitionError, nearest, shown
from retention_engine.loyalty.games.opening import check_name, check_number, steps_of
from retention_engine.timing import NEVER, PERIODS, Span, local_date, start_of_day, zone
from retention_engine.typed import typed

Zones = Sequence[tuple[int, ZoneInfo]]
"""The zones of a customer, each with the instant from which it was known, ascending; the first from the beginning."""

_FARTHEST = 400
"""How many empty periods are looked at: with freezes for more, a streak never breaks."""
_LAST = date(9999, 11, 30)


class Pulse(StrEnum):
    """Where a streak stands. Codes are stored and never renamed."""

    ALIVE = "alive"
    """The present period has what it needs."""
    AT_RISK = "at_risk"
    """It has not, yet."""
    FROZEN = "frozen"
    """It has not, yet, and the period before was saved by a freeze."""
    BROKEN = "broken"
    """There is no streak."""


@frozen(kw_only=True, field_transformer=typed)
class Rhythm:
    """What keeps a streak.

    Attributes:
        period: ``day``, ``week`` (from Monday) or ``month``.
        least: how many facts a period needs.
        freezes: how many empty periods are forgiven in a calendar month (that of their first day).
        zone: whose calendar counts while the customer's own zone is not known.
    """

    id: str = field(validator=check_name)
    period: str = field(default="day")
    least: int = field(default=1, validator=check_number(1))
    freezes: int = field(default=0, validator=check_number(0))
    zone: str = "UTC"

    @period.validator
    def _known(self, _: Any, value: Any) -> None:
        if value not in PERIODS:
            raise DefinitionError(f"unknown period {shown(value)}{nearest(value, PERIODS)}")

    def __attrs_post_init__(self) -> None:
        """Refuse an unknown zone."""
        zone(self.zone)


@frozen
class Gap:
    """A period without what it needed, forgiven or not, and the instant from which that is certain."""

    number: int
    at: int


@frozen
class Course:
    """How a streak went, and how it ends if nothing else happens.

    Attributes:
        kept: the numbers of the periods that had what they needed.
        frozen: the empty ones that were, or will be, forgiven.
        breaks: the empty ones that were not, or will not be.
    """

    rhythm: Rhythm
    zones: tuple[tuple[int, ZoneInfo], ...]
    kept: tuple[int, ...]
    frozen: tuple[Gap, ...]
    breaks: tuple[Gap, ...]

    def length(self, at: int) -> int:
        """Return how many periods the streak has at an instant not before the last fact."""
        broken = max((gap.number for gap in self.breaks if gap.at <= at), default=None)
        return len(self.kept) - (0 if broken is None else bisect_right(self.kept, broken))

    def present(self, at: int) -> int:
        """Return the number of the earliest period that is not over."""
        number = period_number(self.rhythm.period, local_date(at, zone_at(self.zones, at)))
        return next(each for each in _around(number) if is_open(self.rhythm, each, self.zones, at))

    def has(self, number: int) -> bool:
        """Tell whether a period has what it needs."""
        place = bisect_left(self.kept, number)
        return place < len(self.kept) and self.kept[place] == number

    def pulse(self, at: int) -> Pulse:
        """Return where the streak stands."""
        if self.length(at) == 0:
            return Pulse.BROKEN
        if self.has(self.present(at)):
            return Pulse.ALIVE
        forgiven = any(gap.at <= at and gap.number > self.kept[-1] for gap in self.frozen)
        return Pulse.FROZEN if forgiven else Pulse.AT_RISK

    def at_risk(self, at: int, lead: Span) -> bool:
        """Tell whether the present period lacks something and ends within ``lead``."""
        present = self.present(at)
        if self.length(at) == 0 or self.has(present):
            return False
        end = period_end(self.rhythm, present, self.zones)
        return end is not None and at >= end - lead.micros

    def gaps(self) -> Iterator[Gap]:
        """Yield the empty periods, forgiven or not."""
        yield from self.frozen
        yield from self.breaks


def period_number(period: str, day: date) -> int:
    """Return the number of a date's period: neighbours follow each other by one."""
    if period == "month":
        return day.year * 12 + day.month - 1
    return day.toordinal() if period == "day" else (day.toordinal() - 1) // 7


def first_day(period: str, number: int) -> date:
    """Return the first date of a period."""
    if period == "month":
        return date(number // 12, number % 12 + 1, 1)
    return date.fromordinal(number if period == "day" else number * 7 + 1)


def zone_at(zones: Zones, at: int) -> ZoneInfo:
    """Return the zone that is known at an instant."""
    return _known(zones, at)[-1][1]


def _known(zones: Zones, at: int) -> Zones:
    return [each for place, each in enumerate(zones) if place == 0 or each[0] <= at]


def period_end(rhythm: Rhythm, number: int, zones: Zones) -> int | None:
    """Return the first instant after a period; None when the customer was never in it, as after some flights.

    Whoever changes the zone while it is not over has it until the later of its ends; later changes prolong nothing.
    """
    first, following = (first_day(rhythm.period, each) for each in (number, number + 1))
    over: int | None = None
    for place, (since, where) in enumerate(zones):
        until = zones[place + 1][0] if place + 1 < len(zones) else NEVER
        begin, end = start_of_day(first, where), start_of_day(following, where)
        if over is not None:
            over = max(over, end) if since < over else over
        elif max(begin, since if place else begin) < min(end, until):
            over = end
    return over


def _around(number: int) -> range:
    return range(number - 2, number + 3)


def is_open(rhythm: Rhythm, number: int, zones: Zones, at: int) -> bool:
    """Tell whether a period is not over at an instant, as far as was known then."""
    end = period_end(rhythm, number, _known(zones, at))
    return end is not None and at < end


def periods(rhythm: Rhythm, instants: Iterable[int], zones: Zones) -> Counter[int]:
    """Return how many facts each period has.

    A fact belongs to the period of its local date. After a flight to the east the period before may still be open: it
    gets the fact if it lacks one. After one to the west a date may come again although its period is over: the present
    one gets the fact.
    """
    counts: Counter[int] = Counter()
    for at in sorted(instants):
        number = period_number(rhythm.period, local_date(at, zone_at(zones, at)))
        if len(zones) > 1:
            opened = [each for each in _around(number) if is_open(rhythm, each, zones, at)]
            fit = [each for each in opened if each <= max(number, opened[0])]
            number = next((each for each in fit if counts[each] < rhythm.least), fit[-1])
        counts[number] += 1
    return counts


def course(rhythm: Rhythm, instants: Iterable[int], zones: Zones) -> Course:
    """Return how a streak went.

    Args:
        rhythm: what keeps it.
        instants: when something happened that counts.
        zones: the customer's.
    """
    counts = periods(rhythm, instants, zones)
    kept = sorted(number for number, count in counts.items() if count >= rhythm.least)
    farthest = period_number(rhythm.period, _LAST)
    used: Counter[tuple[int, int]] = Counter()
    forgiven: list[Gap] = []
    breaks: list[Gap] = []
    for place, number in enumerate(kept):
        following = kept[place + 1] if place + 1 < len(kept) else min(number + _FARTHEST, farthest)
        certain = -NEVER
        for empty in range(number + 1, following):
            end = period_end(rhythm, empty, zones)
            if end is None:
                continue
            certain = max(certain, end)
            first = first_day(rhythm.period, empty)
            if used[first.year, first.month] >= rhythm.freezes:
                breaks.append(Gap(empty, certain))
                break
            used[first.year, first.month] += 1
            forgiven.append(Gap(empty, certain))
    return Course(rhythm, tuple(zones), tuple(kept), tuple(forgiven), tuple(breaks))


def length_steps(way: Course, at: int) -> list[tuple[int, int]]:
    """Return the length of a streak from ``at`` on, if nothing else happens."""
    return steps_of((gap.at for gap in way.breaks), at, way.length)


def pulse_steps(way: Course, at: int) -> list[tuple[int, Pulse]]:
    """Return where a streak stands from ``at`` on, if nothing else happens."""
    return steps_of(_edges(way), at, way.pulse)


def risk_steps(way: Course, at: int, lead: Span) -> list[tuple[int, bool]]:
    """Return from ``at`` on whether the present period lacks something and ends within ``lead``."""
    edges = _edges(way)
    return steps_of(edges | {edge - lead.micros for edge in edges}, at, lambda instant: way.at_risk(instant, lead))


def _edges(way: Course) -> set[int]:
    """Return where empty periods begin and end."""
    gaps = list(way.gaps())
    starts = (period_end(way.rhythm, gap.number - 1, way.zones) for gap in gaps)
    return {gap.at for gap in gaps} | {start for start in starts if start is not None}
