"""Findings about the steps of a rule: unreachable ones, waits for nothing, and journeys that last too long."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import pairwise

from retention_engine.predicates import Truth
from retention_engine.rules.acts import Do
from retention_engine.rules.analysis.entries import conjuncts, longest
from retention_engine.rules.analysis.findings import Code, Finding, Severity, said
from retention_engine.rules.analysis.satisfy import follows, never_holds
from retention_engine.rules.analysis.ways import acts, sequences
from retention_engine.rules.rule import Rule, RuleSet
from retention_engine.rules.steps import Step
from retention_engine.rules.triggers import Edge
from retention_engine.rules.waits import Delay, WaitFor, WaitUntil
from retention_engine.timing import Span

PROMOTIONAL = frozenset(
    [
        *("ads", "campaigns", "discounts", "marketing", "news", "newsletter"),
        *("offers", "promo", "promotions", "sale", "sales"),
    ]
)
"""Topics of messages that should stop once the customer has bought."""

_ABOUT_BUYING = ("orders", "purchases", "deliveries", "carts")


def journey_findings(rules: RuleSet, promotional: Collection[str]) -> Iterator[Finding]:
    """Yield what is wrong with the steps of each rule."""
    for rule in rules:
        yield from _unreachable(rule)
        yield from _pointless(rule)
        yield from _outlives(rule)
        yield from _keeps_selling(rule, promotional)


def _unreachable(rule: Rule) -> Iterator[Finding]:
    """Yield the first wait that nobody gets past, when steps follow it."""
    for step, following in (pair for path in sequences(rule.steps) for pair in pairwise(path)):
        if not isinstance(step, WaitFor) or step.on_timeout != "exit":
            continue
        behind = f"step {following.name!r} is never reached: "
        if never_holds(step.predicate):
            why = f"what is waited for can never hold: {said(step.predicate)}"
        elif rule.exit_when is not None and follows(rule.exit_when, step.predicate):
            why = f"exit_when holds as soon as {said(step.predicate)} does"
        else:
            continue
        yield Finding((rule.id,), Code.UNREACHABLE_STEP, Severity.ERROR, behind + why, "wait for something else")
        return


def _pointless(rule: Rule) -> Iterator[Finding]:
    steps = rule.flow.steps
    last = (step for name, step in steps.items() if _waits(step) and rule.flow.after[name] is None)
    if not any(isinstance(step, Do) for step in steps.values()):
        message = f"it does nothing: its steps are waits, such as {said(rule.steps[0])}"
        yield Finding((rule.id,), Code.POINTLESS_WAIT, Severity.WARNING, message, "add Send(...) or Do(...)")
    else:
        for step in last:
            message = f"nothing follows its last wait, {said(step)}"
            yield Finding((rule.id,), Code.POINTLESS_WAIT, Severity.INFO, message, "leave it out")


def _waits(step: Step) -> bool:
    return isinstance(step, Delay | WaitFor | WaitUntil)


def _outlives(rule: Rule) -> Iterator[Finding]:
    """Yield the first step that comes only after the journey is left by itself (F16)."""
    window = _window(rule)
    if window is None:
        return
    predicate, micros = window
    late = next((each for each in acts(rule.steps) if each.least >= micros), None)
    if late is None:
        return
    message = (
        f"step {late.step.name!r} comes after {Span(late.least)!r}, but unless new facts renew it exit_when ends the "
        f"journey after {Span(micros)!r} at most, with {said(predicate)}"
    )
    suggestion = "entry is not membership: leave that out of exit_when, or shorten the delays"
    yield Finding((rule.id,), Code.OUTLIVES_WINDOW, Severity.WARNING, message, suggestion)


def _window(rule: Rule) -> tuple[Truth, int] | None:
    """Return what the rule is entered by, left without, and how long that lasts; the shortest there is."""
    if not isinstance(rule.trigger, Edge) or rule.exit_when is None:
        return None
    found = [(part, longest(part)) for part in conjuncts(rule.trigger.watched())]
    ending = [(part, micros) for part, micros in found if micros is not None and follows(rule.exit_when, ~part)]
    return min(ending, key=lambda each: each[1], default=None)


def _keeps_selling(rule: Rule, promotional: Collection[str]) -> Iterator[Finding]:
    """Yield a rule that goes on with promotional messages after a wait, whatever the customer buys meanwhile."""
    later = (each.step for each in acts(rule.steps) if each.waited)
    topics = [step.topic for step in later if step.topic in promotional]
    reads = frozenset() if rule.exit_when is None else rule.exit_when.reads()
    if topics and not any(name in _ABOUT_BUYING or name.startswith("events:order") for name in reads):
        message = f"it goes on sending {topics[0]!r} to those who have bought meanwhile: exit_when is {rule.exit_when}"
        suggestion = "add exit_when=orders.since(entry).exists()"
        yield Finding((rule.id,), Code.NO_EXIT_ON_PURCHASE, Severity.WARNING, message, suggestion)
