"""One customer, asked about everything at every instant that could matter."""

from __future__ import annotations

from heapq import heapify, heappop, heappush
from typing import Any

from attrs import define, evolve, field, frozen

from retention_engine.actions import Action, Decision, Outcome, Reason
from retention_engine.facts import Fact, MessageSent
from retention_engine.rules import Catalogue, Do, Edge, Rule, RuleSet, WaitFor
from retention_engine.state import History, fold
from retention_engine.testing.brute_force.asked import dues, holds, key_of
from retention_engine.testing.brute_force.moments import dates, inside, moments
from retention_engine.timing import Span
from retention_engine.view import View, zone_of


@frozen(kw_only=True)
class Shop:
    """What is the same for every customer.

    Attributes:
        news: facts about the catalogue.
        launched: rule id -> launch, exclusive, microseconds UTC.
        lateness: microseconds.
    """

    rules: RuleSet
    news: list[Fact]
    launched: dict[str, int]
    zone: str
    lateness: int
    assume_sent: bool


@define
class Journey:
    """A rule that waits at one of its steps."""

    rule: Rule
    occasion: str
    entry: int
    place: int
    until: int


@define
class Life:
    """The decisions about one customer; ``live`` is called once."""

    shop: Shop
    customer: str
    facts: list[Fact]
    made: list[Decision] = field(factory=list)
    decided: dict[tuple[str, str], int] = field(factory=dict)
    entered: dict[str, int] = field(factory=dict)
    journeys: list[Journey] = field(factory=list)
    ahead: list[int] = field(factory=list)
    _histories: dict[int, History] = field(factory=dict)

    def live(self, to: int, every: Span | None) -> list[Decision]:
        """Ask at every instant up to ``to``, inclusive, and return what is decided."""
        launches = self.shop.launched.values()
        start, last = min(launches, default=to), -1
        told = (*self.facts, *self.shop.news)
        self.ahead = [*moments(self.shop.rules, told, start, to, shop_zone=self.shop.zone), *launches]
        self.ahead += [] if every is None else range(start, to, every.micros)
        heapify(self.ahead)
        while self.ahead and self.ahead[0] <= to:
            at = heappop(self.ahead)
            if at != last:
                self._ask(at)
            last = at
        return self.made

    def _seen(self, at: int) -> View | None:
        """Return what is known at an instant: nothing of somebody who is not known yet."""
        known = [fact for fact in self.facts if fact.effective <= at]
        if not known:
            return None
        if len(known) not in self._histories:
            ordered = sorted(known, key=lambda fact: (fact.at, fact.id))
            self._histories[len(known)] = fold(History(self.customer), ordered)
        history = self._histories[len(known)]
        return View(history, at, zone_of(history, self.shop.zone))

    def _ask(self, at: int) -> None:
        now, before = self._seen(at), self._seen(at - 1)
        if now is None:
            return
        for rule in self.shop.rules:
            theirs = (journey for journey in self.journeys if journey.rule is rule)
            for journey in sorted(theirs, key=lambda journey: (journey.entry, journey.occasion)):
                self._resume(journey, now)
        for rule in self.shop.rules:
            if isinstance(rule.trigger, Edge):
                self._edge(rule, rule.trigger, now, before)
            elif isinstance(rule.trigger, Catalogue):
                self._catalogue(rule, rule.trigger, now)
            else:
                self._timed(rule, now)

    def _timed(self, rule: Rule, now: View) -> None:
        for key, due in dues(rule.trigger, now):
            if due > self.shop.launched[rule.id]:
                self._enter(rule, key, due, now)

    def _edge(self, rule: Rule, trigger: Edge, now: View, before: View | None) -> None:
        """Enter when the predicate has turned; who becomes known has neither entered nor left before."""
        at, launch = now.now, self.shop.launched[rule.id]
        is_so = holds(trigger.predicate, now) == trigger.entering
        was_so = _stood(trigger, before)
        turned = is_so and not was_so and at > launch
        if not turned and not (is_so and at == launch and trigger.include_current):
            return
        arrived = [fact for fact in self.facts if fact.effective == at and self._is_heard(fact)]
        is_old = bool(arrived) and all(at - fact.at > self.shop.lateness for fact in arrived)
        anyway = _stood(trigger, None if before is None else evolve(before, now=at))
        key = key_of(trigger.predicate, now)
        if rule.re_entry == "always":
            key = self._numbered(rule, key, at)
        self._enter(rule, key, at, now, late=is_old and not anyway)

    def _is_heard(self, fact: Fact) -> bool:
        """Tell whether a rule may ask about a fact: messages that none asks about make no late fact a fresh one."""
        asked = {"messages", "events:message_sent"}
        return not isinstance(fact, MessageSent) or any(rule.reads() & asked for rule in self.shop.rules)

    def _numbered(self, rule: Rule, key: str, at: int) -> str:
        names = [key, *(f"{key}~{number}" for number in range(2, len(self.decided) + 3))]
        return next(name for name in names if self.decided.get((rule.id, name), at) == at)

    def _catalogue(self, rule: Rule, trigger: Catalogue, now: View) -> None:
        for fact in sorted(self.shop.news, key=lambda fact: (fact.at, fact.id)):
            is_new = fact.effective == now.now and fact.at > self.shop.launched[rule.id]
            if is_new and trigger.concerns(fact, now):
                self._enter(rule, fact.id, fact.at, now)

    def _enter(self, rule: Rule, key: str, due: int, now: View, *, late: bool = False) -> None:
        if (rule.id, key) in self.decided:
            return
        is_late = late or now.now - due > self.shop.lateness
        reason = Reason.LATE_FACT if is_late else self._refusal(rule, due, now)
        if reason is not None:
            self._note(rule, key, now.now, rule.steps[0].name, outcome=Outcome.DROP, reason=reason)
            return
        self._run(Journey(rule, key, now.now, 0, now.now), due, now)

    def _refusal(self, rule: Rule, due: int, now: View) -> Reason | None:
        last = self.entered.get(rule.id)
        if rule.valid_for is not None and now.now >= due + rule.valid_for.micros:
            return Reason.EXPIRED
        if last is not None and rule.re_entry == "once":
            return Reason.RE_ENTRY
        if last is not None and isinstance(rule.re_entry, Span) and now.now < last + rule.re_entry.micros:
            return Reason.RE_ENTRY
        if rule.when is not None and not holds(rule.when, now):
            return Reason.CONDITION_FALSE
        if rule.exit_when is not None and holds(rule.exit_when, now, now.now):
            return Reason.EXITED
        return None

    def _resume(self, journey: Journey, now: View) -> None:
        rule, step = journey.rule, journey.rule.steps[journey.place]
        is_over = now.now >= journey.until
        is_met = isinstance(step, WaitFor) and holds(step.predicate, now, journey.entry)
        if rule.exit_when is not None and holds(rule.exit_when, now, journey.entry):
            self._exit(journey, now.now, Reason.EXITED)
        elif is_over and not is_met and isinstance(step, WaitFor) and step.on_timeout == "exit":
            self._exit(journey, now.now, Reason.CONDITION_FALSE)
        elif is_over or is_met:
            self.journeys.remove(journey)
            self._run(evolve(journey, place=journey.place + 1), now.now, now)

    def _exit(self, journey: Journey, at: int, reason: Reason) -> None:
        self.journeys.remove(journey)
        step = journey.rule.steps[journey.place].name
        self._note(journey.rule, journey.occasion, at, step, outcome=Outcome.EXIT, reason=reason)

    def _run(self, journey: Journey, due: int, now: View) -> None:
        rule, key, at = journey.rule, journey.occasion, now.now
        self.entered[rule.id] = max(journey.entry, self.entered.get(rule.id, journey.entry))
        for place in range(journey.place, len(rule.steps)):
            step = rule.steps[place]
            if isinstance(step, Do):
                self._act(rule, key, step, at, due=due)
                continue
            if isinstance(step, WaitFor) and holds(step.predicate, now, journey.entry):
                continue
            until = at + (step.timeout if isinstance(step, WaitFor) else step.span).micros
            self._note(rule, key, at, step.name, outcome=Outcome.WAIT, until=until)
            self.journeys.append(evolve(journey, place=place, until=until))
            heappush(self.ahead, until)
            return
        if not isinstance(rule.steps[-1], Do):
            self._note(rule, key, at, rule.steps[-1].name, outcome=Outcome.DONE)

    def _act(self, rule: Rule, key: str, step: Do, at: int, *, due: int) -> None:
        names: dict[str, Any] = {"rule": rule.id, "customer": self.customer, "occasion": key, "step": step.name}
        words: dict[str, Any] = {"kind": step.kind, "name": step.about, "channel": step.channel, "topic": step.topic}
        until = None if rule.valid_for is None else due + rule.valid_for.micros
        action = Action(**names, **words, data=dict(step.data), due=due, valid_until=until)
        self._note(rule, key, at, step.name, outcome=Outcome.ACT, action=action)
        if self.shop.assume_sent and step.kind == "send":
            self._learn_of(action, at)

    def _learn_of(self, action: Action, at: int) -> None:
        fact = MessageSent(
            id=f"sent:{action.key}",
            customer=self.customer,
            at=at,
            learned=at + 1,
            message=action.key,
            rule=action.rule,
            step=action.step,
            template=action.name,
            channel=action.channel,
            topic=action.topic,
        )
        self.facts.append(fact)
        spans = [span.micros for span in inside(self.shop.rules.rules, Span)]
        for instant in (
            near for date in dates(fact) for span in (0, *spans) for near in (date + span, date + span + 1)
        ):
            if instant > at:
                heappush(self.ahead, instant)

    def _note(self, rule: Rule, key: str, at: int, step: str, **more: Any) -> None:
        self.decided.setdefault((rule.id, key), at)
        self.made.append(Decision(at=at, rule=rule.id, customer=self.customer, occasion=key, step=step, **more))


def _stood(trigger: Edge, view: View | None) -> bool:
    """Return whether the trigger's side of the predicate held: of somebody unknown, no predicate holds."""
    if view is None:
        return not trigger.entering
    return holds(trigger.predicate, view) == trigger.entering
