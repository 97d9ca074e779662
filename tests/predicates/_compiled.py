"""A compiled program beside the tree walk: one customer is followed through time, and both must say the same."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from heapq import heapify, heappop, heappush
from typing import Any

from attrs import evolve
from hypothesis import strategies as st

from retention_engine.facts import AttributeChanged, Event, Fact
from retention_engine.predicates import Compare, Truth, all_of, any_of, at_least, customer, events, item, orders
from retention_engine.predicates.cells import Cells
from retention_engine.predicates.compiler import Program, compile_predicates
from retention_engine.state import History, apply
from retention_engine.testing import walk
from retention_engine.testing.strategies import histories, spans
from retention_engine.timing import DAY, NEVER, days
from retention_engine.view import View, zone_of

START = 1_700_000_000_000_000
HORIZONS = 12


def known(*facts: Fact, wanted: frozenset[str] | None = None) -> History:
    """Return the history of these facts."""
    history = History("customer-7", wanted)
    for fact in facts:
        apply(history, fact)
    return history


def attribute(name: str, value: Any, at: int = START, *, instant: bool = False) -> AttributeChanged:
    """Return the fact that an attribute got a value."""
    return AttributeChanged(id=f"{name}-{at}", customer="customer-7", at=at, name=name, value=value, is_instant=instant)


def event(name: str, at: int = START, **data: Any) -> Event:
    """Return an event of the shop's own."""
    return Event(id=f"{name}-{at}", customer="customer-7", at=at, name=name, data=data)


def slots(program: Program, record: Any) -> dict[str, Any]:
    """Return what a record holds for the functions of its program, without the kept verdicts."""
    cells: Cells = program._cells
    kept = {name for answer in cells.answers for name in (answer.holds, answer.until)}
    values = {name: getattr(record, name) for name in cells.fills if name not in kept}
    return {name: "no number" if value != value else value for name, value in values.items()}


def follow(predicates: Sequence[Truth], facts: Iterable[Fact], *, zone: str = "UTC", look_ahead: int = 120) -> None:
    """Check both functions at each fact, for ``look_ahead`` days after the last one, and around the horizons they gave.

    Raises:
        AssertionError: a truth differs from the tree walk's, or a horizon is late or not later than its instant.
    """
    program = compile_predicates(predicates)
    history = History("customer-7", wanted=program.wanted)
    record = program.record(history, zone)
    coming = sorted(facts, key=lambda fact: (fact.effective, fact.at, fact.id))
    last = coming[-1].effective if coming else START
    todo = sorted({fact.effective for fact in coming} | {last + day * DAY for day in range(0, look_ahead, 7)})
    heapify(todo)
    asked, left = set(todo), HORIZONS
    while todo:
        now = heappop(todo)
        while coming and coming[0].effective <= now:
            apply(history, coming.pop(0))
        program.update(record)
        until = min(_check(program, record, now), coming[0].effective if coming else NEVER)
        _check_steady(predicates, View(history, now, zone_of(history, zone)), until)
        if until < NEVER and left:
            left -= 1
            for each in {until - 1, until, until + 1} - asked:
                if each > now:
                    asked.add(each)
                    heappush(todo, each)


def _check(program: Program, record: Any, now: int) -> int:
    """Compare the truths of an instant and return the horizon."""
    view = View(record.history, now, record.where)
    expected = sum(predicate.verdict(view).holds << bit for bit, predicate in enumerate(program.predicates))
    mask = program.boolean(record, now)
    assert mask == expected, f"at {now} the Boolean function says {mask:b}, the tree walk {expected:b}"
    mask, until = program.horizon(record, now)
    assert mask == expected, f"at {now} the horizon function says {mask:b}, the tree walk {expected:b}"
    assert until > now, f"at {now} the horizon is {until}"
    return until


def _check_steady(predicates: Sequence[Truth], view: View, until: int) -> None:
    for predicate in predicates:
        truths = {}
        for at, verdict in walk(predicate, lambda now: evolve(view, now=now), view.now, to=until - 1):
            truths[at] = verdict.holds
        assert len(set(truths.values())) == 1, f"{predicate} turns before {until}: {truths}"


_INSTANTS = ("expiry", "birth", "registered")
_GRID = tuple(START + step * DAY for step in (-40, -30, -7, -1, 0, 1, 7, 30, 40))


