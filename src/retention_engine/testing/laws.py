"""The laws of a predicate, as functions that raise AssertionError; they need nothing but the library."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import lru_cache
from heapq import heapify, heappop, heappush
from typing import Any
from zoneinfo import ZoneInfo

from attrs import evolve

from retention_engine import predicates, timing
from retention_engine.errors import RetentionError
from retention_engine.facts import Fact
from retention_engine.predicates import (
    All,
    AnyOf,
    AtLeast,
    Compare,
    Dates,
    Segment,
    Truth,
    Verdict,
    Window,
    at_least,
    parse,
)
from retention_engine.testing.case import Case, nodes
from retention_engine.timing import DAY, HOUR, NEVER, SECOND, local_date, to_text, to_utc
from retention_engine.view import View

_OPPOSITES = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}
_DAY_SECONDS = DAY // SECOND
_STEPS = 6
"""At so many horizons the laws that compare two predicates ask them."""


def check_laws(
    predicate: Truth,
    facts: Iterable[Fact],
    *,
    at: datetime | int | str,
    zone: str = "UTC",
    entry: int | None = None,
) -> None:
    """Check every law of a predicate for one customer from an instant on.

    Args:
        predicate: of any node types, also of your own.
        facts: of one customer, in any order; those that take effect later than ``at`` are left out.
        at: the instant from which on no new fact arrives.
        zone: the shop's zone.
        entry: when the journey in question was entered, None outside of one.

    Raises:
        AssertionError: a law is broken; the message shows the predicate, the instant and the facts.
    """
    case = Case(predicate, list(facts), at, zone, entry)
    for law in LAWS:
        law(case)


def check_horizon(case: Case, *, days: int = 366, effort: int = 150) -> None:
    """The truth of every part stays the same from each instant until its horizon, which is later than the instant.

    Asked are every day of a year, each at another hour, 1 µs around every clock change of the customer's zone and, from
    horizon to horizon, 1 µs around those of every part.

    Args:
        case: the predicate and the customer.
        days: how many days to look ahead.
        effort: at most so many instants whose horizons are followed.
    """
    promises: dict[Truth, tuple[int, Verdict]] = {}
    parts = list(dict.fromkeys(part for part in nodes(case.predicate) if isinstance(part, Truth)))
    view, end = case.view(), case.at + days * DAY
    turns = {case.at + day * DAY + day * 7 % 24 * HOUR for day in range(days)}
    changes = _clock_changes(view.where, case.at // DAY, days)
    known = turns | {at + step for at in changes for step in (-1, 0, 1) if case.at < at + step}
    waiting = list(known)
    heapify(waiting)
    while waiting:
        now = heappop(waiting)
        found = _asked(case, parts, evolve(view, now=now), promises)
        if now in turns and effort > 0:
            effort -= 1
            turns |= found
            near = {each + step for each in found for step in (-1, 0, 1) if now < each + step <= end} - known
            known |= near
            for each in near:
                heappush(waiting, each)


def _asked(case: Case, parts: list[Truth], view: View, promises: dict[Truth, tuple[int, Verdict]]) -> set[int]:
    """Hold every part to its furthest promise, and return the horizons it promises now."""
    horizons = set()
    for part in parts:
        verdict = part.verdict(view)
        since, promise = promises.get(part, (view.now, verdict))
        if _end(verdict) <= view.now:
            case.fail(f"the horizon of {part} is {to_text(_end(verdict))}, not later than the instant", view.now)
        if verdict.holds != promise.holds and view.now < _end(promise):
            shown = "for ever" if promise.until is None else f"until {to_text(promise.until)}"
            case.fail(f"{part} is {verdict.holds}, but {to_text(since)} said {promise.holds} {shown}", view.now)
        if part not in promises or view.now >= _end(promise) or _end(verdict) > _end(promise):
            promises[part] = view.now, verdict
        if verdict.until is not None:
            horizons.add(verdict.until)
    return horizons


@lru_cache(maxsize=64)
def _clock_changes(where: ZoneInfo, first_day: int, days: int) -> tuple[int, ...]:
    """Return the instants from the start of a day (counted from 1970) on at which the zone's offset changes."""

    def offset(second: int) -> object:
        return to_utc(second * SECOND).astimezone(where).utcoffset()

    found = []
    for start in range(first_day * _DAY_SECONDS, (first_day + days) * _DAY_SECONDS, _DAY_SECONDS):
        low, high = start, start + _DAY_SECONDS
        if offset(low) != offset(high):
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if offset(middle) == offset(start) else (low, middle)
            found.append(high * SECOND)
    return tuple(found)


def _end(verdict: Verdict) -> int:
    return NEVER if verdict.until is None else verdict.until


def check_negation(case: Case) -> None:
    """The negation is the exact complement and keeps the horizon."""
    for view in case.moments(case.predicate, _STEPS):
        plain, negated = case.predicate.verdict(view), (~case.predicate).verdict(view)
        if negated.holds == plain.holds or negated.until != plain.until:
            case.fail(f"{plain}, but its negation {negated}", view.now)


def check_double_negation(case: Case) -> None:
    """The negation of the negation is the predicate itself."""
    if ~~case.predicate != case.predicate or hash(~~case.predicate) != hash(case.predicate):
        case.fail(f"negated twice it is {~~case.predicate}")


