"""Experiments without a difference, looked at after every customer: how often is one found?

Customers are assigned by a fair coin; n counts the customers of both arms together, and each n from 50 to 5,000 is a
look.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from retention_engine.analytics import Arm, Spend, log_evidence, spend_sequence, z_test

np = pytest.importorskip("numpy", reason="the extra analytics is not installed")
FIRST, LAST, ALPHA = 50, 5_000, 0.05


@cache
def evidence() -> Any:
    """Return log evidence by (conversions of control, of treatment), for as many as the streams below have."""
    size = 400
    return np.array([[log_evidence(control, treatment) for treatment in range(size)] for control in range(size)])


def streams(rates: Any, count: int, seed: int) -> tuple[Any, Any, Any]:
    """Return, after each customer, the customers of treatment and the conversions of control and of treatment."""
    chance = np.random.Generator(np.random.Philox(seed))
    treated = chance.random((count, LAST)) < 0.5
    converted = chance.random((count, LAST)) < rates
    sums = [np.cumsum(one, axis=1, dtype=np.int32) for one in (treated, converted & ~treated, converted & treated)]
    return sums[0][:, FIRST - 1 :], sums[1][:, FIRST - 1 :], sums[2][:, FIRST - 1 :]


def found_by_evidence(control: Any, treatment: Any) -> float:
    """Return the share of experiments whose always-valid p is at most 5 % at some look."""
    return float((evidence()[control, treatment].max(axis=1) >= -np.log(ALPHA)).mean())


def found_by_z(treated: Any, control: Any, treatment: Any) -> float:
    """Return the share of experiments whose textbook p is below 5 % at some look."""
    n = np.arange(FIRST, LAST + 1)
    others, pooled = n - treated, (control + treatment) / n
    error = np.sqrt(pooled * (1 - pooled) * (1 / treated + 1 / others))
    z = np.abs(treatment / treated - control / others) / np.where(error > 0, error, np.inf)
    return float((z.max(axis=1) > 1.959964).mean())


RATES = {
    "1 %": 0.01,
    "5 %": 0.05,
    "10 %": 0.10,
    "from 2 % to 10 %, week by week": np.where(np.arange(LAST) // 500 % 2, 0.10, 0.02),
}


@pytest.mark.slow
@pytest.mark.parametrize("rates", RATES.values(), ids=RATES)
def test_peeking_after_every_customer_keeps_five_percent(rates: Any) -> None:
    """At each n = 50..5,000 customers: at most 5 % false finds by evidence, several times that by the plain z-test."""
    treated, control, treatment = streams(rates, 1_000, seed=20_260)
    assert found_by_evidence(control, treatment) <= ALPHA
    assert found_by_z(treated, control, treatment) > 4 * ALPHA


@pytest.mark.slow
def test_a_difference_that_is_there_is_found() -> None:
    """From 5 % to 8 % at 5,000 customers: more than four of five experiments find it, and may stop when they do."""
    chance = np.random.Generator(np.random.Philox(7))
    treated = chance.random((500, LAST)) < 0.5
    converted = chance.random((500, LAST)) < np.where(treated, 0.08, 0.05)
    control, treatment = (np.cumsum(converted & arm, axis=1) for arm in (~treated, treated))
    assert found_by_evidence(control, treatment) > 0.8


@pytest.mark.slow
def test_the_interval_of_spend_may_be_watched() -> None:
    """Skewed spends of every tenth customer, a look every 100 customers from 1,000 on: at most 5 % exclude zero."""
    chance = np.random.Generator(np.random.Philox(11))
    excluded = 0
    for _ in range(400):
        spends = np.where(chance.random(LAST) < 0.1, chance.lognormal(3, 0.7, LAST), 0)
        treated = chance.random(LAST) < 0.5
        excluded += any(_excludes(spends[:n], treated[:n]) for n in range(1_000, LAST + 1, 100))
    assert excluded <= 0.05 * 400


def _excludes(spends: Any, treated: Any) -> bool:
    arms = [spends[~treated], spends[treated]]
    control, treatment = (Arm("arm", len(one), 0, Spend(float(one.sum()), float((one**2).sum()))) for one in arms)
    return spend_sequence(control, treatment, planned=LAST).excludes(0)


def test_the_z_test_above_is_ours() -> None:
    """The fast one for many experiments decides as the plain one does."""
    treated, control, treatment = streams(0.1, 20, seed=3)
    for row in range(20):
        last = treated[row, -1], control[row, -1], treatment[row, -1]
        arms = Arm("a", int(LAST - last[0]), int(last[1])), Arm("b", int(last[0]), int(last[2]))
        ends = [one[row : row + 1, -1:] for one in (treated, control, treatment)]
        n = ends[0] * 0 + LAST
        error = np.sqrt((pooled := (ends[1] + ends[2]) / n) * (1 - pooled) * (1 / ends[0] + 1 / (n - ends[0])))
        z = abs(ends[2] / ends[0] - ends[1] / (n - ends[0])) / error
        assert (float(z[0, 0]) > 1.959964) == (z_test(*arms) < 0.05)
