"""Aggregates fold the records of an instant; ages move and cross their bounds at known instants."""

from __future__ import annotations

from typing import Any

import pytest

from retention_engine.errors import DefinitionError
from retention_engine.facts import Answered
from retention_engine.predicates import (
    Age,
    Aggregate,
    Truth,
    Verdict,
    answers,
    customer,
    events,
    orders,
    purchases,
    views,
)
from retention_engine.timing import days, hours
from tests.predicates._shop import WHO, ask, bought, expires, happened, holds, knows, line, on

SHOP = [
    bought("b", 1, total=300, channel="app", lines=[line("tea", 100, quantity=3)]),
    bought("a", 1, total=100, lines=[line("soap", 50, quantity=2, category="care")]),
    bought("c", 4, total=200, channel="web", promo="SPRING"),
]

FOLDS = [
    (orders.count() == 3, True),
    (orders.sum("total") == 600, True),
    (orders.mean("total") == 200, True),
    (orders.min("total") == 100, True),
    (orders.max("total") == 300, True),
    (orders.distinct("channel") == 2, True),
    (orders.distinct("currency") == 1, True),
    (orders.first("total") == 100, True),  # of two at one instant the lower id comes first
    (orders.last("total") == 200, True),
    (orders.first("channel") == "app", True),  # the first one that has a channel
    (orders.last("id") == "c", True),
    (orders.last("delivered") == False, True),  # noqa: E712 - the language
    (orders.last().is_set(), True),
    (purchases.sum("amount") == 400, True),
    (purchases.distinct("sku") == 2, True),
    (purchases.last("category") == "care", True),
]


@pytest.mark.parametrize(("predicate", "expected"), FOLDS)
def test_a_fold_takes_the_records_of_the_instant(predicate: Truth, expected: bool) -> None:
    """Records count from their instant on, the oldest first, ties by id."""
    assert ask(predicate, *SHOP, day=5) == Verdict(expected, None)


NOTHING = [
    (orders.count() == 0, True),
    (orders.sum("total") == 0, True),
    (orders.distinct("channel") == 0, True),
    (orders.mean("total").is_set(), False),
    (orders.min("total").is_set(), False),
    (orders.max("total") >= 0, False),
    (orders.first("channel").is_set(), False),
    (orders.last().is_set(), False),
    (orders.last().age >= days(0), False),
]


@pytest.mark.parametrize(("predicate", "expected"), NOTHING)
def test_of_nothing_there_is_zero_or_no_value(predicate: Truth, expected: bool) -> None:
    """Counts and sums of nothing are zero; everything else has no value."""
    assert ask(predicate) == Verdict(expected, None)


def test_a_record_counts_from_its_own_instant_on() -> None:
    """A future record is a horizon, not a member."""
    order = bought("a", 3)
    late = type(order)(id="x", customer=WHO, at=order.at, order=order.order)
    assert ask(orders.exists(), late, day=3 - 1e-9) == Verdict(False, None)  # not known yet
    assert ask(orders.count() >= 1, late, day=3) == Verdict(True, None)


QUIZ = [
    happened("1", 1, score=5, label="a", flag=True),
    happened("2", 2, score="7", label="b"),
    happened("3", 3, score=2.5),
    happened("4", 4, score=None),
]
quiz = events("quiz")
FREE = [
    (quiz.count() == 4, True),
    (quiz.sum("score") == 5, True),  # whole numbers only
    (quiz.mean("score") == 5, True),
    (quiz.min("score") == 2.5, True),
    (quiz.max("score") == 5, True),
    (quiz.distinct("score") == 3, True),
    (quiz.first("score") == 5, True),
    (quiz.last("score") == 2.5, True),
    (quiz.last("score") == "7", True),
    (quiz.last("score").is_in("7", "8"), True),
    (quiz.last("score").is_set(), True),
    (quiz.last("flag") == True, True),  # noqa: E712 - the language
    (quiz.last("other").is_set(), False),
    (quiz.last("id") == "4", True),
    (quiz.distinct("id") == 4, True),
    (quiz.first("id").is_set(), True),
]


@pytest.mark.parametrize(("predicate", "expected"), FREE)
def test_fields_of_events_count_by_the_kind_they_are_compared_with(predicate: Truth, expected: bool) -> None:
    """Values of another kind are passed over; sums and means take whole numbers."""
    assert holds(predicate, *QUIZ, day=5) is expected


def test_sums_stay_exact_where_scores_are_fractions() -> None:
    """A fraction is no part of a sum, but of a minimum."""
    scores = [Answered(id=f"{n}", customer=WHO, at=on(0), survey="nps", score=n) for n in (9, 9.5)]
    assert holds(answers.sum("score") == 9, *scores)
    assert holds(answers.max("score") == 9.5, *scores)


