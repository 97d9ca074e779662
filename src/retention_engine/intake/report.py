"""What became of the rows of an import: facts, or skipped or refused, each counted and with examples."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Generic, TypeVar

from attrs import define, field, frozen

from retention_engine.errors import FactError
from retention_engine.facts import Fact

_Kind = TypeVar("_Kind", bound=Fact)
_EXAMPLES = 3
_PROBLEMS = 100


class Skip(StrEnum):
    """Why rows were left out on purpose. Codes are printed and never renamed."""

    GUEST = "guest"
    """The order names no customer; guests are never merged into one."""
    CANCELLATION = "cancellation"
    """The order id has the prefix, or the status, of what did not stand."""
    IGNORED = "ignored"
    """The row holds a code that is no part of any order."""
    NO_PRODUCT = "no_product"
    """The order holds charges alone."""


@frozen
class Problem:
    """Why a row, and with it its whole order, was refused.

    Attributes:
        row: number of the row or line, from 1; the header of a table is not counted.
        field: the name of the column, empty when the whole row is meant.
        message: what is wrong, with the value.
    """

    row: int
    field: str
    message: str

    def __str__(self) -> str:
        """Return one line."""
        return f"{self.place}: {self.message}"

    @property
    def place(self) -> str:
        """Where it is, as in ``FactError.place``."""
        return f"row {self.row}, field {self.field}" if self.field else f"row {self.row}"


@define
class Tally:
    """How many rows and orders met the same fate, and the first of them.

    Attributes:
        examples: up to three, such as ``row 17 (order 536365)``.
    """

    rows: int = 0
    orders: int = 0
    examples: list[str] = field(factory=list)

    def add(self, rows: int, example: str) -> None:
        """Count one more order with so many rows."""
        self.rows += rows
        self.orders += 1
        if len(self.examples) < _EXAMPLES:
            self.examples.append(example)


@define
class Report:
    """The account of an import; complete once the facts are read to the end.

    ``rows`` is always ``used`` plus the rows of ``skipped`` and ``refused``: nothing vanishes.

    Attributes:
        rows: rows read.
        used: rows that went into facts.
        facts: facts made.
        skipped: left out on purpose, by reason.
        refused: orders with a problem; all rows of such an order count.
        problems: the first 100, in the order found.
        edges: ids of the first and the last order; where a file was cut by rows, these may be incomplete.
        strict: a problem raises ``FactError`` at once.
    """

    rows: int = 0
    used: int = 0
    facts: int = 0
    skipped: dict[Skip, Tally] = field(factory=dict)
    refused: Tally = field(factory=Tally)
    problems: list[Problem] = field(factory=list)
    edges: tuple[str, str] | None = None
    strict: bool = False

    def skip(self, reason: Skip, rows: int, example: str) -> None:
        """Count an order, or the part of an order, that is left out on purpose."""
        self.skipped.setdefault(reason, Tally()).add(rows, example)

    def refuse(self, problems: list[Problem], rows: int, example: str) -> None:
        """Count an order with problems.

        Raises:
            FactError: the first problem, when ``strict``.
        """
        if self.strict:
            raise FactError(problems[0].message, place=problems[0].place)
        self.refused.add(rows, example)
        self.problems.extend(problems[: _PROBLEMS - len(self.problems)])

    def __str__(self) -> str:
        """Return a few lines for people."""
        lines = [f"{self.rows:,} rows: {self.used:,} of them in {self.facts:,} facts"]
        tallies = [(f"skipped, {reason}", tally) for reason, tally in sorted(self.skipped.items())]
        for name, tally in [*tallies, ("refused", self.refused)]:
            if tally.rows:
                such = ", ".join(tally.examples)
                lines.append(f"  {name}: {tally.rows:,} rows in {tally.orders:,} orders, such as {such}")
        return "\n".join([*lines, *(f"  {problem}" for problem in self.problems[:_EXAMPLES])])


@define(eq=False)
class Reading(Iterator[_Kind], Generic[_Kind]):
    """The facts of an import, read as they are asked for, once.

    Attributes:
        report: what became of the rows so far.
    """

    report: Report
    _facts: Iterator[_Kind]

    def __next__(self) -> _Kind:
        """Return the next fact."""
        fact = next(self._facts)
        self.report.facts += 1
        return fact
