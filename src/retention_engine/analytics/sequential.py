"""Looking at a running experiment as often as one likes, without fooling oneself.

A plain p-value is for one look at a size set before; whoever looks every day and stops at p < 5 % finds differences
that are not there. The evidence here may be looked at after every customer: over the whole life of an experiment
without a difference it reaches 1 / alpha with a probability of alpha at most (Ville's inequality).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import exp, inf, lgamma, log, log1p, sqrt
from statistics import NormalDist

from attrs import frozen

from retention_engine.analytics.arms import Arm, Interval, check_level
from retention_engine.errors import DefinitionError, shown

STRENGTH = 50.0
"""Of the prior, in conversions: strongest for differences of about a third of the base rate, honest for all."""


_FAR = 700.0  # logarithm of the largest odds that floats hold


@frozen
class AlwaysValid:
    """What is known at a look.

    Attributes:
        p: the smallest p of all looks so far, 0 to 1; may be compared with 5 % at any time.
        evidence: for a difference at the last look, as a betting score: 20 stands for p = 5 %; infinite when beyond all
            floats.
        ratio: treatment's rate / control's, with an interval that holds at all looks together, as long as the ratio
            itself does not change.
    """

    p: float
    evidence: float
    ratio: Interval


def log_evidence(control: int, treatment: int, share: float = 0.5, strength: float = STRENGTH) -> float:
    """Return the logarithm of the evidence for unequal conversion after so many conversions in each arm.

    Customers are assigned by chance, so without a difference each *converting* customer comes from the treatment with
    the probability ``share`` of the assignment, whatever the rates are and however they change from day to day. The
    evidence is the likelihood of the conversions under a Beta(strength * share, strength * (1 - share)) mixture over
    that probability, divided by their likelihood under ``share``: an exact test martingale at every sample size.
    Lindon and Malek, "Anytime-Valid Inference for Multinomial Count Data" (NeurIPS 2022).

    Raises:
        DefinitionError: a negative count, a share not between 0 and 1, or a strength not above 0.
    """
    if control < 0 or treatment < 0:
        raise DefinitionError(f"conversions are counted from 0, not {shown((control, treatment))}")
    if not (0 < share < 1 and 0 < strength < inf):
        raise DefinitionError(f"share lies between 0 and 1, strength above 0, not {shown((share, strength))}")
    return _mixture(control, treatment, share, strength) - treatment * log(share) - control * log(1 - share)


def _mixture(control: int, treatment: int, share: float, strength: float) -> float:
    a, b = strength * share, strength * (1 - share)
    after = lgamma(a + treatment) + lgamma(b + control) - lgamma(strength + control + treatment)
    return after - (lgamma(a) + lgamma(b) - lgamma(strength))


def always_valid(
    looks: Iterable[tuple[int, int]], *, share: float = 0.5, strength: float = STRENGTH, level: float = 0.95
) -> AlwaysValid:
    """Return what is known after the last of some looks, each (conversions of control, of treatment) since the start.

    Args:
        looks: in the order of time; a later one has at least as many conversions. Any number, at any moments.
        share: the part of the two arms' customers that is assigned to treatment, the same from the first look to the
            last; when weights change, count anew from there.
        strength: of the prior, in conversions; chosen before the first look.
        level: of the interval of the ratio.

    Raises:
        DefinitionError: conversions that shrink, or a number out of its bounds.
    """
    p, found, last = 1.0, 0.0, (0, 0)
    for look in looks:
        if look[0] < last[0] or look[1] < last[1]:
            raise DefinitionError(f"conversions are counted since the start and never shrink: {last} before {look}")
        found, last = log_evidence(*look, share, strength), look
        p = min(p, exp(-max(found, 0.0)))
    return AlwaysValid(p, exp(found) if found < 700 else inf, _ratio(last, share, strength, check_level(level)))


def _ratio(look: tuple[int, int], share: float, strength: float, level: float) -> Interval:
    """Return the odds of treatment among the conversions over its odds by assignment; searched in logarithms."""
    control, treatment = look
    most = _mixture(control, treatment, share, strength) + log(1 - level)

    def is_inside(odds: float) -> bool:
        return -treatment * log1p(exp(-odds)) - control * log1p(exp(odds)) > most

    best = log(treatment / control) if treatment and control else (treatment > 0) * _FAR - (control > 0) * _FAR
    low = exp(_edge(is_inside, best, -_FAR)) if treatment else 0.0
    high = exp(_edge(is_inside, best, _FAR)) if control else inf
    estimate = treatment / control if control else (inf if treatment else share / (1 - share))
    unit = share / (1 - share)
    return Interval(estimate / unit, low / unit, high / unit, level)


def _edge(is_inside: Callable[[float], bool], inside: float, outside: float) -> float:
    """Return where a stretch that starts inside ends, found by halving."""
    for _ in range(60):
        middle = (inside + outside) / 2
        inside, outside = (middle, outside) if is_inside(middle) else (inside, middle)
    return outside


def spend_sequence(control: Arm, treatment: Arm, *, planned: int, level: float = 0.95) -> Interval:
    """Return an interval of treatment's mean spend minus control's that may be looked at again and again.

    It holds at all looks together in the limit of many customers: hundreds of buyers, not dozens. Waudby-Smith and
    others, "Time-uniform central limit theory and asymptotic confidence sequences" (Annals of Statistics 52, 2024).

    Args:
        control: with its spend.
        treatment: with its spend.
        planned: customers of both arms together at which the interval is to be narrowest; chosen before the first look.
        level: how often the interval holds the truth at all looks.

    Raises:
        DefinitionError: the spend of an arm is not known, or ``planned`` is less than 1.
    """
    if planned < 1:
        raise DefinitionError(f"an experiment is planned for 1 customer or more, not {shown(planned)}")
    alpha = 1 - check_level(level)
    seen = control.customers + treatment.customers
    scaled = seen / planned * (-2 * log(alpha) + log(1 - 2 * log(alpha)))
    wide = sqrt((scaled + 1) / scaled * 2 * (log(scaled + 1) / 2 - log(alpha)))
    difference, error = treatment.mean() - control.mean(), sqrt(control.error() + treatment.error())
    half = wide * error if error else inf
    return Interval(difference, difference - half, difference + half, level)


def z_test(control: Arm, treatment: Arm) -> float:
    """Return the two-sided p of the textbook z-test of equal rates: for large arms, and for a single look."""
    total = control.conversions + treatment.conversions
    pooled = total / (control.customers + treatment.customers)
    error = sqrt(pooled * (1 - pooled) * (1 / control.customers + 1 / treatment.customers))
    return 2 * NormalDist().cdf(-abs(treatment.rate - control.rate) / error) if error else 1.0
