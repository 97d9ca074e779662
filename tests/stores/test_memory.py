"""The store in memory keeps every promise."""

from __future__ import annotations

import pytest

from retention_engine.actions import Action
from retention_engine.errors import StoreError
from retention_engine.ports import Store
from retention_engine.stores import MemoryStore
from retention_engine.testing.conformance import StoreConformance
from retention_engine.testing.conformance.samples import action


class TestMemoryStore(StoreConformance):
    """The whole suite over ``MemoryStore``."""

    def make_store(self) -> Store:
        return MemoryStore()


def put(store: Store, *batches: list[Action]) -> None:
    """Put batches of actions into the outbox in one transaction."""
    with store.transaction():
        for batch in batches:
            store.outbox.put(batch)


def test_actions_put_after_many_others_stand_in_their_order() -> None:
    """Many at once, then a few among them: pending is in order each time; what was rolled back leaves no trace."""
    store = MemoryStore()
    actions = [action(occasion=f"o{number}", due=number * 7 % 1_000) for number in range(300)]
    more = [action(occasion=f"p{number}", due=500 * number) for number in range(2)]

    put(store, actions)
    first = store.outbox.pending(1_000, 999)
    with pytest.raises(StoreError):
        put(store, [action(occasion="given up", due=3)], actions[:1])
    put(store, more)

    assert first == sorted(actions, key=lambda each: (each.due, each.key))
    assert store.outbox.pending(1_000, 999) == sorted([*actions, *more], key=lambda each: (each.due, each.key))
