"""Servers on a real socket to test against: a Bot API and a mail server, with faults by script, and a database."""

from retention_engine.testing.fakes.faults import Fault, bad_gateway, error, flood, migrated, reset, slow, truncated
from retention_engine.testing.fakes.postgres import PostgresServer
from retention_engine.testing.fakes.smtp import DROP, SILENCE, FakeSmtp, Received
from retention_engine.testing.fakes.telegram import FakeTelegram, Message

__all__ = [
    "DROP",
    "SILENCE",
    "FakeSmtp",
    "FakeTelegram",
    "Fault",
    "Message",
    "PostgresServer",
    "Received",
    "bad_gateway",
    "error",
    "flood",
    "migrated",
    "reset",
    "slow",
    "truncated",
]
