"""An order counts once it is placed and paid, until it is cancelled; carts know whether they were ordered."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from retention_engine import facts as f
from retention_engine.money import Money
from retention_engine.state.fold import supposed
from retention_engine.state.orders import OrderDraft, fold_order
from retention_engine.state.records import DeliveryRecord, OrderRecord, PurchaseRecord
from tests.state._facts import WHO, about, eur, placed, rows, told

TEA = f.Line(sku="tea", price=eur(30), quantity=2, category="drinks")
CUP = f.Line(sku="cup", price=eur(50))


def test_an_order_and_its_lines_become_records() -> None:
    """Amounts are minor units; pieces are counted."""
    order = placed("o", 5, lines=[TEA, CUP], channel="app")
    history = told(order)
    assert history.records("orders") == [OrderRecord("o", 5, 100, "EUR", 3, "app", None, delivered=False)]
    assert history.records("purchases") == [
        PurchaseRecord("o#0000", 5, "o", "tea", "drinks", None, 2, 30, 60),
        PurchaseRecord("o#0001", 5, "o", "cup", None, None, 1, 50, 50),
    ]


LIVES = [
    (placed(paid=False), (), []),
    (placed(paid=False), (f.OrderPaid,), ["o"]),
    (placed(), (f.OrderPaid,), ["o"]),
    (placed(), (f.OrderShipped,), ["o"]),
    (placed(), (f.OrderCancelled,), []),
    (placed(paid=False), (f.OrderPaid, f.OrderCancelled), []),
    (placed(paid=False), (f.OrderCancelled, f.OrderPaid), ["o"]),
    (placed(), (f.OrderCancelled, f.OrderPaid, f.OrderCancelled), []),
    (None, (f.OrderPaid, f.OrderDelivered), []),
]


@pytest.mark.parametrize(("order", "later", "expected"), LIVES)
def test_an_order_counts_from_payment_to_cancellation(order: Any, later: Any, expected: list[str]) -> None:
    """What is told about an order that nobody placed waits for it."""
    facts = [about(cls, at, order_id="o") for at, cls in enumerate(later, 1)]
    history = told(*([] if order is None else [order]), *facts)
    assert rows(history, "orders") == expected


REFUNDS = [
    ([eur(30)], 70),
    ([eur(30), eur(30)], 40),
    ([eur(30), eur(90)], 0),
    ([None], 0),
    ([eur(30), None], 0),
]


@pytest.mark.parametrize(("amounts", "left"), REFUNDS)
def test_a_total_is_net_of_refunds(amounts: list[Any], left: int) -> None:
    """Never below zero; None gives everything back."""
    refunds = [about(f.OrderRefunded, at, order_id="o", amount=amount) for at, amount in enumerate(amounts)]
    (order,) = told(placed(), *refunds).records("orders")
    assert order.total == left


def test_a_refund_in_another_currency_counts_as_nothing() -> None:
    """Currencies never mix."""
    refund = about(f.OrderRefunded, 1, order_id="o", amount=Money(50, "USD"))
    (order,) = told(placed(), refund).records("orders")
    assert order.total == 100


def test_the_first_delivery_counts() -> None:
    """Under the order's id, as long as the order counts."""
    later, first = about(f.OrderDelivered, 9, order_id="o"), about(f.OrderDelivered, 7, order_id="o")
    history = told(placed("o", 1, lines=[TEA]), later, first)
    assert history.records("deliveries") == [DeliveryRecord("o", 7, 100, 2, None)]
    assert history.records("orders")[0].delivered
    assert rows(told(placed(), first, about(f.OrderCancelled, 8, order_id="o")), "deliveries") == []


def test_paid_again_it_is_delivered_again() -> None:
    """What came before the cancellation is no delivery of the order that was paid after it, whatever was told first."""
    facts = [
        placed("o", 1, lines=[TEA]),
        about(f.OrderDelivered, 2, order_id="o"),
        about(f.OrderCancelled, 3, order_id="o"),
        about(f.OrderPaid, 4, order_id="o"),
    ]
    for mixed in permutations(facts):
        history = told(*mixed)
        assert [order.delivered for order in history.records("orders")] == [False], mixed
        assert history.records("deliveries") == []
        again = told(*mixed, about(f.OrderDelivered, 5, order_id="o"))
        assert again.records("deliveries") == [DeliveryRecord("o", 5, 100, 2, None)]


