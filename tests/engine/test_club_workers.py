"""Several workers and several counters at one store: no place of an account is filled twice, nothing is lost."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from retention_engine import Engine, Rule, entering, on, orders
from retention_engine.errors import Insufficient, KeyConflict, TimeError
from retention_engine.facts import LedgerPosted
from retention_engine.loyalty import Redeem, Transfer
from retention_engine.predicates import member
from retention_engine.rules import Grant
from retention_engine.timing import DAY, HOUR
from tests.engine.test_cashier import CLUB, NOW, order, words

RULES = [
    Rule("each", on(orders), Grant("pts", 3)),
    Rule("rich", entering(member.balance("pts") >= 100), Grant("pts", 7)),
]
CUSTOMERS = ("anna", "bob", "cara")


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Return the address of a store."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/shop.db"
    else:
        pytest.importorskip("psycopg", reason="psycopg is not installed")
        yield request.getfixturevalue("postgres_url")


def test_counters_and_workers_meet_at_the_same_accounts(url: str) -> None:
    """Two record and spend, two advance, all at once; at the end every point is accounted for."""
    engines = [Engine(RULES, store=url, club=CLUB, since=NOW - DAY) for _ in range(4)]
    engines[0].advance(NOW - 1)
    rounds = 6

    def serve(number: int) -> int:
        spent, engine = 0, engines[number]
        for turn in range(rounds):
            at = NOW + turn * HOUR
            for customer in CUSTOMERS:
                name = f"{customer}-{number}-{turn}"
                engine.record(order(name, 3_000, at=at + number, customer=customer))
                with suppress(Insufficient):
                    engine.cashier.do(
                        Redeem(**words(engine, f"r{name}", at + number, customer), amount=9, purpose="gift")
                    )
                    spent += 9
            anna, bob = (engine.cashier.account(each, "pts") for each in CUSTOMERS[:2])
            with suppress(Insufficient):
                engine.cashier.do(Transfer(key=f"t{number}-{turn}", account=anna, at=at + number, to=bob, amount=2))
        return spent

    def work(number: int) -> int:
        for turn in range(rounds):
            with suppress(TimeError):  # the other one was faster
                engines[number].advance(NOW + turn * HOUR)
        return 0

    with ThreadPoolExecutor(4) as pool:
        found = [pool.submit(task, number) for number, task in enumerate((serve, serve, work, work))]
        spent = sum(each.result(120) for each in found)
    try:
        engine = engines[0]
        engine.advance(NOW + 3 * DAY)
        assert engine.verify() == []
        posted = [
            fact
            for facts in engine.store.facts.of(CUSTOMERS).values()
            for fact in facts
            if isinstance(fact, LedgerPosted)
        ]
        bought = 2 * rounds * len(CUSTOMERS)
        granted = sum(fact.amount for fact in posted if fact.what == "earn")
        assert sum(fact.amount for fact in posted if fact.what == "order") == bought * 30
        assert sum(1 for fact in posted if fact.what == "earn" and fact.amount == 3) == bought
        assert -sum(fact.amount for fact in posted if fact.what == "redeem") == spent
        assert sum(fact.amount for fact in posted if fact.what == "transfer") == 0
        left = sum(engine.cashier.balance(each, "pts", at=NOW + 3 * DAY).available for each in CUSTOMERS)
        assert left == bought * 30 + granted - spent
    finally:
        for each in engines:
            each.close()


def test_one_key_is_one_command_for_several_counters(url: str) -> None:
    """Asked for two customers at once, one gets it, and the other hears of the conflict."""
    engines = [Engine(RULES, store=url, club=CLUB, since=NOW - DAY) for _ in range(2)]
    engines[0].record(order(customer, 3_000, customer=customer) for customer in CUSTOMERS)

    def spend(number: int) -> list[str]:
        done, engine = [], engines[number]
        for turn in range(6):
            with suppress(KeyConflict):
                given = words(engine, f"k{turn}", NOW + turn, CUSTOMERS[number])
                done.append(str(engine.cashier.do(Redeem(**given, amount=1)).result["redemption"]))
        return done

    with ThreadPoolExecutor(2) as pool:
        done = [key for found in pool.map(spend, range(2)) for key in found]
    try:
        assert sorted(done) == [f"k{turn}" for turn in range(6)]
        assert engines[0].verify() == []
    finally:
        for each in engines:
            each.close()
