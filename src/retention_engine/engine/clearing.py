"""A message right before it is sent: the policies once more, and the exit of its journey, with what is known now."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import evolve

from retention_engine.actions import Action, Reason
from retention_engine.arbitration import Arbiter, Clearance, Drop, Message, Policy, Situation, Stage
from retention_engine.engine.desk import said_by
from retention_engine.engine.memory import Memory
from retention_engine.engine.walk import Subject
from retention_engine.predicates import because
from retention_engine.rules import Rule
from retention_engine.state import History, fold
from retention_engine.state.choices import address_of
from retention_engine.view import View, zone_of

_PLAIN = (str, int, float, bool, type(None))


def asked_again(policies: Sequence[Policy]) -> Arbiter:
    """Return the policies that are asked again: all but experiments, whose answer stands."""
    return Arbiter(policy for policy in policies if policy.stage is not Stage.EXPERIMENT)


def clear(action: Action, rule: Rule | None, subject: Subject, arbiter: Arbiter, *, at: int, zone: str) -> Clearance:
    """Weigh an action that is in the outbox, at ``at``; whatever was said by then counts, known late or not.

    The action itself, which the journal has already, is no reason against it.
    """
    history = fold(History(subject.customer), (fact for fact in subject.facts if fact.at <= at))
    others = [one for one in subject.decisions if one.action is None or one.action.identity != action.identity]
    own = (one.at for one in subject.decisions if (one.rule, one.occasion) == (action.rule, action.occasion))
    memory = Memory.of(others)
    view = View(history, at, zone_of(history, zone), next(own, action.due))
    if rule is not None and rule.exit_when is not None and rule.exit_when.verdict(view).holds:
        return Clearance(ruling=Drop(Reason.EXITED, because(rule.exit_when, view)))
    seen = Situation(
        view=evolve(view, entry=None),
        said=said_by(memory, view),
        news=[fact for fact in subject.news if fact.at <= at],
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
    )


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
