"""pytest finds our fixtures, Hypothesis our types, and neither loads anything before it is used."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retention_engine import facts
from retention_engine.predicates import Collection, Quantity, Truth
from retention_engine.testing import entry
from retention_engine.timing import LocalDays, Span

SOURCES = Path(__file__).resolve().parents[2] / "src"
USES_CLOCK = """
from retention_engine.timing import hours

def test_the_clock_moves(engine_clock):
    assert str(engine_clock()) == "2026-01-01 00:00:00+00:00"
    assert engine_clock.advance(hours(1)).hour == 1

def test_every_test_has_its_own(engine_clock):
    assert engine_clock().hour == 0
"""


def run(*arguments: str, **more: Any) -> subprocess.CompletedProcess[str]:
    """Run Python in a fresh process that loads no plugin by itself."""
    keep = {name: value for name, value in os.environ.items() if not name.startswith(("COV", "PYTEST", "PYTHON"))}
    given = keep | {"PYTHONPATH": str(SOURCES), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return subprocess.run([sys.executable, *arguments], env=given, capture_output=True, text=True, check=False, **more)


@pytest.mark.slow
def test_a_project_gets_the_clock(tmp_path: Path) -> None:
    """The fixture is there as soon as the plugin is, with a clock of its own for each test."""
    (tmp_path / "test_shop.py").write_text(USES_CLOCK)
    done = run("-m", "pytest", "-q", "-p", "retention_engine.testing.plugin", "-p", "no:cacheprovider", cwd=tmp_path)
    assert "2 passed" in done.stdout, done.stdout + done.stderr


@pytest.mark.slow
def test_registering_without_hypothesis_does_nothing() -> None:
    """Hypothesis is not loaded for the sake of it."""
    code = "import sys, retention_engine.testing.entry as entry; entry.register(); print('hypothesis' in sys.modules)"
    done = run("-c", code)
    assert done.stdout.strip() == "False", done.stderr


@pytest.mark.slow
def test_the_testing_package_loads_hypothesis_only_for_its_strategies() -> None:
    """Laws and clock come without it."""
    code = (
        "import sys; from retention_engine.testing import ManualClock, check_laws; print('hypothesis' in sys.modules);"
        "from retention_engine.testing import histories; print('hypothesis' in sys.modules)"
    )
    done = run("-c", code)
    assert done.stdout.split() == ["False", "True"], done.stderr


OURS = [facts.Customer, facts.Order, facts.Line, facts.Cart, facts.Fact, facts.OrderRefunded, facts.PriceChanged]
OURS += [Truth, Quantity, Collection, Span, LocalDays]


@pytest.mark.parametrize("cls", OURS)
def test_hypothesis_knows_our_types(cls: type[Any]) -> None:
    """``st.from_type`` draws them."""
    entry.register()

    @settings(max_examples=10, database=None)
    @given(st.from_type(cls))
    def is_one(value: object) -> None:
        assert isinstance(value, cls)

    is_one()


def test_types_of_others_are_left_alone() -> None:
    """Only classes of ours are registered: nothing of pendulum, nothing of the standard library."""
    assert {cls.__module__.split(".")[0] for cls in entry._makers()} == {"retention_engine"}
