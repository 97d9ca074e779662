"""What the analysis calls impossible is impossible, whatever the customer; common contradictions are found."""

from __future__ import annotations

import pytest
from hypothesis import given

from retention_engine.predicates import Truth, all_of, any_of, customer, local, orders, parse, segment
from retention_engine.rules.analysis import always_holds, follows, never_holds
from retention_engine.testing import Case, cases
from tests.rules.analysis._strategies import related_cases

IMPOSSIBLE = [
    "orders.exists() and not orders.exists()",
    "orders.count() > 3 and orders.count() < 4",
    "orders.count() == 2.5",
    "orders.count() < 0",
    "orders.count() != 0 and not orders.exists()",
    "orders.count().is_in(2, 5) and orders.count() > 5",
    "not orders.count() != 3 and orders.count() != 3",
    "not orders.count().is_set()",
    "orders.last('total') < 0",
    "orders.sum('total') > 10 and not orders.exists()",
    "purchases.distinct('category') >= 3 and purchases.count() < 3",
    "orders.last().is_set() and not orders.exists()",
    "not orders.last().is_set() and orders.exists()",
    "orders.max('total') > 3 and not orders.exists()",
    "orders.last().age >= days(45) and not orders.exists()",
    "orders.last().age >= days(45) and orders.within(days(30)).exists()",
    "orders.last().age >= days(45) and orders.last().age < days(45)",
    "orders.last().age > days(45) and orders.last().age <= days(45)",
    "orders.first().age < days(3) and orders.before(days(3)).exists()",
    "orders.first().age <= days(3) and orders.last().age > days(3)",
    "not orders.last().age >= days(3) and orders.exists() and not orders.within(days(3)).exists()",
    "not orders.first().age < days(9) and orders.exists() and not orders.before(days(9)).exists()",
    "orders.within(days(3)).before(days(3)).exists()",
    "orders.exists() and not orders.within(days(3)).exists() and not orders.before(days(3)).exists()",
    "orders.within(days(30)).count() >= 3 and orders.within(days(90)).count() < 3",
    "orders.on_calendar_days(2).exists() and not orders.on_calendar_days(3).exists()",
    "orders.since('2026-01-02T00:00:00Z').exists() and not orders.since('2026-01-01T00:00:00Z').exists()",
    "orders.since(entry).exists() and not orders.exists()",
    "orders.where(channel='a').exists() and not orders.exists()",
    "orders.where(channel='a').where(channel='b').exists()",
    "orders.where(id='a').where(id='b').exists()",
    "orders.where(delivered=True).where(delivered=False).exists()",
    "orders.where(item.total > 5).where(item.total < 3).exists()",
    "orders.where(item.total > 5).exists() and not orders.where(item.total > 3).exists()",
    "events('q').where(score=3).where(score='a').exists()",
    "events('q').last('score') > 3 and events('q').last('score') < 2",
    "events('q').last('score') == 3 and not events('q').exists()",
    "events('q').sum('score') > 0 and not events('q').exists()",
    "orders.gaps().max('gap') > days(3) and orders.gaps().max('gap') < days(2)",
    "orders.gaps().sum('gap') > days(0) and not orders.gaps().exists()",
    "orders.where(channel='a').where(channel='b').gaps().exists()",
    "customer.city == 'a' and customer.city == 'b'",
    "customer.city == 'a' and customer.city == 3",
    "customer.city == 'a' and not customer.city.is_set()",
    "customer.city.is_in('a', 'b') and customer.city.is_in('c')",
    "customer.city.starts_with('ab') and customer.city.starts_with('b')",
    "customer.city.contains('ab') and not customer.city.contains('b')",
    "customer.vip == True and customer.vip != True",
    "customer.x > 1 and customer.x < 1",
    "customer.x.age > days(1) and customer.x.ahead > days(1)",
    "customer.x.age > days(1) and customer.x == 3",
    "customer.x.ahead <= days(0)",
    "local.hour >= 22 and local.hour < 7",
    "local.hour > 23",
    "local.weekday == 'sat' and local.weekday == 'sun'",
    "local.weekday.is_in('sat', 'sun') and not local.weekday.starts_with('s')",
    "bucket('a') < 100 and bucket('a') >= 100",
    "bucket('a') > 9999",
    "(orders.count() > 3 or orders.count() == 2) and (orders.count() < 2 or orders.count() == 3)",
    "at_least(2, local.hour < 5, local.hour > 10, local.hour == 7)",
    "not at_least(1, local.hour < 5, local.hour > 3)",
    "not at_least(2, local.hour < 5, local.hour >= 3, local.hour < 24, local.hour > 7)",
    "not at_least(1, orders.exists(), not orders.exists())",
    "not at_least(3, orders.exists(), orders.count() >= 1, not orders.count() < 1) and orders.exists()",
    "yearly(customer.birthday) and not customer.birthday.is_set()",
    "yearly(customer.birthday) and customer.birthday == 3",
]


