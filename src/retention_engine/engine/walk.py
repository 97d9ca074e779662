"""One customer through time: facts and wake-ups in the order of their instants, each decided at its own.

Pure: values in, values out. What is decided depends on the facts, the rules and their launch instants alone, never on
how often or how late it is called.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from itertools import takewhile
from typing import Any

from attrs import define, field

from retention_engine.actions import Decision
from retention_engine.clubs.clerk import CARRIED_OUT, Clerk
from retention_engine.engine.journeys import Journeys
from retention_engine.engine.memory import Memory
from retention_engine.engine.terms import CLUB, OURS, Subject, Terms, Walked
from retention_engine.errors import DefinitionError
from retention_engine.facts import Fact
from retention_engine.predicates import because
from retention_engine.rules import After, Catalogue, Edge, Occasion, Rule
from retention_engine.state import Change, History, apply
from retention_engine.timing import HOUR, NEVER, to_text
from retention_engine.view import View, zone_of

_MOST_ECHOES = 1_000


def walk(terms: Terms, subject: Subject, start: int, to: int) -> Walked:
    """Decide everything from ``start`` to ``to``, both inclusive (microseconds UTC).

    Nobody exists before their first fact: what would hold of an empty history is no occasion.
    """
    start = max(start, subject.facts[0].effective if subject.facts else NEVER)
    return _Walk.begin(terms, subject, start).run(start, to)


@define
class _Walk:
    terms: Terms
    clerk: Clerk | None
    history: History
    record: Any
    memory: Memory
    journeys: Journeys
    facts: deque[Fact]
    news: deque[Fact]
    mask: int
    launched: int
    echoes: list[Fact] = field(factory=list)
    dues: dict[str, int] = field(factory=dict)
    answered: int = 0  # how many echoes there were when the last fact came that was none
    club_turn: int = NEVER
    turn: int = -NEVER  # the next instant at which time alone may make an occasion due

    @classmethod
    def begin(cls, terms: Terms, subject: Subject, start: int) -> _Walk:
        """Fold everything before ``start``; the truths just before it are those to compare with."""
        plan = terms.plan
        history = plan.history(subject.customer)
        past = 0
        for fact in subject.facts:
            if fact.effective >= start:
                break
            apply(history, fact)
            past += 1
        record = plan.program.record(history, terms.zone)
        mask = plan.program.boolean(record, start - 1) if past else plan.leaving
        journeys = Journeys.of(subject.customer, subject.decisions, plan.arbiter, subject.news)
        launched = max((terms.launches[rule.id] for rule in plan.rules), default=start)
        since = terms.launches.get(CLUB, start)
        clerk = (
            None
            if plan.club is None
            else Clerk.of(plan.club, (subject.customer, subject.facts), launched=since, giver=terms.giver)
        )
        news = deque(fact for fact in subject.news if fact.effective >= start)
        return cls(
            terms,
            clerk,
            history,
            record,
            journeys.memory,
            journeys,
            deque(subject.facts[past:]),
            news,
            mask,
            launched,
        )

    def run(self, start: int, to: int) -> Walked:
        """Go from instant to instant."""
        at, made = start, self.journeys.made
        while at <= to:
            taken = len(made)
            following = self._decide(at)
            self._echo(made[taken:], at)
            following = min(following, self._next_fact())
            assert following > at, f"time stands still at {at}"
            at = following
        return Walked(made, None if at >= NEVER else at, self.echoes)

    def _next_fact(self) -> int:
        return min((rows[0].effective for rows in (self.facts, self.news) if rows), default=NEVER)

    def _decide(self, at: int) -> int:
        """Decide one instant and return the next one at which time alone may make something due."""
        before, old = self.mask, None
        arrived, unheard = self._arrivals(at)
        news = _take(self.news, at)
        for fact in unheard:
            apply(self.history, fact)
        if not arrived and not news and at < self.turn:
            return min(self.turn, *self._ask_journeys(at))
        if arrived:
            if all(at - fact.at > self.terms.lateness for fact in arrived):
                is_known = self.history.first is not None
                old = self.terms.plan.program.boolean(self.record, at) if is_known else before
            for fact in arrived:
                self._fold(fact, at)
        changes = self.terms.plan.program.update(self.record)
        self.mask, horizon = self.terms.plan.program.horizon(self.record, at)
        view = View(self.history, at, self.record.where)
        self.club_turn = NEVER if self.clerk is None else self._club(self.clerk, view)
        waits = self.journeys.resume(self.terms.plan.rules, view)
        turns = [horizon, *self._edges(view, before, old)]
        turns += self._timed(view, changes, arrived=bool(arrived))
        turns += self._catalogue(view, news)
        self.turn = min(self.club_turn, *turns)
        return min(self.turn, *waits, *self.journeys.settle(view), NEVER)

    def _ask_journeys(self, at: int) -> list[int]:
        """Ask those that wait, where no rule can have anything new: no fact came, and none of their turns."""
        view = View(self.history, at, self.record.where)
        return [*self.journeys.resume(self.terms.plan.rules, view), *self.journeys.settle(view), NEVER]

    def _fold(self, fact: Fact, at: int) -> None:
        """Fold a fact, and let it do to the membership what it does."""
        apply(self.history, fact)
        self.answered = self.answered if isinstance(fact, OURS) else len(self.echoes)
        if self.clerk is not None:
            self._hear(self.clerk.take_in(fact, View(self.history, at, zone_of(self.history, self.terms.zone))))

    def _club(self, clerk: Clerk, view: View) -> int:
        """Let the time do to the membership what it does; return when it may do more."""
        made, turn = clerk.by_time(view)
        self._hear(made)
        return turn

    def _arrivals(self, at: int) -> tuple[list[Fact], list[Fact]]:
        """Return the facts that take effect, and apart those of our own making that no rule hears."""
        arrived, kinds = _take(self.facts, at), self.terms.plan.unheard
        unheard = [fact for fact in arrived if isinstance(fact, kinds)]
        return [fact for fact in arrived if not isinstance(fact, kinds)], unheard

    def _edges(self, view: View, before: int, old: int | None) -> list[int]:
        turns: list[int] = []
        rising = self.mask & ~before
        if not rising and view.now > self.launched:
            return turns
        for bit, rule in enumerate(self.terms.plan.edges):
            trigger, launch = rule.trigger, self.terms.launches[rule.id]
            assert isinstance(trigger, Edge)
            if view.now < launch:
                turns.append(launch)
            held = self.mask >> bit & 1
            current = view.now == launch and trigger.include_current and held
            if not current and not (rising >> bit & 1 and view.now > launch):
                continue
            key = self.terms.plan.anchors[bit].key(view)
            if rule.re_entry == "always":
                key = self.memory.repeated(rule.id, key, view.now)
            if (rule.id, key) in self.memory.entries:
                continue
            late = old is not None and not old >> bit & 1
            evidence = because(trigger.predicate, view)
            turns += self._enter(rule, Occasion(key, view.now), view, evidence, late=late)
        return turns

    def _timed(self, view: View, changes: list[Change], *, arrived: bool) -> list[int]:
        turns: list[int] = []
        for rule in self.terms.plan.timed:
            if not arrived and self.dues.get(rule.id, view.now) > view.now:
                turns.append(self.dues[rule.id])  # only facts and the passing of its next due change a timed trigger
                continue
            launch, trigger = self.terms.launches[rule.id], rule.trigger
            found = trigger.due_now(view)
            if isinstance(trigger, After) and changes:
                base = trigger.base()
                fresh = {each.new.id for each in changes if each.collection == base and each.new is not None}
                found = [*(trigger.overdue(view, fresh) if fresh else ()), *found]
            for occasion in found:
                if occasion.due > launch:
                    evidence = (f"{occasion.key} due {to_text(occasion.due)}",)
                    turns += self._enter(rule, occasion, view, evidence)
            ahead = view if view.now >= launch else View(view.history, launch, view.where)
            following = trigger.next_due(ahead)
            self.dues[rule.id] = NEVER if following is None else following
            turns.append(self.dues[rule.id])
        return turns

    def _catalogue(self, view: View, news: list[Fact]) -> list[int]:
        turns: list[int] = []
        for rule in self.terms.plan.catalogue:
            assert isinstance(rule.trigger, Catalogue)
            for fact in news:
                if fact.at > self.terms.launches[rule.id] and rule.trigger.concerns(fact, view):
                    evidence = (f"{fact.KIND} {', '.join(fact.subjects())} ({fact.id})",)
                    turns += self._enter(rule, Occasion(fact.id, fact.at), view, evidence)
        return turns

    def _enter(
        self, rule: Rule, occasion: Occasion, view: View, evidence: tuple[str, ...], *, late: bool = False
    ) -> list[int]:
        late = late or view.now - occasion.due > self.terms.lateness
        return self.journeys.enter(rule, occasion, view, evidence, late=late)

    def _echo(self, made: list[Decision], at: int) -> None:
        """Take in what decisions make by themselves: accounts that changed, messages that count as sent."""
        for decision in made:
            action = decision.action
            if action is not None and self.clerk is not None and action.kind in CARRIED_OUT:
                self._hear(self.clerk.carry_out(action, View(self.history, at, self.record.where)), decision.rule)
            elif action is not None and action.kind == "send" and self.terms.echo is not None:
                self._hear([self.terms.echo(decision)], decision.rule)

    def _hear(self, facts: Iterable[Fact], rule: str = "") -> None:
        """Let facts of our own making take effect at their instants."""
        for fact in facts:
            self.echoes.append(fact)
            self._check_echoes(fact, rule)
            place = (fact.effective, fact.at, fact.id)
            before = takewhile(lambda one: (one.effective, one.at, one.id) < place, self.facts)  # noqa: B023 - used up at once
            self.facts.insert(sum(1 for _ in before), fact)

    def _check_echoes(self, fact: Fact, rule: str) -> None:
        """Refuse a rule that feeds itself: it sends or grants on and on, with no other fact between."""
        alone = len(self.echoes) - self.answered
        if alone > _MOST_ECHOES and fact.at - self.echoes[-_MOST_ECHOES].at < HOUR:
            raise DefinitionError(f"rule {rule!r} feeds itself: what it does makes it do it again, on and on")


def _take(rows: deque[Fact], at: int) -> list[Fact]:
    """Remove and return the facts that take effect at an instant."""
    taken = []
    while rows and rows[0].effective <= at:
        taken.append(rows.popleft())
    return taken
