"""Where a command writes: tables and progress for people, one JSON object a line for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from time import perf_counter
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

Step = Callable[[int], None]
"""Told how much is done so far."""

_PLAIN_WIDTH = 140


def console(*, stderr: bool = False) -> Console:
    """Return a console that shows texts as they are; colours on a terminal only."""
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else _PLAIN_WIDTH
    return Console(file=stream, width=width, markup=False, emoji=False, highlight=False, soft_wrap=False)


class Screen:
    """The output of one command.

    Attributes:
        json: whether standard output holds JSON lines and nothing else.
    """

    def __init__(self, *, json: bool = False) -> None:
        """Look at the streams of the process."""
        self.json = json
        self._out = console()
        self._err = console(stderr=True)

    def emit(self, type_: str, /, **fields: Any) -> None:
        """Write one JSON object with its ``type``; nothing for people."""
        if self.json:
            line = json.dumps({"type": type_, **fields}, ensure_ascii=False, separators=(",", ":"))
            sys.stdout.write(f"{line}\n")

    def say(self, text: str = "", *, style: str = "") -> None:
        """Write a line for people; nothing for programs."""
        if not self.json:
            self._out.print(Text(text, style=style), soft_wrap=True)

    def title(self, text: str) -> None:
        """Write the heading of a part."""
        self.say()
        self.say(text, style="bold")

    def table(self, headers: Sequence[str], rows: Iterable[Sequence[object]], *, total: bool = False) -> None:
        """Write a table for people, nothing when it has no rows; ``total``: the last row sums up."""
        given = [[*row] for row in rows]
        if self.json or not given:
            return
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
        for number, header in enumerate(headers):
            numeric = all(isinstance(row[number], int) or row[number] == "" for row in given)
            table.add_column(header, justify="right" if numeric else "left", overflow="fold")
        for row in given:
            style = "bold" if total and row is given[-1] else None
            table.add_row(*map(_cell, row), style=style)
        self._out.print(table)

    @contextmanager
    def progress(self, text: str, total: int | None) -> Iterator[Step]:
        """Show a bar on a terminal while the block runs; ``total`` None: a bar without an end."""
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        shown = Progress(*columns, console=self._err, transient=True, disable=self.json or not self._err.is_terminal)
        with shown:
            task = shown.add_task(text, total=total)
            yield lambda done: shown.update(task, completed=done)


class Watch:
    """Says after each phase of a command what came out and how long it took."""

    def __init__(self, screen: Screen) -> None:
        """Start nothing yet."""
        self._screen = screen
        self.seconds: dict[str, float] = {}

    @contextmanager
    def phase(self, name: str, total: int | None = None) -> Iterator[Phase]:
        """Time a block and show its progress."""
        start = perf_counter()
        with self._screen.progress(name, total) as step:
            phase = Phase(step)
            yield phase
        self.seconds[name] = took = perf_counter() - start
        self._screen.emit("phase", name=name, result=phase.result, seconds=round(took, 3))
        self._screen.say(f"  {name:<20}{phase.result:<60}{took:7.1f} s")


class Phase:
    """A phase that runs: ``step`` moves its bar, ``result`` is said at its end."""

    def __init__(self, step: Step) -> None:
        """Begin without a result."""
        self.step = step
        self.result = ""


def _cell(value: object) -> Text:
    return Text(f"{value:,}" if type(value) is int else str(value))
