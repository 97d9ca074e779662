"""The tables, and how a file of an earlier version becomes one of this version.

Instants are integers, microseconds UTC. Texts compare by code points, as Python's do. Bodies are JSON.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from sqlite3 import Connection

from retention_engine.errors import StoreError

APPLICATION_ID = 0x52455445
"""``RETE`` in the header of the file: it is ours."""

Migration = tuple[str, ...]

_FIRST: Migration = (
    """CREATE TABLE facts (
        seq INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        customer TEXT,
        at INTEGER NOT NULL,
        effective INTEGER NOT NULL,
        body TEXT NOT NULL
    )""",
    "CREATE INDEX facts_of ON facts (customer) WHERE customer IS NOT NULL",
    """CREATE TABLE subjects (
        subject TEXT NOT NULL,
        fact INTEGER NOT NULL,
        PRIMARY KEY (subject, fact)
    ) WITHOUT ROWID""",
    """CREATE TABLE interests (
        subject TEXT NOT NULL,
        customer TEXT NOT NULL,
        PRIMARY KEY (subject, customer)
    ) WITHOUT ROWID""",
    """CREATE TABLE wakes (
        customer TEXT NOT NULL PRIMARY KEY,
        instant INTEGER NOT NULL
    ) WITHOUT ROWID""",
    "CREATE INDEX wakes_due ON wakes (instant, customer)",
    """CREATE TABLE journal (
        seq INTEGER PRIMARY KEY,
        at INTEGER NOT NULL,
        customer TEXT NOT NULL,
        action TEXT UNIQUE,
        body TEXT NOT NULL
    )""",
    "CREATE INDEX journal_of ON journal (customer, seq)",
    "CREATE INDEX journal_read ON journal (at, customer, seq)",
    """CREATE TABLE outbox (
        seq INTEGER PRIMARY KEY,
        action TEXT NOT NULL UNIQUE,
        due INTEGER NOT NULL,
        valid_until INTEGER,
        body TEXT NOT NULL
    )""",
    "CREATE INDEX outbox_due ON outbox (due, action)",
    """CREATE TABLE settings (
        name TEXT NOT NULL PRIMARY KEY,
        value TEXT NOT NULL
    ) WITHOUT ROWID""",
)

_DELIVERY: Migration = (
    "ALTER TABLE outbox ADD COLUMN kind TEXT NOT NULL DEFAULT 'send'",
    "ALTER TABLE outbox ADD COLUMN channel TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE outbox ADD COLUMN on_unknown TEXT NOT NULL DEFAULT 'drop'",
    "ALTER TABLE outbox ADD COLUMN state TEXT NOT NULL DEFAULT 'pending'",
    "ALTER TABLE outbox ADD COLUMN attempt_no INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE outbox ADD COLUMN counted_attempts INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE outbox ADD COLUMN unknowns INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE outbox ADD COLUMN recoveries INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE outbox ADD COLUMN token INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE outbox ADD COLUMN lease_until INTEGER",
    "ALTER TABLE outbox ADD COLUMN due_at INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE outbox ADD COLUMN reason TEXT",
    "ALTER TABLE outbox ADD COLUMN transport_message_id TEXT",
    "UPDATE outbox SET due_at = due, kind = json_extract(body, '$.kind')",
    "UPDATE outbox SET channel = coalesce(json_extract(body, '$.channel'), '')",
    "DROP INDEX outbox_due",
    "CREATE INDEX outbox_pending ON outbox (due_at, action) WHERE state = 'pending'",
    "CREATE INDEX outbox_waiting ON outbox (kind, channel, due_at, action) WHERE state = 'pending'",
    "CREATE INDEX outbox_sending ON outbox (lease_until, action) WHERE state = 'sending'",
    "CREATE INDEX outbox_ended ON outbox (state, action) WHERE state <> 'pending'",
)

MIGRATIONS: tuple[Migration, ...] = (_FIRST, _DELIVERY)
"""Number n (from 0) lifts a file of version n to version n + 1. Entries are added at the end, never changed."""


# one statement: between two, another process may make the tables
_HEADER = """SELECT application_id, user_version, (SELECT count(*) FROM sqlite_master)
    FROM pragma_application_id, pragma_user_version"""


def check_ours(connection: Connection, newest: int) -> int:
    """Return the version of the file, 0 when it is empty; changes nothing.

    Raises:
        StoreError: it holds something else, or was written by a later version of this library.
    """
    application, version, tables = connection.execute(_HEADER).fetchone()
    if application != APPLICATION_ID and (application, version, tables) != (0, 0, 0):
        raise StoreError(f"{_file(connection)} is no store of ours: it has the application id {application:#x}")
    if version > newest:
        raise StoreError(f"{_file(connection)} has version {version}, this library reads 1 to {newest}")
    return int(version)


def migrate(connection: Connection, migrations: Sequence[Migration]) -> None:
    """Lift the file to the newest version, all steps in one transaction; harmless when it is there already.

    Raises:
        StoreError: as ``check_ours``; the file may have changed since it was looked at.
    """
    newest = len(migrations)
    if check_ours(connection, newest) == newest:
        return
    with connection:  # commits, or rolls back
        connection.execute("BEGIN IMMEDIATE")
        version = check_ours(connection, newest)  # another process may have been quicker
        for statement in chain.from_iterable(migrations[version:]):
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID:d}")
        connection.execute(f"PRAGMA user_version = {newest:d}")


def _file(connection: Connection) -> str:
    return str(connection.execute("PRAGMA database_list").fetchone()[2])
