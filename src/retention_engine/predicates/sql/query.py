"""The SQL reading of predicates: one query that answers for every customer of a shop at one instant."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from types import ModuleType

from attrs import frozen

from retention_engine.errors import DefinitionError, MissingExtra, nearest, shown
from retention_engine.predicates.base import Truth, checked, within_limits
from retention_engine.predicates.sql.source import DIALECTS, Source
from retention_engine.timing import is_zone, to_instant, zone

UNSUPPORTED = {
    "Entry": "the instant at which a journey was entered is no fact of the customer",
}
"""What has no SQL reading, by the name of its class, and why: it raises, it is never approximated."""

_READABLE = re.compile(r"(?!customer$|predicate_)[a-z][a-z0-9_]{0,62}")
_DEFAULT = Source()


@frozen
class Query:
    """A query as text; it takes no parameters.

    Attributes:
        sql: the text, in ``dialect``.
        columns: the result's columns: ``customer``, as the source stores it, then the truths, if it returns any.
        predicates: the name of each truth, in the order of the columns. A query of one predicate has no truths: it
            returns the customers for whom it holds, and the name is the predicate's text.
    """

    sql: str
    dialect: str
    columns: tuple[str, ...]
    predicates: tuple[str, ...]


def query(
    predicates: Mapping[str, Truth] | Truth,
    *,
    at: datetime | int | str,
    source: Source = _DEFAULT,
    dialect: str = "duckdb",
    shop_zone: str = "UTC",
    zones: Iterable[object] | None = None,
) -> Query:
    """Return the query that answers predicates for every customer at an instant.

    One predicate: the customers for whom it holds. Several by name: every customer with a truth for each name.

    Args:
        zones: the zones that customers have (see ``zone_query``); needed where the customer's calendar is asked for. A
            customer with another zone, or none, has the shop's; names that do not exist are passed over.

    Raises:
        DefinitionError: a node of ``UNSUPPORTED``, an unmapped table or column, an unknown dialect, no zones given.
        MissingExtra: sqlglot is not installed.
    """
    single = isinstance(predicates, Truth)
    given = {predicates.text(): predicates} if isinstance(predicates, Truth) else predicates
    if not given:
        raise DefinitionError("at least one predicate is needed, not 0")
    names = ("",) if single else tuple(_alias(number, name) for number, name in enumerate(given))
    truths = {
        alias: within_limits(checked(truth, name)) for alias, (name, truth) in zip(names, given.items(), strict=True)
    }
    zone(shop_zone)
    known = (
        None if zones is None else tuple(sorted({name for name in zones if isinstance(name, str) and is_zone(name)}))
    )
    compiler = _compiler(dialect).Compiler.over(source, dialect, to_instant(at), (shop_zone, known))
    return Query(compiler.text(truths), dialect, ("customer", *filter(None, names)), tuple(given))


def zone_query(*, source: Source = _DEFAULT, dialect: str = "duckdb") -> str | None:
    """Return the SQL that lists the zones which customers have, one a row; None when the source knows of none."""
    found: str | None = _compiler(dialect).Compiler.over(source, dialect, 0, ("UTC", ())).zone_text()
    return found


def _alias(number: int, name: str) -> str:
    return name if _READABLE.fullmatch(name) else f"predicate_{number}"


def _compiler(dialect: str) -> ModuleType:
    """Return the modules that need sqlglot, loaded when they are needed first."""
    if dialect not in DIALECTS:
        raise DefinitionError(f"unknown dialect {shown(dialect)}{nearest(dialect, DIALECTS)}")
    try:
        from retention_engine.predicates.sql import compiler
    except ModuleNotFoundError as error:
        raise MissingExtra("sql", "sqlglot") from error
    return compiler
