"""Whether what was said reached its goal, counted by event time; and what an experiment needs to know of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from attrs import frozen

from retention_engine.actions import Decision, Outcome, Reason
from retention_engine.engine.memory import FACING
from retention_engine.facts import Exposed, Fact
from retention_engine.rules import Goal, RuleSet, Split
from retention_engine.state import History, apply
from retention_engine.view import View, zone_of

_CONTROLS = {Reason.HOLDOUT: "holdout", Reason.CONTROL: "control"}


@frozen(kw_only=True)
class Attempt:
    """A journey that said something, or would have said it to a customer who is left alone.

    Attributes:
        arm: ``sent``, ``holdout`` or ``control``.
        variants: the variants of its splits, in the order they were met.
        at: of its first message, or of the refusal; microseconds UTC.
        reached: when the goal was reached, by event time, within its window after ``at``; None: it was not.
    """

    rule: str
    customer: str
    occasion: str
    arm: str
    variants: tuple[str, ...]
    at: int
    reached: int | None


def attempts(rules: RuleSet, decisions: Sequence[Decision], facts: Sequence[Fact], zone: str) -> Iterator[Attempt]:
    """Yield the attempts of one customer under rules that have a goal.

    Facts count when they happened, not when they were learned: an order placed before the message is no conversion,
    however late we hear of it. A goal that held already when the message was sent is not reached by it.
    """
    first: dict[tuple[str, str], Decision] = {}
    variants: dict[tuple[str, str], list[str]] = {}
    for decision in decisions:
        name = (decision.rule, decision.occasion)
        if decision.variant is not None:
            variants.setdefault(name, []).append(decision.variant)
        if _counts(decision):
            first.setdefault(name, decision)
    happened = sorted(facts, key=lambda fact: (fact.at, fact.id))
    for rule in rules:
        for (rule_id, occasion), decision in first.items():
            if rule.goal is not None and rule_id == rule.id:
                yield Attempt(
                    rule=rule.id,
                    customer=decision.customer,
                    occasion=occasion,
                    arm="sent" if decision.reason is None else _CONTROLS[decision.reason],
                    variants=tuple(variants.get((rule_id, occasion), ())),
                    at=decision.at,
                    reached=_reached(rule.goal, History(decision.customer), happened, at=decision.at, zone=zone),
                )


def _counts(decision: Decision) -> bool:
    if decision.outcome is Outcome.DROP:
        return decision.reason in _CONTROLS
    return decision.action is not None and decision.action.kind in FACING


def _reached(goal: Goal, history: History, facts: Sequence[Fact], *, at: int, zone: str) -> int | None:
    """Return the first instant after ``at`` and within the window at which the goal holds."""
    waiting = [fact for fact in reversed(facts) if fact.at <= at + goal.within.micros]
    now, end = at, at + goal.within.micros
    while now <= end:
        while waiting and waiting[-1].at <= now:
            apply(history, waiting.pop())
        verdict = goal.predicate.verdict(View(history, now, zone_of(history, zone), at))
        if verdict.holds:
            return None if now == at else now
        turns = [turn for turn in (verdict.until, waiting[-1].at if waiting else None) if turn is not None]
        now = min(turns, default=end + 1)
    return None


def exposures(rules: RuleSet, decisions: Iterable[Decision]) -> Iterator[Exposed]:
    """Yield the facts that customers met the variants of splits; their ids follow from the decisions."""
    for decision in decisions:
        step = rules[decision.rule].flow.steps.get(decision.step) if decision.variant is not None else None
        if isinstance(step, Split):
            yield Exposed(
                id=f"exposed:{step.id}:{decision.customer}:{decision.rule}:{decision.occasion}",
                customer=decision.customer,
                at=decision.at,
                experiment=step.id,
                variant=str(decision.variant),
                rule=decision.rule,
            )
