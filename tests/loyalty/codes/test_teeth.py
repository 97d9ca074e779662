"""Each fault that is planted into the arithmetic breaks a law next door."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from retention_engine.errors import RetentionError
from retention_engine.loyalty.codes import Off, Offer, deriving, discounts, spelling
from tests.loyalty.codes import test_deriving, test_discounts, test_spelling


def _mod_32(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(spelling, "_MODULUS", 32)


def _no_check(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(spelling, "check_symbol", lambda _: "0")


def _runs_together(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(deriving, "framed", lambda *parts: "".join(parts).encode())


def _no_clamp(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Off, "of", lambda self, _: self.amount.amount)


def _as_typed(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Offer, "place", property(lambda _: 0))


def _floor_split(patch: pytest.MonkeyPatch) -> None:
    def share(total: int, weights: Sequence[int]) -> list[int]:
        whole = sum(weights)
        return [int(Fraction(total) * weight / whole) if whole else 0 for weight in weights]

    patch.setattr(discounts, "share_out", share)


def _all_on_every_line(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(discounts, "share_out", lambda total, weights: [total if weight else 0 for weight in weights])


def _first_not_best(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(discounts, "_worth", lambda way: -len(way))


def _all_go_together(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Offer, "goes_with", lambda *_: True)


Law = tuple[Callable[..., None], tuple[st.SearchStrategy[Any], ...]]
"""A test next door, and what it draws; nothing when it draws nothing."""
PLACES, CHANCE = st.integers(0, 20), st.randoms(use_true_random=False)
ROUND: tuple[Law, ...] = (
    (
        test_spelling.test_code_round_every_single_typo_is_noticed,
        (test_spelling.codes, PLACES, st.sampled_from(spelling.ALPHABET)),
    ),
    (test_spelling.test_code_round_every_swap_of_neighbours_is_noticed, (test_spelling.codes, PLACES)),
)
BASKETS = test_discounts.baskets()
BEST: tuple[Law, ...] = (
    (test_discounts.test_stack_order_what_is_typed_first_does_not_matter, (BASKETS, CHANCE)),
    (test_discounts.test_stack_floor_and_split, (BASKETS,)),
    (test_discounts.test_the_best_choice_is_that_of_brute_force, (BASKETS,)),
)
REASONS: tuple[Law, ...] = ((test_deriving.test_the_parts_of_a_reason_do_not_run_together, ()),)
FAULTS = {
    "x36-modulo-32": (_mod_32, ROUND),
    "x36-no-check": (_no_check, ROUND),
    "x36-reasons-run-together": (_runs_together, REASONS),
    "x37-no-clamp": (_no_clamp, BEST),
    "x37-order-of-typing": (_as_typed, BEST),
    "x37-floor-split": (_floor_split, BEST),
    "x37-all-on-every-line": (_all_on_every_line, BEST),
    "first-not-best": (_first_not_best, BEST),
    "all-go-together": (_all_go_together, BEST),
}


def broken(law: Law) -> bool:
    """Tell whether a law does not hold; what it draws is the same every time."""
    test, drawn = law
    if drawn:
        same = settings(max_examples=150, database=None, derandomize=True, phases=[Phase.generate])
        test = same(given(*drawn)(test.hypothesis.inner_test))  # type: ignore[attr-defined]  # a documented attribute
    try:
        test()
    except (AssertionError, RetentionError, ValueError):
        return True
    return False


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_noticed(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """At least one law of those named breaks."""
    plant, laws = FAULTS[fault]
    plant(monkeypatch)
    assert any(broken(law) for law in laws)


def test_without_a_fault_all_is_well() -> None:
    """The laws hold as they are asked here."""
    assert not any(broken(law) for law in (*ROUND, *BEST, *REASONS))
