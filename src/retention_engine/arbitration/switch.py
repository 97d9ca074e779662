"""The kill switch: facts of the shop that stop messages, and let them go on."""

from __future__ import annotations

from collections.abc import Iterable

from attrs import frozen

from retention_engine.actions import Reason
from retention_engine.arbitration.base import ALLOW, Defer, Message, Policy, Ruling, Situation, Stage
from retention_engine.facts import Fact, SendingResumed, SendingStopped
from retention_engine.timing import to_text

_REASONS = {"rule": Reason.RULE_PAUSED, "channel": Reason.CHANNEL_PAUSED}


@frozen(repr=False)
class KillSwitch(Policy):
    """Hold what ``SendingStopped`` names, until ``SendingResumed`` of the same scope."""

    stage = Stage.SWITCH
    kinds = ("send", "audience_join")

    def weigh(self, message: Message, seen: Situation) -> Ruling:
        """Defer while one of the switches that concern the message stands."""
        if not seen.news:
            return ALLOW
        names = {"all": None, "rule": message.rule, "channel": message.channel, "topic": message.topic}
        fact = stopping(fact for fact in seen.news if names.get(getattr(fact, "scope", ""), "") == _name(fact))
        if fact is None:
            return ALLOW
        what = fact.scope if fact.name is None else f"{fact.scope} {fact.name!r}"
        why = f"{what} stopped {to_text(fact.at)} by {fact.by or 'nobody named'}: {fact.reason}"
        return Defer(None, _REASONS.get(fact.scope, Reason.STOPPED), (why,))


def _name(fact: Fact) -> str | None:
    return getattr(fact, "name", None)


def stopping(facts: Iterable[Fact]) -> SendingStopped | None:
    """Return the first switch, by scope and name, whose latest turn by (at, id) is a stop; None: nothing is stopped."""
    latest: dict[tuple[str, str], SendingStopped | SendingResumed] = {}
    for fact in sorted(facts, key=lambda fact: (fact.at, fact.id)):
        if isinstance(fact, SendingStopped | SendingResumed):
            latest[fact.scope, fact.name or ""] = fact
    return next((fact for _, fact in sorted(latest.items()) if isinstance(fact, SendingStopped)), None)
