"""The store in memory keeps every promise."""

from __future__ import annotations

from retention_engine.ports import Store
from retention_engine.stores import MemoryStore
from retention_engine.testing.conformance import StoreConformance


class TestMemoryStore(StoreConformance):
    """The whole suite over ``MemoryStore``."""

    def make_store(self) -> Store:
        return MemoryStore()
