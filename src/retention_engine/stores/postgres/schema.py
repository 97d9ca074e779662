"""The tables, and how those of an earlier version become those of this version.

Instants are integers, microseconds UTC. Texts compare by code points, as Python's do. Bodies are JSON.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import TYPE_CHECKING

from retention_engine.errors import StoreError

if TYPE_CHECKING:
    from psycopg import Connection

Migration = tuple[str, ...]

_FIRST: Migration = (
    """CREATE TABLE facts (
        seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        id TEXT COLLATE "C" NOT NULL UNIQUE,
        customer TEXT COLLATE "C",
        at BIGINT NOT NULL,
        effective BIGINT NOT NULL,
        body TEXT NOT NULL
    )""",
    "CREATE INDEX facts_of ON facts (customer) WHERE customer IS NOT NULL",
    """CREATE TABLE subjects (
        subject TEXT COLLATE "C" NOT NULL,
        fact BIGINT NOT NULL,
        PRIMARY KEY (subject, fact)
    )""",
    """CREATE TABLE interests (
        subject TEXT COLLATE "C" NOT NULL,
        customer TEXT COLLATE "C" NOT NULL,
        PRIMARY KEY (subject, customer)
    )""",
    """CREATE TABLE wakes (
        customer TEXT COLLATE "C" NOT NULL PRIMARY KEY,
        instant BIGINT NOT NULL
    )""",
    "CREATE INDEX wakes_due ON wakes (instant, customer)",
    """CREATE TABLE journal (
        seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        at BIGINT NOT NULL,
        customer TEXT COLLATE "C" NOT NULL,
        action TEXT COLLATE "C" UNIQUE,
        body TEXT NOT NULL
    )""",
    "CREATE INDEX journal_of ON journal (customer, seq)",
    "CREATE INDEX journal_read ON journal (at, customer, seq)",
    """CREATE TABLE outbox (
        action TEXT COLLATE "C" NOT NULL PRIMARY KEY,
        due BIGINT NOT NULL,
        valid_until BIGINT,
        kind TEXT COLLATE "C" NOT NULL,
        channel TEXT COLLATE "C" NOT NULL,
        on_unknown TEXT COLLATE "C" NOT NULL,
        state TEXT COLLATE "C" NOT NULL DEFAULT 'pending',
        attempt_no INTEGER NOT NULL DEFAULT 0,
        counted_attempts INTEGER NOT NULL DEFAULT 0,
        unknowns INTEGER NOT NULL DEFAULT 0,
        recoveries INTEGER NOT NULL DEFAULT 0,
        token BIGINT NOT NULL DEFAULT 0,
        lease_until BIGINT,
        due_at BIGINT NOT NULL,
        reason TEXT,
        transport_message_id TEXT,
        body TEXT NOT NULL
    )""",
    "CREATE INDEX outbox_pending ON outbox (due_at, action) WHERE state = 'pending'",
    "CREATE INDEX outbox_waiting ON outbox (kind, channel, due_at, action) WHERE state = 'pending'",
    "CREATE INDEX outbox_sending ON outbox (lease_until, action) WHERE state = 'sending'",
    "CREATE INDEX outbox_ended ON outbox (state, action) WHERE state <> 'pending'",
    """CREATE TABLE settings (
        name TEXT COLLATE "C" NOT NULL PRIMARY KEY,
        value TEXT NOT NULL
    )""",
)

MIGRATIONS: tuple[Migration, ...] = (_FIRST,)
"""Number n (from 0) lifts tables of version n to version n + 1. Entries are added at the end, never changed."""

VERSION = "SELECT version FROM retention_engine_version"

_ALONE = "SELECT pg_advisory_xact_lock(hashtextextended('retention_engine migration', 0))"
_HERE = "SELECT to_regclass('retention_engine_version') IS NOT NULL"
_TABLE = "CREATE TABLE IF NOT EXISTS retention_engine_version (version INTEGER NOT NULL)"


def migrate(connection: Connection, schema: str | None, migrations: Sequence[Migration]) -> None:
    """Lift the tables to the newest version, all steps in one transaction; harmless when they are there already.

    Raises:
        StoreError: they were made by a later version of this library.
    """
    newest = len(migrations)
    if _version(connection, newest) == newest:
        return
    with connection.transaction():
        connection.execute(_ALONE)  # another process may be at it
        if schema is not None:
            connection.execute(f'CREATE SCHEMA IF NOT EXISTS "{schema}"'.encode())
        version = _version(connection, newest)
        for statement in (_TABLE, *chain.from_iterable(migrations[version:])):
            connection.execute(statement.encode())
        connection.execute("DELETE FROM retention_engine_version")
        connection.execute("INSERT INTO retention_engine_version VALUES (%s)", [newest])


def _version(connection: Connection, newest: int) -> int:
    """Return the version of the tables, 0 when there are none."""
    here = connection.execute(_HERE).fetchone()
    found = connection.execute(VERSION).fetchone() if here == (True,) else None
    version = 0 if found is None else int(found[0])
    if version > newest:
        raise StoreError(f"the tables have version {version}, this library reads 1 to {newest}")
    return version
