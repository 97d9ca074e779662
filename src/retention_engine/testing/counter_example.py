"""A counter-example for people: whom, when, by which rule, against which limit, after which facts."""

from __future__ import annotations

from collections.abc import Iterable

from attrs import fields

from retention_engine.actions import Decision
from retention_engine.facts import Fact
from retention_engine.timing import to_text

_COMMON = {"id", "customer", "at", "learned"}
_LONGEST = 160


def counter_example(limit: str, customer: str, why: str, messages: Iterable[Decision], *, facts: Iterable[Fact]) -> str:
    """Return the lines: the limit, the messages against it, and all facts of the customer, the earliest first."""
    theirs = sorted((fact for fact in facts if fact.customer == customer), key=lambda fact: (fact.at, fact.id))
    told = [message_line(each) for each in messages]
    lines = [f"broken: {limit}", f"customer {customer!r}: {why}", *told, f"facts of {customer!r}:"]
    return "\n  ".join([*lines, *map(fact_line, theirs)])


def message_line(message: Decision) -> str:
    """Return when a message was sent, by which step of which rule, for which occasion."""
    action = message.action
    assert action is not None
    by = "" if action.channel is None else f" by {action.channel}"
    topic = "" if action.topic is None else f", topic {action.topic!r}"
    where = f"rule {message.rule!r}, step {message.step!r}, occasion {message.occasion!r}"
    return f"{to_text(message.at)} {action.purpose} message {action.name!r}{by}{topic}: {where}"


def fact_line(fact: Fact) -> str:
    """Return one fact; what is not set is left out."""
    given = {
        each.name: getattr(fact, each.name) for each in fields(type(fact)) if each.repr and each.name not in _COMMON
    }
    said = ", ".join(f"{name}={value!r}" for name, value in given.items() if value not in (None, (), "", {}))
    late = "" if fact.effective == fact.at else f", learned {to_text(fact.effective)}"
    text = f"{to_text(fact.at)} {fact.KIND} {fact.id!r}{late}: {said}"
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