@pytest.mark.parametrize("text", IMPOSSIBLE)
def test_a_planted_contradiction_is_found(text: str) -> None:
    """And its negation always holds."""
    assert never_holds(parse(text))
    assert always_holds(~parse(text))


POSSIBLE = [
    "orders.exists()",
    "orders.count() > 3 and orders.count() < 5",
    "orders.count().is_in(1.5, 3) and orders.count() > 2",
    "not orders.count().is_in(0, 1)",
    "orders.mean('total') > 3 and orders.mean('total') < 4",
    "orders.last('total') == 0",
    "events('q').last('score') < 0",
    "events('q').last('score') == 3 and events('q').last('score') == 'a'",
    "events('q').min('score') > 2 and events('q').max('score') < 3",
    "not orders.last().age >= days(45) and not orders.last().age < days(45)",
    "orders.last().age >= days(45) and not orders.within(days(30)).exists()",
    "orders.first().age >= days(45) and orders.last().age < days(3)",
    "orders.exists() and not orders.within(days(3)).exists() and not orders.before(days(4)).exists()",
    "orders.where(channel='a').exists() and orders.where(channel='b').exists()",
    "orders.where(item.total > 5).where(item.total < 6).exists()",
    "orders.on_calendar_days(3).exists() and not orders.on_calendar_days(2).exists()",
    "orders.on_calendar_days(3).on_calendar_days(2).exists() and not orders.on_calendar_days(1).exists()",
    "orders.since(entry).exists() and orders.since('2026-01-02T00:00:00Z').exists()",
    "orders.since('2026-01-01T00:00:00Z').exists() and not orders.since(entry).exists()",
    "carts.exists() and not orders.exists()",
    "customer.city != 'a' and customer.city != 'b' and customer.city.is_set()",
    "not customer.city == 'a' and not customer.city != 'a'",
    "customer.city.contains('ab') and not customer.city.starts_with('ab')",
    "customer.city.starts_with('a') and customer.city.starts_with('ab') and not customer.city == 'ab'",
    "customer.x.is_set() and customer.x.age >= days(0)",
    "customer.x.age <= days(0)",
    "not customer.vip == True and customer.vip.is_set()",
    "local.hour >= 22 or local.hour < 7",
    "bucket('a') < 100 and bucket('b') >= 100",
    "at_least(2, local.hour < 5, local.hour > 10, local.hour < 7)",
    "not at_least(2, orders.exists(), carts.exists(), views.exists())",
]


@pytest.mark.parametrize("text", POSSIBLE)
def test_what_is_possible_is_left_alone(text: str) -> None:
    """Neither it nor its negation is called impossible."""
    assert not never_holds(parse(text))
    assert not always_holds(parse(text))


def test_at_entry_nothing_is_after_entry() -> None:
    """The same question in a wait is an open one."""
    bought = parse("orders.since(entry).exists()")
    assert never_holds(bought, entering=True)
    assert not never_holds(bought)
    assert always_holds(~bought, entering=True)
    assert not always_holds(~bought)


def test_a_consequence_follows() -> None:
    """Three orders are two; two are not three."""
    three, two = orders.count() >= 3, orders.count() >= 2
    assert follows(two, three)
    assert not follows(three, two)
    assert follows(segment("two", two), segment("three", three) & (local.hour > 3))


def test_the_search_gives_up_in_time() -> None:
    """A puzzle of many choices is left open, not called impossible."""
    choices = [(customer.a == f"{number}") | (customer.b == f"{number}") for number in range(2)]
    choices += [(parse(f"customer.c{number} == 1") | parse(f"customer.d{number} == 1")) for number in range(12)]
    dead = any_of(*((customer.z == number) & (customer.z == -number) for number in (1, 2, 3)))
    assert never_holds(dead)
    assert not never_holds(all_of(*choices, dead))


def no_false_alarm(case: Case) -> None:
    """Ask a predicate at many instants whether it is what the analysis says."""
    never, always = never_holds(case.predicate), always_holds(case.predicate)
    if never or always:
        for view in case.moments(case.predicate, 8):
            assert case.predicate.verdict(view).holds is always, str(case.predicate)


@given(cases(max_orders=4, max_others=6))
def test_no_satisfiable_predicate_is_called_impossible(case: Case) -> None:
    """Over every node type there is."""
    no_false_alarm(case)


@given(related_cases())
def test_no_satisfiable_tangle_is_called_impossible(case: Case) -> None:
    """Over predicates whose parts are about the same records."""
    no_false_alarm(case)


def leaves(predicate: Truth) -> int:
    """Return the number of its questions."""
    return sum(leaves(part) for part in predicate.parts() if isinstance(part, Truth)) or 1


@given(related_cases())
def test_a_predicate_and_its_opposite_are_impossible_together(case: Case) -> None:
    """Small ones at least: larger ones may cost more than there is to spend."""
    if leaves(case.predicate) <= 3:
        assert never_holds(case.predicate & ~case.predicate)
        assert follows(case.predicate, case.predicate)
