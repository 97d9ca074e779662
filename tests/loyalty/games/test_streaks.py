"""Streaks: counted by dates, unmoved by clock changes and flights, broken only by a whole empty period."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from retention_engine.errors import DefinitionError, TimeError
from retention_engine.loyalty.games import Course, Pulse, Rhythm, course, length_steps, pulse_steps, risk_steps
from retention_engine.loyalty.games.streaks import first_day, period_end, period_number
from retention_engine.timing import DAY, EARLIEST, HOUR, days, hours, start_of_day, zone
from tests.loyalty.games._play import ZONES, at, walked_length

UTC = "UTC"
SPRINGS = {"Africa/Cairo": date(2026, 4, 14), "America/Santiago": date(2026, 8, 27)}
"""Some days before the clocks change; elsewhere it is March."""


def rhythm(period: str = "day", **more: Any) -> Rhythm:
    """Return a rhythm."""
    return Rhythm(**{"id": "daily", "period": period, **more})


def zones(*later: tuple[int, str], first: str = UTC) -> list[tuple[int, ZoneInfo]]:
    """Return the zones of a customer."""
    return [(EARLIEST, zone(first)), *((since, zone(name)) for since, name in later)]


def went(one: Rhythm, instants: Any, *later: tuple[int, str], first: str = UTC) -> Course:
    """Return how a streak went."""
    return course(one, instants, zones(*later, first=first))


def dense(count: int) -> st.SearchStrategy[list[tuple[int, int]]]:
    """Return (day, minute) pairs: most days have one or two, so that there are streaks at all."""
    day = st.sampled_from([(), (0,), (1439,), (30,), (720,), (90, 1300)])
    return st.lists(day, max_size=count).map(
        lambda rows: [(number, minute) for number, row in enumerate(rows) for minute in row]
    )


def on(where: str, pairs: list[tuple[int, int]], begin: date) -> list[int]:
    """Return the instants of local (day, minute) pairs, by elapsed minutes from the start of the local day."""
    area = zone(where)
    return [start_of_day(begin + timedelta(days=day), area) + minute * 60_000_000 * 22 // 24 for day, minute in pairs]


@given(
    st.sampled_from([*ZONES, UTC]),
    dense(45),
    st.sampled_from(["day", "day", "week", "month"]),
    st.integers(1, 2),
    st.integers(0, 3),
    st.integers(0, 100),
)
def test_the_length_is_that_of_a_walk_through_the_calendar(
    where: str, pairs: Any, period: str, least: int, freezes: int, ahead: int
) -> None:
    """Now and at every later instant, in zones that change their clocks, for days, weeks and months."""
    begin = SPRINGS.get(where, date(2026, 3, 1))
    instants = on(where, pairs, begin)
    one = rhythm(period, least=least, freezes=freezes)
    way = went(one, instants, first=where)
    now = max(instants, default=start_of_day(begin, zone(where)))
    steps = length_steps(way, now)
    assert all(early[1] != late[1] for early, late in pairwise(steps))
    probes = [now + ahead * 7 * HOUR, *(instant + nudge for instant, _ in steps for nudge in (-1, 0, 1))]
    for probe in (probe for probe in probes if probe >= now):
        wanted = walked_length(one, instants, probe, where)
        assert wanted == [value for instant, value in steps if instant <= probe][-1]
        assert (way.pulse(probe) is Pulse.BROKEN) == (wanted == 0)


@given(st.sampled_from(ZONES), dense(30), st.integers(0, 2))
def test_streak_tz_dates_with_clock_changes_equal_dates_without(where: str, pairs: Any, freezes: int) -> None:
    """The same dates and hours give the same length in a zone that changes its clocks and in one that does not."""
    begin = SPRINGS.get(where, date(2026, 3, 1))
    lengths = []
    for name in (where, "Asia/Kolkata"):
        instants = on(name, pairs, begin)
        end = start_of_day(begin + timedelta(days=30), zone(name)) - 1
        lengths.append(went(rhythm(freezes=freezes), instants, first=name).length(end))
    assert lengths[0] == lengths[1]


@given(dense(30), st.sampled_from(ZONES), st.sampled_from(ZONES), st.integers(0, 2))
def test_streak_tz_a_later_zone_changes_no_past(pairs: Any, where: str, other: str, freezes: int) -> None:
    """Whoever changes the zone in the profile afterwards keeps every period and the length."""
    instants = on(where, pairs, date(2026, 3, 1))
    now = max(instants, default=0)
    before = went(rhythm(freezes=freezes), instants, first=where)
    after = went(rhythm(freezes=freezes), instants, (now + 1, other), first=where)
    assert after.kept == before.kept
    assert after.length(now + 1) >= before.length(now + 1)
    assert after.length(now) == before.length(now)


@given(dense(30), st.integers(0, 35), st.integers(0, 1439), st.integers(1, 2), st.integers(0, 2))
def test_streak_mono_more_facts_never_lower_a_streak(
    pairs: Any, day: int, minute: int, least: int, freezes: int
) -> None:
    """A fact in a period of the present streak, or today."""
    begin, one = date(2026, 3, 1), rhythm(least=least, freezes=freezes)
    instants = on(UTC, pairs, begin)
    extra = on(UTC, [(day, minute)], begin)[0]
    now = max([*instants, extra])
    way = went(one, instants)
    length = way.length(now)
    first = way.kept[-length] if length else way.present(now)
    if period_number("day", begin) + day >= first:
        assert went(one, [*instants, extra]).length(now) >= length


@given(st.sampled_from(ZONES), dense(20), st.integers(0, 1), st.integers(0, 60), st.integers(0, 60))
def test_risk_and_pulse_steps_are_what_will_be(where: str, pairs: Any, freezes: int, lead: int, ahead: int) -> None:
    """Recomputed from the wall calendar: today is empty, the streak is not, and midnight is near."""
    begin = SPRINGS.get(where, date(2026, 3, 1))
    instants = on(where, pairs, begin)
    one, now = rhythm(freezes=freezes), max(instants, default=start_of_day(begin, zone(where)))
    way = went(one, instants, first=where)
    steps, pulses = risk_steps(way, now, hours(lead)), pulse_steps(way, now)
    probes = [now + ahead * HOUR, *(at_ + nudge for at_, _ in (*steps, *pulses) for nudge in (-1, 0, 1))]
    for probe in (probe for probe in probes if probe >= now):
        today = way.present(probe)
        end = start_of_day(date.fromordinal(today + 1), zone(where))
        empty = all(not end - DAY - HOUR <= each < end or way.present(each) != today for each in instants)
        alive = walked_length(one, instants, probe, where) > 0
        wanted = alive and empty and probe >= end - lead * HOUR
        assert wanted == [value for instant, value in steps if instant <= probe][-1]
        pulse = [value for instant, value in pulses if instant <= probe][-1]
        assert (pulse is Pulse.ALIVE) == (alive and not empty)
        assert (pulse is Pulse.BROKEN) == (not alive)
    assert all(early[1] != late[1] for early, late in pairwise(steps))


def test_a_streak_breaks_when_a_whole_day_has_passed_empty() -> None:
    """Monday, Tuesday, nothing on Wednesday: it breaks on Thursday at midnight, and not before."""
    way = went(rhythm(), [at("2026-03-02 23:59"), at("2026-03-03 00:00")])
    thursday = at("2026-03-05 00:00")
    assert length_steps(way, at("2026-03-03 00:00")) == [(at("2026-03-03 00:00"), 2), (thursday, 0)]
    pulses = pulse_steps(way, at("2026-03-03 00:00"))
    assert [value for _, value in pulses] == [Pulse.ALIVE, Pulse.AT_RISK, Pulse.BROKEN]
    risks = risk_steps(way, at("2026-03-03 00:00"), hours(3))
    assert risks[1:] == [(thursday - 3 * HOUR, True), (thursday, False)]


def test_freezes_are_used_one_by_one_and_come_back_with_the_month() -> None:
    """Two a month: 29 and 30 March are forgiven, 31 March is not; from 1 April there are two again."""
    one = rhythm(freezes=2)
    lost = went(one, [at("2026-03-28 12:00")])
    assert length_steps(lost, at("2026-03-28 12:00"))[1:] == [(at("2026-04-01 00:00"), 0)]
    kept = went(one, [at("2026-03-29 12:00")])
    assert length_steps(kept, at("2026-03-29 12:00"))[1:] == [(at("2026-04-04 00:00"), 0)]
    assert kept.pulse(at("2026-03-31 12:00")) is Pulse.FROZEN
    assert kept.length(at("2026-04-03 12:00")) == 1
    again = went(one, [at("2026-03-29 12:00"), at("2026-04-02 12:00")])
    assert (again.length(at("2026-04-02 12:00")), len(again.frozen)) == (2, 4)


def test_a_freeze_that_saved_one_streak_is_not_there_for_the_next() -> None:
    """The month's freeze went on the 3rd; the second streak breaks after its first empty day."""
    way = went(rhythm(freezes=1), [at("2026-03-02 12:00"), at("2026-03-10 12:00")])
    assert [(gap.number, gap.at) for gap in way.breaks] == [
        (date(2026, 3, 4).toordinal(), at("2026-03-05 00:00")),
        (date(2026, 3, 11).toordinal(), at("2026-03-12 00:00")),
    ]


