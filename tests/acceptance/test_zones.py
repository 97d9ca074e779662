"""Every IANA zone over its clock changes of 2025 to 2030: no message in quiet hours, each local day counted once.

The oracle knows ``zoneinfo`` alone: it reads the local clock minute by minute.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest

from retention_engine.arbitration import Allow, Arbiter, CalendarCap, Defer, Message, QuietHours, Said, Situation
from retention_engine.state import History
from retention_engine.state.history import Held
from retention_engine.timing import HOUR, MINUTE, ClockWindow, period_of, to_text
from retention_engine.view import View

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST, LAST = datetime(2025, 1, 1, tzinfo=UTC), datetime(2031, 1, 1, tzinfo=UTC)
ZONES = sorted(available_timezones())
GROUPS = [ZONES[start : start + 60] for start in range(0, len(ZONES), 60)]
NIGHT = ("22:00", "09:00")
WINDOWS = [NIGHT, ("02:30", "03:30"), ("02:00", "03:00"), ("01:30", "02:30"), ("00:00", "00:30"), ("23:30", "00:00")]


def micros(moment: datetime) -> int:
    """Return an instant as the library counts it."""
    return (moment - EPOCH) // timedelta(microseconds=1)


@cache
def changes(name: str) -> tuple[datetime, ...]:
    """Return the first instants after the clock changes of a zone, found by bisection to the minute."""
    where, found = ZoneInfo(name), []
    low = FIRST
    while low < LAST:
        high = low + timedelta(days=5)
        before, after = low.astimezone(where).utcoffset(), high.astimezone(where).utcoffset()
        step, start = timedelta(days=5), low
        while before != after and step > timedelta(minutes=1):
            step = timedelta(minutes=-(-step // timedelta(minutes=1) // 2))
            if (start + step).astimezone(where).utcoffset() == before:
                start += step
        if before != after:
            found.append(next(t for t in _minutes(start, 5) if t.astimezone(where).utcoffset() != before))
        low = high
    return tuple(found)


def _minutes(start: datetime, count: int) -> Iterator[datetime]:
    return (start + timedelta(minutes=number) for number in range(count))


@cache
def clock(name: str, start: datetime, hours: int) -> tuple[tuple[int, date], ...]:
    """Return (minute of the day, date) on the local clock for every minute from ``start`` on."""
    where = ZoneInfo(name)
    walls = (moment.astimezone(where) for moment in _minutes(start, hours * 60))
    return tuple((wall.hour * 60 + wall.minute, wall.date()) for wall in walls)


def inside(minute: int, window: tuple[str, str]) -> bool:
    """Tell whether a window holds a minute of the day."""
    start, end = (int(text[:2]) * 60 + int(text[3:]) for text in window)
    return start <= minute < end if start < end else minute >= start or minute < end


@cache
def anna(name: str) -> History:
    """Return the history of a customer who lives in a zone."""
    return History("anna", attributes={"zone": Held(name, 0, "registered")})


MESSAGE = Message(rule="r", customer="anna", occasion="o", step="s", template="t", due=0)


def quiet(policy: QuietHours, name: str, at: datetime) -> datetime | None:
    """Return until when a message is held at an instant; None: it may go out."""
    view = View(anna(name), micros(at), ZoneInfo(name))
    ruling = Arbiter([policy]).rule(MESSAGE, Situation(view=view)).ruling
    if isinstance(ruling, Allow):
        return None
    assert isinstance(ruling, Defer)
    assert ruling.until is not None
    return EPOCH + timedelta(microseconds=ruling.until)


def check_nights(name: str, change: datetime, window: tuple[str, str], every: int) -> int:
    """Compare each minute around a clock change with the oracle; return how many were held."""
    policy, start, hours, ahead = QuietHours(*window), change - timedelta(hours=14), 28, 30
    walls = [inside(minute, window) for minute, _ in clock(name, start, hours + ahead)]
    released, held = len(walls), 0
    outside: list[int] = [0] * len(walls)
    for number in range(len(walls) - 1, -1, -1):
        released = number if not walls[number] else released
        outside[number] = released
    near = {840 + offset for offset in range(-3, 4)}
    for number in sorted({*range(0, hours * 60, every), *near}):
        until = quiet(policy, name, start + timedelta(minutes=number))
        expected = start + timedelta(minutes=outside[number]) if walls[number] else None
        assert until == expected, (name, window, number, to_text(micros(start)))
        held += until is not None
    return held


def first_of_a_kind() -> dict[tuple[object, ...], tuple[str, datetime]]:
    """Return one zone and change for each kind of change: size, and local time at which it happens."""
    found: dict[tuple[object, ...], tuple[str, datetime]] = {}
    for name in ZONES:
        where = ZoneInfo(name)
        for change in changes(name):
            before, after = (change - timedelta(minutes=1)).astimezone(where), change.astimezone(where)
            found.setdefault((before.time(), after.time(), before.utcoffset()), (name, change))
    return found


def test_the_world_is_complete() -> None:
    """All zones there are, their changes, and days of every length among them."""
    assert len(ZONES) >= 590
    sizes = {
        (_offset(name, change) - _offset(name, change - timedelta(minutes=1)))
        for name in ZONES
        for change in changes(name)
    }
    assert {timedelta(hours=1), timedelta(hours=-1), timedelta(minutes=30), timedelta(minutes=-30)} <= sizes
    assert sum(len(changes(name)) for name in ZONES) > 2_000


def _offset(name: str, moment: datetime) -> timedelta:
    offset = moment.astimezone(ZoneInfo(name)).utcoffset()
    assert offset is not None
    return offset


@pytest.mark.slow
@pytest.mark.parametrize("names", GROUPS, ids=lambda names: names[0])
def test_no_message_goes_out_in_the_night_of_any_zone(names: list[str]) -> None:
    """Around every change of six years the night of 22 to 9 is held to its first instant outside."""
    for name in names:
        for change in changes(name) or (FIRST,):
            assert check_nights(name, change, NIGHT, every=97) > 0


@pytest.mark.slow
@pytest.mark.parametrize("window", WINDOWS, ids=lambda window: "-".join(window))
def test_awkward_windows_around_every_kind_of_change(window: tuple[str, str]) -> None:
    """Every minute, where the window lies in the hour that is missing or comes twice, or at a missing midnight."""
    for name, change in first_of_a_kind().values():
        check_nights(name, change, window, every=1 if window == NIGHT else 7)


def test_a_planted_release_that_forgets_the_change_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The oracle catches a window that is left by elapsed time instead of the clock."""

    def left(window: ClockWindow, instant: int, where: ZoneInfo) -> int:
        wall = (EPOCH + timedelta(microseconds=instant)).astimezone(where)
        return instant + (window.end - wall.hour * 60 - wall.minute) % (24 * 60) * MINUTE

    monkeypatch.setattr(ClockWindow, "left", left)
    with pytest.raises(AssertionError):
        check_nights("Europe/Berlin", changes("Europe/Berlin")[0], NIGHT, every=1)


