"""Expressions over every node type of the language; spans and instants lie on the grid of the histories."""

from __future__ import annotations

from datetime import date
from typing import Any

from hypothesis import strategies as st

from retention_engine import predicates as p
from retention_engine import timing
from retention_engine.keys import fingerprint
from retention_engine.state import COLLECTIONS
from retention_engine.testing.strategies.facts import EVENT_NAMES
from retention_engine.testing.strategies.times import corners, day_counts, instants, spans
from retention_engine.testing.strategies.words import FLOATS, NUMBERS, TEXTS
from retention_engine.timing import days, local_date, local_days

Comparison = tuple[str, Any]

_ORDER = ("<", "<=", ">", ">=")
_EQUALITY = ("==", "!=")
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_AWKWARD = ("it's", '"', "\\", "a\nb", "%", "_", "and", "")
_LEAPS = ("feb28", "mar1")
_FREE = ("score", "label", "flag", "id", "self")
_FOLDS = {
    "number": ("sum", "mean", "min", "max", "distinct", "first", "last"),
    "span": ("sum", "mean", "min", "max", "distinct", "first", "last"),
    "text": ("distinct", "first", "last"),
    "flag": ("distinct", "first", "last"),
}


def _numbers() -> st.SearchStrategy[int | float]:
    return st.sampled_from((*NUMBERS, *FLOATS))


def _texts() -> st.SearchStrategy[str]:
    return st.sampled_from((*TEXTS, *_AWKWARD))


def _one_of_them(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Comparison]:
    return st.tuples(st.just("in"), st.lists(values, min_size=1, max_size=3, unique=True).map(tuple))


def _ops(*ops: str, constants: st.SearchStrategy[Any]) -> st.SearchStrategy[Comparison]:
    return st.tuples(st.sampled_from(ops), constants)


def comparisons(sort: str) -> st.SearchStrategy[Comparison]:
    """Return (operator, constant) pairs that a quantity of a sort can be compared with.

    Args:
        sort: number, text, flag, span, age, instant, any; hour or weekday for the customer's clock.
    """
    is_set: st.SearchStrategy[Comparison] = st.just(("set", None))
    parts = st.sampled_from((*TEXTS, *_AWKWARD[:-1]))
    hours, weekdays = st.integers(0, 23), st.sampled_from(_WEEKDAYS)
    number = _ops(*_ORDER, *_EQUALITY, constants=_numbers()) | _one_of_them(_numbers())
    text = _ops(*_EQUALITY, constants=_texts()) | _one_of_them(_texts())
    text |= _ops("contains", "starts_with", constants=parts)
    flag = _ops(*_EQUALITY, constants=st.booleans())
    table = {
        "number": number | is_set,
        "text": text | is_set,
        "flag": flag | is_set,
        "any": number | text | flag | is_set,
        "span": _ops(*_ORDER, constants=spans()) | is_set,
        "age": _ops(*_ORDER, constants=spans() | st.just(days(0))),
        "instant": is_set,
        "hour": _ops(*_ORDER, *_EQUALITY, constants=hours) | _one_of_them(hours) | is_set,
        "weekday": _ops(*_EQUALITY, constants=weekdays)
        | _one_of_them(weekdays)
        | _ops("contains", "starts_with", constants=st.sampled_from(("s", "t", "mon", "x"))),
    }
    return table[sort]


def _fields(collection: p.Refinable) -> dict[str, str]:
    """Return field -> kind; the free fields of events are of any."""
    return collection.kinds() or {name: "text" if name == "id" else "any" for name in _FREE}


@st.composite
def _where(draw: st.DrawFn, inner: p.Refinable) -> p.Refinable:
    name, kind = draw(st.sampled_from(sorted(_fields(inner).items())))
    return p.Where(inner, p.FieldTest(name, *draw(comparisons(kind))))


@st.composite
def collections(draw: st.DrawFn, *, around: int | None = None, zone: str = "UTC", entry: bool = True) -> p.Refinable:
    """Return collections of every kind, refined up to four times in every way there is.

    Args:
        around: the middle of the grid of instants for ``since``; None: near an awkward moment.
        zone: whose midnights belong to the grid.
        entry: whether ``since(entry)`` may occur.
    """
    names = (*["orders"] * 6, "purchases", *sorted(COLLECTIONS))
    events = [p.events(name) for name in (*EVENT_NAMES, "viewed", "tagged")]
    made: p.Refinable = draw(st.sampled_from([*map(p.Records, names), *events]))
    for step in draw(st.sampled_from(((), (), (), ("where",), ("where",), ("gaps",), ("where", "gaps")))):
        made = made.gaps() if step == "gaps" else draw(_where(made))
    for step in draw(st.lists(st.sampled_from(("within", "before", "days", "since", "where")), max_size=3)):
        match step:
            case "where":
                made = draw(_where(made))
            case "days":
                made = made.on_calendar_days(draw(st.sampled_from((1, 2, 3, 7, 30))))
            case "since":
                made = p.Since(
                    made, p.entry if entry and draw(st.booleans()) else draw(instants(around=around, zone=zone))
                )
            case _:
                made = p.Window(made, step, draw(spans()))
    return made


