"""Whose turn it is: which channels rest, how fast the others may be called, and which worker keeps their rate."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import define, evolve, field

from retention_engine.delivery.base import Call, Limits
from retention_engine.delivery.brakes import Brakes, Channel, judged
from retention_engine.delivery.pace import Pacer
from retention_engine.envelopes import NotSent, Pace, SendOutcome
from retention_engine.signals import Escalated


@define
class Turns:
    """The channels of one worker. All but ``end`` and ``fail`` is called inside a transaction of the store.

    A channel with a rate is kept by one worker at a time, so that there is one count of its calls; the others leave it
    alone until its worker has nothing more to send, or gave no sign of life for ``Limits.turn``.
    """

    brakes: Brakes
    limits: Limits
    paces: Mapping[str, Pace]
    _pacers: dict[str, Pacer] = field(init=False)
    _worker: str = ""

    def __attrs_post_init__(self) -> None:
        """Begin with nothing called."""
        limited = {name: pace for name, pace in self.paces.items() if pace.overall or pace.address or pace.domain}
        self._pacers = {name: Pacer(pace) for name, pace in limited.items()}

    def resting(self, at: int) -> dict[str, int]:
        """Return until when each channel is left alone by this worker."""
        known = self.brakes.channels()
        found = {}
        for name in self.paces:
            state, pacer = known.get(name, Channel()), self._pacers.get(name)
            until = state.rests_until
            if pacer is not None and state.holder != self._worker:
                until = max(until, state.held_until)
            elif pacer is not None:
                until = max(until, pacer.rests_until(at))
            if until > at:
                found[name] = until
        return found

    def free_at(self, channel: str, address: str, at: int) -> int:
        """Return when an address may be called; ``at`` when it may at once."""
        pacer = self._pacers.get(channel)
        return at if pacer is None else pacer.free_at(address, at)

    def begin(self, channel: str, address: str, at: int) -> None:
        """Count a call that begins."""
        pacer = self._pacers.get(channel)
        if pacer is not None:
            pacer.begin(address, at)

    def end(self, call: Call, at: int, *, well: bool) -> None:
        """Count a call that ended, whatever it brought."""
        pacer = self._pacers.get(call.envelope.channel)
        if pacer is not None:
            pacer.end(call.envelope.address, at, well=well)

    def judge(self, call: Call, outcome: SendOutcome, at: int) -> list[Escalated]:
        """Draw the conclusions about the channel, and return what a person has to be told."""
        name = call.envelope.channel
        pacer = self._pacers.get(name)
        if pacer is not None and isinstance(outcome, NotSent):
            if outcome.scope == "channel" and outcome.retry_after is not None:
                pacer.slow_channel()
            if outcome.scope == "domain":
                pacer.slow_domain(call.envelope.address, at)
        before = self.brakes.channels().get(name, Channel())
        after, told = judged(before, name, outcome, at=at, limits=self.limits)
        if after != before:
            known = self.brakes.channels(change=True)
            after, told = judged(known.get(name, Channel()), name, outcome, at=at, limits=self.limits)
            self.brakes.write({**known, name: after})
        return told

    def leave(self, at: int) -> None:
        """Give back what this worker keeps."""
        known = self.brakes.channels(change=bool(self._worker))
        mine = {name for name, state in known.items() if self._worker and state.holder == self._worker}
        held = {name for name in mine if known[name].held_until > at and not self._is_flying(name)}
        if held:
            self.brakes.write(known | {name: evolve(known[name], held_until=at) for name in held})

    def _is_flying(self, channel: str) -> bool:
        pacer = self._pacers.get(channel)
        return pacer is not None and pacer.is_flying

    def keep(self, channel: str, at: int) -> bool:
        """Keep a channel; False: whoever kept it before may have called it until just now. Written every half turn."""
        pacer = self._pacers.get(channel)
        if pacer is None:
            return True
        state = self.brakes.channels().get(channel, Channel())
        if state.holder == self._worker and state.held_until - at > self.limits.turn.micros // 2:
            return True
        known = self.brakes.channels(change=True)
        state = known.get(channel, Channel())
        if state.holder != self._worker and state.held_until > at:
            return False  # another worker was quicker
        taken_over = state.holder not in ("", self._worker)
        if not self._worker:
            self._worker = self.brakes.worker()
        mine = evolve(state, holder=self._worker, held_until=at + self.limits.turn.micros)
        self.brakes.write({**known, channel: mine})
        if taken_over:
            pacer.take_over(state.held_until)
        return not taken_over or pacer.rests_until(at) <= at

    def fail(self) -> None:
        """Take a new name: the one given in a transaction that failed may be given again."""
        self._worker = ""
