"""Customers who are left alone."""

from __future__ import annotations

from typing import Any

import pytest

from retention_engine.arbitration import Drop, Holdout
from retention_engine.errors import DefinitionError
from retention_engine.keys import bucket
from tests.arbitration._desk import ask, asked, letter

CUSTOMERS = [f"c{number}" for number in range(20_000)]


def left_alone(policy: Holdout, **more: Any) -> set[str]:
    """Return who of all customers is held out."""
    return {name for name in CUSTOMERS if asked(policy, letter(customer=name, **more))[0] == "drop"}


def test_a_share_of_the_customers_is_left_alone() -> None:
    """About one in ten, and no message of their journey goes out."""
    held = left_alone(Holdout(10))
    assert 0.09 * len(CUSTOMERS) < len(held) < 0.11 * len(CUSTOMERS)
    ruling = ask(Holdout(10), letter(customer=min(held)))
    assert isinstance(ruling, Drop)
    assert ruling.whole
    assert ruling.because == (f"bucket {bucket(min(held), 'holdout')} of 10000 of salt 'holdout'",)


def test_a_larger_share_adds_others() -> None:
    """Nobody who was left alone is written to when the share grows; everybody is in a hundred percent."""
    assert left_alone(Holdout(5)) < left_alone(Holdout(10)) < left_alone(Holdout(10.5))
    assert left_alone(Holdout(100)) == set(CUSTOMERS)


def test_another_salt_takes_others() -> None:
    """Two experiments are independent: about a tenth of a tenth is in both."""
    both = left_alone(Holdout(10, salt="a")) & left_alone(Holdout(10, salt="b"))
    assert 0.005 * len(CUSTOMERS) < len(both) < 0.015 * len(CUSTOMERS)


def test_every_hundredth_of_a_percent_is_one_bucket() -> None:
    """0.07 is seven of ten thousand, although 0.07 * 100 is a little more than 7."""
    at = {bucket(f"c{number}", "holdout"): f"c{number}" for number in range(200_000)}
    for hundredths in (1, 7, 14, 28, 56, 111, 9_999):
        share = Holdout(hundredths / 100)
        assert asked(share, letter(customer=at[hundredths - 1]))[0] == "drop", hundredths
        assert asked(share, letter(customer=at[hundredths])) == ("allow",), hundredths


def test_the_control_of_a_rule_has_its_own_reason() -> None:
    """One for some rules is a control group, one for all a holdout."""
    assert asked(Holdout(100)) == ("drop", "holdout")
    assert asked(Holdout(100, rule="win-back")) == ("drop", "control")
    assert asked(Holdout(100, rule="birthday")) == ("allow",)


def test_it_is_asked_at_the_door_alone() -> None:
    """A journey that has begun goes on when the share grows."""
    assert asked(Holdout(100), letter(opening=False)) == ("allow",)


@pytest.mark.parametrize("purpose", ["service", "transactional"])
def test_receipts_are_not_held_out(purpose: str) -> None:
    """By default it stands above marketing; retargeting lists are marketing, too."""
    assert asked(Holdout(100), letter(purpose=purpose)) == ("allow",)
    assert asked(Holdout(100), letter(kind="audience_join")) == ("drop", "holdout")


@pytest.mark.parametrize("percent", [0, -1, 100.01, True, "10", None, float("nan"), float("inf")])
def test_a_share_is_a_percentage(percent: Any) -> None:
    """Above 0, at most 100."""
    with pytest.raises(DefinitionError, match="percent is a number above 0, at most 100"):
        Holdout(percent)


def test_a_share_goes_in_hundredths() -> None:
    """What is too small for one bucket is not silently nobody."""
    with pytest.raises(DefinitionError, match=r"percent goes in steps of 0\.01, not 0\.001"):
        Holdout(0.001)
    with pytest.raises(DefinitionError, match="salt is a printable text"):
        Holdout(10, salt="")
