"""Who left something in a cart: open, untouched for a while, worth something, or ordered after all."""

from __future__ import annotations

import pytest

from retention_engine.facts import Cart, CartEmptied, CartUpdated, Fact
from retention_engine.predicates import Truth
from retention_engine.segments import abandoned_cart, cart_worth, open_cart, recovered_cart
from retention_engine.timing import days, hours
from tests.predicates._shop import WHO, bought, holds, line, on

FILLED = CartUpdated(id="filled", customer=WHO, at=on(0), cart=Cart(id="c", lines=(line(price=500),)))
EMPTIED = CartEmptied(id="emptied", customer=WHO, at=on(1), cart_id="c")
ORDERED = bought("a", 1, cart="c")

CASES: list[tuple[Truth, list[Fact], float, bool]] = [
    (open_cart(), [FILLED], 0, True),
    (open_cart(), [FILLED, EMPTIED], 2, False),
    (open_cart(), [FILLED, ORDERED], 2, False),
    (abandoned_cart(hours(6)), [FILLED], 0.2, False),
    (abandoned_cart(hours(6)), [FILLED], 0.25, True),
    (abandoned_cart(hours(6)), [FILLED, ORDERED], 2, False),
    (cart_worth(500), [FILLED], 0, True),
    (cart_worth(501), [FILLED], 0, False),
    (recovered_cart(within=days(3)), [FILLED, ORDERED], 2, True),
    (recovered_cart(within=days(3)), [FILLED, ORDERED], 3, False),
    (recovered_cart(within=days(3)), [FILLED], 2, False),
]


@pytest.mark.parametrize(("predicate", "facts", "day", "expected"), CASES)
def test_it_holds_while_the_cart_is_so(predicate: Truth, facts: list[Fact], day: float, expected: bool) -> None:
    """Ordered and emptied carts are open no more."""
    assert holds(predicate, *facts, day=day) is expected
