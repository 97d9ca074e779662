"""Entering, running and leaving the steps of rules, for one customer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from attrs import define, evolve, field

from retention_engine.actions import Decision, Outcome, Reason
from retention_engine.arbitration import Arbiter, Defer, Drop, Ruled
from retention_engine.engine.desk import FACING, Desk, Proposal, action_of
from retention_engine.engine.memory import Memory, Standing
from retention_engine.facts import Fact
from retention_engine.predicates import Truth, because
from retention_engine.rules import Branch, Delay, Do, Edge, Occasion, Rule, RuleSet, Split, Step, WaitFor, WaitUntil
from retention_engine.timing import Span, to_text
from retention_engine.view import View

_WAITS = (Delay, WaitFor, WaitUntil)


@define
class _Run:
    """A journey on its way through its steps at one instant.

    Attributes:
        view: what is known, with the instant of entry.
        due: when what it does now became due.
        acted: whether its evidence stands in the journal already.
    """

    rule: Rule
    occasion: str
    view: View
    due: int
    evidence: tuple[str, ...]
    acted: bool = False


@define
class Journeys:
    """The journeys of one customer.

    Attributes:
        customer: their id.
        memory: the journal so far, kept up to date.
        desk: where messages are weighed.
        made: the decisions made, in order.
    """

    customer: str
    memory: Memory
    desk: Desk
    made: list[Decision] = field(factory=list)

    @classmethod
    def of(cls, customer: str, decisions: Iterable[Decision], arbiter: Arbiter, news: Iterable[Fact]) -> Journeys:
        """Go on from a journal."""
        memory = Memory.of(decisions)
        return cls(customer, memory, Desk(arbiter, memory, list(news)))

    def resume(self, rules: RuleSet, view: View) -> list[int]:
        """Leave or go on with every journey that waits; return the instants at which one of them may turn."""
        turns: list[int] = []
        if not self.memory.standing:
            return turns
        for rule in rules:
            standing = [each for name, each in self.memory.standing.items() if name[0] == rule.id]
            for each in sorted(standing, key=lambda each: (each.entry, each.occasion)):
                turns += self._resume(rule, each, View(view.history, view.now, view.where, each.entry))
        return turns

    def enter(self, rule: Rule, occasion: Occasion, view: View, evidence: tuple[str, ...], *, late: bool) -> list[int]:
        """Decide about an occasion that is due; return the instants at which its journey may turn."""
        if (rule.id, occasion.key) in self.memory.entries or self.desk.has(rule, occasion.key):
            return []
        refusal = self._refusal(rule, occasion, view, late=late)
        if refusal is not None:
            reason, why = refusal
            what: dict[str, Any] = {"outcome": Outcome.DROP, "reason": reason, "because": why or evidence}
            self._note(rule, occasion.key, view.now, rule.flow.first, **what)
            return []
        entered = View(view.history, view.now, view.where, view.now)
        run = _Run(rule, occasion.key, entered, occasion.due, evidence)
        return self._run(run, rule.flow.first)

    def settle(self, view: View) -> list[int]:
        """Weigh the messages of this instant; return the instants at which one of them may turn."""
        turns: list[int] = []
        if self.desk.is_empty:
            return turns
        for proposal, ruled in self.desk.settle(view):
            turns += self._settle(proposal, ruled)
        return turns

    def _refusal(
        self, rule: Rule, occasion: Occasion, view: View, *, late: bool
    ) -> tuple[Reason, tuple[str, ...]] | None:
        """Return why an occasion is refused: validity first, then re-entry, condition and exit."""
        if late:
            return Reason.LATE_FACT, ()
        if rule.valid_for is not None and view.now >= occasion.due + rule.valid_for.micros:
            return Reason.EXPIRED, ()
        if self._is_too_soon(rule, view.now):
            return Reason.RE_ENTRY, ()
        if rule.when is not None and not rule.when.verdict(view).holds:
            return Reason.CONDITION_FALSE, because(rule.when, view)
        entered = evolve(view, entry=view.now)
        if rule.exit_when is not None and rule.exit_when.verdict(entered).holds:
            return Reason.EXITED, because(rule.exit_when, entered)
        return None

    def _is_too_soon(self, rule: Rule, now: int) -> bool:
        """Tell whether re-entry forbids it; a message of this very instant that is not weighed yet counts, too."""
        last = now if self.desk.has(rule) else self.memory.last.get(rule.id)
        if last is None:
            return False
        return rule.re_entry == "once" or (isinstance(rule.re_entry, Span) and now - last < rule.re_entry.micros)

    def _resume(self, rule: Rule, standing: Standing, view: View) -> list[int]:
        at, occasion = view.now, standing.occasion
        what: dict[str, Any] = {"outcome": Outcome.EXIT, "reason": Reason.EXITED}
        if rule.exit_when is not None and rule.exit_when.verdict(view).holds:
            self._note(rule, occasion, at, standing.step, because=because(rule.exit_when, view), **what)
            return []
        step = rule.flow.steps.get(standing.step)
        if step is None:
            self._note(rule, occasion, at, standing.step, outcome=Outcome.EXIT, reason=Reason.STEP_REMOVED)
            return []
        if isinstance(step, Do) and standing.reason is not None:
            return self._held(rule, step, standing, view)
        run = _Run(rule, occasion, view, at, (f"after {standing.step}",))
        if not isinstance(step, _WAITS):
            return self._run(run, step.name)
        if isinstance(step, WaitFor) and step.predicate.verdict(view).holds:
            return self._run(evolve(run, evidence=because(step.predicate, view)), rule.flow.after[step.name])
        if standing.until is not None and standing.until > at:
            return self._waiting(rule, step, standing.until, view)
        if isinstance(step, WaitFor) and step.on_timeout == "exit":
            what["reason"] = Reason.CONDITION_FALSE
            self._note(rule, occasion, at, step.name, because=because(step.predicate, view), **what)
            return []
        return self._run(run, rule.flow.after[step.name])

    def _held(self, rule: Rule, step: Do, standing: Standing, view: View) -> list[int]:
        """Ask again about a deferred message: at its door the rule itself, then its validity, then all policies."""
        at, due = view.now, view.now if standing.due is None else standing.due
        asked = self._door(rule, standing)
        gone = next((each for each in asked if not each.verdict(view).holds), None)
        what: dict[str, Any] = {"outcome": Outcome.EXIT, "reason": Reason.CONDITION_FALSE}
        if gone is not None:
            self._note(rule, standing.occasion, at, step.name, because=because(gone, view), **what)
            return []
        if self._at_door(standing) and not rule.trigger.stands(standing.occasion, view):
            self._note(rule, standing.occasion, at, step.name, because=(f"{standing.occasion} is gone",), **what)
            return []
        why: tuple[str, ...] = (f"due {to_text(due)}, deferred since: {standing.reason}",)
        proposal = Proposal(rule, standing.occasion, step, view, due, why, standing)
        if proposal.valid_until is not None and proposal.valid_until <= at:
            why = (*why, f"valid until {to_text(proposal.valid_until)}")
            self._note(
                rule, standing.occasion, at, step.name, outcome=Outcome.DROP, reason=standing.reason, because=why
            )
            return self._run(_Run(rule, standing.occasion, view, at, (), acted=True), rule.flow.after[step.name])
        self.desk.put(proposal)
        return _horizons(asked, view)

    def _at_door(self, standing: Standing) -> bool:
        return (standing.rule, standing.occasion) not in self.memory.moved

    def _door(self, rule: Rule, standing: Standing) -> list[Truth]:
        """Return what must still hold for a message held at the door; past it, entry is not membership."""
        if not self._at_door(standing):
            return []
        watched = rule.trigger.watched() if isinstance(rule.trigger, Edge) else None
        return [each for each in (watched, rule.when) if each is not None]

    def _settle(self, proposal: Proposal, ruled: Ruled) -> list[int]:
        """Journal what became of a message, and go on with its journey."""
        ruling, rule, view = ruled.ruling, proposal.rule, proposal.view
        if isinstance(ruling, Defer):
            return self._defer(proposal, ruling, ruled.turn)
        what: dict[str, Any] = {"outcome": Outcome.ACT, "because": proposal.evidence}
        if isinstance(ruling, Drop):
            why = (*proposal.evidence, *ruling.because)
            what = {"outcome": Outcome.DROP, "reason": ruling.reason, "because": why}
        else:
            what["action"] = action_of(proposal, ruled.message)
        self._note(rule, proposal.occasion, view.now, proposal.step.name, **what)
        if isinstance(ruling, Drop) and ruling.whole:
            return []
        due = proposal.due if proposal.held is None else view.now
        run = _Run(rule, proposal.occasion, view, due, proposal.evidence, acted=True)
        return self._run(run, rule.flow.after[proposal.step.name])

    def _defer(self, proposal: Proposal, ruling: Defer, turn: int | None) -> list[int]:
        """Let a message wait; the journal gets a line when its reason or its next try is another."""
        rule, view, held = proposal.rule, proposal.view, proposal.held
        assert ruling.until is None or ruling.until > view.now, f"{ruling} at {view.now}: time stands still"
        if held is None or (held.reason, held.until) != (ruling.reason, ruling.until):
            what: dict[str, Any] = {"reason": ruling.reason, "until": ruling.until, "due": proposal.due}
            why = (*(proposal.evidence if held is None else ()), *ruling.because)
            step = proposal.step.name
            self._note(rule, proposal.occasion, view.now, step, outcome=Outcome.DEFER, because=why, **what)
        turns = [each for each in (ruling.until, proposal.valid_until, turn) if each is not None]
        standing = self.memory.standing[rule.id, proposal.occasion]
        return turns + _horizons([*self._exit(rule), *self._door(rule, standing)], view)

    def _run(self, run: _Run, name: str | None) -> list[int]:
        """Take steps until a wait, a message to be weighed, or the end."""
        rule, view, acted, ended = run.rule, run.view, run.acted, run.acted
        while name is not None:
            step: Step = rule.flow.steps[name]
            ended = isinstance(step, Do)
            if isinstance(step, Do):
                if step.kind in FACING and self.desk.arbiter.policies:
                    self.desk.put(Proposal(rule, run.occasion, step, view, run.due, run.evidence))
                    return []
                action = action_of(Proposal(rule, run.occasion, step, view, run.due, run.evidence))
                self._note(rule, run.occasion, view.now, name, outcome=Outcome.ACT, because=run.evidence, action=action)
                acted = True
            elif isinstance(step, Branch | Split):
                name = self._fork(run, step)
                continue
            else:
                until = self._until(step, view)
                if until > view.now:
                    why = () if acted else run.evidence
                    self._note(rule, run.occasion, view.now, name, outcome=Outcome.WAIT, because=why, until=until)
                    return self._waiting(rule, step, until, view)
            name = rule.flow.after[name]
        if not ended:
            why = () if acted else run.evidence
            self._note(rule, run.occasion, view.now, rule.steps[-1].name, outcome=Outcome.DONE, because=why)
        return []

    def _fork(self, run: _Run, step: Branch | Split) -> str | None:
        """Return the first step of the way a journey takes."""
        if isinstance(step, Split):
            variant = step.assign(self.customer)
            why = (f"experiment {step.id}",)
            what: dict[str, Any] = {"outcome": Outcome.ARM, "variant": variant, "because": why}
            self._note(run.rule, run.occasion, run.view.now, step.name, **what)
            return run.rule.flow.into(step.name, variant)
        taken = (place for place, way in enumerate(step.ways) if way.predicate.verdict(run.view).holds)
        return run.rule.flow.into(step.name, next(taken, None))

    @staticmethod
    def _until(step: Delay | WaitFor | WaitUntil, view: View) -> int:
        """Return when a wait ends by itself; now: it is over already."""
        if isinstance(step, WaitUntil):
            return step.until(view.now, view.where)
        if isinstance(step, WaitFor) and step.predicate.verdict(view).holds:
            return view.now
        return view.now + (step.span if isinstance(step, Delay) else step.timeout).micros

    def _waiting(self, rule: Rule, step: Step, until: int, view: View) -> list[int]:
        """Return when a wait may end: by itself, by what it waits for, or by the exit."""
        asked = [*self._exit(rule), *([step.predicate] if isinstance(step, WaitFor) else [])]
        return [until, *_horizons(asked, view)]

    @staticmethod
    def _exit(rule: Rule) -> list[Truth]:
        return [] if rule.exit_when is None else [rule.exit_when]

    def _note(self, rule: Rule, occasion: str, at: int, step: str, **what: Any) -> None:
        """Journal a decision; ``what`` are the other fields of ``Decision``."""
        decision = Decision(at=at, rule=rule.id, customer=self.customer, occasion=occasion, step=step, **what)
        self.made.append(decision)
        self.memory.add(decision)


def _horizons(asked: Iterable[Truth], view: View) -> list[int]:
    verdicts = (each.verdict(view).until for each in asked)
    return [until for until in verdicts if until is not None]
