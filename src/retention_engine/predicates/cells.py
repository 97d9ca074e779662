"""Cells: the slots of a compiled record, what fills them, and which names of the history make them stale."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from attrs import define, field

from retention_engine.keys import bucket
from retention_engine.predicates.aggregates import Aggregate
from retention_engine.predicates.attributes import Attribute, Bucket, of_kind
from retention_engine.predicates.base import Truth
from retention_engine.predicates.columns import Column, ColumnSpec, WindowSpec, unwindowed, window_of
from retention_engine.predicates.compare import Compare, Constant, Quantity, kind_of
from retention_engine.state import Moment, read_field
from retention_engine.timing import NEVER

Fill = Callable[[Any], Any]
"""Reads the value of a slot from a record (its history and columns)."""

BEFORE_ALL = -NEVER


@define
class Cells:
    """Collects, for one rule set, the columns and slots its compiled function needs.

    Attributes:
        columns: column -> names of its fields that need prefix sums.
        fills: slot -> what computes it.
        stale: name read (collection, ``customer.x``) -> slots to fill again when it changes.
        answers: number of a cached verdict -> (predicate, its window when it is a simple one).
        doubted: name read -> numbers of the cached verdicts to ask again when it changes.
    """

    columns: dict[ColumnSpec, set[str]] = field(factory=dict)
    fills: dict[str, Fill] = field(factory=dict)
    stale: dict[str, list[str]] = field(factory=dict)
    answers: list[tuple[Truth, WindowSpec | None]] = field(factory=list)
    doubted: dict[str, list[int]] = field(factory=dict)
    _slots: dict[Any, str] = field(factory=dict)
    _numbers: dict[Truth, int] = field(factory=dict)

    def moment(self, moment: Quantity, missing: int) -> str | None:
        """Return the slot of an instant (``missing`` when there is none), None when time alone can change it."""
        if isinstance(moment, Attribute):
            name = moment.name
            return self._slot(("moment", moment, missing), moment, lambda record: _moment(record, name, missing))
        assert isinstance(moment, Aggregate)
        spec = unwindowed(moment.records)
        if spec is None:
            return None
        place = 0 if moment.fold == "first" else -1
        number = self._column(spec)
        return self._slot(
            ("moment", moment, missing),
            moment,
            lambda record: record.columns[number].at[place] if record.columns[number].at else missing,
        )

    def value(self, left: Quantity, constant: Constant) -> str | None:
        """Return the slot of a quantity that only facts change, None for any other."""
        kind = None if constant is None else kind_of(constant[0] if isinstance(constant, tuple) else constant)
        if isinstance(left, Attribute):
            name = left.name
            fill: Fill = lambda record: of_kind(record.history.value(name), constant)  # noqa: E731  # one of several fills
        elif isinstance(left, Bucket):
            salt = left.salt
            fill = lambda record: bucket(record.history.customer, salt)  # noqa: E731  # one of several fills
        elif isinstance(left, Aggregate) and (spec := unwindowed(left.records)) is not None:
            found = self._aggregate(left, spec, kind)
            if found is None:
                return None
            fill = found
        else:
            return None
        return self._slot(("value", left, kind), left, fill)

    def answer(self, node: Truth) -> int:
        """Return the number of a verdict that is kept until its horizon or until a fact touches what it reads."""
        if node not in self._numbers:
            window = window_of(node) if isinstance(node, Compare) else None
            if window is not None:
                self._column(window.column, window.summed)
            self._numbers[node] = len(self.answers)
            self.answers.append((node, window))
            for name in node.reads() | {"customer.zone"}:
                self.doubted.setdefault(name, []).append(self._numbers[node])
        return self._numbers[node]

    def _aggregate(self, left: Aggregate, spec: ColumnSpec, kind: str | None) -> Fill | None:
        name = left.field
        if left.fold == "count":
            number = self._column(spec)
            return lambda record: len(record.columns[number].at)
        if left.fold == "sum" and name is not None:
            number = self._column(spec, name)
            return lambda record: record.columns[number].sums[name][-1]
        if left.fold in ("first", "last") and name is not None and kind is not None:
            number = self._column(spec)
            step = 1 if left.fold == "first" else -1
            return lambda record: _end(record.columns[number].rows[::step], name, kind)
        return None

    def _column(self, spec: ColumnSpec, summed: str | None = None) -> int:
        fields = self.columns.setdefault(spec, set())
        if summed is not None:
            fields.add(summed)
        return list(self.columns).index(spec)

    def _slot(self, key: Any, node: Quantity, fill: Fill) -> str:
        if key not in self._slots:
            slot = f"c{len(self._slots)}"
            self._slots[key] = slot
            self.fills[slot] = fill
            for name in node.reads():
                self.stale.setdefault(name, []).append(slot)
        return self._slots[key]


def _moment(record: Any, name: str, missing: int) -> int:
    value = record.history.value(name)
    return int(value) if isinstance(value, Moment) else missing


def _end(rows: list[Any], name: str, kind: str) -> Any:
    """Return the field of the first row that has a value; aggregates pass over records without one."""
    values = (read_field(row, name, kind) for row in rows)
    return next((value for value in values if value is not None), None)


def new_columns(cells: Cells) -> list[Column]:
    """Return empty columns for one customer."""
    return [Column(spec, {name: [0] for name in sorted(sums)}) for spec, sums in cells.columns.items()]
