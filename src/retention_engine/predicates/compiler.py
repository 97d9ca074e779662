"""A rule set as one generated function over a compact record: the same verdicts as the tree walk, much faster.

This is the only module that executes generated text. The text holds integers and names made by the generator; every
other constant is bound in its namespace. What the generator does not know how to write (rare aggregates, calendars) is a
verdict of the tree walk, kept in the record until its horizon or until a fact touches what it reads.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from attrs import frozen

from retention_engine.predicates.base import Truth
from retention_engine.predicates.cells import Cells, new_columns
from retention_engine.predicates.columns import wanted_by
from retention_engine.predicates.generator import Generator
from retention_engine.state import Change, History
from retention_engine.timing import NEVER
from retention_engine.view import View, zone_of

_UNKNOWN = -NEVER
"""Horizon of a kept verdict that has to be asked again."""


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
    boolean: Callable[[Any, int], int]
    horizon: Callable[[Any, int], tuple[int, int]]
    source: str
    _cells: Cells
    _record: type[Any]

    def record(self, history: History, shop_zone: str) -> Any:
        """Return the compact record of a customer; instants asked of one record must not go back."""
        record = self._record()
        record.history, record.shop_zone, record.columns = history, shop_zone, new_columns(self._cells)
        history.drain()
        for column in record.columns:
            column.rebuild(history)
        for slot, fill in self._cells.fills.items():
            setattr(record, slot, fill(record))
        for number in range(len(self._cells.answers)):
            setattr(record, f"u{number}", _UNKNOWN)
        record.where = zone_of(history, shop_zone)
        return record

    def update(self, record: Any) -> list[Change]:
        """Bring a record up to what its history has taken in since the last time; return the changes of records."""
        history: History = record.history
        changes, touched = history.drain()
        names = {f"customer.{name}" for name in touched}
        for change in changes:
            names.add(change.collection)
            for column in record.columns:
                if column.spec.base == change.collection:
                    column.take(change, record.history)
        if "zone" in touched:
            record.where = zone_of(record.history, record.shop_zone)
        for name in names:
            for slot in self._cells.stale.get(name, ()):
                setattr(record, slot, self._cells.fills[slot](record))
            for number in self._cells.doubted.get(name, ()):
                setattr(record, f"u{number}", _UNKNOWN)
        return changes


def compile_predicates(predicates: Sequence[Truth]) -> Program:
    """Compile predicates into one function; bit i of its mask belongs to predicate i."""
    generator = Generator()
    source = generator.source(list(predicates))
    cells = generator.cells
    namespace: dict[str, Any] = {**generator.constants, "ask": _asker(cells), "__builtins__": {"bool": bool}}
    exec(compile(source, "<rules>", "exec"), namespace)
    kept = [name for number in range(len(cells.answers)) for name in (f"v{number}", f"u{number}")]
    slots = ("history", "shop_zone", "where", "columns", *cells.fills, *kept)
    reads = frozenset[str]().union(*(predicate.reads() for predicate in predicates))
    return Program(
        predicates=tuple(predicates),
        wanted=wanted_by(reads),
        boolean=namespace["boolean"],
        horizon=namespace["horizon"],
        source=source,
        cells=cells,
        record=type("Record", (), {"__slots__": slots}),
    )


def _asker(cells: Cells) -> Callable[[Any, int, int], None]:
    places = {spec: number for number, spec in enumerate(cells.columns)}
    answers = cells.answers

    def ask(record: Any, number: int, now: int) -> None:
        node, window = answers[number]
        if window is not None:
            verdict = window.verdict(record.columns[places[window.column]], now)
        else:
            where: ZoneInfo = record.where
            verdict = node.verdict(View(record.history, now, where))
        setattr(record, f"v{number}", verdict.holds)
        setattr(record, f"u{number}", NEVER if verdict.until is None else verdict.until)

    return ask
