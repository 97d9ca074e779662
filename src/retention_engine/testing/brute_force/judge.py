"""The oracle itself, and what two lists of decisions have to agree on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from retention_engine.actions import Decision
from retention_engine.facts import Fact
from retention_engine.rules import Rule, RuleSet
from retention_engine.testing.brute_force.life import Life, Shop
from retention_engine.timing import Span, days, to_instant

_WEEK = days(7)


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
) -> list[Decision]:
    """Return the decisions about all customers, by (at, customer); those of one instant in no particular order.

    Their evidence is left out: compare with ``essence``.

    Args:
        facts: of any customers and about the catalogue, in any order, each id once.
        since: the launch of the rules, exclusive.
        to: the end, inclusive.
        zone: the shop's.
        lateness: as for the engine.
        launches: rule id -> its launch, where it is not ``since``.
        assume_sent: count every message as sent at once.
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
    )
    made: list[Decision] = []
    for customer in sorted({fact.customer for fact in told if fact.customer is not None}):
        life = Life(shop, customer, [fact for fact in told if fact.customer == customer])
        made += life.live(to_instant(to), every)
    return sorted(made, key=lambda decision: (decision.at, decision.customer))


def essence(decisions: Iterable[Decision]) -> list[tuple[Any, ...]]:
    """Return what two lists of decisions have to agree on, sorted: everything but the evidence and the order."""
    return sorted(map(_essence, decisions), key=repr)


def _essence(decision: Decision) -> tuple[Any, ...]:
    names = (decision.at, decision.rule, decision.customer, decision.occasion, decision.step)
    reason = None if decision.reason is None else decision.reason.value
    action = decision.action
    done = None if action is None else (action.kind, action.name, action.channel, action.topic, *action.data.items())
    dues = None if action is None else (action.due, action.valid_until)
    return (*names, decision.outcome.value, reason, decision.until, done, dues)
