"""``kill -9`` at random points of import and advance on SQLite (``RETENTION_KILLS`` sets how often, 200 by default)."""

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from retention_engine import Engine
from retention_engine.engine import line_of
from tests.crash import _driver

KILLS = int(os.environ.get("RETENTION_KILLS", "200"))


@pytest.fixture(scope="module")
def survivor(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, int]]:
    """Return a store that was written by children killed again and again, and what they acknowledged."""
    path = tmp_path_factory.mktemp("crash") / "shop.db"
    command = [sys.executable, "-m", "tests.crash._driver", str(path), str(KILLS), "7"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=400)
    return path, json.loads(done.stdout)


def test_children_were_killed_and_the_last_one_finished(survivor):
    """The kills really happened while there was work to do."""
    _, report = survivor
    assert report["status"] == 0
    assert report["killed"] >= min(KILLS, 50)


def test_no_fact_is_lost_after_record_returned(survivor):
    """Every order is in the log once: those acknowledged before a kill were not recorded again."""
    path, _ = survivor
    expected = sorted(f"order:{order.id}" for month in range(_driver.MONTHS) for order in _driver.history(month))
    with sqlite3.connect(path) as connection:
        found = sorted(row[0] for row in connection.execute("SELECT id FROM facts"))
    assert found == expected


def test_decisions_equal_an_uninterrupted_run_and_no_action_comes_twice(survivor):
    """The journal says exactly what a run without kills says; each identity acts once."""
    path, _ = survivor
    with Engine(_driver.RULES, store=f"sqlite:///{path}") as engine:
        journal = list(engine.journal())
    assert [f"{each.customer} {each.rule} {line_of(each)}" for each in journal] == _driver.uninterrupted()
    identities = [each.action.identity for each in journal if each.action is not None]
    assert len(identities) == len(set(identities)) > 100


def test_the_file_is_sound(survivor):
    """SQLite finds nothing wrong with it."""
    path, _ = survivor
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
