"""Delivery: messages leave the outbox one by one, each marked before its call and settled after it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Mapping
from datetime import datetime
from inspect import iscoroutinefunction
from typing import cast

from attrs import evolve

from retention_engine.actions import Action, Parcel, ParcelState, Reason
from retention_engine.arbitration import Allow, Clearance
from retention_engine.delivery.base import Call, Change, Limits, Office, Report
from retention_engine.delivery.brakes import Brakes
from retention_engine.delivery.machine import ended, held_back, recovered, refused, resolved, settled
from retention_engine.envelopes import Content, Envelope, SendOutcome
from retention_engine.errors import DefinitionError, EmptyContent, StoreError, TemplateError, shown
from retention_engine.templates import Renderer
from retention_engine.timing import to_instant
from retention_engine.transports import AsyncTransport, InThread, Transport, guarded, guarded_async
from retention_engine.transports.base import too_late

Instant = datetime | int | str
Now = Instant | Callable[[], Instant]
"""An instant, or a function that tells it; a long delivery needs the function."""
Calls = Generator[Call, SendOutcome, Report]
FAULT = "fault"
"""The reason of a message that waits because weighing or filling it raised."""
PAGE = 50
log = logging.getLogger("retention_engine.delivery")


class Delivery:
    """Carries messages from the outbox of an engine to transports. Any number of workers may share a store.

    Every message is checked once more and marked before its transport is called; whoever dies in between leaves it
    ``unknown``, never sent twice. What becomes of it is recorded as a fact in the commit that settles it.
    """

    def __init__(
        self,
        engine: Office,
        transports: Mapping[str, Transport | AsyncTransport],
        *,
        renderer: Renderer,
        addresses: Callable[[str, str], str | None] | None = None,
        limits: Limits = Limits(),  # noqa: B008 - frozen
    ) -> None:
        """Take what is needed.

        Args:
            transports: channel -> transport.
            addresses: (customer, channel) -> address, None when there is none; left out, the latest ``ContactAdded``.
        """
        self._office = engine
        self._store = engine.store
        self._transports = dict(transports)
        self._renderer = renderer
        self._addresses = addresses
        self._limits = limits
        self._brakes = Brakes(engine.store.settings, limits.content_errors)

    def deliver(self, now: Now, *, limit: int = 1_000) -> Report:
        """Send what is due, at most ``limit`` messages, and say what became of it.

        Args:
            now: an instant, or a function that tells it, asked before and after each call.
        """
        clock, calls = _clock(now), self.calls(now, limit=limit)
        try:
            call = next(calls)
            while True:
                transport = guarded(cast("Transport", self._transports[call.envelope.channel]))
                call = calls.send(too_late() if clock() > call.latest else transport.send(call.envelope))
        except StopIteration as end:
            return cast("Report", end.value)

    async def deliver_async(self, now: Now, *, limit: int = 1_000) -> Report:
        """Do the same in an event loop; transports without ``async`` are called in a thread."""
        clock, calls = _clock(now), self.calls(now, limit=limit)
        try:
            call = next(calls)
            while True:
                transport = self._transports[call.envelope.channel]
                sender = guarded_async(
                    cast("AsyncTransport", transport)
                    if iscoroutinefunction(transport.send)
                    else InThread(cast("Transport", transport))
                )
                call = calls.send(too_late() if clock() > call.latest else await sender.send(call.envelope))
        except StopIteration as end:
            return cast("Report", end.value)

    def calls(self, now: Now, *, limit: int = 1_000) -> Calls:
        """Yield each call that is to be made, to be sent its outcome; whoever stops half way leaves it unknown.

        The outcome of one message and the mark of the next one are one commit.
        """
        clock, report = _clock(now), Report()
        with self._office.exclusively():
            self._recover(clock(), report)
        done: tuple[Call, SendOutcome] | None = None
        while True:
            with self._office.exclusively():
                if done is not None:
                    self._settle(*done, clock(), report)
                call, more = self._begin(clock(), report) if report.calls < limit else (None, False)
            done = None
            if call is not None:
                report.calls += 1
                done = (call, (yield call))
            elif not more:
                return report

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
            self._overrule(resolved(row, sent=sent, at=to_instant(at), limits=self._limits), Report())
            return self._store.parcels.of([key])[key]

    def release(self, template: str) -> None:
        """Let a template go on that rests because it did not fit several customers."""
        with self._office.exclusively():
            self._brakes.release(template)

    def _recover(self, at: int, report: Report) -> None:
        while found := self._store.deliveries.recover(at, PAGE):
            report.recovered += len(found)
            for row in found:
                after = recovered(row, at=at, limits=self._limits)
                if after.state is ParcelState.UNKNOWN:
                    self._store.deliveries.settle(after)  # keeps the token: the truth may still come
                else:
                    self._store.outbox.overrule(after)
                report.states[after.state.value] += 1

    def _settle(self, call: Call, outcome: SendOutcome, at: int, report: Report) -> None:
        row = self._store.parcels.of([call.parcel.key])[call.parcel.key]
        change = settled(call, row, outcome, at=at, limits=self._limits)
        if not self._store.deliveries.settle(evolve(change.parcel, token=call.parcel.token)):
            report.lost += 1
            return
        self._follow(change, call.envelope.channel, at, report)

    def _follow(self, change: Change, channel: str | None, at: int, report: Report) -> None:
        """Do what follows from a change that was written."""
        action = change.parcel.action
        if change.facts:
            self._office.learn(change.facts)
        if change.pause is not None and channel is not None:
            self._brakes.pause(channel, change.pause)
        if change.content_error:
            self._brakes.content_error(action.name, action.customer, at)
        report.states[change.parcel.state.value] += 1

    def _overrule(self, change: Change, report: Report, at: int = 0) -> None:
        if self._store.outbox.overrule(change.parcel):
            self._follow(change, None, at, report)

    def _begin(self, at: int, report: Report) -> tuple[Call | None, bool]:
        """Return the next call, and whether there may be more; every message passed over gets a later instant."""
        rows = self._store.parcels.waiting(at, PAGE)
        for row in rows:
            found = self._prepared(row, at)
            if isinstance(found, Change):
                self._overrule(found, report, at)
                continue
            lease = at + self._limits.call.micros + self._limits.grace.micros
            taken = self._store.deliveries.begin([row.key], at, lease)
            if taken:
                envelope = evolve(found, attempt=taken[0].attempt_no)
                return Call(parcel=taken[0], envelope=envelope, latest=lease - self._limits.call.micros), True
        return None, bool(rows)

    def _prepared(self, row: Parcel, at: int) -> Envelope | Change:
        """Return the envelope of a message that may be sent now, else what becomes of it."""
        limits, action = self._limits, row.action
        if at >= limits.end_of(row):
            return ended(row, ParcelState.EXPIRED, Reason.EXPIRED.value, at)
        if self._brakes.is_paused(action.name):
            return held_back(row, at + limits.hold.micros, Reason.TEMPLATE_ERROR.value, at=at, limits=limits)
        try:
            clearance = self._office.clear(action, at)
            if not isinstance(clearance.ruling, Allow):
                return refused(row, clearance.ruling, at=at, limits=limits)
            return self._addressed(row, clearance, at)
        except StoreError:
            raise
        except EmptyContent:
            return ended(row, ParcelState.DEAD, Reason.EMPTY_CONTENT.value, at)
        except TemplateError:
            change = ended(row, ParcelState.DEAD, Reason.TEMPLATE_ERROR.value, at)
            return evolve(change, content_error=True)
        except Exception as error:  # noqa: BLE001 - one message that cannot be weighed must not stop the others
            log.warning("message %s waits: it cannot be weighed or filled: %s", row.key, type(error).__qualname__)
            return held_back(row, at + limits.hold.micros, FAULT, at=at, limits=limits)

    def _addressed(self, row: Parcel, clearance: Clearance, at: int) -> Envelope | Change:
        action, channel = row.action, clearance.channel
        if channel is None or channel not in self._transports:
            return ended(row, ParcelState.SUPPRESSED, Reason.UNREACHABLE.value, at)
        until = self._brakes.paused_until(channel)
        if until is not None and at < until:
            return held_back(row, until, Reason.CHANNEL_PAUSED.value, at=at, limits=self._limits)
        address = self._addresses(action.customer, channel) if self._addresses else clearance.address
        if not address:
            return ended(row, ParcelState.SUPPRESSED, Reason.UNREACHABLE.value, at)
        return Envelope(
            key=row.key,
            customer=action.customer,
            channel=channel,
            address=address,
            content=self._content(action, channel, clearance),
            at=at,
            topic=action.topic,
            purpose=action.purpose,
            data=dict(action.data),
        )

    def _content(self, action: Action, channel: str, clearance: Clearance) -> Content:
        language = clearance.attributes.get("language")
        customer = {**clearance.attributes, "id": action.customer}
        data = {"customer": customer, "items": list(action.items), **action.data}
        return self._renderer.render(action.name, channel, language if isinstance(language, str) else None, data)


def _clock(now: Now) -> Callable[[], int]:
    return (lambda: to_instant(now())) if callable(now) else (lambda: to_instant(now))
