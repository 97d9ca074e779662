"""Triggers say which occasions are due, at which instant, under keys that never change."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from retention_engine.errors import DefinitionError
from retention_engine.predicates import carts, customer, entry, item, month_day, orders
from retention_engine.rules import (
    Ahead,
    Before,
    Every,
    Occasion,
    Trigger,
    after,
    before,
    daily,
    entering,
    every,
    leaving,
    monthly,
    on,
    weekly,
)
from retention_engine.state import History
from retention_engine.timing import EARLIEST, days, hours, local_days, microseconds, to_instant, to_text, zone
from retention_engine.view import View
from tests.predicates import _shop
from tests.predicates._shop import bought, expires, knows, see

LATE = orders.where(item.total >= 100)
ROUND = [
    (after(orders, days(28)), "after(orders, days(28))"),
    (after(LATE, hours(5)), "after(orders.where(item.total >= 100), hours(5))"),
    (after(orders, days(0)), "on(orders)"),
    (on(carts), "on(carts)"),
    (before(customer.birthday, local_days(7)), "before(customer.birthday, local_days(7))"),
    (
        before(month_day(2, 29), local_days(0), at="09:30", leap="mar1"),
        "before(month_day(2, 29), local_days(0), at='09:30', leap='mar1')",
    ),
    (before(customer.expiry, days(7)), "before(customer.expiry, days(7))"),
    (entering(orders.exists() & carts.exists()), "entering(orders.exists() and carts.exists())"),
    (leaving(orders.exists(), include_current=True), "leaving(orders.exists(), include_current=True)"),
    (every(weekly("mon")), "every(weekly('mon', at='10:00'))"),
]


@pytest.mark.parametrize(("trigger", "text"), ROUND)
def test_a_trigger_prints_as_the_call_that_builds_it(trigger: Trigger, text: str) -> None:
    """The text form leaves defaults out, and ``eval(repr(trigger))`` is equal and hashes equal."""
    assert str(trigger) == text
    assert eval(repr(trigger)) == trigger
    assert hash(eval(repr(trigger))) == hash(trigger)


WRONG: list[tuple[Any, str]] = [
    (lambda: after(orders.within(days(3)), days(1)), "take a collection without windows, not 'orders.within"),
    (lambda: on(orders.count()), "take a collection without windows"),
    (lambda: on(orders.gaps()), "take a collection without windows, not 'orders.gaps()'"),
    (lambda: on(7), "take a collection without windows, not '7'"),
    (lambda: after(orders, 3), "after() takes a span such as days(28), not 3"),
    (lambda: before("birthday", local_days(7)), "takes an attribute or month_day(m, d), not 'birthday'"),
    (lambda: before(customer.birthday, 7), "local_days(n), not 7"),
    (lambda: before(month_day(3, 8), days(7)), "local_days(n), not days(7)"),
    (lambda: before(customer.birthday, local_days(7), at="9"), "HH:MM, not '9'"),
    (lambda: before(customer.birthday, local_days(7), leap="mar2"), "leap is one of feb28, mar1, not 'mar2'"),
    (lambda: before(customer.expiry, days(7), at="09:00"), "at and leap belong to a lead in local days"),
    (lambda: Ahead(customer.expiry, local_days(3)), "a span are needed, not customer.expiry and local_days(3)"),
    (lambda: Ahead(month_day(3, 8), days(3)), "an instant of the customer"),
    (lambda: entering(orders), "a predicate is needed, not orders"),
    (lambda: entering(orders.since(entry).exists()), "entry has no meaning in a trigger"),
    (lambda: leaving(orders.exists(), include_current="yes"), "include_current is True or False, not 'yes'"),
    (lambda: every("daily"), "every() takes daily(), weekly() or monthly(), not 'daily'"),
]


@pytest.mark.parametrize(("build", "message"), WRONG)
def test_a_wrong_trigger_fails_where_it_is_written(build: Any, message: str) -> None:
    """The message names what is allowed and what was given."""
    with pytest.raises(DefinitionError) as caught:
        build()
    assert message in str(caught.value)


READS = [
    (after(LATE, days(1)), {"orders"}),
    (before(customer.birthday, local_days(7)), {"customer.birthday", "customer.zone"}),
    (before(month_day(3, 8), local_days(7)), {"customer.zone"}),
    (before(customer.expiry, days(7)), {"customer.expiry"}),
    (entering(orders.exists() & carts.exists()), {"orders", "carts"}),
    (every(daily()), {"customer.zone"}),
]


@pytest.mark.parametrize(("trigger", "names"), READS)
def test_a_trigger_says_what_it_reads(trigger: Trigger, names: set[str]) -> None:
    """Collections and attributes, and the zone where the calendar counts."""
    assert trigger.reads() == names


FACTS = (bought("a", 0, 50), bought("b", 1), bought("c", 1), bought("d", 3))


def test_after_is_due_a_delay_after_each_record() -> None:
    """The next is that of the first record younger than the delay; all of one instant are due together."""
    trigger = after(LATE, days(2))
    assert trigger.next_due(see(*FACTS, day=0)) is None
    assert trigger.next_due(see(*FACTS, day=1)) == _shop.on(3)
    assert [each.key for each in trigger.due_now(see(*FACTS, day=3))] == ["b", "c"]
    assert trigger.next_due(see(*FACTS, day=3)) == _shop.on(5)
    assert trigger.next_due(see(*FACTS, day=5)) is None


def test_after_with_a_long_past_has_nothing_due_between() -> None:
    """A microsecond off is not due."""
    trigger = on(orders)
    view = see(*FACTS, day=3)
    assert trigger.due_now(View(view.history, view.now + 1, view.where)) == []
    assert [each.key for each in trigger.due_now(view)] == ["d"]


def test_records_that_become_known_late_are_overdue() -> None:
    """Only those that are new, and were due before now."""
    found = after(orders, days(1)).overdue(see(*FACTS, day=3), {"a", "c", "d"})
    assert found == [Occasion("a", _shop.on(1)), Occasion("c", _shop.on(2))]


def test_before_is_due_once_a_year_under_the_year() -> None:
    """Seven days before 3 January is 27 December; the key is the year of the date itself (T13)."""
    trigger = before(month_day(1, 3), local_days(7))
    due = trigger.next_due(see(day=0))
    assert due is not None
    assert to_text(due) == "2026-12-27T10:00:00Z"
    assert trigger.due_now(View(History("anna"), due, zone("UTC"))) == [Occasion("2027", due)]


def birthdays(leap: str, born: str = "1992-02-29") -> list[str]:
    """Return the dates of a birthday message over eight years."""
    trigger, view = before(customer.birthday, local_days(0), leap=leap), see(*knows(birthday=born))
    found: list[str] = []
    while len(found) < 8:
        due = trigger.next_due(view)
        assert due is not None
        view = View(view.history, due, view.where)
        assert [each.due for each in trigger.due_now(view)] == [due]
        found.append(to_text(due)[:10])
    return found


def test_29_february_is_one_message_a_year() -> None:
    """In other years on the 28th, or on 1 March, as asked for."""
    years = range(2027, 2035)
    assert birthdays("feb28") == [f"{year}-02-{29 if year % 4 == 0 else 28}" for year in years]
    assert birthdays("mar1")[:3] == ["2026-03-01", "2027-03-01", "2028-02-29"]


def test_before_knows_local_clocks() -> None:
    """At a time that the clock change skips, it is due right after the gap."""
    trigger = before(month_day(3, 29), local_days(0), at="02:30")
    due = trigger.next_due(see(day=0, zone="Europe/Berlin"))
    assert due == to_instant("2026-03-29T01:00:00Z")


def test_before_without_a_date_is_never_due() -> None:
    """A missing birthday, and one that is no date."""
    trigger = before(customer.birthday, local_days(7))
    assert trigger.next_due(see()) is None
    assert trigger.due_now(see(*knows(birthday="soon"))) == []


def test_ahead_is_due_a_span_before_the_instant_an_attribute_holds() -> None:
    """The fact that set it is the key; once passed, it is not due any more."""
    trigger = before(customer.expiry, days(7))
    assert trigger.next_due(see(expires("expiry", 10), day=0)) == _shop.on(3)
    assert trigger.due_now(see(expires("expiry", 10), day=3)) == [Occasion("set-expiry", _shop.on(3))]
    assert trigger.next_due(see(expires("expiry", 10), day=3)) is None
    assert trigger.due_now(see(expires("expiry", 10), day=4)) == []


@pytest.mark.parametrize("facts", [[], knows(expiry="2026-03-08"), knows(expiry=None)])
def test_ahead_needs_an_instant(facts: list[Any]) -> None:
    """A missing attribute, and one that holds a text, are never due."""
    trigger = before(customer.expiry, days(7))
    assert trigger.next_due(see(*facts)) is None
    assert trigger.due_now(see(*facts)) == []


def test_an_edge_watches_its_predicate_or_the_opposite() -> None:
    """Leaving is entering the opposite; both leave when they are due to the horizon."""
    assert entering(orders.exists()).watched() == orders.exists()
    assert leaving(orders.exists()).watched() == ~orders.exists()
    assert entering(orders.exists()).next_due(see()) is None
    assert entering(orders.exists()).due_now(see()) == []


def test_every_is_due_at_each_occurrence_under_its_date() -> None:
    """Due at the instant itself and not a microsecond later."""
    trigger, where = every(monthly(31)), zone("UTC")
    due = to_instant("2026-02-28T10:00:00Z")
    assert trigger.next_due(View(History("anna"), due - 1, where)) == due
    assert trigger.due_now(View(History("anna"), due, where)) == [Occasion("2026-02-28", due)]
    assert trigger.due_now(View(History("anna"), due + 1, where)) == []
    assert trigger.next_due(View(History("anna"), due, where)) == to_instant("2026-03-31T10:00:00Z")


AWKWARD = [
    ("Pacific/Apia", "2011-12-28T00:00:00Z"),  # no 30 December
    ("Pacific/Kiritimati", "1994-12-29T00:00:00Z"),  # no 31 December
    ("Africa/Cairo", "2024-04-24T00:00:00Z"),  # a day without midnight
    ("America/St_Johns", "2010-11-05T00:00:00Z"),  # an evening twice
    ("Europe/Berlin", "2026-10-23T00:00:00Z"),
]


@pytest.mark.parametrize("at", ["00:00", "00:01", "10:00", "23:30"])
@pytest.mark.parametrize(("where", "start"), AWKWARD)
def test_what_comes_next_is_due_when_it_comes(where: str, start: str, at: str) -> None:
    """Every announced instant is due, under a date of its own, over clock changes and skipped days."""
    trigger, zoned, now = every(daily(at=at)), zone(where), to_instant(start)
    keys: list[str] = []
    for _ in range(6):
        following = trigger.next_due(View(History("anna"), now, zoned))
        assert following is not None
        now = following
        keys += [each.key for each in trigger.due_now(View(History("anna"), now, zoned))]
    assert len(set(keys)) == len(keys) >= 6
    numbers = [date.fromisoformat(key).toordinal() for key in keys]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def test_the_first_instant_there_is_can_be_asked_about() -> None:
    """Nothing is looked for before the calendar begins."""
    assert every(daily()).due_now(View(History("anna"), EARLIEST, zone("UTC"))) == []


def test_triggers_are_classes_of_values() -> None:
    """``before`` makes one of two; both are values."""
    assert isinstance(before(customer.expiry, microseconds(1)), Ahead)
    assert isinstance(before(customer.expiry, local_days(1)), Before)
    assert every(daily()) == Every(daily())


def test_an_occasion_stands_while_its_record_is_there() -> None:
    """A record that is gone, or no longer one of them, has no occasion to hold a message for."""
    facts = (bought("o1", 1, total=50), bought("o2", 2, total=100))
    assert [after(orders, days(3)).stands(key, see(*facts, day=9)) for key in ("o1", "o2", "o3")] == [True, True, False]
    assert [on(LATE).stands(key, see(*facts, day=9)) for key in ("o1", "o2")] == [False, True]


def test_an_edge_stands_while_its_predicate_is_as_it_turned() -> None:
    """Entering while it holds, leaving while it does not, at the instant asked about."""
    lapsed = orders.last().age >= days(5)
    views = [see(bought("o1", 1), day=day) for day in (3, 6)]
    assert [entering(lapsed).stands("o1", view) for view in views] == [False, True]
    assert [leaving(lapsed).stands("o1", view) for view in views] == [True, False]


def test_an_occasion_of_the_calendar_always_stands() -> None:
    """Nothing takes a date back."""
    for trigger in (every(daily()), before(month_day(1, 1), local_days(0)), before(customer.expiry, days(1))):
        assert trigger.stands("2026", see())
