"""Refunds close exactly: any split of a refund gives the same, a full one leaves nothing and gives everything back."""

from __future__ import annotations

import random
from fractions import Fraction
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from retention_engine import loyalty as lo
from retention_engine.errors import Insufficient, KeyConflict, LedgerError, StaleSnapshot
from retention_engine.loyalty import Account, Basis, Cell, Ledger, OrderLine, Receipt, Split, Unit
from retention_engine.loyalty import reconcile as module

ANNA = Account("club", Unit("pts"), "anna")
CENTS = Fraction(100)


def line(name: str, net: int, with_points: int = 0, **rest: int) -> OrderLine:
    """Return a line."""
    return OrderLine(id=name, net=net, with_points=with_points, **rest)


def back(receipt: Receipt, **returned: int) -> Receipt:
    """Return the receipt with what was returned so far."""
    return evolve(receipt, lines=tuple(evolve(one, returned=returned.get(one.id, 0)) for one in receipt.lines))


WORKED = Receipt(
    lines=(line("A", 6000, 1800), line("B", 4000, 1200)),
    cells=(Cell(rule="base", line="A", amount=42), Cell(rule="base", line="B", amount=28)),
    points=30,
    point_value=CENTS,
)
"""The worked example of the design notes: 60.00 and 40.00, one point per 1.00, 30 points worth 1.00 each used."""


def one_line(net: int, paid: int, grant: int) -> Receipt:
    """Return a receipt of one line, a point being worth 1.00."""
    cells = (Cell(rule="r", line="A", amount=grant),)
    return Receipt(lines=(line("A", net * 100, paid * 100),), cells=cells, points=paid, point_value=CENTS)


def test_the_worked_example_comes_out() -> None:
    """B returned: 28.00, 12 points back, 42 kept; then A: all money, all points, nothing kept."""
    first = back(WORKED, B=4000)
    assert (first.money_back, first.points_back, first.kept) == (2800, 12, {"base": 42})
    second = back(WORKED, A=6000, B=4000)
    assert (second.money_back, second.points_back, second.kept) == (7000, 30, {"base": 0})


@pytest.mark.parametrize(
    ("receipt", "returned", "kept"),
    [
        (one_line(12, 8, 4), {"A": 1200}, 0),
        (one_line(10, 4, 60), {"A": 1000}, 0),
        (one_line(100, 40, 60), {"A": 5000}, 30),
        (one_line(99, 0, 99), {"A": 9900}, 0),
    ],
)
def test_the_share_paid_with_points_is_subtracted_once(receipt: Receipt, returned: dict[str, int], kept: int) -> None:
    """B3: ERPNext's ``make_loyalty_point_entry`` gives -8, -40 and 10 for the first three."""
    assert back(receipt, **returned).kept == {"r": kept}


def test_returning_a_line_leaves_the_points_of_the_others() -> None:
    """B4, LINE-INDEP: Open Loyalty's old ``returns.rst`` takes 35 of 70; C earned none, its share of the order 20."""
    lines = (line("A", 1000), line("B", 1000), line("C", 2000))
    own = (Cell(rule="lines", line="A", amount=10), Cell(rule="lines", line="B", amount=20))
    shares = lo.share_out(40, [1000, 1000, 2000])
    whole = tuple(Cell(rule="order", line=n, amount=s, basis=Basis.ORDER) for n, s in zip("ABC", shares, strict=True))
    receipt = Receipt(lines=lines, cells=own + whole)
    assert back(receipt, C=2000).kept == {"lines": 30, "order": 20}


def test_pieces_are_taken_back_by_the_piece() -> None:
    """A grant per piece follows the pieces, not the money."""
    receipt = Receipt(
        lines=(line("A", 999, quantity=3, quantity_returned=1),),
        cells=(Cell(rule="r", line="A", amount=9, basis=Basis.QUANTITY),),
    )
    assert receipt.kept == {"r": 6}


