"""Instants, names and stores as they are given on the command line."""

from __future__ import annotations

from pathlib import Path

import pytest
from cyclopts import CycloptsError

from retention_engine import Engine
from retention_engine.cli.inputs import instant_of, moment_of, one_of, store_at
from retention_engine.errors import StoreError
from retention_engine.timing import to_text


@pytest.mark.parametrize(
    ("text", "zone", "instant"),
    [
        ("2026-03-01", "UTC", "2026-03-01T00:00:00Z"),
        ("2026-03-01", "Europe/Berlin", "2026-02-28T23:00:00Z"),
        ("2026-03-01T12:00:00+02:00", "Europe/Berlin", "2026-03-01T10:00:00Z"),
    ],
)
def test_an_instant_has_an_offset_or_is_a_day_of_the_shop(text: str, zone: str, instant: str) -> None:
    """A date is the first instant of that day in the shop's zone."""
    assert to_text(instant_of(text, "--at", zone)) == instant


@pytest.mark.parametrize("text", ["2026-03-01T12:00:00", "2026-02-30", "tomorrow!!", "", "9" * 30])
def test_anything_else_names_the_option(text: str) -> None:
    """A naive time, a date that does not exist and other texts are refused with the option's name."""
    with pytest.raises(CycloptsError, match="--at is an instant"):
        instant_of(text, "--at")


def test_the_stores_own_time_is_the_default() -> None:
    """Without --at the instant advanced to counts; a store without one needs the option."""
    engine = Engine([])
    with pytest.raises(CycloptsError, match="--at is needed"):
        moment_of(engine, None, "UTC")
    engine.advance("2026-03-01T00:00:00+00:00")

    assert to_text(moment_of(engine, None, "UTC")) == "2026-03-01T00:00:00Z"


def test_a_name_that_is_not_there_has_a_neighbour() -> None:
    """The message names the nearest one."""
    with pytest.raises(CycloptsError, match="did you mean 'win-back'"):
        one_of("winback", "--rule", ["thanks", "win-back"])


def test_a_store_is_made_only_when_asked(tmp_path: Path) -> None:
    """Reading a file that does not exist makes none."""
    path = tmp_path / "shop.db"
    with pytest.raises(StoreError, match="there is no store"):
        store_at(str(path))
    assert not path.exists()
    store_at(str(path), new=True).close()
    store_at(f"sqlite:///{path}").close()

    assert path.is_file()
