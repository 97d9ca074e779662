"""The oracle itself, and what two lists of decisions have to agree on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from retention_engine.actions import Decision, Outcome, Reason
from retention_engine.arbitration import Choices, KillSwitch, Policy, Suppression
from retention_engine.facts import Fact
from retention_engine.rules import Rule, RuleSet
from retention_engine.testing.brute_force.journal import Shop
from retention_engine.testing.brute_force.life import Life
from retention_engine.timing import Span, days, to_instant

_WEEK = days(7)
_HOLDING = {
    *(Reason.QUIET_HOURS, Reason.FREQUENCY_CAP, Reason.LOWER_PRIORITY, Reason.CUSTOMER_CHOICE, Reason.FATIGUE),
    *(Reason.VARIETY, Reason.COOL_DOWN, Reason.BEST_HOUR, Reason.STOPPED, Reason.RULE_PAUSED, Reason.CHANNEL_PAUSED),
    Reason.OPEN_CLAIM,
}
"""Why a message may wait."""


def oracle(
    rules: Iterable[Rule] | RuleSet,
    facts: Iterable[Fact],
    *,
    since: datetime | int | str,
    to: datetime | int | str,
    zone: str = "UTC",
    lateness: Span = _WEEK,
    launches: Mapping[str, int] | None = None,
    assume_sent: bool = False,
    every: Span | None = None,
    policies: Iterable[Policy] = (),
) -> list[Decision]:
    """Return the decisions about all customers, by (at, customer); those of one instant in no particular order.

    Their evidence is left out, a message that waits has one line only, without an end: compare with ``essence``.

    Args:
        facts: of any customers and about the catalogue, in any order, each id once.
        since: the launch of the rules, exclusive.
        to: the end, inclusive.
        zone: the shop's.
        lateness: as for the engine.
        launches: rule id -> its launch, where it is not ``since``.
        assume_sent: count every message as sent at once.
        policies: those that stand besides ``courtesy()``.
        every: ask at each multiple of this span after the first launch, too; None: only where something can change.
    """
    found, told = RuleSet.of(rules), list(facts)
    launched = {rule.id: to_instant(since) for rule in found} | dict(launches or {})
    shop = Shop(
        rules=found,
        news=[fact for fact in told if fact.customer is None],
        launched=launched,
        zone=zone,
        lateness=lateness.micros,
        assume_sent=assume_sent,
        policies=(Suppression(), Choices(), KillSwitch(), *policies),
    )
    made: list[Decision] = []
    for customer in sorted({fact.customer for fact in told if fact.customer is not None}):
        life = Life(shop, customer, [fact for fact in told if fact.customer == customer])
        made += life.live(to_instant(to), every)
    return sorted(made, key=lambda decision: (decision.at, decision.customer))


def essence(decisions: Iterable[Decision]) -> list[tuple[Any, ...]]:
    """Return what two lists of decisions have to agree on, sorted: everything but the evidence and the order.

    Of a message that waits: when it began to; neither why nor until when, and not which of several reasons it was
    dropped for in the end.
    """
    found, waiting = [], set[tuple[str, ...]]()
    for decision in decisions:
        names = (decision.rule, decision.customer, decision.occasion, decision.step)
        if decision.outcome is Outcome.DEFER and names in waiting:
            continue
        found.append(_essence(decision, held=names in waiting))
        if decision.outcome is Outcome.DEFER:
            waiting.add(names)
    return sorted(found, key=repr)


def _essence(decision: Decision, *, held: bool) -> tuple[Any, ...]:
    names = (decision.at, decision.rule, decision.customer, decision.occasion, decision.step, decision.outcome.value)
    if decision.outcome is Outcome.DEFER:
        return (*names, decision.due)
    reason = None if decision.reason is None else decision.reason.value
    reason = "held" if held and decision.outcome is Outcome.DROP and decision.reason in _HOLDING else reason
    action = decision.action
    if action is None:
        return (*names, reason, decision.until, decision.variant)
    words = (action.kind, action.name, action.channel, action.topic, action.purpose, action.items, *action.data.items())
    return (*names, reason, words, action.due, action.valid_until)
