"""Units that were promised to an order: taken by its payment however late it is told, or somebody hears of it."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from attrs import evolve

from retention_engine import Customer, Engine, Line, Money, Order, orders
from retention_engine.clubs import Bonus, Club, Earning, Programme, YearlyBonus, per_money, per_order, reconciling
from retention_engine.errors import DefinitionError, LedgerError
from retention_engine.facts import (
    LedgerPosted,
    LedgerRefused,
    OrderCancelled,
    OrderPaid,
    OrderPlaced,
    OrderRefunded,
    Reviewed,
)
from retention_engine.loyalty import (
    AT_ONCE,
    Lasts,
    Merge,
    OpenHold,
    OrderRecord,
    Redeem,
    Unit,
    Until,
    Vesting,
    WhileActive,
    from_json,
    order_command,
    spending,
)
from retention_engine.loyalty.earning import Spending
from retention_engine.predicates import month_day
from retention_engine.timing import days

SINCE = "2026-01-01T00:00:00+00:00"
BASE = Earning("base", per_money(1, 100), vesting=AT_ONCE)
SIGNUP, REVIEW = Bonus("signup", on="registered", amount=100), Bonus("review", on="reviewed", amount=1)
POINTS = Programme(
    id="club",
    unit=Unit("pts"),
    currency="EUR",
    earning=[BASE],
    bonuses=[SIGNUP, REVIEW],
    spending=Spending(point_value=Fraction(100)),
)
CASH = Programme(
    id="cash",
    unit=Unit.cashback("EUR"),
    currency="EUR",
    spending=Spending(point_value=Fraction(1)),
    earning=[Earning("cash", per_money(3, 100), vesting=AT_ONCE)],
)
CENTS = "cashback-EUR"


def t(day: str, clock: str = "10:00") -> str:
    """Return an instant of 2026."""
    return f"2026-{day}T{clock}:00+00:00"


def order(name: str, at: str, *amounts: int, paid: bool = True, currency: str = "EUR") -> OrderPlaced:
    """Return an order of lines s0, s1, and so on; another instant is another state of the same order."""
    lines = [Line(sku=f"s{place}", price=Money(each, currency)) for place, each in enumerate(amounts)]
    what = Order(id=name, customer="anna", at=at, lines=lines)
    return OrderPlaced(id=f"{name}@{at}", customer="anna", at=at, order=what, paid=paid)


def shop(*programmes: Programme) -> Engine:
    """Return a shop in which Anna has signed up."""
    engine = Engine([], club=Club(programmes=programmes or [POINTS]), since=SINCE)
    engine.record(Customer(id="anna", registered=t("01-02")))
    return engine


def available(engine: Engine, at: str, unit: str = "pts") -> int:
    """Return what Anna can spend."""
    return engine.cashier.balance("anna", unit, at=at).available


def told(engine: Engine) -> list[str]:
    """Return the codes of what was refused, once everything was looked at."""
    engine.advance(t("12-01"))
    facts = engine.store.facts.of(["anna"])["anna"]
    return [fact.code for fact in facts if isinstance(fact, LedgerRefused)]


def hold(engine: Engine, units: int, at: str, *, name: str = "1", unit: str = "pts") -> Any:
    """Hold units for an order and return the answer."""
    return engine.cashier.hold("anna", unit, units, order=name, at=at).result


def late_payment(*, review: bool) -> int:
    """Return what is left when an order is paid after its hold, with or without another entry between."""
    engine = shop()
    hold(engine, 30, t("02-01"))
    if review:
        engine.record(Reviewed(id="r", customer="anna", at=t("02-01", "11:30"), score=5))
    engine.record(order("1", t("02-01", "12:30"), 10_000))
    return available(engine, t("02-02"))


@pytest.mark.parametrize("review", [False, True])
def test_a_late_payment_takes_the_units_whatever_came_between(review: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """100 - 30 + 70, and 1 for the review; with the fault of forgetting holds that are over: nothing is taken."""
    assert late_payment(review=review) == 140 + review
    if review:
        monkeypatch.setattr(reconciling, "promise_to", spending.hold_for)
        assert late_payment(review=True) == 201


def test_a_payment_within_the_hold_that_is_told_late_takes_the_units() -> None:
    """The hold was open when it was paid; a review came before anybody heard of the payment."""
    engine = shop()
    hold(engine, 30, t("02-01"))
    engine.record(Reviewed(id="r", customer="anna", at=t("02-01", "11:30"), score=5))
    engine.advance(t("02-01", "11:31"))
    engine.record(order("1", t("02-01", "10:10"), 10_000))
    assert available(engine, t("02-02")) == 141


def test_a_promise_is_over_when_units_were_spent_or_held_again() -> None:
    """What was redeemed for the order at the counter pays for it, once; a new hold takes the place of the old one."""
    engine = shop()
    hold(engine, 30, t("02-01"))
    hold(engine, 40, t("02-01"), name="2")
    account = engine.cashier.account("anna", "pts")
    engine.cashier.do(Redeem(key="r", account=account, at=t("02-02"), amount=20, purpose="1"))
    hold(engine, 10, t("02-02"), name="2")
    engine.record([order("1", t("02-03"), 5_000), order("2", t("02-03"), 5_000)])
    assert available(engine, t("02-04")) == 100 - 20 - 10 + 30 + 40


@pytest.mark.parametrize(("before", "after", "left"), [(0, 30, 140), (30, 10, 180), (30, 0, 140), (0, 0, 200)])
def test_an_order_paid_again_takes_the_new_hold(before: int, after: int, left: int) -> None:
    """By its own receipt; without a new hold as it was paid first."""
    engine = shop()
    if before:
        hold(engine, before, t("02-01", "09:50"))
    engine.record(order("1", t("02-01"), 10_000))
    engine.record(OrderCancelled(id="c", customer="anna", at=t("02-03"), order_id="1"))
    assert available(engine, t("02-04")) == 100
    if after:
        hold(engine, after, t("02-05"))
    engine.record(OrderPaid(id="p", customer="anna", at=t("02-05", "10:10"), order_id="1"))
    assert available(engine, t("02-06")) == left
    engine.record(OrderRefunded(id="r", customer="anna", at=t("02-07"), order_id="1"))
    assert available(engine, t("02-08")) == 100
    assert engine.verify() == []


def test_an_order_paid_again_earns_by_the_rates_of_its_first_payment() -> None:
    """Other rules of the same version, a rule that is gone, and a line that came since."""
    engine = shop(evolve(POINTS, earning=[BASE, Earning("gone", per_order(5), vesting=AT_ONCE)]))
    engine.record(order("1", t("02-01"), 10_000))
    engine.record(OrderCancelled(id="c", customer="anna", at=t("02-03"), order_id="1"))
    hold(engine, 50, t("02-05"))
    later = evolve(POINTS, earning=[Earning("base", per_money(9, 100), vesting=AT_ONCE)])
    again = Engine([], club=Club(programmes=[later]), store=engine.store, since=SINCE)
    again.record(
        [
            order("1", t("02-05", "10:05"), 10_000, 2_000),
            OrderPaid(id="p", customer="anna", at=t("02-05", "10:10"), order_id="1"),
        ]
    )
    assert available(again, t("02-06")) == 50 + 70 + 5


@pytest.mark.parametrize("cancelled", [t("02-01", "10:05"), t("02-03")])
def test_a_cancellation_ends_the_promise_whether_or_not_the_hold_was_over(cancelled: str) -> None:
    """Whoever pays after all pays in money."""
    engine = shop()
    hold(engine, 30, t("02-01", "09:50"))
    engine.record(order("1", t("02-01"), 10_000, paid=False))
    engine.record(OrderCancelled(id="c", customer="anna", at=cancelled, order_id="1"))
    engine.record(OrderPaid(id="p", customer="anna", at=t("02-04"), order_id="1"))
    assert available(engine, t("02-05")) == 200
    assert engine.verify() == []


def test_a_cancelled_order_that_was_never_placed_frees_its_hold() -> None:
    """Once; of one that is over by itself there is nothing to free."""
    engine = shop()
    hold(engine, 30, t("02-01"))
    engine.record(OrderCancelled(id="c", customer="anna", at=t("02-01", "10:05"), order_id="1"))
    assert available(engine, t("02-01", "10:06")) == 100
    hold(engine, 30, t("02-02"), name="2")
    engine.record(OrderCancelled(id="d", customer="anna", at=t("02-03"), order_id="2"))
    engine.record(OrderCancelled(id="e", customer="anna", at=t("02-03"), order_id="unheard"))
    assert told(engine) == []


def test_units_are_not_held_for_an_order_that_is_paid() -> None:
    """Nor for what is added to it."""
    engine = shop()
    engine.record(order("1", t("02-01"), 10_000))
    with pytest.raises(LedgerError, match="order '1' is paid: what is added to it later") as caught:
        hold(engine, 30, t("02-02"))
    assert caught.value.code == "order_paid"


def test_the_same_order_within_one_instant_has_the_amount_that_was_asked_last() -> None:
    """Clocks of seconds; the same request again is the same answer."""
    engine = shop()
    for units in (20, 10, 20, 20, 10):
        assert hold(engine, units, t("02-01"))["held"] == units
        assert engine.cashier.balance("anna", "pts", at=t("02-01")).held == units
    again = engine.cashier.hold("anna", "pts", 10, order="2", at=t("02-01"))
    assert not again.replayed
    assert engine.cashier.hold("anna", "pts", 10, order="2", at=t("02-01")).replayed


def test_units_that_do_not_pay_for_orders_are_not_held() -> None:
    """A programme without spending; a number between two steps, or below the smallest."""
    strict = Spending(point_value=Fraction(100), step=10, min_redeem=20)
    for spends, units, message in (
        (None, 80, "pts of programme club does not pay for orders"),
        (strict, 25, "of 25 pts 20 may be spent: they are spent in steps of 10"),
        (strict, 10, "of 10 pts none may be spent: 10 are fewer than 20"),
    ):
        with pytest.raises(LedgerError, match=message) as caught:
            hold(shop(evolve(POINTS, spending=spends)), units, t("02-01"))
        assert caught.value.code == "not_for_orders"
    assert hold(shop(evolve(POINTS, spending=strict)), 30, t("02-01"))["held"] == 30


def test_a_hold_for_an_order_in_another_currency_is_told() -> None:
    """Nobody else's order in that currency is."""
    engine = shop()
    hold(engine, 30, t("02-01"))
    engine.record([order("1", t("02-01", "10:10"), 10_000, currency="USD"), order("2", t("02-02"), 5, currency="USD")])
    assert told(engine) == ["other_currency"]