def random_order(dice: random.Random) -> Receipt:
    """Return an order of one to four lines, partly paid with points."""
    nets = [dice.randrange(1, 9000) for _ in range(dice.randrange(1, 5))]
    value = Fraction(dice.choice([1, 10, 25, 100]))
    points = dice.randrange(int(sum(nets) / value) + 1) if dice.random() < 0.7 else 0
    paid = lo.share_out(int(points * value), nets)
    rate = Fraction(dice.randrange(1, 60), 1000)
    exact = [rate * (net - with_points) for net, with_points in zip(nets, paid, strict=True)]
    names = [f"l{number}" for number in range(len(nets))]
    lines = tuple(line(name, net, part) for name, net, part in zip(names, nets, paid, strict=True))
    cells = tuple(
        Cell(rule="r", line=name, amount=units)
        for name, units in zip(
            names, lo.share_out(int(sum(exact)), exact) if sum(exact) else [0] * len(nets), strict=True
        )
    )
    split = dice.choice(list(Split))
    return Receipt(lines=lines, cells=cells, points=points, point_value=value, split=split)


def test_twenty_thousand_split_refunds_leave_nothing() -> None:
    """REFUND-PATH: each target only moves one way, ends exactly, and misses less than a point and a minor unit between.

    The naive way, a rounded part of the grant for each refund, leaves points in most of the same orders.
    """
    dice = random.Random(5)
    steps = naive_left = earning = 0
    for _ in range(20_000):
        receipt = random_order(dice)
        whole = {one.id: one.net for one in receipt.lines}
        granted, net = sum(cell.amount for cell in receipt.cells), sum(whole.values())
        returned = dict.fromkeys(whole, 0)
        seen = (granted, 0, 0)
        naive = granted
        while returned != whole:
            name = dice.choice([one for one in whole if returned[one] < whole[one]])
            left = whole[name] - returned[name]
            part = left if dice.random() < 0.6 else dice.randrange(1, left + 1)
            returned[name] += part
            naive -= granted * part // net
            now = back(receipt, **returned)
            new = (sum(now.kept.values()), now.points_back, now.money_back)
            assert new[0] <= seen[0]
            assert new[1] >= seen[1]
            assert new[2] >= seen[2]
            missing = sum(returned.values()) - new[1] * receipt.point_value - new[2]
            assert 0 <= missing < receipt.point_value + 1
            seen = new
            steps += 1
        assert seen == (0, receipt.points, sum(one.net - one.with_points for one in receipt.lines))
        naive_left += naive > 0
        earning += granted > 0
    print(steps, "refunds; the naive way leaves points in", naive_left, "of", earning, "orders")
    assert naive_left > earning // 2


@given(st.integers(0, 10**6), st.lists(st.integers(0, 10**4), min_size=1, max_size=9).filter(any))
def test_shares_sum_exactly_and_are_within_one(total: int, weights: list[int]) -> None:
    """ROUND, SPLIT: the parts sum to the total, and each is within 1 of its exact value; 0 for a weight of 0."""
    parts = lo.share_out(total, weights)
    assert sum(parts) == total
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part - Fraction(total * weight, sum(weights))) < 1
        assert weight or not part


def test_ten_over_three_equal_lines_is_shared_by_the_cent() -> None:
    """B24: 3.34 + 3.33 + 3.33. https://github.com/frappe/erpnext/issues/58042"""
    assert lo.share_out(1000, [1, 1, 1]) == [334, 333, 333]
    with pytest.raises(LedgerError, match="cannot share"):
        lo.share_out(5, [0, 0])


class Shop:
    """One customer, and orders as the shop sees them."""

    def __init__(self, start: int = 30, **terms: Any) -> None:
        self.ledger = Ledger(lo.Terms(**terms))
        self.now = 0
        if start:
            self.ledger.post(lo.Earn(key="start", account=ANNA, at=0, amount=start))

    def tell(self, revision: int, status: str, receipt: Receipt, order: str = "1", **rest: Any) -> lo.Posted:
        """Tell the ledger about an order."""
        self.now += 1
        return self.ledger.post(
            lo.order_command(ANNA, order, revision=revision, status=status, receipt=receipt, at=self.now, **rest)
        )

    @property
    def balance(self) -> lo.Balance:
        """What the customer sees."""
        return self.ledger.balance(ANNA, self.now)

    @property
    def net(self) -> tuple[int, int]:
        """Points earned and kept; points spent and not given back."""
        state = self.ledger.state(ANNA)
        earned = sum(
            state.lots[name].lot.issued - one.reversed for name, one in state.grants.items() if "order" in name
        )
        return earned, sum(one.amount - one.restored for one in state.redemptions.values())


