"""Steps that wait: values with names, and the instants they wait for, clock changes included."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention_engine.errors import DefinitionError
from retention_engine.predicates import carts, customer, orders
from retention_engine.rules import Delay, Schedule, Step, WaitFor, WaitUntil, daily, monthly, read_step, weekly
from retention_engine.rules.schedules import instant_on
from retention_engine.testing.strategies import corners
from retention_engine.timing import DAY, LATEST, NEVER, days, hours, local_date, to_instant, to_text, zone

ROUND = [
    (Delay(days(3)), "Delay(days(3))"),
    (Delay(days(3), name="pause"), "Delay(days(3), name='pause')"),
    (WaitUntil(daily(at="09:00")), "WaitUntil(daily(at='09:00'))"),
    (WaitUntil(weekly("mon", "fri"), name="w"), "WaitUntil(weekly('mon', 'fri', at='10:00'), name='w')"),
    (WaitUntil(monthly(31, at="08:00")), "WaitUntil(monthly(31, at='08:00'))"),
    (WaitFor(orders.exists(), hours(5)), "WaitFor(orders.exists(), hours(5))"),
    (
        WaitFor(orders.exists() & ~carts.exists(), hours(5), on_timeout="exit", name="w"),
        "WaitFor(orders.exists() and not carts.exists(), hours(5), on_timeout='exit', name='w')",
    ),
]


@pytest.mark.parametrize(("step", "text"), ROUND)
def test_a_wait_prints_as_the_call_that_builds_it(step: Step, text: str) -> None:
    """The text form leaves defaults out and reads back; ``eval(repr(step))`` is equal and hashes equal."""
    assert str(step) == text
    assert read_step(text) == step
    assert eval(repr(step)) == step
    assert hash(eval(repr(step))) == hash(step)


def test_waits_are_named_by_what_they_wait_for() -> None:
    """A name given wins; it is what an enrolment remembers."""
    assert Delay(days(3)).name == "delay days(3)"
    assert WaitUntil(daily(at="09:00")).name == "wait until daily(at='09:00')"
    assert WaitFor(orders.exists(), days(3)).name == "wait orders.exists()"
    assert len(WaitFor(customer.city == "x" * 300, days(3)).name) == 200


WRONG: list[tuple[Any, str]] = [
    (lambda: Delay(3), "Delay takes a span above zero such as days(3), not 3"),
    (lambda: Delay(days(0)), "not days(0)"),
    (lambda: Delay(days(1), name="\u200b"), "name is"),
    (lambda: WaitUntil("mon"), "WaitUntil takes daily(), weekly() or monthly(), not 'mon'"),
    (lambda: WaitUntil(days(1)), "WaitUntil takes daily(), weekly() or monthly(), not days(1)"),
    (lambda: WaitUntil(daily(), name=""), "name is"),
    (lambda: WaitFor(True, days(1)), "WaitFor takes a predicate, not True"),
    (lambda: WaitFor(orders, days(1)), "WaitFor takes a predicate, not orders"),
    (lambda: WaitFor(orders.exists(), 3), "WaitFor takes a timeout above zero such as days(3), not 3"),
    (lambda: WaitFor(orders.exists(), days(0)), "not days(0)"),
    (lambda: WaitFor(orders.exists(), days(1), on_timeout="stop"), "'continue' or 'exit', not 'stop'"),
]


@pytest.mark.parametrize(("build", "message"), WRONG)
def test_a_wrong_wait_fails_where_it_is_written(build: Any, message: str) -> None:
    """The message names the part, what is allowed, and what was given."""
    with pytest.raises(DefinitionError) as caught:
        build()
    assert message in str(caught.value)


def until(schedule: Schedule, now: str, where: str) -> str:
    """Return the end of a wait as text."""
    return to_text(WaitUntil(schedule).until(to_instant(now), zone(where)))[:16]


WORKDAYS = weekly("mon", "tue", "wed", "thu", "fri", at="09:00")
NOON = daily(at="12:00")
NIGHT = daily(at="02:30")
INSTANTS = [
    (NOON, "2026-05-01T11:59:00Z", "UTC", "2026-05-01T12:00"),
    (NOON, "2026-05-01T12:00:00Z", "UTC", "2026-05-01T12:00"),
    (NOON, "2026-05-01T12:00:00.000001Z", "UTC", "2026-05-02T12:00"),
    (monthly(31), "2026-02-10T00:00:00Z", "UTC", "2026-02-28T10:00"),
    (NIGHT, "2026-03-28T23:30:00Z", "Europe/Berlin", "2026-03-29T01:00"),  # skipped: the clock jumps to 03:00
    (NIGHT, "2026-03-29T01:00:00Z", "Europe/Berlin", "2026-03-29T01:00"),
    (NIGHT, "2026-03-29T01:00:01Z", "Europe/Berlin", "2026-03-30T00:30"),
    (NIGHT, "2026-10-25T00:00:00Z", "Europe/Berlin", "2026-10-25T00:30"),  # twice: the first one
    (NIGHT, "2026-10-25T00:45:00Z", "Europe/Berlin", "2026-10-26T01:30"),
    (weekly("fri"), "2011-12-30T09:59:00Z", "Pacific/Apia", "2011-12-30T10:00"),  # the whole date is skipped
    (weekly("fri"), "2011-12-30T10:00:00Z", "Pacific/Apia", "2011-12-30T10:00"),
    (weekly("fri"), "2011-12-30T10:00:01Z", "Pacific/Apia", "2012-01-05T20:00"),
    (WORKDAYS, "2026-05-02T09:13:00Z", "Asia/Tokyo", "2026-05-04T00:00"),
]


@pytest.mark.parametrize(("schedule", "now", "where", "expected"), INSTANTS)
def test_a_wait_for_the_calendar_ends_at_the_first_instant_it_names(
    schedule: Schedule, now: str, where: str, expected: str
) -> None:
    """At or after now, on the customer's own calendar; no wait at that very instant."""
    assert until(schedule, now, where) == expected


