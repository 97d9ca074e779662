"""Intervals and exact tests against published examples, and against counting all outcomes."""

from __future__ import annotations

from math import comb, inf

import pytest

from retention_engine.analytics import Arm, Spend, clopper_pearson, fisher, newcombe, welch, wilson


def arm(conversions: int, customers: int) -> Arm:
    """Return an arm without spend."""
    return Arm("arm", customers, conversions)


NEWCOMBE = [  # Newcombe 1998 (Statistics in Medicine 17, 873-890), table II, method 10
    ((56, 70), (48, 80), 0.2000, 0.0524, 0.3339),
    ((9, 10), (3, 10), 0.6000, 0.1705, 0.8090),
    ((6, 7), (2, 7), 0.5714, 0.0582, 0.8062),
    ((5, 56), (0, 29), 0.0893, -0.0381, 0.1926),
    ((0, 10), (0, 20), 0.0000, -0.1611, 0.2775),
    ((0, 10), (0, 10), 0.0000, -0.2775, 0.2775),
    ((10, 10), (0, 20), 1.0000, 0.6791, 1.0000),
    ((10, 10), (0, 10), 1.0000, 0.6075, 1.0000),
]


@pytest.mark.parametrize(("treatment", "control", "estimate", "low", "high"), NEWCOMBE)
def test_the_difference_of_rates_is_as_newcombe_published(
    treatment: tuple[int, int], control: tuple[int, int], estimate: float, low: float, high: float
) -> None:
    """All eight examples of the paper, to four digits."""
    found = newcombe(arm(*control), arm(*treatment))
    assert (found.estimate, found.low, found.high) == pytest.approx((estimate, low, high), abs=0.00006)


WILSON = [  # Newcombe 1998 (Statistics in Medicine 17, 857-872), table I: methods 3 and 5
    ((81, 263), (0.2553, 0.3662), (0.2527, 0.3676)),
    ((15, 148), (0.0624, 0.1605), (0.0578, 0.1617)),
    ((0, 20), (0.0000, 0.1611), (0.0000, 0.1684)),
    ((1, 29), (0.0061, 0.1718), (0.0009, 0.1776)),
]


@pytest.mark.parametrize(("counts", "score", "exact"), WILSON)
def test_the_intervals_of_a_rate_are_as_published(
    counts: tuple[int, int], score: tuple[float, float], exact: tuple[float, float]
) -> None:
    """Wilson's and the exact interval of the paper's four examples."""
    by_score, by_count = wilson(arm(*counts)), clopper_pearson(arm(*counts))
    assert (by_score.low, by_score.high) == pytest.approx(score, abs=0.00006)
    assert (by_count.low, by_count.high) == pytest.approx(exact, abs=0.00006)


def test_everybody_converting_leaves_no_room_above() -> None:
    """At 20 of 20 the intervals end at 1, mirrored from 0 of 20."""
    assert wilson(arm(20, 20)).high == clopper_pearson(arm(20, 20)).high == 1
    assert clopper_pearson(arm(20, 20)).low == pytest.approx(0.8316, abs=0.00006)


@pytest.mark.parametrize("rate", [0.02, 0.1, 0.5])
@pytest.mark.parametrize("size", [20, 50])
def test_small_arms_are_covered(rate: float, size: int) -> None:
    """Over all outcomes of two arms of one rate, weighted by their chance, the intervals hold the truth."""
    chance = [comb(size, x) * rate**x * (1 - rate) ** (size - x) for x in range(size + 1)]
    exact = sum(p for x, p in enumerate(chance) if not clopper_pearson(arm(x, size)).excludes(rate))
    pairs = [(x, y) for x in range(size + 1) for y in range(size + 1) if chance[x] * chance[y] > 1e-9]
    both = sum(chance[x] * chance[y] for x, y in pairs if not newcombe(arm(x, size), arm(y, size)).excludes(0))
    assert exact >= 0.95
    assert both >= 0.94


def test_fisher_decides_the_tea_tasting() -> None:
    """Three of four cups right: p = 34/70; four of four: 2/70 (Fisher 1935)."""
    assert fisher(arm(1, 4), arm(3, 4)) == pytest.approx(34 / 70)
    assert fisher(arm(0, 4), arm(4, 4)) == pytest.approx(2 / 70)


def test_the_difference_of_spends_is_welchs() -> None:
    """Sums alone give what scipy computes from every single amount."""
    stats = pytest.importorskip("scipy.stats", reason="the extra analytics is not installed")
    first, second = [0.0, 0, 0, 12, 30, 7.5], [0.0, 50, 20, 0]
    control, treatment = Arm("a", 6, 3, Spend(49.5, 1100.25)), Arm("b", 4, 2, Spend(70, 2900))
    found = welch(control, treatment, 0.9)
    expected = stats.ttest_ind(second, first, equal_var=False).confidence_interval(0.9)
    assert found.estimate == 17.5 - 8.25
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))


@pytest.mark.parametrize(
    ("control", "treatment"),
    [(Arm("a", 1, 1, Spend.of([5])), Arm("b", 9, 1, Spend.of([5]))), (Arm("a", 5, 0, Spend.of([])),) * 2],
)
def test_nothing_is_known_where_nothing_varies(control: Arm, treatment: Arm) -> None:
    """A single customer, or nobody who spends, tells nothing about the spread."""
    found = welch(control, treatment)
    assert (found.low, found.high) == (-inf, inf)
