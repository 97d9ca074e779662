"""Collections of the language -> rows of a relation and the conditions they pass."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from attrs import define, evolve, field, frozen
from sqlglot import exp

from retention_engine.errors import DefinitionError
from retention_engine.predicates.aggregates import Collection
from retention_engine.predicates.membership import MEMBERSHIP, Membership, MembershipTruth
from retention_engine.predicates.records import CalendarDays, Entry, Gaps, Records, Since, Where, Window
from retention_engine.predicates.sql.compare import Cells, binary, both, compare, known
from retention_engine.predicates.sql.dialects import bytewise
from retention_engine.predicates.sql.literals import integer, text
from retention_engine.predicates.sql.relations import ROW, Asked, Chosen, Relation, ordered
from retention_engine.predicates.sql.source import Table
from retention_engine.predicates.sql.tables import Reader, column, table
from retention_engine.predicates.sql.zones import Clock


@frozen(eq=False)
class Rows:
    """The records of a collection on the rows of a relation.

    Attributes:
        cells: field -> its cells.
        sequence: returns the integer that orders records by (at, id); called only where that matters.
    """

    relation: Relation
    chosen: Chosen
    cells: Callable[[str], Cells]
    sequence: Callable[[], exp.Expr]

    def limited(self, condition: exp.Expr, after: int | None = None) -> Rows:
        """Return the rows that pass one more condition; ``after``: an instant that all of them follow."""
        return evolve(self, chosen=self.chosen.limited(condition, after))


@define(eq=False)
class Tables:
    """Turns collections into rows of relations; collections that lie in one table share a relation."""

    reader: Reader
    clock: Clock
    relations: dict[Any, Relation] = field(factory=dict)

    def rows(self, node: Collection) -> Rows:
        """Return the rows of a collection.

        Raises:
            DefinitionError: ``since(entry)``, or a collection of the user's own making.
        """
        match node:
            case Records():
                return self._records(node.name)
            case Gaps():
                return self._gaps(node)
            case Where():
                rows = self.rows(node.inner)
                return rows.limited(compare(rows.cells(node.test.field), node.test.op, node.test.constant))
            case Window():
                rows, edge = self.rows(node.inner), self.clock.at - node.span.micros
                if node.side == "within":
                    return rows.limited(binary(rows.chosen.at.copy(), ">", integer(edge)), edge)
                return rows.limited(binary(rows.chosen.at.copy(), "<=", integer(edge)))
            case CalendarDays():
                return self._days(node, self.rows(node.inner))
            case Since() if not isinstance(node.moment, Entry):
                rows = self.rows(node.inner)
                return rows.limited(binary(rows.chosen.at.copy(), ">", integer(node.moment)), node.moment)
        raise DefinitionError(f"{node} has no SQL reading: {type(node).__name__} of a journey's entry or of your own")

    def membership(self, node: Membership | MembershipTruth) -> Cells:
        """Return the value of a quantity of the membership at the instant, NULL where there is none."""
        where = self.reader.source.table(MEMBERSHIP)
        if MEMBERSHIP not in self.relations:
            self.relations[MEMBERSHIP] = self._relation(table(where.name, ROW), where)
        lasts = binary(column("until", ROW), ">", integer(self.clock.at))
        named = binary(column("quantity", ROW), "==", text(node.text()))
        chosen = Chosen(self.reader.expression(where.at, ROW)).limited(lasts).limited(named)
        slot = "text" if isinstance(node, Membership) and node.sort() == "text" else "whole"
        return {slot: self.relations[MEMBERSHIP].output(Asked("max", chosen, column(slot, ROW)))}

    def _records(self, name: str) -> Rows:
        reader, where = self.reader, self.reader.source.table(name)
        key = (where.name, where.customer, where.where)
        if key not in self.relations:
            self.relations[key] = self._relation(table(where.name, ROW), where)
        relation = self.relations[key]

        at = reader.expression(where.at, ROW)

        def sequence() -> exp.Expr:
            if where.sequence is not None:
                return reader.expression(where.sequence, ROW)
            return relation.rank(ordered(relation.customer, self._order(name), exp.RowNumber()))

        return Rows(relation, Chosen(at), lambda field: reader.cells(reader.source.field(name, field), ROW), sequence)

    def _relation(self, body: exp.Expr, where: Table) -> Relation:
        keep = None if where.where is None else self.reader.expression(where.where, ROW)
        return Relation(f"r{len(self.relations)}", body, self.reader.expression(where.customer, ROW), keep)

    def _order(self, name: str, *, sure: bool = True) -> list[exp.Expr]:
        """Return what sorts the records of a customer as (at, id) does; if not ``sure``, those of an instant anyhow."""
        where, reader = self.reader.source.table(name), self.reader
        if where.sequence is not None:
            return [reader.expression(where.sequence, ROW)]
        if where.id is None and sure:
            raise DefinitionError(f"the source has neither id nor sequence of {name}: their order is not known")
        ids = [] if where.id is None else [bytewise(reader.expression(where.id, ROW), reader.dialect)]
        return [reader.expression(where.at, ROW), *ids]

    def _gaps(self, node: Gaps) -> Rows:
        if node not in self.relations:
            body = self._gap_table(node)
            customer, gap = column("customer", ROW), column("gap", ROW)
            self.relations[node] = Relation(f"r{len(self.relations)}", body, customer, known(gap))
        at, gap = column("at", ROW), column("gap", ROW)

        def sequence() -> exp.Expr:
            self._order(_name(node))
            return column("sequence", ROW)

        return Rows(self.relations[node], Chosen(at), lambda _: {"span": gap}, sequence)

    def _gap_table(self, node: Gaps) -> exp.Expr:
        """Return the rows that pass, each with its distance to the one before."""
        rows = evolve(self, relations={}).rows(node.inner)
        at, customer, order = rows.chosen.at, rows.relation.customer, self._order(_name(node), sure=False)
        before = ordered(customer, order, exp.Lag(this=exp.cast(at.copy(), "BIGINT")))
        columns = {
            "customer": customer.copy(),
            "at": at.copy(),
            "sequence": ordered(customer, order, exp.RowNumber()),
            "gap": exp.Sub(this=at.copy(), expression=before),
        }
        query = exp.select(*(exp.alias_(each, name, quoted=True) for name, each in columns.items()))
        keep = [] if rows.relation.keep is None else [rows.relation.keep]
        conditions = [each.copy() for each in (*keep, *rows.chosen.conditions)]
        query = query.from_(rows.relation.body.copy())
        return (query.where(both(conditions).unnest(), copy=False) if conditions else query).subquery(ROW)

    def _days(self, node: CalendarDays, rows: Rows) -> Rows:
        """Cut at the first instant of the oldest day; one that depends on the zone lies beside the record."""
        found = self.clock.by_zone(node, lambda where: self.clock.first_instant(node.count_, where))
        first = self.clock.choose(found, integer)
        if found[1]:
            first = rows.relation.cut(first)
        return rows.limited(binary(rows.chosen.at.copy(), ">=", first), min([found[0], *found[1]]) - 1)


def _name(node: Any) -> str:
    """Return the name of the records behind gaps and conditions."""
    return node.name if isinstance(node, Records) else _name(node.inner)
