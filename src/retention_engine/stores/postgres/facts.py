"""Facts in a table of PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping

from retention_engine.facts import Fact
from retention_engine.stores.sql.facts import SqlFacts, values
from retention_engine.stores.sql.session import AMONG

# in one order, so that no two wait for each other; an id that another is about to commit is waited for
_APPEND = """INSERT INTO facts (id, customer, at, effective, body)
    SELECT * FROM unnest(?::text[], ?::text[], ?::bigint[], ?::bigint[], ?::text[]) AS given (id)
    ORDER BY id COLLATE "C" ON CONFLICT (id) DO NOTHING RETURNING id"""
_KNOWN = f"SELECT body FROM facts WHERE id {AMONG}"


class PostgresFacts(SqlFacts):
    """Others may append the same facts at the same time: one of them is first, the others find them known."""

    def add(self, batch: Mapping[str, Fact]) -> list[str]:
        """Insert the facts whose id is new, and return the bodies of those that were there already."""
        if not batch:
            return []
        columns = zip(*map(values, batch.values()), strict=True)
        new = {name for (name,) in self._session.rows(_APPEND, *map(list, columns))}
        old = [name for name in batch if name not in new]
        return [body for (body,) in self._session.rows(_KNOWN, old)] if old else []
