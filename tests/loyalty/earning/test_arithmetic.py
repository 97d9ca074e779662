"""What rules give for lines: exact cells, groups line by line, one rounding; compared with another way to calculate."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from retention_engine import loyalty as lo
from retention_engine.errors import DefinitionError, LedgerError
from retention_engine.loyalty import Award, Basis, OrderLine, Rate, Rounding
from retention_engine.loyalty.earning import Group, Offer, Stack, added, exact_cells, receipt_for

NAMES = ("a", "b", "c", "d")
GROUPS = (None, Group("sum", Stack.SUM), Group("best", Stack.BEST), Group("first", Stack.FIRST))
amounts = st.integers(0, 5000)
rates = st.builds(Fraction, st.integers(1, 60), st.sampled_from([1, 7, 100, 1000]))


@st.composite
def orders(draw: st.DrawFn) -> list[OrderLine]:
    """Return one to four lines."""
    nets = draw(st.lists(amounts, min_size=1, max_size=4))
    return [OrderLine(id=name, net=net, quantity=draw(st.integers(1, 3))) for name, net in zip(NAMES, nets)]  # noqa: B905 # as many as there are


@st.composite
def offers(draw: st.DrawFn) -> list[Offer]:
    """Return one to four rules."""
    found = []
    for number in range(draw(st.integers(1, 4))):
        rate = Rate(draw(st.sampled_from(list(Basis))), draw(rates))
        award = Award(rule=f"r{number}", rate=rate, multiplier=draw(st.sampled_from([Fraction(1), Fraction(3, 2)])))
        lines = draw(st.none() | st.frozensets(st.sampled_from(NAMES)))
        group, priority = draw(st.sampled_from(GROUPS)), draw(st.integers(0, 2))
        found.append(Offer(award=award, lines=lines, group=group, priority=priority))
    return found


def plain_value(line: OrderLine, offer: Offer, lines: list[OrderLine]) -> Fraction:
    """Return what one rule gives for one line, said plainly."""
    if offer.lines is not None and line.id not in offer.lines:
        return Fraction(0)
    whole = sum(each.net for each in lines if offer.lines is None or each.id in offer.lines)
    counted: dict[Basis, Fraction] = {
        Basis.MONEY: Fraction(line.net - line.with_points),
        Basis.VALUE: Fraction(line.net),
        Basis.QUANTITY: Fraction(line.quantity),
        Basis.ORDER: Fraction(line.net, whole) if whole else Fraction(0),
    }
    return offer.award.rate.amount * offer.award.multiplier * counted[offer.award.rate.basis]


def oracle(lines: list[OrderLine], found: list[Offer]) -> dict[tuple[str, str], Fraction]:
    """Return exact cells: for each line and group every choice of payers is tried, and the right one is kept."""
    cells: dict[tuple[str, str], Fraction] = {}
    for line, group in product(lines, {one.group for one in found}):
        mine = {one: plain_value(line, one, lines) for one in found if one.group == group}
        payers = [one for one, value in mine.items() if value]
        if group is not None and group.stack is Stack.BEST and payers:
            top = max(mine[one] for one in payers)
            payers = [one for one in payers if mine[one] == top]
        if group is not None and group.stack is not Stack.SUM and payers:
            high = max(one.priority for one in payers)
            payers = [min((one for one in payers if one.priority == high), key=lambda one: one.award.rule)]
        cells |= {(one.award.rule, line.id): mine[one] for one in payers}
    return cells


@given(orders(), offers(), st.integers(0, 40))
def test_exact_cells_are_what_the_rules_say(lines: list[OrderLine], found: list[Offer], points: int) -> None:
    """GROUP: in a group decided by BEST or FIRST exactly one rule pays for a line; groups add up."""
    receipt = receipt_for(lines, found, points=points, point_value=Fraction(100))
    paid = list(receipt.lines)
    cells = exact_cells(paid, found)
    assert {(cell.rule, cell.line): cell.exact for cell in cells} == oracle(paid, found)
    assert {cell.exact for cell in receipt.cells if not cell.exact} == set()


def test_the_best_rule_is_chosen_line_by_line() -> None:
    """GROUP, B7: 10 % of tea or 6 % of everything; nothing is paid by both, so no line changes another."""
    lines = [OrderLine(id="tea", net=100), OrderLine(id="cup", net=100)]
    rates = (("tea", Fraction(1, 10), frozenset({"tea"})), ("all", Fraction(6, 100), None))
    found = [
        Offer(award=Award(rule=rule, rate=Rate(Basis.MONEY, rate)), lines=mine, group=GROUPS[2])
        for rule, rate, mine in rates
    ]
    assert receipt_for(lines, found).kept == {"tea": 10, "all": 6}


@given(orders(), offers(), st.sampled_from(list(Rounding)))
def test_the_order_is_rounded_once(lines: list[OrderLine], found: list[Offer], rounding: Rounding) -> None:
    """ROUND: the grant is the rounded exact sum, each cell is within 1 of its exact value, the cells sum to it."""
    receipt = receipt_for(lines, found, rounding=rounding)
    exact = sum((cell.exact or Fraction(0) for cell in receipt.cells), Fraction(0))
    grant = sum(cell.amount for cell in receipt.cells)
    low = exact.numerator // exact.denominator
    part = exact - low
    up = {
        Rounding.FLOOR: False,
        Rounding.CEIL: part > 0,
        Rounding.HALF_UP: part >= Fraction(1, 2),
        Rounding.HALF_EVEN: part > Fraction(1, 2) or (part == Fraction(1, 2) and low % 2 == 1),
    }
    assert grant == low + up[rounding]
    assert all(abs(cell.amount - (cell.exact or Fraction(0))) < 1 for cell in receipt.cells)


def test_the_largest_fraction_gets_the_unit_then_the_first_line() -> None:
    """3 % of 50, 30 and 50 are 1.5 + 0.9 + 1.5 = 3.9: the 0.9 gets it, then the first half."""
    lines = [OrderLine(id=name, net=net) for name, net in (("a", 50), ("b", 30), ("c", 50))]
    offer = Offer(award=Award(rule="r", rate=Rate(Basis.MONEY, Fraction(3, 100))))
    assert [cell.amount for cell in receipt_for(lines, [offer]).cells] == [1, 1, 1]
    assert [cell.amount for cell in receipt_for(lines, [offer], rounding=Rounding.CEIL).cells] == [2, 1, 1]


@given(st.lists(amounts, min_size=1, max_size=4), rates)
def test_cutting_an_order_into_lines_changes_no_grant(nets: list[int], rate: Fraction) -> None:
    """SCALE: rounding is by order, not by line."""
    offer = Offer(award=Award(rule="r", rate=Rate(Basis.MONEY, rate)))
    many = receipt_for([OrderLine(id=f"{n}", net=net) for n, net in enumerate(nets)], [offer])
    one = receipt_for([OrderLine(id="0", net=sum(nets))], [offer])
    assert sum(many.kept.values()) == sum(one.kept.values())


@given(orders(), offers(), st.integers(0, 3), st.integers(1, 3000))
def test_more_spend_never_earns_less(lines: list[OrderLine], found: list[Offer], place: int, more: int) -> None:
    """MONO: and a higher multiplier never does either; where each rule grows with the money, line by line.

    It is no law of FIRST (a line too cheap for the first rule is paid by the second), nor of pieces weighed against a
    share of an amount for the order (lines 1 and 0, 2 for the order against 1 for a piece: 3; lines 1 and 1: 2).
    """
    grows = (*GROUPS[:3],)
    found = [evolve(one, lines=None, group=one.group if one.group in grows else None) for one in found]
    pieces = [one.award.rate.basis is Basis.QUANTITY and one.group is GROUPS[2] for one in found]
    found = [evolve(one, group=None) if alone else one for one, alone in zip(found, pieces, strict=True)]
    before = sum(receipt_for(lines, found).kept.values())
    place %= len(lines)
    richer = [evolve(one, net=one.net + more * (number == place)) for number, one in enumerate(lines)]
    assert sum(receipt_for(richer, found).kept.values()) >= before
    higher = [evolve(one, award=evolve(one.award, multiplier=one.award.multiplier * 2)) for one in found]
    assert sum(receipt_for(lines, higher).kept.values()) >= before


def test_the_worked_example_of_the_design_is_calculated() -> None:
    """60.00 and 40.00, one unit for each 1.00, 30 units worth 1.00 each: 42 and 28."""
    lines = [OrderLine(id="A", net=6000), OrderLine(id="B", net=4000)]
    offer = Offer(award=Award(rule="base", rate=Rate(Basis.MONEY, Fraction(1, 100))))
    receipt = receipt_for(lines, [offer], points=30, point_value=Fraction(100))
    assert [(line.with_points, cell.amount) for line, cell in zip(receipt.lines, receipt.cells, strict=True)] == [
        (1800, 42),
        (1200, 28),
    ]
    whole = evolve(offer, award=evolve(offer.award, rate=Rate(Basis.VALUE, Fraction(1, 100))))
    assert receipt_for(lines, [whole], points=30, point_value=Fraction(100)).kept == {"base": 100}
    assert receipt_for(lines, [offer], points=999, point_value=Fraction(100)).points == 100


def test_a_receipt_says_all_that_was_decided() -> None:
    """RECEIPT: also of rules that gave nothing."""
    line = OrderLine(id="a", net=150)
    none = Offer(award=Award(rule="none", rate=Rate(Basis.MONEY, Fraction(1))), lines=frozenset())
    some = Offer(award=Award(rule="some", version=3, rate=Rate(Basis.MONEY, Fraction(1, 100)), tier="gold"))
    receipt = receipt_for([line], [none, some])
    assert [one.rule for one in receipt.awards] == ["none", "some"]
    (cell,) = receipt.cells
    assert (cell.exact, cell.amount) == (Fraction(3, 2), 1)
    award = receipt.award("some")
    assert award is not None
    assert (award.version, award.tier, award.rate.amount) == (3, "gold", Fraction(1, 100))


@given(orders(), orders())
def test_a_changed_order_is_split_into_what_was_paid_and_what_came_later(
    first: list[OrderLine], now: list[OrderLine]
) -> None:
    """The kept value and pieces of both parts are those of the order as it is now, line by line."""
    receipt = lo.Receipt(lines=tuple(first))
    now = [evolve(one, returned=one.net // 3, quantity_returned=one.quantity // 2) for one in now]
    old, new = added(receipt, now)
    assert [(one.id, one.net, one.quantity) for one in old] == [(one.id, one.net, one.quantity) for one in first]
    kept: dict[str, tuple[int, int]] = {}
    for one in (*old, *new):
        value, pieces = kept.get(one.id.removeprefix("+"), (0, 0))
        more = (one.net - one.returned, one.quantity - one.quantity_returned)
        kept[one.id.removeprefix("+")] = (value + more[0], pieces + more[1])
    expected = {one.id: (one.net - one.returned, one.quantity - one.quantity_returned) for one in now}
    assert kept == {one.id: (0, 0) for one in first} | expected


def test_a_line_that_came_later_is_paid_in_money() -> None:
    """Points are shared over the lines that were paid first."""
    receipt = lo.Receipt(lines=(OrderLine(id="a", net=10),))
    with pytest.raises(LedgerError, match="came after the payment"):
        receipt.returning((*receipt.lines, OrderLine(id="b", net=10, with_points=5)))


@pytest.mark.parametrize(
    "make",
    [
        lambda: Rate(Basis.MONEY, 0.1),  # type: ignore[arg-type] # what a shop may write
        lambda: Rate(Basis.MONEY, Fraction(0)),
        lambda: Group(""),
        lambda: lo.Vesting(start=""),
    ],
    ids=["float", "nothing", "group", "vesting"],
)
def test_wrong_declarations_are_refused(make: Any) -> None:
    """One typed error where it is written."""
    with pytest.raises(DefinitionError):
        make()