def _attribute_leaves() -> st.SearchStrategy[Truth]:
    """Return the leaves for which the generator writes code of its own: ages, distances, numbers, texts, flags."""
    names, orders_ = st.sampled_from(_INSTANTS), st.sampled_from(("<", "<=", ">", ">="))
    lengths = spans() | st.sampled_from((days(0), days(1), days(7), days(30), days(31)))
    ages = st.builds(lambda name, op, span: Compare(getattr(customer, name).age, op, span), names, orders_, lengths)
    ahead = st.builds(lambda name, op, span: Compare(getattr(customer, name).ahead, op, span), names, orders_, lengths)
    numbers = st.builds(
        lambda op, number: Compare(customer.points, op, number),
        st.sampled_from(("<", "<=", ">", ">=", "==", "!=")),
        st.sampled_from((0, 1, 5, -3, 2.5)),
    )
    others = st.sampled_from(
        [
            *(customer.vip == True, customer.vip == False, customer.vip != True, customer.vip != False),  # noqa: E712 - a predicate
            *(customer.points.is_in(1, 5), customer.points.is_in(2.5, 5), customer.points.is_set()),
            *(customer.city == "Kazan", customer.city != "Kazan", customer.city.is_in("Kazan", "Omsk")),
            *(customer.city.contains("a"), customer.city.starts_with("O"), customer.expiry.is_set()),
        ]
    )
    return ages | ages | ahead | numbers | others


def _record_leaves() -> st.SearchStrategy[Truth]:
    collections = st.sampled_from((orders, orders.where(item.total >= 1000), events("played")))
    lengths = spans()
    ends = st.sampled_from(("first", "last"))
    ages = st.builds(
        lambda made, end, op, span: Compare(getattr(made, end)().age, op, span),
        *(collections, ends, st.sampled_from(("<", "<=", ">", ">=")), lengths),
    )
    counts = st.builds(
        lambda made, side, span, op, number: Compare(getattr(made, side)(span).count(), op, number),
        *(collections, st.sampled_from(("within", "before")), lengths),
        *(st.sampled_from(("<", "<=", ">", ">=", "==", "!=")), st.integers(-1, 3)),
    )
    sums = st.builds(
        lambda op, number: Compare(orders.within(days(30)).sum("total"), op, number),
        *(st.sampled_from((">=", "<", "==")), st.integers(0, 3000)),
    )
    return ages | counts | counts | sums


def _groups(inside: st.SearchStrategy[Truth]) -> st.SearchStrategy[Truth]:
    parts = st.lists(inside, min_size=2, max_size=4)
    return (
        parts.map(lambda each: all_of(*each))
        | parts.map(lambda each: any_of(*each))
        | inside.map(lambda each: ~each)
        | parts.map(lambda each: at_least(2, *each))
    )


def hot_expressions(*, max_leaves: int = 12) -> st.SearchStrategy[Truth]:
    """Return predicates made of what the generator writes itself, deeply mixed."""
    leaves = _attribute_leaves() | _attribute_leaves() | _record_leaves()
    return st.recursive(leaves, _groups, max_leaves=max_leaves)


@st.composite
def hot_facts(draw: st.DrawFn) -> list[Fact]:
    """Return facts about what ``hot_expressions`` asks for, values of the wrong kind and instants ahead included."""
    times = st.sampled_from(_GRID)
    made: list[Fact] = []
    for number in range(draw(st.integers(0, 10))):
        at, name = draw(times), draw(st.sampled_from((*_INSTANTS, "points", "vip", "city", "points", "expiry")))
        if name in _INSTANTS and draw(st.integers(0, 4)):
            made.append(_renamed(attribute(name, draw(times), at, instant=True), number))
        else:
            value = draw(st.sampled_from((None, 0, 1, 5, -3, 2.5, True, False, "Kazan", "Omsk", "")))
            made.append(_renamed(attribute(name, value, at), number))
    bought = draw(histories(max_orders=5, max_others=0, around=START))
    played = [event("played", at) for at in draw(st.lists(times, max_size=3, unique=True))]
    return [*made, *bought, *played]


def _renamed(fact: Fact, number: int) -> Fact:
    return evolve(fact, id=f"{fact.id}-{number}")
