"""Quiet hours on the customer's own clock; clock changes are in tests/acceptance/test_zones.py."""

from __future__ import annotations

from typing import Any

import pytest

from retention_engine import Customer
from retention_engine.arbitration import QuietHours
from retention_engine.errors import DefinitionError
from retention_engine.facts import Fact, Registered
from tests.arbitration._desk import ANNA, ask, asked, letter, seen, utc

NIGHT = QuietHours("22:00", "09:00")


def living_in(zone: str) -> Fact:
    """Return the registration of anna."""
    return Registered.of(Customer(id=ANNA, registered=0, zone=zone))


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (utc("2026-07-15 20:00") - 1, ("allow",)),
        (utc("2026-07-15 20:00"), ("defer", "quiet_hours", utc("2026-07-16 07:00"))),
        (utc("2026-07-16 07:00") - 1, ("defer", "quiet_hours", utc("2026-07-16 07:00"))),
        (utc("2026-07-16 07:00"), ("allow",)),
    ],
)
def test_the_night_is_the_customers(at: int, expected: tuple[Any, ...]) -> None:
    """In Berlin from ten in the evening, inclusive, to nine in the morning, exclusive."""
    assert asked(NIGHT, situation=seen(living_in("Europe/Berlin"), at=at)) == expected


def test_a_window_within_a_day() -> None:
    """A siesta from two to four."""
    siesta = QuietHours("14:00", "16:00")
    berlin = living_in("Europe/Berlin")
    assert asked(siesta, situation=seen(berlin, at=utc("2026-07-15 12:00")))[2] == utc("2026-07-15 14:00")
    assert asked(siesta, situation=seen(berlin, at=utc("2026-07-15 14:00"))) == ("allow",)
    assert asked(siesta, situation=seen(berlin, at=utc("2026-07-15 21:00"))) == ("allow",)


@pytest.mark.parametrize("facts", [(), (living_in("Mars/Olympus"),)], ids=["none", "no such zone"])
def test_where_the_zone_is_not_known_the_night_is_longer(facts: tuple[Fact, ...]) -> None:
    """An hour on both sides, on the shop's clock."""
    assert asked(NIGHT, situation=seen(*facts, at=utc("2026-07-15 21:00") - 1)) == ("allow",)
    assert asked(NIGHT, situation=seen(*facts, at=utc("2026-07-15 21:00")))[2] == utc("2026-07-16 10:00")


def test_the_longer_night_may_be_said() -> None:
    """With a window of its own for those whose zone is not known."""
    said = QuietHours("22:00", "09:00", unknown_zone=("18:00", "12:00"))
    assert asked(said, situation=seen(at=utc("2026-07-15 18:00")))[2] == utc("2026-07-16 12:00")
    assert asked(said, situation=seen(living_in("UTC"), at=utc("2026-07-15 18:00"))) == ("allow",)


@pytest.mark.parametrize(("start", "end"), [("10:00", "09:30"), ("10:00", "09:00"), ("09:00", "08:59")])
def test_a_long_night_never_becomes_a_whole_day(start: str, end: str) -> None:
    """A window that leaves little room is not widened over the rest of it."""
    quiet = QuietHours(start, end)
    free = [at for at in range(utc("2026-07-15 00:00"), utc("2026-07-16 00:00"), 60_000_000) if _is_free(quiet, at)]
    assert free


def _is_free(quiet: QuietHours, at: int) -> bool:
    return asked(quiet, situation=seen(at=at)) == ("allow",)


def test_the_evidence_names_the_window_in_force() -> None:
    """The longer one, where the zone is not known."""
    at = utc("2026-07-15 23:00")
    known = ask(NIGHT, situation=seen(living_in("UTC"), at=at))
    assert known.because == ("quiet from 22:00 to 09:00 in UTC, until 2026-07-16T09:00:00Z",)  # type: ignore[union-attr]  # it is deferred
    unknown = ask(NIGHT, situation=seen(at=at))
    assert unknown.because == ("quiet from 21:00 to 10:00 in UTC, until 2026-07-16T10:00:00Z",)  # type: ignore[union-attr]  # it is deferred


def test_receipts_go_out_at_night() -> None:
    """What is exempt is said in one line, by purpose."""
    polite = QuietHours("22:00", "09:00", purpose=("marketing", "service"))
    night = seen(living_in("UTC"), at=utc("2026-07-15 23:00"))
    assert asked(polite, letter(purpose="transactional"), night) == ("allow",)
    assert asked(polite, letter(purpose="service"), night)[0] == "defer"


@pytest.mark.parametrize("time", ["24:00", "9:00", "09:60", "0900", "٠٩:٠٠", 9, None, "aa:bb"])
def test_times_are_written_in_one_way(time: Any) -> None:
    """Two digits, a colon, two digits."""
    with pytest.raises(DefinitionError, match="a time of day is written HH:MM"):
        QuietHours(time, "09:00")


def test_a_window_without_length_is_refused() -> None:
    """From nine to nine is nothing, or everything."""
    with pytest.raises(DefinitionError, match="empty, or the whole day"):
        QuietHours("09:00", "09:00")
    with pytest.raises(DefinitionError, match="empty, or the whole day"):
        QuietHours("22:00", "09:00", unknown_zone=("08:00", "08:00"))


@pytest.mark.parametrize("pair", ["20:00", ("20:00",), 5])
def test_the_longer_night_is_a_pair(pair: Any) -> None:
    """Start and end."""
    with pytest.raises(DefinitionError, match="unknown_zone is a pair of times"):
        QuietHours("22:00", "09:00", unknown_zone=pair)
