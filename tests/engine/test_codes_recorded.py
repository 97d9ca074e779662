"""Codes follow the orders that are recorded: by where each order stands, whatever was recorded first."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from retention_engine import Engine, Money
from retention_engine.clubs import Checkout, Club, Promotion
from retention_engine.clubs.promotions import Cancel, Limit
from retention_engine.facts import (
    CodeHeld,
    CodeReleased,
    CodeUsed,
    Fact,
    Line,
    Order,
    OrderCancelled,
    OrderPaid,
    OrderPlaced,
    OrderRefunded,
)
from retention_engine.loyalty.codes import Percent
from retention_engine.timing import DAY
from tests.engine._codes import KEYS, START

LINES = [Line(sku="tea", price=Money(10_000, "EUR"))]


def held(store: Any = "memory", **more: Any) -> tuple[Engine, str]:
    """Return a shop in which anna's order o1 holds her code, and the code."""
    promotion = Promotion(id="spring", discount=Percent(10), limits=[Limit(uses=1)], **more)
    engine = Engine([], club=Club(promotions=[promotion], keys=KEYS), since=START - DAY, store=store)
    text = engine.codes.issue("spring", "anna", "x", at=START)
    assert engine.codes.hold(checkout(), [text], at=START + 1).applied
    return engine, text


def checkout(order: str = "o1", customer: str = "anna") -> Checkout:
    """Return what is in the cart."""
    return Checkout(order=order, customer=customer, lines=LINES)


def told(engine: Engine, customer: str = "anna") -> list[str]:
    """Return what became of the code, turn by turn."""
    facts = engine.store.facts.of([customer])[customer]
    uses = [fact for fact in facts if isinstance(fact, CodeHeld | CodeUsed | CodeReleased)]
    return [fact.KIND for fact in sorted(uses, key=lambda fact: fact.turn)]


def about(kind: type[Any], at: int, customer: str = "anna") -> Fact:
    """Return a fact about the order."""
    fact: Fact = kind(id=f"{kind.KIND}:{at}", customer=customer, at=START + at, order_id="o1")
    return fact


@pytest.mark.parametrize("policy", list(Cancel))
@pytest.mark.parametrize(
    ("facts", "end"),
    [
        ([(OrderPaid, 3), (OrderCancelled, 4)], "code_released"),
        ([(OrderPaid, 3), (OrderRefunded, 4)], "code_released"),
        ([(OrderCancelled, 3), (OrderPaid, 4)], "code_used"),
        ([(OrderPaid, 3), (OrderCancelled, 4), (OrderPaid, 5)], "code_used"),
        ([(OrderCancelled, 3), (OrderPaid, 4), (OrderRefunded, 5)], "code_released"),
    ],
    ids=["cancelled", "refunded", "paid-after-all", "paid-again", "refunded-at-last"],
)
def test_the_order_of_recording_does_not_matter(policy: Cancel, facts: list[tuple[Any, int]], end: str) -> None:
    """One by one in every order, or all at once: the code ends the same, and so do its counters."""
    wanted = "code_used" if policy is Cancel.NEVER else end
    for mixed in permutations(about(kind, at) for kind, at in facts):
        for steps in ([[fact] for fact in mixed], [list(mixed)]):
            engine, _ = held(cancel=policy)
            for step in steps:
                engine.record(step)
            assert told(engine)[-1] == wanted, mixed
            assert engine.verify() == []


def back(number: int, at: int, amount: int | None) -> Fact:
    """Return a refund of the order, of an amount in euro cents or of everything."""
    money = None if amount is None else Money(amount, "EUR")
    return OrderRefunded(id=f"back{number}", customer="anna", at=START + at, order_id="o1", amount=money)


WAYS: list[tuple[list[int | None], bool]] = [
    ([9_000], True),
    ([4_500, 4_500], True),
    ([20_000], True),
    ([8_999], False),
    ([4_500, None], True),
]


