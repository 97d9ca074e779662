"""``kill -9`` at random points of import and advance on SQLite (``RETENTION_KILLS`` sets how often, 200 by default)."""

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
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
    """Every kill hit a child that still had work to do, and every batch was acknowledged."""
    _, report = survivor
    batches = report["months"] * len(_driver.history(0)) // _driver.BATCH
    assert (report["status"], report["killed"]) == (0, KILLS)
    assert report["inside"] >= 1  # how many hit an advance depends on the machine's speed
    assert report["acknowledged"] >= batches


def test_no_fact_is_lost_after_record_returned(survivor):
    """Every order is in the log once: those acknowledged before a kill were not recorded again."""
    path, report = survivor
    expected = sorted(f"order:{order.id}" for month in range(report["months"]) for order in _driver.history(month))
    with closing(sqlite3.connect(path)) as connection:
        found = sorted(row[0] for row in connection.execute("SELECT id FROM facts"))
    assert found == expected


def test_decisions_equal_an_uninterrupted_run_and_no_action_comes_twice(survivor):
    """The journal says exactly what a run without kills says; each identity acts once."""
    path, report = survivor
    with Engine(_driver.RULES, store=f"sqlite:///{path}") as engine:
        journal = list(engine.journal())
    assert [f"{each.customer} {each.rule} {line_of(each)}" for each in journal] == _driver.uninterrupted(
        report["months"]
    )
    identities = [each.action.identity for each in journal if each.action is not None]
    assert len(identities) == len(set(identities)) > 100


def test_the_outbox_holds_each_action_once(survivor):
    """Decisions and outbox rows were committed together or not at all."""
    path, _ = survivor
    with Engine(_driver.RULES, store=f"sqlite:///{path}") as engine:
        acted = sorted(each.action.key for each in engine.journal() if each.action is not None)
        assert sorted(action.key for action in engine.due("2100-01-01T00:00:00Z", limit=10**6)) == acted


def test_the_file_is_sound(survivor):
    """SQLite finds nothing wrong with it."""
    path, _ = survivor
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
