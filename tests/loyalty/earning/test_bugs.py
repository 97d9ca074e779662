"""Faults that people reported about earning and spending elsewhere, each with its report."""

from __future__ import annotations

from fractions import Fraction

import pytest

from retention_engine import facts as f
from retention_engine import loyalty as lo
from retention_engine.clubs.earning import Earning, per_money
from retention_engine.clubs.preview import preview
from retention_engine.loyalty.earning import Group, Spending
from retention_engine.predicates import item
from tests.clubs._till import Till, line, programme

BASE = Earning("base", per_money(1, 100), vesting=lo.AT_ONCE)


@pytest.mark.parametrize("way", ["refund", "cancel", "lines"])
def test_b1_no_free_points_by_buying_and_returning(way: str) -> None:
    """Earn, return, again and again: nothing is left. https://github.com/frappe/erpnext/issues/32951
    https://github.com/odoo/odoo/issues/257854 https://github.com/odoo/odoo/issues/238806
    https://github.com/malsubrata/woo-wallet/issues/53 https://github.com/PrestaShop/loyalty/issues/23
    https://github.com/wpswings/points-and-rewards-for-woocommerce/issues/112"""
    till = Till(programme(BASE))
    for number in range(5):
        order = f"o{number}"
        assert till.buy(line("A", 9900), line("B", 101), order=order)["granted"] == 100
        if way == "cancel":
            till.about(f.OrderCancelled, order)
        elif way == "refund":
            till.back(order=order)
        else:
            till.back(9900, "A", order=order)
            till.back(101, "B", order=order)
        assert till.balance == lo.Balance()


@pytest.mark.parametrize(
    "ways",
    [[None], [5000, 5000], [1, 9999], [None, None], [3000, None, 7000]],
    ids=["whole", "halves", "cent first", "twice", "more than there is"],
)
def test_b2_spent_points_come_back_exactly_once(ways: list[int | None]) -> None:
    """In part, in full, twice, and then cancelled. https://github.com/odoo/odoo/issues/212922
    https://github.com/odoo/odoo/issues/221928 https://github.com/frappe/erpnext/issues/30242
    https://github.com/nopSolutions/nopCommerce/issues/5595 https://github.com/mollie/magento2/issues/929
    https://github.com/mollie/magento2/issues/761"""
    till = Till(programme(BASE), start=40)
    till.hold(40)
    till.buy(line("A", 10_000))
    for amount in ways:
        till.back(amount)
    till.about(f.OrderCancelled)
    till.about(f.OrderCancelled)
    assert till.balance == lo.Balance(0, 40)


@pytest.mark.parametrize(
    ("net", "points", "rate", "back", "kept"),
    [(1200, 8, (1, 100), None, 0), (1000, 4, (10, 100), None, 0), (10_000, 40, (1, 100), 5000, 30)],
)
def test_b3_the_share_paid_with_points_is_subtracted_once(
    net: int, points: int, rate: tuple[int, int], back: int | None, kept: int
) -> None:
    """ERPNext gives -8, -40 and 10: ``LoyaltyService.make_loyalty_point_entry``."""
    till = Till(programme(Earning("base", per_money(*rate))), start=points)
    till.hold(points)
    till.buy(line("A", net))
    till.back(back)
    assert till.earned == kept


def test_b4_a_line_takes_its_own_points_with_it() -> None:
    """Old Open Loyalty, ``returns.rst``, takes 35 of 70: half the money, half the points."""
    rules = [
        Earning("a", per_money(10, 1000), lines=[item.sku == "A"]),
        Earning("b", per_money(20, 1000), lines=[item.sku == "B"]),
        Earning("order", per_money(40, 4000)),
    ]
    till = Till(programme(*rules))
    till.buy(line("A", 1000), line("B", 1000), line("C", 2000))
    assert till.earned == 70
    till.back(2000, "C")
    assert till.earned == 50


