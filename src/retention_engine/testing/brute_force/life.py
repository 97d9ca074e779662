"""One customer, asked about everything at every instant that could matter."""

from __future__ import annotations

from heapq import heapify, heappop, heappush

from attrs import define, evolve, field

from retention_engine.actions import Decision, Outcome, Reason
from retention_engine.facts import Fact, MessageSent
from retention_engine.rules import Branch, Catalogue, Do, Edge, Rule, Split, Step, WaitFor, WaitUntil
from retention_engine.testing.brute_force.asked import dues, first_of, holds, key_of, stands
from retention_engine.testing.brute_force.journal import Journal
from retention_engine.testing.brute_force.letters import Journey, said_by
from retention_engine.testing.brute_force.manners import Answer, Seen, ask
from retention_engine.testing.brute_force.moments import moments, policy_moments
from retention_engine.timing import Span
from retention_engine.view import View

_FACING = ("send", "audience_join")


@define
class Life(Journal):
    """The decisions about one customer; ``live`` is called once.

    Attributes:
        journeys: those that stand at a wait or a held message.
        letters: those whose message is asked about at this instant.
    """

    journeys: list[Journey] = field(factory=list)
    letters: list[Journey] = field(factory=list)

    def live(self, to: int, every: Span | None) -> list[Decision]:
        """Ask at every instant up to ``to``, inclusive, and return what is decided."""
        launches, last = self.shop.launched.values(), -1
        start = min(launches, default=to)
        told = (*self.facts, *self.shop.news)
        known = {*moments(self.shop.rules, told, start, to, shop_zone=self.shop.zone), *launches}
        known.update(() if every is None else range(start, to, every.micros))
        held = policy_moments(self.shop.policies, told, start, to, shop_zone=self.shop.zone)
        self.ahead = [*((at, False) for at in known), *((at, True) for at in held - known)]
        heapify(self.ahead)
        while self.ahead and self.ahead[0][0] <= to:
            at, is_of_held = heappop(self.ahead)
            if at != last and not (is_of_held and not any(each.held for each in self.journeys)):
                self._ask(at, held_only=is_of_held)
                last = at
        return self.made

    def _ask(self, at: int, *, held_only: bool) -> None:
        now = self.seen(at)
        if now is None:
            return
        for rule in self.shop.rules:
            theirs = (each for each in self.journeys if each.rule is rule and (each.held or not held_only))
            for journey in sorted(theirs, key=lambda journey: (journey.entry, journey.occasion)):
                self._resume(journey, now)
        if not held_only:
            self._trigger(now)
        self._weigh(now)

    def _trigger(self, now: View) -> None:
        before = self.seen(now.now - 1)
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
        journey = Journey(rule, key, now.now, rule.steps, due=due)
        self.decided[rule.id, key] = now.now
        if reason is None:
            self._run(journey, now, has_done=False)
        else:
            self.note(journey, now, outcome=Outcome.DROP, reason=reason)

    def _refusal(self, rule: Rule, due: int, now: View) -> Reason | None:
        is_entering = any(each.rule is rule and each.entry == now.now for each in self.letters)
        last = now.now if is_entering else self.entered.get(rule.id)
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
        rule, step = journey.rule, journey.rest[0]
        is_over = now.now >= journey.until
        is_met = isinstance(step, WaitFor) and holds(step.predicate, now, journey.entry)
        if rule.exit_when is not None and holds(rule.exit_when, now, journey.entry):
            self._exit(journey, now, Reason.EXITED)
        elif isinstance(step, Do):
            self._held(journey, now)
        elif is_over and not is_met and isinstance(step, WaitFor) and step.on_timeout == "exit":
            self._exit(journey, now, Reason.CONDITION_FALSE)
        elif is_over or is_met:
            self.journeys.remove(journey)
            self._go_on(journey, now, due=now.now, has_done=False)

    def _held(self, journey: Journey, now: View) -> None:
        """Ask again about a message that was held."""
        rule, until = journey.rule, journey.valid_until
        is_gone = not stands(rule.trigger, journey.occasion, now) or not (rule.when is None or holds(rule.when, now))
        if is_gone and not journey.is_past_door:
            self._exit(journey, now, Reason.CONDITION_FALSE)
            return
        self.journeys.remove(journey)
        if until is None or now.now < until:
            self.letters.append(journey)
            return
        self.note(journey, now, outcome=Outcome.DROP, reason=journey.held)
        self._go_on(journey, now, due=now.now, has_done=True)

    def _exit(self, journey: Journey, now: View, reason: Reason) -> None:
        self.journeys.remove(journey)
        self.note(journey, now, outcome=Outcome.EXIT, reason=reason)

    def _go_on(self, journey: Journey, now: View, *, due: int, has_done: bool) -> None:
        journey.rest, journey.due, journey.held = journey.rest[1:], due, None
        self._run(journey, now, has_done=has_done)

    def _run(self, journey: Journey, now: View, *, has_done: bool) -> None:
        """Go on to a wait, to a message, or to the end."""
        while journey.rest:
            step, *later = journey.rest
            has_done = isinstance(step, Do)
            if isinstance(step, Branch | Split):
                later = [*self._path(journey, step, now), *later]
            elif not isinstance(step, Do):
                journey.until = _end(step, journey, now)
                if journey.until > now.now:
                    self.note(journey, now, outcome=Outcome.WAIT, until=journey.until)
                    self.journeys.append(journey)
                    heappush(self.ahead, (journey.until, False))
                    return
            elif step.kind in _FACING:
                self.letters.append(journey)
                return
            else:
                action = journey.action(self.customer, channel=step.channel)
                self.note(journey, now, outcome=Outcome.ACT, action=action)
            journey.rest = tuple(later)
        if not has_done:
            journey.rest = journey.rule.steps[-1:]
            self.note(journey, now, outcome=Outcome.DONE)

    def _path(self, journey: Journey, step: Branch | Split, now: View) -> tuple[Step, ...]:
        if isinstance(step, Branch):
            ways = [way.steps for way in step.ways if holds(way.predicate, now, journey.entry)]
            return ways[0] if ways else step.otherwise
        variant = step.assign(self.customer)
        self.note(journey, now, outcome=Outcome.ARM, variant=variant)
        return next(each.steps for each in step.variants if each.name == variant)

    def _weigh(self, now: View) -> None:
        """Ask about the messages of this instant, the best first; what is let through counts for the next."""
        held: list[Answer] = []
        if not self.letters:
            return
        news = [fact for fact in self.shop.news if fact.effective <= now.now]
        known = self.known(now.now)
        while self.letters:
            journey = min(self.letters, key=lambda each: each.place)
            self.letters.remove(journey)
            seen = Seen(now, known, news, said_by(self.own, known), held)
            answer = ask(self.shop.policies, journey.message(now, self.shop.news), seen)
            held += [answer] if answer.word == "hold" else []
            self._settle(journey, answer, now)

    def _settle(self, journey: Journey, answer: Answer, now: View) -> None:
        was_held = journey.held is not None
        if answer.word == "hold":
            if not was_held:
                self.note(journey, now, outcome=Outcome.DEFER, reason=answer.reason, due=journey.due)
            journey.held = answer.reason
            self.journeys.append(journey)
            if journey.valid_until is not None:
                heappush(self.ahead, (journey.valid_until, False))
            return
        if answer.word == "send":
            assert answer.message is not None
            words = {"items": answer.message.items, "channel": answer.message.channel}
            action = journey.action(self.customer, **words)  # type: ignore[arg-type]  # by name
            self.note(journey, now, outcome=Outcome.ACT, action=action)
            journey.has_spoken = True
            self.said(action, now.now)
        else:
            self.note(journey, now, outcome=Outcome.DROP, reason=answer.reason)
        if answer.word != "end":
            self._go_on(journey, now, due=now.now if was_held else journey.due, has_done=True)


def _end(step: Step, journey: Journey, now: View) -> int:
    """Return when a wait ends by itself; now when it is over already."""
    if isinstance(step, WaitUntil):
        return first_of(step.schedule, now)
    if isinstance(step, WaitFor):
        return now.now if holds(step.predicate, now, journey.entry) else now.now + step.timeout.micros
    return now.now + step.span.micros  # type: ignore[union-attr]  # a delay


def _stood(trigger: Edge, view: View | None) -> bool:
    """Return whether the trigger's side of the predicate held: of somebody unknown, no predicate holds."""
    if view is None:
        return not trigger.entering
    return holds(trigger.predicate, view) == trigger.entering
