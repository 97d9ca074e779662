"""Schedules name local dates and times: month ends, clock changes and skipped days included."""

from __future__ import annotations

from itertools import islice
from typing import Any

import pytest

from retention_engine.errors import DefinitionError
from retention_engine.rules import Schedule, daily, every, monthly, weekly
from retention_engine.timing import HOUR, to_instant, to_text, zone


def dues(schedule: Schedule, after: str, count: int, where: str = "UTC") -> list[str]:
    """Return the next dates and UTC times, such as ``2026-03-01 10:00``."""
    found = islice(schedule.occurrences(to_instant(after), zone(where)), count)
    return [f"{day} {to_text(due)[11:16]}" for day, due in found]


def test_daily_is_every_date() -> None:
    """The date of the instant comes first, even when its time has passed."""
    assert dues(daily(at="09:00"), "2026-02-27T12:00:00Z", 3) == [
        "2026-02-27 09:00",
        "2026-02-28 09:00",
        "2026-03-01 09:00",
    ]


def test_weekly_is_some_weekdays() -> None:
    """In the order of the calendar, whatever the order of the names."""
    assert dues(weekly("fri", "mon"), "2026-03-01T00:00:00Z", 3) == [
        "2026-03-02 10:00",
        "2026-03-06 10:00",
        "2026-03-09 10:00",
    ]


MONTHS = [
    (31, ["2028-01-31", "2028-02-29", "2028-03-31", "2028-04-30"]),
    (30, ["2028-01-30", "2028-02-29", "2028-03-30", "2028-04-30"]),
    (29, ["2028-01-29", "2028-02-29", "2028-03-29", "2028-04-29"]),
    (1, ["2028-01-01", "2028-02-01", "2028-03-01", "2028-04-01"]),
]


@pytest.mark.parametrize(("day", "dates"), MONTHS)
def test_monthly_falls_on_the_last_day_of_shorter_months(day: int, dates: list[str]) -> None:
    """Computed from the day asked for, never from the shortened one (T13)."""
    assert [found[:10] for found in dues(monthly(day), "2028-01-01T00:00:00Z", 4)] == dates


def test_a_year_without_29_february_uses_the_28th() -> None:
    """Monthly on the 29th is due every month of every year."""
    assert dues(monthly(29), "2026-02-01T00:00:00Z", 1) == ["2026-02-28 10:00"]


CLOCKS = [
    ("Europe/Berlin", "2026-03-28T12:00:00Z", "02:30", ["2026-03-28 01:30", "2026-03-29 01:00", "2026-03-30 00:30"]),
    ("Europe/Berlin", "2026-10-24T12:00:00Z", "02:30", ["2026-10-24 00:30", "2026-10-25 00:30", "2026-10-26 01:30"]),
    ("Africa/Cairo", "2024-04-25T12:00:00Z", "00:00", ["2024-04-25 22:00", "2024-04-26 22:00", "2024-04-27 21:00"]),
]


@pytest.mark.parametrize(("where", "after", "at", "found"), CLOCKS)
def test_a_skipped_time_is_due_right_after_the_gap(where: str, after: str, at: str, found: list[str]) -> None:
    """A time that comes twice is due at its first coming; every date is due once."""
    times = [each[11:] for each in found]
    assert [each[11:] for each in dues(daily(at=at), after, 3, where)] == times


WRONG: list[tuple[Any, str]] = [
    (lambda: daily(at="9:00"), "a time of day is written HH:MM, not '9:00'"),
    (lambda: daily(at="24:00"), "HH:MM, not '24:00'"),
    (lambda: daily(at="12:60"), "HH:MM, not '12:60'"),
    (lambda: daily(at="١٢:٠٠"), "HH:MM"),
    (lambda: daily(at="ab:cd"), "HH:MM"),
    (lambda: daily(at=900), "HH:MM, not 900"),
    (lambda: weekly(), "needs at least one weekday"),
    (lambda: weekly("munday"), "unknown weekday 'munday'"),
    (lambda: weekly(["mon"]), "unknown weekday ['mon']"),
    (lambda: monthly(0), "takes a day from 1 to 31, not 0"),
    (lambda: monthly(32), "not 32"),
    (lambda: monthly(True), "not True"),
    (lambda: monthly("1"), "not '1'"),
    (lambda: Schedule("monthly", (), "10:00"), "not none"),
    (lambda: Schedule("monthly", (1, 2), "10:00"), "not 1, 2"),
    (lambda: Schedule("daily", ("mon",), "10:00"), "daily() takes no days, not ('mon',)"),
    (lambda: Schedule("yearly", (), "10:00"), "unknown schedule 'yearly'"),
    (lambda: every(daily), "every() takes daily(), weekly() or monthly(), not <function"),
]


@pytest.mark.parametrize(("build", "message"), WRONG)
def test_a_wrong_schedule_fails_where_it_is_written(build: Any, message: str) -> None:
    """The message names what is allowed and what was given."""
    with pytest.raises(DefinitionError) as caught:
        build()
    assert message in str(caught.value)


@pytest.mark.parametrize("made", [daily(), weekly("sun", "mon", at="00:00"), monthly(31, at="23:59")])
def test_a_schedule_prints_as_the_call_that_builds_it(made: Schedule) -> None:
    """``eval(repr(schedule))`` is equal and hashes equal."""
    again = eval(repr(made))
    assert again == made
    assert hash(again) == hash(made)


def test_a_weekday_named_twice_counts_once() -> None:
    """However it is built."""
    assert weekly("mon", "mon") == Schedule("weekly", ("mon", "mon"), "10:00") == weekly("mon")


def test_days_follow_each_other_over_a_skipped_date() -> None:
    """Samoa had no 30 December 2011: what was due then is due as the 31st begins."""
    found = list(islice(daily(at="10:00").occurrences(to_instant("2011-12-29T12:00:00Z"), zone("Pacific/Apia")), 3))
    assert [str(day) for day, _ in found] == ["2011-12-29", "2011-12-30", "2011-12-31"]
    assert found[2][1] - found[1][1] == 10 * HOUR


def test_the_calendar_ends_with_the_year_9998() -> None:
    """What comes once a month is not looked for beyond it."""
    assert dues(monthly(1), "9998-11-15T00:00:00Z", 5) == ["9998-12-01 10:00"]
