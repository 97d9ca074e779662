"""Rows of a shop's export into facts: untrusted cells in, ``OrderPlaced`` facts and an account of every row out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

from attrs import define, field

from retention_engine.errors import DefinitionError, FactError, nearest, shown
from retention_engine.facts import OrderPlaced
from retention_engine.intake.cells import text
from retention_engine.intake.draft import Cells, Draft, Values
from retention_engine.intake.mapping import OrderMapping
from retention_engine.intake.report import Problem, Reading, Report, Skip

Row: TypeAlias = Mapping[str, object] | FactError
"""A row of a table by its columns, or why it could not be read."""


def orders_from_rows(rows: Iterable[Row], mapping: OrderMapping, *, strict: bool = False) -> Reading[OrderPlaced]:
    """Return the orders in the rows as facts, and with them what became of each row.

    Rows of one order may stand anywhere, so all are read before the first order is made; where ``mapping.order`` is
    None, each row is made into its order at once. An order with a bad row is refused as a whole. The same rows, in
    whatever order, give facts of the same ids and content: a file may be imported again. Where a file was cut inside an
    order, recording both versions raises ``FactConflict``; ``report.edges`` names the candidates. Files that overlap
    are read one by one, not chained: a line that stands twice is two lines.

    Args:
        strict: raise at the first order that is refused.

    Raises:
        DefinitionError: while reading: the mapping names a column that the first row lacks.
        FactError: while reading, when strict.
    """
    report = Report(strict=strict)
    return Reading(report, _Reader(mapping, report, Values(mapping)).read(rows))


@define
class _Reader:
    """The orders of one import; ``drafts`` are those not made yet, in the order of their first rows."""

    mapping: OrderMapping
    report: Report
    values: Values
    columns: dict[str, str] = field(factory=dict)
    drafts: dict[str, Draft] = field(factory=dict)
    repeats: Counter[str] = field(factory=Counter)

    def read(self, rows: Iterable[Row]) -> Iterator[OrderPlaced]:
        """Yield the orders; the report is complete at the end."""
        for number, row in enumerate(rows, 1):
            self.report.rows = number
            draft = self._see(number, row)
            if draft is not None and draft.id is None:
                yield from self._close(draft)
        while self.drafts:
            yield from self._close(self.drafts.pop(next(iter(self.drafts))))

    def _see(self, number: int, row: Row) -> Draft | None:
        """Add a row to its order and return that; None when no order can be told."""
        if not isinstance(row, Mapping):
            message = str(row) if isinstance(row, FactError) else f"a row is a mapping of columns, not {shown(row)}"
            self.report.refuse([Problem(number, "", message)], 1, f"row {number}")
            return None
        if not self.columns:
            self.columns = _found(self.mapping.columns(), row)
        cells = Cells(number, row, self.columns)
        order = None if self.mapping.order is None else cells.need("order", text)
        if cells.problems:
            self.report.refuse(cells.problems, 1, f"row {number}")
            return None
        draft = Draft(order, number) if order is None else self._draft(order, number)
        draft.take(cells, self.values)
        return draft

    def _draft(self, order: str, number: int) -> Draft:
        first, _ = self.report.edges or (order, order)
        self.report.edges = (first, order)
        if order not in self.drafts:
            self.drafts[order] = Draft(order, number)
        return self.drafts[order]

    def _close(self, draft: Draft) -> Iterator[OrderPlaced]:
        """Yield the order, or count why there is none."""
        report, rest = self.report, draft.rows - draft.ignored
        if draft.cancelled:
            report.skip(Skip.CANCELLATION, draft.rows, draft.example)
            return
        if draft.ignored:
            report.skip(Skip.IGNORED, draft.ignored, draft.example)
        if not rest:
            return
        if draft.is_guest(self.mapping):
            report.skip(Skip.GUEST, rest, draft.example)
        elif (order := draft.order(self.mapping, self.repeats)) is None:
            report.refuse(draft.problems, rest, draft.example)
        elif self.mapping.sku is not None and not order.lines:
            report.skip(Skip.NO_PRODUCT, rest, draft.example)
        else:
            report.used += rest
            yield OrderPlaced.of(order)


def _found(columns: dict[str, str], row: Mapping[str, object]) -> dict[str, str]:
    for part, column in columns.items():
        if column not in row:
            near = nearest(column, [name for name in row if isinstance(name, str)])
            raise DefinitionError(f"there is no column {column!r} for {part}{near}")
    return columns
