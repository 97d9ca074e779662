"""How large is the difference between two arms: intervals and exact tests for one look at the end.

Whoever looks more than once takes ``always_valid`` for the decision.
"""

from __future__ import annotations

from math import hypot, inf, sqrt
from statistics import NormalDist

from retention_engine.analytics.arms import Arm, Interval, check_level
from retention_engine.analytics.heavy import hypergeometric, special


def wilson(arm: Arm, level: float = 0.95) -> Interval:
    """Return Wilson's score interval of an arm's conversion rate (JASA 22, 1927)."""
    z = NormalDist().inv_cdf((1 + check_level(level)) / 2)
    n, p = arm.customers, arm.rate
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    low = 0.0 if arm.conversions == 0 else middle - half
    high = 1.0 if arm.conversions == n else middle + half
    return Interval(p, low, high, level)


def clopper_pearson(arm: Arm, level: float = 0.95) -> Interval:
    """Return the exact interval of an arm's conversion rate (Clopper and Pearson, Biometrika 26, 1934).

    It holds the truth at least as often as its level says, however small the arm.

    Raises:
        MissingExtra: scipy is not installed.
    """
    tail = (1 - check_level(level)) / 2
    x, n = arm.conversions, arm.customers
    low = float(special().betaincinv(x, n - x + 1, tail)) if x else 0.0
    high = float(special().betaincinv(x + 1, n - x, 1 - tail)) if x < n else 1.0
    return Interval(arm.rate, low, high, level)


def newcombe(control: Arm, treatment: Arm, level: float = 0.95) -> Interval:
    """Return the interval of treatment's rate minus control's, from two score intervals.

    Method 10 of Newcombe, "Interval estimation for the difference between independent proportions" (Statistics in
    Medicine 17, 1998): good for small arms and for rates near 0, where the textbook interval is too short.
    """
    base, other = wilson(control, level), wilson(treatment, level)
    difference = other.estimate - base.estimate
    low = difference - hypot(other.estimate - other.low, base.high - base.estimate)
    high = difference + hypot(other.high - other.estimate, base.estimate - base.low)
    return Interval(difference, low, high, level)


def fisher(control: Arm, treatment: Arm) -> float:
    """Return the two-sided p of Fisher's exact test of equal conversion; for one look, at a size set before.

    Raises:
        MissingExtra: scipy is not installed.
    """
    table = [[arm.conversions, arm.customers - arm.conversions] for arm in (control, treatment)]
    return float(hypergeometric()(table).pvalue)


def welch(control: Arm, treatment: Arm, level: float = 0.95) -> Interval:
    """Return the interval of treatment's mean spend minus control's, with unequal variances (Welch 1947).

    Infinite when an arm has a single customer, or when nobody's spend differs from another's.

    Raises:
        DefinitionError: the spend of an arm is not known.
        MissingExtra: scipy is not installed.
    """
    difference = treatment.mean() - control.mean()
    errors = control.error(), treatment.error()
    total = sum(errors)
    if total in (0, inf):
        return Interval(difference, -inf, inf, check_level(level))
    parts = [error**2 / (arm.customers - 1) for error, arm in zip(errors, (control, treatment), strict=True)]
    half = float(special().stdtrit(total**2 / sum(parts), (1 + check_level(level)) / 2)) * sqrt(total)
    return Interval(difference, difference - half, difference + half, level)
