"""Predicates -> one query: the customers, joined once with a grouped sub-query per table, and the truths over them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from attrs import field, frozen
from sqlglot import exp

from retention_engine.errors import DefinitionError
from retention_engine.keys import BUCKETS, bucket_edge
from retention_engine.predicates.aggregates import Age, Aggregate
from retention_engine.predicates.attributes import Attribute, Bucket
from retention_engine.predicates.base import All, AnyOf, AtLeast, Not, Segment, Truth
from retention_engine.predicates.calendars import Dates, Local, Yearly
from retention_engine.predicates.compare import Compare, Constant, plain
from retention_engine.predicates.membership import Membership, MembershipTruth
from retention_engine.predicates.sql.aggregates import Aggregates
from retention_engine.predicates.sql.compare import binary, both, compare, compare_age, either, settled
from retention_engine.predicates.sql.dialects import bytewise, render
from retention_engine.predicates.sql.literals import integer, joined, text, whole_bound
from retention_engine.predicates.sql.records import Tables
from retention_engine.predicates.sql.source import Source
from retention_engine.predicates.sql.tables import Reader, column, table
from retention_engine.predicates.sql.zones import Clock
from retention_engine.timing import Span

CUSTOMER = "c"
"""Alias of the customers in the whole query."""


@frozen(eq=False)
class Compiler:
    """Reads predicates of all customers at one instant."""

    reader: Reader
    clock: Clock
    tables: Tables = field(init=False)

    @tables.default
    def _tables(self) -> Tables:
        return Tables(self.reader, self.clock)

    @classmethod
    def over(cls, source: Source, dialect: str, at: int, calendar: tuple[str, tuple[str, ...] | None]) -> Compiler:
        """Return a compiler for one query.

        Args:
            at: microseconds UTC.
            calendar: the shop's zone, and the zones that customers have; None: not told.
        """
        reader = Reader(source, dialect)
        return cls(reader, Clock(at, *calendar, reader.attribute("zone", CUSTOMER).get("text")))

    def text(self, truths: Mapping[str, Truth]) -> str:
        """Return the query with one column per truth; one truth named "" is a condition instead."""
        trees = {alias: self.truth(truth) for alias, truth in truths.items()}
        where = trees.pop("", None)
        columns = [exp.alias_(tree.unnest(), alias, quoted=True) for alias, tree in trees.items()]
        return render(self._select(columns, where), self.reader.dialect)

    def zone_text(self) -> str | None:
        """Return the query of the zones that customers have, None when the source knows of none."""
        if self.clock.cell is None:
            return None
        customers = table(self.reader.source.customers.name, CUSTOMER)
        zones = exp.select(exp.alias_(self.clock.cell.copy(), "zone", quoted=True)).distinct()
        return render(zones.from_(customers), self.reader.dialect)

    def truth(self, node: Truth) -> exp.Expr:
        """Return the predicate over one row per customer; never NULL.

        Raises:
            DefinitionError: a node has no SQL reading; the message names it.
        """
        reading = _TRUTHS.get(type(node))
        if reading is None:
            raise DefinitionError(f"{type(node).__name__} has no SQL reading: {node}")
        return reading(self, node)

    def _select(self, columns: list[exp.Expr], where: exp.Expr | None) -> exp.Expr:
        """Return the query over every customer, with the sub-queries that the truths so far ask for."""
        source = self.reader.source.customers
        customers, key = table(source.name, CUSTOMER), self.reader.expression(source.customer, CUSTOMER)
        query = exp.select(exp.alias_(key.copy(), "customer", quoted=True), *columns).from_(customers)
        for relation in self.tables.relations.values():
            if not relation.is_asked():
                continue
            tree = relation.tree(self.clock.at, self.reader.dialect, customers, key)
            same = binary(column("customer", relation.alias), "==", key.copy())
            query = query.join(tree.subquery(relation.alias), on=same, join_type="left", copy=False)
        keep = [] if source.where is None else [self.reader.expression(source.where, CUSTOMER)]
        conditions = [*keep, *([] if where is None else [where])]
        return query.where(both(conditions).unnest(), copy=False) if conditions else query

    def _membership(self, node: MembershipTruth) -> exp.Expr:
        return settled(compare(self.tables.membership(node), "==", 1))

    def _all(self, node: All) -> exp.Expr:
        return both([self.truth(part) for part in node.inside])

    def _any(self, node: AnyOf) -> exp.Expr:
        return either([self.truth(part) for part in node.inside])

    def _at_least(self, node: AtLeast) -> exp.Expr:
        ones = [
            exp.Case(ifs=[exp.If(this=self.truth(part), true=integer(1))], default=integer(0)) for part in node.inside
        ]
        return binary(joined(exp.Add, ones), ">=", integer(node.needed))

    def _not(self, node: Not) -> exp.Expr:
        return _not(self.truth(node.inner))

    def _segment(self, node: Segment) -> exp.Expr:
        return self.truth(node.inner)

    def _yearly(self, node: Yearly) -> exp.Expr:
        if not isinstance(node.anchor, Attribute):
            return self.clock.truth(node)
        return settled(self.clock.yearly(node, self.reader.attribute(node.anchor.name, CUSTOMER)))

    def _dates(self, node: Dates) -> exp.Expr:
        return self.clock.truth(node)

    def _compare(self, node: Compare) -> exp.Expr:
        left = node.left
        if isinstance(left, Local):
            return self.clock.truth(node)
        if isinstance(left, Bucket):
            return self._bucket(left, node.op, node.constant)
        if isinstance(left, Age):
            return settled(self._age(left, node))
        if isinstance(left, Attribute):
            cells = self.reader.attribute(left.name, CUSTOMER)
            held = {slot: cell for slot, cell in cells.items() if slot != "day"}
            return settled(compare(held or cells, node.op, node.constant))
        if isinstance(left, Membership):
            return settled(compare(self.tables.membership(left), node.op, node.constant))
        if isinstance(left, Aggregate):
            return Aggregates(self.tables).truth(left, node.op, node.constant)
        raise DefinitionError(f"{type(left).__name__} has no SQL reading: {node}")

    def _age(self, age: Age, node: Compare) -> exp.Expr:
        moment: exp.Expr | None
        if isinstance(age.moment, Attribute):
            moment = self.reader.attribute(age.moment.name, CUSTOMER).get("instant")
        else:
            assert isinstance(age.moment, Aggregate)
            young = node.op in ("<", "<=") and isinstance(node.constant, Span)
            after = self.clock.at - plain(node.constant) - 1 if young else None
            moment = Aggregates(self.tables).instant(age.moment, after=after)
        if moment is None:
            return exp.false()
        return compare_age(moment, node.op, node.constant, now=self.clock.at, ahead=age.ahead)

    def _bucket(self, bucket: Bucket, op: str, constant: Constant) -> exp.Expr:
        """Compare hexadecimal digits as texts: the bucket grows with them."""
        if op == "set":
            return exp.true()
        if op == "in":
            assert isinstance(constant, tuple)
            return either([self._bucket(bucket, "==", each) for each in constant])
        found = whole_bound(op, constant)  # type: ignore[arg-type]  # a bucket compares with numbers only
        if found is None:
            return exp.true() if op == "!=" else exp.false()
        op, number = found
        if op in ("==", "!="):
            same = both([self._reaches(bucket, number), _not(self._reaches(bucket, number + 1))])
            return same if op == "==" else _not(same)
        reaches = self._reaches(bucket, number + (op in (">", "<=")))
        return reaches if op in (">", ">=") else _not(reaches)

    def _reaches(self, bucket: Bucket, number: int) -> exp.Expr:
        if not 0 < number < BUCKETS:
            return exp.true() if number <= 0 else exp.false()
        salted = exp.DPipe(this=text(f"{bucket.salt}:"), expression=self.reader.customer_id(CUSTOMER))
        digits = exp.Substring(this=exp.MD5(this=salted), start=integer(1), length=integer(8))
        return binary(bytewise(digits, self.reader.dialect), ">=", text(bucket_edge(number)))


def _not(truth: exp.Expr) -> exp.Expr:
    return exp.Not(this=exp.Paren(this=truth.unnest()))


_TRUTHS: dict[type[Truth], Callable[[Compiler, Any], exp.Expr]] = {
    All: Compiler._all,
    AnyOf: Compiler._any,
    AtLeast: Compiler._at_least,
    Compare: Compiler._compare,
    Dates: Compiler._dates,
    MembershipTruth: Compiler._membership,
    Not: Compiler._not,
    Segment: Compiler._segment,
    Yearly: Compiler._yearly,
}
