"""Arms are possible counts, or they are refused."""

from __future__ import annotations

from math import inf, nan

import pytest

from retention_engine.analytics import Arm, Interval, Spend, wilson
from retention_engine.errors import DefinitionError

ODD = [
    (lambda: Arm("", 1, 1), "a printable name"),
    (lambda: Arm("a", 1, 2), r"'a' has 0 <= conversions <= customers, at least 1, not \(2, 1\)"),
    (lambda: Arm("a", 0, 0), "at least 1, not"),
    (lambda: Arm("a", 5, -1), "0 <= conversions"),
    (lambda: Arm("a", 5, 1, weight=0), "the weight of 'a' is above 0, not 0"),
    (lambda: Arm("a", 5, 1, weight=inf), "not inf"),
    (lambda: Arm("a", 1, 1, Spend.of([1, 2])), "'a' has 1 customers, not 2 spends"),
    (lambda: Arm("a", 1, 1).spent(), "the spend of 'a' is needed"),
    (lambda: Spend(nan, 1), "finite numbers"),
    (lambda: Spend(1, -1), "finite numbers"),
    (lambda: Spend.of([inf]), "finite numbers"),
    (lambda: wilson(Arm("a", 1, 1), 95), "a level lies between 0 and 1, such as 0.95, not 95"),
]


@pytest.mark.parametrize(("define", "said"), ODD)
def test_an_odd_arm_is_refused(define: object, said: str) -> None:
    """What cannot have been counted is refused with its value."""
    with pytest.raises(DefinitionError, match=said):
        define()


def test_a_spend_is_summed_once() -> None:
    """Amounts give the sums; those who are not listed spent nothing."""
    arm = Arm("a", 4, 2, Spend.of([10, 30]))
    assert arm.spent() == Spend(40, 1_000, (10, 30))
    assert (arm.rate, arm.mean()) == (0.5, 10)
    assert arm.error() == pytest.approx(((0 - 10) ** 2 * 2 + (10 - 10) ** 2 + (30 - 10) ** 2) / 3 / 4)
    assert Arm("a", 1, 1, Spend.of([5])).error() == inf


def test_an_interval_tells_what_it_excludes() -> None:
    """Its ends are inside."""
    assert [Interval(1, 0, 2, 0.95).excludes(value) for value in (-0.1, 0, 2, 2.1)] == [True, False, False, True]
