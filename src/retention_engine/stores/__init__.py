"""Where facts, wake-ups, decisions and actions are kept: in memory, or in an SQLite file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from retention_engine.errors import DefinitionError, shown
from retention_engine.ports import Store
from retention_engine.stores.memory import MemoryStore

if TYPE_CHECKING:
    from retention_engine.stores.sqlite import SqliteStore

__all__ = ["MemoryStore", "SqliteStore", "open_store"]

_SQLITE = "sqlite:///"


def open_store(url: str) -> Store:
    """Open the store that a URL names; whoever opens it closes it.

    ``memory`` or ``:memory:`` is a new, empty ``MemoryStore``. ``sqlite:///shop.db`` is a file below the working
    directory, ``sqlite:////var/shop.db`` one with an absolute path; both are taken literally, without %-escapes.

    Raises:
        DefinitionError: the URL names neither.
        StoreError: the file cannot be used.
    """
    if url in ("memory", ":memory:"):
        return MemoryStore()
    path = url.removeprefix(_SQLITE)
    if path not in (url, "", ":memory:"):
        return _sqlite_store()(path)
    given = shown(url.rpartition("@")[2])  # what stands before an @ may be a password
    raise DefinitionError(
        f"a store is 'memory', 'sqlite:///relative/file.db' or 'sqlite:////absolute/file.db', not {given}"
    )


def _sqlite_store() -> type[SqliteStore]:
    from retention_engine.stores.sqlite import SqliteStore  # a database is loaded by those who use it

    return SqliteStore


def __getattr__(name: str) -> object:
    if name == "SqliteStore":
        return _sqlite_store()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
