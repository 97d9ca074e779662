"""Daily windows of the local clock, and local days, weeks and months; every zone: tests/acceptance/test_zones.py."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention_engine.errors import DefinitionError
from retention_engine.timing import (
    DAY,
    HOUR,
    MINUTE,
    PERIODS,
    ClockWindow,
    clock_minute,
    clock_window,
    period_of,
    to_instant,
    zone,
)

BERLIN = zone("Europe/Berlin")
NIGHT = clock_window("22:00", "09:00")


def utc(text: str) -> int:
    """Return an instant written in UTC."""
    return to_instant(f"{text.replace(' ', 'T')}:00+00:00")


@pytest.mark.parametrize(("text", "minute"), [("00:00", 0), ("09:05", 545), ("23:59", 1439)])
def test_a_time_of_day_is_a_minute(text: str, minute: int) -> None:
    """Counted from midnight."""
    assert clock_minute(text) == minute


@pytest.mark.parametrize("text", ["24:00", "12:60", "1:00", "01:0", "01-00", "0100 ", "١٢:٠٠", "²²:²²", "", 900, None])
def test_anything_else_is_no_time_of_day(text: Any) -> None:
    """The message says how it is written."""
    with pytest.raises(DefinitionError, match="a time of day is written HH:MM"):
        clock_minute(text)


def test_a_window_has_two_ends() -> None:
    """The same time twice could mean nothing or everything."""
    assert clock_window("22:00", "09:00") == ClockWindow(1320, 540)
    with pytest.raises(DefinitionError, match="from 09:00 to 09:00 is empty, or the whole day"):
        clock_window("09:00", "09:00")


@pytest.mark.parametrize(
    ("at", "inside"),
    [("2026-07-01 19:59", False), ("2026-07-01 20:00", True), ("2026-07-02 06:59", True), ("2026-07-02 07:00", False)],
)
def test_a_night_goes_over_midnight(at: str, inside: bool) -> None:
    """The start is inside, the end is not."""
    assert NIGHT.holds(utc(at), BERLIN) is inside
    assert NIGHT.holds(utc(at) - 1, BERLIN) is (at in ("2026-07-02 06:59", "2026-07-02 07:00"))


@pytest.mark.parametrize(
    ("start", "end", "at", "left"),
    [
        ("22:00", "09:00", "2026-07-01 20:00", "2026-07-02 07:00"),
        ("22:00", "09:00", "2026-03-28 22:00", "2026-03-29 07:00"),  # an hour is missing
        ("22:00", "09:00", "2026-10-24 21:00", "2026-10-25 08:00"),  # an hour comes twice
        ("01:30", "02:30", "2026-03-29 00:40", "2026-03-29 01:00"),  # 02:30 does not exist: out at 03:00
        ("01:00", "02:30", "2026-10-25 00:10", "2026-10-25 00:30"),  # 02:30 comes twice: out at the first
        ("02:00", "02:30", "2026-10-25 01:10", "2026-10-25 01:30"),  # and in again for the second
        ("02:30", "03:30", "2026-10-25 00:40", "2026-10-25 01:00"),  # the clock goes back out of the window
        ("02:00", "03:00", "2026-10-25 00:10", "2026-10-25 02:00"),  # and stays inside it
        ("00:00", "00:01", "2026-07-01 22:00", "2026-07-01 22:01"),
    ],
)
def test_a_window_is_left_where_the_clock_shows_its_end_or_changes(start: str, end: str, at: str, left: str) -> None:
    """The first instant outside, whatever the clocks do meanwhile."""
    assert clock_window(start, end).left(utc(at), BERLIN) == utc(left)


@given(st.integers(0, 1439), st.integers(0, 1439), st.integers(utc("2025-01-01 00:00"), utc("2030-12-31 00:00")))
def test_inside_until_left_and_outside_then(start: int, end: int, at: int) -> None:
    """Every minute up to the end is inside, in a zone that changes by half an hour."""
    where, window = zone("Australia/Lord_Howe"), ClockWindow(start, end)
    if start == end or not window.holds(at, where):
        return
    left = window.left(at, where)
    assert at < left <= at + 25 * HOUR
    assert all(window.holds(instant, where) for instant in (*range(at, left, 10 * MINUTE), left - 1))
    assert not window.holds(left, where)


@pytest.mark.parametrize(
    ("unit", "start", "end"),
    [
        ("day", "2026-06-30 22:00", "2026-07-01 22:00"),
        ("week", "2026-06-28 22:00", "2026-07-05 22:00"),
        ("month", "2026-06-30 22:00", "2026-07-31 22:00"),
    ],
)
def test_periods_are_those_of_the_local_calendar(unit: str, start: str, end: str) -> None:
    """A day, a week from Monday, a month; the first instant is inside, the last is not."""
    for at in (utc(start), utc("2026-07-01 12:00"), utc("2026-07-01 22:00") - 1):
        if utc(start) <= at < utc(end):
            assert period_of(unit, at, BERLIN) == (utc(start), utc(end))
    assert period_of(unit, utc(start) - 1, BERLIN)[1] == utc(start)
    assert period_of(unit, utc(end), BERLIN)[0] == utc(end)


@pytest.mark.parametrize(
    ("name", "at", "length"),
    [
        ("Europe/Berlin", "2026-03-29 12:00", 23 * HOUR),
        ("Europe/Berlin", "2026-10-25 12:00", 25 * HOUR),
        ("Australia/Lord_Howe", "2026-10-04 02:00", 23 * HOUR + 30 * MINUTE),
        ("Australia/Lord_Howe", "2026-04-05 02:00", 24 * HOUR + 30 * MINUTE),
        ("Antarctica/Troll", "2026-03-29 12:00", 22 * HOUR),
        ("UTC", "2026-03-29 12:00", DAY),
    ],
)
def test_days_are_as_long_as_they_are(name: str, at: str, length: int) -> None:
    """22, 23, 23.5, 24, 24.5 or 25 hours."""
    start, end = period_of("day", utc(at), zone(name))
    assert end - start == length


@given(st.sampled_from(PERIODS), st.integers(utc("2025-01-01 00:00"), utc("2030-12-31 00:00")))
def test_an_instant_lies_in_its_period(unit: str, at: int) -> None:
    """And the periods follow each other without a gap."""
    where = zone("America/Havana")
    start, end = period_of(unit, at, where)
    assert start <= at < end
    assert period_of(unit, end, where)[0] == end
    assert period_of(unit, start - 1, where)[1] == start


def test_a_week_may_begin_in_the_year_before() -> None:
    """1 January 2026 is a Thursday; December ends where January begins."""
    utc_zone = zone("UTC")
    assert period_of("week", utc("2026-01-01 00:00"), utc_zone)[0] == utc("2025-12-29 00:00")
    assert period_of("month", utc("2025-12-31 23:59"), utc_zone)[1] == utc("2026-01-01 00:00")
