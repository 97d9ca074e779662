"""The fixtures that the pytest plugin offers to every project."""

from __future__ import annotations

import pytest

from retention_engine import testing


@pytest.fixture
def engine_clock() -> testing.ManualClock:
    """Return a clock that stands at 2026-01-01 00:00 UTC until the test moves it."""
    return testing.ManualClock()
