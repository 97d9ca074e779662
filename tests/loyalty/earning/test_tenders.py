"""An order that several programmes pay: each gets its own back, and money is counted once."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import pytest
from attrs import evolve, frozen
from hypothesis import given
from hypothesis import strategies as st

from retention_engine.loyalty import OrderLine, Receipt, Split
from retention_engine.loyalty.earning import receipt_for


@frozen
class Paid:
    """Lines of an order, and what each programme pays: (units, minor units of money that one of them pays)."""

    nets: tuple[int, ...]
    tenders: tuple[tuple[int, Fraction], ...]
    split: Split

    def receipts(self) -> list[Receipt]:
        """Return the receipt of each programme."""
        lines = [OrderLine(id=f"{place}", net=net) for place, net in enumerate(self.nets)]
        found = []
        for place, (units, value) in enumerate(self.tenders):
            worth = [int(one * each) for one, each in self.tenders]
            others = worth[:place], worth[place + 1 :]
            found.append(receipt_for(lines, (), points=units, point_value=value, others=others, split=self.split))
        return found


@st.composite
def orders(draw: st.DrawFn) -> Paid:
    """Return orders that are paid in full by units at times, never by more."""
    nets = draw(st.lists(st.integers(0, 10_000), min_size=1, max_size=5))
    left, tenders = sum(nets), []
    for _ in range(draw(st.integers(1, 3))):
        value = draw(st.sampled_from([Fraction(1), Fraction(100), Fraction(7, 3), Fraction(1, 3)]))
        units = draw(st.integers(0, int(left / value)))
        tenders.append((units, value))
        left -= int(units * value)
    return Paid(tuple(nets), tuple(tenders), draw(st.sampled_from(list(Split))))


def returned(receipt: Receipt, parts: Sequence[int]) -> Receipt:
    """Return a receipt of which so much of each line was returned."""
    return receipt.returning([evolve(line, returned=part) for line, part in zip(receipt.lines, parts, strict=True)])


def check(order: Paid, steps: Sequence[Sequence[int]]) -> None:
    """Assert what holds at each step of a return, and at its end."""
    receipts = order.receipts()
    known = [0] * len(receipts)
    money = sum(order.nets) - sum(int(units * value) for units, value in order.tenders)
    for parts in [*steps, order.nets]:
        now = [returned(receipt, parts) for receipt in receipts]
        assert len({one.money_back for one in now}) == 1, "money is counted differently"
        back = [one.points_back for one in now]
        assert all(before <= units for before, units in zip(known, back, strict=True)), "less is given back than before"
        worth = sum(units * value for units, (_, value) in zip(back, order.tenders, strict=True))
        slack = 1 + sum(value + 1 for _, value in order.tenders)
        assert sum(parts) - slack < worth + now[0].money_back < sum(parts) + slack
        known = back
    assert (known, now[0].money_back) == ([units for units, _ in order.tenders], money)


def chosen(order: Paid, data: st.DataObject) -> list[list[int]]:
    """Return growing parts of the lines."""
    steps: list[list[int]] = [[0] * len(order.nets)]
    for _ in range(data.draw(st.integers(0, 3))):
        steps.append([data.draw(st.integers(low, net)) for low, net in zip(steps[-1], order.nets, strict=True)])
    return steps


@given(orders(), st.data())
def test_every_programme_gets_its_own_back(order: Paid, data: st.DataObject) -> None:
    """REFUND-EXACT with several tenders: at each step no less than before, at the end all units and all money."""
    check(order, chosen(order, data))


def test_a_programme_that_does_not_know_of_the_other_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each takes what the other paid for money."""
    order = Paid((6_667, 3_333), ((50, Fraction(100)), (1_000, Fraction(1))), Split.PRO_RATA)
    check(order, [[100, 0], [3_000, 3_333]])
    monkeypatch.setattr(OrderLine, "in_units", property(lambda self: self.with_points))
    with pytest.raises(AssertionError):
        check(order, [[100, 0]])
