"""Something bad at every single change of the disk, then the rest of the story; prints a report as JSON.

One process prepares, and forks a child for each kill: ``python -m tests.crash._sweep MODE FIRST EVERY [PLANT]``.
"""

from __future__ import annotations

import gc
import json
import os
import shutil
import signal
import sqlite3
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from random import Random
from typing import Any

from attrs import asdict, define, evolve, field

from retention_engine import Engine
from retention_engine.actions import ParcelState
from retention_engine.delivery import calls
from retention_engine.errors import StoreError
from retention_engine.stores.sqlite.session import Session
from retention_engine.timing import MINUTE
from tests.crash._disk import FULL, IO_DELETE, IO_SYNC, IO_TRUNCATE, IO_WRITE, Change, Disk, Do, Handler, Hidden
from tests.crash._story import Checked, Story, check, lines, patient, uninterrupted
from tests.crash._tape import Tape

LATE = 6 * MINUTE  # whoever held a message when it was killed does not hold it any more
HIDDEN = 77  # the exit code when there is nothing to strike with
FAILURES = {"write": IO_WRITE, "sync": IO_SYNC, "truncate": IO_TRUNCATE, "delete": IO_DELETE}


class Broken(AssertionError):
    """A promise does not hold while something bad goes on."""


def hold(name: str, truth: object, *evidence: object) -> None:
    """Check one promise."""
    if not truth:
        raise Broken(name, *evidence)


@define
class Report:
    """What a sweep found.

    Attributes:
        points: the changes of the disk from the first to the last.
        compared: how often the files were compared with the tape.
        runs: the stories that were interrupted and told to the end.
        struck: those in which it really happened: children killed, changes refused, power cut.
        errors: StoreErrors that came out.
        broken: promise -> how often it did not hold.
        first: the first of those.
    """

    points: int = 0
    compared: int = 0
    runs: int = 0
    struck: int = 0
    errors: int = 0
    doubtful: int = 0
    duplicates: int = 0
    undelivered: int = 0
    broken: Counter[str] = field(factory=Counter)
    first: str = ""

    def add(self, checked: Checked, point: int) -> None:
        """Add what one run told."""
        self.doubtful += checked.doubtful
        self.duplicates += checked.duplicates
        self.undelivered += checked.undelivered
        self.broken.update(checked.broken.keys())
        said = "; ".join(f"{name} {evidence}" for name, evidence in checked.broken.items())
        self.first = self.first or (said and f"at {point}: {said}")


@define
class Sweep:
    """One disk, one way to strike, one report."""

    disk: Disk
    expected: list[str]
    prepare: Callable[[Engine], object] = lambda engine: None
    early: bool = False
    report: Report = field(factory=Report)

    def story(self, folder: str) -> Story:
        """Return the story in a folder."""
        return Story(folder, lambda name, text: self.disk.append(f"{folder}/{name}", text), self.prepare, self.early)

    def tape(self) -> Tape:
        """Tell the story once and return what it wrote."""
        with _folder() as folder:
            tape = Tape(folder)
            self.disk.handler = tape.note
            self.story(folder).tell()
            self.disk.handler = _go_on
            hold("the uninterrupted story", not (checked := check(folder, self.expected, 0)).broken, checked)
        self.report.points, self.report.compared = len(tape.changes), tape.compared
        return tape

    def run(self, strike: Callable[[str, int], int], points: range) -> None:
        """Strike at each point and check what comes of it; ``strike`` returns how many messages may be in doubt."""
        for point in points:
            self.report.runs += 1
            with _folder() as folder:
                try:
                    doubts = strike(folder, point)
                    self.disk.handler = _go_on
                    self.story(folder).tell(2 * LATE)
                    checked = check(folder, self.expected, doubts)
                except (Broken, StoreError) as error:
                    checked = Checked(broken={type(error).__name__: str(error)})
                self.report.add(checked, point)

    def kill(self, mode: str, *, twice: bool = False) -> Callable[[str, int], int]:
        """Return a strike that kills: ``before`` or ``after`` a change, or with half of a write done (``torn``)."""

        def strike(folder: str, point: int) -> int:
            self._child(folder, killing(point, mode), 0)
            if twice:
                self._child(folder, killing(Random(point).randrange(1, 400), mode), LATE)
            return 1 + twice

        return strike

    def _child(self, folder: str, handler: Handler, late: int) -> None:
        pid = os.fork()
        if not pid:
            try:
                self.disk.handler = handler
                self.story(folder).tell(late)
            finally:
                os._exit(0)
        _, status = os.waitpid(pid, 0)
        self.report.struck += os.WIFSIGNALED(status)
        hold("ended by itself", os.WIFSIGNALED(status) or status == 0, status)

    def refuse(self, kind: str, *, sticky: bool) -> Callable[[str, int], int]:
        """Return a strike that refuses one change, or all from there on: no ``space``, or a broken ``device``."""

        def strike(folder: str, point: int) -> int:
            fault = Refusal(point, kind, sticky)
            self.disk.handler = fault.handle
            story, errors = self.story(folder), list[StoreError]()
            again = patient(story, errors)

            def attempt(do: Callable[[], Any]) -> Any:
                try:
                    return do()
                except StoreError as error:
                    errors.append(error)
                    _whole(folder, fault)
                if sticky:
                    fault.nothing_happens(folder, do, errors)
                fault.point = 0
                story.clock += 2 * MINUTE
                return again(do)

            story.attempt = attempt
            story.tell()
            self.report.struck += fault.refused > 0
            self.report.errors += len(errors)
            return 1

        return strike

    def cut(self, tape: Tape, seed: int) -> Callable[[str, int], int]:
        """Return a strike that cuts the power."""

        def strike(folder: str, point: int) -> int:
            tape.cut(point, Random(f"{seed}:{point}"), folder)
            self.report.struck += 1
            return 1

        return strike


