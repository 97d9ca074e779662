"""The laws of the engine with a club: time may be cut anywhere, stores agree, the counter knows what is recorded."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st

from retention_engine import Engine
from retention_engine.batch import members
from retention_engine.errors import LedgerError
from retention_engine.facts import Fact
from retention_engine.predicates import Truth, member
from retention_engine.state import History, fold
from retention_engine.stores import SqliteStore
from retention_engine.timing import DAY, HOUR, days, hours
from retention_engine.view import View, zone_of
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


QUESTIONS = [
    member.balance("pts") >= 12,
    member.pending("pts") > 0,
    member.held("pts") > 0,
    member.debt("pts") > 0,
    member.expiring("pts", days(2)) >= 5,
    member.vesting("pts", days(1)) >= 1,
    member.tier("tiers") == "gold",
    member.tier_rank("tiers") >= 1,
    member.to_next("tiers") <= 500,
    member.to_keep("tiers") > 0,
    member.in_grace("tiers"),
    member.review_due("tiers", days(5)),
    member.streak("daily") >= 2,
    member.streak_at_risk("daily", hours(6)),
    member.progress("three") >= 2,
    member.achievement("three") == "completed",
    member.codes("spring") >= 1,
    member.codes_expiring("spring", days(2)) >= 1,
    member.codes_held("spring") >= 1,
]


def facts_of(life: Life) -> list[Fact]:
    """Return the facts of a life, with everything that came of them."""
    with Engine(RULES, club=CLUB, since=START, zone="Europe/Berlin") as engine:
        engine.record(life.facts)
        for command in life.commands:
            engine.advance(command.at)
            with suppress(LedgerError):
                engine.cashier.do(command)
        engine.advance(life.end)
        return engine.store.facts.of(["anna"])["anna"]


def holds(question: Truth, facts: list[Fact], at: int) -> bool:
    """Return the truth, asked of a history that nobody asked before."""
    history = fold(History("anna", teller=CLUB), facts)
    return question.verdict(View(history, at, zone_of(history, "Europe/Berlin"))).holds


@settings(max_examples=40)
@given(lives(), st.integers(1, LENGTH * 24), st.sampled_from(QUESTIONS))
def test_what_is_told_of_the_future_comes(life: Life, hour: int, question: Truth) -> None:
    """With no new fact, the truth of every question is constant up to ``until`` and differs there."""
    at = START + hour * HOUR
    known = [fact for fact in facts_of(life) if fact.effective <= at]
    history = fold(History("anna", teller=CLUB), known)
    now = at
    for _ in range(6):
        verdict = question.verdict(View(history, now, zone_of(history, "Europe/Berlin")))
        assert verdict.holds == holds(question, known, now)
        end = now + 60 * DAY if verdict.until is None else verdict.until
        probes = [now + (end - now) * part // 7 for part in range(1, 7)]
        assert all(holds(question, known, probe) == verdict.holds for probe in (*probes, end - 1))
        if verdict.until is None:
            break
        assert holds(question, known, end) != verdict.holds
        now = end


@settings(max_examples=15)
@given(st.lists(lives(most=4), min_size=1, max_size=3), st.integers(1, LENGTH * 24))
def test_sql_agrees(given: list[Life], hour: int) -> None:
    """The members of every question are those that the tree walk finds."""
    at = START + hour * HOUR
    people = []
    for number, life in enumerate(given):
        known = [fact for fact in facts_of(life) if fact.effective <= at]
        people.append(fold(History(f"anna{number}", teller=CLUB), known))
    asked = {str(question): question for question in QUESTIONS}
    views = {one.customer: View(one, at, zone_of(one, "Europe/Berlin")) for one in people}
    expected = {
        name: [who for who, view in views.items() if question.verdict(view).holds] for name, question in asked.items()
    }
    assert members(asked, people, at=at, shop_zone="Europe/Berlin") == expected
