"""What every test may use: the Hypothesis profiles and the folder with real data."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parents[1]

# Machines are shared: a slow draw is no failure. RETENTION_PROFILE=thorough searches ten times as long.
settings.register_profile(
    "ci",
    deadline=None,
    derandomize=False,
    max_examples=100,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("thorough", settings.get_profile("ci"), max_examples=1000)
settings.load_profile(os.environ.get("RETENTION_PROFILE", "ci"))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder with the public data sets; a test that needs it is skipped, visibly, where there is none."""
    folder = Path(os.environ.get("RETENTION_DATA") or ROOT / ".." / "shared" / "data").resolve()
    if not folder.is_dir():
        pytest.skip(f"no public data sets at {folder}: set RETENTION_DATA to their folder")
    return folder
