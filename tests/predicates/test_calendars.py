"""Questions about the customer's own calendar: exact at local midnights, over leap years and clock changes."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from attrs import evolve

from retention_engine.errors import DefinitionError
from retention_engine.facts import AttributeChanged
from retention_engine.predicates import (
    Dates,
    MonthDay,
    Truth,
    Verdict,
    Yearly,
    calendars,
    customer,
    dates,
    local,
    month_day,
    yearly,
)
from retention_engine.testing import walk
from retention_engine.timing import days, local_days, to_instant, to_text, zone
from tests.predicates._shop import WHO, ask, holds, knows, on, see


def born(value: Any) -> list[Any]:
    """Return the fact that sets the birthday."""
    return knows(-1, birthday=value)


def true_spans(predicate: Truth, *facts: Any, start: str, end: str, zone: str = "UTC") -> list[tuple[str, str]]:
    """Return the spans of instants at which a predicate holds, as ISO texts, by walking its horizons."""
    view = see(*facts, zone=zone)
    steps = walk(predicate, lambda now: evolve(view, now=now), start, to=to_instant(end))
    return [
        (to_text(now), "" if verdict.until is None else to_text(verdict.until))
        for now, verdict in steps
        if verdict.holds
    ]


PERIODS = [
    ("UTC", ("2026-11-27T00:00:00Z", "2026-12-01T00:00:00Z")),
    ("Asia/Tokyo", ("2026-11-26T15:00:00Z", "2026-11-30T15:00:00Z")),
    ("America/New_York", ("2026-11-27T05:00:00Z", "2026-12-01T05:00:00Z")),
]


@pytest.mark.parametrize(("where", "span"), PERIODS)
def test_a_period_holds_on_its_local_dates(where: str, span: tuple[str, str]) -> None:
    """Both dates are inclusive, from local midnight to local midnight."""
    period = dates("2026-11-27", "2026-11-30")
    assert true_spans(period, start="2026-01-01T00:00:00Z", end="2030-01-01T00:00:00Z", zone=where) == [span]


CHANGES = [
    ("Africa/Cairo", "2024-04-26", ("2024-04-25T22:00:00Z", "2024-04-26T21:00:00Z")),  # from 01:00: no midnight
    ("Africa/Cairo", "2024-10-31", ("2024-10-30T21:00:00Z", "2024-10-31T22:00:00Z")),  # 25 hours
    ("America/Havana", "2024-11-03", ("2024-11-03T04:00:00Z", "2024-11-04T05:00:00Z")),  # from the first midnight
    ("America/St_Johns", "2010-11-06", ("2010-11-06T02:30:00Z", "2010-11-07T02:30:00Z")),  # not its second evening
    ("America/Sao_Paulo", "2018-11-04", ("2018-11-04T03:00:00Z", "2018-11-05T02:00:00Z")),
    ("Pacific/Apia", "2011-12-31", ("2011-12-30T10:00:00Z", "2011-12-31T10:00:00Z")),
]


@pytest.mark.parametrize(("where", "day", "span"), CHANGES)
def test_a_day_starts_at_its_first_instant(where: str, day: str, span: tuple[str, str]) -> None:
    """Days whose midnight is missing or comes twice start once, and days follow each other without a gap."""
    start, end = to_text(to_instant(f"{day}T00:00:00Z") - days(5).micros), f"{day[:4]}-12-31T23:00:00Z"
    assert true_spans(dates(day, day), start=start, end=end, zone=where) == [span]


def test_a_day_that_does_not_exist_never_comes() -> None:
    """Samoa skipped 30 December 2011."""
    skipped = dates("2011-12-30", "2011-12-30")
    assert true_spans(skipped, start="2011-12-01T00:00:00Z", end="2012-02-01T00:00:00Z", zone="Pacific/Apia") == []


YEARLY = [
    (yearly(customer.birthday), "1990-03-05", ["2026-03-05", "2027-03-05", "2028-03-05"]),
    (yearly(customer.birthday, before=local_days(7)), "1990-01-03", ["2026-12-27", "2027-12-27"]),
    (yearly(customer.birthday), "--02-29", ["2027-02-28", "2028-02-29"]),
    (yearly(customer.birthday, leap="mar1"), "1992-02-29", ["2026-03-01", "2027-03-01", "2028-02-29"]),
    (yearly(month_day(12, 31), lasting=local_days(2)), None, ["2026-12-31", "2027-12-31"]),
    (
        yearly(month_day(3, 1), before=local_days(1), lasting=local_days(3)),
        None,
        ["2026-03-01", "2027-02-28", "2028-02-29"],
    ),
    (yearly(customer.birthday), "yesterday", []),
    (yearly(customer.birthday), "2024-W01-1", []),
    (yearly(customer.birthday), None, []),
    (yearly(customer.birthday), 229, []),
]


@pytest.mark.parametrize(("predicate", "birthday", "starts"), YEARLY)
def test_a_yearly_date_comes_once_a_year(predicate: Truth, birthday: Any, starts: list[str]) -> None:
    """Walked from 1 March 2026 to the end of May 2028; what is no date never comes."""
    spans = true_spans(predicate, *born(birthday), start="2026-03-01T00:00:00Z", end="2028-06-01T00:00:00Z")
    assert [start.removesuffix("T00:00:00Z") for start, _ in spans] == starts


def test_a_yearly_date_of_an_instant_is_its_local_date() -> None:
    """23:30 UTC on 4 March is 5 March in Berlin."""
    first = AttributeChanged(id="1", customer=WHO, at=0, name="first", value="2020-03-04T23:30:00Z", is_instant=True)
    assert ask(yearly(customer.first), first, zone="Europe/Berlin") == Verdict(False, on(3 + 23 / 24))


def test_years_that_touch_are_one_span() -> None:
    """365 days a year leave a gap only in leap years."""
    always = yearly(month_day(3, 1), lasting=local_days(365))
    spans = true_spans(always, start="2026-03-01T00:00:00Z", end="2031-01-01T00:00:00Z")
    assert spans == [("2026-03-01T00:00:00Z", "2028-02-29T00:00:00Z"), ("2028-03-01T00:00:00Z", "2032-02-29T00:00:00Z")]


def test_a_customer_without_the_date_has_no_horizon() -> None:
    """Only a fact can change that."""
    assert ask(yearly(customer.birthday)) == Verdict(False, None)


CLOCKS = [
    (local.hour == 0, "UTC", Verdict(True, on(1 / 24))),
    (local.hour >= 9, "UTC", Verdict(False, on(9 / 24))),
    (local.hour >= 9, "Asia/Tokyo", Verdict(True, on(15 / 24))),
    (local.hour.is_in(22, 23), "UTC", Verdict(False, on(22 / 24))),
    (local.weekday == "sun", "UTC", Verdict(True, on(1))),
    (local.weekday == "sun", "America/New_York", Verdict(False, on(5 / 24))),
    (local.weekday.is_in("sat", "sun"), "UTC", Verdict(True, on(1))),
    (local.weekday.starts_with("t"), "UTC", Verdict(False, on(2))),
]


@pytest.mark.parametrize(("predicate", "where", "expected"), CLOCKS)
def test_the_clock_is_the_customers(predicate: Truth, where: str, expected: Verdict) -> None:
    """1 March 2026 was a Sunday; hours and weekdays turn at local full hours and midnights."""
    assert ask(predicate, zone=where) == expected


def test_an_hour_that_does_not_exist_never_comes() -> None:
    """In Berlin there was no 02:00 on 31 March 2024, and two on 27 October."""
    two = local.hour == 2
    spring = true_spans(two, start="2024-03-30T12:00:00Z", end="2024-04-01T10:00:00Z", zone="Europe/Berlin")
    autumn = true_spans(two, start="2024-10-26T12:00:00Z", end="2024-10-27T12:00:00Z", zone="Europe/Berlin")
    assert spring == [("2024-04-01T00:00:00Z", "2024-04-01T01:00:00Z")]
    assert autumn == [("2024-10-27T00:00:00Z", "2024-10-27T02:00:00Z")]


def test_an_hour_turns_where_the_clock_changes_before_it_is_full() -> None:
    """In St. John's the clock went from 00:01 back to 23:01 on 7 November 2010."""
    midnight = local.hour == 0
    spans = true_spans(midnight, start="2010-11-06T12:00:00Z", end="2010-11-07T12:00:00Z", zone="America/St_Johns")
    assert spans == [
        ("2010-11-07T02:30:00Z", "2010-11-07T02:31:00Z"),
        ("2010-11-07T03:30:00Z", "2010-11-07T04:30:00Z"),
    ]


