"""Findings about the predicates of a rule: never true, always true, never anything to read."""

from __future__ import annotations

from collections.abc import Iterator

from retention_engine.predicates import AnyOf, Node, Refinable, Segment, Truth
from retention_engine.rules.analysis.entries import known_at, known_at_entry
from retention_engine.rules.analysis.findings import Code, Finding, Severity, said
from retention_engine.rules.analysis.satisfy import always_holds, follows, never_holds
from retention_engine.rules.analysis.scopes import scope_of
from retention_engine.rules.rule import Rule, RuleSet, asked
from retention_engine.rules.triggers import Edge

_ALWAYS = {
    "the trigger": (Severity.WARNING, "it turns true once, with the first fact about a customer"),
    "exit_when": (Severity.ERROR, "nobody enters the rule; ask for what happens since(entry)"),
}


def condition_findings(rules: RuleSet) -> Iterator[Finding]:
    """Yield what is wrong with the predicates of each rule, and of segments that no rule names."""
    for rule in rules:
        yield from _rule_findings(rule)
    nodes = (node for rule in rules for predicate in rule.predicates() for node in _inside(predicate))
    named = {node.name for node in nodes if isinstance(node, Segment)}
    for name, predicate in rules.segments.items():
        if name not in named:
            yield from _predicate_findings((), f"segment {name!r}", predicate)


def _rule_findings(rule: Rule) -> Iterator[Finding]:
    for place, predicate in _predicates(rule):
        yield from _predicate_findings((rule.id,), place, predicate)
    yield from _entry_findings(rule)


def _predicates(rule: Rule) -> Iterator[tuple[str, Truth]]:
    if isinstance(rule.trigger, Edge):
        yield "the trigger", rule.trigger.watched()
    if rule.when is not None:
        yield "when", rule.when
    for step in rule.flow.steps.values():
        yield from ((f"step {step.name!r}", predicate) for predicate in asked(step))
    if rule.exit_when is not None:
        yield "exit_when", rule.exit_when
    if rule.goal is not None:
        yield "the goal", rule.goal.predicate


def _inside(node: Node) -> Iterator[Node]:
    yield node
    for part in node.parts():
        yield from _inside(part)


def _predicate_findings(ids: tuple[str, ...], place: str, predicate: Truth) -> Iterator[Finding]:
    text = said(predicate)
    if never_holds(predicate):
        severity = Severity.ERROR if place in ("the trigger", "when") else Severity.WARNING
        yield Finding(ids, Code.NEVER_TRUE, severity, f"{place} can never hold: {text}", "two of its parts contradict")
    elif always_holds(predicate):
        severity, suggestion = _ALWAYS.get(place, (Severity.WARNING, "leave it out"))
        yield Finding(ids, Code.ALWAYS_TRUE, severity, f"{place} always holds: {text}", suggestion)
    else:
        for part in _dead_parts(predicate):
            message = f"a part of {place} can never hold: {said(part)}"
            yield Finding(ids, Code.NEVER_TRUE, Severity.WARNING, message, "leave it out, or mend it")
    collections = dict.fromkeys(node for node in _inside(predicate) if isinstance(node, Refinable))
    for each in collections:
        if scope_of(each).is_empty(entering=False) and not any(
            scope_of(part).is_empty(entering=False) for part in each.parts() if isinstance(part, Refinable)
        ):
            message = f"{place} reads a collection that is always empty: {said(each)}"
            yield Finding(ids, Code.NEVER_READS, Severity.ERROR, message, "its conditions exclude each other")


def _dead_parts(predicate: Truth) -> Iterator[Truth]:
    """Yield the alternatives that can never hold, of a predicate that can."""
    for node in _inside(predicate):
        if isinstance(node, AnyOf):
            yield from (part for part in node.inside if never_holds(part))


def _entry_findings(rule: Rule) -> Iterator[Finding]:
    """Yield what follows from the trigger and the conditions together."""
    known = known_at_entry(rule)
    if known is None:
        return
    trigger = known_at(rule.trigger)
    if never_holds(known):
        if rule.when is not None and trigger is not None and not never_holds(rule.when) and not never_holds(trigger):
            message = f"it can never fire: when {said(rule.when)} contradicts {said(rule.trigger)}"
            yield Finding((rule.id,), Code.NEVER_FIRES, Severity.ERROR, message, "change one of the two")
    elif rule.exit_when is not None and _exits_at_once(rule.exit_when, known):
        message = f"it is left at the instant it is entered: {said(rule.exit_when)} holds then"
        suggestion = "ask for what happens since(entry)"
        yield Finding((rule.id,), Code.LEFT_AT_ENTRY, Severity.ERROR, message, suggestion)


def _exits_at_once(exit_when: Truth, known: Truth) -> bool:
    return not always_holds(exit_when) and follows(exit_when, known, entering=True)
