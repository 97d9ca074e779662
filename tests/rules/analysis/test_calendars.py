"""Questions about the calendar exclude each other, or fall on some day together."""

from __future__ import annotations

import pytest

from retention_engine.predicates import parse
from retention_engine.rules.analysis import never_holds

IMPOSSIBLE = [
    "dates('2026-01-01', '2026-01-31') and dates('2026-02-01', '2026-02-02')",
    "dates('2026-01-01', '2026-01-31') and not dates('2025-01-01', '2027-01-31')",
    "dates('2026-11-27', '2026-11-27') and local.weekday == 'sun'",
    "dates('2026-11-23', '2026-11-27') and local.weekday.is_in('sat', 'sun')",
    "dates('2026-01-01', '2026-01-31') and yearly(month_day(3, 8))",
    "dates('2026-02-27', '2026-03-01') and yearly(month_day(2, 29), leap='mar1') and not yearly(month_day(3, 1))",
    "yearly(month_day(3, 8)) and yearly(month_day(3, 9))",
    "yearly(month_day(12, 25), before=local_days(30), lasting=local_days(30)) and yearly(month_day(12, 25))",
    "yearly(month_day(3, 8)) and not yearly(month_day(3, 9), before=local_days(3), lasting=local_days(3))",
    "local.weekday != 'mon' and not local.weekday.is_in('tue', 'wed', 'thu', 'fri', 'sat', 'sun')",
    "yearly(customer.birthday) and yearly(customer.birthday, before=local_days(7), lasting=local_days(7))",
    "yearly(customer.x, before=local_days(200), lasting=local_days(30)) and yearly(customer.x, lasting=local_days(30))",
]


@pytest.mark.parametrize("text", IMPOSSIBLE)
def test_days_that_never_come_are_found(text: str) -> None:
    """Periods, days of the year, weekdays, and windows around one and the same birthday."""
    assert never_holds(parse(text))


POSSIBLE = [
    "dates('2026-01-01', '2026-12-31') and local.weekday == 'sun' and yearly(month_day(3, 8))",
    "dates('2026-01-01', '2126-12-31') and local.weekday == 'sun' and yearly(month_day(3, 8))",
    "not dates('2026-01-01', '2026-12-31') and yearly(month_day(3, 8))",
    "yearly(month_day(2, 29)) and yearly(month_day(2, 28))",
    "yearly(month_day(2, 29)) and not yearly(month_day(2, 28)) and local.weekday == 'mon'",
    "yearly(month_day(2, 29), leap='mar1') and yearly(month_day(3, 1)) and local.weekday == 'sun'",
    "yearly(month_day(1, 1), before=local_days(366), lasting=local_days(2)) and yearly(month_day(12, 31))",
    "yearly(customer.birthday, before=local_days(366), lasting=local_days(2)) and yearly(customer.birthday)",
    "yearly(customer.birthday) and yearly(customer.other, before=local_days(7), lasting=local_days(7))",
    "yearly(customer.birthday, leap='mar1') and yearly(customer.birthday, before=local_days(1), lasting=local_days(1))",
    "local.weekday == 'mon' and local.hour == 3 and yearly(month_day(1, 1))",
]


@pytest.mark.parametrize("text", POSSIBLE)
def test_days_that_may_come_are_left_alone(text: str) -> None:
    """Leap years, weekdays of any year, long periods and other people's birthdays included."""
    assert not never_holds(parse(text))
