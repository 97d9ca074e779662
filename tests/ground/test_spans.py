"""Lengths of time say their unit and stay exact."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention_engine.errors import DefinitionError
from retention_engine.timing import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    LocalDays,
    Span,
    days,
    hours,
    local_days,
    microseconds,
    minutes,
    seconds,
)

UNITS: list[tuple[Callable[[int], Span], int]] = [
    (days, DAY),
    (hours, HOUR),
    (minutes, MINUTE),
    (seconds, SECOND),
    (microseconds, 1),
]
NAMES = {"days": days, "hours": hours, "minutes": minutes, "seconds": seconds, "microseconds": microseconds}


@pytest.mark.parametrize(("make", "unit"), UNITS)
def test_a_span_is_a_number_of_microseconds(make: Callable[[int], Span], unit: int) -> None:
    """A day is 24 hours, always."""
    assert make(3).micros == 3 * unit
    assert days(30).micros == 30 * 24 * 3600 * 10**6


@given(st.sampled_from(UNITS), st.integers(0, 10**6))
def test_the_repr_builds_the_same_span(unit: tuple[Callable[[int], Span], int], count: int) -> None:
    """Reading the text as Python gives an equal value."""
    span = unit[0](min(count, 200_000))
    assert eval(repr(span), NAMES) == span


def test_the_repr_uses_the_largest_unit() -> None:
    """48 hours are two days."""
    assert repr(hours(48)) == "days(2)"
    assert repr(minutes(90)) == "minutes(90)"


def test_spans_are_ordered_values() -> None:
    """Equal lengths are equal however they were written."""
    assert hours(24) == days(1)
    assert hash(hours(24)) == hash(days(1))
    assert hours(23) < days(1) < hours(25)


@pytest.mark.parametrize("make", [make for make, _ in UNITS])
@pytest.mark.parametrize("count", [-1, 1.5, True, "3", None, 10**30])
def test_only_whole_positive_lengths_exist(make: Callable[[int], Span], count: Any) -> None:
    """Negative, broken, endless and other lengths are refused."""
    with pytest.raises(DefinitionError, match="whole number"):
        make(count)


def test_local_days_are_no_span() -> None:
    """A number of calendar days is never equal to a length of time."""
    assert local_days(7) == LocalDays(7)
    assert local_days(7) != days(7)
    assert repr(local_days(7)) == "local_days(7)"


@pytest.mark.parametrize("count", [-1, 367, 1.0, True, None])
def test_local_days_reach_a_year(count: Any) -> None:
    """From 0 to 366, whole."""
    with pytest.raises(DefinitionError, match="local_days"):
        local_days(count)
