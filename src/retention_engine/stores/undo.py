"""The transaction of the store in memory."""

from __future__ import annotations

from collections.abc import Callable

from retention_engine.stores.transactions import Transactions


class Undo(Transactions):
    """The changes of the open transaction, as the calls that take them back."""

    def __init__(self) -> None:
        """Begin with none."""
        super().__init__()
        self._steps: list[Callable[[], None]] = []

    def note(self, step: Callable[[], None]) -> None:
        """Note how to take back a change; to be called before the change is made."""
        self._steps.append(step)

    def _begin(self) -> None:
        self._steps.clear()

    def _commit(self) -> None:
        self._steps.clear()

    def _roll_back(self) -> None:
        while self._steps:
            self._steps.pop()()