def test_b5_the_rate_of_today_takes_nothing_back() -> None:
    """https://github.com/nopSolutions/nopCommerce/issues/5757"""
    till = Till(programme(BASE))
    till.buy(line("A", 5000), line("B", 5000))
    till.programme = programme(Earning("base", per_money(10, 100), version=2))
    till.back(5000, "A")
    assert till.earned == 50


def test_b6_one_order_is_one_grant() -> None:
    """Confirmed twice, delivered, redelivered, paid again and again: one grant.
    https://github.com/AnthropicBots/compressor/issues/1476 https://github.com/odoo/odoo/issues/222372
    https://github.com/odoo/odoo/issues/193506 https://github.com/mollie/laravel-cashier-mollie/issues/320
    https://github.com/opencart/opencart/issues/2349"""
    till = Till(programme(BASE))
    till.buy(line("A", 5000))
    for cls in (f.OrderPaid, f.OrderPaid, f.OrderDelivered, f.OrderPaid, f.OrderDelivered):
        till.about(cls)
    assert till.earned == till.balance.available == 50
    assert len(till.state.grants) == 1


def test_b7_the_usual_rule_and_that_of_the_tier_do_not_both_pay() -> None:
    """Smile's help warns that both do: in one group the better one pays, line by line."""
    group = Group("base")
    rules = [
        Earning("usual", per_money(1, 100), group=group),
        Earning("gold", per_money(2, 100), group=group, lines=[item.category == "tea"]),
    ]
    till = Till(programme(*rules))
    till.buy(line("A", 1000, category="tea"), line("B", 1000))
    assert till.earned == 30


def test_b8_cancelled_and_opened_again_is_awarded_once() -> None:
    """https://github.com/wpswings/points-and-rewards-for-woocommerce/issues/111
    https://github.com/odoo/odoo/issues/62767"""
    till = Till(programme(BASE))
    till.buy(line("A", 5000))
    for cls, earned in ((f.OrderCancelled, 0), (f.OrderPaid, 50), (f.OrderCancelled, 0), (f.OrderPaid, 50)):
        till.about(cls)
        assert till.earned == till.balance.available == earned


def test_b33_a_rest_of_less_than_a_point_is_paid_in_money() -> None:
    """All points on an order of 10.50, a point being 1.00: 0.50 is left, and earns what money earns.
    https://github.com/frappe/erpnext/issues/31509"""
    one = programme(Earning("base", per_money(1, 10)), spending=Spending(point_value=Fraction(100)))
    till = Till(one, start=99)
    found = preview(one, till.view, [line("A", 1050)], till.state)
    assert found.spend is not None
    assert (found.spend.units, found.spend.worth, found.spend.rest) == (10, 1000, 50)
    till.hold(10)
    assert till.buy(line("A", 1050))["granted"] == 5


def test_b36_a_dispute_that_was_won_can_be_refunded_later() -> None:
    """Paid again after it was cancelled for a dispute; the refund after that takes everything back.
    https://github.com/elizaOS/eliza/issues/11155"""
    till = Till(programme(BASE), start=10)
    till.hold(10)
    till.buy(line("A", 11_000))
    assert till.earned == 100
    till.about(f.OrderCancelled)
    assert (till.earned, till.balance.available) == (0, 10)
    till.about(f.OrderPaid)
    assert (till.earned, till.balance.available) == (100, 100)
    assert till.back()["money_back"] == 10_000
    assert till.balance == lo.Balance(0, 10)


def test_refunds_larger_than_the_order_and_of_other_goods_take_no_more_than_it_gave() -> None:
    """Bad input of a host: an unknown item, too many pieces, too much money."""
    till = Till(programme(BASE), start=10)
    till.buy(line("A", 5000))
    till.back(2000, "nothing of ours")
    till.back(99_999, "A", "A", "A")
    assert till.balance == lo.Balance(0, 10)
