"""Django itself, in a process of its own: its settings can be made only once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.house._house import ROOT
from tests.integrations._shop import needs

pytestmark = needs("django")
PROJECT = """
import django
from django.conf import settings

settings.configure(
    INSTALLED_APPS=["retention_engine.integrations.django"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    RETENTION_RUNNER="project.make_runner",
)
django.setup()

from django.core.management import call_command
from django.db import transaction
from django.dispatch import Signal

from retention_engine.integrations.django import record_on_commit, record_on_signal, runner
from tests.delivery._shop import START, post
from tests.integrations._shop import running, shop

made = []


def make_runner():
    made.append(running(shop())[0])
    return made[-1]


def recorded():
    return [fact.KIND for fact in runner().engine.store.facts.of(["ann"])["ann"]][1:]
"""
COMMITS = """
from project import *
import project

with transaction.atomic():
    record_on_commit(post(START))
    assert recorded() == []
assert recorded() == ["event"]
try:
    with transaction.atomic():
        record_on_commit(post(START + 1))
        raise KeyError
except KeyError:
    pass
assert recorded() == ["event"]
record_on_commit(post(START + 2))  # outside of a transaction: at once
assert recorded() == ["event"] * 2
assert len(project.made) == 1

saved = Signal()
record_on_signal(saved, str, lambda number: None if number == "0" else post(START + int(number)))
for number in "034":
    saved.send(sender=str, instance=number, using="default", created=True)
saved.send(sender=int, instance="5")
assert recorded() == ["event"] * 4
call_command("retention_run", "--once")
"""
RUNS = """
from project import *
import threading

def go():
    while not runner()._active:
        pass
    print("running", flush=True)

threading.Thread(target=go, daemon=True).start()
call_command("retention_run")
print("ended")
"""


def started(folder: Path, script: str) -> subprocess.Popen[str]:
    """Start a script of a small project."""
    (folder / "project.py").write_text(PROJECT, "utf-8")
    (folder / "script.py").write_text(script, "utf-8")
    settings = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT), str(folder)])}
    command = [sys.executable, "-W", "error", "script.py"]
    return subprocess.Popen(
        command, cwd=folder, env=settings, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def test_what_is_committed_is_recorded_and_sent(tmp_path: Path) -> None:
    """After the commit, never after a rollback, at once without a transaction; signals of one model only."""
    process = started(tmp_path, COMMITS)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (0, "4 actions, 4 sent\n"), out + err


def test_the_command_ends_at_a_signal(tmp_path: Path) -> None:
    """SIGTERM ends ``retention_run`` with 0."""
    process = started(tmp_path, RUNS)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "running\n"
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=30)
    finally:
        process.kill()
    assert (process.returncode, out) == (0, "ended\n"), out + err
