"""The bootstrap is repeatable, agrees with Welch where spends are tame, and follows their skew where they are not."""

from __future__ import annotations

from functools import partial
from math import inf

import pytest

from retention_engine.analytics import Arm, Spend, bootstrap, welch
from retention_engine.errors import DefinitionError

np = pytest.importorskip("numpy", reason="the extra analytics is not installed")


def shop(size: int, share: float, seed: int) -> Arm:
    """Return an arm in which a share of the customers buys, mostly little and sometimes much."""
    chance = np.random.Generator(np.random.Philox(seed))
    buyers = int(chance.binomial(size, share))
    return Arm(f"arm {seed}", size, buyers, Spend.of(np.round(chance.lognormal(3, 1, buyers), 2).tolist()))


def test_the_same_seed_gives_the_same_interval() -> None:
    """Nothing but the seed is drawn from."""
    control, treatment = shop(500, 0.1, 1), shop(500, 0.1, 2)
    assert bootstrap(control, treatment, seed=5) == bootstrap(control, treatment, seed=5)
    assert bootstrap(control, treatment, seed=5) != bootstrap(control, treatment, seed=6)


def test_many_tame_spends_give_welchs_interval() -> None:
    """Where the normal law holds, both agree."""
    chance = np.random.Generator(np.random.Philox(3))
    arms = [Arm(name, 2_000, 2_000, Spend.of(chance.normal(50, 10, 2_000).round().tolist())) for name in "ab"]
    ours, theirs = bootstrap(*arms), welch(*arms)
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=0.1)
    assert ours.estimate == theirs.estimate


SHOPS = [((200, 0.1), (200, 0.1)), ((1_000, 0.1), (200, 0.1)), ((1_000, 0.02), (1_000, 0.02))]


@pytest.mark.slow
@pytest.mark.parametrize(("first", "second"), SHOPS)
def test_small_skewed_shops_are_covered(first: tuple[int, float], second: tuple[int, float]) -> None:
    """About 95 % of 400 intervals hold zero: with 20 buyers an arm, with arms of 5 to 1, and with rare buyers."""
    pairs = [(shop(*first, 2 * n), shop(*second, 2 * n + 1)) for n in range(400)]
    missed = sum(bootstrap(*pair, resamples=400).excludes(0) for pair in pairs)
    assert missed <= 30  # the mean is 20, the standard deviation 4.4


@pytest.mark.slow
def test_welch_is_lopsided_where_the_bootstrap_is_not() -> None:
    """With arms of 5 to 1 nearly all misses of Welch lie on one side; the bootstrap misses less there."""
    pairs = [(shop(1_000, 0.1, 2 * n), shop(200, 0.1, 2 * n + 1)) for n in range(400)]
    ways = welch, partial(bootstrap, resamples=400)
    missed = [sum(way(*pair).high < 0 for pair in pairs) for way in ways]
    assert missed[0] > 20 > missed[1]


def test_an_arm_with_a_single_buyer_is_no_error() -> None:
    """Resamples without any spread push the interval out, not the program over."""
    found = bootstrap(Arm("a", 50, 20, Spend.of(range(20))), Arm("b", 50, 1, Spend.of([10])))
    assert found.estimate == pytest.approx(0.2 - 3.8)
    assert found.high == inf


def test_nothing_is_known_where_nothing_varies() -> None:
    """Nobody who buys, or a single customer, tells nothing."""
    nobody = Arm("a", 50, 0, Spend.of([]))
    assert (bootstrap(nobody, nobody).low, bootstrap(nobody, nobody).high) == (-inf, inf)
    assert bootstrap(Arm("a", 1, 1, Spend.of([5])), nobody).high == inf


def test_sums_are_not_enough() -> None:
    """The single amounts are needed, and a hundred resamples."""
    arm = Arm("b", 50, 2, Spend(20, 200))
    with pytest.raises(DefinitionError, match="the amounts that 'b' spent, not their sums"):
        bootstrap(shop(50, 0.5, 1), arm)
    with pytest.raises(DefinitionError, match="100 resamples or more are needed, not 99"):
        bootstrap(arm, arm, resamples=99)
