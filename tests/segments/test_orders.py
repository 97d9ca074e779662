"""Who bought, on a small shop: an order on day 0, one on day 10, and nobody else."""

from __future__ import annotations

import pytest

from retention_engine.facts import Customer, Fact, OrderDelivered, Registered
from retention_engine.predicates import Truth
from retention_engine.segments import (
    average_order_at_least,
    bought,
    bought_brand,
    bought_categories,
    bought_category,
    bought_item,
    bought_within,
    first_time_buyer,
    lapsed,
    last_order_at_least,
    never_bought,
    one_time_buyers,
    quiet_for,
    received_within,
    regulars,
    repeat_buyers,
    spent_at_least,
    used_promo,
    used_up,
)
from retention_engine.timing import days
from tests.predicates import _shop
from tests.predicates._shop import WHO, holds, line

TEA = line("tea", category="drinks", brand="Bird")
SOAP = line("soap", category="bath")
FACTS: list[Fact] = [
    _shop.bought("a", 0, 100, lines=(TEA,)),
    _shop.bought("b", 10, 300, lines=(SOAP,), promo="SPRING"),
    OrderDelivered(id="delivered", customer=WHO, at=_shop.on(12), order_id="b"),
]

CASES = [
    (bought(), -1, False),
    (bought(), 0, True),
    (never_bought(), -1, True),
    (bought_within(days(3)), 12, True),
    (bought_within(days(3)), 13, False),
    (lapsed(days(5)), 4, False),
    (lapsed(days(5)), 5, True),
    (lapsed(days(5)), 10, False),
    (lapsed(days(5)), -1, False),
    (quiet_for(days(5)), 5, True),
    (quiet_for(days(5)), -1, False),
    (one_time_buyers(), 9, True),
    (one_time_buyers(), 10, False),
    (first_time_buyer(days(3)), 2, True),
    (first_time_buyer(days(3)), 3, False),
    (repeat_buyers(), 9, False),
    (repeat_buyers(), 10, True),
    (regulars(2, days(11)), 10, True),
    (regulars(2, days(11)), 11, False),
    (spent_at_least(400), 10, True),
    (spent_at_least(400, within=days(5)), 10, False),
    (average_order_at_least(200), 10, True),
    (average_order_at_least(201), 10, False),
    (average_order_at_least(0), -1, False),
    (last_order_at_least(300), 10, True),
    (last_order_at_least(300), 9, False),
    (used_promo("SPRING"), 10, True),
    (used_promo("SPRING"), 9, False),
    (bought_category("drinks"), 20, True),
    (bought_category("drinks", within=days(5)), 20, False),
    (bought_brand("Bird"), 20, True),
    (bought_brand("Bird", within=days(5)), 20, False),
    (bought_item("soap"), 10, True),
    (bought_item("tea", within=days(5)), 10, False),
    (used_up("tea", days(28)), 27, False),
    (used_up("tea", days(28)), 28, True),
    (used_up("cream", days(28)), 28, False),
    (bought_categories(2), 10, True),
    (bought_categories(2), 9, False),
    (received_within(days(3)), 12, True),
    (received_within(days(3)), 15, False),
]


@pytest.mark.parametrize(("predicate", "day", "expected"), CASES)
def test_it_holds_on_its_days(predicate: Truth, day: int, expected: bool) -> None:
    """Both edges of every window."""
    assert holds(predicate, *FACTS, day=day) is expected


def test_the_quiet_include_who_registered_and_never_bought() -> None:
    """But not before they have been known for as long (F20)."""
    registered = Registered.of(Customer(id=WHO, registered=_shop.on(0)))
    assert not holds(quiet_for(days(7)), registered, day=1)
    assert holds(quiet_for(days(7)), registered, day=7)
    assert not holds(quiet_for(days(7)), day=100)
