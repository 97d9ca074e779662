"""Columns follow the history in place, and windows over them answer as the tree walk does."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from retention_engine.facts import Fact
from retention_engine.predicates import Compare, Truth, customer, events, item, orders, purchases
from retention_engine.predicates.columns import Column, ColumnSpec, unwindowed, wanted_by, whole, window_of
from retention_engine.state import EventRecord, History, apply
from retention_engine.testing import walk
from retention_engine.testing.strategies import histories, spans
from retention_engine.timing import DAY, days, hours
from retention_engine.view import View, zone_of
from tests.predicates._compiled import START, event, known

COLLECTIONS = (
    orders,
    orders.where(item.total >= 1000),
    purchases,
    purchases.where(item.quantity > 1),
    events("played"),
)


def column_of(collection: Any, *summed: str) -> Column:
    """Return the empty column of a collection."""
    spec = unwindowed(collection)
    assert spec is not None
    return Column(spec, {name: [0] for name in summed})


@given(histories(max_orders=6, max_others=6), st.sampled_from(COLLECTIONS[:4]), st.randoms(use_true_random=False))
def test_following_the_changes_gives_what_reading_again_gives(facts: list[Fact], collection: Any, chance: Any) -> None:
    """Facts in any order, some of them twice: late ones, replacements and removals included."""
    field = "total" if collection in COLLECTIONS[:2] else "amount"
    column, fresh = column_of(collection, field), column_of(collection, field)
    history = History("customer-7")
    arrived = [*facts, *facts[:3]]
    chance.shuffle(arrived)

    for fact in arrived:
        apply(history, fact)
        for change in history.drain()[0]:
            if change.collection == column.spec.base:
                column.take(change, history)

    fresh.rebuild(history)
    assert column == fresh
    assert column.at == [row.at for row in column.rows]


@given(
    histories(max_orders=8, max_others=0),
    st.sampled_from(COLLECTIONS[:2]),
    st.lists(st.tuples(st.sampled_from(("within", "before")), spans()), min_size=1, max_size=2),
    st.sampled_from(("<", "<=", ">", ">=", "==", "!=")),
    st.sampled_from((0, 1, 2, 3, 1000, 2500)),
)
def test_a_window_answers_as_the_tree_walk(
    facts: list[Fact], collection: Any, sides: list[tuple[str, Any]], op: str, number: int
) -> None:
    """Counts and sums, one or two windows: the same truth and the same horizon, from horizon to horizon."""
    history = known(*facts)
    last = max((fact.effective for fact in facts), default=START)
    for side, span in sides:
        collection = getattr(collection, side)(span)
    for quantity in (collection.count(), collection.sum("total")):
        predicate = Compare(quantity, op, number)
        spec = window_of(predicate)
        assert spec is not None
        column = Column(spec.column, {} if spec.summed is None else {spec.summed: [0]})
        column.rebuild(history)
        view = View(history, last, zone_of(history, "UTC"))
        for now, verdict in walk(predicate, lambda now, view=view: evolve(view, now=now), last):
            assert spec.verdict(column, now) == verdict


@pytest.mark.parametrize(
    "predicate",
    [
        customer.points > 1,
        orders.mean("total") > 1,
        orders.last().age > days(1),
        orders.gaps().count() > 1,
        orders.on_calendar_days(3).count() > 1,
        orders.since("2026-01-01T00:00:00Z").count() > 1,
    ],
)
def test_other_comparisons_are_no_windows(predicate: Truth) -> None:
    """They have other horizons than the edges of a span."""
    assert isinstance(predicate, Compare)
    assert window_of(predicate) is None


def test_a_window_is_the_intersection_of_its_spans() -> None:
    """In whatever order windows and conditions are written."""
    predicate = (
        orders.within(days(9)).where(item.total > 5).before(days(1)).within(days(30)).before(hours(1)).count() > 1
    )
    assert isinstance(predicate, Compare)

    spec = window_of(predicate)

    assert spec is not None
    assert (spec.young, spec.old, spec.summed) == (DAY, 9 * DAY, None)
    assert (spec.column.base, [where.test for where in spec.column.wheres]) == ("orders", [item.total > 5])


def test_a_refined_collection_keeps_the_order_of_its_conditions() -> None:
    """Time must not change it."""
    made = orders.where(item.total > 5).where(channel="web")

    spec = unwindowed(made)

    assert spec is not None
    assert [str(where.test.field) for where in spec.wheres] == ["total", "channel"]
    assert unwindowed(orders.within(days(9))) is None
    assert unwindowed(orders.gaps()) is None


@pytest.mark.parametrize(("value", "expected"), [(7, 7), (True, 0), (2.5, 0), ("7", 0), (None, 0)])
def test_only_whole_numbers_are_summed(value: Any, expected: int) -> None:
    """Anything else adds nothing."""
    assert whole(EventRecord("e", START, {"score": value}), "score") == expected


def test_the_field_of_a_built_in_record_is_summed() -> None:
    """It is an attribute of the record."""
    column = column_of(orders, "total")
    column.rebuild(known())

    assert column.sums == {"total": [0]}


def test_records_of_one_instant_are_told_apart_by_their_ids() -> None:
    """The later id is the newer record; an older one makes the column read again."""
    column, history = column_of(events("played"), "score"), known()
    for fact in (event("played", START, score=1), evolve(event("played", START, score=2), id="a")):
        apply(history, fact)
        for change in history.drain()[0]:
            column.take(change, history)

    assert [row.id for row in column.rows] == ["a", f"played-{START}"]
    assert column.sums == {"score": [0, 2, 3]}


def test_carts_need_the_orders() -> None:
    """They tell which carts were ordered; attributes and the entry of a journey are no collections."""
    assert wanted_by(frozenset({"carts", "customer.city", "entry"})) == {"carts", "orders"}
    assert wanted_by(frozenset({"visits"})) == {"visits"}


def test_a_condition_keeps_records_out() -> None:
    """Of all its conditions."""
    spec = unwindowed(events("played").where(item.score > 5).where(level="hard"))
    assert isinstance(spec, ColumnSpec)

    kept = [
        spec.keeps(EventRecord("e", START, data))
        for data in ({"score": 7, "level": "hard"}, {"score": 7}, {"level": "hard"}, {"score": 1, "level": "hard"})
    ]

    assert kept == [True, False, False, False]
