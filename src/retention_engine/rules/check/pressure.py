"""How many messages a week a rule can send to one customer in the worst case."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil

from retention_engine.predicates import MonthDay
from retention_engine.rules.catalogue import Catalogue
from retention_engine.rules.check.findings import Code, Finding, Severity
from retention_engine.rules.rule import Rule, RuleSet
from retention_engine.rules.schedules import Schedule
from retention_engine.rules.steps import Do, WaitFor
from retention_engine.rules.triggers import After, Ahead, Before, Edge, Every
from retention_engine.timing import DAY, Span

_WEEK = 7


def pressure_findings(rules: RuleSet) -> Iterator[Finding]:
    """Yield the worst case of each rule that sends messages, and of all of them together."""
    cases = [(rule, worst_case(rule)) for rule in rules if _sends(rule)]
    for rule, most in cases:
        message = f"at most {most} messages a week" if most is not None else f"messages are unbounded: {_each(rule)}"
        yield Finding((rule.id,), Code.PRESSURE, Severity.INFO, f"{message} for one customer")
    if len(cases) > 1:
        total = sum(most or 0 for _, most in cases)
        unbounded = [rule.id for rule, most in cases if most is None]
        more = f"; besides, those of {', '.join(unbounded)} without bound" if unbounded else ""
        message = f"all rules together: at most {total} messages a week for one customer{more}"
        yield Finding(tuple(rule.id for rule, _ in cases), Code.PRESSURE, Severity.INFO, message)


def worst_case(rule: Rule) -> int | None:
    """Return how many messages a rule sends to one customer in seven days of their calendar at most; None: unbounded."""
    total, shift, waits = 0, 0, False
    for step in rule.steps:
        if isinstance(step, Do):
            if step.kind == "send":
                found = _entries(rule, _WEEK + ceil(shift / DAY) + waits)
                if found is None:
                    return None
                total += found
        else:
            waits = True  # elapsed time may carry a message over midnight, into or out of a week
            shift += step.timeout.micros if isinstance(step, WaitFor) else 0
    return total


def _sends(rule: Rule) -> bool:
    return any(isinstance(step, Do) and step.kind == "send" for step in rule.steps)


def _entries(rule: Rule, days: int) -> int | None:
    """Return how often a rule is entered in so many days of the customer's calendar at most; None: unbounded."""
    if rule.re_entry == "once":
        return 1
    bounds = [_dues(rule, days)]
    if isinstance(rule.re_entry, Span) and rule.re_entry.micros:
        bounds.append(ceil((days + 1) * DAY / rule.re_entry.micros))
    return min((each for each in bounds if each is not None), default=None)


def _dues(rule: Rule, days: int) -> int | None:
    match rule.trigger:
        case Every(schedule=schedule):
            return _occurrences(schedule, days)
        case Before(anchor=MonthDay()):
            return ceil(days / 365) + (days > 365)
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
            return f"one each time {'it turns' if rule.trigger.entering else 'it stops to be'} true: {rule.trigger.predicate}"
    return f"one per occasion of {rule.trigger}"
