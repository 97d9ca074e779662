"""What those who work beside the walk, at the counter or at the codes, need of an engine."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import Protocol

from retention_engine.facts import Fact
from retention_engine.ports import Store


class Host(Protocol):
    """An engine, as they see it."""

    store: Store

    @property
    def zone(self) -> str:
        """The shop's time zone."""
        ...

    def learn(self, facts: Iterable[Fact]) -> object:
        """Store facts inside a transaction, with what they mean for others."""
        ...

    def exclusively(self) -> AbstractContextManager[None]:
        """Open a transaction in which logical time stands still."""
        ...

    def looked_at(self) -> tuple[int, int]:
        """Return up to which instant facts were looked at, and after which they count for the club."""
        ...