def test_an_order_placed_again_replaces_the_first() -> None:
    """The latest by instant and id counts; lines it no longer has are gone."""
    first, second = placed("o", 1, lines=[TEA, CUP]), placed("o", 2, lines=[CUP], fact="again", total=eur(7))
    history = told(first, second)
    assert [(order.at, order.total) for order in history.records("orders")] == [(2, 7)]
    assert rows(history, "purchases") == ["o#0000"]


def cart(at: int, id: str = "k", lines: Any = (CUP,)) -> f.Fact:
    """Return the fact of an updated cart."""
    return about(f.CartUpdated, at, id=f"{id}{at}", cart=f.Cart(id=id, lines=lines))


def state(*facts: f.Fact) -> list[tuple[str, int, bool, bool]]:
    """Return (id, instant, ordered, emptied) of each cart."""
    return [(each.id, each.at, each.ordered, each.emptied) for each in told(*facts).records("carts")]


CARTS = [
    ([cart(1)], [("k", 1, False, False)]),
    ([cart(1), cart(5)], [("k", 5, False, False)]),
    ([cart(1), cart(5, lines=())], [("k", 5, False, True)]),
    ([cart(1), about(f.CartEmptied, 3, cart_id="k")], [("k", 1, False, True)]),
    ([cart(1), about(f.CartEmptied, 3, cart_id="k"), cart(4)], [("k", 4, False, False)]),
    ([about(f.CartEmptied, 3, cart_id="k")], []),
    ([cart(1), placed("o", 2)], [("k", 1, True, False)]),
    ([cart(1), placed("o", 1)], [("k", 1, True, False)]),
    ([cart(3), placed("o", 2)], [("k", 3, False, False)]),
    ([cart(3), placed("o", 2, cart="k")], [("k", 3, True, False)]),
    ([cart(1), placed("o", 2, cart="other")], [("k", 1, False, False)]),
    ([cart(1), placed("o", 2, paid=False)], [("k", 1, False, False)]),
    ([cart(1), placed("o", 2), about(f.OrderCancelled, 3, order_id="o")], [("k", 1, False, False)]),
    ([cart(1), cart(1, "l"), placed("o", 2)], [("k", 1, True, False), ("l", 1, True, False)]),
]


@pytest.mark.parametrize(("facts", "expected"), CARTS)
def test_a_cart_knows_whether_it_was_ordered_or_emptied(facts: list[f.Fact], expected: Any) -> None:
    """An order names its cart, or settles every cart that was not touched after it."""
    assert state(*facts) == expected


def test_a_cart_is_worth_its_lines() -> None:
    """Price times pieces, minor units."""
    (record,) = told(cart(1, lines=(TEA, CUP))).records("carts")
    assert (record.value, record.items) == (110, 3)


def test_what_does_not_change_an_order_leaves_it_as_it_is() -> None:
    """A shipping is an event of its own, and nothing else."""
    history = told(placed())
    fold_order(history, about(f.OrderShipped, 3, order_id="o"))
    assert history == told(placed())


def test_orders_of_one_instant_stand_in_the_order_of_their_ids() -> None:
    """``last`` of two records at one instant does not depend on which was told last."""
    history = told(placed("b", 5), placed("a", 5), placed("c", 5))
    assert rows(history, "orders") == ["a", "b", "c"]
    assert history.customer == WHO


def test_what_would_be_known_leaves_the_history_as_it_is() -> None:
    """Of an order that is none yet, and of one that waits for its payment."""
    for known in ([], [placed("o", 3, paid=False)]):
        history = told(*known)
        then = supposed(history, placed("o", 5))
        assert (rows(then, "orders"), rows(history, "orders")) == (["o"], [])
        assert len(history.drafts.get(("order", "o"), OrderDraft()).facts) == len(known)