def days_of(name: str, start: datetime, hours: int) -> list[datetime]:
    """Return where a local date begins: the first minute of each date on the clock, none twice."""
    found, latest = [], None
    for number, (_, day) in enumerate(clock(name, start, hours)):
        if latest is None or day > latest:
            found.append(start + timedelta(minutes=number))
            latest = day
    return found[1:]


@pytest.mark.slow
@pytest.mark.parametrize("names", GROUPS, ids=lambda names: names[0])
def test_local_days_tile_the_time_of_every_zone(names: list[str]) -> None:
    """Over every change days follow each other without gap or overlap, and begin where the oracle says."""
    for name in names:
        where = ZoneInfo(name)
        for change in changes(name)[:4] or (FIRST,):
            borders = [micros(border) for border in days_of(name, change - timedelta(hours=50), 100)]
            for start, end in pairwise(borders):
                assert end - start <= 26 * HOUR
                for at in (start, start + 1, (start + end) // 2, end - MINUTE, end - 1):
                    assert period_of("day", at, where) == (start, end), (name, to_text(at))


@pytest.mark.slow
def test_a_daily_cap_counts_each_local_day_once() -> None:
    """One message a day, asked every half an hour over every kind of change: one on each date of the clock."""
    cap = Arbiter([CalendarCap(1, per="day")])
    lengths = set()
    for name, change in first_of_a_kind().values():
        borders = [micros(border) for border in days_of(name, change - timedelta(hours=50), 100)]
        lengths |= {end - start for start, end in pairwise(borders)}
        said: list[Said] = []
        for at in range(borders[0], borders[-1], 30 * MINUTE):
            view = View(anna(name), at, ZoneInfo(name))
            if isinstance(cap.rule(MESSAGE, Situation(view=view, said=said)).ruling, Allow):
                said.append(Said(at=at, rule="r", step="s", template="t"))
        assert [one.at for one in said] == borders[:-1], name
    assert {23 * HOUR, 24 * HOUR, 25 * HOUR, 23 * HOUR + 30 * MINUTE, 24 * HOUR + 30 * MINUTE} <= lengths


def test_zones_without_a_midnight_have_days_all_the_same() -> None:
    """In several zones a change skips midnight: the day begins at the change, and 00:00 to 00:30 is no night then."""
    missing = {}
    for name in ZONES:
        for change in changes(name):
            wall, before = change.astimezone(ZoneInfo(name)), (change - timedelta(minutes=1)).astimezone(ZoneInfo(name))
            if before.date() < wall.date() and (wall.hour, wall.minute) != (0, 0):
                missing[name] = change
    assert len(missing) >= 5
    for name, change in missing.items():
        assert period_of("day", micros(change), ZoneInfo(name))[0] == micros(change)
        assert quiet(QuietHours("00:00", "00:30"), name, change) is None
