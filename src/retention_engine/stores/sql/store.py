"""All tables behind one transaction, for any database."""

from __future__ import annotations

from contextlib import AbstractContextManager

from retention_engine.ports import FactLog, Settings, Store
from retention_engine.stores.sql.decisions import SqlJournal
from retention_engine.stores.sql.facts import SqlRoster
from retention_engine.stores.sql.outbox import SqlDeliveries, SqlOutbox, SqlParcels
from retention_engine.stores.sql.session import SqlSession
from retention_engine.stores.sql.wakes import SqlWakes


class SqlStore(Store):
    """The tables of one connection."""

    def __init__(self, session: SqlSession, facts: FactLog, settings: Settings) -> None:
        """Use this connection; facts and settings are those of its database."""
        self._session = session
        self.facts = facts
        self.roster = SqlRoster(session)
        self.wakes = SqlWakes(session)
        self.journal = SqlJournal(session)
        self.outbox = SqlOutbox(session)
        self.parcels = SqlParcels(session)
        self.deliveries = SqlDeliveries(session)
        self.settings = settings

    def transaction(self) -> AbstractContextManager[None]:
        """Begin; commit at the end of the block, roll everything back when it raises.

        Raises:
            StoreError: one is open already, others were waited for too long, the connection broke, or a change failed.
        """
        return self._session.transaction()

    def close(self) -> None:
        """Close the connection, which ends its locks; calling it twice is harmless."""
        self._session.close()
