"""A small world with virtual time: workers that stall, die and come back, clocks that leap, a channel at its worst.

Facts come twice and in no order while messages are sent; people opt out, buy, stop everything, and look into what is
unknown. Every promise is asked after every step, by what the world itself knows, not by what the store says.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator
from random import Random
from typing import Any

from attrs import define, evolve, field

from retention_engine import Engine, Event, Money, Order, Rule, Send, entry, events, on, orders
from retention_engine.actions import Parcel, ParcelState
from retention_engine.arbitration import AtMost, Consent, QuietHours
from retention_engine.delivery import Call, Delivery, Limits, Report
from retention_engine.delivery.clock import EngineClock, Step
from retention_engine.envelopes import Migrated, NotSent, Rejected, SendOutcome, Sent, Unknown
from retention_engine.errors import TimeError
from retention_engine.facts import (
    AttributeChanged,
    ConsentGiven,
    ConsentWithdrawn,
    ContactAdded,
    Fact,
    SendingResumed,
    SendingStopped,
)
from retention_engine.ports import Store
from retention_engine.timing import HOUR, minutes
from retention_engine.transports.base import too_late
from tests.delivery._shop import DAY, MINUTE, SECOND, START, Plain

ENDED = set(ParcelState) - {ParcelState.PENDING, ParcelState.SENDING}
LIMITS = Limits(hold=minutes(1), pause=minutes(1), soft_fail=minutes(2))
NAMES = ("post", "deal", "note", "tip")
CUSTOMERS = ("ann", "bob", "cid")
LENGTH = 12 * MINUTE
PER, MOST = 6 * MINUTE, 2
QUIET, QUIET_UNKNOWN = (4, 6), (3, 7)  # minutes after START
YEAR = 365 * DAY
LEAPS = (-HOUR, -5 * SECOND, 5 * SECOND, HOUR, 23 * HOUR, YEAR)
SCOPES = (("all", None), ("channel", "telegram"), ("topic", "news"), ("rule", "deal"))
_EXIT = orders.since(entry).exists()
RULES = [
    Rule(
        "news",
        on(events("post")),
        Send("hello", topic="news", channel="telegram"),
        exit_when=_EXIT,
        valid_for=minutes(8),
    ),
    Rule("deal", on(events("deal")), Send("bye", topic="news", on_unknown="retry"), valid_for=minutes(9)),
    Rule("note", on(events("note")), Send("hello", topic="news", on_unknown="ask", name="note"), valid_for=minutes(6)),
    Rule("tip", on(events("tip")), Send("tip", topic="news", channel="telegram"), valid_for=minutes(7)),
]
POLICIES = [
    Consent(),
    AtMost(MOST, per=minutes(6)),
    QuietHours("12:04", "12:06", unknown_zone=("12:03", "12:07")),
]
KNOWN: list[Fact] = [
    *(ContactAdded(id=f"c:{one}", customer=one, at=START - DAY, channel="telegram", address=one) for one in CUSTOMERS),
    *(
        ConsentGiven(id=f"y:{one}", customer=one, at=START - DAY, channel="telegram", topic="news", source="x")
        for one in CUSTOMERS
    ),
    *(
        AttributeChanged(id=f"z:{one}", customer=one, at=START - DAY, name="zone", value="Africa/Abidjan")
        for one in CUSTOMERS[:2]
    ),
]


class Broken(AssertionError):
    """An invariant does not hold; its name comes first."""


def hold(name: str, truth: object, *evidence: object) -> None:
    """Check one invariant."""
    if not truth:
        raise Broken(name, *evidence)


@define
class Worker:
    """One process: its clock, what it runs, what it holds, what it knows but did not settle yet."""

    clock: EngineClock
    delivery: Delivery
    calls: Generator[Call, SendOutcome, Report] | None = None
    call: Call | None = None
    outcome: SendOutcome | None = None
    asleep_until: int = 0
    seen: tuple[int, int] | None = None

    def goes_on(self) -> bool:
        """Tell whether something may begin."""
        return not self.clock.read().held


@define
class World:
    """One history.

    Attributes:
        now: true time; the wall clock is off by ``shift``.
        waits: the clock leapt so far that nothing may begin before somebody looked at it.
        checks_lease: whether workers look at the clock right before the call.
        repeats: whether a fact keeps its id when it comes again.
        feed: what will become known, and when.
        stopped, gone, left, address, told: what people said, and since when.
        delivered: key -> how often it arrived.
        ambiguous: key -> how often nobody could know.
        said: customer -> key -> when it may have arrived, in engine time.
        rows: the rows as they were after the last step.
    """

    dice: Random
    engine: Engine
    workers: list[Worker] = field(factory=list)
    limits: Limits = LIMITS
    checks_lease: bool = True
    repeats: bool = True
    now: int = START
    shift: int = 0
    waits: bool = False
    leaps: int = 0
    turns: int = 0
    kills: int = 0
    stalls: int = 0
    feed: list[tuple[int, Fact]] = field(factory=list)
    stopped: dict[tuple[str, str | None], int] = field(factory=dict)
    gone: dict[str, int] = field(factory=dict)
    left: dict[str, int] = field(factory=dict)
    address: dict[str, tuple[frozenset[str], int]] = field(
        factory=lambda: {one: (frozenset([one]), 0) for one in CUSTOMERS}
    )
    told: dict[tuple[str, str], tuple[str, int]] = field(factory=dict)
    calls: int = 0
    delivered: Counter[str] = field(factory=Counter)
    ambiguous: Counter[str] = field(factory=Counter)
    said: dict[str, dict[str, int]] = field(factory=lambda: {one: {} for one in CUSTOMERS})
    rows: dict[str, Parcel] = field(factory=dict)

    @classmethod
    def of(cls, seed: int, store: str | Store = "memory") -> World:
        """Make the world of a seed."""
        dice = Random(seed)
        engine = Engine(RULES, store=store, since=START - DAY, policies=POLICIES)
        engine.record(KNOWN)
        world = cls(dice, engine)
        world.workers = [world.worker() for _ in range(dice.randrange(2, 9))]
        for number in range(dice.randrange(2, 7)):
            at = START + dice.randrange(6 * 60) * SECOND
            name = dice.choice(NAMES)
            event = Event(id=f"{name}{number}", customer=dice.choice(CUSTOMERS), at=at, name=name)
            for _ in range(dice.choice((1, 1, 2, 3))):
                world.feed.append((at + dice.choice((0, 0, 5, 60, 240)) * SECOND, event))
        world.feed.sort(key=lambda item: -item[0])
        return world

    def worker(self) -> Worker:
        """Return a new process."""
        clock = EngineClock(
            self.engine, wall=lambda: (self.now + self.shift) * 1_000, monotonic=lambda: self.now * 1_000
        )
        transports: Any = {"telegram": object()}  # the world is the transport
        return Worker(clock, Delivery(self.engine, transports, renderer=Plain(), limits=self.limits))

    def run(self) -> World:
        """Let time pass, then set everything right and let it end; check the invariants on the way and at the end."""
        risky = self.dice.random() < 0.5
        while self.now < START + LENGTH:
            self.now += self.dice.choice((0, 0, 1, 5, 10, 20)) * SECOND
            self._happen(risky=risky)
            worker = self.dice.choice(self.workers)
            if worker.asleep_until <= self.now:
                self._step(worker)
                self._check_rows()
        self._end()
        return self

    def _end(self) -> None:
        """Kill all but one, and let that one finish: twice as long as messages are valid, for a clock that is slow."""
        for worker in self.workers:
            if worker.calls is not None:
                self._kill(worker)
        last = self.worker()
        while self.feed:
            self._learn(self.feed.pop()[1])
        self._set_right(last)
        started = self.now
        while self.now < started + 4 * LENGTH:
            self.now += 30 * SECOND
            self._step(last, healthy=True)
            self._check_rows()
            if last.calls is None and not self.open():
                break
        self._check_end()

    def _happen(self, *, risky: bool) -> None:
        """Let something become known, and now and then let people or clocks do something."""
        while self.feed and self.feed[-1][0] <= self.now:
            self._learn(self.feed.pop()[1])
        fate = self.dice.random()
        if fate < 0.006 and len(self.gone) < 2:
            one = self.dice.choice(CUSTOMERS)
            self.gone[one] = self._at()
            self._learn(ConsentWithdrawn(id=self._id(), customer=one, at=self.gone[one]))
        elif fate < 0.012:
            one = self.dice.choice(CUSTOMERS)
            self._buy(one)
        elif fate < 0.02:
            self._switch(*self.dice.choice(SCOPES))
        elif fate < 0.06 and self.stopped:
            self._switch(*self.dice.choice(sorted(self.stopped, key=str)))
        elif fate < 0.08:
            self._look_into()
        elif fate < 0.09 and risky:
            self._leap(self.dice.choice(LEAPS))
        elif fate < 0.12 and self.shift >= YEAR - DAY:
            self._set_right(self.workers[0])

    def _leap(self, step: int) -> None:
        self.leaps += 1
        self.shift += step
        self.waits |= step == YEAR and self.engine.now is not None

    def _buy(self, customer: str) -> None:
        at = self._at()
        self._learn(Order(id=self._id(), customer=customer, at=at, total=Money(100, "EUR")))
        begun = (one for one in self.engine.journal() if (one.rule, one.customer) == ("news", customer) and one.at < at)
        self.left |= {one.action.key: at for one in begun if one.action is not None}

    def _learn(self, fact: Any) -> None:
        self.turns += 1
        self.engine.record(fact if self.repeats else evolve(fact, id=f"{fact.id} {self.turns}"))

    def _id(self) -> str:
        self.turns += 1
        return f"{self.turns:06}"

    def _at(self) -> int:
        """Return the time as a host writes it into a fact: engine time as all workers know it."""
        return self.worker().clock.sync().at

    def _switch(self, scope: str, name: str | None) -> None:
        words: dict[str, Any] = {"id": self._id(), "at": self._at(), "scope": scope, "name": name}
        if (scope, name) in self.stopped:
            self._learn(SendingResumed(**words))
            self.stopped.pop((scope, name))
        else:
            self.stopped[scope, name] = words["at"]
            self._learn(SendingStopped(**words, reason="x"))

    def _look_into(self) -> None:
        """Let a person find out what became of an unknown message that nobody holds any more."""
        held = {worker.call.envelope.key for worker in self.workers if worker.call is not None}
        delivery = self.workers[0].delivery
        found = [row.key for row in delivery.unresolved() if row.key not in held]
        if found:
            key = self.dice.choice(found)
            delivery.resolve(key, sent=self.delivered[key] > 0, at=self._at())

    def _set_right(self, worker: Worker) -> None:
        """Repair the wall clock, or accept it as it is."""
        found = worker.clock.sync()
        if found.step is Step.REFUSED or (found.held and self.dice.random() < 0.5):
            self.shift -= round(self.shift / YEAR) * YEAR
        if found.held:
            worker.clock.resume()
        self.waits = False

    def _step(self, worker: Worker, *, healthy: bool = False) -> None:
        self._look(worker)
        fate = 1.0 if healthy else self.dice.random()
        if fate < 0.07 and worker.calls is not None:
            self._kill(worker)
        elif fate < 0.2:
            worker.asleep_until = self.now + self.dice.randrange(5, 91) * SECOND
            self.stalls += worker.call is not None
        elif worker.calls is None:
            self._tick(worker)
        elif worker.outcome is None:
            worker.outcome = self._call(worker, healthy=healthy)
        else:
            self._go_on(worker, worker.outcome)

    def _look(self, worker: Worker) -> None:
        at = worker.clock()
        if worker.seen is not None:
            before, then = worker.seen
            hold("I12", at >= before, "time went back", before - at)
            hold("I12", at - before >= (self.now - then) // 2, "time stood still", self.now - then)
        worker.seen = (at, self.now)

    def _tick(self, worker: Worker) -> None:
        if not self._is_worth_it(worker) and self.dice.random() > 0.1:
            return  # most ticks find nothing to do; a few of them will do
        reading = worker.clock.sync()
        if reading.held:
            return
        try:
            self.engine.advance(reading.at)
        except TimeError:
            return  # somebody else got further
        worker.calls = worker.delivery.calls(worker.clock, limit=self.dice.randrange(1, 4), go_on=worker.goes_on)
        self._go_on(worker, None)

    def _is_worth_it(self, worker: Worker) -> bool:
        waiting = (row.lease_until if row.state is ParcelState.SENDING else row.due_at for row in self.open())
        at = worker.clock()
        return any((due or 0) <= at for due in waiting) or bool(self.engine.store.wakes.due(at, 1))

    def open(self) -> list[Parcel]:
        """Return the rows that did not end yet."""
        return [row for row in self.rows.values() if row.state not in ENDED]

    def _kill(self, worker: Worker) -> None:
        if worker.call is not None:
            self.kills += 1
            self.ambiguous[worker.call.envelope.key] += 1
        assert worker.calls is not None
        worker.calls.close()
        fresh = self.worker()
        worker.clock, worker.delivery, worker.seen = fresh.clock, fresh.delivery, None
        worker.calls = worker.call = worker.outcome = None

    def _go_on(self, worker: Worker, outcome: SendOutcome | None) -> None:
        assert worker.calls is not None
        before, worker.outcome, worker.call = worker.call, None, None
        try:
            worker.call = next(worker.calls) if outcome is None else worker.calls.send(outcome)
        except StopIteration:
            worker.calls = None
        if before is not None and outcome is not None:
            self._follow(worker, before, outcome)
        if worker.call is not None:
            self.calls += 1
            self._check_begin(worker.call)

    def _follow(self, worker: Worker, call: Call, outcome: SendOutcome) -> None:
        """Keep where a customer can be reached, once it is settled: nobody else took the row meanwhile."""
        customer, row, at = call.envelope.customer, self.row(call.envelope.key), worker.clock()
        if row.state is ParcelState.SENDING or row.token != call.parcel.token:
            return
        reached, since = self.address[customer]
        if row.state is ParcelState.SENT:
            self.told.setdefault((customer, call.envelope.content.text), (row.key, at))
        if isinstance(outcome, Migrated):
            known = reached if at == since else frozenset()  # of two in one instant either may be the later one
            self.address[customer] = (known | {outcome.new_address}, at)
        if outcome.code == "blocked" and call.envelope.address in reached:
            self.address[customer] = (reached - {call.envelope.address}, at)

    def _check_begin(self, call: Call) -> None:
        action, at = call.parcel.action, call.envelope.at
        switches = {("all", None), ("channel", "telegram"), ("topic", action.topic), ("rule", action.rule)}
        reached, since = self.address[action.customer]
        for name, then in (
            ("stopped", min((self.stopped[one] for one in switches & self.stopped.keys()), default=None)),
            ("opted out", self.gone.get(action.customer)),
            ("bought", self.left.get(action.key)),
            ("another address", None if call.envelope.address in reached else since),
        ):
            hold("I7", then is None, action.key, name)
        hold("I12", not self.waits, action.key, "begun while the clock is held")
        before, then = self.told.get((action.customer, call.envelope.content.text), (action.key, 0))
        hold("F21", action.key == before or not at - 18 * HOUR < then <= at, action.key, "told twice")
        hold("I9", at < LIMITS.end_of(call.parcel), action.key, "begun too late")
        first, last = QUIET_UNKNOWN if action.customer == "cid" else QUIET
        hold("I8", not first * MINUTE <= (at - START) % DAY < last * MINUTE, action.key, "quiet")
        hold("I8", len(self._recent(action.customer, at) - {action.key}) < MOST, action.key, "too many")

    def _recent(self, customer: str, at: int) -> set[str]:
        """Return what may have arrived lately, known or unknown; after a leap the clocks of workers differ a little."""
        start = at - PER + (MINUTE if self.leaps else 0)
        return {key for key, then in self.said[customer].items() if start < then <= at}

    def _call(self, worker: Worker, *, healthy: bool) -> SendOutcome:
        assert worker.call is not None
        call, key = worker.call, worker.call.envelope.key
        at = worker.clock()
        if self.checks_lease and (at > call.latest or not worker.goes_on()):
            return too_late()
        row = self.row(key)
        marked = row.state in (ParcelState.SENDING, ParcelState.UNKNOWN) and row.attempt_no >= call.parcel.attempt_no
        ours = row.state is ParcelState.SENDING and row.token == call.parcel.token
        hold("I5", ours or (self.leaps and (marked or row.token > call.parcel.token)), row)
        outcome, arrives = (Sent("m"), True) if healthy else self._weather()
        self.delivered[key] += arrives
        self.ambiguous[key] += isinstance(outcome, Unknown)
        if arrives:
            self.said[call.parcel.action.customer][key] = at
        return outcome

    def _weather(self) -> tuple[SendOutcome, bool]:
        """Return what the channel answers, and whether the message arrives."""
        self.turns += 1
        return self.dice.choice(
            (
                *[(Sent("m"), True)] * 6,
                *[(Unknown("http_502"), arrives) for arrives in (True, False)],
                *[(Unknown("timeout"), arrives) for arrives in (True, False)],
                (Unknown("album", partial=True), True),
                (NotSent("refused"), False),
                (NotSent("refused", counts=True), False),
                (NotSent("too_many", retry_after=20, scope="channel"), False),
                (NotSent("greylisted", retry_after=60, counts=True, scope="domain"), False),
                (Rejected("odd", permanent=False), False),
                (Rejected("odd"), False),
                (Rejected("bad_text", scope="template"), False),
                (Rejected("mailbox_full", scope="address", permanent=False), False),
                (Rejected("blocked", scope="address"), False),
                (Rejected("revoked", scope="channel"), False),
                (Migrated(f"chat {self.turns}"), False),
            )
        )

    def totals(self) -> Counter[str]:
        """Return how much happened."""
        found = Counter(calls=self.calls, kills=self.kills, stalls=self.stalls, leaps=self.leaps)
        found["ambiguous"] = self.ambiguous.total()
        return found

    def row(self, key: str) -> Parcel:
        """Return a row."""
        return self.engine.store.parcels.of([key])[key]

    def _check_rows(self) -> None:
        """Check the rows as they are now against what they were after the last step."""
        store = self.engine.store
        rows = {row.key: row for state in ParcelState for row in store.parcels.listed(state, "", 99)}
        for key, row in rows.items():
            before = self.rows.get(key)
            if before == row:
                continue
            hold("I11", row.state not in ENDED or row.reason, row)
            hold("I9", row.state in ENDED or row.due_at <= LIMITS.end_of(row), row, "no wake-up")
            self._check_bound(row)
            if before is not None:
                over = before.state in ENDED and before.state is not ParcelState.UNKNOWN
                hold("I6", not over, before, row, "it had ended")
                hold("I6", before.attempt_no <= row.attempt_no and before.token <= row.token, before, row)
        self.rows = rows

    def _check_bound(self, row: Parcel) -> None:
        count, doubt = self.delivered[row.key], self.ambiguous[row.key] + row.recoveries
        most = 1 + min(doubt, LIMITS.unknown_retries) if row.action.on_unknown == "retry" else 1
        hold("I6", count <= most, row, count, doubt)
        hold("I6", count >= 1 or row.state is not ParcelState.SENT, row)

    def _check_end(self) -> None:
        store, rows = self.engine.store, self.rows
        acted = [one.action.key for one in self.engine.journal() if one.action is not None]
        hold("I1", sorted(rows) == sorted(acted), "rows are not what was decided")
        occasions = {(row.action.rule, row.action.customer, row.action.occasion) for row in rows.values()}
        known = {f"{name}{number}" for name in NAMES for number in range(9)}
        hold("I1", len(occasions) == len(rows) and {one for *_, one in occasions} <= known, occasions)
        failed = {
            getattr(fact, "message", "")
            for facts in store.facts.of(CUSTOMERS).values()
            for fact in facts
            if fact.KIND == "message_failed"
        }
        for row in rows.values():
            hold("I9", row.state in ENDED, row)
            hold("I6", not (self.delivered[row.key] and row.key in failed), row, "told as failed")


def forgetful(row: Parcel, **_: object) -> Parcel:
    """Return a recovered row as if nothing had happened; a fault to be planted."""
    return evolve(row, state=ParcelState.PENDING, reason="planted")
