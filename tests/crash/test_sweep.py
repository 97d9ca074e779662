"""Killed, refused and cut off at every single change of the disk, from the first fact to the last message.

``RETENTION_NIGHTLY=1`` does everything at every point, and the power cuts ten times.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

NIGHTLY = os.environ.get("RETENTION_NIGHTLY") == "1"
POINTS = 450
"""There were 509 when this was written; a story with fewer changes tests less."""
PARTS = 3
EVERY = {"before": 50, "torn": 16, "twice": 30, "full": 16, "stays full": 16, "broken": 16}


def sweep(mode: str, first: int, every: int, plant: str = "") -> dict[str, Any]:
    """Return the report of a sweep; it is printed, for whoever looks at the numbers."""
    command = [sys.executable, "-m", "tests.crash._sweep", mode, str(first), str(every), *filter(None, [plant])]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=500)
    if done.returncode == 77:
        pytest.skip(done.stdout.strip())
    assert done.returncode == 0, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    print(f"{mode} {plant}: {report}")
    return report


def clean(report: dict[str, Any]) -> None:
    """Check that no promise was broken, and that there were enough points to break one."""
    assert report["broken"] == {}, report["first"]
    assert report["points"] >= POINTS
    assert report["compared"] > POINTS // 10  # the tape of what was written is what was written


@pytest.mark.parametrize("part", range(PARTS))
def test_killed_after_every_change_nothing_is_lost_and_nothing_comes_twice(part: int) -> None:
    """A child is killed after each change of the disk in turn; the next one tells the story to its end."""
    report = sweep("after", part + 1, PARTS)
    clean(report)
    assert report["struck"] == report["runs"] >= POINTS // PARTS
    assert report["doubtful"] > report["undelivered"]  # those between mark and outcome


@pytest.mark.parametrize("mode", ["before", "torn", "twice"])
def test_killed_otherwise_it_is_the_same(mode: str) -> None:
    """Before a change, with half of a write done, and once more while it goes on."""
    report = sweep(mode, 1, 1 if NIGHTLY else EVERY[mode])
    clean(report)
    assert report["struck"] >= report["runs"] > 10


@pytest.mark.parametrize("mode", ["full", "stays full", "broken"])
def test_a_disk_that_refuses_leaves_nothing_half_done(mode: str) -> None:
    """What comes is a StoreError and no call without a mark; when the disk is well again, the story goes on."""
    report = sweep(mode, 2, 1 if NIGHTLY else EVERY[mode])
    clean(report)
    assert report["struck"] > report["runs"] // 2
    assert report["errors"] >= report["struck"] // 4  # what settles a call is tried again, once is not enough there


@pytest.mark.parametrize("seed", range(10 if NIGHTLY else 1))
def test_a_power_cut_takes_nothing_that_was_acknowledged(seed: int) -> None:
    """Seven of ten unsynced changes are undone, others torn: all facts are there, no message comes twice."""
    report = sweep(f"power {seed}", 1, 1 if NIGHTLY else 6)
    clean(report)
    assert report["doubtful"] > 10


def test_a_power_cut_with_less_syncing_loses_facts_and_sends_twice() -> None:
    """The same power cuts under ``synchronous=NORMAL``: they are what would have been noticed."""
    broken = sweep("power 0", 1, 10, "normal")["broken"]
    assert broken["facts"] > 5
    assert broken["duplicate"] > 5


@pytest.mark.parametrize(
    ("mode", "plant", "promise"),
    [
        ("after", "forgetful", "duplicate"),
        ("stays full", "forgetful", "duplicate"),
        ("after", "early", "facts"),
        ("after", "piecemeal", "outbox"),
    ],
)
def test_a_planted_fault_breaks_a_promise(mode: str, plant: str, promise: str) -> None:
    """Without the mark's memory, the order of the acknowledgement, or the one commit, the sweep notices."""
    assert sweep(mode, 3, 13, plant)["broken"][promise] > 0
