"""A clock for tests stands still, moves forward only, and speaks pendulum."""

from __future__ import annotations

from datetime import datetime

import pendulum
import pytest

from retention_engine.errors import TimeError
from retention_engine.testing import ManualClock
from retention_engine.timing import days, hours


def test_it_stands_still_until_it_is_moved() -> None:
    """Reading it changes nothing."""
    clock = ManualClock("2026-03-01T12:00:00+01:00")
    assert clock() == clock() == pendulum.datetime(2026, 3, 1, 11)
    assert type(clock()) is pendulum.DateTime
    assert clock().timezone_name == "UTC"


def test_it_advances_by_spans() -> None:
    """A day is 24 hours."""
    clock = ManualClock("2026-03-01T00:00:00Z")
    assert clock.advance(days(1)) == clock() == pendulum.datetime(2026, 3, 2)
    assert clock.advance(hours(0)) == pendulum.datetime(2026, 3, 2)


def test_it_moves_to_an_instant() -> None:
    """Texts, integers and aware datetimes are instants; where it stands already is no step back."""
    clock = ManualClock(0)
    assert clock.to("1970-01-02T00:00:00Z") == pendulum.datetime(1970, 1, 2)
    assert clock.to(86_400_000_000) == pendulum.datetime(1970, 1, 2)
    assert clock.to(datetime.fromisoformat("1970-01-03T00:00:00+00:00")) == pendulum.datetime(1970, 1, 3)
    assert clock.to(clock().add(days=1)) == pendulum.datetime(1970, 1, 4)


def test_it_never_goes_back() -> None:
    """The message names both instants, and the clock stays where it was."""
    clock = ManualClock("2026-03-01T00:00:00Z")
    message = "a clock never goes back: it stands at 2026-03-01T00:00:00Z, not 2026-02-28T23:59:59.999999Z"
    with pytest.raises(TimeError, match=message):
        clock.to("2026-02-28T23:59:59.999999Z")
    assert clock() == pendulum.datetime(2026, 3, 1)


def test_it_refuses_naive_instants() -> None:
    """As everything else does."""
    with pytest.raises(TimeError, match="naive datetime"):
        ManualClock("2026-03-01T00:00:00")


def test_it_is_shown_as_the_call_that_builds_it() -> None:
    """With the instant at which it stands now."""
    clock = ManualClock("2026-03-01T00:00:00Z")
    clock.advance(days(1))
    assert repr(clock) == "ManualClock('2026-03-02T00:00:00Z')"