def _go_on(change: Change, do: Do) -> int:
    return do(change.data)


def killing(point: int, mode: str) -> Handler:
    """Return a handler that kills this process at a change."""
    count = 0

    def handle(change: Change, do: Do) -> int:
        nonlocal count
        count += 1
        if count == point and mode != "after":
            if mode == "torn" and change.kind == "write":
                do(change.data[: len(change.data) // 2])
            os.kill(os.getpid(), signal.SIGKILL)
        code = do(change.data)
        if count == point:
            os.kill(os.getpid(), signal.SIGKILL)
        return code

    return handle


@define
class Refusal:
    """A disk that refuses; ``point`` 0: not any more."""

    point: int
    kind: str
    sticky: bool
    count: int = 0
    refused: int = 0

    def handle(self, change: Change, do: Do) -> int:
        """Refuse or do; a full disk takes half of a write."""
        self.count += 1
        now = self.point and (self.count >= self.point if self.sticky else self.count == self.point)
        if not now or change.kind == "append" or (self.kind == "space" and change.kind != "write"):
            return do(change.data)
        self.refused += 1
        if self.kind == "space":
            do(change.data[: len(change.data) // 2])
            return FULL
        return FAILURES[change.kind]

    def nothing_happens(self, folder: str, do: Callable[[], Any], errors: list[StoreError]) -> None:
        """Try again while nothing can be written: nothing is sent, and nothing but a StoreError comes."""
        before = lines(folder, "calls")
        for _ in range(2):
            try:
                do()
            except StoreError as error:
                errors.append(error)
        hold("sent while full", lines(folder, "calls") == before)


def _whole(folder: str, fault: Refusal) -> None:
    """Check that nothing is half done right after an error: what was decided is in the outbox."""
    point, fault.point = fault.point, 0
    with closing(sqlite3.connect(f"{folder}/shop.db")) as connection:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
        if {"journal", "outbox"} <= tables:
            acts = "SELECT action FROM journal WHERE action IS NOT NULL"
            odd = connection.execute(f"{acts} EXCEPT SELECT action FROM outbox").fetchall()
            hold("whole", not odd, odd)
    fault.point = point


@contextmanager
def _folder() -> Iterator[str]:
    shared = "/dev/shm"
    folder = tempfile.mkdtemp(dir=shared if os.access(shared, os.W_OK) else None)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def forgetful(_: Sweep) -> None:
    """Take a message whose holder is gone for one that was not sent."""
    calls.recovered = lambda row, **_: evolve(row, state=ParcelState.PENDING, reason="planted")  # type: ignore[assignment]  # planted


def piecemeal(_: Sweep) -> None:
    """Commit each change for itself."""
    each = Session.each

    def planted(self: Session, sql: str, rows: Any) -> int:
        count = each(self, sql, rows)
        self._connection.execute("COMMIT")
        self._connection.execute("BEGIN IMMEDIATE")
        return count

    Session.each = planted  # type: ignore[method-assign]  # planted


def early(sweep: Sweep) -> None:
    """Acknowledge before recording."""
    sweep.early = True


def normal(sweep: Sweep) -> None:
    """Sync less, as common advice has it."""

    def prepare(engine: Engine) -> None:
        store: Any = engine.store
        store._session.rows("PRAGMA synchronous = NORMAL")

    sweep.prepare = prepare


PLANTS = {plant.__name__: plant for plant in (forgetful, piecemeal, early, normal)}


def main(mode: str, first: int, every: int, plant: str = "") -> Report:
    """Strike at every ``every``-th point from the first on."""
    sweep = Sweep(Disk(), uninterrupted())
    if plant:
        PLANTS[plant](sweep)
    tape = sweep.tape()
    gc.freeze()  # what is forked often is not looked through again and again
    strikes = {
        "before": sweep.kill("before"),
        "after": sweep.kill("after"),
        "torn": sweep.kill("torn"),
        "twice": sweep.kill("after", twice=True),
        "full": sweep.refuse("space", sticky=False),
        "stays full": sweep.refuse("space", sticky=True),
        "broken": sweep.refuse("device", sticky=False),
        **{f"power {seed}": sweep.cut(tape, seed) for seed in range(10)},
    }
    sweep.run(strikes[mode], range(first, sweep.report.points + 1, every))
    return sweep.report


if __name__ == "__main__":
    try:
        print(json.dumps(asdict(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), *sys.argv[4:]))))
    except Hidden as error:
        print(error)
        sys.exit(HIDDEN)
