"""The worst case of messages a week, where the trigger or the re-entry bounds it."""

from __future__ import annotations

from typing import Any

import pytest

from retention_engine.predicates import carts, customer, local, month_day, orders, views
from retention_engine.rules import (
    Code,
    Delay,
    Do,
    Rule,
    Send,
    Step,
    Trigger,
    WaitFor,
    after,
    before,
    check,
    daily,
    entering,
    every,
    leaving,
    monthly,
    on,
    price_drop,
    weekly,
)
from retention_engine.rules.analysis import worst_case
from retention_engine.timing import days, hours, local_days

A, B = Send("a"), Send("b")
BOUNDS: list[tuple[Trigger, tuple[Step, ...], dict[str, Any], int | None]] = [
    (every(daily()), (A,), {}, 7),
    (every(daily()), (A, B), {}, 14),
    (every(daily()), (A, Do("tag", "x")), {}, 7),
    (every(daily()), (A, Delay(days(1)), B), {}, 7 + 8),
    (every(daily()), (WaitFor(local.hour > 3, days(2)), A), {}, 10),
    (every(weekly("mon", "fri")), (A,), {}, 2),
    (every(weekly("mon")), (A, Delay(days(9)), B), {}, 1 + 2),
    (every(monthly(31)), (A,), {}, 1),
    (every(monthly(31)), (WaitFor(local.hour > 3, days(30)), A), {}, 2),
    (every(daily()), (A,), {"re_entry": "once"}, 1),
    (every(daily()), (A,), {"re_entry": days(3)}, 3),
    (every(daily()), (A,), {"re_entry": hours(1)}, 7),
    (every(daily()), (A,), {"re_entry": days(0)}, 7),
    (before(month_day(3, 8), local_days(3)), (A, B), {}, 2),
    (before(customer.birthday, local_days(3)), (A,), {}, None),
    (before(customer.birthday, local_days(3)), (A,), {"re_entry": days(300)}, 1),
    (on(orders), (A,), {}, None),
    (on(orders), (A,), {"re_entry": days(7)}, 1),
    (on(orders), (WaitFor(local.hour > 3, days(1)), A), {"re_entry": days(7)}, 2),
    (on(orders), (A, B), {"re_entry": "once"}, 2),
    (on(orders), (Do("tag", "x"),), {}, 0),
    (entering(orders.exists()), (A,), {"re_entry": days(2)}, 4),
]


@pytest.mark.parametrize(("trigger", "steps", "manners", "most"), BOUNDS)
def test_the_worst_case_is_bounded_by_the_calendar_or_by_the_re_entry(
    trigger: Trigger, steps: tuple[Step, ...], manners: dict[str, Any], most: int | None
) -> None:
    """Waits may push messages together; what is no message does not count."""
    assert worst_case(Rule("a", trigger, *steps, **manners)) == most


class Moonrise(Trigger):
    """A trigger of somebody else's."""

    def write(self, *, python: bool) -> str:
        """Write the call."""
        return "moonrise()"


TEXTS = [
    (on(orders), "without bound: one per record of orders"),
    (after(views, days(1)), "without bound: one per record of views"),
    (before(customer.birthday, local_days(3)), "without bound: one per change of customer.birthday"),
    (before(customer.expiry, days(3)), "without bound: one per change of customer.expiry"),
    (price_drop(views), "without bound: one per price drop of an item among views"),
    (entering(orders.exists()), "without bound: one each time this turns true: orders.exists()"),
    (leaving(orders.exists()), "without bound: one each time this turns false: orders.exists()"),
    (Moonrise(), "without bound: one per occasion of moonrise()"),
    (every(daily()), "at most 7 a week"),
]


@pytest.mark.parametrize(("trigger", "text"), TEXTS)
def test_a_rule_without_bound_says_what_brings_a_message(trigger: Trigger, text: str) -> None:
    """A record, a change, a turn of the predicate."""
    (one,) = [each.message for each in check([Rule("a", trigger, A)]) if each.code is Code.PRESSURE]
    assert one == f"messages to one customer, none held: {text}"


def test_all_rules_together_are_added_up() -> None:
    """Those without bound are named; those without messages do not count."""
    made = [Rule("a", every(daily()), A), Rule("b", on(carts), B), Rule("c", on(orders), Do("tag", "x"))]
    found = [each for each in check(made) if each.code is Code.PRESSURE]
    assert found[-1].rules == ("a", "b")
    together = "messages to one customer, none held, all rules together: at most "
    assert found[-1].message == f"{together}7 a week, and those of b without bound"
    bounded = check([Rule("a", every(daily()), A), Rule("b", every(monthly(1)), B)])
    assert bounded[-1].message == f"{together}8 a week"
