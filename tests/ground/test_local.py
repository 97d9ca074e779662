"""The local calendar, in every zone of the world and around every change of its clocks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention_engine.errors import TimeError
from retention_engine.timing import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    anniversary,
    at_local,
    days_from,
    is_zone,
    local_date,
    local_hour,
    next_day,
    next_hour,
    start_of_day,
    to_instant,
    to_utc,
    zone,
)

whenever = pytest.importorskip("whenever", reason="the oracle for local time is not installed: group oracles")

FIRST, LAST = to_instant("2024-01-01T00:00:00Z"), to_instant("2031-01-01T00:00:00Z")
ODD = [  # changes at midnight, by 30 minutes or two hours, over a day that does not exist, or within the first minute
    "Africa/Cairo",
    "America/Havana",
    "America/Santiago",
    "America/St_Johns",
    "Antarctica/Troll",
    "Asia/Beirut",
    "Asia/Kathmandu",
    "Atlantic/Azores",
    "Australia/Lord_Howe",
    "Europe/London",
    "Pacific/Apia",
    "Pacific/Kiritimati",
]
ZONES = sorted(available_timezones())
GROUPS = [ZONES[start : start + 60] for start in range(0, len(ZONES), 60)]


def offset(instant: int, where: ZoneInfo) -> timedelta | None:
    """Return the offset in force."""
    return to_utc(instant).astimezone(where).utcoffset()


@cache
def changes(name: str, first: int = FIRST, last: int = LAST) -> list[int]:
    """Return the instants at which the clocks of a zone change."""
    where, found = zone(name), []
    for start in range(first, last, 3 * DAY):
        low, high = start, start + 3 * DAY
        if offset(low, where) != offset(high, where):
            while high - low > SECOND:
                middle = (low + high) // 2 // SECOND * SECOND
                low, high = (middle, high) if offset(middle, where) == offset(low, where) else (low, middle)
            found.append(high)
    return found


STEPS = (1, SECOND, 20 * MINUTE, HOUR, 3 * HOUR, 13 * HOUR, DAY, 25 * HOUR)


def probes(name: str, first: int = FIRST, last: int = LAST) -> Iterator[int]:
    """Yield instants on both sides of every change, near and far."""
    for change in changes(name, first, last) or [first]:
        yield change
        for step in STEPS:
            yield from (change - step, change + step)


@pytest.mark.slow
@pytest.mark.parametrize("names", GROUPS, ids=lambda names: names[0])
def test_days_follow_each_other_in_every_zone(names: list[str]) -> None:
    """Around every change an instant lies inside its own day, and the next day begins where it ends."""
    for name in names:
        where = zone(name)
        for instant in probes(name):
            day, end = local_date(instant, where), next_day(instant, where)
            assert start_of_day(day, where) <= instant < end, (name, instant)
            assert local_date(end - 1, where) == day, (name, instant)
            assert local_date(end, where) > day, (name, instant)
            assert start_of_day(local_date(end, where), where) == end, (name, instant)


@pytest.mark.slow
@pytest.mark.parametrize("names", GROUPS, ids=lambda names: names[0])
def test_a_clock_hour_lasts_until_the_next_one_in_every_zone(names: list[str]) -> None:
    """Around every change the hour on the clock stays the same up to the instant promised, at most an hour on."""
    for name in names:
        where = zone(name)
        for instant in probes(name):
            end = next_hour(instant, where)
            assert instant < end <= instant + HOUR, (name, instant)
            assert local_hour(end - 1, where) == local_hour(instant, where), (name, instant)


def expected(day: date, hour: int, minute: int, name: str) -> int:
    """Return the instant of a wall time as the oracle sees it: the first in a fold, the change itself in a gap."""
    plain = whenever.PlainDateTime(day.year, day.month, day.day, hour, minute)
    early, late = (plain.assume_tz(name, disambiguation=which) for which in ("earlier", "later"))
    first, last = early.timestamp() * SECOND, late.timestamp() * SECOND
    if early.to_plain() == plain:
        return int(first)
    return next(change for change in changes(name, first - 3 * DAY, last + DAY) if first < change <= last)


@pytest.mark.slow
@pytest.mark.parametrize("names", GROUPS, ids=lambda names: names[0])
def test_wall_times_agree_with_the_oracle_in_every_zone(names: list[str]) -> None:
    """Midnights and wall times around every change are the instants that whenever finds."""
    for name in names:
        where = zone(name)
        for change in changes(name)[:4]:
            around = to_utc(change).astimezone(where).replace(tzinfo=None)
            for minutes in range(-150, 151, 25):
                wall = around + timedelta(minutes=minutes)
                got = at_local(wall.date(), wall.hour, wall.minute, where)
                assert got == expected(wall.date(), wall.hour, wall.minute, name), (name, wall)


@given(st.sampled_from(ODD), st.dates(date(1971, 1, 1), date(2037, 12, 30)), st.integers(0, 23), st.integers(0, 59))
def test_wall_times_agree_with_the_oracle_on_any_day(name: str, day: date, hour: int, minute: int) -> None:
    """Any wall time of half a century is the instant that whenever finds."""
    assert at_local(day, hour, minute, zone(name)) == expected(day, hour, minute, name)


@given(st.sampled_from(ODD), st.integers(0, LAST), st.integers(0, 3 * DAY))
def test_local_dates_never_go_back(name: str, instant: int, later: int) -> None:
    """Of two instants the later one has the same date or a later one, also where an evening is repeated."""
    where = zone(name)
    assert local_date(instant, where) <= local_date(instant + later, where)


def utc(text: str) -> int:
    """Return an instant written in UTC."""
    return to_instant(f"{text}:00Z")


KNOWN = [
    ("Africa/Cairo", date(2024, 4, 26), "2024-04-25T22:00"),  # midnight does not exist: the day starts at 01:00
    ("America/Havana", date(2024, 3, 10), "2024-03-10T05:00"),  # the same, at the other end of the world
    ("America/Havana", date(2024, 11, 3), "2024-11-03T04:00"),  # midnight comes twice: the first one
    ("America/Santiago", date(2024, 9, 8), "2024-09-08T04:00"),
    ("Asia/Beirut", date(2024, 3, 31), "2024-03-30T22:00"),
    ("Atlantic/Azores", date(2024, 3, 31), "2024-03-31T01:00"),
    ("Pacific/Apia", date(2011, 12, 29), "2011-12-29T10:00"),
    ("Pacific/Apia", date(2011, 12, 30), "2011-12-30T10:00"),  # the day that was left out
    ("Pacific/Apia", date(2011, 12, 31), "2011-12-30T10:00"),
    ("America/St_Johns", date(2010, 11, 7), "2010-11-07T02:30"),  # at 00:01 back to 23:01: it stays the seventh
    ("America/St_Johns", date(2010, 3, 14), "2010-03-14T03:30"),  # at 00:01 on to 01:01
    ("Europe/London", date(2024, 3, 31), "2024-03-31T00:00"),
]


@pytest.mark.parametrize(("name", "day", "start"), KNOWN)
def test_the_start_of_a_day_is_its_first_instant(name: str, day: date, start: str) -> None:
    """Where midnight is missing or repeated, the first instant of the date counts."""
    assert start_of_day(day, zone(name)) == utc(start)


def test_a_repeated_evening_belongs_to_the_new_day() -> None:
    """In St John's the clocks went back over midnight; the second 23:30 is still the seventh of November 2010."""
    where = zone("America/St_Johns")
    assert local_date(utc("2010-11-07T03:00"), where) == date(2010, 11, 7)
    assert local_hour(utc("2010-11-07T03:00"), where) == 23
    assert next_day(utc("2010-11-07T03:00"), where) == utc("2010-11-08T03:30")


