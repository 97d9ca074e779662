"""The order of things: what the last call brought, then the next one begun, in one commit."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Mapping
from typing import TypeVar

from attrs import define, evolve, field

from retention_engine.actions import Parcel, ParcelState, Reason
from retention_engine.delivery.base import Call, Change, Report
from retention_engine.delivery.machine import held_back, recovered, settled
from retention_engine.delivery.preparing import Preparer, Ready
from retention_engine.delivery.trouble import Trouble
from retention_engine.delivery.turns import Turns
from retention_engine.envelopes import Pace, SendOutcome, Sent
from retention_engine.errors import StoreError
from retention_engine.signals import MessageSettled, Signal
from retention_engine.timing import LATEST

Calls = Generator[Call, SendOutcome, Report]
T = TypeVar("T")
PAGE = 50
_TRIES = 2
_FREE = Pace()
log = logging.getLogger("retention_engine.delivery")


@define
class Told:
    """What one transaction did; it counts when that is committed.

    Attributes:
        begun: the call it began.
    """

    signals: list[Signal] = field(factory=list)
    recovered: int = 0
    lost: int = 0
    begun: Call | None = None

    def count(self, parcel: Parcel, channel: str | None, at: int) -> None:
        """Note what a message became."""
        told = MessageSettled(
            key=parcel.key,
            rule=parcel.action.rule,
            channel=channel,
            state=parcel.state.value,
            reason=parcel.reason or "",
            attempt=parcel.attempt_no,
            waited=max(0, at - parcel.action.due),
        )
        self.signals.append(told)

    def report(self, report: Report) -> None:
        """Add it to a report."""
        report.states.update(one.state for one in self.signals if isinstance(one, MessageSettled))
        report.recovered += self.recovered
        report.lost += self.lost


@define
class Caller:
    """Makes the calls of one worker; several generators of it may be under way in one process.

    Attributes:
        kinds: of the actions that are looked after.
    """

    preparer: Preparer
    transports: Mapping[str, object]
    kinds: tuple[str, ...]
    _paces: dict[str, Pace] = field(init=False)
    _turns: Turns = field(init=False)
    _trouble: Trouble = field(init=False)

    def __attrs_post_init__(self) -> None:
        """Ask each transport how it wants to be called."""
        office, brakes, limits = self.preparer.office, self.preparer.brakes, self.preparer.limits
        self._paces = {name: getattr(one, "pace", _FREE) for name, one in self.transports.items()}
        self._turns = Turns(brakes, limits, self._paces)
        self._trouble = Trouble(office, brakes, limits)

    def calls(self, clock: Callable[[], int], limit: int, go_on: Callable[[], bool], report: Report) -> Calls:
        """Yield each call that is to be made, to be sent its outcome."""
        self._in_one_commit(lambda told: self._recover(clock(), told), report)
        left, done = limit, None
        while True:
            wanted = left > 0 and go_on()
            call, more = self._next(clock(), done, report, wanted=wanted)
            done = None
            if call is not None:
                left -= 1
                report.calls += 1
                done = (call, (yield from self._called(call, clock)))
            elif not more:
                return report

    def _next(
        self, at: int, done: tuple[Call, SendOutcome] | None, report: Report, *, wanted: bool
    ) -> tuple[Call | None, bool]:
        """Settle the call that was made and begin another one; also tell whether there may be more.

        An outcome that is known must not get lost with a database that is busy: it is written in up to three tries.
        """
        for _ in range(_TRIES if done is not None else 0):
            try:
                return self._in_one_commit(lambda told: self._turned(at, done, told, report, wanted=wanted), report)
            except StoreError:
                log.warning("an outcome could not be written, it is tried again")
        return self._in_one_commit(lambda told: self._turned(at, done, told, report, wanted=wanted), report)

    def _in_one_commit(self, work: Callable[[Told], T], report: Report) -> T:
        """Do something inside a transaction, then report and tell what is committed by now."""
        told = Told()
        try:
            with self.preparer.office.exclusively():
                found = work(told)
        except BaseException:
            self._turns.fail()
            if told.begun is not None:
                self._turns.end(told.begun, told.begun.envelope.at, well=False)
            raise
        told.report(report)
        for signal in told.signals:
            self.preparer.office.watchers.note(signal)
        return found

    def _turned(
        self, at: int, done: tuple[Call, SendOutcome] | None, told: Told, report: Report, *, wanted: bool
    ) -> tuple[Call | None, bool]:
        if done is not None:
            self._settle(*done, at, told)
        call, more = self._begin(at, told) if wanted else (None, False)
        if call is None and not more:
            self._turns.leave(at)
            report.again = self._again(at)
        return call, more

    def _called(self, call: Call, clock: Callable[[], int]) -> Generator[Call, SendOutcome, SendOutcome]:
        """Hand out a call, and count it as ended whatever happens to whoever makes it."""
        outcome: SendOutcome | None = None
        try:
            outcome = yield call
            return outcome
        finally:
            self._turns.end(call, clock(), well=isinstance(outcome, Sent))

    def _recover(self, at: int, told: Told) -> None:
        store = self.preparer.office.store
        while found := store.deliveries.recover(at, PAGE):
            told.recovered += len(found)
            for row in found:
                after = recovered(row, at=at, limits=self.preparer.limits)
                if after.state is ParcelState.UNKNOWN:
                    store.deliveries.settle(after)  # keeps the token: the truth may still come
                else:
                    store.outbox.overrule(after)
                told.count(after, None, at)

    def _settle(self, call: Call, outcome: SendOutcome, at: int, told: Told) -> None:
        store = self.preparer.office.store
        row = store.parcels.of([call.parcel.key])[call.parcel.key]
        change = settled(call, row, outcome, at=at, limits=self.preparer.limits)
        told.signals += self._turns.judge(call, outcome, at)
        if not store.deliveries.settle(evolve(change.parcel, token=call.parcel.token)):
            told.lost += 1
            return
        told.signals += self._trouble.follow(change, call, at)
        told.count(change.parcel, call.envelope.channel, at)

    def _begin(self, at: int, told: Told) -> tuple[Call | None, bool]:
        """Return the next call, and whether there may be more; every message passed over gets a later instant."""
        resting = self._turns.resting(at)
        kinds = tuple(kind for kind in self.kinds if kind not in resting)
        for size in (1, PAGE):  # most often the first one may go
            rows = self.preparer.office.store.parcels.waiting(at, size, kinds=kinds, without=resting)
            for row in rows:
                found = self._ready(row, at, resting)
                if isinstance(found, Ready):
                    told.begun = self._taken(row, found, at)
                    return told.begun, True
                self._overrule(found, at, told)
        return None, bool(rows)

    def _ready(self, row: Parcel, at: int, resting: Mapping[str, int]) -> Ready | Change:
        found = self.preparer.prepared(row, at, resting)
        if isinstance(found, Ready):
            free = self._turns.free_at(found.envelope.channel, found.envelope.address, at)
            if free > at:
                return held_back(row, free, Reason.CHANNEL_PAUSED.value, at=at, limits=self.preparer.limits)
        return found

    def _taken(self, row: Parcel, ready: Ready, at: int) -> Call | None:
        """Take a row, unless somebody else was faster or kept the channel until just now."""
        channel, limits = ready.envelope.channel, self.preparer.limits
        if not self._turns.keep(channel, at):
            return None
        pace, latest = self._paces[channel], at + limits.grace.micros
        taken = self.preparer.office.store.deliveries.begin([row.key], at, latest + pace.call.micros)
        if not taken:
            return None
        self._turns.begin(channel, ready.envelope.address, at)
        envelope = evolve(ready.envelope, attempt=taken[0].attempt_no)
        return Call(parcel=taken[0], envelope=envelope, latest=latest, pace=pace, digest=ready.digest)

    def _again(self, at: int) -> int | None:
        """Return when something is to be done next: its instant, that of its channel, or the end of a lease."""
        resting = self._turns.resting(at)
        waiting = self.preparer.office.store.parcels.waiting
        kinds = tuple(kind for kind in self.kinds if kind not in resting)
        free = [row.due_at for row in waiting(LATEST, 1, kinds=kinds, without=resting)]
        held = [max(row.due_at, min(resting.values())) for row in waiting(LATEST, 1, kinds=self.kinds) if resting]
        leases = [row.lease_until for row in self.preparer.office.store.parcels.listed(ParcelState.SENDING, "", PAGE)]
        found = [*free, *held, *(lease for lease in leases if lease is not None)]
        return max(at, min(found)) if found else None

    def _overrule(self, change: Change, at: int, told: Told) -> None:
        if self.preparer.office.store.outbox.overrule(change.parcel):
            told.signals += self._trouble.follow(change, None, at)
            told.count(change.parcel, None, at)
