"""How anything here is timed: sides in turn, CPU time, medians; and the rows of the table."""

from __future__ import annotations

import gc
import operator
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from statistics import median
from time import process_time
from typing import Any

from attrs import frozen

_SENSES = {">=": operator.ge, "<=": operator.le, "==": operator.eq}
Side = Callable[[], object]


@frozen
class Row:
    """One line of the table.

    Attributes:
        part: which benchmark.
        what: what was measured.
        value: the figure.
        unit: ``x`` for a ratio.
        goal: (``>=`` | ``<=`` | ``==``, number), None when it is only reported.
        note: what one has to know to read it.
    """

    part: str
    what: str
    value: float
    unit: str = "x"
    goal: tuple[str, float] | None = None
    note: str = ""

    @property
    def verdict(self) -> str:
        """Return ``met``, ``missed``, or ``-`` without a goal."""
        if self.goal is None:
            return "-"
        sense, limit = self.goal
        return "met" if _SENSES[sense](self.value, limit) else "missed"

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        goal = None if self.goal is None else " ".join(map(str, self.goal))
        values = {"part": self.part, "what": self.what, "value": self.value, "unit": self.unit, "goal": goal}
        return {**values, "verdict": self.verdict, "note": self.note}


@contextmanager
def quiet() -> Iterator[None]:
    """Keep the garbage collector out of what is timed."""
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.unfreeze()


def cpu(side: Side) -> float:
    """Return the CPU seconds of one call."""
    start = process_time()
    side()
    return process_time() - start


def in_turn(sides: Mapping[str, Side], rounds: int) -> dict[str, list[float]]:
    """Return the CPU seconds of every side, one after the other in each round, each round begun by another one."""
    names = list(sides)
    found: dict[str, list[float]] = {name: [] for name in names}
    with quiet():
        for name in names:
            sides[name]()  # caches and specialised bytecode
        for number in range(rounds):
            first = number % len(names)
            for name in (*names[first:], *names[:first]):
                found[name].append(cpu(sides[name]))
    return found


def ratio(times: Mapping[str, list[float]], slow: str, fast: str) -> float:
    """Return the median over the rounds of one side's time divided by the other's."""
    return median(one / other for one, other in zip(times[slow], times[fast], strict=True))


def micros(times: Iterable[float], count: int) -> float:
    """Return the median in microseconds per item."""
    return median(times) / count * 1e6


def table(rows: Iterable[Row]) -> str:
    """Return the rows as text for people."""
    lines: list[tuple[str, ...]] = [("part", "what", "measured", "goal", "verdict", "note")]
    for row in rows:
        goal = "" if row.goal is None else f"{row.goal[0]} {row.goal[1]:g}"
        lines.append((row.part, row.what, f"{_number(row.value)} {row.unit}".rstrip(), goal, row.verdict, row.note))
    widths = [max(len(line[place]) for line in lines) for place in range(5)]
    lines.insert(1, (*("-" * width for width in widths), "----"))
    return "\n".join("  ".join((*map(str.ljust, line, widths), line[5])).rstrip() for line in lines)


def _number(value: float) -> str:
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}"
    return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:.3g}" if abs(value) < 100 else f"{value:.0f}"