@pytest.mark.parametrize(("parts", "free"), WAYS, ids=str)
def test_money_that_went_back_as_a_whole_frees_the_code(parts: list[int | None], free: bool) -> None:
    """At once or in parts, with the amount or without, whatever was recorded first."""
    paid = Order(id="o1", customer="anna", at=START + 2, lines=LINES, total=Money(9_000, "EUR"))
    facts = [OrderPlaced.of(paid), *(back(number, 3 + number, part) for number, part in enumerate(parts))]
    for mixed in permutations(facts):
        engine, _ = held()
        for fact in mixed:
            engine.record(fact)
        assert told(engine)[-1] == ("code_released" if free else "code_used"), mixed
        assert engine.verify() == []


def test_money_that_went_back_before_a_new_payment_counts_no_more() -> None:
    """Refunded in parts, paid again: the code is used again, and one more part does not free it."""
    engine, _ = held()
    engine.record(Order(id="o1", customer="anna", at=START + 2, lines=LINES, total=Money(9_000, "EUR")))
    engine.record([back(1, 3, 4_500), back(2, 4, 4_500)])
    assert told(engine)[-1] == "code_released"
    engine.record(about(OrderPaid, 5))
    assert told(engine)[-1] == "code_used"
    engine.record(back(3, 6, 4_500))
    assert told(engine)[-1] == "code_used"
    engine.record(back(4, 7, 4_500))
    assert told(engine)[-1] == "code_released"


def test_an_order_for_nothing_is_not_refunded_by_other_money() -> None:
    """What went back in another currency is no part of the order; an order for nothing is off as a whole or not."""
    engine, _ = held()
    engine.record(Order(id="o1", customer="anna", at=START + 2, lines=LINES, total=Money(0, "EUR")))
    engine.record(OrderRefunded(id="usd", customer="anna", at=START + 3, order_id="o1", amount=Money(1, "USD")))
    assert told(engine)[-1] == "code_used"
    engine.record(back(1, 4, None))
    assert told(engine)[-1] == "code_released"


def test_a_payment_before_a_cancellation_that_is_dated_ahead() -> None:
    """The code was used from the payment on, and is free from the cancellation on."""
    engine, _ = held()
    engine.record(OrderPlaced.of(Order(id="o1", customer="anna", at=START + 2, lines=LINES), paid=False))
    engine.record(about(OrderCancelled, 30 * DAY))
    engine.record(about(OrderPaid, 5))
    facts = engine.store.facts.of(["anna"])["anna"]
    assert [fact.effective for fact in facts if isinstance(fact, CodeUsed)] == [START + 5]
    engine.advance(START + 40 * DAY)
    assert told(engine)[-1] == "code_released"


@pytest.mark.parametrize(
    "fact",
    [
        about(OrderCancelled, 2, "eve"),
        about(OrderPaid, 2, "eve"),
        OrderPlaced.of(Order(id="o1", customer="eve", at=START + 2, lines=LINES)),
    ],
    ids=["cancelled", "paid", "placed"],
)
def test_another_customer_settles_nothing(fact: Fact) -> None:
    """Whoever names the order of somebody else neither frees their code nor uses it up."""
    engine, _ = held()
    engine.record([fact])
    assert (told(engine), told(engine, "eve")) == (["code_held"], [])
    engine.record(about(OrderPaid, 3))
    assert told(engine) == ["code_held", "code_used"]


def test_a_guest_who_logs_in_takes_the_order_along() -> None:
    """The order is of whoever held its codes last, so that their payment counts."""
    promotion = Promotion(id="spring", discount=Percent(10), vanity=["SPRING"], limits=[Limit(uses=1)])
    engine = Engine([], club=Club(promotions=[promotion], keys=KEYS), since=START - DAY)
    for number, customer in enumerate(("guest", "anna")):
        assert engine.codes.hold(checkout(customer=customer), ["SPRING"], at=START + number).applied
    engine.record(about(OrderPaid, 3))
    assert told(engine) == ["code_held", "code_used"]
    assert engine.verify() == []
