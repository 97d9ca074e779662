"""Who is in a segment, asked one by one."""

from __future__ import annotations

from retention_engine import days, orders
from retention_engine.engine.membership import Member, histories, members
from retention_engine.stores import MemoryStore
from retention_engine.timing import DAY, HOUR
from tests.engine._shop import ANNA, START, order


def store() -> MemoryStore:
    """Return a store with an order of anna's and, a day later, one of boris's."""
    made = MemoryStore()
    with made.transaction():
        made.facts.append([order("2", START + DAY, "boris"), order("1", START)])
    return made


def test_members_come_with_their_horizon() -> None:
    """None where only a fact can change it."""
    known = list(histories(store(), START + DAY))
    fresh = members(orders.within(days(2)).exists(), known, at=START + DAY, zone="UTC")
    assert list(fresh) == [Member(ANNA, START + 2 * DAY), Member("boris", START + 3 * DAY)]
    ever = members(orders.exists() & (orders.last().age >= days(1)), known, at=START + DAY, zone="UTC")
    assert list(ever) == [Member(ANNA, None)]


def test_those_of_whom_nothing_was_known_are_passed_over() -> None:
    """Whatever would hold of an empty history."""
    known = histories(store(), START + HOUR)
    assert [one.customer for one in members(~orders.before(days(9)).exists(), known, at=START + HOUR, zone="UTC")] == [
        ANNA
    ]
