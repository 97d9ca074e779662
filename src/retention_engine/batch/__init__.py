"""Predicates over the whole base at once: as SQL for the user's own warehouse, or in an in-process DuckDB."""

from retention_engine.batch.duckdb import connect, fill, members, members_in, run
from retention_engine.batch.tables import Rows, tables
from retention_engine.predicates.sql import DIALECTS, Columns, Query, Source, Table, query, zone_query

__all__ = [
    "DIALECTS",
    "Columns",
    "Query",
    "Rows",
    "Source",
    "Table",
    "connect",
    "fill",
    "members",
    "members_in",
    "query",
    "run",
    "tables",
    "zone_query",
]
