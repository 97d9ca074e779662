"""Before starting: how many customers an effect takes, and which effect the customers at hand can show.

The normal formula with a pooled variance under "no difference" and separate ones under the effect (Fleiss, Levin,
Paik, "Statistical Methods for Rates and Proportions", 3rd edition 2003, chapter 4, without continuity correction),
for two arms of one size and one two-sided look at the end. Whoever decides by ``always_valid`` plans for twice as
many; half of all such experiments end after about the number given here.
"""

from __future__ import annotations

from math import ceil, sqrt
from statistics import NormalDist

from retention_engine.analytics.arms import check_level
from retention_engine.errors import DefinitionError, shown


def sample_size(base: float, target: float, *, power: float = 0.8, level: float = 0.95) -> int:
    """Return the customers needed per arm to tell two conversion rates apart.

    Args:
        base: control's rate, between 0 and 1.
        target: treatment's rate, another one.
        power: how often the difference is to be found when it is there, between 1/2 and 1.
        level: 1 minus the chance of finding one that is not there.

    Raises:
        DefinitionError: equal rates, or a number out of its bounds.
    """
    for rate in (base, target):
        if not 0 < rate < 1:
            raise DefinitionError(f"a rate lies between 0 and 1, such as 0.05, not {shown(rate)}")
    if base == target:
        raise DefinitionError(f"no number of customers tells {shown(base)} from itself")
    return ceil(_needed(base, target, _quantiles(power, level)))


def _quantiles(power: float, level: float) -> tuple[float, float]:
    if not 0.5 <= power < 1:
        raise DefinitionError(f"a power is at least 0.5 and below 1, such as 0.8, not {shown(power)}")
    normal = NormalDist()
    return normal.inv_cdf((1 + check_level(level)) / 2), normal.inv_cdf(power)


def _needed(base: float, target: float, quantiles: tuple[float, float]) -> float:
    middle = (base + target) / 2
    without = sqrt(2 * middle * (1 - middle))
    within = sqrt(base * (1 - base) + target * (1 - target))
    return float(((quantiles[0] * without + quantiles[1] * within) / (target - base)) ** 2)


def detectable(base: float, customers: int, *, power: float = 0.8, level: float = 0.95) -> float | None:
    """Return the smallest rise of a conversion rate that so many customers per arm can show; None: none can.

    The answer is absolute: 0.02 means from 10 % to 12 %. Arguments as in ``sample_size``.

    Raises:
        DefinitionError: a number out of its bounds.
    """
    if not 0 < base < 1 or customers < 1:
        given = shown((base, customers))
        raise DefinitionError(f"a rate between 0 and 1 and 1 customer or more are needed, not {given}")
    quantiles = _quantiles(power, level)
    low, high = 0.0, 1 - base
    if _needed(base, 1.0, quantiles) > customers:
        return None
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if _needed(base, base + middle, quantiles) <= customers else (middle, high)
    return high