def two_programmes() -> tuple[Engine, tuple[int, int]]:
    """Return a shop with two programmes, of which Anna has something, and what."""
    engine = shop(POINTS, CASH)
    engine.record(order("0", t("01-20"), 1_000_000))
    return engine, (available(engine, t("02-01")), available(engine, t("02-01"), CENTS))


@pytest.mark.parametrize(
    ("points", "cents", "money"), [(50, 5_000, 0), (30, 1_000, 6_000), (0, 999, 9_001), (33, 0, 6_700)]
)
def test_what_another_programme_paid_is_no_money(points: int, cents: int, money: int) -> None:
    """It earns nothing, and a refund gives each its own back; each entry says how much of it is money."""
    engine, before = two_programmes()
    for unit, units in (("pts", points), (CENTS, cents)):
        if units:
            hold(engine, units, t("02-03", "09:59"), unit=unit)
    engine.record(order("1", t("02-03"), 6_667, 3_333))
    earned = money // 100, money * 3 // 100
    after = available(engine, t("02-04")), available(engine, t("02-04"), CENTS)
    assert after == (before[0] - points + earned[0], before[1] - cents + earned[1])
    engine.record(OrderRefunded(id="r", customer="anna", at=t("02-05"), order_id="1"))
    engine.advance(t("02-06"))
    assert (available(engine, t("02-06")), available(engine, t("02-06"), CENTS)) == before
    posted = [one for one in engine.store.facts.of(["anna"])["anna"] if isinstance(one, LedgerPosted)]
    assert [from_json(one.entry).result["money_back"] for one in posted if one.what == "order"][-2:] == [money, money]
    assert engine.verify() == []


