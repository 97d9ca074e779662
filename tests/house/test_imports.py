"""Importing the library is light: nothing optional, nothing heavy."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.house._house import HEAVY, PACKAGE, ROOT, sources

PLUGIN = f"{PACKAGE}.testing.plugin"  # loaded by pytest in every project that installs us
ENTRY = f"{PACKAGE}.testing.entry"  # loaded by Hypothesis, where that is installed
FRAMEWORKS = {
    "aiogram",
    "apscheduler",
    "celery",
    "django",
    "fastapi",
    "procrastinate",
    "starlette",
    "taskiq",
    "telegram",
}
LIGHT = [PACKAGE, *(name for name in (PLUGIN, ENTRY) if f"{name.replace('.', '/')}.py".partition("/")[2] in sources())]


def loaded(statement: str) -> set[str]:
    """Return the heavy packages that a statement loads in a fresh interpreter."""
    code = f"import sys\n{statement}\nimport json\nprint(json.dumps(sorted(sys.modules)))"
    keep = {name: value for name, value in os.environ.items() if not name.startswith(("COV", "PYTHON"))}
    run = [sys.executable, "-c", code]
    done = subprocess.run(run, env=keep | {"PYTHONPATH": str(ROOT / "src")}, capture_output=True, text=True, check=True)
    return HEAVY & set(json.loads(done.stdout))


@pytest.mark.parametrize("module", LIGHT)
def test_what_everybody_imports_loads_nothing_heavy(module: str) -> None:
    """The root and the plug-ins that other tools load bring nothing heavy with them."""
    assert loaded(f"import {module}") == set()


INTEGRATIONS = sorted(path for path in sources() if path.count("/") == 1 and path.startswith("integrations/"))


def test_an_integration_does_not_load_its_framework() -> None:
    """Whoever imports all of them has loaded none of the frameworks."""
    names = [f"{PACKAGE}.{path.removesuffix('.py').replace('/', '.')}" for path in INTEGRATIONS]
    assert loaded(f"import {', '.join(names)}, {PACKAGE}.integrations.django") & FRAMEWORKS == set()
    assert len(names) > 5


@pytest.mark.parametrize("module", ["sqlite3", "pydantic"])
def test_a_planted_heavy_import_is_seen(module: str) -> None:
    """The check sees a heavy package when one is loaded."""
    assert module in loaded(f"import {module}, {PACKAGE}")
