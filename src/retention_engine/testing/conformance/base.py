"""What the suites share: how a store is made, and how a promise is checked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from retention_engine.ports import Store


class Suite:
    """Tests of some ports; see ``StoreConformance``.

    Attributes:
        durable: ``make_store``, called again after ``close``, opens the same data again.
    """

    durable: bool = False

    def make_store(self) -> Store:
        """Return a store; empty when it is called for the first time in a test."""
        raise NotImplementedError(f"{type(self).__name__}.make_store")

    @contextmanager
    def opened(self) -> Iterator[Store]:
        """Make a store and close it at the end."""
        store = self.make_store()
        try:
            yield store
        finally:
            store.close()


def expect(found: object, wanted: object) -> None:
    """Compare what a store answered with what it promised.

    Raises:
        AssertionError: they differ; spelled out, because pytest rewrites no asserts in installed modules.
    """
    if found != wanted:
        raise AssertionError(f"promised: {wanted!r}\n   found: {found!r}")


@contextmanager
def refused(error: type[Exception]) -> Iterator[None]:
    """Check that the block raises this error or one below it.

    Raises:
        AssertionError: it raises nothing; any other error passes through.
    """
    try:
        yield
    except error:
        return
    raise AssertionError(f"promised: {error.__name__}\n   found: no error")
