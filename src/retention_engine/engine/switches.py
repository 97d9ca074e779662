"""Which kill switches concern which messages, and whom to wake when one is turned."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from retention_engine.actions import Decision, Outcome
from retention_engine.arbitration import Arbiter, Channels
from retention_engine.facts import switch_subject
from retention_engine.rules import Do, RuleSet


def switches_of(rules: RuleSet, arbiter: Arbiter) -> dict[tuple[str, str], tuple[str, ...]]:
    """Return rule and step -> the subjects under which the switches of its message are found."""
    usual = [name for policy in arbiter.policies if isinstance(policy, Channels) for name in policy.order]
    found: dict[tuple[str, str], tuple[str, ...]] = {}
    for rule in rules:
        for step in rule.flow.steps.values():
            if isinstance(step, Do):
                channels = {step.channel} if step.channel else {*step.channels, *usual}
                subjects = [switch_subject("all"), switch_subject("rule", rule.id)]
                subjects += [switch_subject("channel", name) for name in sorted(channels)]
                subjects += [switch_subject("topic", step.topic)] if step.topic else []
                found[rule.id, step.name] = tuple(subjects)
    return found


def held_by(
    switches: Mapping[tuple[str, str], tuple[str, ...]], decisions: Iterable[Decision]
) -> Iterator[tuple[str, str]]:
    """Yield (subject, customer) of every deferred message: a turned switch has to wake them."""
    for decision in decisions:
        if decision.outcome is Outcome.DEFER:
            for subject in switches[decision.rule, decision.step]:
                yield subject, decision.customer
