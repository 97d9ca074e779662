"""A goal is a value with a window of attribution."""

from __future__ import annotations

from typing import Any

import pytest

from retention_engine.errors import DefinitionError, ExpressionError
from retention_engine.predicates import entry, orders, segment
from retention_engine.rules import Goal, read_goal
from retention_engine.timing import days

BOUGHT = orders.since(entry).exists()
ROUND = [
    (Goal(BOUGHT), "Goal(orders.since(entry).exists())"),
    (Goal(BOUGHT, within=days(7)), "Goal(orders.since(entry).exists())"),
    (Goal(BOUGHT & ~orders.exists(), within=days(3)), None),
]


@pytest.mark.parametrize(("goal", "text"), ROUND)
def test_a_goal_prints_as_the_call_that_builds_it(goal: Goal, text: str | None) -> None:
    """The text form leaves the seven days out and reads back; ``eval(repr(goal))`` is equal."""
    assert text is None or str(goal) == text
    assert read_goal(str(goal)) == goal
    assert eval(repr(goal)) == goal
    assert goal.within == (days(3) if text is None else days(7))


def test_a_goal_may_name_a_segment() -> None:
    """As every predicate."""
    goal = Goal(segment("s", orders.exists()))
    assert read_goal(goal.text(), segments={"s": orders.exists()}) == goal


WRONG: list[tuple[Any, str]] = [
    (lambda: Goal(orders), "Goal takes a predicate, not orders"),
    (lambda: Goal(True), "Goal takes a predicate, not True"),
    (lambda: Goal(BOUGHT, within=7), "within is a span above zero such as days(7), not 7"),
    (lambda: Goal(BOUGHT, within=days(0)), "not days(0)"),
]


@pytest.mark.parametrize(("build", "message"), WRONG)
def test_a_wrong_goal_fails_where_it_is_written(build: Any, message: str) -> None:
    """The message names the part, what is allowed, and what was given."""
    with pytest.raises(DefinitionError) as caught:
        build()
    assert message in str(caught.value)


@pytest.mark.parametrize("text", ["orders.exists()", "Gaol(orders.exists())", "Goal()", "Send('a')", "[Goal(orders)]"])
def test_a_text_that_is_no_goal_is_refused(text: str) -> None:
    """With a message of the expression language."""
    with pytest.raises(ExpressionError):
        read_goal(text)
