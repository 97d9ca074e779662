"""The SQL reading of predicates: one query that answers for every customer of a shop at one instant."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime

from attrs import frozen

from retention_engine.errors import DefinitionError, MissingExtra, nearest, shown
from retention_engine.predicates.base import Truth, checked, within_limits
from retention_engine.predicates.sql.source import DIALECTS, Source
from retention_engine.timing import is_zone, to_instant, zone

UNSUPPORTED = {
    "Entry": "since(entry): the instant at which a journey was entered is not in the warehouse",
}
"""Nodes without an SQL reading, and why: they raise, they are never approximated."""

_READABLE = re.compile(r"(?!customer$|predicate_)[a-z][a-z0-9_]{0,62}")


@frozen
class Query:
    """A query as text; it takes no parameters.

    Attributes:
        sql: the text, in ``dialect``.
        columns: result column -> name of the predicate whose truth it holds, in the order of the columns. The first
            result column is ``customer``, as the source stores it. Empty: the query returns only those customers for
            whom its one predicate holds.
    """

    sql: str
    dialect: str
    columns: Mapping[str, str]


def query(
    predicates: Mapping[str, Truth] | Truth,
    *,
    at: datetime | int | str,
    source: Source = Source(),
    dialect: str = "duckdb",
    shop_zone: str = "UTC",
    zones: Iterable[str] | None = None,
) -> Query:
    """Return the query that answers predicates for every customer at an instant.

    One predicate: the customers for whom it holds. Several by name: every customer with a truth for each name.

    Args:
        zones: the zones that customers may have; only one that asks for the customer's calendar needs them. A customer
            with another zone, or none, has the shop's, so leave none out; names that do not exist are passed over.

    Raises:
        DefinitionError: a node of ``UNSUPPORTED``, an unmapped table or column, an unknown dialect, no zones given.
        MissingExtra: sqlglot is not installed.
    """
    if dialect not in DIALECTS:
        raise DefinitionError(f"unknown dialect {shown(dialect)}{nearest(dialect, DIALECTS)}")
    zone(shop_zone)
    known = None if zones is None else tuple(sorted({name for name in zones if is_zone(name)}))
    try:
        from sqlglot import exp

        from retention_engine.predicates.sql.compiler import CUSTOMER, Compiler
        from retention_engine.predicates.sql.dialects import render
        from retention_engine.predicates.sql.tables import Reader
        from retention_engine.predicates.sql.zones import Clock
    except ModuleNotFoundError as error:
        raise MissingExtra("sql", "sqlglot") from error
    reader = Reader(source, dialect)
    cell = reader.attribute("zone", CUSTOMER).get("text")
    compiler = Compiler(reader, Clock(to_instant(at), shop_zone, known, cell))
    if isinstance(predicates, Truth):
        tree = compiler.select([], compiler.truth(within_limits(predicates)))
        return Query(render(tree, dialect), dialect, {})
    columns = _columns(predicates)
    named = [
        exp.alias_(compiler.truth(within_limits(checked(predicates[name], name))), alias, quoted=True)
        for alias, name in columns.items()
    ]
    return Query(render(compiler.select(named, None), dialect), dialect, columns)


def _columns(predicates: Mapping[str, Truth]) -> dict[str, str]:
    if not predicates:
        raise DefinitionError("at least one predicate is needed, not 0")
    return {
        name if _READABLE.fullmatch(name) else f"predicate_{number}": name for number, name in enumerate(predicates)
    }
