"""Orders that were cancelled and are paid again: what was promised since is taken, in every programme."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

from retention_engine import Customer, Engine
from retention_engine.clubs import Bonus, Club, Earning, per_money
from retention_engine.facts import OrderCancelled, OrderDelivered, OrderPaid, OrderRefunded
from retention_engine.loyalty import AT_ONCE, Earn, Redeem, Until, Vesting
from retention_engine.timing import days
from tests.engine.test_promises import (
    BASE,
    CASH,
    CENTS,
    POINTS,
    SIGNUP,
    available,
    hold,
    order,
    shop,
    t,
    told,
    two_programmes,
)

PROMO = Earning("promo", per_money(1, 100), vesting=AT_ONCE, validity=Until("2026-02-10T10:00:00+00:00"))


def about(kind: Any, at: str, **more: Any) -> Any:
    """Return something about the order."""
    return kind(id=f"{kind.KIND}:{at}", customer="anna", at=at, order_id="1", **more)


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("between", ["nothing", "refund", "placed"])
def test_a_hold_after_the_cancellation_is_for_the_next_payment(between: str, first: bool) -> None:
    """Whatever is told of the order meanwhile: the refund of its cancellation, or that it was placed again."""
    engine = shop()
    engine.record([order("1", t("02-01"), 10_000, paid=first), about(OrderCancelled, t("02-03"))])
    hold(engine, 50, t("02-05"))
    if between == "refund":
        engine.record(about(OrderRefunded, t("02-05", "10:05")))
    if between == "placed":
        engine.record(order("1", t("02-05", "10:05"), 10_000, paid=False))
    engine.record(about(OrderPaid, t("02-05", "10:10")))
    assert available(engine, t("02-06")) == 100 - 50 + 50
    assert told(engine) == []


def test_what_was_released_is_paid_in_money() -> None:
    """A release is the promise of no units; it is forgotten with the next cancellation."""
    engine = shop()
    hold(engine, 30, t("02-01", "09:50"))
    engine.record([order("1", t("02-01"), 10_000), about(OrderCancelled, t("02-03"))])
    hold(engine, 30, t("02-05"))
    release = engine.cashier.release("anna", "pts", order="1", at=t("02-05", "10:05"))
    assert release.result["released"] == 30
    assert engine.cashier.release("anna", "pts", order="1", at=t("02-05", "10:06")).result["released"] == 0
    engine.record(about(OrderPaid, t("02-05", "10:10")))
    assert available(engine, t("02-06")) == 200
    engine.record([about(OrderCancelled, t("02-07")), about(OrderPaid, t("02-08"))])
    assert available(engine, t("02-09")) == 200
    assert engine.verify() == []


@pytest.mark.parametrize("who", ["pts", CENTS])
def test_the_other_programme_may_pay_the_second_time(who: str) -> None:
    """First 30.00 by one of them; then the other holds 50.00 as well: 20.00 are money, for both."""
    engine, _ = two_programmes()
    worth, earned = {"pts": 1, CENTS: 100}, {"pts": 20, CENTS: 60}
    other = CENTS if who == "pts" else "pts"
    hold(engine, 30 * worth[who], t("02-01", "09:50"), unit=who)
    engine.record([order("1", t("02-01"), 10_000), about(OrderCancelled, t("02-03"))])
    before = {unit: available(engine, t("02-04"), unit) for unit in worth}
    hold(engine, 50 * worth[other], t("02-05"), unit=other)
    engine.record(about(OrderPaid, t("02-05", "10:10")))
    after = {unit: available(engine, t("02-06"), unit) - before[unit] for unit in worth}
    assert after == {who: earned[who] - 30 * worth[who], other: earned[other] - 50 * worth[other]}
    engine.record(about(OrderRefunded, t("02-07")))
    assert {unit: available(engine, t("02-08"), unit) for unit in worth} == before
    assert engine.verify() == []


@pytest.mark.parametrize("late", [False, True])
def test_a_rule_that_is_over_by_then_gives_nothing(late: bool) -> None:
    """The rest of the order earns, and the units that were promised are taken."""
    engine = shop(evolve(POINTS, earning=[BASE, PROMO]))
    if not late:
        hold(engine, 30, t("02-01", "09:50"))
    engine.record([order("1", t("02-01"), 10_000), about(OrderCancelled, t("02-03"))])
    if late:
        hold(engine, 30, t("02-15"))
    engine.record(about(OrderPaid, t("02-15", "10:10")))
    assert available(engine, t("02-16")) == 140
    assert told(engine) == []


def test_a_line_that_comes_after_the_end_of_a_rule_earns_by_the_others() -> None:
    """The rule had given for the order before."""
    vesting = Vesting(start="delivered", after=days(14), latest=days(30))
    spring = Earning("spring", per_money(1, 100), vesting=vesting, validity=Until("2026-03-15T10:00:00+00:00"))
    engine = shop(evolve(POINTS, earning=[BASE, spring]))
    engine.record([order("1", t("02-01"), 10_000), about(OrderDelivered, t("02-05"))])
    engine.record(order("1", t("03-20"), 10_000, 5_000))
    assert available(engine, t("03-21")) == 100 + 150
    assert told(engine) == []


@pytest.mark.parametrize("cancelled", ["10:30", "12:00"])
def test_cancelled_before_it_was_placed_nothing_is_promised(cancelled: str) -> None:
    """Within the hold, or after it was over."""
    engine = shop()
    hold(engine, 30, t("02-01"))
    engine.record(about(OrderCancelled, t("02-01", cancelled)))
    assert available(engine, t("02-01", "12:30")) == 100
    engine.record(order("1", t("02-01", "13:00"), 10_000))
    assert available(engine, t("02-02")) == 200


def test_a_preview_knows_what_other_programmes_hold() -> None:
    """What they pay of the order earns nothing."""
    engine, _ = two_programmes()
    hold(engine, 5_000, t("02-01", "09:50"), unit=CENTS)
    before = available(engine, t("02-01"))
    what = order("1", t("02-01"), 10_000)
    seen = engine.cashier.preview("anna", "pts", what.order.lines, at=t("02-01", "09:55"), order_id="1", paid=5_000)
    engine.record(what)
    assert seen.total == available(engine, t("02-02")) - before == 50


def test_two_customers_may_hold_for_baskets_of_one_name() -> None:
    """At one instant: the request of one is not that of the other."""
    engine = shop()
    engine.record(Customer(id="bob", registered=t("01-02")))
    hold(engine, 1, t("02-01"), name="cart")
    assert engine.cashier.hold("bob", "pts", 1, order="cart", at=t("02-01")).result["held"] == 1


def test_a_bonus_for_an_order_does_not_depend_on_the_order_itself() -> None:
    """It is in another currency than the units held for it: that is told, and the bonus is given."""
    engine = shop(evolve(POINTS, bonuses=[SIGNUP, Bonus("b", on="order_placed", amount=7)]))
    hold(engine, 10, t("02-01", "09:50"))
    engine.record(order("1", t("02-01"), 5_000, currency="USD"))
    assert available(engine, t("02-02")) == 107
    assert told(engine) == ["other_currency"]


@pytest.mark.parametrize("cut", [False, True])
def test_a_hold_after_the_cancellation_of_an_order_that_was_never_placed(cut: bool) -> None:
    """However time is cut: whoever looks again at the cancellation does not end what was held since."""
    engine = shop()
    engine.record(about(OrderCancelled, t("02-01")))
    if cut:
        engine.advance(t("02-01"))
    hold(engine, 30, t("02-01", "10:05"))
    assert engine.cashier.balance("anna", "pts", at=t("02-01", "10:06")).held == 30
    hold(engine, 1, t("02-01", "10:07"), name="2")
    engine.record(order("1", t("02-01", "10:10"), 10_000))
    assert available(engine, t("02-02")) == 100 - 30 + 70
    assert told(engine) == []


def test_a_programme_that_was_refused_is_taken_in_by_the_same_receipt() -> None:
    """The units it spent before were gone; when there are some again, it knows what the other one paid."""
    engine, _ = two_programmes()
    hold(engine, 30, t("02-01", "09:50"))
    engine.record([order("1", t("02-01"), 10_000), about(OrderCancelled, t("02-01", "10:02"))])
    cashier = engine.cashier
    left = available(engine, t("02-01", "10:03")) - 10
    account = cashier.account("anna", "pts")
    cashier.do(Redeem(key="mug", account=account, at=t("02-01", "10:03"), amount=left, purpose="mug"))
    hold(engine, 5_000, t("02-01", "10:05"), unit=CENTS)
    engine.record(about(OrderPaid, t("02-01", "10:10")))
    engine.advance(t("02-01", "10:11"))
    engine.record([order("2", t("02-01", "10:20"), 10_000), about(OrderDelivered, t("02-01", "10:30"))])
    assert available(engine, t("02-02")) == 10 + 100 - 30 + 20
    assert told(engine) == ["insufficient"]


def test_a_programme_that_came_later_pays_the_second_time() -> None:
    """The order was paid and cancelled before there was one."""
    engine = shop()
    engine.record([order("1", t("02-01"), 10_000), about(OrderCancelled, t("02-01", "10:02"))])
    engine.advance(t("02-01", "10:03"))
    later = Engine([], club=Club(programmes=[POINTS, CASH]), store=engine.store)
    account = later.cashier.account("anna", CENTS)
    later.cashier.do(Earn(key="g", account=account, at=t("02-01", "10:04"), amount=10_000))
    hold(later, 5_000, t("02-01", "10:05"), unit=CENTS)
    later.record(about(OrderPaid, t("02-01", "10:10")))
    assert available(later, t("02-02")) == 150
    assert available(later, t("02-02"), CENTS) == 5_000 + 150


def test_nothing_is_promised_to_an_order_that_is_paid() -> None:
    """It cost less than what was held for it."""
    engine = shop()
    hold(engine, 50, t("02-01", "09:50"))
    engine.record(order("1", t("02-01"), 0))
    engine.advance(t("02-02"))
    assert engine.cashier.state("anna", "pts", at=t("02-02")).lapsed == {}
    assert available(engine, t("02-02")) == 100