def test_two_programmes_never_pay_more_than_the_order() -> None:
    """Those declared first pay first."""
    engine, before = two_programmes()
    hold(engine, 80, t("02-03", "09:59"))
    hold(engine, 9_000, t("02-03", "09:59"), unit=CENTS)
    engine.record(order("1", t("02-03"), 10_000))
    assert (available(engine, t("02-04")), available(engine, t("02-04"), CENTS)) == (before[0] - 80, before[1] - 2_000)


def test_facts_about_an_order_of_a_merged_account_are_told() -> None:
    """The facts of the order are another customer's: a person reconciles it at the counter."""
    engine = shop()
    engine.record(
        evolve(
            order("b1", t("02-01"), 5_000),
            customer="anna2",
            order=evolve(order("b1", t("02-01"), 5_000).order, customer="anna2"),
        )
    )
    engine.advance(t("02-02"))
    cashier = engine.cashier
    into = cashier.account("anna", "pts")
    cashier.do(Merge(key="m", account=cashier.account("anna2", "pts"), into=into, at=t("02-03")))
    engine.record(OrderRefunded(id="r", customer="anna", at=t("02-05"), order_id="b1"))
    known = cashier.state("anna", "pts", at=t("02-06")).orders["b1"]
    assert isinstance(known, OrderRecord)
    assert known.receipt is not None
    lines = [evolve(line, returned=line.net, quantity_returned=line.quantity) for line in known.receipt.lines]
    said: dict[str, Any] = {"revision": known.revision + 1, "status": "paid", "at": t("02-06")}
    cashier.do(order_command(into, "b1", receipt=evolve(known.receipt, lines=lines), **said))
    assert available(engine, t("02-06")) == 100
    assert told(engine) == ["merged"]


