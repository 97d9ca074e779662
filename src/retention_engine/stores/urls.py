"""Stores by URL."""

from __future__ import annotations

from retention_engine.errors import DefinitionError, shown
from retention_engine.ports import Store
from retention_engine.stores.memory import MemoryStore

_SQLITE = "sqlite:///"
_POSTGRES = ("postgresql://", "postgres://")


def open_store(url: str) -> Store:
    """Open the store that a URL names; whoever opens it closes it.

    ``memory`` or ``:memory:`` is a new, empty ``MemoryStore``. ``sqlite:///shop.db`` is a file below the working
    directory, ``sqlite:////var/shop.db`` one with an absolute path; both are taken literally, without %-escapes.
    ``postgresql://user:password@host:port/database?schema=shop_1`` is a schema of a database, see ``PostgresStore``.

    Raises:
        DefinitionError: the URL names none of them.
        StoreError: the file or the database cannot be used.
        MissingExtra: it is a database, and its driver is not installed.
    """
    if url in ("memory", ":memory:"):
        return MemoryStore()
    path = url.removeprefix(_SQLITE)
    if path not in (url, "", ":memory:"):
        from retention_engine.stores.sqlite import SqliteStore  # a database is loaded by those who use it

        return SqliteStore(path)
    if url.startswith(_POSTGRES):
        from retention_engine.stores.postgres import PostgresStore  # a database is loaded by those who use it

        return PostgresStore(url)
    given = shown(url.rpartition("@")[2])  # what stands before an @ may be a password
    raise DefinitionError(
        "a store is 'memory', 'sqlite:///relative/file.db', 'sqlite:////absolute/file.db' "
        f"or 'postgresql://user@host/database', not {given}"
    )