def check_de_morgan(case: Case) -> None:
    """A negated group has the truth and the horizon of the opposite group of its negated parts."""
    for group in nodes(case.predicate):
        if isinstance(group, All | AnyOf | AtLeast):
            needed = {All: len(group.inside), AnyOf: 1}.get(type(group)) or group.needed  # type: ignore[union-attr]  # AtLeast
            opposite = at_least(len(group.inside) - needed + 1, *(~part for part in group.inside))
            for view in case.moments(group, _STEPS):
                left, right = (~group).verdict(view), opposite.verdict(view)
                if left != right:
                    case.fail(f"{~group} is {left}, but {opposite} is {right}", view.now)


def check_comparisons(case: Case) -> None:
    """A comparison and its opposite never both hold; of a number that has a value, one of the two does."""
    for part in nodes(case.predicate):
        if isinstance(part, Compare) and part.op in _OPPOSITES:
            opposite = Compare(part.left, _OPPOSITES[part.op], part.constant)
            for view in (*case.moments(part, _STEPS), *case.moments(opposite, _STEPS)):
                if part.verdict(view).holds and opposite.verdict(view).holds:
                    case.fail(f"both {part} and {opposite}", view.now)


def check_windows(case: Case) -> None:
    """At every instant ``within`` and ``before`` of a span share out the records of the collection."""
    for part in nodes(case.predicate):
        if isinstance(part, Window):
            _check_window(case, part)


def _check_window(case: Case, part: Window) -> None:
    view = case.view()
    whole = part.inner.members(view)
    sides = [
        *Window(part.inner, "within", part.span).members(view),
        *Window(part.inner, "before", part.span).members(view),
    ]
    edges = {edge for member in sides for edge in (member.start, member.end)} - {NEVER}
    for now in sorted({edge + step for edge in edges for step in (-1, 0)}):
        inside, shared = (
            sorted(member.record.id for member in members if member.start <= now < member.end)
            for members in (whole, sides)
        )
        if inside != shared:
            case.fail(f"{part.inner} has {inside}, but within and before {part.span!r} of it {shared}", now)


def check_dates(case: Case) -> None:
    """A period of dates holds exactly on those dates of the customer's calendar."""
    for part in nodes(case.predicate):
        if isinstance(part, Dates):
            seen = case.moments(part, _STEPS)
            for view in (evolve(each, now=each.now + step) for each in seen for step in (-1, 0, 1)):
                today = local_date(view.now, view.where)
                if part.verdict(view).holds != (part.first <= today <= part.last):
                    case.fail(f"on {today} the truth of {part} is {part.verdict(view).holds}", view.now)


def check_text(case: Case) -> None:
    """The text form parses back to an equal predicate with an equal hash and the same text."""
    text = str(case.predicate)
    names = {part.name: part.inner for part in nodes(case.predicate) if isinstance(part, Segment)}
    try:
        parsed = parse(text, segments=names)
    except RetentionError as error:
        case.fail(f"its text does not parse: {error}")
    if parsed != case.predicate or hash(parsed) != hash(case.predicate) or str(parsed) != text:
        case.fail(f"its text parses to {parsed!r}, not {case.predicate!r}")


def check_repr(case: Case) -> None:
    """The ``repr`` is a Python expression that builds an equal predicate."""
    names = {name: getattr(module, name) for module in (timing, predicates) for name in module.__all__}
    names |= {type(part).__name__: type(part) for part in nodes(case.predicate)}  # nodes of the user's own
    try:
        built = _build(ast.parse(repr(case.predicate), mode="eval").body, names)
    except (SyntaxError, ValueError, TypeError, LookupError, AttributeError, RetentionError) as error:
        case.fail(f"its repr builds nothing: {error}: {case.predicate!r}")
    if type(built) is not type(case.predicate) or built != case.predicate:
        case.fail(f"its repr builds {built!r}, not {case.predicate!r}")


def _build(node: ast.AST, names: dict[str, Any]) -> Any:
    """Evaluate the part of Python in which predicates are written; for data of our own making only."""
    match node:
        case ast.Constant():
            return node.value
        case ast.Name() if node.id in names:
            return names[node.id]
        case ast.Attribute():
            return getattr(_build(node.value, names), node.attr)
        case ast.Call():
            named = {str(each.arg): _build(each.value, names) for each in node.keywords}
            return _build(node.func, names)(*(_build(each, names) for each in node.args), **named)
        case ast.UnaryOp():
            return _OPERATORS[type(node.op)](_build(node.operand, names))
        case ast.BinOp():
            return _OPERATORS[type(node.op)](_build(node.left, names), _build(node.right, names))
        case ast.Compare(ops=[comparison]):
            return _OPERATORS[type(comparison)](_build(node.left, names), _build(node.comparators[0], names))
    raise AssertionError(f"a repr is made of public names, calls, constants and operators, not {ast.dump(node)}")


_OPERATORS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Invert: operator.invert,
    ast.USub: operator.neg,
    ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}


def check_reads(case: Case) -> None:
    """A history that keeps only what the predicate says it reads gives the same verdict."""
    names = case.predicate.reads()
    wanted = names | {"orders"} if "carts" in names else names  # the orders tell which carts were ordered
    whole, part = (case.predicate.verdict(case.view(wanted=kept)) for kept in (None, wanted))
    if whole != part:
        case.fail(f"{whole}, but {part} when only {sorted(wanted)} is kept")


LAWS: tuple[Callable[[Case], None], ...] = (
    check_horizon,
    check_negation,
    check_double_negation,
    check_de_morgan,
    check_comparisons,
    check_windows,
    check_dates,
    check_text,
    check_repr,
    check_reads,
)
"""Every law of a predicate; ``check_laws`` runs them all."""
