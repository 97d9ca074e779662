"""Whoever watches is told, and cannot disturb what is being watched."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from retention_engine.ports import Observer
from retention_engine.signals import Signal

log = logging.getLogger("retention_engine")


class Watchers:
    """Several observers as one; what one of them raises is logged by its type and goes no further."""

    def __init__(self, observers: Iterable[Observer] = ()) -> None:
        """Begin with these."""
        self._observers = tuple(observers)

    def add(self, observer: Observer) -> None:
        """Tell one more from now on."""
        self._observers = (*self._observers, observer)

    def remove(self, observer: Observer) -> None:
        """Tell it no more; one that was never told is passed over."""
        self._observers = tuple(one for one in self._observers if one is not observer)

    def note(self, signal: Signal) -> None:
        """Tell all of them, in the order in which they came."""
        for observer in self._observers:
            try:
                observer.note(signal)
            except Exception as error:  # noqa: BLE001 - whoever watches must not stop what is being watched
                log.warning("observer %s failed: %s", type(observer).__qualname__, type(error).__qualname__)
