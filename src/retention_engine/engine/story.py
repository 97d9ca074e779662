"""Why a rule is or is not due for a customer: the question with its evidence, and what was decided so far."""

from __future__ import annotations

from typing import Any

from attrs import evolve, frozen

from retention_engine.actions import Decision, Outcome
from retention_engine.engine.manners import Weighed, weighed
from retention_engine.engine.memory import Memory
from retention_engine.engine.plan import Plan
from retention_engine.engine.terms import Subject
from retention_engine.predicates import Explanation, explain
from retention_engine.rules import Edge, Rule, Trigger
from retention_engine.state import History, fold
from retention_engine.timing import to_text
from retention_engine.view import View, zone_of

_MOST_HORIZONS = 1_000


@frozen
class Story:
    """The explanation of a rule for a customer at an instant.

    Attributes:
        rule: its id.
        at: the instant asked about, microseconds UTC.
        status: one line: due, not due, waiting, or what the trigger waits for.
        next_due: the next instant at which the trigger is due as far as facts are known; None: unknown or never.
        questions: name of the question (trigger, when, exit_when) -> its explanation.
        decisions: what was decided about the rule until then.
        manners: what each policy says of the message it holds, or would send first.
    """

    rule: str
    customer: str
    at: int
    status: str
    next_due: int | None
    questions: dict[str, Explanation]
    decisions: tuple[Decision, ...]
    manners: tuple[Weighed, ...] = ()

    def __str__(self) -> str:
        """Return the story as lines for people; instants are UTC."""
        lines = [f"{self.rule}: {self.status}"]
        for name, question in self.questions.items():
            lines += [] if name == "trigger" else [f"  {name}:"]
            lines += [f"  {line}" for line in question.lines()]
        against = [each for each in self.manners if each.answer != "allow"]
        if against:
            lines.append(f"  against {against[0].message!r} now:")
            lines += [f"    {each}" for each in against]
        if self.decisions:
            lines.append("  decided so far:")
            lines += [f"    {line_of(decision)}" for decision in self.decisions]
        return "\n".join(lines)

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON; instants are ISO 8601 UTC."""
        return {
            "rule": self.rule,
            "customer": self.customer,
            "at": to_text(self.at),
            "status": self.status,
            "next_due": None if self.next_due is None else to_text(self.next_due),
            "questions": {name: question.as_dict() for name, question in self.questions.items()},
            "decisions": [line_of(decision) for decision in self.decisions],
            "manners": [each.as_dict() for each in self.manners],
        }


def line_of(decision: Decision) -> str:
    """Return a decision as one line for people."""
    when = to_text(decision.at)[:16].replace("T", " ")
    reason = f" ({decision.reason.value})" if decision.reason is not None else ""
    until = f" until {to_text(decision.until)[:16].replace('T', ' ')}" if decision.until is not None else ""
    return f"{when}  {decision.outcome.value:<4}  {decision.occasion}  {decision.step}{until}{reason}"


def tell(rule: Rule, subject: Subject, *, at: int, zone: str, plan: Plan) -> Story:
    """Explain a rule at an instant, from the facts known and the decisions made by then."""
    customer, facts, decisions = subject.customer, subject.facts, subject.decisions
    history = fold(History(customer, teller=plan.club), (fact for fact in facts if fact.effective <= at))
    view = View(history, at, zone_of(history, zone))
    questions: dict[str, Explanation] = {}
    trigger = rule.trigger
    if isinstance(trigger, Edge):
        questions["trigger"] = explain(trigger.predicate, view)
    if rule.when is not None:
        questions["when"] = explain(rule.when, view)
    made = [each for each in decisions if each.at <= at]
    past = tuple(each for each in made if each.rule == rule.id)
    standing = list(Memory.of(past).standing.values())
    if rule.exit_when is not None and standing:
        entered = View(history, at, view.where, standing[-1].entry)
        questions["exit_when"] = explain(rule.exit_when, entered)
    next_due = _next_edge(trigger, view) if isinstance(trigger, Edge) else trigger.next_due(view)
    status = _status(trigger, past, questions, next_due)
    if standing:
        status = f"waiting at {', '.join(repr(each.step) for each in standing)}"
    manners = weighed(rule, view, made, arbiter=plan.arbiter, news=subject.news)
    return Story(rule.id, customer, at, status, next_due, questions, past, manners)


def _next_edge(trigger: Edge, view: View) -> int | None:
    """Return when the predicate comes to the side of the trigger by itself; looked for over so many horizons."""
    verdict = trigger.predicate.verdict(view)
    for _ in range(_MOST_HORIZONS):
        if verdict.until is None:
            return None
        view = evolve(view, now=verdict.until)
        before, verdict = verdict, trigger.predicate.verdict(view)
        if verdict.holds == trigger.entering != before.holds:
            return view.now
    return None


def _status(
    trigger: Trigger, past: tuple[Decision, ...], questions: dict[str, Explanation], next_due: int | None
) -> str:
    if isinstance(trigger, Edge):
        holds = questions["trigger"].holds == trigger.entering
        acted = next((each for each in reversed(past) if each.outcome in (Outcome.ACT, Outcome.DROP)), None)
        if not holds or acted is None:
            return "the condition holds, but it held before the rule was launched" if holds else "not due"
        done = "acted on" if acted.outcome is Outcome.ACT else f"dropped ({acted.reason})"
        return f"{done} {to_text(acted.at)[:16].replace('T', ' ')} for {acted.occasion}"
    if next_due is None:
        return f"not due: {trigger} has nothing ahead"
    return f"not due before {to_text(next_due)[:16].replace('T', ' ')}"
