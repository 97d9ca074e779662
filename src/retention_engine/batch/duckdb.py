"""Predicates over many customers at once, in an in-process DuckDB or over the user's own connection."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from retention_engine.batch.tables import Rows, tables
from retention_engine.errors import MissingExtra
from retention_engine.predicates import Truth
from retention_engine.predicates.sql import Query, Source, query, zone_query
from retention_engine.state import History

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_TYPES = {
    "whole": "BIGINT",
    "instant": "BIGINT",
    "real": "DOUBLE",
    "text": "VARCHAR",
    "day": "VARCHAR",
    "flag": "BOOLEAN",
}
_HARDENED = {"enable_external_access": "false", "lock_configuration": "true"}
_DEFAULT = Source()
_ONCE = "retention_engine_result"  # must not be the name of a table that the query reads


def members(
    predicates: Mapping[str, Truth],
    histories: Iterable[History],
    *,
    at: datetime | int | str,
    shop_zone: str = "UTC",
) -> dict[str, list[str]]:
    """Return name -> sorted ids of the customers for whom the predicate holds at an instant.

    The rows lie in a DuckDB of this call only, which reaches neither files nor network.

    Raises:
        MissingExtra: duckdb or sqlglot is not installed.
    """
    connection = connect()
    try:
        found = tables(histories, predicates.values(), at=at, shop_zone=shop_zone)
        for rows in found.values():
            fill(connection, rows)
        return members_in(connection, predicates, at=at, shop_zone=shop_zone)
    finally:
        connection.close()


def members_in(
    connection: DuckDBPyConnection,
    predicates: Mapping[str, Truth],
    *,
    at: datetime | int | str,
    source: Source = _DEFAULT,
    shop_zone: str = "UTC",
) -> dict[str, list[Any]]:
    """Return name -> sorted keys of the customers for whom the predicate holds, over the user's own DuckDB connection.

    Only reads; the zones that customers have are asked for first.
    """
    asked = zone_query(source=source)
    zones = () if asked is None else [zone for (zone,) in connection.execute(asked).fetchall()]
    return run(connection, query(predicates, at=at, source=source, shop_zone=shop_zone, zones=zones))


def run(connection: DuckDBPyConnection, asked: Query) -> dict[str, list[Any]]:
    """Run a query of dialect ``duckdb``; return name -> sorted keys of the customers for whom the predicate holds."""
    if len(asked.columns) == 1:
        return {asked.predicates[0]: sorted(key for (key,) in connection.execute(asked.sql).fetchall())}
    # One list per predicate leaves the database: many times fewer Python objects than one row per customer.
    lists = ", ".join(f"list(customer) FILTER (WHERE {_quoted(column)})" for column in asked.columns[1:])
    rows = f"WITH {_ONCE} AS MATERIALIZED ({asked.sql}) SELECT {lists} FROM {_ONCE}"
    found = connection.execute(rows).fetchone() or ()
    return {name: sorted(keys or ()) for name, keys in zip(asked.predicates, found, strict=True)}


def connect() -> DuckDBPyConnection:
    """Return an empty in-memory DuckDB that can neither reach files or network nor be told to.

    Raises:
        MissingExtra: duckdb is not installed.
    """
    try:
        import duckdb
    except ModuleNotFoundError as error:
        raise MissingExtra("duckdb", "duckdb") from error
    return duckdb.connect(":memory:", config=dict(_HARDENED))


def fill(connection: DuckDBPyConnection, rows: Rows) -> None:
    """Create a table and put its rows in, replacing one of that name."""
    columns = ", ".join(f"{_quoted(column)} {_TYPES[kind]}" for column, kind in rows.kinds.items())
    connection.execute(f"CREATE OR REPLACE TABLE {_quoted(rows.name)} ({columns})")
    if rows.values["customer"]:
        # whole columns as lists: a thousand times faster than one INSERT a row
        lists = ", ".join(f"unnest(${place}::{_TYPES[kind]}[])" for place, kind in enumerate(rows.kinds.values(), 1))
        connection.execute(f"INSERT INTO {_quoted(rows.name)} SELECT {lists}", list(rows.values.values()))


def _quoted(name: str) -> str:
    return '"{}"'.format(name.replace('"', '""'))
