"""The engine: facts are recorded, time is advanced, due actions come out; one commit holds what belongs together."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime

from retention_engine.actions import Decision
from retention_engine.arbitration import Policy
from retention_engine.clubs import Club
from retention_engine.clubs.clerk import CARRIED_OUT
from retention_engine.clubs.giving import NoCodes
from retention_engine.engine.accounts import keep_accounts
from retention_engine.engine.advance import Advance
from retention_engine.engine.cashier import Cashier
from retention_engine.engine.club import follow
from retention_engine.engine.codes import Codes
from retention_engine.engine.decide import LATENESS, as_sent
from retention_engine.engine.following import keep_followed
from retention_engine.engine.guard import BlastGuard
from retention_engine.engine.launch import launch
from retention_engine.engine.reader import BATCH, Reader
from retention_engine.engine.recording import Recordable, Recorded, as_fact, bad_zones, note_key, wake
from retention_engine.engine.switches import held_by
from retention_engine.engine.terms import CLUB, Subject, Terms, Walked
from retention_engine.engine.walk import walk
from retention_engine.errors import DefinitionError, TimeError
from retention_engine.facts import Fact, LedgerPosted, SendingStopped
from retention_engine.observers import Watchers
from retention_engine.ports import Observer, Store
from retention_engine.rules import Rule, RuleSet
from retention_engine.signals import Escalated, FactsRecorded, TimeAdvanced
from retention_engine.timing import NEVER, Span, to_instant, to_text

NEWS = "news"
"""Held by who walks, held alone by who records facts that concern customers through what they are interested in."""


class Engine(Reader):
    """Facts in, due actions out. Thread-safe; several at a time may write to a store in PostgreSQL, else one."""

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
        club: Club | None = None,
        guard: BlastGuard | None = None,
        observers: Iterable[Observer] = (),
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
            club: what the shop declares about its members; facts up to its launch earn nothing.
            guard: stops a rule that wants far more than usual; left out, nothing is counted.
            observers: are told what was recorded and decided, after its commit.

        Raises:
            DefinitionError: wrong rules or policies, an unknown store, or a club without accounts that the store keeps.
            TimeError: unknown zone.
            StoreError: unusable store.
        """
        super().__init__(RuleSet.of(rules), store, zone, policies, club=club)
        if club is not None:
            self._keep_accounts(club, is_ours=isinstance(store, str))
        self._since = None if since is None else to_instant(since)
        self._lateness = lateness.micros
        self._assume_sent = assume_sent
        self._guard = guard
        self.watchers = Watchers(observers)
        keys = None if club is None else club.keys
        self._codes = None if club is None or keys is None else Codes(self, club.promotions, keys, teller=self.club)
        self._launched: dict[str, int] | None = None
        self._stood = self._cursor()

    def _keep_accounts(self, club: Club, *, is_ours: bool) -> None:
        try:
            keep_accounts(self.store, club)
        except DefinitionError:
            if is_ours:
                self.close()
            raise

    def record(self, facts: Recordable | Iterable[Recordable]) -> Recorded:
        """Store facts, orders or customers in one commit; nothing is decided yet. Safe to repeat.

        A fact from before the instant advanced to last is learned right after that instant. The caller is trusted: a
        backup is recorded with what only the engine makes; what comes from outside goes through ``facts.from_outside``.

        Raises:
            FactConflict: an id is known with another content. FactError: something is no fact.
            DefinitionError: the store has a club with promo codes or referrals, which these facts settle, and the
                engine has none. Nothing was stored.
        """
        given = [as_fact(each) for each in (facts if isinstance(facts, Iterable) else [facts])]
        with self.exclusively():
            for fact in given:
                if isinstance(fact, LedgerPosted):  # from a backup
                    note_key(self.store, fact.programme, fact.key, str(fact.customer))
            recorded = self.learn(given)
        self.watchers.note(FactsRecorded(new=recorded.new, known=recorded.repeated))
        return recorded

    def learn(self, facts: Iterable[Fact]) -> Recorded:
        """Do what ``record`` does, inside ``exclusively``: the facts are kept with whatever else is changed there."""
        given, cursor = list(facts), self._cursor()
        if any(fact.customer is None for fact in given):
            self.store.settings.hold(NEWS, change=True)
        keep_followed(self.store.settings, self.club, given)
        timed = [fact if cursor is None or fact.effective > cursor else fact.learned_at(cursor + 1) for fact in given]
        new = self.store.facts.append(timed)
        wake(self.store, new, needs_news=self._plan.needs_news)
        if self.club is not None and new:
            codes = None if self._codes is None else self._codes.desk
            self.learn(follow(self.store, self.club, codes, new))
        return Recorded(len(new), len(given) - len(new), bad_zones(new))

    @property
    def cashier(self) -> Cashier:
        """At the counter: balances, spending, statements, for a customer who is here now.

        Raises:
            DefinitionError: the engine has no club.
        """
        if self.club is None:
            raise DefinitionError("there is no club: Engine(..., club=Club(programmes=[...]))")
        return Cashier(self, self.club)

    @property
    def codes(self) -> Codes:
        """Promo codes: given, checked, held for an order.

        Raises:
            DefinitionError: the engine has no club with keys.
        """
        if self._codes is None:
            raise DefinitionError("there are no promo codes: Club(promotions=[...], keys=CodeKeys(...))")
        return self._codes

    def looked_at(self) -> tuple[int, int]:
        """Return up to which instant facts were looked at, and from which on they count for the club."""
        cursor, known = self._cursor(), json.loads(self.store.settings.get("launches") or "{}").get(CLUB)
        if known is not None:
            launched = int(known)
        else:  # not launched yet: it will be where ``advance`` launches it
            launched = cursor if cursor is not None else NEVER if self._since is None else self._since
        return -NEVER if cursor is None else cursor, launched

    @contextmanager
    def exclusively(self) -> Iterator[None]:
        """Keep other threads out and open a transaction of the store: one commit at the end of the block.

        Logical time stands still for it: no other worker advances before it ends.
        """
        with self._lock, self.store.transaction():
            self.store.settings.hold("cursor")
            yield

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
            target = self._launch(target)
            decisions: list[Decision] = []
            evaluated = 0
            while self.store.wakes.due(target, 1):
                found = self._walk(target)
                if not found:
                    break  # other workers are at the rest
                decisions += [decision for walked in found for decision in walked.decisions]
                evaluated += len(found)
                if progress is not None:
                    progress(evaluated)
            stopped = [] if self._guard is None else self._guard.watch(self.store, decisions, target)
            if stopped:
                self.record(stopped)
        decisions.sort(key=lambda decision: (decision.at, decision.customer))
        self._told(target, evaluated, decisions, stopped)
        return Advance(target, decisions, evaluated, tuple(fact.name for fact in stopped if fact.name))

    def _told(self, target: int, evaluated: int, decisions: list[Decision], stopped: Iterable[SendingStopped]) -> None:
        counts = Counter((one.rule, one.outcome.value, one.reason.value if one.reason else "") for one in decisions)
        self.watchers.note(TimeAdvanced(to=target, evaluated=evaluated, decisions=counts))
        for fact in stopped:
            self.watchers.note(Escalated(code="blast_guard", subject=fact.name or fact.scope, text=fact.reason or ""))

    def _launch(self, target: int) -> int:
        """Move the cursor first: a fact that comes while customers are looked at is learned after ``target``.

        Return where it stands: further on, when another worker moved it there meanwhile.
        """
        launched = self._launched
        with self.store.transaction():
            cursor = _number(self.store.settings.hold("cursor", change=True))
            if self._stood is not None and target < self._stood:
                stands = to_text(self._stood)
                raise TimeError(f"time does not go back: asked for {to_text(target)}, it stands at {stands}")
            target = target if cursor is None else max(target, cursor)
            origin = cursor if cursor is not None else target if self._since is None else self._since
            if launched is None:
                launched = launch(self.store, self._plan, self._zone, origin)
            self.store.settings.put("cursor", str(target))
        self._launched, self._stood = launched, target  # not before the commit: a failed one is tried again
        return target

    def _walk(self, target: int) -> list[Walked]:
        """Look at a batch of customers; what is read and what is decided about them is one transaction.

        Another process may record meanwhile: a fact read too late must not lose its wake-up to ours, and whoever
        turns a switch must see whose messages it holds.
        """
        with self.store.transaction():
            self.store.settings.hold(NEWS)
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
            done = CARRIED_OUT if self.club is not None else ()
            self.store.roster.note(held_by(self._plan.switches, decisions))
            self.store.journal.add(decisions)
            actions = [each.action for each in decisions if each.action is not None]
            self.store.outbox.put([action for action in actions if action.kind not in done])
            self.store.wakes.set(dict(zip(customers, (walked.wake for walked in found), strict=True)))
        return found

    def _terms(self, target: int) -> tuple[Terms, int]:
        """Return what a walk is done under, and the earliest launch."""
        assert self._launched is not None
        echo = as_sent if self._assume_sent else None
        terms = Terms(
            plan=self._plan,
            launches=self._launched,
            zone=self._zone,
            lateness=self._lateness,
            giver=NoCodes() if self._codes is None else self._codes.desk,
            echo=echo,
        )
        names = [*(rule.id for rule in self.rules), *([] if self.club is None else [CLUB])]
        return terms, min((self._launched[name] for name in names), default=target)


def _number(text: str | None) -> int | None:
    return None if text is None else int(text)
