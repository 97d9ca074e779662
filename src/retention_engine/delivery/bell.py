"""A bell that any thread may ring, and that a thread or an event loop waits for; no ring is lost."""

from __future__ import annotations

import asyncio
from threading import Event, Lock


class Bell:
    """It stays rung until it is cleared: whoever comes to wait later does not wait at all."""

    def __init__(self) -> None:
        """Begin in silence."""
        self._rung = Event()
        self._lock = Lock()
        self._loops: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()

    def ring(self) -> None:
        """Wake whoever waits."""
        with self._lock:
            self._rung.set()
            for loop, event in self._loops:
                if not loop.is_closed():
                    loop.call_soon_threadsafe(event.set)

    def clear(self) -> None:
        """Silence it; what is done from here on may be rung for again."""
        with self._lock:
            self._rung.clear()

    def wait(self, seconds: float) -> bool:
        """Wait in a thread until it rings, so many seconds at most; tell whether it did."""
        return self._rung.wait(seconds)

    async def wait_async(self, seconds: float) -> bool:
        """Wait in an event loop until it rings, so many seconds at most; tell whether it did."""
        listener = (asyncio.get_running_loop(), asyncio.Event())
        with self._lock:
            self._loops.add(listener)
            if self._rung.is_set():
                listener[1].set()
        try:
            await asyncio.wait_for(listener[1].wait(), seconds)
        except TimeoutError:
            return self._rung.is_set()
        finally:
            with self._lock:
                self._loops.discard(listener)
        return True
