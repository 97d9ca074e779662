"""Errors say where, what and how to go on, and never fail themselves."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention_engine.errors import (
    DefinitionError,
    ExpressionError,
    FactConflict,
    FactError,
    MissingExtra,
    RetentionError,
    StoreError,
    TimeError,
    nearest,
    shown,
)

NATURAL: list[tuple[type[RetentionError], type[Exception]]] = [
    (DefinitionError, ValueError),
    (ExpressionError, DefinitionError),
    (FactError, ValueError),
    (FactConflict, FactError),
    (TimeError, ValueError),
    (StoreError, RuntimeError),
    (MissingExtra, ImportError),
]


@pytest.mark.parametrize(("error", "natural"), NATURAL)
def test_every_error_is_also_what_people_expect(error: type[RetentionError], natural: type[Exception]) -> None:
    """Handlers of ValueError, RuntimeError and ImportError see ours."""
    assert issubclass(error, RetentionError)
    assert issubclass(error, natural)


def test_a_fact_error_begins_with_its_place() -> None:
    """The place is part of the message and can be read by programs."""
    error = FactError("is missing", place="row 7, field total")
    assert (str(error), error.place) == ("row 7, field total: is missing", "row 7, field total")
    assert str(FactError("is missing")) == "is missing"


def test_an_expression_error_knows_the_position() -> None:
    """The text is kept, shortened, and the position is told."""
    error = ExpressionError("no such name", text="x" * 500, position=3)
    assert (str(error), error.position, len(error.text)) == ("no such name at position 3", 3, 200)
    assert str(ExpressionError("empty")) == "empty"


def test_a_missing_extra_says_what_to_install() -> None:
    """The message is the command."""
    error = MissingExtra("duckdb", "duckdb")
    assert error.extra == "duckdb"
    assert 'pip install "retention-engine[duckdb]"' in str(error)


def test_the_nearest_name_is_offered() -> None:
    """A close name is asked for; otherwise the allowed ones are listed, at most twelve."""
    assert nearest("ordres", ["orders", "carts"]) == " (did you mean 'orders'?)"
    assert nearest("zzz", ["orders", "carts"]) == " (allowed: carts, orders)"
    assert nearest("zzz", [f"n{number:02}" for number in range(20)]).endswith("n11, ...)")


class Hostile:
    """A value whose ``repr`` raises."""

    def __repr__(self) -> str:
        """Fail."""
        raise RuntimeError("no")


def nested(depth: int) -> list[Any]:
    """Return a list in a list in a list ..."""
    found: list[Any] = []
    for _ in range(depth):
        found = [found]
    return found


HOSTILE = [Hostile(), nested(10_000), "a" * 10**6, b"a" * 10**6, "\ud800" * 100]


@pytest.mark.parametrize("value", [*HOSTILE, pytest.param(10**5000, id="huge")], ids=range(6))
def test_any_value_can_be_shown(value: Any) -> None:
    """However hostile a value is, a short text comes out."""
    assert 0 < len(shown(value)) <= 80


@given(st.text() | st.integers() | st.binary() | st.lists(st.floats()), st.integers(10, 200))
def test_a_short_value_is_shown_whole(value: Any, limit: int) -> None:
    """Only what is longer than the limit is cut."""
    assert shown(value, limit) == repr(value) if len(repr(value)) <= limit else len(shown(value, limit)) <= limit
