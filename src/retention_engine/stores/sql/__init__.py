"""The ports over tables, written once for every database that speaks SQL."""

from retention_engine.stores.sql.facts import SqlFacts
from retention_engine.stores.sql.session import SqlSession
from retention_engine.stores.sql.store import SqlStore
from retention_engine.stores.sql.wakes import SqlSettings

__all__ = ["SqlFacts", "SqlSession", "SqlSettings", "SqlStore"]
