"""Facts in a table of SQLite."""

from __future__ import annotations

from collections.abc import Mapping

from retention_engine.facts import Fact
from retention_engine.stores.sql.facts import SqlFacts, values
from retention_engine.stores.sql.session import AMONG

_APPEND = "INSERT OR IGNORE INTO facts (id, customer, at, effective, body) VALUES (?, ?, ?, ?, ?)"
_LAST = "SELECT coalesce(max(seq), 0) FROM facts"
# the + keeps the planner from walking the table: the ids are looked up
_KNOWN = f"SELECT body FROM facts WHERE id {AMONG} AND +seq <= ?"


class SqliteFacts(SqlFacts):
    """Nobody else writes meanwhile: what stands up to the last row was there before."""

    def add(self, batch: Mapping[str, Fact]) -> list[str]:
        """Insert the facts whose id is new, and return the bodies of those that were there already."""
        ((last,),) = self._session.rows(_LAST)
        if self._session.each(_APPEND, map(values, batch.values())) == len(batch):
            return []
        return [body for (body,) in self._session.rows(_KNOWN, self._session.texts(batch), last)]
