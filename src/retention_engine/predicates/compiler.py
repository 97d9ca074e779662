"""A rule set as one generated function over a compact record: the same verdicts as the tree walk, much faster.

This is the only module that executes generated text. The text holds integers and names made by the generator; every
other constant is bound in its namespace. What the generator does not know how to write (rare aggregates, calendars) is
a verdict of the tree walk, kept in the record until its horizon or until a fact touches what it reads.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from attrs import define, frozen

from retention_engine.predicates.base import Truth
from retention_engine.predicates.cells import Answer, Cells, new_columns
from retention_engine.predicates.columns import Column, wanted_by
from retention_engine.predicates.generator import Generator
from retention_engine.predicates.membership import MEMBERSHIP
from retention_engine.state import EVERYTHING, Change, History
from retention_engine.timing import NEVER
from retention_engine.view import View, zone_of


@define(eq=False)
class Record:
    """What a compiled function is asked about: one customer. Each program adds the slots that its functions read.

    Attributes:
        history: what is known of the customer.
        where: the zone of their calendar.
        columns: the collections the program asks about.
    """

    history: History
    shop_zone: str
    where: ZoneInfo
    columns: list[Column]


@frozen
class Program:
    """A compiled sequence of predicates.

    Attributes:
        predicates: bit i of a mask is the truth of predicate i.
        wanted: the collections a history must keep for it.
        boolean: ``(record, now) -> mask``.
        horizon: ``(record, now) -> (mask, instant)``: no truth changes before the instant (``timing.NEVER``: none
            at all); it may be earlier than the public ``until``, never later.
        source: the generated text, for people.
    """

    predicates: tuple[Truth, ...]
    wanted: frozenset[str]
    boolean: Callable[[Record, int], int]
    horizon: Callable[[Record, int], tuple[int, int]]
    source: str
    _cells: Cells
    _record: type[Record]

    def record(self, history: History, shop_zone: str) -> Record:
        """Return the compact record of a customer; instants asked of one record must not go back."""
        columns = new_columns(self._cells)
        history.drain()
        for column in columns:
            column.rebuild(history)
        record = self._record(history, shop_zone, zone_of(history, shop_zone), columns)
        for cell, fill in self._cells.fills.items():
            setattr(record, cell, fill(history, columns))
        return record

    def update(self, record: Record) -> list[Change]:
        """Bring a record up to what its history has taken in since the last time; return the changes of records."""
        changes, touched = record.history.drain()
        if not changes and not touched:
            return changes
        names = {f"customer.{name}" for name in touched}
        if EVERYTHING in touched:
            names.add(MEMBERSHIP)
        for change in changes:
            names.add(change.collection)
            for column in record.columns:
                if column.spec.base == change.collection:
                    column.take(change, record.history)
        if "zone" in touched:
            record.where = zone_of(record.history, record.shop_zone)
        fills, stale = self._cells.fills, self._cells.stale
        for name in names:
            for cell in stale.get(name, ()):
                setattr(record, cell, fills[cell](record.history, record.columns))
        return changes


def compile_predicates(predicates: Sequence[Truth]) -> Program:
    """Compile predicates into one function; bit i of its mask belongs to predicate i."""
    generator = Generator()
    source = generator.source(predicates)
    cells = generator.cells
    namespace: dict[str, Any] = {**generator.constants, "ask": _asker(cells.answers), "__builtins__": {}}
    exec(compile(source, "<rules>", "exec"), namespace)
    reads = frozenset[str]().union(*(predicate.reads() for predicate in predicates))
    return Program(
        predicates=tuple(predicates),
        wanted=wanted_by(reads),
        boolean=namespace["boolean"],
        horizon=namespace["horizon"],
        source=source,
        cells=cells,
        record=type("Record", (Record,), {"__slots__": tuple(cells.fills)}),
    )


def _asker(answers: list[Answer]) -> Callable[[Record, int, int], bool]:
    def ask(record: Record, number: int, now: int) -> bool:
        """Ask a kept verdict again, keep it with its horizon, and return its truth."""
        answer = answers[number]
        if answer.window is not None:
            verdict = answer.window.verdict(record.columns[answer.column], now)
        else:
            verdict = answer.node.verdict(View(record.history, now, record.where))
        setattr(record, answer.holds, verdict.holds)
        setattr(record, answer.until, NEVER if verdict.until is None else verdict.until)
        return verdict.holds

    return ask
