"""Findings about two rules: those that always fire together, and those that never do."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from retention_engine.predicates import Bucket, Node, Truth
from retention_engine.rules.analysis.entries import known_at, known_at_entry
from retention_engine.rules.analysis.findings import Code, Finding, Severity, said
from retention_engine.rules.analysis.satisfy import follows, never_holds
from retention_engine.rules.rule import Rule, RuleSet
from retention_engine.rules.triggers import Edge

MOST_PAIRS = 500
"""Beyond so many pairs only equal rules are looked for; 32 rules make 496 pairs."""


def pair_findings(rules: RuleSet) -> Iterator[Finding]:
    """Yield the pairs of rules that are always, or never, due at the same instant."""
    able = [rule for rule in rules if not _is_dead(rule)]
    few = len(able) * (len(able) - 1) // 2 <= MOST_PAIRS
    subjects = {rule.id: _subjects(rule) for rule in able}
    for one, other in combinations(able, 2):
        ids = (one.id, other.id)
        thorough = few and not subjects[one.id].isdisjoint(subjects[other.id])
        if _together(one, other, thorough=thorough):
            message = f"they are due at the same instants: both wait for {said(one.trigger)}"
            yield Finding(ids, Code.ALWAYS_TOGETHER, Severity.WARNING, message, "make them one, or tell them apart")
        elif thorough and _excluded(one, other):
            excluded = f"{said(known_at_entry(one))} excludes {said(known_at_entry(other))}"
            message = f"they are never due at the same instant: {excluded}"
            yield Finding(ids, Code.NEVER_TOGETHER, Severity.INFO, message)


def _subjects(rule: Rule) -> frozenset[str]:
    """Return what a rule asks about at its entry: rules without a common subject neither exclude nor imply."""
    known = known_at_entry(rule)
    return frozenset() if known is None else frozenset(_names(known))


def _names(node: Node) -> Iterator[str]:
    yield from [str(node)] if isinstance(node, Bucket) else node.reads()
    for part in node.parts():
        yield from _names(part)


def _is_dead(rule: Rule) -> bool:
    known = known_at_entry(rule)
    return known is not None and never_holds(known)


def _together(one: Rule, other: Rule, *, thorough: bool) -> bool:
    if one.re_entry != other.re_entry:
        return False
    if one.trigger == other.trigger and one.when == other.when:
        return True
    same = one.trigger == other.trigger or (thorough and _same_edge(one, other))
    if not same or not thorough:
        return False
    known = known_at(one.trigger)
    return _implied(one.when, other.when, known) and _implied(other.when, one.when, known)


def _same_edge(one: Rule, other: Rule) -> bool:
    """Tell whether two predicates turn true at the same instants."""
    first, second = one.trigger, other.trigger
    if not isinstance(first, Edge) or not isinstance(second, Edge) or first.include_current != second.include_current:
        return False
    return follows(first.watched(), second.watched()) and follows(second.watched(), first.watched())


def _implied(consequence: Truth | None, premise: Truth | None, known: Truth | None) -> bool:
    """Tell whether a condition holds whenever another one, and what is known, do."""
    if consequence is None:
        return True
    given = [each for each in (premise, known) if each is not None]
    whole = ~consequence
    for each in given:
        whole &= each
    return never_holds(whole)


def _excluded(one: Rule, other: Rule) -> bool:
    first, second = known_at_entry(one), known_at_entry(other)
    return first is not None and second is not None and never_holds(first & second)
