"""A rule that one arm of an experiment gets."""

from __future__ import annotations

from typing import Any

import pytest

from retention_engine.arbitration import Drop, InArm, read_policy
from retention_engine.errors import DefinitionError
from retention_engine.experiments import Experiment
from tests.arbitration._desk import ask, asked, letter

HALF = {"a": 1, "b": 1}
POLICY = InArm("tone", "b", variants=HALF)


def test_one_arm_is_written_to_and_the_other_is_its_control() -> None:
    """Exactly those whom the experiment assigns; the whole journey ends for the others."""
    names = [f"c{number}" for number in range(400)]
    written = {name for name in names if asked(POLICY, letter(customer=name)) == ("allow",)}
    assert written == {name for name in names if Experiment("tone", HALF).assign(name) == "b"}
    assert 150 < len(written) < 250
    other = next(name for name in names if name not in written)
    ruling = ask(POLICY, letter(customer=other))
    assert ruling == Drop("control", ("experiment 'tone': variant 'a'",), whole=True)  # type: ignore[arg-type]  # equal


def test_it_is_asked_before_the_first_message_only() -> None:
    """A journey that began goes on when the weights change."""
    nobody = InArm("tone", "b", variants={"a": 1, "b": 0})
    assert asked(nobody) == ("drop", "control")
    assert asked(nobody, letter(opening=False)) == ("allow",)


def test_who_is_not_in_the_experiment_gets_nothing() -> None:
    """A share of none; the evidence says so."""
    ruling = ask(InArm("tone", "b", variants=HALF, share=0.0))
    assert ruling.because == ("not in 'tone'",)  # type: ignore[union-attr]  # it is dropped


def test_it_shares_its_buckets_with_a_flag_system() -> None:
    """The same hashing gives the same arm."""
    policy = InArm("tone", "b", variants=HALF, hashing="growthbook")
    shared = Experiment("tone", HALF, hashing="growthbook")
    for name in (f"c{number}" for number in range(50)):
        assert (asked(policy, letter(customer=name)) == ("allow",)) == (shared.assign(name) == "b")


@pytest.mark.parametrize(
    ("arguments", "more", "message"),
    [
        (("tone", "c"), {"variants": HALF}, "has no variant 'c'"),
        (("tone", "b"), {"variants": {}}, "variants are given as"),
        (("tone", "b"), {"variants": ["a", "b"]}, "variants are given as"),
        (("tone", "b"), {"variants": {"a": 1, "b": -1}}, "the weight of 'b'"),
        (("tone", "b"), {"variants": HALF, "hashing": "grothbook"}, "growthbook"),
        (("", "b"), {"variants": HALF}, "id"),
    ],
)
def test_a_wrong_arm_is_refused(arguments: Any, more: Any, message: str) -> None:
    """With what is allowed."""
    with pytest.raises(DefinitionError, match=message):
        InArm(*arguments, **more)


def test_it_is_read_back() -> None:
    """Its variants are written as a mapping."""
    policy = InArm("tone", "b", variants={"a": 2, "b": 1}, share=0.5, rule="win-back")
    assert policy.text() == "InArm('tone', 'b', variants={'a': 2, 'b': 1}, share=0.5, rule='win-back')"
    assert read_policy(policy.text()) == policy
