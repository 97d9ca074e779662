"""A small world with virtual time: workers that stop, die and come back, a channel that does anything, one outbox."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator
from random import Random
from typing import Any

from attrs import define, evolve, field

from retention_engine import Engine
from retention_engine.actions import Action, Parcel, ParcelState
from retention_engine.arbitration import Consent
from retention_engine.delivery import Call, Delivery, Limits, Report
from retention_engine.envelopes import Migrated, NotSent, Rejected, SendOutcome, Sent, Unknown
from retention_engine.facts import ConsentGiven, ConsentWithdrawn, SendingResumed, SendingStopped
from retention_engine.ports import Store
from retention_engine.timing import minutes
from retention_engine.transports.base import too_late
from tests.delivery._shop import DAY, MINUTE, SECOND, START, Plain, message, shop

ENDED = set(ParcelState) - {ParcelState.PENDING, ParcelState.SENDING}
LIMITS = Limits(hold=minutes(1), pause=minutes(1))
LEASE = LIMITS.call.micros + LIMITS.grace.micros
CUSTOMERS = ("ann", "bob", "cid")


class Broken(AssertionError):
    """An invariant does not hold; its name comes first."""


def hold(name: str, truth: object, *evidence: object) -> None:
    """Check one invariant."""
    if not truth:
        raise Broken(name, *evidence)


@define
class Worker:
    """One process: what it runs, what it holds, what it knows but did not settle yet."""

    calls: Generator[Call, SendOutcome, Report] | None = None
    call: Call | None = None
    outcome: SendOutcome | None = None


@define
class World:
    """One history.

    Attributes:
        checks_lease: whether workers look at the clock right before the call.
        delivered: key -> how often it arrived.
        ambiguous: key -> how often nobody could know.
    """

    dice: Random
    engine: Engine
    actions: list[Action]
    workers: list[Worker]
    delivery: Delivery
    checks_lease: bool = True
    now: int = START
    stopped: bool = False
    turns: int = 0
    gone: set[str] = field(factory=set)
    delivered: Counter[str] = field(factory=Counter)
    ambiguous: Counter[str] = field(factory=Counter)
    kills: int = 0

    @classmethod
    def of(cls, seed: int, store: str | Store = "memory") -> World:
        """Make the world of a seed."""
        dice = Random(seed)
        actions = [
            message(
                number,
                customer=dice.choice(CUSTOMERS),
                valid=dice.randrange(4, 14) * MINUTE,
                on_unknown=dice.choice(("drop", "drop", "retry", "ask")),
                name=dice.choice(("hello", "bye")),
            )
            for number in range(dice.randrange(2, 6))
        ]
        engine = shop(*actions, store=store, policies=[Consent()], customers=CUSTOMERS)
        engine.record(
            ConsentGiven(id=f"y:{one}", customer=one, at=START - DAY, channel="telegram", topic="news", source="x")
            for one in CUSTOMERS
        )
        delivery = Delivery(engine, {"telegram": object()}, renderer=Plain(), limits=LIMITS)  # type: ignore[dict-item]  # the world is the transport
        return cls(dice, engine, actions, [Worker() for _ in range(dice.randrange(2, 5))], delivery)

    def run(self) -> World:
        """Let time pass until everything has to be over, and check the invariants on the way and at the end."""
        last = max(action.valid_until or 0 for action in self.actions) + LEASE
        while self.now < last:
            self.now += self.dice.choice((0, 1, 5, 10, 40)) * SECOND
            self._happen()
            self._step(self.dice.choice(self.workers))
        self.now = max(self.now, last) + LIMITS.hold.micros
        self.workers = [Worker()]
        for _ in range(2 * len(self.actions) + 2):
            self._step(self.workers[0], healthy=True)
        self._check_end()
        return self

    def _happen(self) -> None:
        """Now and then a customer opts out, or everything is stopped or resumed."""
        if self.dice.random() < 0.01 and len(self.gone) < 2:
            one = self.dice.choice(CUSTOMERS)
            self.engine.record(ConsentWithdrawn(id=f"no:{self.now}:{one}", customer=one, at=self.now))
            self.gone.add(one)
        if self.dice.random() < 0.03:
            self.turns += 1
            words: dict[str, Any] = {"id": f"{self.now}:{self.turns:04}", "at": self.now, "scope": "all"}
            self.stopped = not self.stopped
            self.engine.record(SendingStopped(**words, reason="x") if self.stopped else SendingResumed(**words))

    def _step(self, worker: Worker, *, healthy: bool = False) -> None:
        fate = 1.0 if healthy else self.dice.random()
        if fate < 0.1 and worker.calls is not None:
            self._kill(worker)
        elif fate < 0.25:
            return  # it sleeps
        elif worker.calls is None:
            worker.calls = self.delivery.calls(lambda: self.now)
            self._go_on(worker, None)
        elif worker.outcome is None:
            worker.outcome = self._call(worker, healthy=healthy)
        else:
            self._go_on(worker, worker.outcome)

    def _kill(self, worker: Worker) -> None:
        if worker.call is not None:
            self.kills += 1
            self.ambiguous[worker.call.envelope.key] += 1
        assert worker.calls is not None
        worker.calls.close()
        worker.calls = worker.call = worker.outcome = None

    def _go_on(self, worker: Worker, outcome: SendOutcome | None) -> None:
        assert worker.calls is not None
        worker.outcome = worker.call = None
        try:
            worker.call = next(worker.calls) if outcome is None else worker.calls.send(outcome)
        except StopIteration:
            worker.calls = None
            return
        action = worker.call.parcel.action
        hold("I7", not self.stopped and action.customer not in self.gone, action.key)
        hold("I9", self.now < (action.valid_until or 0), action.key, "begun too late")

    def _call(self, worker: Worker, *, healthy: bool) -> SendOutcome:
        assert worker.call is not None
        call, key = worker.call, worker.call.envelope.key
        if self.checks_lease and self.now > call.latest:
            return too_late()
        row = self.row(key)
        hold("I5", row.state is ParcelState.SENDING and row.token == call.parcel.token, row)
        outcome, arrives = (Sent("m"), True) if healthy else self._weather()
        self.delivered[key] += arrives
        self.ambiguous[key] += isinstance(outcome, Unknown)
        return outcome

    def _weather(self) -> tuple[SendOutcome, bool]:
        """Return what the channel answers, and whether the message arrives."""
        return self.dice.choice(
            (
                *[(Sent("m"), True)] * 4,
                (Unknown("timeout"), True),
                (Unknown("timeout"), False),
                (Unknown("album", partial=True), True),
                (NotSent("refused"), False),
                (NotSent("refused", counts=True), False),
                (NotSent("too_many", retry_after=20, scope="channel"), False),
                (Rejected("odd", permanent=False), False),
                (Rejected("bad_text", scope="template"), False),
                (Rejected("revoked", scope="channel"), False),
                (Migrated("new chat"), False),
            )
        )

    def row(self, key: str) -> Parcel:
        """Return a row."""
        return self.engine.store.parcels.of([key])[key]

    def _check_end(self) -> None:
        store = self.engine.store
        rows = [row for state in ParcelState for row in store.parcels.listed(state, "", 99)]
        hold("I1", sorted(row.key for row in rows) == sorted(action.key for action in self.actions))
        failed = {
            getattr(fact, "message", "")
            for facts in store.facts.of(CUSTOMERS).values()
            for fact in facts
            if fact.KIND == "message_failed"
        }
        for row in rows:
            count, doubt = self.delivered[row.key], self.ambiguous[row.key] + row.recoveries
            hold("I9", row.state in ENDED, row)
            most = 1 + min(doubt, LIMITS.unknown_retries) if row.action.on_unknown == "retry" else 1
            hold("I6", count <= most, row, count, doubt)
            hold("I6", count >= 1 or row.state is not ParcelState.SENT, row)
            hold("I6", not (count and row.key in failed), row, "told as failed")
            hold("I11", row.reason, row)


def forgetful(row: Parcel, **_: object) -> Parcel:
    """Return a recovered row as if nothing had happened; a fault to be planted."""
    return evolve(row, state=ParcelState.PENDING, reason="planted")
