"""Triggers and steps write themselves twice: as the language, and as Python."""

from __future__ import annotations

import pytest

from retention_engine.predicates import carts, orders
from retention_engine.rules import Trigger, entering
from retention_engine.rules.base import Written
from tests.predicates._shop import see


def test_a_trigger_is_written_in_both_forms() -> None:
    """``str`` is the form of rule files, ``repr`` is Python."""
    made = entering(orders.exists() & ~carts.exists())
    assert str(made) == made.text() == "entering(orders.exists() and not carts.exists())"
    assert repr(made) == "entering(orders.exists() & ~carts.exists())"


def test_the_base_says_nothing_by_itself() -> None:
    """A trigger of one's own answers what it can; the base is never due and reads nothing."""
    assert Trigger().reads() == frozenset()
    assert Trigger().next_due(see()) is None
    assert Trigger().due_now(see()) == []
    assert Trigger().stands("anything", see())
    with pytest.raises(NotImplementedError):
        Written().text()
