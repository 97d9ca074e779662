"""The runner: ticks when something is due, sleeps in between, ends when it is asked to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from threading import Lock, Thread
from traceback import walk_tb
from typing import Self

from retention_engine.delivery.bell import Bell
from retention_engine.delivery.clock import EngineClock, Reading
from retention_engine.delivery.delivery import Delivery
from retention_engine.delivery.ticks import CEILING, Shop, Ticker, TickReport, is_in_loop, log
from retention_engine.errors import DefinitionError, RetentionError, StoreError, TimeError
from retention_engine.signals import Escalated, FactsRecorded, Signal
from retention_engine.timing import Span

PATIENCE = 20
_LONGEST_REST = 60.0
_IDLE = 0.05


class Runner(Ticker):
    """Keeps an engine going: ``run`` sleeps until something is due, and is woken by ``engine.record`` of any thread.

    In an event loop: ``async with``, or ``await start()`` and ``await stop()``, or ``await run()``. In a thread of its
    own: ``with``, or ``start_sync()`` and ``stop_sync()``. Frameworks that schedule by themselves call ``tick``.
    """

    def __init__(
        self,
        engine: Shop,
        delivery: Delivery,
        *,
        clock: EngineClock | Callable[[], datetime | int | str] | None = None,
        environment: str | None = None,
        ceiling: Span = CEILING,
        limit: int = 200,
        at_once: int = 1,
        patience: int = PATIENCE,
    ) -> None:
        """Put the parts together; nothing happens before the first tick.

        Args:
            clock: an ``EngineClock``, or a function that tells the instant; left out, the clocks of this machine.
            environment: a name such as ``production``, kept by the store: under another one nothing is sent.
            ceiling: the longest sleep: other processes may record facts, and machines may sleep.
            limit: how many messages a tick sends before it decides again.
            at_once: how many calls of transports may be in flight in an event loop.
            patience: how many ticks in a row may fail by an error that is none of ours before a run ends with it.
        """
        super().__init__(
            engine, delivery, clock=clock, environment=environment, ceiling=ceiling, limit=limit, at_once=at_once
        )
        self._patience = patience
        self._news, self._end = Bell(), Bell()
        self._lock = Lock()
        self._active = self._ending = False
        self._task: asyncio.Task[None] | None = None
        self._thread: Thread | None = None
        self._failure: BaseException | None = None
        engine.watchers.add(self)

    def note(self, signal: Signal) -> None:
        """Wake up when facts were recorded."""
        if isinstance(signal, FactsRecorded):
            self._news.ring()

    def resume(self) -> Reading:
        """Go on after a long outage or a leap of the clock, as ``EngineClock.resume``."""
        found = super().resume()
        self._news.ring()
        return found

    async def run(self) -> None:
        """Tick and sleep until ``halt`` or ``stop``; a tick that fails is told and tried again.

        Raises:
            DefinitionError: it runs already.
            Exception: what is no error of ours was raised by ``patience`` ticks in a row.
        """
        self._claim()
        try:
            await self._run()
        finally:
            self._release()

    def run_sync(self) -> None:
        """Do the same in this thread."""
        if is_in_loop():
            raise DefinitionError("run_sync() would block the event loop that runs in this thread: await run()")
        self._claim()
        self._run_sync()

    def halt(self) -> None:
        """Ask a run to end, and do not wait: the message in flight is finished, no other one begins."""
        with self._lock:
            self._ending = self._active
        self._news.ring()
        self._end.ring()

    async def start(self) -> None:
        """Run in a task of this event loop."""
        self._claim()
        self._task = asyncio.create_task(self._run(), name="retention-runner")
        self._task.add_done_callback(lambda _: self._release())

    async def stop(self) -> None:
        """End what ``start`` began, once the message in flight is finished."""
        self.halt()
        task, self._task = self._task, None
        if task is not None:
            await asyncio.wait([task])  # unlike an await, it leaves the task alone when it is cancelled itself
            if not task.cancelled():
                task.result()

    def start_sync(self) -> None:
        """Run in a thread of its own."""
        self._claim()
        self._thread = Thread(target=self._in_thread, name="retention-runner", daemon=True)
        self._thread.start()

    def stop_sync(self) -> None:
        """End what ``start_sync`` began, once the message in flight is finished."""
        self.halt()
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.join()
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure

    async def __aenter__(self) -> Self:
        """Start in this event loop."""
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop."""
        await self.stop()

    def __enter__(self) -> Self:
        """Start in a thread."""
        self.start_sync()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self.stop_sync()

    def _go_on(self) -> bool:
        return not self._ending and super()._go_on()

    def _claim(self) -> None:
        with self._lock:
            if self._active:
                raise DefinitionError("this runner runs already; a second one over the same engine may run beside it")
            self._active, self._ending = True, False
            self._end.clear()

    def _release(self) -> None:
        with self._lock:
            self._active = self._ending = False

    def _in_thread(self) -> None:
        try:
            self._run_sync()
        except Exception as error:  # noqa: BLE001 - stop_sync() raises it where somebody sees it
            self._failure = error

    async def _run(self) -> None:
        failures = 0
        while self._goes_on():
            try:
                wait, failures = self._pause(await self.tick()), 0
            except Exception as error:  # noqa: BLE001 - a run outlives a tick that fails
                failures += 1
                await self._end.wait_async(self._failed(error, failures))
            else:
                await self._news.wait_async(wait)

    def _run_sync(self) -> None:
        failures = 0
        try:
            while self._goes_on():
                try:
                    wait, failures = self._pause(self.tick_sync()), 0
                except Exception as error:  # noqa: BLE001 - a run outlives a tick that fails
                    failures += 1
                    self._end.wait(self._failed(error, failures))
                else:
                    self._news.wait(wait)
        finally:
            self._release()

    def _goes_on(self) -> bool:
        """Silence the bell before a tick: whatever is recorded, or asked, from here on rings again."""
        self._news.clear()
        return not self._ending

    def _pause(self, report: TickReport) -> float:
        """Return how long to sleep after a tick; not at all only after one that did something."""
        return max(self.seconds_to_next(), 0.0 if report else _IDLE)

    def _failed(self, error: Exception, failures: int) -> float:
        """Tell about a tick that failed, and return how long to rest.

        Raises:
            Exception: the error, when it is none of ours and patience is at its end.
        """
        name, ours = type(error).__qualname__, isinstance(error, RetentionError | OSError)
        frame = [*walk_tb(error.__traceback__)][-1]
        place = f"{frame[0].f_code.co_filename}:{frame[1]}"
        log.error("tick failed, %d in a row: %s at %s", failures, name, place)  # its text may hold anything
        text = str(error) if isinstance(error, StoreError | TimeError) else place
        self.engine.watchers.note(Escalated(code="tick_failed", subject=name, text=text))
        if not ours and failures >= self._patience:
            raise error
        return min(2.0 ** (failures - 1), _LONGEST_REST)
