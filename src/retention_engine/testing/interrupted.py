"""A store that breaks as told, for those who want to see what is left."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager

from retention_engine.errors import StoreError
from retention_engine.ports import Store


class InterruptedStore(Store):
    """A store whose transactions fail as told: an odd one before its commit, an even one right after it."""

    def __init__(self, store: Store, failures: Collection[int]) -> None:
        """Wrap a store; the transactions are numbered from 1."""
        self.facts, self.roster, self.wakes = store.facts, store.roster, store.wakes
        self.journal, self.outbox, self.settings = store.journal, store.outbox, store.settings
        self.parcels, self.deliveries = store.parcels, store.deliveries
        self._store = store
        self._failures = failures
        self._number = 0

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit, roll back, or commit and fail all the same.

        Raises:
            StoreError: this transaction is one that fails.
        """
        self._number += 1
        number, fails = self._number, self._number in self._failures
        with self._store.transaction():
            yield
            if fails and number % 2:
                raise StoreError(f"transaction {number} fails before its commit, as told")
        if fails:
            raise StoreError(f"transaction {number} fails after its commit, as told")

    def close(self) -> None:
        """Close the store inside."""
        self._store.close()
