"""Whether leaves, each true or false, can be so together: one quantity at a time, then collections of one kind."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import lru_cache
from math import ceil, floor

from attrs import frozen

from retention_engine.predicates import Age, Aggregate, Attribute, Bucket, Compare, Local, Quantity, Truth, Yearly
from retention_engine.predicates.compare import plain
from retention_engine.rules.analysis.calendars import calendar_contradicts
from retention_engine.rules.analysis.scopes import Bound, contradict, scope_of
from retention_engine.rules.analysis.values import Comparison, Domain, possible

_NEVER_BELOW_ZERO = frozenset({"total", "items", "price", "amount", "quantity", "value", "gap"})
_OPPOSITE = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}
_DATES = frozenset({"text", "instant"})
_ANYTHING = frozenset({"number", "text", "flag", "instant"})


@frozen(cache_hash=True)
class Literal:
    """A leaf that holds, or one that does not."""

    leaf: Truth
    holds: bool


def contradictory(literals: Sequence[Literal], *, entering: bool) -> bool:
    """Tell whether the leaves can never be so together; false when in doubt.

    Args:
        literals: leaves and their truths.
        entering: whether now is the instant of entry, after which nothing has happened yet.
    """
    if len({each.leaf for each in literals}) < len(set(literals)):
        return True  # a leaf and its negation
    compares = [each for each in literals if isinstance(each.leaf, Compare)]
    return (
        _values_contradict(compares)
        or _attributes_contradict(literals)
        or calendar_contradicts([(each.leaf, each.holds) for each in literals])
        or _records_contradict(compares, entering=entering)
    )


def _values_contradict(literals: Sequence[Literal]) -> bool:
    """Tell whether some quantity would need a value that it cannot have."""
    groups: dict[tuple[Quantity, str | None], list[Comparison]] = defaultdict(list)
    for each in literals:
        assert isinstance(each.leaf, Compare)
        asked = Comparison(each.leaf.op, each.leaf.constant, each.holds)
        groups[each.leaf.left, asked.kind() if _is_free(each.leaf.left) else None].append(asked)
    return not all(possible(asked, _domain(left)) for (left, _), asked in groups.items())


def _is_free(quantity: Quantity) -> bool:
    """Tell whether a field of events is read: each kind of constant then reads the values of that kind alone."""
    return isinstance(quantity, Aggregate) and quantity.field is not None and quantity.records.kinds() is None


def _domain(quantity: Quantity) -> Domain:
    match quantity:
        case Local():
            return Domain(frozenset({"number", "text"}), lacks=False, choices=quantity.domain())
        case Bucket():
            return Domain(frozenset({"number"}), lacks=False, whole=True, least=0, most=9_999)
        case Age():
            return Domain(frozenset({"span"}), least=1 if quantity.ahead else 0)
        case Aggregate(fold="count" | "distinct"):
            return Domain(frozenset({"number"}), lacks=False, whole=True, least=0)
        case Aggregate() if quantity.sort() in ("number", "span"):
            known = quantity.records.kinds() is not None and quantity.field in _NEVER_BELOW_ZERO
            is_sum = quantity.fold == "sum"
            return Domain(frozenset({quantity.sort()}), lacks=not is_sum, whole=is_sum, least=0 if known else None)
        case Aggregate() if quantity.sort() != "any":
            return Domain(frozenset({quantity.sort()}))
    return Domain(_ANYTHING)


def _attributes_contradict(literals: Sequence[Literal]) -> bool:
    """Tell whether an attribute would have to be an instant and something else, past and to come, or set and not."""
    asked: dict[Attribute, list[Comparison]] = defaultdict(list)
    sides: dict[Attribute, set[bool]] = defaultdict(set)
    needed: set[Attribute] = set()
    for each in literals:
        match each.leaf:
            case Compare(left=Attribute() as left):
                asked[left].append(Comparison(each.leaf.op, each.leaf.constant, each.holds))
            case Compare(left=Age(moment=Attribute() as left, ahead=ahead)) if each.holds:
                sides[left].add(ahead)
            case Yearly(anchor=Attribute() as left) if each.holds:
                needed.add(left)
    instant, dated = Domain(frozenset({"instant"}), lacks=False), Domain(_DATES, lacks=False)
    if any(len(found) == 2 or not possible(asked[left], instant) for left, found in sides.items()):
        return True
    return not all(possible(asked[left], dated) for left in needed)


def _records_contradict(literals: Sequence[Literal], *, entering: bool) -> bool:
    least: list[Bound] = []
    most: list[Bound] = []
    for each in literals:
        for bound, is_least in _kept_bounds(each):
            (least if is_least else most).append(bound)
    for each in literals:
        if not each.holds and _is_filled(each.leaf, least):
            for bound, is_least in _age_bounds(each.leaf, holds=False):
                (least if is_least else most).append(bound)
    return contradict(least, most, entering=entering)


def _is_filled(leaf: Truth, least: Sequence[Bound]) -> bool:
    """Tell whether the collection behind an age is known to hold a record."""
    match leaf:
        case Compare(left=Age(moment=Aggregate(records=records))):
            scope = scope_of(records)
            return any(each.number > 0 and each.scope.lies_within(scope) for each in least)
    return False


@lru_cache(maxsize=4_096)
def _kept_bounds(literal: Literal) -> tuple[tuple[Bound, bool], ...]:
    return tuple(_bounds(literal))


def _bounds(literal: Literal) -> Iterator[tuple[Bound, bool]]:
    """Yield what a leaf says about numbers of records: (bound, whether it is a lower one)."""
    leaf = literal.leaf
    assert isinstance(leaf, Compare)
    match leaf.left:
        case Age(moment=Aggregate()) if literal.holds:
            yield from _age_bounds(leaf, holds=True)
        case Aggregate(fold="count" | "distinct" | "sum" as fold, records=records):
            scope = scope_of(records)
            low, high = _limits(leaf, holds=literal.holds)
            if fold == "sum":
                low = int(not Comparison(leaf.op, leaf.constant, literal.holds).passes((leaf.left.sort(), 0)))
            yield Bound(scope, low), True
            if fold == "count" and high is not None:
                yield Bound(scope, high), False
        case Aggregate(records=records, field=name):
            if literal.holds:
                yield Bound(scope_of(records), 1), True
            elif leaf.op == "set" and name is None:
                yield Bound(scope_of(records), 0), False


def _limits(leaf: Compare, *, holds: bool) -> tuple[int, int | None]:
    """Return the smallest and the largest whole number from 0 on that agrees with a comparison."""
    if leaf.op in ("set", "in"):
        numbers = [ceil(each) for each in leaf.constant if each >= 0] if isinstance(leaf.constant, tuple) else []
        return (min(numbers), max(numbers)) if holds and numbers else (0, None)
    op, constant = leaf.op if holds else _OPPOSITE.get(leaf.op, "!="), plain(leaf.constant)
    if leaf.op == "!=" and not holds:
        op = "=="
    match op:
        case ">=":
            return max(0, ceil(constant)), None
        case ">":
            return max(0, floor(constant) + 1), None
        case "<=":
            return 0, floor(constant)
        case "<":
            return 0, ceil(constant) - 1
        case "==":
            return max(0, ceil(constant)), floor(constant)
    return int(constant == 0), None


def _age_bounds(leaf: Truth, *, holds: bool) -> Iterator[tuple[Bound, bool]]:
    """Yield what the age of the first or last record says, given that there is one."""
    assert isinstance(leaf, Compare)
    assert isinstance(leaf.left, Age)
    assert isinstance(leaf.left.moment, Aggregate)
    scope, op = scope_of(leaf.left.moment.records), leaf.op if holds else _OPPOSITE[leaf.op]
    edge = plain(leaf.constant) + (op in (">", "<="))
    younger, older = scope.aged(old=edge), scope.aged(young=edge)
    yield Bound(scope, 1), True
    if op in ("<", "<="):
        yield Bound(younger, 1), True
        if leaf.left.moment.fold == "first":
            yield Bound(older, 0), False
    else:
        yield Bound(older, 1), True
        if leaf.left.moment.fold == "last":
            yield Bound(younger, 0), False
