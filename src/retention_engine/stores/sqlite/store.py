"""All tables of one file behind one transaction."""

from __future__ import annotations

from pathlib import Path

from retention_engine.stores.sql import SqlSettings, SqlStore
from retention_engine.stores.sqlite.facts import SqliteFacts
from retention_engine.stores.sqlite.schema import MIGRATIONS
from retention_engine.stores.sqlite.session import Session
from retention_engine.timing import Span, seconds

_PATIENCE = seconds(10)


class SqliteStore(SqlStore):
    """One SQLite file, with ``-wal`` and ``-shm`` beside it while it is open; made if missing, migrated if older.

    What ``transaction`` committed survives a killed process and, with a disk that honours sync, a power cut. Threads
    may share a store as long as they take turns. Other processes may open the same file and wait for each other's
    transactions; before they do, see that SQLite has no WAL-reset bug (repaired in 3.51.3, 3.50.7 and 3.44.6): with
    it, two connections that write at once may corrupt the file. Opening logs the bug at level INFO.
    """

    def __init__(self, path: str | Path, *, patience: Span = _PATIENCE) -> None:
        """Open the file.

        Args:
            path: taken literally; the folder must exist.
            patience: how long to wait for a transaction of another connection; 10 seconds unless told.

        Raises:
            StoreError: the file is not ours, broken, of a later version, or locked for too long.
        """
        session = Session(Path(path), patience, MIGRATIONS)
        super().__init__(session, SqliteFacts(session), SqlSettings(session))
