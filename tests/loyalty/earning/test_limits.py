"""How many units may pay: the most that every limit allows, by trying all numbers; refusals in words."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention_engine.errors import DefinitionError
from retention_engine.loyalty.earning import Limit, Spending

small = st.integers(0, 60)


@given(
    st.sampled_from([Fraction(1, 2), Fraction(1), Fraction(10)]),
    st.sampled_from([Fraction(1, 3), Fraction(1, 2), Fraction(1)]),
    st.sampled_from([2, 4]),
    st.integers(0, 6),
    st.tuples(small, small, st.integers(0, 300), st.integers(0, 300)),
)
def test_as_many_as_every_limit_allows(
    value: Fraction, part: Fraction, step: int, least: int, given: tuple[int, int, int, int]
) -> None:
    """The largest number that passes each condition said plainly."""
    asked, available, eligible, to_pay = given
    found = Spending(point_value=value, max_coverage=part, step=step, min_redeem=least).spendable(*given)
    good = [
        n
        for n in range(0, 61, step)
        if n <= asked and n <= available and n * value <= part * eligible and n * value <= to_pay and n >= least
    ]
    assert found.units == max(good, default=0)
    assert found.worth == found.units * value
    assert found.rest == to_pay - found.worth
    assert str(found.units) in found.text or "none" in found.text


@pytest.mark.parametrize(
    ("amounts", "limit", "units"),
    [
        ((5, 9, 2000, 2000), Limit.ASKED, 5),
        ((9, 5, 2000, 2000), Limit.AVAILABLE, 5),
        ((9, 9, 1000, 2000), Limit.COVERAGE, 5),
        ((9, 9, 2000, 300), Limit.STILL_TO_PAY, 3),
        ((2, 9, 2000, 2000), Limit.TOO_FEW, 0),
    ],
    ids=str,
)
def test_the_refusal_names_the_limit(amounts: Any, limit: Limit, units: int) -> None:
    """What kept the customer from spending more."""
    found = Spending(point_value=Fraction(100), max_coverage=Fraction(1, 2), min_redeem=3).spendable(*amounts)
    assert (found.limit, found.units) == (limit, units)
    assert (
        found.text
        == {
            Limit.ASKED: "5 may be spent, as asked",
            Limit.AVAILABLE: "5 may be spent: no more are available",
            Limit.COVERAGE: "5 may be spent: no larger part of the order may be paid so",
            Limit.STILL_TO_PAY: "3 may be spent: no more is left to pay",
            Limit.TOO_FEW: "none may be spent: 2 are fewer than 3, the smallest number",
        }[limit]
    )


def test_steps_are_whole_money() -> None:
    """A step that pays half a cent is refused; one that fits rounds down."""
    found = Spending(point_value=Fraction(1, 2), step=10).spendable(37, 99, 1000, 1000)
    assert (found.units, found.worth, found.limit) == (30, 15, Limit.STEP)
    assert found.text == "30 may be spent: they are spent in steps of 10"
    with pytest.raises(DefinitionError, match="whole minor units"):
        Spending(point_value=Fraction(1, 2), step=3)


def test_b33_the_rest_of_less_than_a_point_is_shown() -> None:
    """An order of 10.50, a point is worth 1.00. https://github.com/frappe/erpnext/issues/31509"""
    found = Spending(point_value=Fraction(100)).spendable(99, 99, 1050, 1050)
    assert (found.units, found.worth, found.rest) == (10, 1000, 50)


def test_two_points_pay_an_order_of_twenty() -> None:
    """30 points worth 10 each: not all 30. https://github.com/odoo/odoo/issues/274951"""
    assert Spending(point_value=Fraction(10)).spendable(30, 30, 20, 20).units == 2


@pytest.mark.parametrize(
    "given",
    [
        {"point_value": 0.1},
        {"point_value": Fraction(0)},
        {"point_value": Fraction(1), "max_coverage": Fraction(2)},
        {"point_value": Fraction(1), "max_coverage": Fraction(0)},
        {"point_value": Fraction(1), "step": 0},
        {"point_value": Fraction(1), "min_redeem": -1},
    ],
    ids=str,
)
def test_wrong_limits_are_refused(given: dict[str, Any]) -> None:
    """Where they are written; and amounts below zero where they are asked."""
    with pytest.raises(DefinitionError):
        Spending(**given)
    with pytest.raises(DefinitionError):
        Spending(point_value=Fraction(1)).spendable(-1, 1, 1, 1)
