"""A message right before it is sent: the policies once more, and the exit of its journey, with what is known now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from attrs import evolve

from retention_engine.actions import Action, Parcel, Reason
from retention_engine.arbitration import Arbiter, Clearance, Drop, Message, Policy, Situation, Stage
from retention_engine.engine.desk import said_by
from retention_engine.engine.memory import Memory
from retention_engine.engine.terms import Subject
from retention_engine.facts import (
    AddressSuppressed,
    ConsentWithdrawn,
    ContactAdded,
    ContactRemoved,
    Fact,
    MessageFailed,
    MessageSent,
    Paused,
    SendingStopped,
)
from retention_engine.predicates import because
from retention_engine.rules import Rule
from retention_engine.state import History, fold
from retention_engine.state.choices import address_of
from retention_engine.view import View, zone_of

_AT_ONCE = (ConsentWithdrawn, Paused, AddressSuppressed, SendingStopped, ContactAdded, ContactRemoved)
_PLAIN = (str, int, float, bool, type(None))


def asked_again(policies: Sequence[Policy]) -> Arbiter:
    """Return the policies that are asked again: all but experiments, whose answer stands."""
    return Arbiter(policy for policy in policies if policy.stage is not Stage.EXPERIMENT)


def undecided(subject: Subject, action: Action) -> list[str]:
    """Return the keys of the customer's other messages of which no fact says what became of them."""
    known = {fact.message for fact in subject.facts if isinstance(fact, MessageSent | MessageFailed)}
    acts = (one.action for one in subject.decisions if one.action is not None and one.action.kind == "send")
    return [one.key for one in acts if one.key not in known and one.identity != action.identity]


def begun(rows: Iterable[Parcel], at: int) -> dict[str, int]:
    """Return when each of these messages may have been sent at the latest; those never begun are left out."""
    return {row.key: min(row.lease_until, at) for row in rows if row.lease_until is not None}


def clear(
    action: Action,
    rule: Rule | None,
    subject: Subject,
    arbiter: Arbiter,
    *,
    history: History,
    at: int,
    zone: str,
    doubts: Mapping[str, int],
) -> Clearance:
    """Weigh an action that is in the outbox, at ``at``; whatever was said by then counts, known late or not.

    The action itself, which the journal has already, is no reason against it. What forbids, and where
    to, counts as soon as it is known, even when whoever recorded it is ahead of our time.

    Args:
        history: of the customer, empty.
    """
    fold(history, _by(subject.facts, at))
    others = [one for one in subject.decisions if one.action is None or one.action.identity != action.identity]
    own = (one.at for one in subject.decisions if (one.rule, one.occasion) == (action.rule, action.occasion))
    memory = Memory.of(others)
    view = View(history, at, zone_of(history, zone), next(own, action.due))
    if rule is not None and rule.exit_when is not None and rule.exit_when.verdict(view).holds:
        return Clearance(ruling=Drop(Reason.EXITED, because(rule.exit_when, view)))
    seen = Situation(
        view=evolve(view, entry=None),
        said=said_by(memory, view, doubts),
        news=_by(subject.news, at),
    )
    opening = (action.rule, action.occasion) not in memory.acted
    message = _message(action, rule, opening=opening)
    if message.channel is None:
        message.channels = _reachable(history)  # each is weighed: consent to one is none to another
    ruled = arbiter.rule(message, seen)
    channel = ruled.message.channel
    return Clearance(
        ruling=ruled.ruling,
        channel=channel,
        address=None if channel is None else address_of(history, channel),
        attributes={name: held.value for name, held in history.attributes.items() if isinstance(held.value, _PLAIN)},
        told=_told(subject.facts, action.key),
    )


def _by(facts: Iterable[Fact], at: int) -> list[Fact]:
    """Return the facts that count at an instant; those that count at once keep their order."""
    given = list(facts)
    ahead = sorted((fact for fact in given if fact.at > at and isinstance(fact, _AT_ONCE)), key=lambda fact: fact.at)
    early = [evolve(fact, at=at - place) for place, fact in enumerate(reversed(ahead))]
    return [*(fact for fact in given if fact.at <= at), *early]


def _told(facts: Sequence[Fact], key: str) -> dict[str, int]:
    sent = (fact for fact in facts if isinstance(fact, MessageSent) and fact.message != key)
    return {fact.digest: fact.at for fact in sorted(sent, key=lambda fact: fact.at) if fact.digest}


def _reachable(history: History) -> tuple[str, ...]:
    """Return the channels with an address that is not suppressed, the newest first."""
    gone = {row.channel for row in history.records("suppressions")}
    return tuple(row.channel for row in reversed(history.records("contacts")) if row.channel not in gone)


def _message(action: Action, rule: Rule | None, *, opening: bool) -> Message:
    return Message(
        rule=action.rule,
        customer=action.customer,
        occasion=action.occasion,
        step=action.step,
        template=action.name,
        channel=action.channel,
        topic=action.topic,
        purpose=action.purpose,
        items=action.items,
        priority=0 if rule is None else rule.priority,
        value=0 if rule is None else rule.value,
        at_cap="defer" if rule is None else rule.at_cap,
        due=action.due,
        valid_until=action.valid_until,
        opening=opening,
    )