AGES = [
    (orders.last().age >= days(5), 8, Verdict(False, on(9))),
    (orders.last().age >= days(5), 9, Verdict(True, None)),
    (orders.last().age > days(5), 9, Verdict(False, on(9) + 1)),
    (orders.last().age < days(5), 4, Verdict(True, on(9))),
    (orders.last().age <= days(5), 9, Verdict(True, on(9) + 1)),
    (orders.last().age <= days(5), 10, Verdict(False, None)),
    (orders.last().age >= days(0), 4, Verdict(True, None)),
    (orders.first().age >= days(3), 4, Verdict(True, None)),
]


@pytest.mark.parametrize(("predicate", "day", "expected"), AGES)
def test_an_age_crosses_its_bound_at_a_known_instant(predicate: Truth, day: float, expected: Verdict) -> None:
    """``>=`` and ``<`` turn exactly at the bound, ``>`` and ``<=`` a microsecond later."""
    assert ask(predicate, *SHOP, day=day) == expected


AHEAD = [
    (customer.expiry.ahead <= days(2), 0, Verdict(False, on(8))),
    (customer.expiry.ahead < days(2), 0, Verdict(False, on(8) + 1)),
    (customer.expiry.ahead < days(2), 9, Verdict(True, on(10))),
    (customer.expiry.ahead >= days(2), 0, Verdict(True, on(8) + 1)),
    (customer.expiry.ahead > days(2), 0, Verdict(True, on(8))),
    (customer.expiry.ahead > days(0), 9, Verdict(True, on(10))),
    (customer.expiry.ahead >= days(0), 10, Verdict(False, None)),
    (customer.expiry.age >= days(0), 9, Verdict(False, on(10))),
    (customer.expiry.age >= days(1), 9, Verdict(False, on(11))),
    (customer.expiry.age < days(1), 9, Verdict(False, on(10))),
    (customer.expiry.age < days(1), 10, Verdict(True, on(11))),
]


@pytest.mark.parametrize(("predicate", "day", "expected"), AHEAD)
def test_time_left_counts_until_the_instant_and_age_from_it(predicate: Truth, day: float, expected: Verdict) -> None:
    """``ahead`` has no value once the instant has come, ``age`` none before."""
    assert ask(predicate, expires("expiry", 10), day=day) == expected


@pytest.mark.parametrize("value", ["2026-03-05", 1_772_323_200_000_000, True, None])
def test_only_an_instant_has_an_age(value: Any) -> None:
    """An attribute that holds a text or a number has no age."""
    facts = knows(expiry=value)
    assert ask(customer.expiry.age >= days(0), *facts, day=9) == Verdict(False, None)
    assert ask(customer.expiry.ahead <= days(9), *facts) == Verdict(False, None)


def test_the_age_of_a_window_changes_when_its_records_leave() -> None:
    """The newest record of a window moves on when it leaves: then there is none."""
    recent = orders.within(days(2)).last().age >= hours(1)
    assert ask(recent, *SHOP, day=4) == Verdict(False, on(4) + hours(1).micros)
    assert ask(recent, *SHOP, day=5) == Verdict(True, on(6))
    assert ask(recent, *SHOP, day=6) == Verdict(False, None)


WRONG = [
    (lambda: orders.sum("channel"), "sum() needs a number, but 'channel' is a text"),
    (lambda: orders.max("delivered"), "max() needs a number, but 'delivered' is a flag"),
    (lambda: quiz.mean("id"), "mean() needs a number, but 'id' is a text"),
    (lambda: orders.sum("totl"), "orders has no field 'totl' (did you mean 'total'?)"),
    (lambda: orders.last(5), "orders has no field 5"),
    (lambda: quiz.last("no-name"), "has no field 'no-name'"),
    (lambda: quiz.last("class"), "has no field 'class'"),
    (lambda: Aggregate("sum", orders, None), "sum() needs the name of a field, such as sum('total')"),
    (lambda: orders.count().age, "orders.count() is no instant: it has no age"),
    (lambda: orders.last("total").age, "is no instant"),
    (lambda: quiz.last("score").age, "is no instant"),
    (lambda: Age(Age(orders.last(), ahead=False), ahead=False), "is no instant"),
]


@pytest.mark.parametrize(("build", "message"), WRONG)
def test_a_wrong_aggregate_fails_where_it_is_written(build: Any, message: str) -> None:
    """Unknown fields name the nearest one; folds and fields that do not fit name both."""
    with pytest.raises(DefinitionError) as caught:
        build()
    assert message in str(caught.value)


SORTS = [
    (orders.count(), "number"),
    (orders.distinct("channel"), "number"),
    (orders.last(), "instant"),
    (orders.last("channel"), "text"),
    (orders.sum("total"), "number"),
    (orders.gaps().mean("gap"), "span"),
    (quiz.last("x"), "any"),
    (quiz.sum("x"), "number"),
    (quiz.last("id"), "text"),
    (orders.last().age, "age"),
    (customer.x, "any"),
    (views.max("price"), "number"),
]


@pytest.mark.parametrize(("quantity", "sort"), SORTS)
def test_a_quantity_knows_its_sort(quantity: Any, sort: str) -> None:
    """The sort decides what it may be compared with."""
    assert quantity.sort() == sort
