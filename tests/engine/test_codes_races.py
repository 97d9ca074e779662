"""Who comes first gets the last use: threads on one file, workers on one database."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from retention_engine import Engine
from retention_engine.clubs import Club, Promotion
from retention_engine.clubs.promotions import Limit
from retention_engine.engine.codes import Codes
from retention_engine.facts import OrderCancelled
from retention_engine.loyalty.codes import Percent
from retention_engine.loyalty.orders import Status
from tests.engine._codes import KEYS, START, basket, codes, engine_of, promotion

LAST = promotion(limits=[Limit(uses=1, period="day"), Limit(uses=1, per="customer")])
DAY_OF = 24 * 3_600_000_000


def fight(services: list[Codes], at: int, name: str) -> list[str]:
    """Let all hold the last use of a day at once, each twice, and pay; return the orders that used it."""
    barrier = Barrier(len(services))

    def one(number: int) -> list[str]:
        service, order = services[number], f"{name}:{number}"
        barrier.wait(10)
        held = [service.hold(basket(order, order), ["spring-code"], at=at).applied for _ in range(2)]
        assert held[0] == held[1]
        paid = service.settle({order: Status.PAID}, at=at)[order]
        return [order] if any(each.stage == "used" for each in paid) else []

    with ThreadPoolExecutor(len(services)) as pool:
        return [order for found in pool.map(one, range(len(services))) for order in found]


def fights(url: str, workers: int, days: int) -> None:
    """Fight for every day's use: exactly one wins, and all is well at the end."""
    services = [codes(LAST, store=url) for _ in range(workers)]
    try:
        for day in range(days):
            assert len(fight(services, START + day * DAY_OF, f"day-{day}")) == 1
        assert services[0].verify(at=START + days * DAY_OF) == []
    finally:
        for service in services:
            engine_of(service).close()


def test_code_limit_threads_with_connections_of_their_own(tmp_path: Path) -> None:
    """CODE-LIMIT, B19: eight threads on one file, each with its own connection."""
    fights(f"sqlite:///{tmp_path / 'shop.db'}", 8, 6)


def test_code_limit_threads_share_an_engine(tmp_path: Path) -> None:
    """CODE-LIMIT: eight threads on one engine."""
    service = codes(LAST, store=f"sqlite:///{tmp_path / 'shop.db'}")
    for day in range(6):
        assert len(fight([service] * 8, START + day * DAY_OF, f"day-{day}")) == 1
    assert service.verify(at=START) == []
    engine_of(service).close()


def test_code_limit_workers_on_one_database(postgres_url: str) -> None:
    """CODE-LIMIT: four workers on one database."""
    pytest.importorskip("psycopg", reason="psycopg is not installed")
    fights(postgres_url, 4, 5)


@pytest.mark.parametrize("rounds", [5])
def test_orders_settled_together_do_not_wait_for_each_other(postgres_url: str, rounds: int) -> None:
    """Two workers settle the same orders, in different order: locks are taken by name, so neither is stuck."""
    pytest.importorskip("psycopg", reason="psycopg is not installed")
    free = [promotion(name, limits=[Limit(uses=100)]) for name in ("aaa", "bbb")]
    services = [codes(*free, store=postgres_url) for _ in range(2)]
    orders = [f"o{number}" for number in range(6)]
    for number, order in enumerate(orders):
        services[0].hold(basket(order, order), [f"{free[number % 2].id}-code"], at=START)

    def settle(given: Any) -> None:
        service, mixed = given
        for _ in range(rounds):
            for status in (Status.PAID, Status.CANCELLED):
                service.settle(dict.fromkeys(mixed, status), at=START)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(settle, zip(services, (orders, orders[::-1]), strict=True)))
    assert services[0].verify(at=START) == []
    for service in services:
        engine_of(service).close()


def test_codes_are_held_while_orders_are_recorded(postgres_url: str) -> None:
    """Both take the wake-ups of the customer and of whom the code is from before any document: neither is stuck."""
    pytest.importorskip("psycopg", reason="psycopg is not installed")
    club = Club(promotions=[Promotion(id="spring", discount=Percent(10), bound=False)], keys=KEYS)
    engines = [Engine([], club=club, since=START - 1, store=postgres_url) for _ in range(2)]
    text = engines[0].codes.issue("spring", "anna", "x", at=START)

    def hold() -> None:
        for number in range(15):
            engines[0].codes.hold(basket(who="bob", amount=1_000 + 100 * number), [text], at=START + number)

    def cancel() -> None:
        for number in range(15):
            engines[1].record(OrderCancelled(id=f"c{number}", customer="bob", order_id="o1", at=START + number))

    try:
        with ThreadPoolExecutor(2) as pool:
            for done in [pool.submit(hold), pool.submit(cancel)]:
                done.result(60)
        assert engines[0].verify() == []
    finally:
        for engine in engines:
            engine.close()
