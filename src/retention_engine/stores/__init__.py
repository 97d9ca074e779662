"""Where facts, wake-ups, decisions and actions are kept: in memory, in an SQLite file, or in PostgreSQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from retention_engine.stores.memory import MemoryStore
from retention_engine.stores.urls import open_store

if TYPE_CHECKING:
    from retention_engine.stores.postgres import PostgresStore
    from retention_engine.stores.sqlite import SqliteStore

__all__ = ["MemoryStore", "PostgresStore", "SqliteStore", "open_store"]


def __getattr__(name: str) -> object:
    if name == "SqliteStore":
        from retention_engine.stores.sqlite import SqliteStore  # a database is loaded by those who use it

        return SqliteStore
    if name == "PostgresStore":
        from retention_engine.stores.postgres import PostgresStore  # needs the extra ``postgres``

        return PostgresStore
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
