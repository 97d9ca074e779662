"""Sizes and detectable effects against published figures, and against each other."""

from __future__ import annotations

import pytest

from retention_engine.analytics import detectable, sample_size
from retention_engine.errors import DefinitionError

SIZES = [(0.10, 0.12, 3_841), (0.10, 0.15, 686), (0.10, 0.20, 199), (0.05, 0.06, 8_158)]


@pytest.mark.parametrize(("base", "target", "customers"), SIZES)
def test_sizes_are_as_published(base: float, target: float, customers: int) -> None:
    """Customers per arm at 5 % two-sided and a power of 80 %."""
    assert sample_size(base, target) == customers


@pytest.mark.parametrize(("base", "target", "customers"), SIZES)
def test_the_detectable_effect_is_the_inverse(base: float, target: float, customers: int) -> None:
    """So many customers show the effect, and one fewer does not."""
    enough, few = detectable(base, customers), detectable(base, customers - 1)
    assert enough is not None
    assert few is not None
    assert enough <= target - base < few


def test_falls_count_like_rises() -> None:
    """From 12 % to 10 % takes as many as from 10 % to 12 %."""
    assert sample_size(0.12, 0.10) == 3_841


def test_more_power_and_more_certainty_cost_more() -> None:
    """Both grow the arms."""
    assert sample_size(0.1, 0.12, power=0.9) > 3_841 < sample_size(0.1, 0.12, level=0.99)


def test_a_handful_shows_nothing() -> None:
    """With two customers even a rise to 100 % is not shown."""
    assert detectable(0.1, 2) is None


ODD = [
    (lambda: sample_size(0, 0.1), "a rate lies between 0 and 1, such as 0.05, not 0"),
    (lambda: sample_size(0.1, 10), "such as 0.05, not 10"),
    (lambda: sample_size(0.1, 0.1), "no number of customers tells 0.1 from itself"),
    (lambda: sample_size(0.1, 0.2, power=0.2), "a power is at least 0.5 and below 1, such as 0.8, not 0.2"),
    (lambda: detectable(1, 100), r"1 customer or more are needed, not \(1, 100\)"),
    (lambda: detectable(0.5, 0), r"not \(0.5, 0\)"),
]


@pytest.mark.parametrize(("ask", "said"), ODD)
def test_odd_questions_are_refused(ask: object, said: str) -> None:
    """A number out of its bounds is named."""
    with pytest.raises(DefinitionError, match=said):
        ask()
