"""Whatever the README and the docs show is true: code runs, commands print what is shown, files load."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.docs._pages import Page, blocks, matches, pages
from tests.house._house import ROOT


@pytest.fixture
def closing(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Close the files that a page leaves open: on a page that would be one more line to read."""
    connect, opened = sqlite3.connect, []

    def remembered(*given: Any, **more: Any) -> sqlite3.Connection:
        opened.append(connect(*given, **more))
        return opened[-1]

    monkeypatch.setattr(sqlite3, "connect", remembered)
    yield
    for each in opened:
        each.close()


@pytest.mark.usefixtures("closing")
@pytest.mark.parametrize("path", pages(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_block_of_a_page_is_true(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every block of every page runs and shows what it prints."""
    monkeypatch.chdir(tmp_path)
    Page(path).run()


def test_the_first_screen_of_the_readme_is_short() -> None:
    """The README stays readable, and its first block of Python has at most twenty lines."""
    text = (ROOT / "README.md").read_text("utf-8")
    first = next(block for block in blocks(text) if block.kind == "python")
    assert len(text.splitlines()) <= 150
    assert len(first.text.splitlines()) <= 20


def test_blocks_are_found_with_kind_line_and_title() -> None:
    """A fenced block has its kind, the line it starts at, its title and its text."""
    (found,) = blocks('x\n```toml title="a.toml"\nb = 1\n```\n')
    assert (found.kind, found.line, found.title, found.text) == ("toml", 2, "a.toml", "b = 1\n")


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        ("a\nb\n", "a\nb\n", True),
        ("a  \nb", "a\nb\n", True),
        ("a\n...\nd", "a\nb\nc\nd\n", True),
        ("a\n...\nd", "a\nd\n", True),
        ("...\nd", "a\nd\n", True),
        ("a\n...", "a\nb\nc\n", True),
        ("a\nb", "a\nc\n", False),
        ("a", "a\nb\n", False),
        ("a.b", "axb", False),
    ],
)
def test_what_is_shown_is_compared_by_lines(shown: str, printed: str, same: bool) -> None:
    """Lines are compared without blanks at their ends, and dots stand for any lines."""
    assert matches(shown, printed) is same


def test_a_planted_lie_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page that shows what its code does not print fails."""
    page = ROOT / "docs" / "index.md"
    monkeypatch.chdir(tmp_path)
    lie = Page(page)
    lie.blocks = blocks("```python\nprint(1)\n```\n```text\n2\n```\n")
    with pytest.raises(pytest.fail.Exception):
        lie.run()
