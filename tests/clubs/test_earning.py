"""From facts about orders to points and back: through snapshot, command and ledger."""

from __future__ import annotations

import os
import random
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention_engine import facts as f
from retention_engine import loyalty as lo
from retention_engine.clubs.earning import Earning, per_money, per_order, per_quantity
from retention_engine.clubs.order_lines import bought
from retention_engine.errors import DefinitionError, FactError, Insufficient
from retention_engine.loyalty import Vesting
from retention_engine.loyalty.earning import Group, Spending
from retention_engine.money import Money
from retention_engine.predicates import customer, item, orders
from retention_engine.state import apply
from retention_engine.timing import DAY, HOUR, days
from tests.clubs._till import CENTS, Till, eur, line, programme

BASE = Earning("base", per_money(1, 100))
NOW = lo.AT_ONCE
ROUNDS = 20_000 if os.environ.get("RETENTION_NIGHTLY") else 600


def test_the_worked_example_through_facts() -> None:
    """60.00 and 40.00, 30 points: 28.00 and 12 points for B, 42 are kept; then all of A."""
    till = Till(programme(BASE), start=30)
    till.hold(30)
    assert till.buy(line("A", 6000), line("B", 4000))["granted"] == 70
    assert (till.balance.pending, till.balance.available) == (70, 0)
    found = till.back(4000, "B")
    assert (found["money_back"], found["restored"], found["kept"]) == (2800, 12, 42)
    found = till.back()
    assert (found["money_back"], found["restored"], found["kept"]) == (7000, 18, 0)
    assert till.balance == lo.Balance(0, 30)


