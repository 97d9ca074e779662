"""Evidence that may be looked at all the time: what it is, what it refuses, and how its interval behaves."""

from __future__ import annotations

from fractions import Fraction
from math import comb, exp, inf, isclose

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention_engine.analytics import Arm, Spend, always_valid, log_evidence, spend_sequence, z_test
from retention_engine.errors import DefinitionError

COUNTS = st.integers(0, 3_000)
SHARES = st.floats(0.05, 0.95)


@given(st.integers(0, 60), SHARES, st.floats(0.5, 500))
def test_the_evidence_is_a_fair_bet(conversions: int, share: float, strength: float) -> None:
    """Over all ways the conversions may fall without a difference, the mean is exactly 1 at every number of them."""
    mean = sum(
        comb(conversions, k)
        * share**k
        * (1 - share) ** (conversions - k)
        * exp(log_evidence(conversions - k, k, share, strength))
        for k in range(conversions + 1)
    )
    assert isclose(mean, 1, rel_tol=1e-9)


@given(COUNTS, COUNTS, SHARES)
def test_the_evidence_is_a_martingale(control: int, treatment: int, share: float) -> None:
    """Whatever was seen, the next conversion leaves it unchanged in the mean."""
    now = log_evidence(control, treatment, share)
    more = log_evidence(control, treatment + 1, share) - now, log_evidence(control + 1, treatment, share) - now
    assert isclose(share * exp(more[0]) + (1 - share) * exp(more[1]), 1, rel_tol=1e-6)


def test_the_evidence_of_few_conversions_is_exact() -> None:
    """Two of two in treatment, by fractions: (a / (a + b)) (a + 1) / (a + b + 1) over 1/4, with a = b = 25."""
    assert exp(log_evidence(0, 2)) == pytest.approx(float(4 * Fraction(25, 50) * Fraction(26, 51)))


@given(COUNTS, COUNTS, SHARES)
def test_arms_may_change_places(control: int, treatment: int, share: float) -> None:
    """The evidence is the same, and the ratio turns over."""
    there = always_valid([(control, treatment)], share=share)
    back = always_valid([(treatment, control)], share=1 - share)
    assert isclose(there.p, back.p, rel_tol=1e-6)
    assert there.ratio.low <= there.ratio.estimate <= there.ratio.high
    if control and treatment:
        assert isclose(there.ratio.low * back.ratio.high, 1, rel_tol=1e-6)


def test_the_smallest_p_is_kept() -> None:
    """What was shown once stays shown, although the last look alone would not show it."""
    looks = [(0, 0), (5, 30), (60, 70)]
    found, last = always_valid(looks), always_valid(looks[-1:])
    assert found.p == always_valid(looks[:2]).p < 0.05 < last.p
    assert found.evidence == last.evidence


def test_nothing_seen_is_nothing_known() -> None:
    """Without a look or a conversion p is 1 and the ratio may be anything."""
    for looks in ([], [(0, 0)]):
        found = always_valid(looks)
        assert (found.p, found.evidence) == (1, 1)
        assert (found.ratio.low, found.ratio.high) == (0, inf)


def test_the_ratio_is_bounded_where_it_can_be() -> None:
    """Without a conversion on one side the ratio has no bound on that side."""
    assert always_valid([(40, 0)]).ratio.low == 0
    assert always_valid([(0, 40)]).ratio.high == inf
    found = always_valid([(500, 600)]).ratio
    assert found.estimate == pytest.approx(1.2)
    assert 0.9 < found.low < 1 < found.high < 1.6
    narrow = always_valid([(500, 600)], level=0.5).ratio
    assert found.low < narrow.low < narrow.high < found.high


def test_a_planned_share_is_no_difference() -> None:
    """300 conversions against 100 mean nothing where three of four customers were to be in treatment."""
    assert always_valid([(100, 300)]).p < 1e-6
    assert always_valid([(100, 300)], share=0.75).p == 1


def test_huge_evidence_is_infinite_and_no_error() -> None:
    """Numbers beyond floats neither overflow nor divide by zero."""
    found = always_valid([(0, 100_000)])
    assert (found.p, found.evidence) == (0, inf)
    assert always_valid([(1, 1_000)], share=1e-9, strength=1e12).ratio.high > 1


def test_the_z_test_is_the_textbooks() -> None:
    """10 % against 12 % of 3,841: z = 2.80; nobody converting says nothing."""
    assert z_test(Arm("a", 3_841, 384), Arm("b", 3_841, 461)) == pytest.approx(0.005, abs=0.0005)
    assert z_test(Arm("a", 10, 0), Arm("b", 10, 0)) == 1


def test_a_spend_may_be_watched_too() -> None:
    """The interval for all looks is wider than the one for a single look, and infinite without a spread."""
    control, treatment = Arm("a", 1_000, 500, Spend.of([10] * 500)), Arm("b", 1_000, 600, Spend.of([10] * 600))
    found = spend_sequence(control, treatment, planned=2_000)
    assert found.estimate == pytest.approx(1)
    single = 1.96 * (control.error() + treatment.error()) ** 0.5
    assert 1.4 < (found.high - found.estimate) / single < 1.6
    nobody = Arm("c", 9, 0, Spend.of([]))
    assert spend_sequence(nobody, nobody, planned=100).high == inf


ODD = [
    (lambda: always_valid([(5, 5), (4, 6)]), r"never shrink: \(5, 5\) before \(4, 6\)"),
    (lambda: always_valid([(5, 5), (6, 4)]), "never shrink"),
    (lambda: log_evidence(-1, 5), r"counted from 0, not \(-1, 5\)"),
    (lambda: log_evidence(1, 5, 1), "share lies between 0 and 1"),
    (lambda: log_evidence(1, 5, 0.5, 0), "strength above 0"),
    (lambda: always_valid([], level=1), "a level lies between 0 and 1"),
    (lambda: spend_sequence(Arm("a", 9, 0), Arm("b", 9, 0), planned=0), "planned for 1 customer or more, not 0"),
    (lambda: spend_sequence(Arm("a", 9, 0), Arm("b", 9, 0), planned=9), "the spend of 'b' is needed"),
]


@pytest.mark.parametrize(("ask", "said"), ODD)
def test_odd_looks_are_refused(ask: object, said: str) -> None:
    """What cannot have been seen is refused with its value."""
    with pytest.raises(DefinitionError, match=said):
        ask()
