"""One connection to one file: how it is opened, its transaction, and its errors as ours."""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from retention_engine.actions import Action
from retention_engine.errors import StoreError
from retention_engine.stores.sql.session import SqlSession
from retention_engine.stores.sqlite.schema import Migration, check_ours, migrate
from retention_engine.timing import SECOND, Span

log = logging.getLogger("retention_engine.stores.sqlite")

_SETUP = (
    "PRAGMA synchronous = FULL",  # NORMAL loses acknowledged facts when the power fails
    "PRAGMA fullfsync = ON",  # macOS: a plain sync may stop at the drive's cache; without effect elsewhere
    "PRAGMA checkpoint_fullfsync = ON",
    "PRAGMA mmap_size = 0",
    "PRAGMA cache_size = -65536",  # 64 MiB at most: appending touches pages all over the indexes
    "PRAGMA wal_autocheckpoint = 10000",  # 40 MB: a page that many commits change is written back once
)
_ATTEMPTS = 100


class Session(SqlSession):
    """The only connection of this process to the file; callers in several threads take turns."""

    def __init__(self, path: Path, patience: Span, migrations: Sequence[Migration]) -> None:
        """Open or create the file and lift it to the newest version.

        Raises:
            StoreError: no SQLite file, not ours, too new, or locked for longer than ``patience``.
        """
        super().__init__()
        self._path = path
        self._version = len(migrations)
        timeout = patience.micros / SECOND
        with self.mapped():
            self._connection = sqlite3.connect(path, timeout=timeout, isolation_level=None, check_same_thread=False)
        try:
            with self.mapped():
                self._set_up(migrations)
        except BaseException:
            self._connection.close()
            raise
        if has_wal_reset_bug(sqlite3.sqlite_version_info):
            log.info("sqlite %s has the WAL-reset bug: let one process at a time open a store", sqlite3.sqlite_version)

    def _set_up(self, migrations: Sequence[Migration]) -> None:
        check_ours(self._connection, self._version)  # first of all: a foreign file is left as it is
        mode = self._switch_to_wal()
        if mode != "wal":
            raise StoreError(f"{self._path} cannot have a write-ahead log, its journal mode is {mode!r}")
        for sql in _SETUP:
            self._connection.execute(sql)
        migrate(self._connection, migrations)

    def _switch_to_wal(self) -> str:
        """Ask for a write-ahead log, which SQLite refuses at once while others write; return the journal mode."""
        for _ in range(_ATTEMPTS):
            with suppress(sqlite3.OperationalError):
                return str(self._connection.execute("PRAGMA journal_mode = WAL").fetchone()[0])
            self._connection.execute("BEGIN EXCLUSIVE")  # waits for them, as long as our patience lasts
            self._connection.execute("COMMIT")
        return str(self._connection.execute("PRAGMA journal_mode = WAL").fetchone()[0])

    @contextmanager
    def mapped(self) -> Iterator[None]:
        """Turn errors of the database, and texts and numbers that it cannot hold, into StoreError, chained."""
        try:
            yield
        except (sqlite3.Error, UnicodeEncodeError, OverflowError) as error:
            raise StoreError(f"{self._path}: {error}") from error

    def rows(self, sql: str, *values: object) -> list[Any]:
        """Return the rows of one query."""
        with self.mapped():
            return self._connection.execute(sql, values).fetchall()

    def each(self, sql: str, rows: Iterable[tuple[object, ...]]) -> int:
        """Run one statement for each row of values, inside ``change``; return how many rows of tables it changed."""
        with self.mapped():
            return self._connection.executemany(sql, rows).rowcount

    def texts(self, values: Iterable[str]) -> str:
        """Return texts as the one value of ``AMONG``: an array of JSON."""
        return json.dumps([value for value in values if "\0" not in value])  # SQLite ends a text of JSON there

    def repeated(self, error: BaseException | None, tried: Sequence[Action | None]) -> Action | None:
        """Return the action whose key was there already: the last one, for a statement stops where it fails."""
        return tried[-1] if isinstance(error, sqlite3.IntegrityError) else None

    def close(self) -> None:
        """Close the file, rolling back what is open; twice is harmless."""
        with self.mapped():
            self._connection.close()

    def _begin(self) -> None:
        with self.mapped():
            self._connection.execute("BEGIN IMMEDIATE")  # a later upgrade of a read lock could fail at once
        ((version,),) = self.rows("PRAGMA user_version")
        if version != self._version:
            raise StoreError(f"{self._path} has version {version} since it was opened with {self._version}")

    def _commit(self) -> None:
        with self.mapped():
            self._connection.execute("COMMIT")

    def _roll_back(self) -> None:
        with suppress(sqlite3.Error):  # the error that brought us here is the one to be seen
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")


_REPAIRED = ((3, 44, 6), (3, 50, 7))


def has_wal_reset_bug(version: tuple[int, int, int]) -> bool:
    """Whether in this version of SQLite two connections that write at once may corrupt a file in WAL mode."""
    is_backport = any(version[:2] == fix[:2] and version >= fix for fix in _REPAIRED)
    return (3, 7, 0) <= version < (3, 51, 3) and not is_backport