def test_enough_freezes_never_break() -> None:
    """A month has no more than 31 days: there is no instant at which it breaks."""
    assert length_steps(went(rhythm(freezes=31), [at("2026-03-02 12:00")]), at("2026-03-02 12:00"))[1:] == []
    late = at("9998-12-01 12:00")
    assert length_steps(went(rhythm("month", freezes=1), [late]), late) == [(late, 1)]


@pytest.mark.parametrize("where", ZONES)
@pytest.mark.parametrize(
    "link", ["HabitRPG/habitica/issues/3231", "HabitRPG/habitica/issues/4211", "HabitRPG/habitica/issues/6103"]
)
def test_b28_a_clock_change_breaks_no_streak(link: str, where: str) -> None:
    """Every day of a year at 23:30 and at 00:30 on the wall, over both clock changes."""
    for hour in (0.5, 23.5):
        instants = [
            start_of_day(date(2026, 1, 1) + timedelta(days=number), zone(where)) + int(hour * HOUR)
            for number in range(365)
        ]
        if hour > 1:  # a day of 23 hours would be over
            instants = [
                start_of_day(date(2026, 1, 1) + timedelta(days=n + 1), zone(where)) - HOUR // 2 for n in range(365)
            ]
        assert went(rhythm(), instants, first=where).length(instants[-1]) == 365, link


