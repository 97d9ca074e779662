"""Delivery: messages leave the outbox one by one, each marked before its call and settled after it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from inspect import iscoroutinefunction
from typing import cast

from retention_engine.actions import Parcel, ParcelState
from retention_engine.delivery.base import Limits, Office, Report
from retention_engine.delivery.brakes import Brakes
from retention_engine.delivery.calls import PAGE, Caller, Calls
from retention_engine.delivery.machine import resolved
from retention_engine.delivery.preparing import Cards, Preparer, Unsubscribe
from retention_engine.envelopes import Envelope
from retention_engine.errors import DefinitionError, shown
from retention_engine.templates import Renderer
from retention_engine.timing import to_instant
from retention_engine.transports import AsyncTransport, InThread, Transport, guarded, guarded_async, too_late

Instant = datetime | int | str
Now = Instant | Callable[[], Instant]
"""An instant, or a function that tells it; a long delivery needs the function."""
Transports = Mapping[str, Transport | AsyncTransport]


def always() -> bool:
    """Go on; the default."""
    return True


class Delivery:
    """Carries messages from the outbox of an engine to transports. Any number of workers may share a store.

    Every message is checked once more and marked before its transport is called; whoever dies in between leaves it
    ``unknown``, never sent twice. What becomes of it is recorded as a fact in the commit that settles it.
    """

    def __init__(
        self,
        engine: Office,
        transports: Transports,
        *,
        renderer: Renderer,
        handlers: Transports | None = None,
        addresses: Callable[[str, str], str | None] | None = None,
        unsubscribe: Unsubscribe | None = None,
        cards: Cards | None = None,
        finish: Callable[[Envelope], Envelope] | None = None,
        repeats: Iterable[str] = (),
        limits: Limits = Limits(),  # noqa: B008 - frozen
    ) -> None:
        """Take what is needed.

        Args:
            transports: channel -> transport of messages. What a transport says by an attribute ``pace`` is kept.
            handlers: kind -> transport of other actions, such as ``call``, ``escalate`` and ``audience_join``: the
                kind is the channel of its envelope, what it is about the address. Kinds without one stay in the outbox;
                tags need none.
            addresses: (customer, channel) -> address, None when there is none; left out, the latest ``ContactAdded``.
            unsubscribe: (customer, channel, topic) -> address of one-click unsubscription, for marketing messages.
            cards: item -> what templates may show of it, as ``templates.card`` makes it; None: it is gone.
            finish: changes each envelope last, such as its links.
            repeats: ids of rules that may tell a customer the same again soon.

        Raises:
            DefinitionError: a kind has the name of a channel.
        """
        if twice := transports.keys() & (handlers or {}).keys():
            raise DefinitionError(
                f"{shown(min(twice))} is a channel and a kind of action: give one of them another name"
            )
        brakes = Brakes(engine.store.settings, limits.strikes)
        self._office, self._store, self._limits, self._brakes = engine, engine.store, limits, brakes
        self._transports = {**transports, **(handlers or {})}
        preparer = Preparer(
            office=engine,
            brakes=brakes,
            renderer=renderer,
            limits=limits,
            channels=frozenset(transports),
            addresses=addresses,
            unsubscribe=unsubscribe,
            cards=cards,
            finish=finish,
            repeats=frozenset(repeats),
        )
        self._caller = Caller(preparer, self._transports, kinds=("send", "tag", "untag", *(handlers or {})))

    def deliver(self, now: Now, *, limit: int = 1_000, go_on: Callable[[], bool] = always) -> Report:
        """Send what is due, at most ``limit`` messages, and say what became of it.

        It never waits: when a channel may not be called yet, the report says when to come ``again``.

        Args:
            now: an instant, or a function that tells it, asked before and after each call.
            go_on: asked before each message; once it says no, no other one begins.

        Raises:
            DefinitionError: a transport is asynchronous. Nothing was begun.
        """
        if awaited := [name for name, one in self._transports.items() if iscoroutinefunction(one.send)]:
            raise DefinitionError(f"the transport of {shown(awaited[0])} is asynchronous: await deliver_async()")
        clock, calls = _clock(now), self.calls(now, limit=limit, go_on=go_on)
        try:
            call = next(calls)
            while True:
                transport = guarded(cast("Transport", self._transports[call.envelope.channel]))
                late = clock() > call.latest or not go_on()
                call = calls.send(too_late() if late else transport.send(call.envelope))
        except StopIteration as end:
            return cast("Report", end.value)

    async def deliver_async(
        self, now: Now, *, limit: int = 1_000, go_on: Callable[[], bool] = always, at_once: int = 1
    ) -> Report:
        """Do the same in an event loop; transports without ``async`` are called in a thread.

        Args:
            at_once: how many calls may be in flight; each of them does its part of the limit.
        """
        report, clock = Report(), _clock(now)
        senders = {name: guarded_async(_awaited(one)) for name, one in self._transports.items()}

        async def one_by_one() -> None:
            calls = self.calls(now, limit=-(-limit // at_once), go_on=go_on, report=report)
            try:
                call = next(calls)
                while True:
                    late = clock() > call.latest or not go_on()
                    sender = senders[call.envelope.channel]
                    call = calls.send(too_late() if late else await sender.send(call.envelope))
            except StopIteration:
                return
            finally:
                calls.close()

        await asyncio.gather(*(one_by_one() for _ in range(at_once)))
        return report

    def calls(
        self, now: Now, *, limit: int = 1_000, go_on: Callable[[], bool] = always, report: Report | None = None
    ) -> Calls:
        """Yield each call that is to be made, to be sent its outcome; whoever stops half way leaves it unknown.

        The outcome of one message and the mark of the next one are one commit.

        Args:
            report: is added to, and returned at the end; left out, a new one.
        """
        return self._caller.calls(_clock(now), limit, go_on, Report() if report is None else report)

    def unresolved(self) -> list[Parcel]:
        """Return every message of which nobody knows whether it was sent, by key."""
        found: list[Parcel] = []
        while page := self._store.parcels.listed(ParcelState.UNKNOWN, found[-1].key if found else "", PAGE):
            found += page
        return found

    def resolve(self, key: str, *, sent: bool, at: Instant) -> Parcel:
        """Say what you found out about an unknown message, and return it as it is now.

        Not sent: a message of class ``ask`` or ``retry`` is sent again, one of class ``drop`` is dead.

        Raises:
            DefinitionError: there is no unknown message of this key.
        """
        with self._office.exclusively():
            row = self._store.parcels.of([key]).get(key)
            if row is None or row.state is not ParcelState.UNKNOWN:
                raise DefinitionError(f"no message of unknown outcome has the key {shown(key)}")
            change = resolved(row, sent=sent, at=to_instant(at), limits=self._limits)
            if self._store.outbox.overrule(change.parcel) and change.facts:
                self._office.learn(change.facts)
            return self._store.parcels.of([key])[key]

    def release(self, template: str) -> None:
        """Let a template go on that rests because it did not fit several customers."""
        with self._office.exclusively():
            self._brakes.release("template", template)


def _awaited(transport: Transport | AsyncTransport) -> AsyncTransport:
    waits = iscoroutinefunction(transport.send)
    return cast("AsyncTransport", transport) if waits else InThread(cast("Transport", transport))


def _clock(now: Now) -> Callable[[], int]:
    return (lambda: to_instant(now())) if callable(now) else (lambda: to_instant(now))
