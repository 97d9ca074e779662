"""Aggregates of collections compared with constants -> comparisons of columns of the grouped sub-queries."""

from __future__ import annotations

from attrs import evolve, frozen
from sqlglot import exp

from retention_engine.predicates.aggregates import Aggregate
from retention_engine.predicates.compare import Constant, kind_of
from retention_engine.predicates.sql.compare import (
    Cells,
    binary,
    both,
    compare,
    compare_extreme,
    compare_mean,
    either,
    known,
    settled,
    zero,
)
from retention_engine.predicates.sql.dialects import wide
from retention_engine.predicates.sql.literals import integer, joined, real
from retention_engine.predicates.sql.records import Rows, Tables
from retention_engine.predicates.sql.relations import Asked


@frozen(eq=False)
class Aggregates:
    """Reads aggregates over the tables of a source."""

    tables: Tables

    def truth(self, node: Aggregate, op: str, constant: Constant) -> exp.Expr:
        """Return the comparison; false while the aggregate has no value, never NULL."""
        rows = self.tables.rows(node.records)
        cells = {} if node.field is None else rows.cells(node.field)
        if node.fold in ("count", "sum", "distinct"):
            slot = "span" if node.fold == "sum" and "span" in cells else "whole"
            return compare({slot: zero(self._total(node.fold, rows, cells))}, op, constant)
        if node.fold in ("first", "last"):
            return settled(compare(self._edge(node, rows, op, constant), op, constant))
        if node.fold == "mean":
            return settled(self._mean(rows, cells, op, constant))
        numbers = {slot: _output(rows, node.fold, cells[slot]) for slot in ("whole", "real", "span") if slot in cells}
        return settled(compare_extreme(numbers, node.fold, op, constant))

    def instant(self, node: Aggregate, *, after: int | None = None) -> exp.Expr:
        """Return the instant of the first or last record, NULL when there is none.

        Args:
            after: an instant up to which it makes no difference when the last record was, nor whether there is one.
        """
        rows = self.tables.rows(node.records)
        if node.fold == "first":
            return _output(rows, "min", rows.chosen.at)
        return _output(evolve(rows, chosen=rows.chosen.needed(after)), "max", rows.chosen.at)

    def _total(self, fold: str, rows: Rows, cells: Cells) -> exp.Expr:
        """Return a number that is NULL, and stands for 0, where there is nothing."""
        if fold == "count":
            return _output(rows, "count", None)
        if fold == "distinct":
            return _distinct(rows, cells)
        whole = cells.get("whole", cells.get("span"))
        return integer(0) if whole is None else _output(rows, "sum", whole)

    def _mean(self, rows: Rows, cells: Cells, op: str, constant: Constant) -> exp.Expr:
        whole = cells.get("whole", cells.get("span"))
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
                ifs=[
                    exp.If(
                        this=settled(binary(keys[one].copy(), op, keys[two].copy()), otherwise=True), true=found[one]
                    )
                ]
            )
            for one, two in (slots, slots[::-1])
        }


def _output(rows: Rows, fold: str, value: exp.Expr | None, key: exp.Expr | None = None) -> exp.Expr:
    return rows.relation.output(Asked(fold, rows.chosen, value, key))


def _distinct(rows: Rows, cells: Cells) -> exp.Expr:
    """Return how many different values there are: of texts, and of numbers and flags, where True, 1 and 1.0 are one."""
    counted = []
    if "text" in cells:
        counted.append(cells["text"])
    others = [slot for slot in ("whole", "real", "flag", "span") if slot in cells]
    counted += [cells[others[0]]] if len(others) == 1 else _number_keys(cells) if others else []
    return joined(exp.Add, [_output(rows, "distinct", each) for each in counted] or [integer(0)])


def _number_keys(cells: Cells) -> list[exp.Expr]:
    """Return the integer that numbers and flags are equal to, and the numbers that equal none."""
    ways: list[tuple[exp.Expr, exp.Expr]] = []
    rest = []
    if "whole" in cells:
        ways.append((known(cells["whole"].copy()), cells["whole"].copy()))
    if "flag" in cells:
        flag = cells["flag"]
        ways += [(flag.copy(), integer(1)), (exp.Not(this=flag.copy()), integer(0))]
    if "real" in cells:
        cell = cells["real"]
        low, high = binary(cell.copy(), ">=", real(-(2.0**63))), binary(cell.copy(), "<", real(2.0**63))
        is_whole = both([low, high, binary(cell.copy(), "==", exp.Floor(this=cell.copy()))])
        ways.append((is_whole, exp.cast(cell.copy(), "BIGINT")))
        rest.append(exp.Case(ifs=[exp.If(this=exp.Not(this=is_whole.copy()), true=cell.copy())]))
    return [exp.Case(ifs=[exp.If(this=test, true=value) for test, value in ways]), *rest]
