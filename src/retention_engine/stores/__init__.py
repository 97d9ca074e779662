"""Where facts, wake-ups, decisions and actions are kept: in memory, or in an SQLite file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from retention_engine.stores.memory import MemoryStore
from retention_engine.stores.urls import open_store

if TYPE_CHECKING:
    from retention_engine.stores.sqlite import SqliteStore

__all__ = ["MemoryStore", "SqliteStore", "open_store"]


def __getattr__(name: str) -> object:
    if name == "SqliteStore":
        from retention_engine.stores.sqlite import SqliteStore  # a database is loaded by those who use it

        return SqliteStore
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