WRITTEN = [
    (yearly(customer.birthday), "yearly(customer.birthday, before=local_days(0), lasting=local_days(1))"),
    (
        yearly(month_day(3, 8), leap="mar1"),
        "yearly(month_day(3, 8), before=local_days(0), lasting=local_days(1), leap='mar1')",
    ),
    (dates("20261127", date(2026, 11, 30)), "dates('2026-11-27', '2026-11-30')"),
    (local.weekday == "sat", "local.weekday == 'sat'"),
]


@pytest.mark.parametrize(("predicate", "text"), WRITTEN)
def test_a_calendar_question_is_written_in_full(predicate: Truth, text: str) -> None:
    """Only the default leap rule is left out."""
    assert str(predicate) == text


WRONG = [
    (lambda: month_day(2, 30), "no such day of the year: month 2, day 30"),
    (lambda: month_day(13, 1), "month 13, day 1"),
    (lambda: month_day(True, 1), "month True, day 1"),
    (lambda: MonthDay("3", 8), "month '3', day 8"),  # type: ignore[arg-type]  # it must be refused
    (lambda: yearly("03-08"), "yearly() takes an attribute or month_day(m, d), not '03-08'"),
    (lambda: yearly(customer.birthday, before=days(7)), "yearly() takes before=local_days(n), not days(7)"),
    (lambda: yearly(customer.birthday, lasting=7), "yearly() takes lasting=local_days(n), not 7"),
    (
        lambda: yearly(customer.birthday, lasting=local_days(0)),
        "lasts local_days(1) to local_days(365), not local_days(0)",
    ),
    (lambda: yearly(customer.birthday, lasting=local_days(366)), "not local_days(366)"),
    (lambda: yearly(customer.birthday, leap="march"), "leap is one of feb28, mar1, not 'march'"),
    (lambda: dates("2026-11-30", "2026-11-27"), "the earlier date first, not 2026-11-30 and 2026-11-27"),
    (lambda: dates("27.11.2026", "2026-11-30"), "a date is written YYYY-MM-DD, not '27.11.2026'"),
    (lambda: dates("2026-11-27", 5), "a date is written YYYY-MM-DD, not 5"),
    (lambda: dates("1899-12-31", "2026-11-27"), "a date lies between 1900 and 2900, not '1899-12-31'"),
    (lambda: dates("2026-11-27", "2901-01-01"), "a date lies between 1900 and 2900, not '2901-01-01'"),
    (lambda: local_days(367), "local_days takes a whole number from 0 to 366, not 367"),
]


