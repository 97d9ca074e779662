"""``import`` may be killed or interrupted at any time: nothing is half there, and the same command goes on."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli._shop import EUR, run
from tests.house._house import ROOT

ROWS = 12_000


def export(folder: Path) -> Path:
    """Write a file of so many orders."""
    path = folder / "orders.csv"
    rows = (f"{n},c{n % 700},2026-01-{1 + n % 28:02}T00:00:00Z,{n % 90}.50\n" for n in range(ROWS))
    path.write_text("order,customer,at,total\n" + "".join(rows), "utf-8")
    return path


def start(path: Path, db: Path) -> subprocess.Popen[bytes]:
    """Start an import in another process, unmeasured: coverage, interrupted while it holds its lock, waits for ever."""
    command = [sys.executable, "-m", "retention_engine.cli", "import", str(path), "--db", str(db), *EUR]
    settings = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    settings["PYTHONPATH"] = str(ROOT / "src")
    return subprocess.Popen(command, env=settings, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def wait_for(db: Path, facts: int, process: subprocess.Popen[bytes]) -> None:
    """Return as soon as so many facts are committed, or the process has ended."""
    while process.poll() is None and stored(db) < facts:
        pass


def stored(db: Path) -> int:
    """Return how many facts a store holds; 0 while there is no table yet."""
    if not db.is_file():
        return 0
    base = sqlite3.connect(f"file:{db}?mode=ro", uri=True, timeout=10)
    try:
        return int(base.execute("select count(*) from facts").fetchone()[0])
    except sqlite3.OperationalError:
        return 0
    finally:
        base.close()


@pytest.mark.slow
@pytest.mark.parametrize("after", [0, 1, 5_000])
def test_a_killed_import_goes_on(after: int, tmp_path: Path) -> None:
    """Killed before, at or after some commits, the same command completes it, and each order is there once."""
    path, db = export(tmp_path), tmp_path / "shop.db"
    process = start(path, db)
    wait_for(db, after, process)
    process.kill()
    process.communicate(timeout=60)
    before = stored(db)

    done = run("import", path, "--db", db, *EUR, "--json").only("import")

    assert (done["repeated"], done["new"] + done["repeated"], stored(db)) == (before, ROWS, ROWS)
    with closing(sqlite3.connect(db)) as connection:
        assert connection.execute("pragma integrity_check").fetchone() == ("ok",)


@pytest.mark.slow
def test_an_interrupted_import_says_so(tmp_path: Path) -> None:
    """Ctrl-C ends in exit code 130 and one line."""
    path, db = export(tmp_path), tmp_path / "shop.db"
    process = start(path, db)
    wait_for(db, 1, process)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    if process.returncode == 0:
        pytest.skip("this machine was done before it could be interrupted")

    assert process.returncode == 130
    assert err.decode().splitlines() == ["error: interrupted; what was committed stays, and the same command goes on"]
