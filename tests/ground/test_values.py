"""Plain values are texts, finite numbers, yes/no or nothing, and mappings of them are flat."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from retention_engine.errors import FactError
from retention_engine.values import check_data, check_scalar, is_printable
from tests.facts._facts import HUGE, data, scalars


@given(scalars)
def test_plain_values_pass_unchanged(value: Any) -> None:
    """The very value comes back."""
    assert check_scalar("city", value) is value


WRONG = [
    float("nan"),
    float("-inf"),
    1e300,
    2**63,
    HUGE,
    "a" * 10_001,
    "nul\0",
    "\udfff",
    b"x",
    1j,
    [],
    {},
    (),
    object(),
]


@pytest.mark.parametrize("value", WRONG)
def test_other_values_are_refused_by_name(value: Any) -> None:
    """The message names the field."""
    with pytest.raises(FactError, match="city"):
        check_scalar("city", value)


@given(data)
def test_flat_mappings_are_copied(given_data: dict[str, Any]) -> None:
    """The copy is equal and independent."""
    found = check_data(given_data)
    assert found == given_data
    assert found is not given_data


@pytest.mark.parametrize("text", ["a", "a" * 200, "Ünï çødé", "山田", "🙂"])
def test_printable_texts_can_be_ids(text: str) -> None:
    """Any alphabet, up to 200 characters."""
    assert is_printable(text)


@pytest.mark.parametrize("text", ["", "a" * 201, "a\nb", "\0", "\ud800", "\u202e", "\u00a0", None, 5, b"a"])
def test_other_texts_cannot(text: Any) -> None:
    """Empty, long, unprintable and other values."""
    assert not is_printable(text)
