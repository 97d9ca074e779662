"""The hour of day at which the customer tends to react."""

from __future__ import annotations

from typing import Any

import pytest

from retention_engine import Customer, days, hours
from retention_engine.arbitration import BestHour
from retention_engine.errors import DefinitionError
from retention_engine.facts import Fact, Registered, Visited
from retention_engine.timing import DAY, HOUR
from tests.arbitration._desk import ANNA, NOW, ask, asked, letter, seen, utc

SIX = BestHour(18)


def visits(hour: int, count: int) -> list[Fact]:
    """Return visits at an hour of different days, UTC."""
    start = utc("2026-07-01 00:00") + hour * HOUR
    return [Visited(id=f"{hour}/{day}", customer=ANNA, at=start + day * DAY) for day in range(count)]


def test_strangers_are_written_to_at_the_hour_of_the_shop() -> None:
    """From its first to its last microsecond."""
    six = utc("2026-07-15 18:00")
    assert asked(SIX) == ("defer", "best_hour", six)
    assert asked(SIX, situation=seen(at=six - 1))[2] == six
    assert asked(SIX, situation=seen(at=six)) == ("allow",)
    assert asked(SIX, situation=seen(at=six + HOUR - 1)) == ("allow",)


def test_who_comes_at_eight_is_written_to_at_eight() -> None:
    """Once there are enough visits and orders."""
    assert asked(SIX, situation=seen(*visits(8, 4)))[2] == utc("2026-07-15 18:00")
    assert asked(SIX, situation=seen(*visits(8, 5)))[2] == utc("2026-07-16 08:00")
    assert asked(BestHour(18, least=4), situation=seen(*visits(8, 4)))[2] == utc("2026-07-16 08:00")


def test_of_equal_hours_the_earliest_counts() -> None:
    """Three visits at eight, three at twenty."""
    assert SIX.hour(seen(*visits(20, 3), *visits(8, 3))) == 8
    assert SIX.hour(seen(*visits(20, 4), *visits(8, 3))) == 20


def test_hours_are_those_of_the_customers_clock() -> None:
    """In Tokyo it is six in the evening at nine in the morning UTC."""
    anna = Registered.of(Customer(id=ANNA, registered=0, zone="Asia/Tokyo"))
    assert asked(SIX, situation=seen(anna))[2] == utc("2026-07-16 09:00")
    assert SIX.hour(seen(anna, *visits(8, 5))) == 17


@pytest.mark.parametrize("hour", [0, 23])
def test_the_borders_of_the_day(hour: int) -> None:
    """The hour after midnight and the one before it."""
    policy, first = BestHour(hour), utc("2026-07-16 00:00") if hour == 0 else utc("2026-07-15 23:00")
    assert asked(policy)[2] == first
    assert asked(policy, situation=seen(at=first)) == ("allow",)
    assert asked(policy, letter(due=first + HOUR), seen(at=first + HOUR))[2] == first + DAY


def test_it_never_waits_for_longer_than_said() -> None:
    """Counted from when the message became due: six hours are enough, a microsecond less is not."""
    assert asked(BestHour(18, within=hours(6)))[0] == "defer"
    assert asked(BestHour(18, within=hours(6)), letter(due=NOW - 1)) == ("allow",)
    assert asked(BestHour(18), letter(due=NOW - DAY)) == ("allow",)


def test_it_says_which_hour() -> None:
    """And when that comes next."""
    assert ask(SIX).because == ("reacts most at 18:00, next 2026-07-15T18:00:00Z",)  # type: ignore[union-attr]  # it is deferred


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"shop": 24}, "shop is an hour from 0 to 23, not 24"),
        ({"shop": "18:00"}, "shop is an hour"),
        ({"within": days(0)}, "within is a span above zero"),
        ({"least": 0}, "least is 1 or more"),
    ],
)
def test_wrong_numbers_are_refused(wrong: dict[str, Any], message: str) -> None:
    """Each by its name."""
    with pytest.raises(DefinitionError, match=message):
        BestHour(**{"shop": 18, **wrong})


def test_it_looks_at_signs_of_life() -> None:
    """Nothing else is kept for it."""
    assert SIX.reads() == {"orders", "visits"}
