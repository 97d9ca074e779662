"""The engine: facts are recorded, time is advanced, due actions come out; one commit holds what belongs together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from threading import RLock
from typing import Self

import pendulum

from retention_engine.actions import Action, Decision
from retention_engine.arbitration import Arbiter, Clearance, Policy, courtesy
from retention_engine.engine.advance import Advance
from retention_engine.engine.clearing import asked_again, clear
from retention_engine.engine.decide import LATENESS, as_sent
from retention_engine.engine.goals import Attempt, attempts
from retention_engine.engine.guard import BlastGuard, released, switch_subjects
from retention_engine.engine.launch import launch
from retention_engine.engine.membership import Member, histories, members
from retention_engine.engine.plan import Plan
from retention_engine.engine.recording import Recordable, Recorded, as_fact, bad_zones, wake
from retention_engine.engine.story import Story, tell
from retention_engine.engine.switches import held_by
from retention_engine.engine.walk import Subject, Terms, Walked, walk
from retention_engine.errors import DefinitionError, TimeError
from retention_engine.facts import Fact
from retention_engine.ports import Store
from retention_engine.predicates import Truth
from retention_engine.rules import Rule, RuleSet
from retention_engine.stores import open_store
from retention_engine.timing import LATEST, Span, to_datetime, to_instant, to_text, zone

BATCH = 500


class Engine:
    """Facts in, due actions out. Thread-safe; one engine at a time writes to a store."""

    def __init__(
        self,
        rules: Iterable[Rule] | RuleSet,
        *,
        store: str | Store = "memory",
        zone: str | None = None,
        since: datetime | int | str | None = None,
        lateness: Span = LATENESS,
        assume_sent: bool = False,
        policies: Iterable[Policy] = (),
        guard: BlastGuard | None = None,
    ) -> None:
        """Prepare the rules and open the store.

        Args:
            store: ``memory``, ``sqlite:///shop.db``, or a store object.
            zone: the shop's time zone, for customers whose own is unknown; left out, that of the store, else UTC.
            since: when rules count as launched on a store that was never advanced; left out, at the first ``advance``:
                history that was imported before it sends nothing. A rule added later is launched where time stands.
            lateness: an occasion that becomes known later than this after it was due changes nothing any more.
            assume_sent: count every message as sent at once, as a backtest does that has no transports.
            policies: what every message is weighed by, besides ``courtesy()``, which always stands.
            guard: stops a rule that wants far more than usual; left out, nothing is counted.

        Raises:
            DefinitionError: wrong rules or policies, or an unknown store. TimeError: unknown zone.
            StoreError: unusable store.
        """
        self.rules = RuleSet.of(rules)
        self.store = open_store(store) if isinstance(store, str) else store
        self.policies = Arbiter([*courtesy(), *policies]).policies
        self._plan = Plan.of(self.rules, Arbiter(self.policies))
        self._again = asked_again(self.policies)
        self._zone = _checked_zone(self.store.settings.get("zone") or "UTC" if zone is None else zone)
        self._since = None if since is None else to_instant(since)
        self._lateness = lateness.micros
        self._assume_sent = assume_sent
        self._guard = guard
        self._lock = RLock()
        self._launched: dict[str, int] | None = None

    @property
    def zone(self) -> str:
        """The shop's time zone."""
        return self._zone

    @property
    def now(self) -> pendulum.DateTime | None:
        """Where logical time stands: the latest instant advanced to; None before the first advance."""
        cursor = self._cursor()
        return None if cursor is None else to_datetime(cursor)

    def record(self, facts: Recordable | Iterable[Recordable]) -> Recorded:
        """Store facts, orders or customers in one commit; nothing is decided yet. Safe to repeat.

        A fact from before the instant advanced to last is learned right after that instant.

        Raises:
            FactConflict: an id is known with another content. FactError: something is no fact. Nothing was stored.
        """
        given = [as_fact(each) for each in (facts if isinstance(facts, Iterable) else [facts])]
        with self.exclusively():
            return self.learn(given)

    def learn(self, facts: Iterable[Fact]) -> Recorded:
        """Do what ``record`` does, inside ``exclusively``: the facts are kept with whatever else is changed there."""
        given, cursor = list(facts), self._cursor()
        timed = [fact if cursor is None or fact.effective > cursor else fact.learned_at(cursor + 1) for fact in given]
        new = self.store.facts.append(timed)
        wake(self.store, new, needs_news=self._plan.needs_news)
        return Recorded(len(new), len(given) - len(new), bad_zones(new))

    @contextmanager
    def exclusively(self) -> Iterator[None]:
        """Keep other threads out and open a transaction of the store: one commit at the end of the block."""
        with self._lock, self.store.transaction():
            yield

    def clear(self, action: Action, at: datetime | int | str) -> Clearance:
        """Ask right before an action of the outbox is sent whether it still may be, with the facts recorded by now.

        The policies are asked once more, and the ``exit_when`` of its rule; only experiments are not.
        """
        rule = next((rule for rule in self.rules if rule.id == action.rule), None)
        with self._lock:
            facts = self.store.facts.of([action.customer])[action.customer]
            decisions = self.store.journal.of([action.customer])[action.customer]
            names = {*switch_subjects(action), *(one for each in self._plan.switches.values() for one in each)}
            news = self._news(facts, self.store.facts.about(sorted(names)))
        subject = Subject(customer=action.customer, facts=facts, news=news, decisions=decisions)
        return clear(action, rule, subject, self._again, at=to_instant(at), zone=self._zone)

    def advance(self, to: datetime | int | str, *, progress: Callable[[int], None] | None = None) -> Advance:
        """Let logical time go on to ``to`` (inclusive) and decide everything due until then, each at its own instant.

        Calling it once for a month or every second gives the same decisions. After a crash, calling it again goes on.

        Args:
            to: an aware datetime, ISO text or microseconds UTC, not before ``now``.
            progress: called with the number of customers looked at, after each batch.

        Raises:
            TimeError: ``to`` lies before the instant advanced to last, or is naive.
        """
        target = to_instant(to)
        with self._lock:
            self._launch(target)
            decisions: list[Decision] = []
            evaluated = 0
            while self.store.wakes.due(target, 1):
                found = self._walk(target)
                decisions += [decision for walked in found for decision in walked.decisions]
                evaluated += len(found)
                if progress is not None:
                    progress(evaluated)
            stopped = [] if self._guard is None else self._guard.watch(self.store, decisions, target)
            if stopped:
                self.record(stopped)
        decisions.sort(key=lambda decision: (decision.at, decision.customer))
        return Advance(target, decisions, evaluated, tuple(fact.name for fact in stopped if fact.name))

    def due(self, at: datetime | int | str, *, limit: int = 1_000) -> list[Action]:
        """Return the actions in the outbox that may be carried out at an instant, by (due, key).

        What a kill switch or the blast guard holds stays in the outbox and is left out.
        """
        with self._lock:
            return released(self.store, to_instant(at), limit)

    def next_wakeup(self) -> pendulum.DateTime | None:
        """Return when the engine has to be advanced next, None when only a fact can make something due."""
        with self._lock:
            found = self.store.wakes.due(LATEST, 1)
        return to_datetime(found[0][1]) if found else None

    def journal(
        self, start: datetime | int | str | None = None, end: datetime | int | str | None = None
    ) -> Iterator[Decision]:
        """Yield the decisions with start <= at < end, by (at, customer)."""
        first = -LATEST if start is None else to_instant(start)
        return self.store.journal.read(first, LATEST if end is None else to_instant(end))

    def explain(self, customer: str, rule: str, at: datetime | int | str | None = None) -> Story:
        """Tell why a rule is or is not due for a customer, and when that changes by itself; by default now.

        Raises:
            DefinitionError: there is no such rule.
        """
        found = self.rules[rule]
        instant = self._instant(at, "explain()")
        with self._lock:
            facts = self.store.facts.of([customer])[customer]
            decisions = self.store.journal.of([customer])[customer]
            news = self._news(facts, self._switches())
        subject = Subject(customer=customer, facts=facts, news=news, decisions=decisions)
        return tell(found, subject, at=instant, zone=self._zone, arbiter=self._plan.arbiter)

    def members(self, predicate: Truth, at: datetime | int | str | None = None) -> list[Member]:
        """Return the customers for whom a predicate holds, by id, and until when; by default now.

        Every customer is asked: for large shops see ``batch``, which asks them with one SQL query.
        """
        instant = self._instant(at, "members()")
        with self._lock:
            return list(members(predicate, histories(self.store, instant), at=instant, zone=self._zone))

    def attempts(self) -> Iterator[Attempt]:
        """Yield what rules with a goal said to whom, or would have said in a holdout, and whether it was reached."""
        after = ""
        while customers := self.store.roster.customers(after, BATCH):
            with self._lock:
                facts, journal = self.store.facts.of(customers), self.store.journal.of(customers)
            for customer in customers:
                yield from attempts(self.rules, journal[customer], facts[customer], self._zone)
            after = customers[-1]

    def close(self) -> None:
        """Close the store."""
        self.store.close()

    def __enter__(self) -> Self:
        """Return the engine; the store is closed at the end of the block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the store."""
        self.close()

    def _instant(self, at: datetime | int | str | None, what: str) -> int:
        instant = self._cursor() if at is None else to_instant(at)
        if instant is None:
            raise DefinitionError(f"{what} needs at=: the engine was never advanced, so it has no now")
        return instant

    def _cursor(self) -> int | None:
        text = self.store.settings.get("cursor")
        return None if text is None else int(text)

    def _launch(self, target: int) -> None:
        """Move the cursor first: a fact that comes while customers are looked at is learned after ``target``."""
        launched = self._launched
        with self.store.transaction():
            cursor = self._cursor()
            if cursor is not None and target < cursor:
                raise TimeError(f"time does not go back: asked for {to_text(target)}, it stands at {to_text(cursor)}")
            origin = cursor if cursor is not None else target if self._since is None else self._since
            if launched is None:
                launched = launch(self.store, self._plan, self._zone, origin)
            self.store.settings.put("cursor", str(target))
        self._launched = launched  # not before the commit: a failed one is tried again

    def _walk(self, target: int) -> list[Walked]:
        """Look at a batch of customers; what is read and what is decided about them is one transaction.

        Another process may record meanwhile: a fact read too late must not lose its wake-up to ours.
        """
        with self.store.transaction():
            due = self.store.wakes.due(target, BATCH)
            customers = [customer for customer, _ in due]
            facts, journal = self.store.facts.of(customers), self.store.journal.of(customers)
            terms, origin = self._terms(target)
            switches = self._switches()
            found = []
            for customer, wake in due:
                news = self._news(facts[customer], switches)
                subject = Subject(customer=customer, facts=facts[customer], news=news, decisions=journal[customer])
                found.append(walk(terms, subject, max(wake, origin), target))
            decisions = [decision for walked in found for decision in walked.decisions]
            self.store.facts.append([echo for walked in found for echo in walked.echoes])
            self.store.roster.note(held_by(self._plan.switches, decisions))
            self.store.journal.add(decisions)
            self.store.outbox.put([each.action for each in decisions if each.action is not None])
            self.store.wakes.set(dict(zip(customers, (walked.wake for walked in found), strict=True)))
        return found

    def _terms(self, target: int) -> tuple[Terms, int]:
        """Return what a walk is done under, and the earliest launch."""
        assert self._launched is not None
        echo = as_sent if self._assume_sent else None
        terms = Terms(plan=self._plan, launches=self._launched, zone=self._zone, lateness=self._lateness, echo=echo)
        return terms, min((self._launched[rule.id] for rule in self.rules), default=target)

    def _switches(self) -> list[Fact]:
        return self.store.facts.about(sorted({one for each in self._plan.switches.values() for one in each}))

    def _news(self, facts: list[Fact], switches: list[Fact]) -> list[Fact]:
        """Return the facts without a customer that may concern one, by (effective, at, id)."""
        if not self._plan.needs_news:
            return switches
        subjects = sorted({subject for fact in facts for subject in fact.subjects()})
        found = [*self.store.facts.about(subjects), *switches]
        return sorted(found, key=lambda fact: (fact.effective, fact.at, fact.id)) if switches else found


def _checked_zone(name: str) -> str:
    return zone(name).key
