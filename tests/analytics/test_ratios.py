"""The sample-ratio check fires on broken splits and is silent on sound ones."""

from __future__ import annotations

import pytest

from retention_engine.analytics import srm
from retention_engine.errors import DefinitionError


def test_49000_to_51000_of_an_even_split_is_flagged() -> None:
    """A split that is one percent off at 100,000 customers is no chance: chi-square 40, p = 2.5e-10."""
    assert srm([49_000, 51_000]).flagged
    assert srm([49_000, 51_000]).p == pytest.approx(2.54e-10, rel=0.01)


def test_an_even_three_way_split_is_not_flagged() -> None:
    """The split of the Hillstrom mailing: p = .904."""
    found = srm([21_307, 21_387, 21_306])
    assert not found.flagged
    assert found.p == pytest.approx(0.904, abs=0.0005)


def test_f43_a_fault_of_batches_is_flagged() -> None:
    """F43: 500 and 1,500 of an even split of 2,000 is broken; 980 and 1,020 is chance.

    https://github.com/mautic/mautic/issues/14774
    """
    assert srm([500, 1_500]).flagged
    assert not srm([980, 1_020]).flagged


def test_weights_are_what_counts_are_held_against() -> None:
    """9 to 1 is sound where it was meant."""
    assert srm([900, 100]).flagged
    assert srm([900, 100], [9, 1]).p == 1


@pytest.mark.parametrize("counts", [[5], [], [0, 0], [-1, 5]])
def test_odd_counts_are_refused(counts: list[int]) -> None:
    """Two arms, somebody in them."""
    with pytest.raises(DefinitionError, match="two or more counts"):
        srm(counts)


@pytest.mark.parametrize("weights", [[1], [0, 1], [float("nan"), 1]])
def test_odd_weights_are_refused(weights: list[float]) -> None:
    """One positive weight for each count."""
    with pytest.raises(DefinitionError, match="each of the 2 counts has a weight above 0"):
        srm([5, 5], weights)
