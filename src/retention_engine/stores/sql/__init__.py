"""The ports over tables, written once for every database that speaks SQL."""

from retention_engine.stores.sql.decisions import SqlJournal
from retention_engine.stores.sql.facts import SqlFacts, SqlRoster
from retention_engine.stores.sql.outbox import SqlDeliveries, SqlOutbox, SqlParcels
from retention_engine.stores.sql.session import SqlSession
from retention_engine.stores.sql.wakes import SqlSettings, SqlWakes

__all__ = [
    "SqlDeliveries",
    "SqlFacts",
    "SqlJournal",
    "SqlOutbox",
    "SqlParcels",
    "SqlRoster",
    "SqlSession",
    "SqlSettings",
    "SqlWakes",
]
