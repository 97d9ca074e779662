"""What the tables ask of a connection; statements are written with ``?``, and ``AMONG`` for a list of texts."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from typing import Any

from retention_engine.actions import Action
from retention_engine.stores.transactions import Transactions

AMONG = "IN (SELECT value FROM json_each(?))"
"""Among the texts of one value, which ``SqlSession.texts`` makes."""


class SqlSession(Transactions):
    """One connection; each database says how its statements are run."""

    @abstractmethod
    def rows(self, sql: str, *values: object) -> list[Any]:
        """Return the rows of one query."""

    @abstractmethod
    def each(self, sql: str, rows: Iterable[tuple[object, ...]]) -> int:
        """Run one statement for each row of values, inside ``change``; return how many rows of tables it changed."""

    @abstractmethod
    def texts(self, values: Iterable[str]) -> object:
        """Return texts as the one value of ``AMONG``; those that cannot stand in the database are left out."""

    @abstractmethod
    def repeated(self, error: BaseException | None, tried: Sequence[Action | None]) -> Action | None:
        """Return the action whose key was there already, None when that was not the error."""

    @abstractmethod
    def close(self) -> None:
        """Close the connection; calling it twice is harmless."""

    def claimed(self, sql: str, *values: object) -> list[Any]:
        """Return rows that are the caller's until the transaction ends; those that others hold are left out."""
        return self.rows(sql, *values)

    def held(self, sql: str, *values: object) -> list[Any]:
        """Return rows that nobody else changes before the transaction ends, having waited for those who held them."""
        return self.rows(sql, *values)
