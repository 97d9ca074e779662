"""Facts about orders and carts agree with what they are about."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

from retention_engine.errors import FactError
from retention_engine.facts import Cart, CartUpdated, Order, OrderPlaced, OrderRefunded
from retention_engine.money import Money
from tests.facts._facts import LINE, ORDER


def test_placing_an_order_takes_its_times_and_names_from_the_order() -> None:
    """The id of the fact follows from the order's, so telling it twice is harmless."""
    fact = OrderPlaced.of(ORDER)
    assert (fact.id, fact.customer, fact.at, fact.paid) == ("order:812", "c7", ORDER.at, True)
    assert OrderPlaced.of(ORDER) == fact


def test_the_customer_of_the_fact_is_that_of_the_order() -> None:
    """Another customer is refused."""
    with pytest.raises(FactError, match="differs from that of the order"):
        OrderPlaced(id="f1", customer="c8", at=ORDER.at, order=ORDER)


def test_an_order_cannot_lie_after_its_fact() -> None:
    """A fact that happened before its order was placed is refused; a later one, such as an edited order, is not."""
    assert OrderPlaced(id="f1", customer="c7", at=ORDER.at + 1, order=ORDER).order is ORDER
    with pytest.raises(FactError, match="before the order was placed"):
        OrderPlaced(id="f1", customer="c7", at=ORDER.at - 1, order=ORDER)


@pytest.mark.parametrize("paid", [None, 1, "yes"])
def test_paid_is_yes_or_no(paid: Any) -> None:
    """Nothing else will do."""
    with pytest.raises(FactError, match="paid is a bool"):
        OrderPlaced.of(ORDER, paid=paid)


@pytest.mark.parametrize("order", [None, "812", {"id": "812"}])
def test_the_order_is_an_order(order: Any) -> None:
    """A mapping or an id is refused."""
    with pytest.raises(FactError, match="order is a Order"):
        OrderPlaced(id="f1", customer="c7", at=0, order=order)


def test_an_order_mentions_its_items_and_categories() -> None:
    """Subjects are items, then the categories that are known."""
    order = Order(id="1", customer="c7", at=0, lines=[LINE, evolve(LINE, sku="b", category=None)])
    assert OrderPlaced.of(order).subjects() == ("sku:cream-50", "sku:b", "category:face")


def test_a_cart_mentions_its_items() -> None:
    """Subjects of a cart are those of its lines."""
    fact = CartUpdated(id="f1", customer="c7", at=0, cart=Cart(id="k1", lines=[LINE]))
    assert fact.subjects() == ("sku:cream-50", "category:face")


@pytest.mark.parametrize("amount", [5, "5", Money(-1, "EUR")])
def test_a_refund_is_money_of_zero_or_more(amount: Any) -> None:
    """The amount may be left out, which means the whole total."""
    assert OrderRefunded(id="f1", customer="c7", at=0, order_id="812").amount is None
    with pytest.raises(FactError, match="amount"):
        OrderRefunded(id="f1", customer="c7", at=0, order_id="812", amount=amount)
