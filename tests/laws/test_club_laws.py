"""The laws of the engine with a club: time may be cut anywhere, stores agree, the counter knows what is recorded."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st

from retention_engine import Engine
from retention_engine.stores import SqliteStore
from retention_engine.timing import HOUR
from tests.laws._club import CLUB, LENGTH, RULES, START, Life, lived, lives

CUTS = st.lists(st.integers(1, (LENGTH + 30) * 24).map(lambda hour: START + hour * HOUR), max_size=6)


@given(lives(), CUTS)
def test_time_may_be_cut_anywhere(life: Life, cuts: list[int]) -> None:
    """Decisions, accounts, levels, codes: the same facts, byte by byte, however often the engine is advanced."""
    assert lived(life, cuts) == lived(life, [])


@settings(max_examples=15)
@given(lives(most=4), CUTS)
def test_stores_agree(life: Life, cuts: list[int]) -> None:
    """SQLite keeps what memory keeps."""
    with TemporaryDirectory() as folder:
        found = lived(life, cuts, store=SqliteStore(Path(folder) / "shop.db"))
    assert found == lived(life, cuts)


@given(lives(), st.data())
def test_facts_may_be_recorded_in_any_order(life: Life, data: st.DataObject) -> None:
    """What is recorded before time gets there may come in any order."""
    order = data.draw(st.permutations(range(len(life.facts))))
    assert lived(life, [], order=order) == lived(life, [])


@given(lives(), st.integers(1, LENGTH * 24))
def test_the_counter_knows_what_was_recorded(life: Life, hour: int) -> None:
    """Before any advance the cashier says of orders and bonuses what the engine says after it, rules apart."""
    at = START + hour * HOUR
    words: dict[str, Any] = {"club": CLUB, "since": START, "zone": "Europe/Berlin"}
    with Engine([], **words) as asked, Engine([], **words) as advanced:
        for engine in (asked, advanced):
            engine.record(life.facts)
        advanced.advance(at)
        ahead = asked.cashier.balance("anna", "pts", at=at)
        assert ahead == advanced.cashier.balance("anna", "pts", at=at)
        assert asked.cashier.standing("anna", "tiers", at=at) == advanced.cashier.standing("anna", "tiers", at=at)
        assert len(asked.store.facts.of(["anna"])["anna"]) == len({fact.id for fact in life.facts})


@pytest.mark.parametrize("rule", [rule.id for rule in RULES])
def test_the_lives_reach_everything(rule: str) -> None:
    """Every rule does something somewhere: a law over lives in which nothing happens would hold of anything."""
    find(lives(), lambda life: rule in acted(life), settings=settings(max_examples=500))


def acted(life: Life) -> set[str]:
    """Return the rules that did something."""
    with Engine(RULES, club=CLUB, since=START, zone="Europe/Berlin") as engine:
        engine.record(life.facts)
        return {decision.rule for decision in engine.advance(life.end).decisions if decision.action is not None}
