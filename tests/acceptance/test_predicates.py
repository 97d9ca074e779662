"""The acceptance cases of the language, each with the public issue or page it comes from."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve
from hypothesis import given

from retention_engine.errors import DefinitionError
from retention_engine.facts import AttributeChanged, Fact, Order, OrderPlaced
from retention_engine.money import Money
from retention_engine.predicates import (
    Truth,
    Verdict,
    customer,
    item,
    month_day,
    orders,
    parse,
    yearly,
)
from retention_engine.testing import (
    Case,
    cases,
    check_de_morgan,
    check_double_negation,
    check_horizon,
    check_negation,
    view_at,
    walk,
)
from retention_engine.timing import DAY, HOUR, days, local_days, to_instant, to_text

START = to_instant("2026-03-01T12:00:00Z")
ORDER = OrderPlaced.of(Order(id="o", customer="anna", at=START, total=Money(100, "EUR")))


def born(value: str) -> Fact:
    """Return the fact that sets the birthday."""
    return AttributeChanged(id="b", customer="anna", at=0, name="birthday", value=value)


def begins(predicate: Truth, facts: list[Fact], *, years: tuple[int, int], zone: str = "UTC") -> list[str]:
    """Return the instants at which a predicate turns true, walked from horizon to horizon."""
    start, end = (to_instant(f"{year}-01-01T00:00:00Z") for year in years)
    view = view_at(facts, start, zone=zone)
    steps = walk(predicate, lambda now: evolve(view, now=now), start, to=end)
    return [to_text(now) for now, verdict in steps if verdict.holds and now > start]


def test_t0_an_and_that_never_comes_true_is_never_announced() -> None:
    """T0: AND(recent <= 5 d, delay >= 10 d) on one order is (false, day 10) at day 1, (false, None) from day 10 on."""
    both = (orders.last().age <= days(5)) & (orders.last().age >= days(10))
    view = view_at([ORDER], START)
    assert both.verdict(evolve(view, now=START + DAY)) == Verdict(False, START + 10 * DAY)
    assert both.verdict(evolve(view, now=START + 10 * DAY)) == Verdict(False, None)


@pytest.mark.slow
@given(cases())
def test_t0_truth_never_changes_before_its_horizon(case: Case) -> None:
    """T0: walked from horizon to horizon, 1 µs around those of every part, every day of a year."""
    check_horizon(case)


LEAP_YEARS = {
    "feb28": [
        "2023-02-28",
        "2024-02-29",
        "2025-02-28",
        "2026-02-28",
        "2027-02-28",
        "2028-02-29",
        "2029-02-28",
        "2030-02-28",
    ],
    "mar1": [
        "2023-03-01",
        "2024-02-29",
        "2025-03-01",
        "2026-03-01",
        "2027-03-01",
        "2028-02-29",
        "2029-03-01",
        "2030-03-01",
    ],
}


@pytest.mark.parametrize(("leap", "dates"), LEAP_YEARS.items())
def test_t13_a_birthday_on_29_february_comes_once_a_year(leap: str, dates: list[str]) -> None:
    """T13: over eight years, in both policies, once a year; computed from the original date each time."""
    found = begins(yearly(customer.birthday, leap=leap), [born("1992-02-29")], years=(2023, 2031))
    assert [each[:10] for each in found] == dates


def test_t13_a_week_before_3_january_is_27_december() -> None:
    """T13: the window reaches over New Year, which
    https://www.braze.com/docs/user_guide/engagement_tools/segments/segmentation_filters forbids.
    """
    found = begins(yearly(month_day(1, 3), before=local_days(7)), [], years=(2025, 2028))
    assert found == ["2025-12-27T00:00:00Z", "2026-12-27T00:00:00Z", "2027-12-27T00:00:00Z"]


UNKNOWN: list[tuple[str | Any, str]] = [
    ("orders.counts() >= 3", "unknown method 'counts' (did you mean 'count'?)"),
    ("orders.sum('totl') >= 3", "orders has no field 'totl' (did you mean 'total'?)"),
    ("orders.last().age >= weeks(3)", "unknown function 'weeks'"),
    ("orders.last().age >= day(3)", "unknown function 'day' (did you mean 'days'?)"),
    ("orders.last().age === days(3)", "not an expression"),
    ("ordres.exists()", "unknown name 'ordres' (did you mean 'orders'?)"),
    ("customer.city.like('M%')", "unknown method 'like'"),
    (lambda: orders.where(item.totl > 3), "orders has no field 'totl' (did you mean 'total'?)"),
    (lambda: orders.last().age >= 3, "needs a span such as days(30), not 3"),
    (lambda: customer.city >= days(3), "customer.city is no age"),
]


@pytest.mark.parametrize(("written", "message"), UNKNOWN)
def test_t14_an_unknown_word_fails_where_it_is_written(written: Any, message: str) -> None:
    """T14: it never evaluates to false or None; the nearest valid name is shown."""
    with pytest.raises(DefinitionError) as caught:
        parse(written) if isinstance(written, str) else written()
    assert message in str(caught.value)


@pytest.mark.slow
@given(cases())
def test_t15_not_is_the_exact_complement(case: Case) -> None:
    """T15: truth is the opposite, the horizon the same; double negation and De Morgan hold for both."""
    check_negation(case)
    check_double_negation(case)
    check_de_morgan(case)


def test_t15_no_value_makes_the_comparison_false_and_its_negation_true() -> None:
    """T15: Mautic's table lists startsWith as its own negation; ours is the complement, also of nothing."""
    starts, view = customer.city.starts_with("M"), view_at([], START)
    assert starts.verdict(view) == Verdict(False, None)
    assert (~starts).verdict(view) == Verdict(True, None)


def test_f20_no_order_for_a_week_is_false_for_who_never_ordered() -> None:
    """F20: a customer known for a day has no last order, whose age could be a week; the negation asks otherwise.

    https://docs.customer.io/journeys/past-x-days-help needs the person to be X days old.
    """
    known = AttributeChanged(id="k", customer="anna", at=START - DAY, name="city", value="Riga")
    view = view_at([known], START)
    assert not (orders.last().age >= days(7)).verdict(view).holds
    assert (~(orders.last().age < days(7))).verdict(view).holds


def test_f22_a_birthday_begins_at_midnight_of_the_customer() -> None:
    """F22: not a day early. https://github.com/mautic/mautic/issues/9040"""
    zoned = AttributeChanged(id="z", customer="anna", at=0, name="zone", value="Pacific/Auckland")
    found = begins(yearly(customer.birthday), [born("1990-06-15"), zoned], years=(2026, 2027))
    assert found == ["2026-06-14T12:00:00Z"]


def test_f24_the_last_three_days_are_72_hours() -> None:
    """F24: three purchases count for exactly 72 h, not from UTC midnight. https://braze.com/docs/x-in-y-behavior"""
    bought = [
        OrderPlaced.of(Order(id=f"o{hour}", customer="anna", at=START + hour * HOUR, total=Money(1, "EUR")))
        for hour in (0, 1, 2)
    ]
    three = orders.within(days(3)).count() >= 3
    view = view_at(bought, START + 2 * HOUR)
    assert three.verdict(view) == Verdict(True, START + 72 * HOUR)
    assert three.verdict(evolve(view, now=START + 72 * HOUR - 1)).holds
    assert three.verdict(evolve(view, now=START + 72 * HOUR)) == Verdict(False, None)
