"""What a cart is said to earn is what its order earns, whatever the rules ask about the customer."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest
from attrs import evolve
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from retention_engine import Engine, Line, Money, Order, days, events, item, orders
from retention_engine.clubs import Club, Earning, per_money, per_order
from retention_engine.facts import OrderPlaced
from retention_engine.loyalty import AT_ONCE, Unit
from retention_engine.predicates import Truth, customer, member, purchases
from retention_engine.timing import DAY, HOUR, MINUTE
from tests.laws._club import CLUB, LENGTH, START, Life, lives

CONDITIONS: list[Truth] = [
    orders.count() == 2,
    orders.count() == 3,
    orders.within(days(5)).count() >= 2,
    orders.last().age < days(1),
    orders.where(item.total >= 900).count() == 1,
    orders.sum("total") >= 3_000,
    purchases.where(sku="b").exists(),
    purchases.distinct("sku") >= 2,
    events("order_placed").count() >= 3,
    member.balance("pts") >= 10,
    member.tier("tiers") == "silver",
    ~customer.city.is_set(),
]
FAST = settings(max_examples=150, phases=(Phase.generate,), database=None, derandomize=True)
CARTS = st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from((100, 900, 1_500))), min_size=1, max_size=3)


def club(conditions: list[Truth]) -> Club:
    """Return the club of the laws with a rule for each condition, and none that asks nothing but the base."""
    base = Earning("base", per_money(1, 100), vesting=AT_ONCE)
    more = [Earning(f"r{n}", per_order(1 + n), when=when, vesting=AT_ONCE) for n, when in enumerate(conditions)]
    return evolve(CLUB, programmes=[evolve(CLUB.programmes[0], earning=[base, *more])])


def promised(life: Life, hour: int, cart: list[tuple[str, int]], conditions: list[Truth], name: str) -> tuple[Any, Any]:
    """Return what the preview said, and what the order earned that was recorded then."""
    at = START + hour * HOUR + MINUTE
    lines = [Line(sku=sku, price=Money(price, "EUR")) for sku, price in cart]
    with Engine([], club=club(conditions), since=START, zone="Europe/Berlin") as engine:
        engine.record([fact for fact in life.facts if fact.effective <= at])
        cashier = engine.cashier
        said = cashier.preview("anna", "pts", lines, at=at, order_id=name).earns
        assert said == cashier.preview("anna", "pts", lines, at=at, order_id=name).earns
        engine.record(
            OrderPlaced(id="paid", customer="anna", at=at, order=Order(id=name, customer="anna", at=at, lines=lines))
        )
        state = cashier.state("anna", "pts", at=at + 1)
        sources = {stock.lot.source: stock.lot.issued for stock in state.lots.values()}
    got = {source.partition("@")[0]: units for source, units in sources.items() if source.endswith(f":order:{name}")}
    return said, got


@settings(max_examples=60)
@given(lives(most=4), st.integers(1, LENGTH * 24), CARTS, st.lists(st.sampled_from(CONDITIONS), max_size=4))
def test_a_preview_is_what_the_order_earns(
    life: Life, hour: int, cart: list[tuple[str, int]], conditions: list[Truth]
) -> None:
    """Rule by rule."""
    said, got = promised(life, hour, cart, conditions, "cart")
    assert said == got


def test_the_law_bites() -> None:
    """Asked without the cart, the third order is the second one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(import_module("retention_engine.clubs.preview"), "supposed", lambda history, placed: history)

        def wrong(one: tuple[Life, int, list[tuple[str, int]]]) -> bool:
            said, got = promised(*one, [orders.count() == 2], "cart")
            return bool(said != got)

        find(st.tuples(lives(most=2), st.integers(1, LENGTH * 24), CARTS), wrong, settings=FAST)


def test_an_order_that_waits_for_its_payment_is_previewed_as_itself() -> None:
    """It is no second order; and asking changes nothing that is known."""
    lines = [Line(sku="a", price=Money(1_000, "EUR"))]
    at = START + DAY
    waiting = OrderPlaced(
        id="w", customer="anna", at=at, order=Order(id="o", customer="anna", at=at, lines=lines), paid=False
    )
    with Engine([], club=club([orders.count() == 1]), since=START) as engine:
        engine.record(waiting)
        for _ in range(2):
            found = engine.cashier.preview("anna", Unit("pts").code, lines, at=at + HOUR, order_id="o")
            assert found.earns == {"base": 10, "r0": 1}