def test_the_send_hour_holds_on_the_next_allowed_weekday() -> None:
    """Saturday 18:13 in Tokyo, weekdays at 09:00: Monday 09:00, not Monday 18:13 (F23, mautic 17283)."""
    found = WaitUntil(WORKDAYS).until(to_instant("2026-05-02T18:13:00+09:00"), zone("Asia/Tokyo"))
    assert found == to_instant("2026-05-04T09:00:00+09:00")


def test_an_hour_after_several_delays_is_on_several_dates() -> None:
    """A delay of 0, 1 and 5 days before the hour gives three different dates (F27, mautic 6755)."""
    now, where = to_instant("2026-05-04T08:00:00+09:00"), zone("Asia/Tokyo")
    found = [WaitUntil(daily(at="09:00")).until(now + days(count).micros, where) for count in (0, 1, 5)]
    assert [local_date(each, where).day for each in found] == [4, 5, 9]


SCHEDULES = st.sampled_from((NIGHT, daily(at="00:00"), daily(at="23:30"), WORKDAYS, weekly("sun"), monthly(31)))


@given(corners(), SCHEDULES, st.integers(-3 * DAY, 3 * DAY) | st.sampled_from((-1, 0, 1, DAY)))
def test_no_instant_of_the_schedule_lies_between(corner: tuple[str, int], schedule: Schedule, apart: int) -> None:
    """Near every awkward moment of a zone the wait ends where going through all dates ends it."""
    where, now = zone(corner[0]), corner[1] + apart
    first = local_date(now, where).toordinal()
    dates = (local_date(now, where).fromordinal(day) for day in range(first - 5, first + 40))
    named = [instant_on(day, schedule.at, where) for day in dates if schedule.falls_on(day)]
    found = WaitUntil(schedule).until(now, where)
    assert found == min(each for each in named if each >= now)
    assert WaitUntil(schedule).until(found, where) == found


def test_after_the_last_date_there_is_nothing_to_wait_for() -> None:
    """The calendar ends with the year 9999."""
    assert WaitUntil(daily(at="00:00")).until(LATEST, zone("UTC")) == NEVER