@st.composite
def quantities(draw: st.DrawFn, *, around: int | None = None, zone: str = "UTC", entry: bool = True) -> p.Quantity:
    """Return quantities of every type: aggregates, ages, attributes, buckets, the customer's clock.

    Args:
        around: the middle of the grid of instants for ``since``; None: near an awkward moment.
        zone: whose midnights belong to the grid.
        entry: whether ``since(entry)`` may occur.
    """
    kind = draw(st.sampled_from(("count", "age", "fold", "attribute", "end", "local", "ahead", "bucket")))
    if kind in ("attribute", "ahead"):
        names = ("expiry", "birthday", "registered") if kind == "ahead" else ("city", "points", "vip", "expiry", "id")
        attribute = p.Attribute(draw(st.sampled_from(names)))
        return attribute if kind == "attribute" else p.Age(attribute, ahead=draw(st.booleans()))
    if kind == "local":
        return draw(st.sampled_from((p.local.weekday, p.local.hour)))
    if kind == "bucket":
        return p.bucket(draw(st.sampled_from(("spring", "O'Hara"))))
    made = draw(collections(around=around, zone=zone, entry=entry))
    if kind == "count":
        return made.count()
    if kind == "fold":
        name, held = draw(st.sampled_from(sorted(_fields(made).items())))
        return p.Aggregate(draw(st.sampled_from(_FOLDS["number" if held == "any" else held])), made, name)
    moment = draw(st.sampled_from(("last", "first")))
    return p.Age(p.Aggregate(moment, made, None), ahead=False) if kind == "age" else p.Aggregate(moment, made, None)


def _sort(quantity: p.Quantity) -> str:
    return quantity.unit if isinstance(quantity, p.Local) else quantity.sort()


@st.composite
def _compares(draw: st.DrawFn, around: int, zone: str, *, entry: bool) -> p.Truth:
    quantity = draw(quantities(around=around, zone=zone, entry=entry))
    return p.Compare(quantity, *draw(comparisons(_sort(quantity))))


@st.composite
def _calendars(draw: st.DrawFn, around: int, zone: str) -> p.Truth:
    """Return yearly dates and periods of dates, some of them near the middle of the grid."""
    near = local_date(draw(instants(around=around, zone=zone)), timing.zone(zone))
    if draw(st.booleans()):
        later = date.fromordinal(near.toordinal() + draw(st.sampled_from((0, 1, 7, 366))))
        return p.dates(near, later)
    days_of_year = st.sampled_from((p.month_day(near.month, near.day), p.month_day(2, 29), p.month_day(12, 31)))
    attributes = st.sampled_from([p.Attribute(name) for name in ("birthday", "expiry", "city")])
    before = draw(day_counts() | st.just(local_days(0)))
    return p.Yearly(draw(attributes | days_of_year), before, draw(day_counts()), draw(st.sampled_from(_LEAPS)))


def _named(inner: p.Truth) -> p.Truth:
    """Return a segment whose name belongs to this predicate alone."""
    return p.segment(f"it's {fingerprint(repr(inner))[:6]}", inner)


@st.composite
def _leaves(draw: st.DrawFn, around: int, zone: str, *, entry: bool) -> p.Truth:
    if draw(st.integers(0, 4)) < 4:
        return draw(_compares(around, zone, entry=entry))
    return draw(_calendars(around, zone))


@st.composite
def _groups(draw: st.DrawFn, inside: st.SearchStrategy[p.Truth]) -> p.Truth:
    group = draw(st.sampled_from(("all", "any", "all", "any", "not", "not", "at_least", "segment")))
    if group == "not":
        return ~draw(inside)
    if group == "segment":
        return _named(draw(inside))
    parts = draw(st.lists(inside, min_size=2, max_size=3))
    if group == "at_least":
        return p.at_least(draw(st.integers(1, len(parts))), *parts)
    return (p.all_of if group == "all" else p.any_of)(*parts)


def expressions(
    *, max_leaves: int = 6, around: int | None = None, zone: str = "UTC", entry: bool = True
) -> st.SearchStrategy[p.Truth]:
    """Return predicates over every node type; their windows and ages end at instants of the histories' grid.

    Args:
        max_leaves: at most so many comparisons and calendar questions in one predicate.
        around: the middle of the grid for ``since`` and ``dates``; None: near an awkward moment of a zone.
        zone: whose midnights belong to the grid.
        entry: whether ``since(entry)`` may occur.
    """
    if around is None:
        near = corners().map(lambda corner: corner[1])
        return near.flatmap(lambda at: expressions(max_leaves=max_leaves, around=at, zone=zone, entry=entry))
    return st.recursive(_leaves(around, zone, entry=entry), _groups, max_leaves=max_leaves)
