"""The law of soundness has teeth: each planted fault is caught by a predicate that is true of somebody."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from retention_engine.predicates import Age, parse
from retention_engine.rules.analysis import calendars, literals, never_holds, scopes, values
from retention_engine.rules.analysis.scopes import Scope, scope_of
from tests.predicates._shop import bought, expires, happened, holds, knows

FAULTS: list[tuple[Any, str, Callable[..., Any], str]] = [
    (Scope, "lies_within", lambda self, other: other.base == self.base, "all windows are one"),
    (Scope, "passes_marks", lambda self, other: self.base == other.base, "fields do not matter"),
    (values, "_texts", lambda asked: (each.constant for each in asked), "texts are only the constants"),
    (values, "_numbers", lambda asked, domain, whole: iter((0,)), "numbers are only zero"),
    (literals, "_is_free", lambda quantity: False, "fields of events have one kind"),
    (literals, "_is_filled", lambda leaf, least: isinstance(leaf.left, Age), "nobody has no records"),
    (calendars, "_overlap", lambda one, other: one == other, "windows around a birthday never overlap"),
    (calendars, "_days_of", lambda leaf: 0, "no day is like another"),
]
TRUE = [
    ("orders.within(days(9)).exists() and not orders.within(days(1)).exists()", 3),
    ("orders.where(channel='a').exists() and not orders.where(channel='b').exists()", 3),
    ("not orders.exists() and not orders.last().age < days(3) and not orders.last().age >= days(3)", -1),
    ("customer.city != 'a' and customer.city.is_set()", 3),
    ("customer.points > 3 and customer.points < 9", 3),
    ("events('quiz').last('score') == 3 and events('quiz').last('score') == 'x'", 3),
    ("yearly(customer.birthday) and yearly(customer.birthday, before=local_days(3), lasting=local_days(7))", 3),
    ("yearly(month_day(3, 4)) and local.weekday == 'wed'", 3),
]
FACTS = [
    bought("a", 0, channel="a"),
    *knows(city="b", points=5, birthday="1990-03-04"),
    happened("q", 0, score=3),
    happened("r", 1, score="x"),
    expires("expiry", 10),
]


@pytest.fixture(autouse=True)
def _forget() -> Any:
    """Leave no kept answer of a planted fault behind."""
    kept = (scope_of, literals._kept_bounds, calendars._days_of)
    for each in kept:
        each.cache_clear()
    yield
    for each in kept:
        each.cache_clear()


@pytest.mark.parametrize(("text", "day"), TRUE)
def test_the_witnesses_are_true_of_somebody(text: str, day: int) -> None:
    """And the analysis, unharmed, does not call them impossible."""
    assert holds(parse(text), *FACTS, day=day)
    assert not never_holds(parse(text))


@pytest.mark.parametrize(("owner", "name", "fault", "why"), FAULTS, ids=[why for *_, why in FAULTS])
def test_a_planted_fault_is_caught(
    owner: Any, name: str, fault: Any, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With it, at least one of the witnesses is called impossible."""
    monkeypatch.setattr(owner, name, fault)
    assert any(never_holds(parse(text)) for text, _ in TRUE), why


def test_scopes_are_kept_by_value() -> None:
    """Equal collections share one scope."""
    assert scopes.scope_of(parse("orders.exists()").left.records) is scope_of(parse("orders.exists()").left.records)  # type: ignore[attr-defined]  # a comparison
