"""The store in one SQLite file."""

from retention_engine.stores.sqlite.store import SqliteStore

__all__ = ["SqliteStore"]
