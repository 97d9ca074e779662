"""``item.price >= 1000`` is a condition on the records at hand, not a truth."""

from __future__ import annotations

from typing import Any

import pytest

from retention_engine.predicates import FieldTest, item

BUILT = [
    (item.price == 5, FieldTest("price", "==", 5)),
    (item.price != 5, FieldTest("price", "!=", 5)),
    (item.price < 5, FieldTest("price", "<", 5)),
    (item.price <= 5, FieldTest("price", "<=", 5)),
    (item.price > 5, FieldTest("price", ">", 5)),
    (item.price >= 5, FieldTest("price", ">=", 5)),
    (item.sku.is_in("a", "b", "a"), FieldTest("sku", "in", ("a", "b"))),
    (item.sku.contains("a"), FieldTest("sku", "contains", "a")),
    (item.sku.starts_with("a"), FieldTest("sku", "starts_with", "a")),
    (item.sku.is_set(), FieldTest("sku", "set", None)),
]


@pytest.mark.parametrize(("condition", "expected"), BUILT)
def test_comparing_a_field_builds_a_condition(condition: Any, expected: FieldTest) -> None:
    """Every comparison of the language is there."""
    assert condition == expected


def test_conditions_keep_types_of_constants_apart() -> None:
    """True is not 1."""
    assert (item.a == 1) != (item.a == True)  # noqa: E712 - the language
    assert hash(item.a == 1) == hash(FieldTest("a", "==", 1))


def test_a_field_cannot_stand_in_a_set() -> None:
    """Its ``==`` builds a condition, so it has no hash."""
    with pytest.raises(TypeError, match="unhashable"):
        hash(item.price)


def test_a_field_is_shown_as_it_is_written() -> None:
    """Messages name it so."""
    assert repr(item.price) == "item.price"


def test_private_names_are_no_fields() -> None:
    """``item._x`` is an AttributeError, so that tools may look around."""
    with pytest.raises(AttributeError, match="_x"):
        _ = item._x
