"""What is known at entry follows from the trigger; how long it lasts, from its windows."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from retention_engine.predicates import Truth, customer, month_day, orders, parse, segment, views
from retention_engine.rules import (
    Rule,
    Send,
    Trigger,
    after,
    back_in_stock,
    before,
    daily,
    entering,
    every,
    leaving,
    on,
)
from retention_engine.rules.analysis.entries import conjuncts, known_at, known_at_entry, longest
from retention_engine.testing import Case
from retention_engine.timing import DAY, HOUR, days, local_days
from tests.rules.analysis._strategies import related_cases

KNOWN = [
    (on(orders), "orders.exists()"),
    (after(orders, days(3)), "orders.before(days(3)).exists()"),
    (entering(orders.exists()), "orders.exists()"),
    (leaving(orders.exists()), "not orders.exists()"),
    (before(customer.x, days(3)), "customer.x.ahead >= days(3) and customer.x.ahead <= days(3)"),
    (before(customer.x, days(0)), "customer.x.age <= days(0)"),
    (back_in_stock(views), "views.exists()"),
    (every(daily()), "None"),
    (before(month_day(3, 8), local_days(3)), "None"),
]


@pytest.mark.parametrize(("trigger", "text"), KNOWN)
def test_the_trigger_says_what_holds_when_it_is_due(trigger: Trigger, text: str) -> None:
    """The record is there and as old as the delay; the predicate holds; nothing is said about the calendar."""
    assert str(known_at(trigger)) == text


def test_the_condition_holds_at_entry_too() -> None:
    """Or nothing is known."""
    assert (
        str(known_at_entry(Rule("a", on(orders), Send("a"), when=views.exists())))
        == "orders.exists() and views.exists()"
    )
    assert known_at_entry(Rule("a", every(daily()), Send("a"))) is None
    assert known_at_entry(Rule("a", every(daily()), Send("a"), when=views.exists())) == views.exists()


def test_conjuncts_are_whatever_holds_with_the_whole() -> None:
    """Segments are opened; alternatives are not."""
    either = orders.exists() | views.exists()
    named = segment("s", orders.exists() & either)
    assert conjuncts(named & views.exists())[1:] == [
        named,
        orders.exists() & either,
        orders.exists(),
        either,
        views.exists(),
    ]


LASTING = [
    ("orders.within(days(5)).exists()", 5 * DAY),
    ("orders.within(days(5)).count() >= 3", 5 * DAY),
    ("orders.within(days(5)).sum('total') > 3", 5 * DAY),
    ("orders.within(days(5)).max('total') < 3", 5 * DAY),
    ("orders.within(days(5)).last('channel') == 'a'", 5 * DAY),
    ("orders.on_calendar_days(2).exists()", 2 * 26 * HOUR),
    ("orders.on_calendar_days(9).within(days(5)).exists()", 5 * DAY),
    ("orders.last().age < days(5)", 5 * DAY + 1),
    ("orders.within(days(9)).first().age <= days(5)", 5 * DAY + 1),
    ("customer.registered.age < days(5)", 5 * DAY + 1),
    ("customer.expiry.ahead < days(5)", 5 * DAY + 1),
    ("yearly(customer.birthday, lasting=local_days(3))", 3 * 26 * HOUR),
    ("dates('2026-01-01', '2026-01-02')", 2 * 26 * HOUR),
    ("orders.exists() and orders.last().age < days(5) and orders.within(days(9)).exists()", 5 * DAY + 1),
    ("orders.exists()", None),
    ("not orders.within(days(5)).exists()", None),
    ("orders.within(days(5)).count() < 3", None),
    ("orders.before(days(5)).last().age < days(9)", None),
    ("orders.before(days(5)).within(days(9)).exists()", None),
    ("orders.last().age >= days(5)", None),
    ("customer.expiry.ahead > days(5)", None),
    ("orders.last('total') > 3", None),
    ("yearly(customer.birthday, lasting=local_days(365))", None),
    ("orders.within(days(5)).exists() or views.within(days(5)).exists()", None),
    ("local.hour < 3", None),
]


@pytest.mark.parametrize(("text", "micros"), LASTING)
def test_a_window_says_how_long_a_predicate_lasts(text: str, micros: int | None) -> None:
    """None where it may go on, or where nothing is known."""
    assert longest(parse(text)) == micros
    assert longest(segment("s", parse(text))) == micros


def lasts(predicate: Truth, case: Case) -> Any:
    """Return the spans of time over which a predicate holds without a new fact."""
    begun = None
    for view in case.moments(predicate, 12):
        holds = predicate.verdict(view).holds
        begun = begun if holds and begun is not None else (view.now if holds else None)
        yield 0 if begun is None else view.now - begun


@given(related_cases())
def test_nothing_lasts_longer_than_that(case: Case) -> None:
    """Over predicates about the same records, walked from horizon to horizon."""
    most = longest(case.predicate)
    if most is not None:
        assert all(each <= most for each in lasts(case.predicate, case))
