"""Levels given by hand: what a fact about them must say."""

from __future__ import annotations

from typing import Any

import pytest

from retention_engine.errors import FactError
from retention_engine.facts import LevelSet, LevelUnset

COMMON: dict[str, Any] = {"id": "f1", "customer": "c7", "at": 0, "programme": "club"}


def test_until_is_an_instant_or_none() -> None:
    """In the forms of any instant; None: until it is taken back."""
    level = {"level": "Gold", "reason": "a present"}
    assert LevelSet(**COMMON, **level, until="2026-01-01T00:00:00Z").until == 1_767_225_600_000_000
    assert LevelSet(**COMMON, **level).until is None
    with pytest.raises(FactError, match="naive"):
        LevelSet(**COMMON, **level, until="2026-01-01T00:00:00")


@pytest.mark.parametrize("make", [LevelSet, LevelUnset])
def test_nothing_is_given_or_taken_without_a_reason(make: Any) -> None:
    """Somebody will ask."""
    more = {"level": "Gold"} if make is LevelSet else {}
    assert make(**COMMON, **more, reason="by mistake", by="olga").by == "olga"
    with pytest.raises(FactError, match="reason is a printable text"):
        make(**COMMON, **more, reason="")
