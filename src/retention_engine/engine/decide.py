"""The pure core, usable without a store: rules and the facts of one customer in, decisions and a wake-up out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from attrs import field, frozen

from retention_engine.actions import Decision
from retention_engine.arbitration import Arbiter, Policy, courtesy
from retention_engine.clubs import Club
from retention_engine.engine.plan import Plan
from retention_engine.engine.terms import CLUB, Subject, Terms
from retention_engine.engine.walk import walk
from retention_engine.errors import DefinitionError
from retention_engine.facts import Fact, MessageSent
from retention_engine.rules import Rule, RuleSet
from retention_engine.timing import Span, days, to_instant

LATENESS = days(7)


@frozen
class Decided:
    """What ``decide`` found.

    Attributes:
        decisions: in the order they were made.
        wake: the next instant at which something may be due (microseconds UTC), None: only a fact can change that.
        facts: what the club's accounts made of it; they go with the facts of the next call.
    """

    decisions: list[Decision]
    wake: int | None
    facts: list[Fact] = field(factory=list)


def decide(
    rules: Iterable[Rule] | RuleSet | Plan,
    facts: Iterable[Fact],
    *,
    to: datetime | int | str,
    since: datetime | int | str,
    start: datetime | int | str | None = None,
    journal: Sequence[Decision] = (),
    news: Iterable[Fact] = (),
    zone: str = "UTC",
    lateness: Span = LATENESS,
    policies: Iterable[Policy] = (),
    club: Club | None = None,
) -> Decided:
    """Decide about one customer from ``start`` to ``to``, both inclusive.

    Args:
        facts: of one customer, in any order, each once.
        since: the launch of the rules: what was due at or before it is history.
        start: where to go on, the ``wake`` of the last call; left out, ``since``. With it goes ``journal``, all
            decisions made so far.
        news: facts about the catalogue and the shop.
        policies: those that stand besides ``courtesy()``.
        club: what the shop declares about its members; a plan brings its own.

    Raises:
        DefinitionError: the facts are of several customers, or a rule feeds itself.
    """
    ordered = sorted(facts, key=lambda fact: (fact.effective, fact.at, fact.id))
    customers = {fact.customer for fact in ordered}
    if len(customers) > 1 or None in customers:
        raise DefinitionError(f"decide() takes the facts of one customer, not of {sorted(map(str, customers))[:5]}")
    plan = rules if isinstance(rules, Plan) else Plan.of(RuleSet.of(rules), Arbiter([*courtesy(), *policies]), club)
    launch = to_instant(since)
    launches = {CLUB: launch, **{rule.id: launch for rule in plan.rules}}
    terms = Terms(plan=plan, launches=launches, zone=zone, lateness=lateness.micros)
    subject = Subject(
        customer=str(next(iter(customers), "")),
        facts=ordered,
        news=sorted(news, key=lambda fact: (fact.effective, fact.at, fact.id)),
        decisions=journal,
    )
    walked = walk(terms, subject, launch if start is None else to_instant(start), to_instant(to))
    return Decided(walked.decisions, walked.wake, walked.echoes)


def as_sent(decision: Decision) -> Fact:
    """Return the fact that the message of a decision was sent at once, known one microsecond later."""
    action = decision.action
    assert action is not None
    return MessageSent(
        id=f"sent:{action.key}",
        customer=action.customer,
        at=decision.at,
        learned=decision.at + 1,
        message=action.key,
        rule=action.rule,
        step=action.step,
        template=action.name,
        channel=action.channel,
        topic=action.topic,
        purpose=action.purpose,
        items=action.items,
    )
