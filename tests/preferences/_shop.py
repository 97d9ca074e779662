"""A keyring, a customer and an instant."""

from __future__ import annotations

from retention_engine.facts import Fact
from retention_engine.preferences import Keyring
from retention_engine.state import History, fold
from retention_engine.timing import to_instant

OLD, NEW = b"0123456789abcdef", b"another secret of sufficient length"
KEYS = Keyring({"k1": OLD, "k2": NEW}, current="k2")
WHO = "anna"
NOW = to_instant("2026-03-01T12:00:00Z")


def told(*facts: Fact) -> History:
    """Return the history of the facts."""
    return fold(History(WHO), facts)
