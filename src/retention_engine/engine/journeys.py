"""Entering, running and leaving the steps of rules, for one customer."""

from __future__ import annotations

from typing import Any

from attrs import define, evolve, field

from retention_engine.actions import Action, Decision, Outcome, Reason
from retention_engine.engine.memory import Memory, Standing
from retention_engine.predicates import Truth, because
from retention_engine.rules import Delay, Do, Occasion, Rule, RuleSet, WaitFor
from retention_engine.timing import Span
from retention_engine.view import View


@define
class Journeys:
    """The journeys of one customer.

    Attributes:
        customer: their id.
        memory: the journal so far, kept up to date.
        made: the decisions made, in order.
    """

    customer: str
    memory: Memory
    made: list[Decision] = field(factory=list)

    def resume(self, rules: RuleSet, view: View) -> list[int]:
        """Leave or go on with every journey that waits; return the instants at which one of them may turn."""
        turns: list[int] = []
        if not self.memory.standing:
            return turns
        for rule in rules:
            standing = [each for name, each in self.memory.standing.items() if name[0] == rule.id]
            for each in sorted(standing, key=lambda each: (each.entry, each.occasion)):
                turns += self._resume(rule, each, view)
        return turns

    def enter(self, rule: Rule, occasion: Occasion, view: View, evidence: tuple[str, ...], *, late: bool) -> list[int]:
        """Decide about an occasion that is due; return the instants at which its journey may turn."""
        if (rule.id, occasion.key) in self.memory.entries:
            return []
        refusal = self._refusal(rule, occasion, view, late=late)
        if refusal is not None:
            reason, why = refusal
            self._note(
                rule,
                occasion.key,
                view.now,
                rule.steps[0].name,
                outcome=Outcome.DROP,
                reason=reason,
                because=why or evidence,
            )
            return []
        return self._run(rule, occasion.key, evolve(view, entry=view.now), 0, due=occasion.due, evidence=evidence)

    def _refusal(
        self, rule: Rule, occasion: Occasion, view: View, *, late: bool
    ) -> tuple[Reason, tuple[str, ...]] | None:
        """Return why an occasion is refused: validity first, then re-entry, condition and exit."""
        if late:
            return Reason.LATE_FACT, ()
        if rule.valid_for is not None and view.now >= occasion.due + rule.valid_for.micros:
            return Reason.EXPIRED, ()
        last = self.memory.last.get(rule.id)
        if last is not None and (rule.re_entry == "once" or _too_soon(rule.re_entry, view.now - last)):
            return Reason.RE_ENTRY, ()
        if rule.when is not None and not rule.when.verdict(view).holds:
            return Reason.CONDITION_FALSE, because(rule.when, view)
        entered = evolve(view, entry=view.now)
        if rule.exit_when is not None and rule.exit_when.verdict(entered).holds:
            return Reason.EXITED, because(rule.exit_when, entered)
        return None

    def _resume(self, rule: Rule, standing: Standing, view: View) -> list[int]:
        view = evolve(view, entry=standing.entry)
        at, occasion = view.now, standing.occasion
        if rule.exit_when is not None and rule.exit_when.verdict(view).holds:
            why = because(rule.exit_when, view)
            self._note(rule, occasion, at, standing.step, outcome=Outcome.EXIT, reason=Reason.EXITED, because=why)
            return []
        place = rule.place(standing.step)
        if place is None:
            self._note(rule, occasion, at, standing.step, outcome=Outcome.EXIT, reason=Reason.STEP_REMOVED)
            return []
        step = rule.steps[place]
        if isinstance(step, WaitFor) and step.predicate.verdict(view).holds:
            return self._run(rule, occasion, view, place + 1, due=at, evidence=because(step.predicate, view))
        if isinstance(step, Do):
            return self._run(rule, occasion, view, place, due=at, evidence=(f"after {standing.step}",))
        if standing.until > at:
            return self._waiting(rule, step, standing.until, view)
        if isinstance(step, WaitFor) and step.on_timeout == "exit":
            why = because(step.predicate, view)
            self._note(rule, occasion, at, step.name, outcome=Outcome.EXIT, reason=Reason.CONDITION_FALSE, because=why)
            return []
        return self._run(rule, occasion, view, place + 1, due=at, evidence=(f"after {step.name}",))

    def _run(
        self, rule: Rule, occasion: str, view: View, place: int, *, due: int, evidence: tuple[str, ...]
    ) -> list[int]:
        """Take steps until a wait or the end."""
        acted = False
        for step in rule.steps[place:]:
            if isinstance(step, Do):
                action = _action(rule, step, occasion, view, due=due, evidence=evidence)
                self._note(rule, occasion, view.now, step.name, outcome=Outcome.ACT, because=evidence, action=action)
                acted = True
                continue
            if isinstance(step, WaitFor) and step.predicate.verdict(view).holds:
                continue
            until = view.now + (step.span if isinstance(step, Delay) else step.timeout).micros
            self._note(
                rule,
                occasion,
                view.now,
                step.name,
                outcome=Outcome.WAIT,
                because=() if acted else evidence,
                until=until,
            )
            return self._waiting(rule, step, until, view)
        if not (acted and isinstance(rule.steps[-1], Do)):
            self._note(
                rule, occasion, view.now, rule.steps[-1].name, outcome=Outcome.DONE, because=() if acted else evidence
            )
        return []

    @staticmethod
    def _waiting(rule: Rule, step: Delay | WaitFor, until: int, view: View) -> list[int]:
        """Return when a wait may end: by itself, by what it waits for, or by the exit."""
        asked: list[Truth | None] = [rule.exit_when, step.predicate if isinstance(step, WaitFor) else None]
        verdicts = [each.verdict(view).until for each in asked if each is not None]
        return [until, *(each for each in verdicts if each is not None)]

    def _note(self, rule: Rule, occasion: str, at: int, step: str, **what: Any) -> None:
        """Journal a decision; ``what`` are the other fields of ``Decision``."""
        decision = Decision(at=at, rule=rule.id, customer=self.customer, occasion=occasion, step=step, **what)
        self.made.append(decision)
        self.memory.add(decision)


def _too_soon(re_entry: str | Span, elapsed: int) -> bool:
    return isinstance(re_entry, Span) and elapsed < re_entry.micros


def _action(rule: Rule, step: Do, occasion: str, view: View, *, due: int, evidence: tuple[str, ...]) -> Action:
    return Action(
        rule=rule.id,
        customer=view.history.customer,
        occasion=occasion,
        step=step.name,
        kind=step.kind,
        name=step.about,
        channel=step.channel,
        topic=step.topic,
        data=dict(step.data),
        due=due,
        valid_until=None if rule.valid_for is None else due + rule.valid_for.micros,
        reason=f"{rule.trigger}: {occasion}",
        because=evidence,
    )
