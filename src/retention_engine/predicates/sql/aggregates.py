"""Aggregates of collections compared with constants -> comparisons of columns of the grouped sub-queries."""

from __future__ import annotations

from attrs import frozen
from sqlglot import exp

from retention_engine.predicates.aggregates import Aggregate
from retention_engine.predicates.compare import Constant, kind_of
from retention_engine.predicates.sql.compare import (
    Cells,
    binary,
    compare,
    compare_extreme,
    compare_mean,
    either,
    known,
    settled,
)
from retention_engine.predicates.sql.dialects import wide
from retention_engine.predicates.sql.literals import integer, joined, text
from retention_engine.predicates.sql.records import Rows, Tables
from retention_engine.predicates.sql.relations import Asked


@frozen(eq=False)
class Aggregates:
    """Reads aggregates over the tables of a source."""

    tables: Tables

    def compare(self, node: Aggregate, op: str, constant: Constant) -> exp.Expression:
        """Return the comparison; NULL or false while the aggregate has no value."""
        rows = self.tables.rows(node.records)
        if node.fold in ("first", "last"):
            return compare(self._edge(node, rows, op, constant), op, constant)
        cells = {} if node.field is None else rows.cells(node.field)
        numbers = {slot: cell for slot, cell in cells.items() if slot in ("whole", "real", "span")}
        if node.fold in ("min", "max"):
            found = {slot: _output(rows, node.fold, cell) for slot, cell in numbers.items()}
            return compare_extreme(found, node.fold, op, constant) if found else exp.false()
        whole = numbers.get("whole", numbers.get("span"))
        if node.fold == "mean":
            return self._mean(rows, whole, op, constant)
        if node.fold == "sum":
            number = integer(0) if whole is None else _zero(_output(rows, "sum", whole))
        else:
            number = _zero(_output(rows, "count", None)) if node.fold == "count" else _distinct(rows, cells)
        return compare({"span" if "span" in numbers and node.fold == "sum" else "whole": number}, op, constant)

    def instant(self, node: Aggregate) -> exp.Expression:
        """Return the instant of the first or last record, NULL when there is none."""
        rows = self.tables.rows(node.records)
        return _output(rows, "min" if node.fold == "first" else "max", rows.chosen.at)

    def _mean(self, rows: Rows, whole: exp.Expression | None, op: str, constant: Constant) -> exp.Expression:
        if whole is None:
            return exp.false()
        dialect = self.tables.reader.dialect
        total, count = (wide(_output(rows, fold, whole), dialect) for fold in ("sum", "count"))
        return compare_mean(total, count, op, constant)

    def _edge(self, node: Aggregate, rows: Rows, op: str, constant: Constant) -> Cells:
        """Return the cells of the field of the first or last record that has a value of the constant's kind."""
        if node.field is None:
            return {"instant": self.instant(node)}
        cells = rows.cells(node.field)
        if op == "set":
            some = either([known(cell.copy()) for cell in cells.values()])
            return {"whole": _output(rows.limited(some), "max", integer(1))}
        kind = kind_of(constant[0] if isinstance(constant, tuple) else constant)
        slots = [slot for slot in (("whole", "real") if kind == "number" else (kind,)) if slot in cells]
        found = {slot: _output(rows, node.fold, cells[slot], rows.sequence()) for slot in slots}
        if len(found) < 2:
            return found
        # whole and real numbers lie in two columns: only the one from the later (earlier) record counts
        fold, op = ("max", ">") if node.fold == "last" else ("min", "<")
        keys = {slot: _output(rows.limited(known(cells[slot].copy())), fold, rows.sequence()) for slot in slots}
        return {
            one: exp.Case(
                ifs=[exp.If(this=settled(binary(keys[one].copy(), op, keys[two].copy()), otherwise=True), true=found[one])]
            )
            for one, two in (slots, slots[::-1])
        }


def _output(
    rows: Rows, fold: str, value: exp.Expression | None, key: exp.Expression | None = None
) -> exp.Expression:
    return rows.relation.output(Asked(fold, rows.chosen, value, key))


def _zero(number: exp.Expression) -> exp.Expression:
    return exp.Coalesce(this=number, expressions=[integer(0)])


def _distinct(rows: Rows, cells: Cells) -> exp.Expression:
    """Return how many different values there are: of texts, and of numbers and flags, where True, 1 and 1.0 are one."""
    counted = []
    if "text" in cells:
        counted.append(cells["text"])
    others = [slot for slot in ("whole", "real", "flag", "span") if slot in cells]
    if len(others) == 1:
        counted.append(cells[others[0]])
    elif others:
        counted += _number_keys(cells)
    return joined(exp.Add, [_zero(_output(rows, "distinct", each)) for each in counted])
