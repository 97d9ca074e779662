"""Did the arms get the customers they should have got? If not, nothing that follows can be believed."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

from attrs import frozen

from retention_engine.analytics.heavy import special
from retention_engine.errors import DefinitionError, shown

FLAG = 0.001
"""Below this p the split is called broken: a common convention, strict because the check is made again and again. On
causes see Fabijan and others, "Diagnosing Sample Ratio Mismatch in Online Controlled Experiments" (KDD 2019)."""


@frozen
class SampleRatio:
    """The answer of the sample-ratio check.

    Attributes:
        p: of Pearson's chi-square test of the counts against the weights, 0 to 1.
        flagged: the split is broken (p < 0.001): look for the fault, do not read the results.
    """

    p: float
    flagged: bool


def srm(counts: Sequence[int], weights: Sequence[float] | None = None) -> SampleRatio:
    """Check the numbers of customers per arm against the weights they were assigned by (equal ones by default).

    Raises:
        DefinitionError: fewer than two arms, a negative count, nobody at all, or weights that are not positive.
        MissingExtra: scipy is not installed.
    """
    if len(counts) < 2 or min(counts) < 0 or sum(counts) <= 0:
        raise DefinitionError(f"two or more counts of 0 or more, not all 0, are needed, not {shown(counts)}")
    parts = [1.0] * len(counts) if weights is None else list(weights)
    if len(parts) != len(counts) or not all(isfinite(part) and part > 0 for part in parts):
        raise DefinitionError(f"each of the {len(counts)} counts has a weight above 0, not {shown(weights)}")
    scale = sum(counts) / sum(parts)
    distance = sum((count - scale * part) ** 2 / (scale * part) for count, part in zip(counts, parts, strict=True))
    p = float(special().chdtrc(len(counts) - 1, distance))
    return SampleRatio(p, p < FLAG)
