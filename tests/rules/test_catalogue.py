"""Changes of the catalogue concern those who have shown an interest in the item."""

from __future__ import annotations

from typing import Any

import pytest

from retention_engine.errors import DefinitionError
from retention_engine.facts import Fact, PriceChanged, SaleStarted, StockChanged, Viewed
from retention_engine.money import Money
from retention_engine.predicates import entry, events, orders, purchases, views, visits
from retention_engine.rules import Catalogue, Trigger, back_in_stock, on_sale, price_drop
from retention_engine.timing import days
from tests.predicates._shop import WHO, on, see

ROUND = [
    (price_drop(views), "price_drop(views, percent=1)"),
    (price_drop(views.within(days(30)), percent=10), "price_drop(views.within(days(30)), percent=10)"),
    (back_in_stock(purchases), "back_in_stock(purchases)"),
    (on_sale(views, percent=100), "on_sale(views, percent=100)"),
]


@pytest.mark.parametrize(("trigger", "text"), ROUND)
def test_a_trigger_prints_as_the_call_that_builds_it(trigger: Trigger, text: str) -> None:
    """The text form, and ``eval(repr(trigger))``."""
    assert str(trigger) == text
    assert eval(repr(trigger)) == trigger
    assert trigger.reads() in ({"views"}, {"purchases"})


WRONG: list[tuple[Any, str]] = [
    (lambda: price_drop(visits), "takes records with a sku, such as views, not visits"),
    (lambda: on_sale(orders), "takes records with a category, such as views, not orders"),
    (lambda: back_in_stock(events("looked")), "takes records with a sku"),
    (lambda: price_drop("views"), "takes records such as views, not 'views'"),
    (lambda: price_drop(views.count()), "takes records such as views, not views.count()"),
    (lambda: price_drop(views.since(entry)), "takes records such as views, not views.since(entry)"),
    (lambda: price_drop(views, percent=0), "percent is a whole number from 1 to 100, not 0"),
    (lambda: on_sale(views, percent=101), "not 101"),
    (lambda: on_sale(views, percent=True), "not True"),
    (lambda: Catalogue("back_in_stock", views, 5), "percent is a whole number from 0 to 0, not 5"),
    (lambda: Catalogue("price_rise", views, 5), "unknown change 'price_rise' (did you mean 'price_drop'?)"),
]


@pytest.mark.parametrize(("build", "message"), WRONG)
def test_a_wrong_trigger_fails_where_it_is_written(build: Any, message: str) -> None:
    """The message names what is allowed and what was given."""
    with pytest.raises(DefinitionError) as caught:
        build()
    assert message in str(caught.value)


def look(day: float = 0, sku: str = "tea", category: str | None = "drinks") -> Viewed:
    """Return the fact of a look at a product."""
    return Viewed(id=f"look-{day}", customer=WHO, at=on(day), sku=sku, category=category)


def price(was: int, now: int, sku: str = "tea") -> PriceChanged:
    """Return the fact of a new price."""
    return PriceChanged(id="price", at=on(5), sku=sku, was=Money(was, "EUR"), price=Money(now, "EUR"))


def stock(was: int, pieces: int, sku: str = "tea") -> StockChanged:
    """Return the fact of new stock."""
    return StockChanged(id="stock", at=on(5), sku=sku, was=was, pieces=pieces)


def sale(percent: int, category: str = "drinks") -> SaleStarted:
    """Return the fact of a sale."""
    return SaleStarted(id="sale", at=on(5), category=category, percent=percent)


CASES = [
    (price_drop(views, percent=10), price(100, 90), True),
    (price_drop(views, percent=10), price(100, 91), False),
    (price_drop(views), price(100, 90, "coffee"), False),
    (price_drop(views), stock(0, 5), False),
    (back_in_stock(views), stock(0, 5), True),
    (back_in_stock(views), stock(1, 5), False),
    (back_in_stock(views), stock(0, 0), False),
    (back_in_stock(views), stock(0, 5, "coffee"), False),
    (back_in_stock(views), sale(50), False),
    (on_sale(views, percent=20), sale(20), True),
    (on_sale(views, percent=20), sale(19), False),
    (on_sale(views), sale(20, "books"), False),
    (on_sale(views), look(5), False),
    (price_drop(views.within(days(5))), price(100, 90), False),
    (price_drop(views.before(days(5))), price(100, 90), True),
]


@pytest.mark.parametrize(("trigger", "fact", "expected"), CASES)
def test_a_change_concerns_whoever_was_interested(trigger: Catalogue, fact: Fact, expected: bool) -> None:
    """Of the item itself, by enough, while the interest lasts at the instant of the change."""
    assert trigger.concerns(fact, see(look(), day=5)) is expected


def test_nobody_is_interested_before_they_look() -> None:
    """A record that lies ahead does not count yet."""
    later = see(look(6), day=7).history
    view = see(day=5)
    assert not price_drop(views).concerns(price(100, 50), type(view)(later, view.now, view.where))
