"""One connection to one database: how it is opened and opened again, its transaction, its locks, its errors as ours."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from typing import Any

from retention_engine.actions import Action
from retention_engine.errors import MissingExtra, StoreError
from retention_engine.stores.postgres.address import Address
from retention_engine.stores.postgres.schema import VERSION, Migration, migrate
from retention_engine.stores.sql import SqlSession
from retention_engine.stores.sql.session import AMONG
from retention_engine.timing import Span

try:
    import psycopg
    from psycopg import Connection
    from psycopg.errors import UniqueViolation
    from psycopg.pq import TransactionStatus
except ImportError:
    raise MissingExtra("postgres", "psycopg") from None

_CLAIM = " FOR UPDATE SKIP LOCKED"
_HOLD = " FOR UPDATE"
_LOCK = "SELECT pg_advisory_xact_lock{}(hashtextextended(current_schema() || ' ' || %s, 0))"
_SETUP = (
    "SET client_encoding = 'UTF8'",
    "SET default_transaction_isolation = 'read committed'",
    "SET enable_seqscan = off",  # plans are kept while empty tables grow, and every question has its index
    "SET idle_in_transaction_session_timeout = '10min'",  # who stopped half way must not hold others for ever
)


class Session(SqlSession):
    """The only connection of this store; callers in several threads take turns."""

    def __init__(self, address: Address, patience: Span, migrations: Sequence[Migration]) -> None:
        """Connect, and make the tables or lift them to the newest version.

        Raises:
            StoreError: the database cannot be reached or used.
        """
        super().__init__()
        self._address = address
        self._patience = max(patience.micros // 1000, 1)
        self._migrations = migrations
        self._closed = False
        self._connection = self._connect()

    def _connect(self) -> Connection:
        with self.mapped():
            made = psycopg.connect(self._address.url, autocommit=True, application_name="retention_engine")
            try:
                self._set_up(made)
            except BaseException:
                made.close()
                raise
            return made

    def _set_up(self, made: Connection) -> None:
        if made.info.parameter_status("server_encoding") != "UTF8":
            raise StoreError(f"{self._address.name}: the database must be made with the encoding UTF8")
        for statement in _SETUP:
            made.execute(statement)
        made.execute(f"SET lock_timeout = {self._patience:d}".encode())
        if self._address.schema is not None:
            made.execute(f'SET search_path = "{self._address.schema}"'.encode())
        migrate(made, self._address.schema, self._migrations)

    @contextmanager
    def mapped(self) -> Iterator[None]:
        """Turn errors of the database, and texts and numbers that it cannot hold, into StoreError, chained."""
        try:
            yield
        except (psycopg.Error, UnicodeEncodeError, OverflowError) as error:
            first = str(error).partition("\n")[0]  # what follows may quote a row
            raise StoreError(f"{self._address.name}: {first}") from error

    def rows(self, sql: str, *values: object) -> list[Any]:
        """Return the rows of one query."""
        with self.mapped():
            return self._line().execute(_spelled(sql), values).fetchall()

    def each(self, sql: str, rows: Iterable[tuple[object, ...]]) -> int:
        """Run one statement for each row of values, inside ``change``; return how many rows of tables it changed."""
        given = list(rows)
        if not given:
            return 0
        with self.mapped():
            cursor = self._line().cursor()
            if len(given) == 1:
                cursor.execute(_spelled(sql), given[0])
            else:
                cursor.executemany(_spelled(sql), given)
            return cursor.rowcount

    def claimed(self, sql: str, *values: object) -> list[Any]:
        """Return rows that are the caller's until the transaction ends; those that others hold are left out."""
        return self.rows(sql + _CLAIM if self._open else sql, *values)

    def held(self, sql: str, *values: object) -> list[Any]:
        """Return rows that nobody else changes before the transaction ends, having waited for those who held them."""
        return self.rows(sql + _HOLD if self._open else sql, *values)

    def lock(self, name: str, *, alone: bool) -> None:
        """Wait for a name, and keep it until the transaction ends: alone, or with others who do not ask for that."""
        self.rows(_LOCK.format("" if alone else "_shared").replace("%s", "?"), name)

    def texts(self, values: Iterable[str]) -> list[str]:
        """Return texts as the one value of ``AMONG``: an array."""
        return [value for value in values if _storable(value)]

    def repeated(self, error: BaseException | None, tried: Sequence[Action | None]) -> Action | None:
        """Return the action whose key was there already: the one that the error names."""
        told = error.diag.message_detail or "" if isinstance(error, UniqueViolation) else ""
        return next((one for one in tried if one is not None and one.key in told), None)

    def close(self) -> None:
        """Close the connection, rolling back what is open; twice is harmless."""
        self._closed = True
        self._connection.close()

    def _line(self) -> Connection:
        """Return the connection; a broken one is replaced, but not in the middle of a transaction."""
        if self._closed:
            raise StoreError(f"{self._address.name}: the store is closed")
        if self._connection.closed and not self._open:
            self._connection = self._connect()
        return self._connection

    def _begin(self) -> None:
        with self.mapped():
            if self._connection.closed and not self._closed:
                self._connection = self._connect()
            cursor = self._line().execute(f"BEGIN; {VERSION}".encode())
            cursor.nextset()
            version = cursor.fetchone()
        if version != (len(self._migrations),):
            wanted = len(self._migrations)
            raise StoreError(f"{self._address.name}: the tables have no longer the version {wanted} they had")

    def _commit(self) -> None:
        with self.mapped():
            if self._line().execute("COMMIT").statusmessage != "COMMIT":
                raise StoreError(f"{self._address.name}: a statement of this transaction failed, nothing of it is kept")

    def _roll_back(self) -> None:
        with suppress(psycopg.Error):  # the error that brought us here is the one to be seen
            if self._connection.info.transaction_status is not TransactionStatus.IDLE:
                self._connection.execute("ROLLBACK")


@cache
def _spelled(sql: str) -> bytes:
    return sql.replace(AMONG, "= ANY(?::text[])").replace("?", "%s").encode()


def _storable(text: str) -> bool:
    try:
        return b"\0" not in text.encode()
    except UnicodeEncodeError:
        return False