def test_b28_a_flight_east_breaks_no_streak() -> None:
    """New York, then Tokyo: the day left behind is open until its later end, and gets the fact that it lacks.

    https://github.com/HabitRPG/habitica/issues/3433
    """
    landed = at("2026-06-10 11:00 America/New_York")  # 00:00 of the 11th in Tokyo
    ny = [at(f"2026-06-0{day} 20:00 America/New_York") for day in (8, 9)]
    facts = [*ny, landed + HOUR, at("2026-06-11 20:00 Asia/Tokyo")]
    way = went(rhythm(), facts, (landed, "Asia/Tokyo"), first="America/New_York")
    assert way.length(facts[-1]) == 4
    done = [*ny, landed - HOUR, landed + HOUR]
    assert went(rhythm(), done, (landed, "Asia/Tokyo"), first="America/New_York").length(done[-1]) == 4
    lost = went(rhythm(), ny, (landed, "Asia/Tokyo"), first="America/New_York")
    assert length_steps(lost, landed)[1:] == [(at("2026-06-11 00:00 America/New_York"), 0)]


def test_b28_a_flight_west_prolongs_the_day() -> None:
    """Tokyo, then New York: the date comes twice, and the later end counts.

    https://github.com/HabitRPG/habitica/issues/3433
    """
    facts = [at("2026-06-09 20:00 Asia/Tokyo")]
    landed = at("2026-06-10 22:00 Asia/Tokyo")
    way = went(rhythm(), facts, (landed, "America/New_York"), first="Asia/Tokyo")
    assert length_steps(way, landed)[1:] == [(at("2026-06-11 00:00 America/New_York"), 0)]
    twice = [at("2026-06-10 20:00 Asia/Tokyo"), at("2026-06-10 20:00 America/New_York")]
    way = went(rhythm(), [*facts, *twice], (landed, "America/New_York"), first="Asia/Tokyo")
    assert way.length(twice[-1]) == 2


