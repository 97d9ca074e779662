"""Stores by URL."""

from __future__ import annotations

from retention_engine.errors import DefinitionError, shown
from retention_engine.ports import Store
from retention_engine.stores.memory import MemoryStore

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
        from retention_engine.stores.sqlite import SqliteStore  # a database is loaded by those who use it

        return SqliteStore(path)
    given = shown(url.rpartition("@")[2])  # what stands before an @ may be a password
    raise DefinitionError(
        f"a store is 'memory', 'sqlite:///relative/file.db' or 'sqlite:////absolute/file.db', not {given}"
    )
