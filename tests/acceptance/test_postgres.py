"""Several workers share a PostgreSQL database and are killed: each action is sent exactly once.

4,000 actions and 6 kills; with ``RETENTION_NIGHTLY=1`` 20,000 and 20. ``RETENTION_SEED`` chooses who is killed when.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from random import Random

import pytest
from attrs import define, evolve, field

from retention_engine import Engine, Event
from retention_engine.actions import Outcome, Parcel, ParcelState
from retention_engine.testing.conformance.samples import action
from retention_engine.timing import DAY
from tests.acceptance._postgres_worker import RULES, START

NIGHTLY = os.environ.get("RETENTION_NIGHTLY") == "1"
ACTIONS, KILLS = (20_000, 20) if NIGHTLY else (4_000, 6)
WORKERS, BATCH = 4, 500
PATIENCE = 900 if NIGHTLY else 240
WORKER = Path(__file__).with_name("_postgres_worker.py")

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL here")]


@define
class Crowd:
    """The workers, and how often one was killed.

    Attributes:
        errors: what those said that ended by themselves.
    """

    words: list[str]
    dice: Random
    workers: list[subprocess.Popen[str]] = field(factory=list)
    kills: int = 0
    errors: list[str] = field(factory=list)

    def start(self) -> None:
        """Start one more."""
        command = [sys.executable, "-m", "tests.acceptance._postgres_worker", *self.words]
        self.workers.append(subprocess.Popen(command, stderr=subprocess.PIPE, text=True))

    def kill(self) -> None:
        """Kill one with SIGKILL, and start another."""
        victim = self.workers.pop(self.dice.randrange(len(self.workers)))
        victim.kill()
        self.errors.append(victim.communicate(timeout=30)[1])
        self.kills += 1
        self.start()

    def end(self) -> None:
        """Wait for all."""
        for each in self.workers:
            try:
                self.errors.append(each.communicate(timeout=60)[1])
            finally:
                each.kill()


def test_each_action_is_sent_once(postgres_url: str, tmp_path: Path) -> None:
    """4 workers decide and send what is recorded meanwhile, and are killed now and then: nothing is lost or doubled.

    A worker dies with at most one message in its hands: of class ``drop`` it stays unknown, of class ``retry`` it is
    sent once more. No other message has a doubt, and each of those arrived once.
    """
    lines, began = tmp_path / "lines", time.time()
    with Engine(RULES, store=postgres_url, since=START - DAY) as engine:
        _record(engine, range(ACTIONS // 2))
        recorded = time.time()
        crowd = Crowd([postgres_url, str(lines), str(time.time())], Random(os.environ.get("RETENTION_SEED", "1")))
        try:
            for _ in range(WORKERS):
                crowd.start()
            _record(engine, range(ACTIONS // 2, ACTIONS))
            _attend(crowd, lines)
            _settle(engine)
        finally:
            lines.with_name("lines.end").touch()
            crowd.end()
        spent, rows = time.time() - recorded, _rows(engine)
        acted = sum(1 for one in engine.journal() if one.outcome is Outcome.ACT)
    found = Counter(lines.read_text("utf-8").split())
    states = Counter((row.action.on_unknown, row.state.value, found[row.key], row.recoveries) for row in rows)
    print(f"{ACTIONS} actions, recording {recorded - began:.1f} s, {spent:.1f} s = {ACTIONS / spent:.0f} a second")
    print(f"{crowd.kills} kills; (class, state, times sent, recovered): {dict(sorted(states.items()))}")
    assert "".join(crowd.errors) == ""
    assert (len(rows), acted, crowd.kills) == (ACTIONS, ACTIONS, KILLS)
    assert found.keys() <= {row.key for row in rows}
    _check(rows, found, crowd.kills)


FAULTS: list[tuple[str, ParcelState, int, int]] = [
    ("drop", ParcelState.SENT, 0, 0),
    ("drop", ParcelState.SENT, 2, 0),
    ("drop", ParcelState.UNKNOWN, 2, 1),
    ("retry", ParcelState.SENT, 0, 1),
    ("retry", ParcelState.SENT, 3, 1),
    ("retry", ParcelState.UNKNOWN, 1, 1),
    ("drop", ParcelState.PENDING, 1, 0),
    ("drop", ParcelState.UNKNOWN, 1, 0),
]


@pytest.mark.parametrize(("kind", "state", "times", "recovered"), FAULTS)
def test_a_planted_loss_is_found(kind: str, state: ParcelState, times: int, recovered: int) -> None:
    """What is lost, doubled, left over or doubtful without a kill fails the count."""
    row = Parcel(action=evolve(action(), on_unknown=kind), state=state, recoveries=recovered, due_at=0)
    with pytest.raises(AssertionError):
        _check([row], Counter({row.key: times}), 1)


def _record(engine: Engine, numbers: range) -> None:
    for first in range(numbers.start, numbers.stop, BATCH):
        engine.record(
            Event(id=f"e{number}", customer=f"c{number}", at=START + 1, name=("drop", "retry")[number % 2])
            for number in range(first, min(first + BATCH, numbers.stop))
        )


def _attend(crowd: Crowd, lines: Path) -> None:
    """Kill a worker whenever so many messages more are sent."""
    marks = sorted(crowd.dice.randrange(ACTIONS * 9 // 10) for _ in range(KILLS))
    until = time.monotonic() + PATIENCE
    while marks and time.monotonic() < until:
        if lines.exists() and lines.stat().st_size // 33 >= marks[0]:
            marks.pop(0)
            crowd.kill()
        time.sleep(0.01)


def _settle(engine: Engine) -> None:
    """Wait until nothing is to be decided or sent."""
    until = time.monotonic() + PATIENCE
    open_ = (ParcelState.PENDING, ParcelState.SENDING)
    while time.monotonic() < until:
        if not engine.next_wakeup() and not any(engine.store.parcels.listed(state, "", 1) for state in open_):
            return
        time.sleep(0.1)


def _rows(engine: Engine) -> list[Parcel]:
    found: list[Parcel] = []
    for state in ParcelState:
        after = ""
        while page := engine.store.parcels.listed(state, after, 1_000):
            found += page
            after = page[-1].key
    return found


def _check(rows: list[Parcel], found: Counter[str], kills: int) -> None:
    doubtful = [row for row in rows if row.recoveries]
    assert len(doubtful) <= kills
    assert all(row.state is ParcelState.SENT and found[row.key] == 1 for row in rows if not row.recoveries)
    for row in doubtful:
        if row.action.on_unknown == "drop":
            assert (row.state, found[row.key] <= 1) == (ParcelState.UNKNOWN, True)
        else:
            assert (row.state, 1 <= found[row.key] <= 2) == (ParcelState.SENT, True)
