"""What can be asked of an engine: nothing here changes anything."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from threading import RLock
from typing import Self

import pendulum
from attrs import evolve

from retention_engine.actions import Action, Decision
from retention_engine.arbitration import Arbiter, Clearance, Policy, courtesy
from retention_engine.clubs import Club
from retention_engine.engine.audit import Breach, breaches
from retention_engine.engine.clearing import asked_again, begun, clear, undecided
from retention_engine.engine.codes.audit import code_breaches
from retention_engine.engine.goals import Attempt, attempts
from retention_engine.engine.guard import released, switch_subjects
from retention_engine.engine.membership import Member, histories, members
from retention_engine.engine.plan import Plan, check_asked
from retention_engine.engine.story import Story, tell
from retention_engine.engine.terms import Subject
from retention_engine.errors import DefinitionError, shown
from retention_engine.facts import Fact
from retention_engine.ports import Store
from retention_engine.predicates import Truth
from retention_engine.rules import RuleSet
from retention_engine.state import History
from retention_engine.stores import open_store
from retention_engine.timing import LATEST, to_datetime, to_instant, zone

BATCH = 500


class Reader:
    """A store, read under a set of rules and policies. Thread-safe.

    Attributes:
        rules: what is decided by.
        store: where everything is.
        policies: what every message is weighed by.
        club: what the shop declares about its members, if it has a club.
    """

    def __init__(
        self,
        rules: RuleSet,
        store: str | Store,
        zone: str | None,
        policies: Iterable[Policy],
        *,
        club: Club | None = None,
    ) -> None:
        """Open the store; for the arguments see ``Engine``."""
        if not isinstance(club, Club | None):
            raise DefinitionError(f"club is Club(programmes=[...]) or None, not {shown(club)}")
        self.rules = rules
        self.store = open_store(store) if isinstance(store, str) else store
        self.policies = Arbiter([*courtesy(), *policies]).policies
        self._zone = _checked_zone(self.store.settings.get("zone") or "UTC" if zone is None else zone)
        self.club = None if club is None else evolve(club, zone=self._zone)
        self._plan = Plan.of(self.rules, Arbiter(self.policies), self.club)
        self._again = asked_again(self.policies)
        self._lock = RLock()

    @property
    def zone(self) -> str:
        """The shop's time zone."""
        return self._zone

    @property
    def now(self) -> pendulum.DateTime | None:
        """Where logical time stands: the latest instant advanced to; None before the first advance."""
        cursor = self._cursor()
        return None if cursor is None else to_datetime(cursor)

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
            rows = self.store.parcels.of(undecided(subject, action))
        now = to_instant(at)
        doubts = begun(rows.values(), now)
        history = History(subject.customer, teller=self.club)
        return clear(action, rule, subject, self._again, history=history, at=now, zone=self._zone, doubts=doubts)

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
        return tell(found, subject, at=instant, zone=self._zone, plan=self._plan)

    def members(self, predicate: Truth, at: datetime | int | str | None = None) -> list[Member]:
        """Return the customers for whom a predicate holds, by id, and until when; by default now.

        Every customer is asked: for large shops see ``batch``, which asks them with one SQL query.

        Raises:
            DefinitionError: it asks about members, and there is no club that knows.
        """
        check_asked([predicate], self.club)
        instant = self._instant(at, "members()")
        with self._lock:
            return list(members(predicate, histories(self.store, instant, self.club), at=instant, zone=self._zone))

    def attempts(self) -> Iterator[Attempt]:
        """Yield what rules with a goal said to whom, or would have said in a holdout, and whether it was reached."""
        after = ""
        while customers := self.store.roster.customers(after, BATCH):
            with self._lock:
                facts, journal = self.store.facts.of(customers), self.store.journal.of(customers)
            for customer in customers:
                yield from attempts(self.rules, journal[customer], facts[customer], self._zone)
            after = customers[-1]

    def verify(self) -> list[Breach]:
        """Return whatever in the store must never be; an empty list: all is well. Nothing is changed.

        Every customer is read: meant for a nightly look, not for every request.
        """
        with self._lock:
            found = list(breaches(self.store, self.club))
            if self.club is not None and self.club.promotions:
                found += code_breaches(self.store, self._cursor() or 0)
            return found

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
