"""The SQL reading: predicates become one query over the user's own tables, in six dialects."""

from retention_engine.predicates.sql.query import UNSUPPORTED, Query, query, zone_query
from retention_engine.predicates.sql.source import DIALECTS, Columns, Source, Table

__all__ = ["DIALECTS", "UNSUPPORTED", "Columns", "Query", "Source", "Table", "query", "zone_query"]
