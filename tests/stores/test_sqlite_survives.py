"""Killed processes and several processes: what was acknowledged is there, and of the rest nothing is there by halves.

``RETENTION_KILLS`` is the number of kills, 30 unless told; ``RETENTION_SEED`` chooses their moments.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from retention_engine.stores import SqliteStore
from tests.stores._writer import size

KILLS = int(os.environ.get("RETENTION_KILLS", "30"))
SEED = os.environ.get("RETENTION_SEED", "1")
WRITER = Path(__file__).with_name("_writer.py")

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no SIGKILL here")]


def started(path: Path, *options: str) -> subprocess.Popen[str]:
    """Start a writer."""
    command = [sys.executable, str(WRITER), str(path), *options]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def killed(writer: subprocess.Popen[str], chance: Random) -> int:
    """Kill a writer while it starts, or up to 20 ms after some batch; return the last number it acknowledged."""
    batches = chance.choice([0, 1, 2, 5, 20])
    lines = [writer.stdout.readline() for _ in range(batches)]
    try:
        writer.wait(timeout=chance.random() * (0.02 if batches else 0.4))
    except subprocess.TimeoutExpired:
        writer.kill()
    return acknowledged(writer, *lines)


def acknowledged(writer: subprocess.Popen[str], *lines: str) -> int:
    """Return the last number that a writer printed before it ended, 0 when there was none."""
    rest, errors = writer.communicate()
    assert errors == ""
    return int([0, *lines, *rest.split()][-1])


def committed(path: Path, name: str) -> int:
    """Return the number of the last committed batch, having checked that every table has all of it and nothing else."""
    store = SqliteStore(path)
    assert store._session.rows("PRAGMA integrity_check") == [("ok",)]
    last = int(store.settings.get(name) or 0)
    ((facts,),) = store._session.rows("SELECT count(*) FROM facts WHERE customer GLOB ?", f"{name}-*")
    assert facts == sum(map(size, range(1, last + 1)))
    assert [wake for wake in store.wakes.due(2**62, 10**6) if wake[0].startswith(f"{name}-")] == [
        (f"{name}-{number}", number) for number in range(1, last + 1)
    ]
    mine = [one.occasion for one in store.journal.read(0, 2**62) if one.customer.startswith(f"{name}-")]
    assert mine == [f"{name}:{number}" for number in range(1, last + 1)]
    assert {one.occasion for one in store.outbox.pending(0, 10**6)} >= set(mine)
    store.close()
    return last


def test_no_acknowledged_batch_is_lost_by_kills(tmp_path: Path) -> None:
    """After every kill the file is sound, holds what was acknowledged, and at most the one batch that was under way."""
    path, chance, seen = tmp_path / "shop.db", Random(SEED), []
    for _ in range(KILLS):
        before = committed(path, "w")
        known = max(before, killed(started(path, "w", "1000000"), chance))
        after = committed(path, "w")
        assert known <= after <= known + 1
        seen.append(after - before)
    print(f"{KILLS} kills, {sum(seen)} batches committed, {seen.count(0)} kills before the first of a process")
    assert sum(seen) > 0


def test_acknowledging_too_early_is_noticed(tmp_path: Path) -> None:
    """The planted fault: a batch that is acknowledged before its commit is missing after the kill."""
    path = tmp_path / "shop.db"
    assert acknowledged(started(path, "w", "9", "early")) == 3
    assert committed(path, "w") == 2


def test_processes_take_turns(tmp_path: Path) -> None:
    """Four processes that make one file together and write at once neither fail nor lose anything."""
    path = tmp_path / "shop.db"
    writers = {name: started(path, name, "50") for name in "abcd"}
    assert [acknowledged(writer) for writer in writers.values()] == [50] * 4
    assert [committed(path, name) for name in "abcd"] == [50] * 4
