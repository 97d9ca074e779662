"""Whether questions about the calendar can be answered so together, on some local date."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from functools import lru_cache

from retention_engine.predicates import Attribute, Compare, Dates, Local, MonthDay, Truth, Yearly
from retention_engine.predicates.compare import plain, test
from retention_engine.rules.schedules import WEEKDAYS
from retention_engine.timing import anniversary

_YEARS = (2020, 2108)
"""Every pair of a weekday and a kind of year, with their neighbours; 2100 is no leap year."""

_FIRST, _END = date(_YEARS[0], 1, 1).toordinal(), date(_YEARS[1], 1, 1).toordinal()
_EVERY_DAY = (1 << (_END - _FIRST)) - 1
_LONGEST = 1_000
_YEAR_APART = (0, 365, 366, 730, 731)

Question = tuple[Truth, bool]
"""A leaf, and whether it holds."""


def calendar_contradicts(questions: Sequence[Question]) -> bool:
    """Tell whether no local date agrees with every question; questions about anything else are passed over."""
    repeated = [each for each in questions if _is_repeated(each[0])]
    periods = [each for each in questions if isinstance(each[0], Dates)]
    if any(holds for _, holds in periods):
        return not _may_fall_in(periods, repeated)
    days = _EVERY_DAY
    for leaf, holds in repeated:
        days &= _days_of(leaf) if holds else ~_days_of(leaf)
    return not days or _birthdays_contradict(questions)


def _is_repeated(leaf: Truth) -> bool:
    match leaf:
        case Yearly(anchor=MonthDay()) | Compare(left=Local(unit="weekday")):
            return True
    return False


def _may_fall_in(periods: Sequence[Question], repeated: Sequence[Question]) -> bool:
    """Tell whether some day of the periods agrees; true when they are long."""
    first = max(leaf.first for leaf, holds in periods if holds and isinstance(leaf, Dates))
    last = min(leaf.last for leaf, holds in periods if holds and isinstance(leaf, Dates))
    if (last - first).days > _LONGEST:
        return True
    days = map(date.fromordinal, range(first.toordinal(), last.toordinal() + 1))
    return any(all(_is_on(leaf, day) == holds for leaf, holds in (*periods, *repeated)) for day in days)


def _is_on(leaf: Truth, day: date) -> bool:
    match leaf:
        case Dates():
            return leaf.first <= day <= leaf.last
        case Compare():
            return test(leaf.op, WEEKDAYS[day.weekday()], plain(leaf.constant))
    return any(first <= day.toordinal() < end for first, end in _windows(leaf, range(day.year - 1, day.year + 3)))


@lru_cache(maxsize=1_024)
def _days_of(leaf: Truth) -> int:
    """Return the days of the usual years as a mask: bit i is the day i after the first."""
    found = 0
    if isinstance(leaf, Compare):
        named = [test(leaf.op, name, plain(leaf.constant)) for name in WEEKDAYS]
        for weekday in (number for number, is_named in enumerate(named) if is_named):
            start = (weekday - date.fromordinal(_FIRST).weekday()) % 7
            found |= sum(1 << day for day in range(start, _END - _FIRST, 7))
        return found
    for first, end in _windows(leaf, range(_YEARS[0] - 1, _YEARS[1] + 2)):
        found |= ((1 << (end - first)) - 1) << (first - _FIRST) if first >= _FIRST else (1 << max(0, end - _FIRST)) - 1
    return found & _EVERY_DAY


def _windows(leaf: Truth, years: Iterable[int]) -> Iterable[tuple[int, int]]:
    """Yield the windows around a yearly date as day numbers, the end exclusive."""
    assert isinstance(leaf, Yearly)
    assert isinstance(leaf.anchor, MonthDay)
    for year in years:
        first = anniversary(leaf.anchor.month, leaf.anchor.day, year, leaf.leap).toordinal() - leaf.before.count
        yield first, first + leaf.lasting.count


def _birthdays_contradict(questions: Sequence[Question]) -> bool:
    """Tell whether two windows around one yearly date, whenever that is, exclude each other."""
    held = (leaf for leaf, holds in questions if holds and isinstance(leaf, Yearly))
    windows = [leaf for leaf in held if isinstance(leaf.anchor, Attribute)]
    return any(
        one.anchor == other.anchor and one.leap == other.leap and not _overlap(one, other)
        for place, one in enumerate(windows)
        for other in windows[:place]
    )


def _overlap(one: Yearly, other: Yearly) -> bool:
    first, second = -one.before.count, -other.before.count
    return any(
        first < second + shift + other.lasting.count and second + shift < first + one.lasting.count
        for apart in _YEAR_APART
        for shift in (apart, -apart)
    )
