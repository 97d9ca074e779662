"""The tables of the reference say what the code says, and no page is forgotten in the navigation."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from retention_engine.actions import Reason
from tests.docs import _codes, tables
from tests.house._house import ROOT

LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)")


@pytest.mark.parametrize("path", tables.pages(), ids=lambda path: path.name)
def test_every_table_is_up_to_date(path: Path) -> None:
    """Each table is what the code makes of it now; ``python -m tests.docs.tables`` repairs it."""
    text = path.read_text("utf-8")
    assert text == tables.renewed(text)


def test_every_table_is_shown() -> None:
    """Each table that can be made stands in some page."""
    shown = {found["name"] for path in tables.pages() for found in tables.MARK.finditer(path.read_text("utf-8"))}
    assert shown == set(tables.TABLES)


def test_every_reason_has_a_meaning() -> None:
    """No reason code is left without an explanation."""
    assert set(tables.MEANINGS) == set(Reason)


def test_every_code_of_the_ledger_has_a_meaning() -> None:
    """No code of a refusal is left without an explanation, and none is explained that there is not."""
    assert set(_codes.MEANINGS) == _codes.codes()


def test_a_planted_stale_table_is_found() -> None:
    """A table that differs from the code is made anew."""
    stale = "<!-- table: exits -->\n| code |\n<!-- end -->"
    assert tables.renewed(stale) != stale


def test_every_page_is_in_the_navigation() -> None:
    """Each page below docs/ has its line in mkdocs.yml, and each line its page."""
    named = set(re.findall(r"[\w/-]+\.md", (ROOT / "mkdocs.yml").read_text("utf-8")))
    assert named == {path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md")}


@pytest.mark.parametrize(
    "path", [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))], ids=lambda path: path.name
)
def test_every_link_leads_somewhere(path: Path) -> None:
    """Whatever a page links to exists."""
    missing = [target for target in LINK.findall(path.read_text("utf-8")) if not (path.parent / target).exists()]
    assert missing == []
