"""How many messages a week a rule can send to one customer in the worst case."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil

from retention_engine.predicates import MonthDay
from retention_engine.rules.acts import Do
from retention_engine.rules.analysis.findings import Code, Finding, Severity
from retention_engine.rules.analysis.ways import lasting
from retention_engine.rules.catalogue import Catalogue
from retention_engine.rules.rule import Rule, RuleSet
from retention_engine.rules.schedules import Schedule
from retention_engine.rules.steps import Branch, Split, Step
from retention_engine.rules.triggers import After, Ahead, Before, Edge, Every
from retention_engine.timing import DAY, Span

_WEEK = 7
_FOR_EVER = 2**62


def pressure_findings(rules: RuleSet) -> Iterator[Finding]:
    """Yield the worst case of each rule that sends messages, and of all of them together."""
    cases = [(rule, worst_case(rule)) for rule in rules if _sends(rule)]
    for rule, most in cases:
        bound = _most(most) if most is not None else f"without bound: {_each(rule)}"
        yield Finding((rule.id,), Code.PRESSURE, Severity.INFO, f"messages to one customer, none held: {bound}")
    if len(cases) > 1:
        total = sum(most or 0 for _, most in cases)
        unbounded = [rule.id for rule, most in cases if most is None]
        more = f", and those of {', '.join(unbounded)} without bound" if unbounded else ""
        message = f"messages to one customer, none held, all rules together: {_most(total)}{more}"
        yield Finding(tuple(rule.id for rule, _ in cases), Code.PRESSURE, Severity.INFO, message)


def _most(count: int) -> str:
    return f"at most {count} a week"


def worst_case(rule: Rule, *, held: bool = False) -> int | None:
    """Return how many messages a rule sends to one customer in a week at most; None: unbounded.

    A week is seven dates of their calendar for schedules and yearly dates, 7 x 24 hours for spans.

    Args:
        rule: the rule.
        held: whether its messages may be held as long as they are valid; otherwise each goes out when it is due.
    """
    hold = 0 if not held else _FOR_EVER if rule.valid_for is None else rule.valid_for.micros
    return _messages(rule, rule.steps, 0, waits=held, hold=hold)


def _messages(rule: Rule, steps: Sequence[Step], shift: int, *, waits: bool, hold: int) -> int | None:
    total: int | None = 0
    for step in steps:
        if isinstance(step, Do):
            found = _entries(rule, shift + hold, waits=waits) if step.kind == "send" else 0
        elif isinstance(step, Branch | Split):
            paths = [_messages(rule, path, shift, waits=waits, hold=hold) for _, path in step.paths()]
            known = [each for each in paths if each is not None]
            together = max(known, default=0) if _same_way(rule, step) else sum(known)
            found = together if len(known) == len(paths) else None
        else:
            found = 0
        total = None if total is None or found is None else total + found
        least, most = lasting([step])
        shift, waits = shift + most - least + hold * _facing([step]), waits or most > 0
    return total


def _facing(steps: Sequence[Step]) -> int:
    """Return how many steps that a customer gets to see lie on one way through, at most."""
    count = 0
    for step in steps:
        if isinstance(step, Branch | Split):
            count += max(_facing(path) for _, path in step.paths())
        else:
            count += isinstance(step, Do) and step.kind in ("send", "audience_join")
    return count


def _same_way(rule: Rule, step: Branch | Split) -> bool:
    """Tell whether a customer takes the same path every time."""
    return isinstance(step, Split) or rule.re_entry == "once"


def _sends(rule: Rule) -> bool:
    return bool(rule.messages())


def _entries(rule: Rule, shift: int, *, waits: bool) -> int | None:
    """Return how many entries can lead to a message in one week at most; None: unbounded.

    Args:
        rule: the rule.
        shift: by how much the way from entry to message can differ, microseconds.
        waits: whether elapsed time lies between, which may carry a message over a midnight, into or out of a week.
    """
    if rule.re_entry == "once":
        return 1
    if shift >= _FOR_EVER:
        return None
    bounds = [_dues(rule, _WEEK + ceil(shift / DAY) + waits)]
    if isinstance(rule.re_entry, Span) and rule.re_entry.micros:
        bounds.append(ceil((_WEEK * DAY + shift) / rule.re_entry.micros))
    return min((each for each in bounds if each is not None), default=None)


def _dues(rule: Rule, days: int) -> int | None:
    match rule.trigger:
        case Every(schedule=schedule):
            return _occurrences(schedule, days)
        case Before(anchor=MonthDay()):
            return ceil(days / 365)
    return None


def _occurrences(schedule: Schedule, days: int) -> int:
    match schedule.unit:
        case "daily":
            return days
        case "weekly":
            return len(schedule.on) * ceil(days / _WEEK)
    return ceil(days / 28)


def _each(rule: Rule) -> str:
    """Return what brings a message each time."""
    match rule.trigger:
        case After():
            return f"one per record of {rule.trigger.records}"
        case Before() | Ahead():
            return f"one per change of {min(rule.trigger.reads() - {'customer.zone'})}"
        case Catalogue():
            return f"one per {rule.trigger.change.replace('_', ' ')} of an item among {rule.trigger.interest}"
        case Edge():
            return f"one each time this turns {str(rule.trigger.entering).lower()}: {rule.trigger.predicate}"
    return f"one per occasion of {rule.trigger}"
