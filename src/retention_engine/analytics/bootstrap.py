"""The bootstrap for spend: a few large orders bend the textbook interval, and resampling sees that."""

from __future__ import annotations

from collections import Counter
from math import hypot, inf, sqrt
from typing import Any

from retention_engine.analytics.arms import Arm, Interval, check_level
from retention_engine.analytics.heavy import numbers
from retention_engine.errors import DefinitionError, shown

_PART = 100  # resamples at a time, to bound the memory


def bootstrap(control: Arm, treatment: Arm, level: float = 0.95, *, resamples: int = 2_000, seed: int = 0) -> Interval:
    """Return an interval of treatment's mean spend minus control's that follows the skew of the spends.

    Each arm has its bootstrap-t interval (Efron and Tibshirani 1993, section 12.5); the two are joined as Newcombe
    joins those of rates (Zou and Donner, Statistics in Medicine 27, 2008). A bootstrap-t of the difference itself is
    too short in small shops. Wider than ``welch``, and right where a small arm with few large orders makes that one
    wrong. The same seed gives the same interval. Infinite where an arm has no more than about three buyers.

    Raises:
        DefinitionError: an arm has no amounts, or fewer than 100 resamples are asked for.
        MissingExtra: numpy is not installed.
    """
    if resamples < 100:
        raise DefinitionError(f"100 resamples or more are needed, not {shown(resamples)}")
    tails = [(1 - check_level(level)) / 2, (1 + level) / 2]
    np = numbers()
    chance = np.random.Generator(np.random.Philox(seed))
    base, other = (
        [float(end) for end in _ends(np, chance, arm, tails=tails, resamples=resamples)] for arm in (control, treatment)
    )
    means = control.mean(), treatment.mean()
    difference = means[1] - means[0]
    low = difference - hypot(means[1] - other[0], base[1] - means[0])
    high = difference + hypot(other[1] - means[1], means[0] - base[0])
    return Interval(difference, low, high, level)


def _ends(np: Any, chance: Any, arm: Arm, *, tails: list[float], resamples: int) -> tuple[float, float]:
    """Return the ends of the bootstrap-t interval of one arm's mean."""
    amounts, error = arm.spent().amounts, sqrt(arm.error())
    if not amounts and arm.spent().squares:
        raise DefinitionError(f"the bootstrap needs the amounts that {arm.name!r} spent, not their sums")
    if not (0 < error < inf):
        return -inf, inf
    held = Counter(amounts)
    held[0.0] += arm.customers - len(amounts)
    values = np.array(sorted(held))
    parts = np.array([held[value] for value in sorted(held)]) / arm.customers
    pivots = []
    for start in range(0, resamples, _PART):
        drawn = chance.multinomial(arm.customers, parts, min(_PART, resamples - start))
        pivots.append(_pivots(np, drawn, values, arm))
    low, high = np.quantile(np.concatenate(pivots), tails, method="inverted_cdf")
    return arm.mean() - high * error, arm.mean() - low * error


def _pivots(np: Any, drawn: Any, values: Any, arm: Arm) -> Any:
    """Return (resampled mean - mean) / resampled error of each resample; infinite where that error is 0."""
    means = drawn @ values / arm.customers
    spread = np.maximum(drawn @ values**2 / arm.customers - means**2, 0)
    error = np.sqrt(spread / (arm.customers - 1))
    moved = means - arm.mean()
    return np.divide(moved, error, out=np.copysign(np.full(len(means), np.inf), moved), where=error > 0)
