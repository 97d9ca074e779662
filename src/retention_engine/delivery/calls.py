"""The order of things: what the last call brought, then the next one begun, in one commit."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping

from attrs import define, evolve, field

from retention_engine.actions import Parcel, ParcelState, Reason
from retention_engine.delivery.base import Call, Change, Report
from retention_engine.delivery.machine import held_back, recovered, settled
from retention_engine.delivery.preparing import Preparer, Ready
from retention_engine.delivery.trouble import Trouble
from retention_engine.delivery.turns import Turns
from retention_engine.envelopes import Pace, SendOutcome, Sent
from retention_engine.signals import MessageSettled, Signal
from retention_engine.timing import LATEST

Calls = Generator[Call, SendOutcome, Report]
PAGE = 50
_FREE = Pace()


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
    _signals: list[Signal] = field(factory=list)

    def __attrs_post_init__(self) -> None:
        """Ask each transport how it wants to be called."""
        office, brakes, limits = self.preparer.office, self.preparer.brakes, self.preparer.limits
        self._paces = {name: getattr(one, "pace", _FREE) for name, one in self.transports.items()}
        self._turns = Turns(brakes, limits, self._paces)
        self._trouble = Trouble(office, brakes, limits)

    def calls(self, clock: Callable[[], int], limit: int, go_on: Callable[[], bool], report: Report) -> Calls:
        """Yield each call that is to be made, to be sent its outcome."""
        with self.preparer.office.exclusively():
            self._recover(clock(), report)
        self._tell()
        left, done = limit, None
        while True:
            call, more = self._next(clock(), done, report, wanted=left > 0 and go_on())
            self._tell()
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
        """Settle the call that was made and begin another one; also tell whether there may be more."""
        call: Call | None = None
        try:
            with self.preparer.office.exclusively():
                if done is not None:
                    self._settle(*done, at, report)
                call, more = self._begin(at, report) if wanted else (None, False)
                if call is None and not more:
                    self._turns.leave(at)
                    report.again = self._again(at)
        except BaseException:
            self._signals.clear()
            self._turns.fail()
            if call is not None:
                self._turns.end(call, at, well=False)
            raise
        return call, more

    def _called(self, call: Call, clock: Callable[[], int]) -> Generator[Call, SendOutcome, SendOutcome]:
        """Hand out a call, and count it as ended whatever happens to whoever makes it."""
        outcome: SendOutcome | None = None
        try:
            outcome = yield call
            return outcome
        finally:
            self._turns.end(call, clock(), well=isinstance(outcome, Sent))

    def _recover(self, at: int, report: Report) -> None:
        store = self.preparer.office.store
        while found := store.deliveries.recover(at, PAGE):
            report.recovered += len(found)
            for row in found:
                after = recovered(row, at=at, limits=self.preparer.limits)
                if after.state is ParcelState.UNKNOWN:
                    store.deliveries.settle(after)  # keeps the token: the truth may still come
                else:
                    store.outbox.overrule(after)
                self._count(after, None, at, report)

    def _settle(self, call: Call, outcome: SendOutcome, at: int, report: Report) -> None:
        store = self.preparer.office.store
        row = store.parcels.of([call.parcel.key])[call.parcel.key]
        change = settled(call, row, outcome, at=at, limits=self.preparer.limits)
        self._signals += self._turns.judge(call, outcome, at)
        if not store.deliveries.settle(evolve(change.parcel, token=call.parcel.token)):
            report.lost += 1
            return
        self._signals += self._trouble.follow(change, call, at)
        self._count(change.parcel, call.envelope.channel, at, report)

    def _begin(self, at: int, report: Report) -> tuple[Call | None, bool]:
        """Return the next call, and whether there may be more; every message passed over gets a later instant."""
        resting = self._turns.resting(at)
        kinds = tuple(kind for kind in self.kinds if kind not in resting)
        for size in (1, PAGE):  # most often the first one may go
            rows = self.preparer.office.store.parcels.waiting(at, size, kinds=kinds, without=resting)
            for row in rows:
                found = self._ready(row, at, resting)
                if isinstance(found, Ready):
                    return self._taken(row, found, at), True
                self._overrule(found, at, report)
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
        """Return when something waits next: its own instant, or that of the channel it waits for."""
        resting = self._turns.resting(at)
        waiting = self.preparer.office.store.parcels.waiting
        kinds = tuple(kind for kind in self.kinds if kind not in resting)
        free = [row.due_at for row in waiting(LATEST, 1, kinds=kinds, without=resting)]
        held = [max(row.due_at, min(resting.values())) for row in waiting(LATEST, 1, kinds=self.kinds) if resting]
        return max(at, min(free + held)) if free or held else None

    def _overrule(self, change: Change, at: int, report: Report) -> None:
        if self.preparer.office.store.outbox.overrule(change.parcel):
            self._signals += self._trouble.follow(change, None, at)
            self._count(change.parcel, None, at, report)

    def _count(self, parcel: Parcel, channel: str | None, at: int, report: Report) -> None:
        report.states[parcel.state.value] += 1
        told = MessageSettled(
            key=parcel.key,
            rule=parcel.action.rule,
            channel=channel,
            state=parcel.state.value,
            reason=parcel.reason or "",
            attempt=parcel.attempt_no,
            waited=max(0, at - parcel.action.due),
        )
        self._signals.append(told)

    def _tell(self) -> None:
        """Tell the watchers what is committed by now."""
        told, self._signals = self._signals, []
        for signal in told:
            self.preparer.office.watchers.note(signal)