def test_b28_nobody_mends_a_broken_streak_by_changing_the_zone() -> None:
    """In Berlin the 11th is over and was empty; New York still has it, but it does not come back, nor take a fact."""
    facts = [at("2026-06-10 12:00 Europe/Berlin"), at("2026-06-12 00:30 Europe/Berlin")]
    moved = facts[-1] + HOUR  # 19:30 of the 11th in New York
    way = went(rhythm(), [*facts, moved + HOUR], (moved, "America/New_York"), first="Europe/Berlin")
    assert (way.length(moved), way.length(moved + HOUR)) == (1, 1)
    assert way.pulse(moved + HOUR) is Pulse.ALIVE


def test_b28_a_day_that_never_was_breaks_nothing() -> None:
    """Samoa had no 30 December 2011; a flight over the date line may skip a day as well."""
    facts = [at("2011-12-29 12:00 Pacific/Apia"), at("2011-12-31 12:00 Pacific/Apia")]
    assert went(rhythm(), facts, first="Pacific/Apia").length(facts[-1]) == 2
    flown = at("2026-06-10 23:59 Pacific/Pago_Pago")
    facts = [flown - HOUR, flown + 2 * HOUR]
    way = went(rhythm(), facts, (flown, "Pacific/Kiritimati"), first="Pacific/Pago_Pago")
    assert date.fromordinal(way.kept[-1]) == date(2026, 6, 12)
    assert way.length(facts[-1]) == 2


@pytest.mark.parametrize(
    "link",
    ["dailydotdev/daily-api/pull/1464", "dailydotdev/daily-api/pull/1538", "dailydotdev/daily-api/pull/1676"],
)
def test_b28_a_zone_changed_in_the_profile_moves_no_earlier_date(link: str) -> None:
    """23:30 in Berlin is tomorrow in Tokyo: after the change the dates stay those of Berlin."""
    facts = [at(f"2026-06-{day} 23:30 Europe/Berlin") for day in (10, 11, 12)]
    way = went(rhythm(), facts, (facts[-1] + 1, "Asia/Tokyo"), first="Europe/Berlin")
    assert [date.fromordinal(number).day for number in way.kept] == [10, 11, 12], link


@pytest.mark.parametrize(
    ("period", "day", "first"),
    [
        ("day", date(2026, 3, 4), date(2026, 3, 4)),
        ("week", date(2026, 3, 8), date(2026, 3, 2)),
        ("month", date(2026, 3, 8), date(2026, 3, 1)),
    ],
)
def test_periods_have_numbers(period: str, day: date, first: date) -> None:
    """The number of a period leads back to its first day; the one before it ends there."""
    assert first_day(period, period_number(period, day)) == first
    end = period_end(rhythm(period), period_number(period, first - timedelta(days=1)), zones())
    assert end == at(f"{first} 00:00")


@pytest.mark.parametrize(
    ("words", "error", "message"),
    [
        ({"period": "dya"}, DefinitionError, "did you mean 'day'"),
        ({"least": 0}, DefinitionError, "least is a whole number from 1"),
        ({"freezes": -1}, DefinitionError, "freezes is a whole number from 0"),
        ({"zone": "Europe/Atlantis"}, TimeError, "unknown time zone"),
    ],
    ids=["period", "least", "freezes", "zone"],
)
def test_wrong_rhythms_are_refused(words: dict[str, Any], error: type[Exception], message: str) -> None:
    """What is no rhythm."""
    with pytest.raises(error, match=message):
        rhythm(**words)


@pytest.mark.parametrize(
    "change", [{"period": "week"}, {"least": 2}, {"freezes": 1}], ids=["period", "least", "freezes"]
)
def test_every_option_changes_something(change: dict[str, Any]) -> None:
    """No option is dead; that of the zone is used where a customer's zones are made."""
    facts = [at("2026-03-02 12:00"), at("2026-03-04 12:00"), at("2026-03-05 12:00")]
    assert went(evolve(rhythm(), **change), facts).length(facts[-1]) != went(rhythm(), facts).length(facts[-1])


def test_nobody_has_a_streak_before_the_first_fact() -> None:
    """Nothing is at risk and nothing breaks."""
    way = went(rhythm(), [])
    assert (length_steps(way, 0), risk_steps(way, 0, days(9)), way.pulse(0)) == ([(0, 0)], [(0, False)], Pulse.BROKEN)