def test_a_day_that_was_left_out_holds_no_instant() -> None:
    """Samoa had no 30 December 2011: the day after the 29th is the 31st."""
    where = zone("Pacific/Apia")
    before = utc("2011-12-30T09:59")
    assert local_date(before, where) == date(2011, 12, 29)
    assert next_day(before, where) == utc("2011-12-30T10:00")
    assert local_date(utc("2011-12-30T10:00"), where) == date(2011, 12, 31)


@pytest.mark.parametrize("name", ["Pacific/Kiritimati", "Etc/GMT+12", "UTC"])
@pytest.mark.parametrize("text", ["0001-01-03T00:00", "9998-11-24T00:00"])
def test_the_calendar_reaches_as_far_as_facts_do(name: str, text: str) -> None:
    """The first and the last instant a fact may have have a date, an hour and a next day."""
    where, instant = zone(name), utc(text)
    assert next_day(instant, where) > instant
    assert next_hour(instant, where) > instant


@pytest.mark.parametrize(
    "name", ["", "Mars/Olympus", "europe/london ", "../../etc/passwd", "/etc/passwd", "\0", "\ud800", "a" * 10**5]
)
def test_an_unknown_zone_is_refused(name: str) -> None:
    """Whatever is no IANA name is refused with one kind of error and is no zone."""
    assert not is_zone(name)
    with pytest.raises(TimeError, match="unknown time zone"):
        zone(name)


def test_a_misspelled_zone_is_told_the_nearest() -> None:
    """The message names the nearest zone."""
    with pytest.raises(TimeError, match="did you mean 'Europe/London'"):
        zone("Europe/Londn")


@pytest.mark.parametrize("name", [None, 5, ["Europe/London"]])
def test_what_is_no_text_is_no_zone(name: Any) -> None:
    """Asking never raises."""
    assert not is_zone(name)
    assert is_zone("Europe/London")


@given(st.integers(1, 12), st.integers(1, 28), st.integers(1, 9999))
def test_an_anniversary_keeps_its_day(month: int, day: int, year: int) -> None:
    """Days that every year has fall on themselves."""
    assert anniversary(month, day, year) == date(year, month, day)


LEAP = [(2024, "feb28", date(2024, 2, 29)), (2025, "feb28", date(2025, 2, 28)), (2025, "mar1", date(2025, 3, 1))]


@pytest.mark.parametrize(("year", "leap", "day"), LEAP)
def test_the_leap_day_falls_where_it_is_told(year: int, leap: str, day: date) -> None:
    """In a common year 29 February is celebrated on the 28th, or on 1 March."""
    assert anniversary(2, 29, year, leap) == day


def test_days_are_yielded_in_order() -> None:
    """Dates follow each other over a leap day."""
    days = days_from(date(2024, 2, 28))
    assert [next(days) for _ in range(3)] == [date(2024, 2, 28), date(2024, 2, 29), date(2024, 3, 1)]


def test_days_end_before_the_last_year() -> None:
    """The calendar has an end, and no error stands there."""
    assert list(days_from(date(9998, 12, 30))) == [date(9998, 12, 30), date(9998, 12, 31)]


def test_the_oracle_knows_the_transition_rule() -> None:
    """The oracle itself is checked once against a gap that everybody knows."""
    assert expected(date(2024, 3, 31), 2, 30, "Europe/Paris") == to_instant(datetime(2024, 3, 31, 1, tzinfo=UTC))
