"""Collections as sets of conditions: order and repetition do not matter, contradictions empty them."""

from __future__ import annotations

import pytest

from retention_engine.predicates import Collection, Member, Refinable, entry, events, item, orders, purchases
from retention_engine.rules.analysis.scopes import Bound, contradict, scope_of
from retention_engine.timing import days
from retention_engine.view import View

SAME = [
    (orders.within(days(3)).where(channel="a"), orders.where(channel="a").within(days(3))),
    (orders.within(days(3)).within(days(9)), orders.within(days(3))),
    (orders.before(days(3)).before(days(9)), orders.before(days(9))),
    (orders.on_calendar_days(3).on_calendar_days(9), orders.on_calendar_days(3)),
    (orders.since(entry).where(channel="a").where(channel="a"), orders.where(channel="a").since(entry)),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_refinements_may_stand_in_any_order(one: Refinable, other: Refinable) -> None:
    """The narrower window counts."""
    assert scope_of(one) == scope_of(other)


WITHIN = [
    (orders.within(days(3)), orders.within(days(9)), True),
    (orders.before(days(9)), orders.before(days(3)), True),
    (orders.within(days(3)), orders.before(days(3)), False),
    (orders, purchases, False),
    (orders.where(item.total > 5), orders.where(item.total > 3), True),
    (orders.where(channel="a"), orders.where(item.channel.starts_with("a")), True),
    (orders.where(channel="a"), orders.where(item.channel.is_in("b", "c")), False),
    (orders, orders.where(item.channel.is_set()), False),
    (orders.on_calendar_days(2), orders.on_calendar_days(3), True),
    (orders, orders.on_calendar_days(3), False),
    (orders.since(entry), orders.since(entry), True),
    (orders.since(entry), orders.since("2026-01-01T00:00:00Z"), False),
    (orders.since("2026-01-02T00:00:00Z"), orders.since("2026-01-01T00:00:00Z"), True),
    (orders.gaps().within(days(3)), orders.gaps(), True),
    (orders.gaps(), orders.where(channel="a").gaps(), False),
    (events("a").where(x=1), events("a"), True),
]


@pytest.mark.parametrize(("one", "other", "expected"), WITHIN)
def test_one_collection_lies_within_another(one: Refinable, other: Refinable, expected: bool) -> None:
    """When each of its records meets whatever the other one asks for."""
    assert scope_of(one).lies_within(scope_of(other)) is expected


EMPTY = [
    (orders.within(days(3)).before(days(3)), True),
    (orders.within(days(4)).before(days(3)), False),
    (orders.where(channel="a").where(channel="b"), True),
    (orders.where(id="a").where(id="b"), True),
    (events("a").where(x=1).where(x="1"), True),
    (orders.where(channel="a").where(channel="b").gaps(), True),
    (orders.gaps(), False),
    (orders.since(entry), False),
]


@pytest.mark.parametrize(("collection", "expected"), EMPTY)
def test_contradictions_empty_a_collection(collection: Refinable, expected: bool) -> None:
    """Windows that exclude each other, fields that would need two values."""
    assert scope_of(collection).is_empty(entering=False) is expected


def test_nothing_is_after_entry_yet() -> None:
    """At the instant of entry."""
    assert scope_of(orders.since(entry)).is_empty(entering=True)
    assert not scope_of(orders.since("2026-01-01T00:00:00Z")).is_empty(entering=True)


def bound(collection: Refinable, number: int) -> Bound:
    """Return how many records there are of a collection."""
    return Bound(scope_of(collection), number)


def test_bounds_contradict() -> None:
    """More of the part than of the whole, one of nothing, one of what is empty on both sides."""
    young, old, middle = orders.within(days(3)), orders.before(days(3)), orders.within(days(9)).before(days(2))
    assert contradict([bound(young, 3)], [bound(orders, 2)], entering=False)
    assert not contradict([bound(orders, 3)], [bound(young, 2)], entering=False)
    assert contradict([bound(orders, 1)], [bound(young, 0), bound(old, 0)], entering=False)
    assert contradict([bound(orders, 1)], [bound(old, 0), bound(middle, 0), bound(young, 0)], entering=False)
    assert not contradict([bound(orders, 1)], [bound(young, 0), bound(orders.before(days(4)), 0)], entering=False)
    assert not contradict([bound(orders, 0)], [bound(orders, 0)], entering=False)


class Own(Collection):
    """A collection of somebody else's."""

    def members(self, view: View) -> list[Member]:
        """Return nothing."""
        return []

    def kinds(self) -> dict[str, str] | None:
        """Return one field."""
        return {"x": "number"}


def test_an_unknown_collection_is_a_base_of_its_own() -> None:
    """Nothing is known about it but its fields."""
    made = Own()
    assert scope_of(made).base is made
    assert not scope_of(made).is_empty(entering=True)
