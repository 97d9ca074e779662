"""Who looks around: visits and looks, with and without a purchase of the same thing."""

from __future__ import annotations

from typing import Any

import pytest

from retention_engine.facts import Fact, Viewed, Visited
from retention_engine.predicates import Truth
from retention_engine.segments import (
    came_by,
    came_from,
    not_seen_for,
    viewed,
    viewed_not_bought,
    viewed_often,
    visited_within,
)
from retention_engine.timing import days
from tests.predicates._shop import WHO, bought, holds, line, on


def visit(day: float, **more: Any) -> Visited:
    """Return the fact of a visit."""
    return Visited(id=f"visit-{day}", customer=WHO, at=on(day), **more)


def look(day: float, sku: str = "tea") -> Viewed:
    """Return the fact of a look at a drink."""
    return Viewed(id=f"look-{day}", customer=WHO, at=on(day), sku=sku, category="drinks")


TEA = bought("a", 1, lines=(line("tea", category="drinks"),))
SOAP = bought("a", 1, lines=(line("soap", category="bath"),))

CASES: list[tuple[Truth, list[Fact], float, bool]] = [
    (visited_within(days(3)), [visit(0)], 2, True),
    (visited_within(days(3)), [visit(0)], 3, False),
    (not_seen_for(days(3)), [visit(0)], 2, False),
    (not_seen_for(days(3)), [visit(0)], 3, True),
    (not_seen_for(days(3)), [], 3, False),
    (came_from("mail"), [visit(0, source="mail")], 9, True),
    (came_from("mail", within=days(3)), [visit(0, source="mail")], 9, False),
    (came_by("spring"), [visit(0, campaign="spring")], 9, True),
    (came_by("spring"), [visit(0)], 9, False),
    (viewed(within=days(3)), [look(0)], 2, True),
    (viewed(sku="tea", within=days(3)), [look(0)], 3, False),
    (viewed(sku="tea", category="bath", within=days(3)), [look(0)], 0, False),
    (viewed_often(2, "tea", within=days(3)), [look(0), look(1)], 1, True),
    (viewed_often(2, "tea", within=days(3)), [look(0), look(1, "soap")], 1, False),
    (viewed_not_bought(sku="tea", within=days(3)), [look(0)], 1, True),
    (viewed_not_bought(sku="tea", within=days(3)), [look(0), TEA], 1, False),
    (viewed_not_bought(sku="tea", within=days(3)), [look(0), SOAP], 1, True),
    (viewed_not_bought(category="drinks", within=days(3)), [look(0), TEA], 1, False),
    (viewed_not_bought(within=days(3)), [look(0), SOAP], 1, False),
    (viewed_not_bought(within=days(3)), [look(0)], 3, False),
]


@pytest.mark.parametrize(("predicate", "facts", "day", "expected"), CASES)
def test_it_holds_of_those_it_names(predicate: Truth, facts: list[Fact], day: float, expected: bool) -> None:
    """Both edges of the window, the same thing and another."""
    assert holds(predicate, *facts, day=day) is expected
