"""Who is in a segment, asked one by one."""

from __future__ import annotations

import pytest

from retention_engine import Engine, days, orders
from retention_engine.clubs import Club, Programme
from retention_engine.engine.membership import Member, histories, members
from retention_engine.errors import DefinitionError
from retention_engine.loyalty import Unit
from retention_engine.predicates import member
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


def test_a_question_about_members_needs_the_club() -> None:
    """Without one it would hold of nobody, whoever is a member; a club that has no such unit is told so."""
    asked = orders.exists() & (member.balance("pts") <= 10)
    with pytest.raises(DefinitionError, match=r"it asks .*member.balance\('pts'\) <= 10.*, and there is no club"):
        Engine([], store=store()).members(asked, START + DAY)
    club = Club(programmes=[Programme(id="club", unit=Unit("pts"), currency="EUR")])
    assert len(Engine([], store=store(), club=club).members(asked, START + DAY)) == 2
    with pytest.raises(DefinitionError, match="no 'stars' among its programmes"):
        Engine([], store=store(), club=club).members(member.balance("stars") <= 10, START + DAY)
