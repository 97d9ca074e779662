"""The engine's own texts in a table of PostgreSQL."""

from __future__ import annotations

from retention_engine.stores.postgres.session import Session
from retention_engine.stores.sql import SqlSettings


class PostgresSettings(SqlSettings):
    """A text that is held is locked by its name, so that one which was never put can be held, too."""

    def __init__(self, session: Session) -> None:
        """Use the tables of this session."""
        super().__init__(session)
        self._line = session

    def hold(self, name: str, *, change: bool = False) -> str | None:
        """Return a text that nobody else changes before the transaction ends."""
        self._line.lock(name, alone=change)
        return self.get(name)

    def put(self, name: str, value: str) -> None:
        """Set a text, having waited for those who hold it."""
        with self._line.change():
            self._line.lock(name, alone=True)
            super().put(name, value)