STEPS = [("placed", {}), ("paid", {}), ("paid", {"B": 4000}), ("paid", {"A": 100, "B": 4000}), ("cancelled", {})]


def test_an_order_goes_through_its_life() -> None:
    """Held, captured and earned, partly and fully given back, paid again as a new cycle."""
    shop = Shop()
    assert shop.tell(0, "placed", WORKED).result["held"] == 30
    assert shop.balance.held == 30
    assert shop.tell(1, "paid", WORKED).result["granted"] == 70
    assert shop.balance == lo.Balance(0, 70, 0, 0)
    half = shop.tell(2, "paid", back(WORKED, B=4000)).result
    assert (half["restored"], half["reversed"], half["money_back"], half["kept"]) == (12, 28, 2800, 42)
    shop.tell(3, "cancelled", WORKED)
    assert shop.balance == lo.Balance(0, 30, 0, 0)
    again = shop.tell(4, "paid", WORKED)
    assert (shop.net, again.result["granted"]) == ((70, 30), 70)
    assert lo.verify(shop.ledger) == []


@given(st.lists(st.sampled_from(STEPS), min_size=1, max_size=6), st.sampled_from(STEPS))
def test_only_the_latest_snapshot_counts(path: list[Any], last: Any) -> None:
    """REC-LAST: what is earned and spent in the end depends on the last snapshot only; B8, B36."""
    ends = []
    for way in ([*path, last], [("paid", {}), last]):
        shop = Shop(start=200)
        for revision, (status, returned) in enumerate(way):
            shop.tell(revision, status, back(WORKED, **returned))
            assert lo.verify(shop.ledger) == []
        ends.append((shop.net, shop.balance))
    assert ends[0] == ends[1]


def test_an_older_snapshot_and_the_same_again_change_nothing() -> None:
    """REC-STALE, B6: redelivered, late and altered snapshots. https://github.com/odoo/odoo/issues/222372"""
    shop = Shop()
    shop.tell(5, "paid", WORKED)
    kept = shop.ledger.state(ANNA)
    assert shop.tell(5, "paid", WORKED).replayed
    with pytest.raises(StaleSnapshot, match="revision 4"):
        shop.tell(4, "cancelled", WORKED)
    with pytest.raises(KeyConflict):
        shop.tell(5, "cancelled", WORKED)
    assert shop.ledger.state(ANNA) is kept


def test_refunds_read_the_receipt_not_the_rules_of_today() -> None:
    """B5, RECEIPT: the rate changed before the refund. https://github.com/nopSolutions/nopCommerce/issues/5757"""
    shop = Shop()
    shop.tell(0, "paid", WORKED)
    today = evolve(WORKED, cells=tuple(evolve(cell, amount=9 * cell.amount) for cell in WORKED.cells))
    assert shop.tell(1, "paid", back(today, B=4000)).result["kept"] == 42


def test_a_late_payment_finds_other_points_or_is_told() -> None:
    """The hold timed out: the payment spends other units, or the host hears what is missing; never a free discount."""
    shop = Shop(start=50)
    shop.tell(0, "placed", WORKED)
    shop.now += 3 * 60 * 60 * 10**6
    assert shop.tell(1, "paid", WORKED).result["spent"] == 30
    poor = Shop(start=10)
    with pytest.raises(Insufficient, match="30 units are asked for, 10 are available"):
        poor.tell(0, "paid", WORKED)
    assert poor.balance.available == 10


def test_points_given_back_by_an_order_are_reported_as_restored() -> None:
    """Their lot had expired: they live on by a grace, and no grant was made."""
    shop = Shop(start=0)
    shop.ledger.post(lo.Earn(key="e", account=ANNA, at=0, amount=30, validity=lo.Until(3)))
    shop.tell(0, "paid", evolve(WORKED, cells=()))
    shop.now = 5
    shop.tell(1, "cancelled", WORKED)
    report = lo.roll_forward(shop.ledger, ANNA.unit, after=4, to=shop.now)
    assert (report.issued, report.restored, report.closing, report.closes) == (0, 30, 30, True)


