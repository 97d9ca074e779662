"""Predicates whose questions are about the same few things, so that they often contradict each other."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from retention_engine import predicates as p
from retention_engine.testing import Case
from retention_engine.testing.strategies import comparisons, corners, expressions, histories, instants, spans
from retention_engine.timing import Span

_BASES = (p.orders, p.orders, p.purchases, p.events("quiz_done"), p.carts)
_FREE = {"score": "any", "label": "any"}
_QUANTITIES = (
    *(p.Attribute("city"), p.Attribute("expiry"), p.Age(p.Attribute("expiry"), ahead=False)),
    *(p.Age(p.Attribute("expiry"), ahead=True), p.local.hour, p.local.weekday),
)


@st.composite
def _refined(draw: st.DrawFn, made: p.Refinable, lengths: list[Span]) -> p.Refinable:
    for step in draw(st.lists(st.sampled_from(("within", "before", "where", "days")), max_size=2)):
        if step == "where":
            name, kind = draw(st.sampled_from(sorted((made.kinds() or _FREE).items())))
            made = p.Where(made, p.FieldTest(name, *draw(comparisons(kind))))
        elif step == "days":
            made = made.on_calendar_days(draw(st.sampled_from((1, 2, 3))))
        else:
            made = p.Window(made, step, draw(st.sampled_from(lengths)))
    return made


@st.composite
def _folded(draw: st.DrawFn, made: p.Refinable) -> p.Truth:
    name, kind = draw(st.sampled_from(sorted((made.kinds() or _FREE).items())))
    numeric = ("sum", "min", "max", "mean") if kind in ("number", "any") else ()
    quantity = p.Aggregate(draw(st.sampled_from(("first", "last", "distinct", *numeric))), made, name)
    return p.Compare(quantity, *draw(comparisons(quantity.sort())))


@st.composite
def _questions(draw: st.DrawFn, base: p.Refinable, lengths: list[Span], around: int, zone: str) -> p.Truth:
    made = draw(_refined(base, lengths))
    order = st.sampled_from((">=", "<", ">", "<="))
    match draw(st.sampled_from(("count", "exists", "age", "fold", "customer", "any"))):
        case "count":
            op = draw(order | st.sampled_from(("==", "!=")))
            return p.Compare(made.count(), op, draw(st.sampled_from((0, 1, 2, 3, 1.5))))
        case "exists":
            return made.exists()
        case "age":
            moment = draw(st.sampled_from((made.last(), made.first())))
            return p.Compare(moment.age, draw(order), draw(st.sampled_from(lengths)))
        case "fold":
            return draw(_folded(made))
        case "customer":
            quantity = draw(st.sampled_from(_QUANTITIES))
            sort = quantity.unit if isinstance(quantity, p.Local) else quantity.sort()
            return p.Compare(quantity, *draw(comparisons(sort)))
    return draw(expressions(max_leaves=1, around=around, zone=zone))


@st.composite
def related(draw: st.DrawFn, *, around: int, zone: str) -> p.Truth:
    """Return predicates about one collection, with two or three lengths of time."""
    base, lengths = draw(st.sampled_from(_BASES)), draw(st.lists(spans(), min_size=2, max_size=3))

    def group(inside: st.SearchStrategy[p.Truth]) -> st.SearchStrategy[p.Truth]:
        several = st.lists(inside, min_size=2, max_size=3)
        joined: Any = several.map(lambda parts: p.all_of(*parts)) | several.map(lambda parts: p.any_of(*parts))
        return joined | inside.map(lambda part: ~part)

    return draw(st.recursive(_questions(base, lengths, around, zone), group, max_leaves=6))


@st.composite
def related_cases(draw: st.DrawFn) -> Case:
    """Return such predicates with a customer to ask them of."""
    zone, around = draw(corners())
    return Case(
        predicate=draw(related(around=around, zone=zone)),
        facts=draw(histories(max_orders=4, max_others=6, around=around, zone=zone)),
        at=draw(instants(around=around, zone=zone)),
        zone=zone,
        entry=draw(st.none() | instants(around=around, zone=zone)),
    )
