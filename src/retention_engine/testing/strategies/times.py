"""Instants on a narrow grid, so that they often coincide, around the awkward moments of awkward zones."""

from __future__ import annotations

from functools import lru_cache

import pendulum
from hypothesis import strategies as st

from retention_engine.timing import (
    HOUR,
    LocalDays,
    Span,
    local_date,
    microseconds,
    next_day,
    next_hour,
    start_of_day,
    to_datetime,
    to_instant,
    zone,
)

CORNERS = (
    ("UTC", "2024-02-28T00:00:00+00:00"),  # the day before 29 February
    ("Europe/Berlin", "2024-03-31T00:00:00+00:00"),  # 02:00 becomes 03:00
    ("Europe/Berlin", "2024-10-27T00:00:00+00:00"),  # 03:00 becomes 02:00
    ("America/New_York", "2024-11-03T00:00:00+00:00"),  # 02:00 becomes 01:00
    ("Africa/Cairo", "2024-04-26T00:00:00+00:00"),  # there is no midnight
    ("Africa/Cairo", "2024-10-31T00:00:00+00:00"),  # 24:00 becomes 23:00: the last hour comes twice
    ("America/Havana", "2024-03-10T00:00:00+00:00"),  # there is no midnight
    ("America/Havana", "2024-11-03T00:00:00+00:00"),  # 01:00 becomes 00:00: midnight comes twice
    ("America/St_Johns", "2010-11-07T00:00:00+00:00"),  # 00:01 becomes 23:01 of the day before
    ("America/St_Johns", "2011-03-13T00:00:00+00:00"),  # 00:01 becomes 01:01
    ("Australia/Lord_Howe", "2024-04-06T00:00:00+00:00"),  # back by half an hour
    ("Australia/Lord_Howe", "2024-10-05T00:00:00+00:00"),  # ahead by half an hour
    ("Antarctica/Troll", "2024-03-31T00:00:00+00:00"),  # ahead by two hours
    ("Pacific/Apia", "2011-12-30T00:00:00+00:00"),  # there is no 30 December
    ("Pacific/Kiritimati", "1994-12-31T00:00:00+00:00"),  # there is no 31 December
    ("Pacific/Chatham", "2024-04-06T00:00:00+00:00"),  # 03:45 becomes 02:45
    ("America/Sao_Paulo", "2018-02-18T00:00:00+00:00"),  # 24:00 becomes 23:00
    ("America/Sao_Paulo", "2018-11-04T00:00:00+00:00"),  # there is no midnight
)
"""(zone, ISO instant near which its clock does something awkward); the simplest first."""

ZONES = tuple(dict.fromkeys(name for name, _ in CORNERS))
STEP = 12 * HOUR
_STEPS = (2, 10, 4, 6, 14, 1, 20, 60, 28, 40, 3, 730)
_ODD = (4 * STEP - 1, 4 * STEP + 1, 1, 30 * HOUR)
SPANS = (*(microseconds(count * STEP) for count in _STEPS), *(microseconds(count) for count in _ODD))
"""Lengths of time that lead from one instant of the grid to another, then some that do not."""

_CORNERS = st.sampled_from([(name, to_instant(text)) for name, text in CORNERS])
_ZONES = st.sampled_from(ZONES)
_SPANS = st.sampled_from(SPANS)
_DAY_COUNTS = st.sampled_from([LocalDays(count) for count in (1, 2, 3, 7, 8, 30, 364, 365)])


@lru_cache(maxsize=256)
def grid(around: int, where: str) -> tuple[int, ...]:
    """Return instants within two weeks of ``around``: half days, then local midnights and full hours, then oddities."""
    zoned = zone(where)
    near = [around + sign * count * STEP for count in range(29) for sign in (1, -1)]
    midnights = [start_of_day(local_date(at, zoned), zoned) for at in near[:24]]
    midnights += [next_day(at, zoned) for at in near[:6]]
    hours = [near[5]]
    while hours[-1] < near[4]:
        hours.append(next_hour(hours[-1], zoned))
    odd = [at + jitter for at in (*near[:6], *midnights[:6]) for jitter in (1, -1)]
    return tuple(dict.fromkeys((*near, *midnights, *hours, *odd)))


@lru_cache(maxsize=256)
def _on_grid(around: int, where: str) -> st.SearchStrategy[int]:
    points = grid(around, where)
    return st.sampled_from((*points[:8] * (len(points) // 8), *points))  # half of them are the first eight


def corners(*, zone: str | None = None) -> st.SearchStrategy[tuple[str, int]]:
    """Return pairs of a zone and an instant near which its clock does something awkward; None: of any zone."""
    return _CORNERS if zone is None else _CORNERS.filter(lambda corner: corner[0] == zone)


def zones() -> st.SearchStrategy[str]:
    """Return IANA names, mostly of awkward zones: missing and repeated midnights, half hours, skipped days."""
    return _ZONES


def instants(*, around: int | None = None, zone: str = "UTC") -> st.SearchStrategy[int]:
    """Return microseconds UTC on a narrow grid, so that ties are frequent.

    Args:
        around: the middle of the grid; None: near one of the awkward moments of a zone.
        zone: whose midnights and hours belong to the grid.
    """
    if around is None:
        return _CORNERS.flatmap(lambda corner: _on_grid(corner[1], corner[0]))
    return _on_grid(around, zone)


def datetimes() -> st.SearchStrategy[pendulum.DateTime]:
    """Return aware ``pendulum.DateTime`` values of awkward zones, near their clock changes."""

    def zoned(corner: tuple[str, int]) -> st.SearchStrategy[pendulum.DateTime]:
        name, around = corner
        return _on_grid(around, name).map(lambda instant: to_datetime(instant).in_timezone(name))

    return _CORNERS.flatmap(zoned)


def spans() -> st.SearchStrategy[Span]:
    """Return lengths of time above zero; most lead from one instant of the grid to another."""
    return _SPANS


def day_counts() -> st.SearchStrategy[LocalDays]:
    """Return numbers of local days from 1 to 365."""
    return _DAY_COUNTS
