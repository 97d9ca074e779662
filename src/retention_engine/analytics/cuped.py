"""CUPED: what customers did before the experiment explains a part of what they do in it; take that part out.

Deng, Xu, Kohavi, Walker, "Improving the Sensitivity of Online Controlled Experiments by Utilizing Pre-Experiment Data"
(WSDM 2013). The stronger the correlation r of before and after, the narrower: the variance shrinks by 1 - r**2.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import fsum, inf, isfinite, sqrt

from attrs import frozen

from retention_engine.analytics.arms import Interval, check_level
from retention_engine.analytics.heavy import special
from retention_engine.errors import DefinitionError, shown


@frozen
class Adjusted:
    """A difference of means before and after the adjustment.

    Attributes:
        theta: what one unit of history foretells, the same for both arms.
        correlation: of history and outcome within the arms, -1 to 1; 0 when one of them never varies.
        plain: treatment's mean minus control's, with its interval.
        adjusted: the same, without what history explains.
    """

    theta: float
    correlation: float
    plain: Interval
    adjusted: Interval


@frozen
class _Sums:
    """Of one arm: its size, the means, and the sums of squares and products around them."""

    size: int
    before: float
    after: float
    before_squares: float
    after_squares: float
    products: float


def _sums(name: str, pairs: Iterable[tuple[float, float]]) -> _Sums:
    rows = [(float(before), float(after)) for before, after in pairs]
    if len(rows) < 2 or not all(isfinite(number) for row in rows for number in row):
        raise DefinitionError(f"{name} has two or more customers with finite numbers, not {shown(rows)}")
    size = len(rows)
    before, after = fsum(row[0] for row in rows) / size, fsum(row[1] for row in rows) / size
    return _Sums(
        size,
        before,
        after,
        fsum((row[0] - before) ** 2 for row in rows),
        fsum((row[1] - after) ** 2 for row in rows),
        fsum((row[0] - before) * (row[1] - after) for row in rows),
    )


def cuped(
    control: Iterable[tuple[float, float]], treatment: Iterable[tuple[float, float]], level: float = 0.95
) -> Adjusted:
    """Return the difference of means adjusted by history.

    Args:
        control: for each customer assigned to it, (before, after): what they did before they were assigned, 0 for the
            new ones, and what they did since.
        treatment: the same.
        level: of the intervals, which are Welch's.

    Raises:
        DefinitionError: fewer than two customers in an arm, or a number that is not finite.
        MissingExtra: scipy is not installed.
    """
    arms = _sums("control", control), _sums("treatment", treatment)
    history, outcome = sum(arm.before_squares for arm in arms), sum(arm.after_squares for arm in arms)
    products = sum(arm.products for arm in arms)
    theta = products / history if history else 0.0
    correlation = products / sqrt(history * outcome) if history and outcome else 0.0
    return Adjusted(theta, correlation, _interval(arms, 0.0, level), _interval(arms, theta, level))


def _interval(arms: tuple[_Sums, _Sums], theta: float, level: float) -> Interval:
    control, treatment = arms
    difference = treatment.after - control.after - theta * (treatment.before - control.before)
    squares = (arm.after_squares - 2 * theta * arm.products + theta**2 * arm.before_squares for arm in arms)
    errors = [max(total, 0.0) / (arm.size - 1) / arm.size for total, arm in zip(squares, arms, strict=True)]
    if not sum(errors):
        return Interval(difference, -inf, inf, check_level(level))
    freedom = sum(errors) ** 2 / sum(error**2 / (arm.size - 1) for error, arm in zip(errors, arms, strict=True))
    half = float(special().stdtrit(freedom, (1 + check_level(level)) / 2)) * sqrt(sum(errors))
    return Interval(difference, difference - half, difference + half, level)
