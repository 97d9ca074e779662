"""Pages of the README and the docs as blocks, and how each kind of block is run.

- ``python`` runs, in one namespace a page and in a folder of its own. A ``text`` or ``sql`` block right behind it is
  what it prints; there a line of ``...`` stands for any lines.
- A block with ``title="name"`` is written into that folder under its name; of Python only ``test_*.py`` is then run,
  by pytest.
- ``toml`` must load: as rules, or as a mapping of columns. ``json`` must parse, a line at a time.
- ``console``: each ``$ retention-engine ...`` runs and prints what stands below it; of ``make`` the target must exist.
"""

from __future__ import annotations

import io
import json
import re
import shlex
import subprocess
import sys
import tomllib
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from retention_engine.cli import main
from retention_engine.intake import OrderMapping
from retention_engine.rules import load_rules
from tests.house._house import ROOT

FENCE = re.compile(r"^ *```(?P<kind>\w*)(?: +(?P<more>.*))?$")
TITLE = re.compile(r'title="([^"]+)"')
OF_THE_FILE = {"columns", "delimiter", "encoding"}  # of a mapping, about the file and not the order
PLAIN = {"", "text", "sql", "csv", "sh"}


@dataclass(frozen=True)
class Block:
    """One fenced block: its kind, the line it starts at, its title and its text."""

    kind: str
    line: int
    title: str | None
    text: str


def pages() -> list[Path]:
    """Return the README and every page of the docs."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def blocks(text: str) -> list[Block]:
    """Return the fenced blocks of a page, in order."""
    found: list[Block] = []
    inside: tuple[str, int, str | None] | None = None
    lines: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        fence = FENCE.match(line)
        if inside is None and fence:
            title = TITLE.search(fence["more"] or "")
            inside, lines = (fence["kind"], number, title and title[1]), []
        elif inside is not None and line.strip() == "```":
            found.append(Block(*inside, "".join(f"{each}\n" for each in lines)))
            inside = None
        elif inside is not None:
            lines.append(line)
    assert inside is None, f"the block of line {inside and inside[1]} does not end"
    return found


def matches(shown: str, printed: str) -> bool:
    """Tell whether a block shows what was printed; a line of ``...`` stands for any lines."""
    wanted = ["(?:.*\n)*" if line == "..." else f"{re.escape(line)}\n" for line in _lines(shown)]
    return re.fullmatch("".join(wanted), "".join(f"{line}\n" for line in _lines(printed))) is not None


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.strip("\n").splitlines()]


class Page:
    """A page that is being run, inside an empty folder."""

    def __init__(self, path: Path) -> None:
        """Read the page."""
        self.name = path.relative_to(ROOT).as_posix()
        self.blocks = blocks(path.read_text("utf-8"))
        self.names: dict[str, Any] = {"__name__": "__page__"}

    def run(self) -> None:
        """Run every block; fail at the first that is not true."""
        for block, behind in pairwise([*self.blocks, None]):
            assert block is not None
            if block.title is not None:
                Path(block.title).parent.mkdir(parents=True, exist_ok=True)
                Path(block.title).write_text(block.text, "utf-8")
            if block.kind not in PLAIN:
                handler = getattr(self, f"_{block.kind}", None)
                assert handler is not None, f"{self.name}:{block.line}: nobody runs a block of {block.kind!r}"
                handler(block, behind)
        self._pytest()

    def _python(self, block: Block, behind: Block | None) -> None:
        if block.title is not None:
            return
        printed = io.StringIO()
        with redirect_stdout(printed):
            code = compile("\n" * block.line + block.text, self.name, "exec")
            exec(code, self.names)
        if behind is not None and behind.kind in ("text", "sql") and behind.title is None:
            self._same(behind, behind.text, printed.getvalue())
        else:
            assert printed.getvalue() == "", f"{self.name}:{block.line} prints what the page does not show"

    def _pytest(self) -> None:
        names = [block.title for block in self.blocks if block.title and block.title.startswith("test_")]
        if names:
            run = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *names]
            done = subprocess.run(run, capture_output=True, text=True, check=False)
            assert done.returncode == 0, f"{self.name}\n{done.stdout}{done.stderr}"

    def _toml(self, block: Block, _: Block | None) -> None:
        found = tomllib.loads(block.text)
        if {"rules", "segments"} & found.keys():
            load_rules(block.text)
        else:
            OrderMapping(**{name: value for name, value in found.items() if name not in OF_THE_FILE})

    def _json(self, block: Block, _: Block | None) -> None:
        for line in block.text.splitlines():
            json.loads(line)

    def _console(self, block: Block, _: Block | None) -> None:
        for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
            command, _, shown = part.replace("\\\n", "").partition("\n")
            words = shlex.split(command, comments=True)
            if words[0] == "retention-engine" and words[1] != "demo":
                self._same(block, shown, _printed(words[1:]))
            elif words[0] == "make":
                assert f"\n{words[1]}:" in (ROOT / "Makefile").read_text("utf-8"), f"no target {words[1]!r}"

    def _same(self, block: Block, shown: str, printed: str) -> None:
        place = f"{self.name}:{block.line}"
        if not matches(shown, printed):
            pytest.fail(f"{place} shows\n{shown}\nbut this was printed\n{printed}", pytrace=False)


def _printed(arguments: list[str]) -> str:
    """Return what a command prints, on either stream."""
    printed = io.StringIO()
    with redirect_stdout(printed), redirect_stderr(printed):
        main(arguments)
    return printed.getvalue()
