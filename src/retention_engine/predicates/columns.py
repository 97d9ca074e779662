"""Columns: the records of one refined collection as sorted arrays with prefix sums, kept up to date in place."""

from __future__ import annotations

from bisect import bisect_right
from typing import Any

from attrs import define, field, frozen

from retention_engine.predicates.aggregates import Aggregate, Collection
from retention_engine.predicates.base import Verdict
from retention_engine.predicates.compare import Compare, plain, test
from retention_engine.predicates.membership import MEMBERSHIP
from retention_engine.predicates.records import Records, Where, Window
from retention_engine.state import Change, History, Record
from retention_engine.timing import NEVER


@frozen(cache_hash=True)
class ColumnSpec:
    """What a column holds: the records of ``base`` that pass every ``where``, and prefix sums of some fields."""

    base: str
    wheres: tuple[Where, ...]

    def keeps(self, record: Record) -> bool:
        """Tell whether a record belongs."""
        return all(where.passes(record) for where in self.wheres)


@define
class Column:
    """The records of one customer in a column, sorted by (at, id)."""

    spec: ColumnSpec
    sums: dict[str, list[int]]
    rows: list[Any] = field(factory=list)
    at: list[int] = field(factory=list)

    def rebuild(self, history: History) -> None:
        """Read everything again."""
        self.rows, self.at = [], []
        for name in self.sums:
            self.sums[name] = [0]
        for record in history.records(self.spec.base):
            if self.spec.keeps(record):
                self._append(record)

    def take(self, change: Change, history: History) -> None:
        """Follow a change of the history: the newest record is appended, anything else is read again."""
        old, new = change.old, change.new
        if old is None and new is not None and (not self.rows or (self.at[-1], self.rows[-1].id) < (new.at, new.id)):
            if self.spec.keeps(new):
                self._append(new)
        elif (old is not None and self.spec.keeps(old)) or (new is not None and self.spec.keeps(new)):
            self.rebuild(history)

    def _append(self, record: Any) -> None:
        self.rows.append(record)
        self.at.append(record.at)
        for name, sums in self.sums.items():
            sums.append(sums[-1] + whole(record, name))


def whole(record: Any, name: str) -> int:
    """Return the whole number in a field, 0 for anything else."""
    value = record.data.get(name) if hasattr(record, "data") else getattr(record, name)
    return value if type(value) is int else 0


def unwindowed(collection: Collection) -> ColumnSpec | None:
    """Return the column behind a collection that time alone does not change, else None."""
    wheres: list[Where] = []
    while isinstance(collection, Where):
        wheres.append(collection)
        collection = collection.inner
    return ColumnSpec(collection.name, tuple(reversed(wheres))) if isinstance(collection, Records) else None


@frozen
class WindowSpec:
    """A count or sum over a window of a column: records whose age is in [young, old)."""

    column: ColumnSpec
    young: int
    old: int
    summed: str | None
    op: str
    constant: Any

    def verdict(self, column: Column, now: int) -> Verdict:
        """Answer by bisection, then hop from edge to edge until the truth differs."""
        at, size = column.at, len(column.at)
        entering = bisect_right(at, now - self.young)
        leaving = bisect_right(at, now - self.old) if self.old < NEVER else 0
        holds = self._test(column, leaving, entering)
        while True:
            opens = at[entering] + self.young if entering < size else NEVER
            closes = at[leaving] + self.old if leaving < size and self.old < NEVER else NEVER
            edge = min(opens, closes)
            if edge >= NEVER:
                return Verdict(holds, None)
            while entering < size and at[entering] + self.young == edge:
                entering += 1
            while leaving < size and at[leaving] + self.old == edge:
                leaving += 1
            if self._test(column, leaving, entering) != holds:
                return Verdict(holds, edge)

    def _test(self, column: Column, leaving: int, entering: int) -> bool:
        if self.summed is None:
            return test(self.op, max(0, entering - leaving), self.constant)
        sums = column.sums[self.summed]
        return test(self.op, sums[entering] - sums[leaving] if entering > leaving else 0, self.constant)


def window_of(compare: Compare) -> WindowSpec | None:
    """Return the window behind a comparison of a count or sum, None when it is something else."""
    left = compare.left
    if not isinstance(left, Aggregate) or left.fold not in ("count", "sum"):
        return None
    young, old = 0, NEVER
    collection: Collection = left.records
    wheres: list[Where] = []
    while isinstance(collection, Window | Where):
        if isinstance(collection, Where):
            wheres.append(collection)
        elif collection.side == "within":
            old = min(old, collection.span.micros)
        else:
            young = max(young, collection.span.micros)
        collection = collection.inner
    if not isinstance(collection, Records):
        return None
    spec = ColumnSpec(collection.name, tuple(reversed(wheres)))
    return WindowSpec(spec, young, old, left.field, compare.op, plain(compare.constant))


def wanted_by(names: frozenset[str]) -> frozenset[str]:
    """Return the collections a history has to keep so that the named ones come out right."""
    kept = {name for name in names if not name.startswith("customer.") and name not in ("entry", MEMBERSHIP)}
    return frozenset(kept | ({"orders"} if "carts" in kept else set()))
