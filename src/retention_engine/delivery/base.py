"""What delivery needs to know, what it may do, and what it hands out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import Protocol

from attrs import define, field, frozen

from retention_engine.actions import Action, Parcel
from retention_engine.arbitration import Clearance
from retention_engine.envelopes import Envelope, Pace
from retention_engine.facts import Fact
from retention_engine.ports import Observer, Store
from retention_engine.timing import Span, days, hours, minutes, seconds


class Office(Protocol):
    """Whom delivery works for: an ``Engine``.

    Attributes:
        store: where the outbox is.
    """

    store: Store

    @property
    def watchers(self) -> Observer:
        """Who is told what became of every message, after its commit."""
        ...

    def exclusively(self) -> AbstractContextManager[None]:
        """Keep other threads out and open a transaction of the store."""
        ...

    def learn(self, facts: Iterable[Fact]) -> object:
        """Record facts inside the open transaction."""
        ...

    def clear(self, action: Action, at: int) -> Clearance:
        """Tell whether an action still may be sent, and to which address."""
        ...


@frozen(kw_only=True)
class Limits:
    """How long and how often is tried.

    Attributes:
        attempts: counted attempts after which a message is dead.
        recoveries: how often a message may be found held by somebody who is gone, before it is dead.
        unknown_retries: how often a message of class ``retry`` is sent again after an unknown outcome.
        grace: how much longer than its longest call (``Pace.call``) a message is held.
        lifetime: how long after it was due a message without a validity may be sent.
        hold: when a message is looked at again that only a fact can let go on.
        pause: how long a channel rests that refused us.
        failures: calls of a channel in a row that brought nothing, before it rests.
        rest: for how long it does; each further failure doubles it, up to 10 minutes.
        turn: how long a worker keeps the rate of a channel without a sign of life.
        soft_fail: when an address is tried again that may be good.
        soft_fails: how often it is, before the message is dead; with a second such message within 30 days the
            address counts as gone.
        strikes: customers with the same trouble within a day, before a template or rule rests.
        refused: messages of a rule refused for good within a day (UTC), by address or content, before it stops ...
        refused_share: ... if they are more than this percentage of those settled that day; counted by each worker.
        repeat: within which a customer is not told the same again by marketing messages.
    """

    attempts: int = 8
    recoveries: int = 3
    unknown_retries: int = 1
    grace: Span = field(default=seconds(60))
    lifetime: Span = field(default=days(30))
    hold: Span = field(default=minutes(5))
    pause: Span = field(default=minutes(10))
    failures: int = 10
    rest: Span = field(default=seconds(30))
    turn: Span = field(default=seconds(20))
    soft_fail: Span = field(default=hours(36))
    soft_fails: int = 3
    strikes: int = 5
    refused: int = 20
    refused_share: int = 5
    repeat: Span = field(default=hours(18))

    def end_of(self, parcel: Parcel) -> int:
        """Return the instant from which on a message must not be begun."""
        action = parcel.action
        return action.due + self.lifetime.micros if action.valid_until is None else action.valid_until


@frozen(kw_only=True)
class Call:
    """A message that was begun: the transport is to be called now.

    Attributes:
        parcel: the row, held by whoever has this.
        latest: the last instant at which the call may begin, microseconds UTC.
        pace: of the channel.
        digest: of what the customer is told.
    """

    parcel: Parcel
    envelope: Envelope
    latest: int
    pace: Pace = field(factory=Pace)
    digest: str | None = None


@frozen(kw_only=True)
class Change:
    """What a message becomes, and what else follows.

    Attributes:
        facts: to be recorded in the same commit.
        strike: what its customer suffered from: ``template``, ``rule`` or ``address``; several let that rest.
    """

    parcel: Parcel
    facts: tuple[Fact, ...] = ()
    strike: str | None = None


@define
class Report:
    """What a delivery did.

    Attributes:
        states: how many messages became what: ``sent``, ``pending`` (later), ``unknown``, ...
        calls: how often a transport was asked.
        recovered: messages found held by somebody who is gone.
        lost: outcomes that came too late: somebody else holds the message.
        again: when there is something to be delivered next, microseconds UTC; None: nothing waits.
    """

    states: Counter[str] = field(factory=Counter)
    calls: int = 0
    recovered: int = 0
    lost: int = 0
    again: int | None = None

    def __str__(self) -> str:
        """Return one line for people."""
        counts = [f"{count} {state}" for state, count in sorted(self.states.items())]
        counts += [f"{self.recovered} recovered"] if self.recovered else []
        counts += [f"{self.lost} too late"] if self.lost else []
        return ", ".join(counts) or "nothing to do"
