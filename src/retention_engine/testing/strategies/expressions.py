"""Expressions over every node type of the language; spans and instants lie on the grid of the histories."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from typing import Any

from hypothesis import strategies as st

from retention_engine import predicates as p
from retention_engine import timing
from retention_engine.keys import fingerprint
from retention_engine.state import COLLECTIONS, EVENTS
from retention_engine.testing.strategies.facts import EVENT_NAMES
from retention_engine.testing.strategies.times import SPANS, corners, day_counts, instants, spans
from retention_engine.testing.strategies.words import FLOATS, NUMBERS, TEXTS
from retention_engine.timing import days, local_date, local_days

Comparison = tuple[str, Any]

_ORDER = ("<", "<=", ">", ">=")
_EQUALITY = ("==", "!=")
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_AWKWARD = ("it's", '"', "\\", "a\nb", "%", "_", "and", "((", "")
_FREE = ("score", "label", "flag", "id", "self")
_FOLDS = {
    "number": ("sum", "mean", "min", "max", "distinct", "first", "last"),
    "span": ("sum", "mean", "min", "max", "distinct", "first", "last"),
    "text": ("distinct", "first", "last"),
    "flag": ("distinct", "first", "last"),
}
_NAMES = tuple(sorted(COLLECTIONS)) + tuple(EVENTS + name for name in (*EVENT_NAMES, "viewed", "order_placed"))
_QUESTIONS = (
    *("count", "age", "count", "age", "fold", "fold", "attribute", "attribute age"),
    *("last", "local", "local", "attribute", "bucket"),
)
_MADE_OF = st.sampled_from(((), (), (), ("where",), ("where",), ("gaps",), ("where", "gaps")))
_REFINED = st.sampled_from(
    (
        *((), ("within",), ("before",), ("within",), ("days",), ("since",), ("before",), ("within", "before")),
        *(("within", "where"), ("days", "before"), ("since", "within"), ("days", "since", "days")),
    )
)
_DAYS = st.sampled_from((1, 2, 3, 7, 30))
_SIZES = st.sampled_from((1, 2, 3, 2, 3))  # a group of one is its part: so groups shrink away
_GROUPS = st.sampled_from(("all", "any", "all", "any", "not", "not", "at_least", "segment"))


def _one_of_them(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Comparison]:
    return st.tuples(st.just("in"), st.lists(values, min_size=1, max_size=3, unique=True).map(tuple))


def _ops(*ops: str, constants: st.SearchStrategy[Any]) -> st.SearchStrategy[Comparison]:
    return st.tuples(st.sampled_from(ops), constants)


@lru_cache
def comparisons(sort: str) -> st.SearchStrategy[Comparison]:
    """Return (operator, constant) pairs that a quantity of a sort can be compared with.

    Args:
        sort: number, text, flag, span, age, instant, any; count; hour or weekday for the customer's clock.
    """
    is_set: st.SearchStrategy[Comparison] = st.just(("set", None))
    words = st.sampled_from((*TEXTS, *_AWKWARD, *TEXTS[:2], "it's"))
    hours, weekdays = st.integers(0, 23), st.sampled_from(_WEEKDAYS)
    numbers = st.sampled_from((*NUMBERS, *FLOATS))
    number = st.one_of(_ops(*_ORDER, *_EQUALITY, constants=numbers), _one_of_them(numbers), is_set)
    parts = _ops("contains", "starts_with", constants=st.sampled_from((*TEXTS, *_AWKWARD[:-1], "t", "so")))
    text = st.one_of(_ops(*_EQUALITY, constants=words), parts, _one_of_them(words), is_set)
    flag = _ops(*_EQUALITY, constants=st.booleans()) | is_set
    weekday = _ops("contains", "starts_with", constants=st.sampled_from(("s", "t", "mon", "x")))
    table = {
        "number": number,
        "count": _ops(*_ORDER, *_ORDER, *_EQUALITY, constants=st.sampled_from((1, 1, 2, 1, 2, 3, 0, 0.5))) | number,
        "text": text,
        "flag": flag,
        "any": st.one_of(number, text, flag),
        "span": _ops(*_ORDER, constants=spans()) | is_set,
        "age": _ops(*_ORDER, constants=st.sampled_from((*SPANS, days(0)))),
        "instant": is_set,
        "hour": st.one_of(_ops(*_ORDER, *_EQUALITY, constants=hours), _one_of_them(hours), is_set),
        "weekday": st.one_of(_ops(*_EQUALITY, constants=weekdays), _one_of_them(weekdays), weekday),
    }
    return table[sort]


@lru_cache(maxsize=4096)
def _fields(kinds: frozenset[tuple[str, str]]) -> st.SearchStrategy[tuple[str, str]]:
    """Return (field, kind) pairs; the id comes seldom, since it meets few constants."""
    ordered = sorted(kinds, key=lambda each: each[0] == "id")
    return st.sampled_from([*ordered, *(each for each in ordered if each[0] != "id")])


def _kinds(collection: p.Refinable) -> frozenset[tuple[str, str]]:
    """Return (field, kind) pairs of a collection; the free fields of events are of any kind."""
    kinds = collection.kinds() or {name: "text" if name == "id" else "any" for name in _FREE}
    return frozenset(kinds.items())


@st.composite
def _where(draw: st.DrawFn, inner: p.Refinable) -> p.Refinable:
    name, kind = draw(_fields(_kinds(inner)))
    return p.Where(inner, p.FieldTest(name, *draw(comparisons(kind))))


@st.composite
def collections(
    draw: st.DrawFn,
    *,
    around: int | None = None,
    zone: str = "UTC",
    entry: bool = True,
    about: Sequence[str] = (),
) -> p.Refinable:
    """Return collections of every kind, refined up to five times in every way there is.

    Args:
        around: the middle of the grid of instants for ``since``; None: near an awkward moment.
        zone: whose midnights belong to the grid.
        entry: whether ``since(entry)`` may occur.
        about: names of collections (``orders``, ``events:quiz_done``) that most of them are about.
    """
    few = bool(about) and draw(st.integers(0, 5)) < 5
    made: p.Refinable = p.Records(draw(st.sampled_from(tuple(about) if few else (*["orders"] * 6, *_NAMES))))
    for step in draw(_MADE_OF):
        made = made.gaps() if step == "gaps" else draw(_where(made))
    for step in draw(_REFINED):
        match step:
            case "where":
                made = draw(_where(made))
            case "days":
                made = made.on_calendar_days(draw(_DAYS))
            case "since":
                moment = p.entry if entry and draw(st.booleans()) else draw(instants(around=around, zone=zone))
                made = p.Since(made, moment)
            case _:
                made = p.Window(made, step, draw(spans()))
    return made


@st.composite
def quantities(
    draw: st.DrawFn,
    *,
    around: int | None = None,
    zone: str = "UTC",
    entry: bool = True,
    about: Sequence[str] = (),
) -> p.Quantity:
    """Return quantities of every type: aggregates, ages, attributes, buckets, the customer's clock.

    Args:
        around: the middle of the grid of instants for ``since``; None: near an awkward moment.
        zone: whose midnights belong to the grid.
        entry: whether ``since(entry)`` may occur.
        about: names of collections that most of them are about.
    """
    match kind := draw(st.sampled_from(_QUESTIONS)):
        case "attribute":
            return p.Attribute(draw(st.sampled_from(("city", "points", "vip", "expiry", "id"))))
        case "attribute age":
            moment = p.Attribute(draw(st.sampled_from(("expiry", "expiry", "birthday", "registered", "city"))))
            return p.Age(moment, ahead=draw(st.booleans()))
        case "local":
            return draw(st.sampled_from((p.local.weekday, p.local.hour)))
        case "bucket":
            return p.bucket(draw(st.sampled_from(("spring", "O'Hara"))))
    made = draw(collections(around=around, zone=zone, entry=entry, about=about))
    if kind == "count":
        return made.count()
    if kind == "fold":
        name, held = draw(_fields(_kinds(made)))
        return p.Aggregate(draw(st.sampled_from(_FOLDS["number" if held == "any" else held])), made, name)
    end = p.Aggregate(draw(st.sampled_from(("last", "first"))), made, None)
    return p.Age(end, ahead=False) if kind == "age" else end


def _sort(quantity: p.Quantity) -> str:
    if isinstance(quantity, p.Aggregate) and quantity.fold in ("count", "distinct"):
        return "count"
    return quantity.unit if isinstance(quantity, p.Local) else quantity.sort()


@st.composite
def _leaves(draw: st.DrawFn, around: int, zone: str, asked: st.SearchStrategy[p.Quantity]) -> p.Truth:
    if draw(st.integers(0, 5)) == 5:
        return draw(_calendars(around, zone))
    quantity = draw(asked)
    return p.Compare(quantity, *draw(comparisons(_sort(quantity))))


@st.composite
def _calendars(draw: st.DrawFn, around: int, zone: str) -> p.Truth:
    """Return yearly dates and periods of dates, some of them near the middle of the grid."""
    near = local_date(draw(instants(around=around, zone=zone)), timing.zone(zone))
    if draw(st.booleans()):
        later = date.fromordinal(near.toordinal() + draw(st.sampled_from((0, 1, 7, 366))))
        return p.dates(near, later)
    attributes = tuple(p.Attribute(name) for name in ("birthday", "expiry", "city"))
    anchors: tuple[p.Attribute | p.MonthDay, ...] = (
        p.month_day(near.month, near.day),
        p.month_day(2, 29),
        p.month_day(12, 31),
        *attributes,
    )
    before = draw(day_counts()) if draw(st.booleans()) else local_days(0)
    return p.Yearly(
        anchors[draw(st.integers(0, 5))], before, draw(day_counts()), draw(st.sampled_from(("feb28", "mar1")))
    )


def _named(inner: p.Truth) -> p.Truth:
    """Return a segment whose name belongs to this predicate alone."""
    return p.segment(f"it's {fingerprint(repr(inner))[:6]}", inner)


@st.composite
def _groups(draw: st.DrawFn, inside: st.SearchStrategy[p.Truth]) -> p.Truth:
    group = draw(_GROUPS)
    if group == "not":
        return ~draw(inside)
    if group == "segment":
        return _named(draw(inside))
    parts = [draw(inside) for _ in range(draw(_SIZES))]
    if group == "at_least":
        return p.at_least(draw(st.integers(1, len(parts))), *parts)
    return (p.all_of if group == "all" else p.any_of)(*parts)


def expressions(
    *,
    max_leaves: int = 6,
    around: int | None = None,
    zone: str = "UTC",
    entry: bool = True,
    about: Sequence[str] = (),
) -> st.SearchStrategy[p.Truth]:
    """Return predicates over every node type; their windows and ages end at instants of the histories' grid.

    Args:
        max_leaves: at most so many comparisons and calendar questions in one predicate.
        around: the middle of the grid for ``since`` and ``dates``; None: near an awkward moment of a zone.
        zone: whose midnights belong to the grid.
        entry: whether ``since(entry)`` may occur.
        about: names of collections (``orders``, ``events:quiz_done``) that most of them are about.
    """
    if around is not None:
        return _expressions(max_leaves, around, zone, entry=entry, about=tuple(about))
    near = corners().map(lambda corner: corner[1])
    return near.flatmap(lambda at: _expressions(max_leaves, at, zone, entry=entry, about=tuple(about)))


@lru_cache(maxsize=1024)
def _expressions(
    max_leaves: int, around: int, zone: str, *, entry: bool, about: tuple[str, ...]
) -> st.SearchStrategy[p.Truth]:
    asked = quantities(around=around, zone=zone, entry=entry, about=about)
    return st.recursive(_leaves(around, zone, asked), _groups, max_leaves=max_leaves)
