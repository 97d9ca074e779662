"""What is known at the instant a rule is entered, and how long it can stay so."""

from __future__ import annotations

from retention_engine.predicates import (
    Age,
    Aggregate,
    All,
    Compare,
    Dates,
    Quantity,
    Segment,
    Truth,
    Yearly,
    all_of,
)
from retention_engine.rules.analysis.scopes import FOREVER, scope_of
from retention_engine.rules.analysis.values import Comparison
from retention_engine.rules.base import Trigger
from retention_engine.rules.catalogue import Catalogue
from retention_engine.rules.rule import Rule
from retention_engine.rules.triggers import After, Ahead, Edge
from retention_engine.timing import HOUR, LocalDays, Span

_LONGEST_DAY = 26 * HOUR


def known_at(trigger: Trigger) -> Truth | None:
    """Return what holds whenever an occasion of the trigger is due; None when that is nothing of interest."""
    match trigger:
        case Edge():
            return trigger.watched()
        case After():
            return (trigger.records.before(trigger.delay) if trigger.delay.micros else trigger.records).exists()
        case Ahead() if trigger.lead.micros:
            ahead = trigger.moment.ahead
            return (ahead >= trigger.lead) & (ahead <= trigger.lead)
        case Ahead():
            return trigger.moment.age <= trigger.lead
        case Catalogue():
            return trigger.interest.exists()
    return None


def known_at_entry(rule: Rule) -> Truth | None:
    """Return what holds whenever the rule is entered, its condition included; None when that is nothing."""
    known = [each for each in (known_at(rule.trigger), rule.when) if each is not None]
    return all_of(*known) if known else None


def conjuncts(predicate: Truth) -> list[Truth]:
    """Return the predicate and the parts that all hold when it does, from the whole to its leaves."""
    match predicate:
        case All():
            return [predicate, *(each for part in predicate.inside for each in conjuncts(part))]
        case Segment():
            return [predicate, *conjuncts(predicate.inner)]
    return [predicate]


def longest(predicate: Truth) -> int | None:
    """Return for how many microseconds it can go on holding, from any instant on, without a new fact; None: unknown."""
    match predicate:
        case Segment():
            return longest(predicate.inner)
        case All():
            lengths = [each for each in map(longest, predicate.inside) if each is not None]
            return min(lengths, default=None)
        case Compare(left=Age(), op="<" | "<=", constant=Span() as span) if _only_leaves(predicate.left):
            return span.micros + 1
        case Compare(left=Aggregate() as left) if _only_leaves(left) and not _holds_of_nothing(predicate):
            return _oldest(left)
        case Yearly(lasting=LocalDays() as lasting) if lasting.count <= 364:
            return lasting.count * _LONGEST_DAY
        case Dates():
            return ((predicate.last - predicate.first).days + 1) * _LONGEST_DAY
    return None


def bounded(predicate: Truth) -> bool:
    """Tell whether it ends by itself whenever it holds, without a new fact; false when that is not known."""
    return longest(predicate) is not None


def _only_leaves(quantity: Quantity) -> bool:
    """Tell whether time alone brings no record into what it reads."""
    match quantity:
        case Age(moment=Aggregate() as moment):
            return scope_of(moment.records).young == 0
        case Aggregate():
            return scope_of(quantity.records).young == 0
    return True


def _holds_of_nothing(predicate: Compare) -> bool:
    """Tell whether it holds of an empty collection."""
    assert isinstance(predicate.left, Aggregate)
    counted = predicate.left.fold in ("count", "distinct", "sum")
    return counted and Comparison(predicate.op, predicate.constant).passes((predicate.left.sort(), 0))


def _oldest(quantity: Aggregate) -> int | None:
    """Return after how long the last record has left its windows; None: it stays."""
    scope = scope_of(quantity.records)
    ends = [] if scope.days is None else [scope.days * _LONGEST_DAY]
    return min([*ends, *([scope.old] if scope.old < FOREVER else [])], default=None)