@pytest.mark.parametrize(
    "make",
    [
        lambda: line("A", 10, 11),
        lambda: line("A", 10, returned=11),
        lambda: line("A", -1),
        lambda: line("A", 1.5),  # type: ignore[arg-type] # what a host may send
        lambda: Receipt(lines=(line("A", 1), line("A", 2))),
        lambda: Receipt(lines=(line("A", 1),), cells=(Cell(rule="r", line="B", amount=1),)),
        lambda: Receipt(lines=(line("A", 500, 100),), points=2, point_value=CENTS),
        lambda: Receipt(lines=(), point_value=Fraction(0)),
        lambda: back(WORKED).returning((line("A", 6000),)),
        lambda: lo.order_command(ANNA, "1", revision=-1),
    ],
)
def test_bad_orders_are_refused_at_the_border(make: Any) -> None:
    """Parts larger than the whole, negative and broken numbers, unknown lines: one typed error."""
    with pytest.raises(LedgerError):
        make()


def cancel_keeps(patch: pytest.MonkeyPatch) -> None:
    """X18: what was earned before is not seen: the second payment earns nothing."""
    patch.setattr(
        module._Desk,
        "_granted",
        lambda self, rule: [
            (lot, self.work.state.lots[lot].lot.issued) for n, _, lot in self.record.grants if n == rule
        ],
    )


def remembering(patch: pytest.MonkeyPatch, **wrong: Any) -> None:
    """Let each reconciliation remember something wrong."""
    sound = lo.ReconcileOrder.perform

    def perform(self: lo.ReconcileOrder, work: Any) -> Any:
        if (record := work.state.orders.get(self.order)) is not None:
            work.state.orders[self.order] = evolve(record, **wrong)
        return sound(self, work)

    patch.setattr(lo.ReconcileOrder, "perform", perform)


def old_after_new(patch: pytest.MonkeyPatch) -> None:
    """X19: an old snapshot is applied after a new one."""
    remembering(patch, revision=-1)


def dispute_lost(patch: pytest.MonkeyPatch) -> None:
    """X20: restored points are not charged again when the return is refused."""
    patch.setattr(
        module._Desk, "_spent", lambda self: sum(self.work.state.redemptions[n].amount for n in self.record.redemptions)
    )


def floored_each_time(patch: pytest.MonkeyPatch) -> None:
    """X12, X13: the whole order in proportion instead of line by line."""

    def kept(self: Receipt) -> dict[str, int]:
        rest = Fraction(sum(one.net - one.returned for one in self.lines), sum(one.net for one in self.lines))
        return {cell.rule: int(sum(c.amount for c in self.cells if c.rule == cell.rule) * rest) for cell in self.cells}

    patch.setattr(Receipt, "kept", property(kept))


def twice_subtracted(patch: pytest.MonkeyPatch) -> None:
    """X14: the share paid with points is subtracted twice."""

    def kept(self: Cell, one: OrderLine, split: Split) -> int:
        rest = one.net - 2 * one.with_points - one.returned
        return int(Fraction(self.amount * rest, one.net - one.with_points)) if one.net > one.with_points else 0

    patch.setattr(Cell, "kept", kept)


def rules_of_today(patch: pytest.MonkeyPatch) -> None:
    """X15: a refund reads the rules of today."""
    remembering(patch, receipt=None)


LAWS: list[Any] = [
    test_only_the_latest_snapshot_counts,
    test_an_older_snapshot_and_the_same_again_change_nothing,
    test_refunds_read_the_receipt_not_the_rules_of_today,
    test_the_worked_example_comes_out,
    test_returning_a_line_leaves_the_points_of_the_others,
]


@pytest.mark.parametrize(
    ("fault", "law"),
    [
        (cancel_keeps, 0),
        (old_after_new, 1),
        (dispute_lost, 0),
        (rules_of_today, 2),
        (twice_subtracted, 3),
        (floored_each_time, 4),
    ],
    ids=lambda one: getattr(one, "__name__", None),
)
def test_a_planted_fault_is_found(fault: Any, law: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each fault of refunds breaks the law that is there for it."""
    fault(monkeypatch)
    with pytest.raises((Exception, pytest.fail.Exception)):
        LAWS[law]()
