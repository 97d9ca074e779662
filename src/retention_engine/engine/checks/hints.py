"""What is worth knowing about rules under policies: nothing here is wrong by itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from retention_engine.arbitration import AtMost, CalendarCap, Consent, HoldWhile, Policy
from retention_engine.engine.checks.scope import meets_always, policies_by_channel
from retention_engine.rules import Code, Do, Finding, Rule, RuleSet, Severity
from retention_engine.rules.analysis import bounded


def hint_findings(rules: RuleSet, policies: Sequence[Policy]) -> Iterator[Finding]:
    """Yield the hints, each once for all the rules that it concerns."""
    yield from _unasked(rules, policies)
    yield from _without_cap(rules, policies)
    yield from _for_ever(rules, policies)


def _ways(rule: Rule, step: Do, policies: Sequence[Policy]) -> list[tuple[Policy, ...]]:
    return [met for _, met in policies_by_channel(rule, step, policies)]


def _unasked(rules: RuleSet, policies: Sequence[Policy]) -> Iterator[Finding]:
    """Yield the rules whose marketing goes out without a consent given beforehand."""
    found = dict.fromkeys(
        rule.id
        for rule in rules
        for step in rule.messages()
        if step.purpose == "marketing" and not meets_always(Consent, _ways(rule, step, policies))
    )
    if found:
        message = "marketing is sent to whoever has not refused it: no Consent() stands above it"
        suggestion = "add Consent() where the law asks for a consent given beforehand"
        yield Finding(tuple(found), Code.NO_CONSENT, Severity.INFO, message, suggestion)


def _without_cap(rules: RuleSet, policies: Sequence[Policy]) -> Iterator[Finding]:
    """Yield the rules that say what they want at a full cap where there is none."""
    for rule in rules:
        met = {type(each) for step in rule.messages() for way in _ways(rule, step, policies) for each in way}
        asks = rule.at_cap != "defer" and rule.messages()
        if asks and not any(issubclass(each, AtMost | CalendarCap) for each in met):
            message = f"at_cap={rule.at_cap!r} changes nothing: no cap stands above its messages"
            yield Finding((rule.id,), Code.NO_CAP, Severity.INFO, message, "add AtMost(...), or leave at_cap out")


def _for_ever(rules: RuleSet, policies: Sequence[Policy]) -> Iterator[Finding]:
    """Yield the policies that may hold messages without end, with the rules that set no limit to it."""
    for policy in dict.fromkeys(policies):
        if not isinstance(policy, HoldWhile) or bounded(policy.predicate):
            continue
        found = dict.fromkeys(
            rule.id
            for rule in rules
            for step in rule.messages()
            if rule.valid_for is None and any(policy in way for way in _ways(rule, step, policies))
        )
        if found:
            message = f"messages may be held for ever by {policy}"
            yield Finding(tuple(found), Code.WAITS_FOR_EVER, Severity.INFO, message, "give valid_for")
