"""Cells: the slots of a compiled record, what fills them, and which names of the history make them stale."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from attrs import define, field, frozen

from retention_engine.keys import bucket
from retention_engine.predicates.aggregates import Aggregate
from retention_engine.predicates.attributes import Attribute, Bucket
from retention_engine.predicates.base import Truth
from retention_engine.predicates.columns import Column, ColumnSpec, WindowSpec, unwindowed, window_of
from retention_engine.predicates.compare import Compare, Constant, Quantity, kind_of
from retention_engine.state import History, Moment, read_field
from retention_engine.timing import NEVER

Fill = Callable[[History, list[Column]], Any]
"""Reads the value of a cell from what a record stands on."""

MISSING = 2 * NEVER
"""An instant that is not there: with any span added or taken away it still lies beyond every horizon."""

NO_NUMBER = float("nan")
"""A number that is not there: every comparison with it is false, except ``!=``."""

UNKNOWN = -NEVER
"""Horizon of a kept verdict that has to be asked again."""

_TYPES: dict[str | None, tuple[type, ...]] = {"number": (int, float), "text": (str,), "flag": (bool,)}


@frozen
class Answer:
    """A verdict of the tree walk that the record keeps until its horizon or until a fact touches what it reads.

    Attributes:
        node: what is asked.
        window: the same as a window over a column, when it is a simple one.
        column: number of that column, -1 without a window.
        holds: cell of the truth.
        until: cell of the horizon.
    """

    node: Truth
    window: WindowSpec | None
    column: int
    holds: str
    until: str


@define
class Cells:
    """Collects, for one rule set, the columns and cells its compiled function needs.

    Attributes:
        columns: column -> names of its fields that need prefix sums.
        fills: cell, that is the name of a slot -> what computes it.
        stale: name read (collection, ``customer.x``) -> cells to fill again when it changes.
        answers: the kept verdicts.
    """

    columns: dict[ColumnSpec, set[str]] = field(factory=dict)
    fills: dict[str, Fill] = field(factory=dict)
    stale: dict[str, list[str]] = field(factory=dict)
    answers: list[Answer] = field(factory=list)
    _known: dict[Any, str] = field(factory=dict)

    def moment(self, moment: Quantity) -> str | None:
        """Return the cell of an instant (``MISSING`` when there is none), None when time alone can change it."""
        if isinstance(moment, Attribute):
            name = moment.name
            return self._cell(("moment", moment), moment.reads(), lambda history, _: _moment(history, name))
        assert isinstance(moment, Aggregate)
        spec = unwindowed(moment.records)
        return None if spec is None else self.nth(spec, 0 if moment.fold == "first" else -1)

    def nth(self, spec: ColumnSpec, place: int) -> str:
        """Return the cell of the instant at a place of a column, counted as in a list; ``MISSING`` beyond its ends."""
        number, most = self._column(spec), place if place >= 0 else ~place

        def fill(_: History, columns: list[Column]) -> int:
            at = columns[number].at
            return at[place] if len(at) > most else MISSING

        return self._cell(("nth", spec, place), {spec.base}, fill)

    def value(self, left: Quantity, constant: Constant) -> str | None:
        """Return the cell of a quantity that only facts change, None for any other.

        Without a value it holds None, but ``NO_NUMBER`` when the constant is a number.
        """
        kind = None if constant is None else kind_of(constant[0] if isinstance(constant, tuple) else constant)
        if isinstance(left, Attribute):
            fill: Fill | None = _attribute(left.name, kind)
        elif isinstance(left, Bucket):
            salt = left.salt
            fill = lambda history, _: bucket(history.customer, salt)  # noqa: E731  # one of several fills
        elif isinstance(left, Aggregate) and (spec := unwindowed(left.records)) is not None:
            fill = self._aggregate(left, spec, kind)
        else:
            return None
        return None if fill is None else self._cell(("value", left, kind), left.reads(), fill)

    def answer(self, node: Truth) -> tuple[int, str, str]:
        """Return (number, cell of the truth, cell of the horizon) of a kept verdict."""
        holds = self._cell(("holds", node), (), lambda *_: False)
        until = self._cell(("until", node), node.reads() | {"customer.zone"}, lambda *_: UNKNOWN)
        found = next((number for number, answer in enumerate(self.answers) if answer.holds == holds), None)
        if found is None:
            found, window = len(self.answers), window_of(node) if isinstance(node, Compare) else None
            column = -1 if window is None else self._column(window.column, window.summed)
            self.answers.append(Answer(node, window, column, holds, until))
        return found, holds, until

    def _aggregate(self, left: Aggregate, spec: ColumnSpec, kind: str | None) -> Fill | None:
        name = left.field
        if left.fold == "count":
            number = self._column(spec)
            return lambda _, columns: len(columns[number].at)
        if left.fold == "sum" and name is not None:
            number = self._column(spec, name)
            return lambda _, columns: columns[number].sums[name][-1]
        if left.fold in ("first", "last") and name is not None and kind is not None:
            number = self._column(spec)
            step, absent = 1 if left.fold == "first" else -1, NO_NUMBER if kind == "number" else None
            return lambda _, columns: _end(columns[number].rows[::step], name, kind, absent)
        return None

    def _column(self, spec: ColumnSpec, summed: str | None = None) -> int:
        fields = self.columns.setdefault(spec, set())
        if summed is not None:
            fields.add(summed)
        return list(self.columns).index(spec)

    def _cell(self, key: Any, reads: Iterable[str], fill: Fill) -> str:
        cell = self._known.setdefault(key, f"c{len(self.fills)}")
        if cell not in self.fills:
            self.fills[cell] = fill
            for name in reads:
                self.stale.setdefault(name, []).append(cell)
        return cell


def _moment(history: History, name: str) -> int:
    held = history.attributes.get(name)
    return int(held.value) if held is not None and isinstance(held.value, Moment) else MISSING


def _attribute(name: str, kind: str | None) -> Fill:
    """Return what reads an attribute that counts only while it holds a value of the kind; None: of any kind."""
    absent, types = NO_NUMBER if kind == "number" else None, _TYPES.get(kind, ())
    if name == "id":
        return lambda history, _: history.customer if kind in ("text", None) else absent

    def fill(history: History, _: list[Column]) -> Any:
        held = history.attributes.get(name)
        value = None if held is None else held.value
        return value if kind is None or type(value) in types else absent

    return fill


def _end(rows: list[Any], name: str, kind: str, absent: Any) -> Any:
    """Return the field of the first row that has a value; aggregates pass over records without one."""
    values = (read_field(row, name, kind) for row in rows)
    return next((value for value in values if value is not None), absent)


def new_columns(cells: Cells) -> list[Column]:
    """Return empty columns for one customer."""
    return [Column(spec, {name: [0] for name in sorted(sums)}) for spec, sums in cells.columns.items()]
