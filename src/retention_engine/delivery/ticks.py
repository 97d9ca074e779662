"""One tick: the clock is read, what is due is decided, and what may be sent is sent."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime
from threading import Lock
from typing import Any, Protocol

import pendulum
from attrs import frozen

from retention_engine.delivery.base import Office, Report
from retention_engine.delivery.clock import EngineClock, Reading, Step
from retention_engine.delivery.delivery import Delivery
from retention_engine.delivery.environment import check_environment
from retention_engine.errors import DefinitionError, TimeError
from retention_engine.observers import Watchers
from retention_engine.signals import Escalated
from retention_engine.timing import SECOND, Span, minutes, to_datetime, to_instant

log = logging.getLogger("retention_engine.delivery")
CEILING = minutes(1)
_RETRIES = 3


class Advanced(Protocol):
    """What an advance did."""

    @property
    def evaluated(self) -> int:
        """How many customers were looked at."""
        ...

    def __len__(self) -> int:
        """Return the number of due actions."""
        ...


class Shop(Office, Protocol):
    """Whom ticks are done for: an ``Engine``."""

    @property
    def watchers(self) -> Watchers:
        """Who is told when facts were recorded."""
        ...

    def record(self, facts: Any) -> object:
        """Store facts."""
        ...

    def advance(self, to: int) -> Advanced:
        """Let logical time go on and decide what is due."""
        ...

    def next_wakeup(self) -> datetime | None:
        """Return when it has to be advanced next."""
        ...


@frozen(kw_only=True)
class TickReport:
    """What a tick did; its length is the number of actions that became due.

    Attributes:
        reading: of the clock; while it is held, nothing was decided or sent.
        actions: how many became due.
        evaluated: how many customers were looked at.
        messages: what became of messages; None while the clock is held.
    """

    reading: Reading
    actions: int = 0
    evaluated: int = 0
    messages: Report | None = None

    def __len__(self) -> int:
        """Return the number of actions that became due."""
        return self.actions

    def __bool__(self) -> bool:
        """Return whether anything was done."""
        return bool(self.evaluated or (self.messages and self.messages.states))

    def __str__(self) -> str:
        """Return one line for people."""
        return f"held: {self.reading}" if self.messages is None else f"{self.actions} actions, {self.messages}"


class Ticker:
    """Ticks when it is told to; any number of threads and processes may do so over one store.

    Attributes:
        engine: whose facts, decisions and outbox it is about.
        delivery: sends what is due.
        clock: engine time.
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
    ) -> None:
        """Put the parts together; nothing happens before the first tick.

        Args:
            clock: an ``EngineClock``, or a function that tells the instant; left out, the clocks of this machine.
            environment: a name such as ``production``, kept by the store: under another one nothing is sent.
            ceiling: the longest time to the next tick: other processes may record facts, and machines may sleep.
            limit: how many messages a tick sends before it decides again.
            at_once: how many calls of transports may be in flight in an event loop.
        """
        self.engine = engine
        self.delivery = delivery
        if not isinstance(clock, EngineClock):
            clock = EngineClock(engine) if clock is None else EngineClock.of(engine, clock)
        self.clock = clock
        self._environment = environment
        self._ceiling = ceiling.micros / SECOND
        self._limit = limit
        self._at_once = at_once
        self._again: int | None = 0  # the outbox was not looked at yet
        self._said = Step.NONE
        self._turn = Lock()

    def record(self, facts: Any) -> object:
        """Do what ``engine.record`` does: in one commit, from any thread."""
        return self.engine.record(facts)

    async def tick(self) -> TickReport:
        """Decide what is due and send it; safe twice, at the same time, or late.

        Raises:
            StoreError: the store cannot be used, or belongs to another environment.
        """
        reading, advanced = await asyncio.to_thread(self._decide)
        if advanced is None:
            return TickReport(reading=reading)
        report = await self.delivery.deliver_async(
            self.clock, limit=self._limit, go_on=self._go_on, at_once=self._at_once
        )
        return self._done(reading, advanced, report)

    def tick_sync(self) -> TickReport:
        """Do the same in a thread.

        Raises:
            StoreError: the store cannot be used, or belongs to another environment.
            DefinitionError: an event loop runs in this thread: ``await tick()``.
        """
        if is_in_loop():
            raise DefinitionError("tick_sync() would block the event loop that runs in this thread: await tick()")
        reading, advanced = self._decide()
        if advanced is None:
            return TickReport(reading=reading)
        report = self.delivery.deliver(self.clock, limit=self._limit, go_on=self._go_on)
        return self._done(reading, advanced, report)

    def next_wakeup(self) -> pendulum.DateTime | None:
        """Return when there is something to do next, now if there is already; None: when a fact comes."""
        due = self._due()
        return None if due is None else to_datetime(max(due, self.clock()))

    def seconds_to_next(self, ceiling: float | None = None) -> float:
        """Return how long to wait for the next tick, at most ``ceiling`` seconds; left out, that of the runner."""
        longest = self._ceiling if ceiling is None else ceiling
        reading, due = self.clock.read(), self._due()
        if due is None or reading.held:
            return longest
        slow = 2 if reading.step is Step.SLEW else 1
        return min(longest, slow * max(0, due - reading.at) / SECOND)

    def resume(self) -> Reading:
        """Go on after a long outage or a leap of the clock, as ``EngineClock.resume``."""
        return self.clock.resume()

    def _due(self) -> int | None:
        found = self.engine.next_wakeup()
        instants = (self._again, None if found is None else to_instant(found))
        return min((each for each in instants if each is not None), default=None)

    def _go_on(self) -> bool:
        """Tell whether one more message may begin."""
        return not self.clock.read().held

    def _decide(self) -> tuple[Reading, Advanced | None]:
        """Read the clock and advance the engine to it; nothing is advanced while the clock is held."""
        with self._turn:
            check_environment(self.engine, self._environment)
            tries = _RETRIES
            while not (reading := self._read()).held:
                try:
                    return reading, self.engine.advance(reading.at)
                except TimeError:  # another worker got further between the two
                    tries -= 1
                    if not tries:
                        raise
            return reading, None

    def _read(self) -> Reading:
        reading = self.clock.sync()
        self._say(reading)
        return reading

    def _done(self, reading: Reading, advanced: Advanced, report: Report) -> TickReport:
        self._again = report.again
        return TickReport(reading=reading, actions=len(advanced), evaluated=advanced.evaluated, messages=report)

    def _say(self, reading: Reading) -> None:
        """Tell once that the clock is held, or that time was caught up."""
        said, self._said = self._said, reading.step
        if said is not reading.step and (reading.held or reading.step is Step.CATCH_UP):
            log.warning("clock %s: %s", reading.step.value, reading)
            self.engine.watchers.note(Escalated(code=f"clock_{reading.step.value}", subject="clock", text=str(reading)))


def is_in_loop() -> bool:
    """Tell whether an event loop runs in this thread."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
