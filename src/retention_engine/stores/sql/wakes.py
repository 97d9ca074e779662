"""Wake-ups and the engine's own texts in tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from retention_engine.ports import Settings, Wakes
from retention_engine.stores.sql.session import AMONG, SqlSession

_SET = """INSERT INTO wakes (customer, instant) VALUES (?, ?)
    ON CONFLICT (customer) DO UPDATE SET instant = excluded.instant WHERE wakes.instant <> excluded.instant"""
_LOWER = """INSERT INTO wakes (customer, instant) VALUES (?, ?)
    ON CONFLICT (customer) DO UPDATE SET instant = excluded.instant WHERE wakes.instant > excluded.instant"""
_CLEAR = "DELETE FROM wakes WHERE customer = ?"
_DUE = "SELECT customer, instant FROM wakes WHERE instant <= ? ORDER BY instant, customer LIMIT ?"
_DUE_AMONG = f"""SELECT customer, instant FROM wakes WHERE customer {AMONG} AND instant <= ?
    ORDER BY instant, customer LIMIT ?"""
_GET = "SELECT value FROM settings WHERE name = ?"
_PUT = """INSERT INTO settings (name, value) VALUES (?, ?)
    ON CONFLICT (name) DO UPDATE SET value = excluded.value"""


class SqlWakes(Wakes):
    """One row per customer who has a wake-up, and an index by instant: what is due lies at its beginning."""

    def __init__(self, session: SqlSession) -> None:
        """Use the tables of this session."""
        self._session = session

    def lower(self, wakes: Mapping[str, int]) -> None:
        """Wake each customer at the given instant or earlier: keeps an earlier one that is set already."""
        with self._session.change():
            self._session.each(_LOWER, sorted(wakes.items()))  # in one order: no two wait for each other

    def set(self, wakes: Mapping[str, int | None]) -> None:
        """Set the instant of each customer; None: not at all."""
        with self._session.change():
            self._session.each(_SET, sorted(wake for wake in wakes.items() if wake[1] is not None))
            self._session.each(_CLEAR, sorted((customer,) for customer, instant in wakes.items() if instant is None))

    def due(self, to: int, limit: int, *, among: Sequence[str] | None = None) -> list[tuple[str, int]]:
        """Return up to ``limit`` (customer, instant) with instant <= ``to``, the earliest first, ties by customer."""
        if among is None:
            found = self._session.claimed(_DUE, to, max(limit, 0))
        else:
            found = self._session.claimed(_DUE_AMONG, self._session.texts(among), to, max(limit, 0))
        return sorted(found, key=lambda wake: (wake[1], wake[0]))


class SqlSettings(Settings):
    """One row per name."""

    def __init__(self, session: SqlSession) -> None:
        """Use the tables of this session."""
        self._session = session

    def get(self, name: str) -> str | None:
        """Return a text, None when it was never put."""
        rows = self._session.rows(_GET, name)
        return str(rows[0][0]) if rows else None

    def put(self, name: str, value: str) -> None:
        """Set a text."""
        with self._session.change():
            self._session.each(_PUT, [(name, value)])