def test_a_rule_whose_units_could_never_be_spent_gives_nothing() -> None:
    """They would vest after their end: the others of the order give what they give, and the hold is taken."""
    spring = Earning("spring", per_money(1, 100), validity=Until("2026-06-01T00:00:00+00:00"))
    short = Earning("short", per_money(1, 100), validity=Lasts(span=days(3), from_earning=True))
    engine = shop(evolve(POINTS, earning=[BASE, spring, short]))
    hold(engine, 10, t("05-25", "09:50"))
    engine.record([order("0", t("05-01"), 1_000), order("1", t("05-25"), 10_000)])
    assert available(engine, t("05-26")) == 100 - 10 + (10 + 10) + 90
    assert told(engine) == []


def test_bonuses_that_could_never_be_spent_are_not_given() -> None:
    """A campaign that is over: neither units nor a refusal for each review and each birthday."""
    over = Until("2026-03-01T00:00:00+00:00")
    review, spring = (
        Bonus("review", on="reviewed", amount=1, validity=over),
        YearlyBonus("spring", anchor=month_day(3, 8), amount=5, validity=over),
    )
    engine = shop(evolve(POINTS, bonuses=[review], yearly=[spring]))
    engine.record([Reviewed(id=day, customer="anna", at=t(day), score=5) for day in ("02-01", "03-02")])
    assert available(engine, t("02-02")) == 1
    assert told(engine) == []
    assert available(engine, t("12-01")) == 0


@pytest.mark.parametrize(
    "validity", [Until("2026-06-01T00:00:00+00:00"), Lasts(span=days(90), from_earning=True)], ids=str
)
def test_units_that_wait_for_a_fact_may_not_be_over_before(validity: Any) -> None:
    """Otherwise an order would be refused when it is paid."""
    waiting = Vesting(start="delivered")
    with pytest.raises(DefinitionError, match=r"units of 'base' wait for 'delivered', and .* name the latest="):
        Earning("base", per_money(1, 100), vesting=waiting, validity=validity)
    assert Earning("base", per_money(1, 100), vesting=evolve(waiting, latest=days(60)), validity=validity)
    assert Earning("base", per_money(1, 100), vesting=waiting, validity=Lasts(span=days(90)))


def test_a_bonus_for_an_order_is_given_once_however_often_it_changes() -> None:
    """Placed again with other lines it is the order changed."""
    second = Bonus("second", on="order_placed", when=orders.count() == 2, amount=7)
    engine = shop(evolve(POINTS, earning=[], bonuses=[second]))
    engine.record([order("1", t("02-01"), 1_000), order("2", t("02-02"), 1_000)])
    engine.record([order("2", t("02-03"), 1_100), order("2", t("02-04"), 1_200)])
    assert available(engine, t("02-05")) == 7


@pytest.mark.parametrize(
    ("first", "late"),
    [
        ([order("c", t("02-03"), 100)], [order("a", t("02-01"), 100), order("b", t("02-02"), 100)]),
        ([order("a", t("02-01"), 100)], [order("x", t("02-05"), 100), order("y", t("02-05"), 100)]),
        ([order("a", t("02-01"), 100), order("b", t("02-02"), 100)], [order(n, t("02-05"), 100) for n in "xy"]),
    ],
    ids=["two come late", "second and third at once", "third and fourth at once"],
)
@pytest.mark.parametrize("advanced", [False, True])
def test_the_third_order_is_one_order(first: list[OrderPlaced], late: list[OrderPlaced], advanced: bool) -> None:
    """Each fact is taken in by itself, also those of one instant, at the counter as in the walk."""
    third = Earning("third", per_order(50), when=orders.count() == 3, vesting=AT_ONCE)
    engine = shop(evolve(POINTS, earning=[third], bonuses=[]))
    engine.record(first)
    engine.advance(t("02-04"))
    engine.record(late)
    if advanced:
        engine.advance(t("02-06"))
    assert available(engine, t("02-06")) == 50


def test_a_refund_is_no_activity() -> None:
    """Points that last while the customer is active end a month after the payment."""
    active = Bonus("signup", on="registered", amount=100, validity=WhileActive(days(30)))
    engine = shop(evolve(POINTS, earning=[], bonuses=[active]))
    engine.record(order("1", t("01-05"), 10_000))
    engine.record(OrderRefunded(id="r", customer="anna", at=t("02-03"), order_id="1"))
    assert available(engine, t("02-04", "09:59")) == 100
    assert available(engine, t("02-04")) == 0


def test_holds_by_hand_are_found_by_the_id_of_the_order() -> None:
    """The purpose is the order; a hold may last longer than an hour."""
    engine = shop()
    account = engine.cashier.account("anna", "pts")
    engine.cashier.do(OpenHold(key="h", account=account, at=t("02-01"), amount=30, purpose="905", ttl=days(1)))
    engine.record(order("905", t("02-02", "09:00"), 10_000))
    assert available(engine, t("02-03")) == 140
