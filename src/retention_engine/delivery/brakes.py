"""What rests for a while, and who sends by which channel: kept in the store, for all workers."""

from __future__ import annotations

import json
from collections.abc import Mapping

from attrs import asdict, evolve, frozen

from retention_engine.delivery.base import Limits
from retention_engine.envelopes import NotSent, Rejected, SendOutcome, Unknown
from retention_engine.ports import Settings
from retention_engine.signals import Escalated
from retention_engine.timing import DAY, MINUTE, SECOND

_CHANNELS = "delivery channels"
_WORKERS = "delivery workers"
_LONGEST_REST = 10 * MINUTE
_LONG_WAIT = 5 * MINUTE
_DOWN = 15 * MINUTE
_CODES = 50
NO_TIME_LEFT = "no_time_left"
"""The code of a call that was not made: it says nothing about the channel."""


@frozen(kw_only=True)
class Channel:
    """How a channel does; instants are microseconds UTC.

    Attributes:
        rests_until: nothing is called before it.
        failures: calls in a row that brought nothing.
        failing_since: when the breaker opened; None: it is closed.
        holder: the worker that keeps its rate; empty: nobody yet.
        held_until: until when it does.
        codes: the codes of refused messages that a person was told of.
    """

    rests_until: int = 0
    failures: int = 0
    failing_since: int | None = None
    holder: str = ""
    held_until: int = 0
    codes: tuple[str, ...] = ()


def judged(
    state: Channel, name: str, outcome: SendOutcome, *, at: int, limits: Limits
) -> tuple[Channel, list[Escalated]]:
    """Return how a channel does after a call, and what a person has to be told."""
    if outcome.code == NO_TIME_LEFT:
        return state, []
    if isinstance(outcome, Rejected) and outcome.scope == "channel":
        told = [] if at < state.rests_until else [Escalated(code="channel_refused", subject=name, text=outcome.code)]
        return evolve(state, rests_until=at + limits.pause.micros), told
    if isinstance(outcome, NotSent) and outcome.scope == "channel" and outcome.retry_after is not None:
        wait = int(outcome.retry_after * SECOND)
        told = [Escalated(code="rate_limited", subject=name, text=outcome.code)] if wait > _LONG_WAIT else []
        return evolve(state, rests_until=max(state.rests_until, at + wait)), told
    if isinstance(outcome, Unknown) and not outcome.partial:
        return _failed(state, name, at, limits)
    if isinstance(outcome, NotSent):
        return (state, []) if outcome.scope == "domain" else _failed(state, name, at, limits)
    well = evolve(state, failures=0, failing_since=None)
    if isinstance(outcome, Rejected) and outcome.scope == "message" and outcome.code not in state.codes:
        told = [Escalated(code="message_refused", subject=name, text=outcome.code)]
        return evolve(well, codes=(*state.codes, outcome.code)[-_CODES:]), told
    return well, []


def _failed(state: Channel, name: str, at: int, limits: Limits) -> tuple[Channel, list[Escalated]]:
    """Count a failure; from the limit on every further one lets the channel rest twice as long as the one before."""
    failures = state.failures + 1
    if failures < limits.failures:
        return evolve(state, failures=failures), []
    since = at if state.failing_since is None else state.failing_since
    rest = min(limits.rest.micros << min(failures - limits.failures, 20), _LONGEST_REST)
    told = [Escalated(code="channel_down", subject=name)] if at - since > _DOWN else []
    return evolve(state, failures=failures, failing_since=since, rests_until=at + rest), told


@frozen
class Brakes:
    """The pauses of one store; changes are made inside a transaction."""

    settings: Settings
    most: int

    def channels(self, *, change: bool = False) -> dict[str, Channel]:
        """Return how each channel does of which anything is known; ``change``: nobody else writes it meanwhile."""
        found = json.loads((self._alone() if change else self.settings.get(_CHANNELS)) or "{}")
        return {name: Channel(**{**words, "codes": tuple(words["codes"])}) for name, words in found.items()}

    def write(self, channels: Mapping[str, Channel]) -> None:
        """Keep how all of them do."""
        found = {name: asdict(state) for name, state in sorted(channels.items())}
        self.settings.put(_CHANNELS, json.dumps(found))

    def worker(self) -> str:
        """Return the name of a new worker, given to nobody else."""
        self._alone()
        number = int(self.settings.get(_WORKERS) or "0") + 1
        self.settings.put(_WORKERS, str(number))
        return f"worker {number}"

    def is_struck(self, what: str, name: str) -> bool:
        """Tell whether something rests because of several customers, until it is released."""
        return len(self._strikes(what, name)) >= self.most

    def strike(self, what: str, name: str, customer: str, at: int) -> bool:
        """Note that a customer suffered from something within a day, and tell whether it rests from now on."""
        self._alone()
        if self.is_struck(what, name):
            return False
        fresh = {one: seen for one, seen in self._strikes(what, name).items() if seen > at - DAY}
        self.settings.put(f"delivery {what} {name}", json.dumps(fresh | {customer: at}))
        return self.is_struck(what, name)

    def release(self, what: str, name: str) -> None:
        """Let it go on."""
        self.settings.put(f"delivery {what} {name}", "{}")

    def _alone(self) -> str | None:
        """Let no other worker change any brake before the transaction ends: one lock, so that no two wait crosswise."""
        return self.settings.hold(_CHANNELS, change=True)

    def _strikes(self, what: str, name: str) -> dict[str, int]:
        found: dict[str, int] = json.loads(self.settings.get(f"delivery {what} {name}") or "{}")
        return found
