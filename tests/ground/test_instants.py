"""Instants go in as aware datetimes, texts or integers, and come out as pendulum values, exact to the microsecond."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pendulum
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention_engine.errors import TimeError
from retention_engine.timing import EARLIEST, LATEST, NEVER, to_datetime, to_instant, to_text, to_utc

instants = st.integers(EARLIEST, LATEST)


@given(instants)
def test_every_way_out_leads_back(instant: int) -> None:
    """Standard datetimes, texts and integers give the same instant again."""
    assert to_instant(instant) == to_instant(to_utc(instant)) == to_instant(to_text(instant)) == instant


@given(instants)
def test_the_surface_is_pendulum_in_utc(instant: int) -> None:
    """Users get pendulum values that are equal to the standard ones."""
    shown = to_datetime(instant)
    assert type(shown) is pendulum.DateTime
    assert shown == to_utc(instant)
    assert shown.utcoffset() == timedelta(0)


@given(st.datetimes(datetime(1, 1, 4), datetime(9999, 12, 27), timezones=st.timezones()))  # noqa: DTZ001  # bounds are naive
def test_a_datetime_of_any_zone_is_its_instant(value: datetime) -> None:
    """The zone changes nothing: the instant is that of the same moment in UTC."""
    assert to_utc(to_instant(value)) == value.astimezone(UTC)


def test_a_pendulum_value_is_an_instant() -> None:
    """What we hand out is also taken in, in any zone and on both sides of a fold."""
    paris = pendulum.timezone("Europe/Paris")
    for fold, hour in ((0, 0), (1, 1)):
        value = pendulum.DateTime(2024, 10, 27, 2, 30, tzinfo=paris, fold=fold)
        assert to_utc(to_instant(value)) == datetime(2024, 10, 27, hour, 30, tzinfo=UTC)


TEXTS = [
    ("1970-01-01T00:00:00Z", 0),
    ("1970-01-01 00:00:00+00:00", 0),
    ("19700101T000000Z", 0),
    ("1970-01-01T05:30:00.000001+05:30", 1),
    ("1969-12-31T23:59:59.999999Z", -1),
]


@pytest.mark.parametrize(("text", "instant"), TEXTS)
def test_iso_texts_with_an_offset_are_instants(text: str, instant: int) -> None:
    """The spellings of ISO 8601 that name an offset are read."""
    assert to_instant(text) == instant


def test_microseconds_are_written_only_when_there_are_any() -> None:
    """Whole seconds stay short."""
    assert to_text(0) == "1970-01-01T00:00:00Z"
    assert to_text(1) == "1970-01-01T00:00:00.000001Z"


WRONG: list[Any] = [
    None,
    True,
    1.0,
    "",
    "soon",
    "2026-01-01",
    "2026-01-01T00:00:00",
    "2026-13-01T00:00:00Z",
    "2026-01-01T00:00:00+24:00",
    "\ud800",
    "a" * 10**6,
    datetime(2026, 1, 1),  # noqa: DTZ001  # naive on purpose
    timedelta(1),
    EARLIEST - 1,
    LATEST + 1,
    NEVER,
    b"2026-01-01T00:00:00Z",
]


@pytest.mark.parametrize("value", WRONG, ids=range(len(WRONG)))
def test_what_is_no_instant_is_refused(value: Any) -> None:
    """Naive values, other types and the far ends of time are refused."""
    with pytest.raises(TimeError):
        to_instant(value)


def test_the_ends_of_time_are_inside() -> None:
    """Both limits are instants, with an offset on either side of UTC too."""
    for limit in (EARLIEST, LATEST):
        for hours in (-23, 0, 23):
            assert to_instant(to_utc(limit).astimezone(timezone(timedelta(hours=hours)))) == limit


def test_never_lies_after_everything() -> None:
    """The mark for no instant fits into 64 bits and is later than any instant."""
    assert LATEST < NEVER < 2**63
