"""The manners of a transaction, the same in every store: it does not nest, and it is kept as a whole or not at all."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager

from retention_engine.errors import StoreError


class Transactions(ABC):
    """At most one open transaction; a store says how to begin, commit and roll back."""

    def __init__(self) -> None:
        """Begin with none open."""
        self._open = False
        self._failed = False

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit at the end of the block, roll back when it raises, whatever it raises.

        Raises:
            StoreError: a transaction is open already, or a change failed inside and the block went on regardless.
        """
        if self._open:
            raise StoreError("a transaction is open already: transactions do not nest")
        self._open, self._failed = True, False
        try:
            self._begin()
            yield
            self._check_sound()
            self._commit()
        except BaseException:
            self._roll_back()
            raise
        finally:
            self._open = False

    @contextmanager
    def change(self) -> Iterator[None]:
        """Guard one change: when it raises, the transaction can no longer be committed.

        Raises:
            StoreError: no transaction is open, or an earlier change of it failed.
        """
        if not self._open:
            raise StoreError("a change needs a transaction around it: with store.transaction(): ...")
        self._check_sound()
        try:
            yield
        except BaseException:
            self._failed = True
            raise

    def _check_sound(self) -> None:
        if self._failed:
            raise StoreError("a change of this transaction failed, so nothing of it can be kept")

    @abstractmethod
    def _begin(self) -> None: ...

    @abstractmethod
    def _commit(self) -> None: ...

    @abstractmethod
    def _roll_back(self) -> None: ...
