"""One grouped sub-query per table: it holds every conditional aggregate that is asked of the table."""

from __future__ import annotations

from typing import Any

from attrs import define, evolve, field, frozen
from sqlglot import exp

from retention_engine.predicates.sql.compare import binary, both, known
from retention_engine.predicates.sql.dialects import edge, nullable
from retention_engine.predicates.sql.literals import integer
from retention_engine.predicates.sql.tables import column

ROW, ZONED = "t", "z"
"""Aliases inside of a sub-query: the record, and the customer's calendar beside it."""

_SIMPLE: dict[str, type[exp.AggFunc]] = {"sum": exp.Sum, "min": exp.Min, "max": exp.Max}


@frozen
class Chosen:
    """Records that pass conditions: those of their fields and windows, apart from not lying in the future.

    Attributes:
        after: an instant such that older records make no difference; None: every record may. It only saves work.
    """

    at: exp.Expr
    conditions: tuple[exp.Expr, ...] = ()
    after: int | None = field(default=None, eq=False)

    def limited(self, condition: exp.Expr, after: int | None = None) -> Chosen:
        """Return those that pass one more condition."""
        return evolve(self.needed(after), conditions=(*self.conditions, condition))

    def needed(self, after: int | None) -> Chosen:
        """Return the same, when what happened up to an instant makes no difference."""
        bounds = [bound for bound in (self.after, after) if bound is not None]
        return evolve(self, after=max(bounds, default=None))


@frozen
class Asked:
    """One aggregate over chosen records; ``key`` orders them for ``first`` and ``last``."""

    fold: str
    chosen: Chosen
    value: exp.Expr | None = None
    key: exp.Expr | None = None


@define(eq=False)
class Relation:
    """The sub-query of one table.

    Attributes:
        alias: its name in the whole query.
        body: the table, or a sub-query, under the alias ``t``.
        customer: the key of the customer on a row.
        keep: the condition under which a row counts at all.
        ranks: what computes a missing ``sequence``, by the column's name.
        cuts: expressions over the customer's zone, by the column's name.
    """

    alias: str
    body: exp.Expr
    customer: exp.Expr
    keep: exp.Expr | None
    ranks: dict[str, exp.Expr] = field(factory=dict)
    cuts: dict[str, exp.Expr] = field(factory=dict)
    _asked: dict[Asked, str] = field(factory=dict)
    _bounds: set[int | None] = field(factory=set)

    def output(self, asked: Asked) -> exp.Expr:
        """Return the column of an aggregate; equal ones are computed once."""
        self._bounds.add(asked.chosen.after)
        return column(self._asked.setdefault(asked, f"f{len(self._asked)}"), self.alias)

    def is_asked(self) -> bool:
        """Tell whether any aggregate is needed."""
        return bool(self._asked)

    def rank(self, order: exp.Expr) -> exp.Expr:
        """Return the column that numbers the records of a customer in an order."""
        name = next((name for name, held in self.ranks.items() if held == order), f"rank_{len(self.ranks)}")
        self.ranks.setdefault(name, order)
        return column(name, ROW)

    def cut(self, expression: exp.Expr) -> exp.Expr:
        """Return the column of an expression over the customer's zone."""
        name = next((name for name, held in self.cuts.items() if held == expression), f"cut_{len(self.cuts)}")
        self.cuts.setdefault(name, expression)
        return column(name, ZONED)

    def tree(self, now: int, dialect: str, customers: exp.Expr, key: exp.Expr) -> exp.Select:
        """Return the sub-query; ``customers`` and their ``key`` are joined where a window asks for the calendar."""
        instants = {asked.chosen.at for asked in self._asked}
        shared = len(instants) == 1
        columns = [exp.alias_(self.customer.copy(), "customer", quoted=True)]
        for asked, name in self._asked.items():
            past = () if shared else (_until(asked.chosen.at, now),)
            columns.append(exp.alias_(_aggregate(asked, past, dialect), name, quoted=True))
        query = exp.select(*columns).from_(self._ranked())
        if self.cuts:
            named = [exp.alias_(each.copy(), name, quoted=True) for name, each in self.cuts.items()]
            own = exp.select(exp.alias_(key.copy(), "customer", quoted=True), *named).from_(customers.copy())
            same = binary(column("customer", ZONED), "==", self.customer.copy())
            query = query.join(own.subquery(ZONED), on=same, join_type="left", copy=False)
        conditions = [self.keep.copy()] if self.keep is not None else []
        if shared:
            conditions += self._span(next(iter(instants)), now)
        if conditions:
            query = query.where(both(conditions).unnest(), copy=False)
        return query.group_by(self.customer.copy(), copy=False)

    def _span(self, at: exp.Expr, now: int) -> list[exp.Expr]:
        """Return the conditions on the instant that all aggregates share."""
        lowest = [bound for bound in self._bounds if bound is not None]
        after = [] if None in self._bounds else [binary(at.copy(), ">", integer(min(lowest)))]
        return [*after, _until(at, now)]

    def _ranked(self) -> exp.Expr:
        if not self.ranks:
            return self.body.copy()
        ranks = [exp.alias_(order.copy(), name, quoted=True) for name, order in self.ranks.items()]
        every = exp.Column(this=exp.Star(), table=exp.to_identifier(ROW, quoted=True))
        return exp.select(every, *ranks).from_(self.body.copy()).subquery(ROW)


def _until(at: exp.Expr, now: int) -> exp.Expr:
    return binary(at.copy(), "<=", integer(now))


def guarded(value: exp.Expr, conditions: tuple[exp.Expr, ...]) -> exp.Expr:
    """Return the value where all conditions hold, else NULL; never ``FILTER``, which not every database has."""
    if not conditions:
        return value.copy()
    test = both([each.copy() for each in conditions]).unnest()
    return exp.Case(ifs=[exp.If(this=test, true=value.copy())])


def _aggregate(asked: Asked, past: tuple[exp.Expr, ...], dialect: str) -> exp.Expr:
    conditions = (*past, *asked.chosen.conditions)
    value = guarded(integer(1) if asked.value is None else asked.value, conditions)
    if asked.fold == "count":
        return exp.Count(this=value)
    if asked.fold == "distinct":
        return exp.Count(this=exp.Distinct(expressions=[value]))
    value = nullable(value, dialect)
    if asked.fold in _SIMPLE:
        aggregate: exp.Expr = _SIMPLE[asked.fold](this=value)
        return aggregate
    assert asked.value is not None
    assert asked.key is not None
    return edge(asked.fold, value, guarded(asked.key, (*conditions, known(asked.value.copy()))), dialect)


def ordered(partition: exp.Expr, by: list[exp.Expr], function: Any) -> exp.Expr:
    """Return a window function over the records of a customer in an order."""
    terms = [exp.Ordered(this=each.copy(), nulls_first=True) for each in by]
    return exp.Window(this=function, partition_by=[partition.copy()], order=exp.Order(expressions=terms))
