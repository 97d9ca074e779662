"""The examples run, say what they print, and stay short."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.house._house import ROOT

EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
SHOWN = {  # a line that each of them prints
    "apscheduler_shop.py": "facts: contact_added order_placed message_sent",
    "batch_segment.py": "regulars: 2006 by SQL, 2006 one by one, the same: True",
    "celery_shop.py": "actions: 1",
    "coffee_club.py": "GOLD-3BHK-EFB3-X9X takes off 1000 cents, 400 points pay 2000",
    "compare_rules.py": "patient against today: -884 sends, +0 customers over three a week",
    "django_shop.py": "1 actions, 1 sent",
    "journey.py": "  2026-01-10 18:00  exit  registered:registered:boris  a-few-days (exited)",
    "online_store.py": "exit  812  delay days(3) (exited)",
    "own_segment.py": "keeps the laws",
    "procrastinate_shop.py": "email to anna: Your order",
    "ptb_shop.py": "facts: contact_added address_restored resumed order_placed message_sent consent_withdrawn",
    "replenishment.py": "refill: not due before 2026-02-22 12:00",
    "second_order.py": "boris reached the goal",
    "shop_loop.py": "14:00  to boris: Still thinking about it? Your cart is waiting.",
    "taskiq_shop.py": "email to anna: Your order",
    "telegram_shop.py": "exit  812  delay days(3) (exited)",
}
NEEDS = {  # the framework of an example, where its name does not tell
    "online_store.py": "fastapi",
    "ptb_shop.py": "telegram",
    "telegram_shop.py": "aiogram",
}


def run(*arguments: str, cwd: Path) -> str:
    """Return what a fresh interpreter prints; warnings are errors there, too."""
    settings = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, "-W", "error", *arguments]
    done = subprocess.run(command, cwd=cwd, env=settings, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_an_example_runs_and_prints_what_it_is_for(path: Path, tmp_path: Path) -> None:
    """Each example runs alone in an empty folder and prints its line."""
    needed = NEEDS.get(path.name, path.stem.removesuffix("_shop"))
    if (path.name in NEEDS or path.stem.endswith("_shop")) and find_spec(needed) is None:
        pytest.skip(f"{needed} is not installed: it is no dependency of ours")
    assert SHOWN[path.name] in run(str(path), cwd=tmp_path).splitlines()


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_an_example_is_short_and_says_what_it_shows(path: Path) -> None:
    """At most 80 lines; the header says how to run it and what it prints."""
    text = path.read_text("utf-8")
    header = ast.get_docstring(ast.parse(text)) or ""
    assert len(text.splitlines()) <= 80
    assert f"Run:    python examples/{path.name}" in header
    assert "Prints: " in header


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_an_example_imports_packages_only(path: Path) -> None:
    """Examples import what users may: packages, never the modules inside them."""
    nodes = [node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.ImportFrom)]
    ours = {node.module or "" for node in nodes if (node.module or "").startswith("retention_engine")}
    source = ROOT / "src"
    modules = {name for name in ours if name.count(".") > 1 and not (source / name.replace(".", "/")).is_dir()}
    assert modules == set()


@pytest.mark.slow
def test_the_test_in_an_example_passes(tmp_path: Path) -> None:
    """The segment's own test runs under pytest as its header says."""
    example = ROOT / "examples" / "own_segment.py"
    assert "1 passed" in run("-m", "pytest", "-q", "-p", "no:cacheprovider", str(example), cwd=tmp_path)