@pytest.mark.parametrize(("build", "message"), WRONG)
def test_a_wrong_calendar_question_fails_where_it_is_written(build: Any, message: str) -> None:
    """Each names what is allowed and what was given."""
    with pytest.raises(DefinitionError) as caught:
        build()
    assert message in str(caught.value)


def test_calendar_questions_read_the_zone() -> None:
    """A change of zone makes the engine ask again."""
    asked = [dates("2026-01-01", "2026-01-02"), local.hour >= 9, yearly(month_day(3, 8))]
    assert {name for predicate in asked for name in predicate.reads()} == {"customer.zone"}
    assert yearly(customer.birthday).reads() == {"customer.zone", "customer.birthday"}


DAYS = [
    ("2024-02-29", (2, 29)),
    ("--02-29", (2, 29)),
    ("0001-01-01", (1, 1)),
    *((value, None) for value in ("2023-02-29", "--02-30", "2024-2-9", "20240209", "--0209", "2024-W01-1", "--W01-1")),
    *((value, None) for value in ("2024-02-29T00:00", "", "x" * 100, "２０２４-02-29", 229, None, True)),
]


@pytest.mark.parametrize(("value", "expected"), DAYS)
def test_only_a_plain_date_is_a_day_of_the_year(value: Any, expected: Any) -> None:
    """``YYYY-MM-DD`` and ``--MM-DD``, nothing else that ISO 8601 allows."""
    found = calendars.parse_day(value)
    assert (found and (found.month, found.day)) == expected


def test_a_gap_at_the_end_of_time_is_no_error() -> None:
    """In the last years there is no period to come."""
    view = evolve(see(zone="UTC"), now=to_instant("9998-06-01T00:00:00Z"), where=zone("UTC"))
    assert Yearly(month_day(3, 8), local_days(0), local_days(1)).verdict(view) == Verdict(False, None)
    assert Dates(date(2026, 1, 1), date(2026, 1, 2)).verdict(view) == Verdict(False, None)


def test_holds_is_the_truth_of_a_verdict() -> None:
    """On the day itself the birthday holds until midnight."""
    assert holds(yearly(customer.birthday), *born("1990-03-01"))
    assert ask(yearly(customer.birthday), *born("1990-03-01")) == Verdict(True, on(1))