def naive_left(granted: int, net: int, parts: list[int]) -> int:
    """Return what is left when each refund takes its own rounded part of the grant."""
    return granted - sum(granted * part // net for part in parts)


def test_split_refunds_leave_nothing_and_restore_every_point() -> None:
    """REFUND-PATH: random orders, rates, splits and ways to return all of it, from fact to balance.

    The naive way, a rounded part of the grant for each refund, leaves points in most of the same orders. All 20,000
    ways are walked each night.
    """
    dice = random.Random(11)
    naive = earning = paid = 0
    for number in range(ROUNDS):
        value = Fraction(dice.choice([1, 10, 100]))
        split = dice.choice(list(lo.Split))
        rules = [Earning("base", per_money(dice.randrange(1, 9), dice.choice([7, 100, 300])))]
        rules += [Earning("each", per_quantity(dice.randrange(1, 5)))] * (dice.random() < 0.3)
        rules += [Earning("order", per_order(dice.randrange(1, 30)))] * (dice.random() < 0.3)
        till = Till(programme(*rules, spending=Spending(point_value=value), split=split), start=500)
        lines = [line(f"s{n}", dice.randrange(1, 3000), dice.randrange(1, 4)) for n in range(dice.randrange(1, 4))]
        total = sum(one.amount.amount for one in lines) - dice.choice([0, 0, 1])
        if dice.random() < 0.6:
            till.hold(dice.randrange(1, 501))
        granted = till.buy(*lines, total=eur(total))["granted"]
        used = 500 - till.balance.available
        left, parts, seen = total, [], (till.earned, 0)
        while left:
            part = left if dice.random() < 0.25 else dice.randrange(1, left + 1)
            named = [dice.choice(lines).sku] if dice.random() < 0.4 else []
            till.back(part, *named)
            left -= part
            parts.append(part)
            now = (till.earned, till.balance.available)
            assert now[0] <= seen[0]
            assert now[1] >= seen[1]
            seen = now
        assert (till.earned, till.balance) == (0, lo.Balance(0, 500)), number
        naive += naive_left(granted, total, parts) > 0
        earning += granted > 0
        paid += used > 0
    print(earning, "orders earned,", paid, "were paid with points; the naive way leaves points in", naive)
    assert naive > earning // 2
    assert min(earning, paid) > ROUNDS // 3


@given(st.lists(st.integers(1, 900), min_size=1, max_size=9), st.sampled_from([(), ("A",)]))
def test_any_way_to_refund_the_same_ends_alike(parts: list[int], skus: tuple[str, ...]) -> None:
    """REFUND-PATH: three refunds of 10.00 are one of 30.00, of a line and of the order; no step gives points back."""
    ends = set()
    for way in (parts, [sum(parts)], parts[::-1]):
        till = Till(programme(Earning("base", per_money(3, 100))), start=20)
        till.hold(20)
        till.buy(line("A", 8101), line("B", 2999), line("C", 77))
        for part in way:
            before = till.earned
            assert till.back(part, *skus)["granted"] == 0
            assert till.earned <= before
        ends.add((till.earned, till.balance))
    assert len(ends) == 1


def test_returning_a_line_changes_no_other() -> None:
    """LINE-INDEP: of two lines with rules of their own, the one that stays keeps exactly its points."""
    tea = Earning("tea", per_money(1, 10), lines=[item.category == "tea"])
    till = Till(programme(tea, BASE))
    till.buy(line("A", 999, category="tea"), line("B", 3333))
    kept = {cell.line: 0 for cell in _receipt(till).cells}
    for cell in _receipt(till).cells:
        kept[cell.line] += cell.amount
    till.back(3333, "B")
    assert till.earned == kept["1:A"]


def _receipt(till: Till) -> lo.Receipt:
    record = till.state.orders["o"]
    assert isinstance(record, lo.OrderRecord)
    assert record.receipt is not None
    return record.receipt


LIFE: list[tuple[str, Any]] = [
    ("cancel", f.OrderCancelled),
    ("pay", f.OrderPaid),
    ("deliver", f.OrderDelivered),
    ("back", 500),
    ("back", 1700),
]


@given(st.lists(st.sampled_from(LIFE), max_size=6))
def test_the_latest_state_of_an_order_is_all_that_counts(path: list[tuple[str, Any]]) -> None:
    """REC-LAST: step by step, or told the whole at once, the account ends alike; told again, nothing changes."""
    ends = []
    for at_once in (False, True):
        till = Till(programme(Earning("base", per_money(3, 100), vesting=NOW)), start=100)
        till.hold(10)
        till.buy(line("A", 2000), line("B", 1500))
        for number, (_, what) in enumerate(path):
            amount: dict[str, Any] = {"amount": eur(what)} if isinstance(what, int) else {}
            cls = f.OrderRefunded if amount else what
            fact = cls(id=f"p{number}", customer="anna", at=5 + number, order_id="o", **amount)
            if at_once and number < len(path) - 1:
                apply(till.history, fact)
            else:
                till.take(fact)
                assert till.take(fact) == []
        assert lo.verify(till.ledger) == []
        ends.append((till.earned, till.balance))
    assert ends[0] == ends[1]


def test_an_order_that_is_paid_again_earns_again_and_waits_again() -> None:
    """B8: the refund of the first life is over with it; a repeated payment changes nothing."""
    till = Till(programme(BASE), start=30)
    till.hold(30)
    till.buy(line("A", 10_000))
    till.back(4000)
    till.about(f.OrderCancelled, at=2 * DAY)
    assert (till.earned, till.balance.available) == (0, 30)
    again = till.about(f.OrderPaid, at=10 * DAY)
    assert (again["granted"], again["spent"], till.earned) == (70, 30, 70)
    till.about(f.OrderPaid, at=11 * DAY)
    assert till.ledger.balance(till.account, 24 * DAY - 1).pending == 70
    assert till.ledger.balance(till.account, 24 * DAY).available == 70


def test_an_old_snapshot_changes_nothing() -> None:
    """REC-STALE: a fact that is known already asks for nothing."""
    till = Till(programme(BASE))
    till.buy(line("A", 1000))
    fact = f.OrderDelivered(id="d", customer="anna", at=5, order_id="o")
    assert len(till.take(fact)) == 1
    assert till.take(fact) == []
    assert till.take(f.OrderShipped(id="s", customer="anna", at=6, order_id="o")) == []


def test_refunds_read_the_receipt() -> None:
    """RECEIPT, B5: rate, tier, vesting and rounding change; what was granted is taken back as it was granted."""
    till = Till(programme(Earning("base", per_money(1, 100), multipliers={"gold": Fraction(2)})), tier="gold")
    till.buy(line("A", 5000), line("B", 5000))
    assert till.earned == 200
    till.tier = None
    till.programme = programme(Earning("base", per_money(9, 100), version=2), rounding="ceil")
    till.back(5000, "A")
    assert till.earned == 100
    till.back()
    assert till.earned == 0


EDITS: list[tuple[list[f.Line], int]] = [
    ([line("A", 4000)], 40),
    ([line("A", 4000), line("B", 6000), line("C", 1050)], 110),
    ([line("A", 4000), line("B", 9000)], 130),
    ([line("A", 4000), line("B", 1000)], 50),
    ([line("B", 6000), line("A", 4000)], 100),
    ([line("A", 4000, 2), line("B", 6000)], 140),
    ([line("C", 333)], 3),
]


@pytest.mark.parametrize(("lines", "earned"), EDITS, ids=range(len(EDITS)))
def test_a_paid_order_may_change(lines: list[f.Line], earned: int) -> None:
    """A line that is gone is returned, one that came later earns by the rules of the receipt; path does not matter."""
    ends = []
    for way in ([lines], [[line("X", 77)], lines], [lines, [line("A", 1)], lines]):
        till = Till(programme(BASE))
        till.buy(line("A", 4000), line("B", 6000))
        for each in way:
            till.buy(*each)
        ends.append(till.earned)
        assert lo.verify(till.ledger) == []
    assert ends == [earned] * 3


def test_lines_that_came_later_keep_the_terms_of_the_receipt() -> None:
    """Tier and rate are those of the payment, the amount for the whole order is given once, refunds close."""
    once = Earning("order", per_order(50))
    two = Earning("base", per_money(1, 100), multipliers={"gold": Fraction(2)}, lines=[item.category == "tea"])
    till = Till(programme(two, once), tier="gold")
    till.buy(line("A", 1000, category="tea"))
    till.tier = "silver"
    till.buy(line("A", 1000, category="tea"), line("B", 500, category="tea"), line("C", 500))
    assert till.earned == 20 + 10 + 50
    till.programme = programme(Earning("base", per_money(7, 100), version=2))
    till.buy(line("A", 1000, category="tea"), line("B", 500, category="tea"))
    assert till.earned == 70
    till.back()
    assert till.earned == 0


def test_points_of_a_hold_that_timed_out_are_spent_or_missed() -> None:
    """A late payment finds other points, or the host is told; a hold that was let go is not charged."""
    till = Till(programme(BASE), start=30)
    till.hold(30)
    till.buy(line("A", 10_000), paid=False)
    till.now += 3 * HOUR
    assert till.about(f.OrderPaid)["spent"] == 30
    poor = Till(programme(BASE), start=30)
    poor.hold(30)
    poor.buy(line("A", 10_000), paid=False)
    poor.now += 3 * HOUR
    poor.ledger.post(lo.Redeem(key="r", account=poor.account, at=poor.now, amount=20))
    with pytest.raises(Insufficient):
        poor.about(f.OrderPaid)
    left = Till(programme(BASE), start=30)
    left.hold(30)
    left.buy(line("A", 10_000), paid=False)
    (hold,) = left.state.holds
    left.ledger.post(lo.Void(key="v", account=left.account, at=left.now, hold=hold))
    assert (left.about(f.OrderPaid)["spent"], left.earned) == (0, 100)


def test_points_that_were_redeemed_for_an_order_count_once_and_never_above_its_value() -> None:
    """A redemption under the id of the order pays for it; what the order does not need comes back."""
    till = Till(programme(BASE), start=30)
    till.ledger.post(lo.Redeem(key="r", account=till.account, at=0, amount=30, purpose="o"))
    found = till.buy(line("A", 2000))
    assert (found["spent"], found["restored"], till.balance.available, till.earned) == (0, 10, 10, 0)


def test_an_order_waits_for_payment_and_a_refund_for_its_order() -> None:
    """Placed: nothing is earned; refund first: it counts when the order comes; another currency: another programme."""
    till = Till(programme(BASE))
    assert till.take(f.OrderRefunded(id="r", customer="anna", at=1, order_id="o", amount=eur(400))) == []
    assert till.buy(line("A", 1000), paid=False)["granted"] == 0
    till.take(f.OrderRefunded(id="s", customer="anna", at=1, order_id="o", amount=Money(400, "USD")))
    assert till.about(f.OrderPaid)["granted"] == 6
    other = f.Order(id="u", customer="anna", at=2, total=Money(100, "USD"))
    assert till.take(f.OrderPlaced.of(other)) == []


VESTINGS: list[tuple[Vesting, list[tuple[int, Any]], int | None]] = [
    (Vesting(), [], 15 * DAY),
    (NOW, [], DAY),
    (Vesting(start="delivered"), [], None),
    (Vesting(start="delivered"), [(4 * DAY, f.OrderDelivered)], 18 * DAY),
    (Vesting(start="delivered", latest=days(60)), [], 61 * DAY),
    (Vesting(start="delivered", latest=days(60)), [(4 * DAY, f.OrderDelivered)], 18 * DAY),
    (Vesting(start="delivered", latest=days(60)), [(55 * DAY, f.OrderDelivered)], 61 * DAY),
    (Vesting(start="delivered", latest=days(60)), [(62 * DAY, f.OrderDelivered)], 61 * DAY),
    (Vesting(start="checked", after=days(0)), [(5 * DAY, "checked")], 5 * DAY),
    (Vesting(start="checked"), [(9 * DAY, "checked"), (5 * DAY, "checked")], 19 * DAY),
    (Vesting(start="checked", after=days(0)), [(5 * DAY, "other")], None),
    (Vesting(round_up=True), [], 15 * DAY),
    (Vesting(after=days(1), round_up=True, zone="Asia/Tokyo"), [], 2 * DAY + 15 * HOUR),
]


@pytest.mark.parametrize(("vesting", "later", "vests"), VESTINGS, ids=range(len(VESTINGS)))
def test_units_vest_when_the_rule_says(vesting: Vesting, later: list[tuple[int, Any]], vests: int | None) -> None:
    """After payment, delivery or an event of the shop; paid at 1 January 1970, 24:00."""
    till = Till(programme(Earning("base", per_money(1, 100), vesting=vesting, validity=lo.Lasts(months=1))))
    till.buy(line("A", 1000), at=DAY)
    for number, (at, what) in enumerate(later):
        if isinstance(what, str):
            till.take(f.Event(id=f"{number}", customer="anna", at=at, name=what, data={"order": "o"}))
        else:
            till.about(what, at=at)
    (stock,) = till.state.lots.values()
    assert stock.vests_at == vests
    assert (stock.expires_at is None) == (vests is None)


@pytest.mark.parametrize("what", ["checked", "delivered"])
def test_an_order_that_is_paid_again_waits_anew(what: str) -> None:
    """What happened to it before the cancellation says nothing about the second payment."""
    vesting = Vesting(start=what, after=days(1))
    till = Till(programme(Earning("base", per_money(1, 100), vesting=vesting)))

    def happens(at: int) -> None:
        if what == "delivered":
            till.about(f.OrderDelivered, at=at)
        else:
            till.take(f.Event(id=f"{at}", customer="anna", at=at, name=what, data={"order": "o"}))

    till.buy(line("A", 1000), at=DAY)
    happens(2 * DAY)
    assert till.ledger.balance(till.account, 3 * DAY).available == 10
    till.about(f.OrderCancelled, at=4 * DAY)
    till.about(f.OrderPaid, at=5 * DAY)
    assert till.ledger.balance(till.account, 40 * DAY).pending == 10
    happens(41 * DAY)
    assert till.ledger.balance(till.account, 42 * DAY - 1).pending == 10
    assert till.ledger.balance(till.account, 42 * DAY).available == 10


def test_rules_of_one_order_vest_expire_and_are_named_each_in_its_own_way() -> None:
    """Vesting, validity and source belong to the rule."""
    rules = [
        Earning("now", per_money(1, 100), vesting=NOW, validity=lo.Lasts(months=1), version=3),
        Earning("later", per_money(2, 100)),
        Earning("waits", per_money(3, 100), vesting=Vesting(start="delivered")),
    ]
    till = Till(programme(*rules))
    till.buy(line("A", 1000))
    assert (till.balance.available, till.balance.pending) == (10, 50)
    sources = {stock.lot.source for stock in till.state.lots.values()}
    assert sources == {"now@3:order:o", "later@1:order:o", "waits@1:order:o"}
    till.about(f.OrderDelivered)
    assert till.ledger.balance(till.account, till.now + 14 * DAY).available == 60


def test_conditions_on_customer_order_and_lines() -> None:
    """The nth order, a smallest basket, a category; a line without the field passes no condition."""
    rules = [
        Earning("third", per_order(100), when=orders.count() == 3),
        Earning("basket", per_order(7), order=[item.total >= 5000]),
        Earning("tea", per_money(1, 100), lines=[item.category == "tea", item.price < 3000]),
    ]
    till = Till(programme(*rules))
    assert till.buy(line("A", 1000, category="tea"), line("B", 1000), order="1")["granted"] == 10
    assert till.buy(line("A", 5000, category="tea"), order="2")["granted"] == 7
    assert till.buy(line("A", 1000), order="3")["granted"] == 100
    till.back(order="3")
    assert till.earned == 17
    bare = f.Order(id="4", customer="anna", at=till.now + 1, total=eur(9000))
    (found,) = till.take(f.OrderPlaced.of(bare))
    assert found["granted"] == 7


def test_nets_sum_to_what_is_paid() -> None:
    """A discount is shared over the lines; what is above their sum, such as shipping, earns nothing."""
    cheap = bought(f.Order(id="o", customer="c", at=0, lines=[line("A", 100, 3), line("A", 100)], total=eur(333)))
    assert [(one.id, one.net) for one in cheap.lines] == [("1:A", 250), ("2:A", 83)]
    dear = bought(f.Order(id="o", customer="c", at=0, lines=[line("A", 100)], total=eur(150)))
    assert [one.net for one in dear.lines] == [100]


def test_pieces_that_come_back_are_those_named() -> None:
    """By item over its lines; with no pieces named they follow the value; a free piece comes back with the rest."""
    till = Till(programme(Earning("each", per_quantity(5), vesting=NOW)))
    till.buy(line("A", 100, 2), line("A", 90, 1), line("B", 0, 1))
    assert till.earned == 20
    till.count += 1
    three = (f.Returned(sku="A", quantity=3),)
    till.take(f.OrderRefunded(id="r", customer="anna", at=9, order_id="o", amount=eur(100), lines=three))
    assert till.earned == 5
    till.back(190)
    assert till.earned == 0
    other = Till(programme(Earning("each", per_quantity(5), vesting=NOW)))
    other.buy(line("A", 100, 4))
    other.back(199)
    assert other.earned == 15


def test_a_refund_of_pieces_says_how_much() -> None:
    """Without an amount the whole order is refunded, so pieces need one."""
    with pytest.raises(FactError, match="lines need an amount"):
        f.OrderRefunded(id="r", customer="a", at=0, order_id="o", lines=[f.Returned(sku="A")])
    wrongs: list[Any] = ["A", 3, ["A"]]
    for wrong in wrongs:
        with pytest.raises(FactError, match="Returned"):
            f.OrderRefunded(id="r", customer="a", at=0, order_id="o", amount=eur(1), lines=wrong)


@pytest.mark.parametrize(
    "make",
    [
        lambda: per_money(0, 100),
        lambda: per_money(1, 0.5),  # type: ignore[arg-type] # what a shop may write
        lambda: Earning("a@b", per_order(1)),
        lambda: Earning("a", 5),  # type: ignore[arg-type] # what a shop may write
        lambda: Earning("a", per_order(1), version=0),
        lambda: Earning("a", per_order(1), when=True),  # type: ignore[arg-type] # what a shop may write
        lambda: Earning("a", per_order(1), lines=[item.colour == "red"]),
        lambda: Earning("a", per_order(1), multipliers={"gold": 1.5}),  # type: ignore[dict-item] # what a shop may write
        lambda: Earning("a", per_order(1), caps=[lo.Cap(limit=1, window="day", whole=True)]),
        lambda: programme(BASE, BASE),
        lambda: programme(BASE, caps=[lo.Cap(limit=1, window="day")]),
        lambda: programme(BASE, currency="euro"),
        lambda: programme("base"),
        lambda: programme(
            Earning("a", per_order(1), group=Group("g")), Earning("b", per_order(1), group=Group("g", "sum"))
        ),
    ],
    ids=range(14),
)
def test_wrong_declarations_are_refused(make: Any) -> None:
    """Where they are written."""
    with pytest.raises((DefinitionError, FactError)):
        make()


def test_what_the_conditions_ask_for_is_known() -> None:
    """So that it is remembered."""
    one = programme(Earning("a", per_order(1), when=(orders.count() == 3) & (customer.city == "Riga")))
    assert one.reads() == {"orders", "customer.city"}
    assert one.point_value == CENTS
