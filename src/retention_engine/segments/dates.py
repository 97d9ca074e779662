"""Whose day it is: birthdays, anniversaries, days of the year, hours of the customer's own clock."""

from __future__ import annotations

from retention_engine.predicates import Truth, customer, local, month_day, yearly
from retention_engine.timing import LocalDays, Span, local_days

_NONE = local_days(0)


def birthday_today() -> Truth:
    """Has birthday today, on their own calendar; 29 February falls on the 28th in other years.

    >>> print(birthday_today())
    yearly(customer.birthday, before=local_days(0), lasting=local_days(1))
    """
    return yearly(customer.birthday)


def birthday_within(ahead: LocalDays) -> Truth:
    """Has birthday today or within the next days of their own calendar (at most 364).

    >>> print(birthday_within(local_days(7)))
    yearly(customer.birthday, before=local_days(7), lasting=local_days(8))
    """
    return yearly(customer.birthday, before=ahead, lasting=local_days(ahead.count + 1))


def anniversary_of_registration() -> Truth:
    """Registered on this day of an earlier year; true on the day of the registration, too.

    >>> print(anniversary_of_registration())
    yearly(customer.registered, before=local_days(0), lasting=local_days(1))
    """
    return yearly(customer.registered)


def day_of_year(month: int, day: int, *, ahead: LocalDays = _NONE) -> Truth:
    """It is a day of the year, or one of the days ahead of it, on the customer's own calendar.

    >>> print(day_of_year(3, 8, ahead=local_days(3)))
    yearly(month_day(3, 8), before=local_days(3), lasting=local_days(4))
    """
    return yearly(month_day(month, day), before=ahead, lasting=local_days(ahead.count + 1))


def registered_within(span: Span) -> Truth:
    """Registered in the last ``span``.

    >>> print(registered_within(days(7)))
    customer.registered.age < days(7)
    """
    return customer.registered.age < span


def known_for(span: Span) -> Truth:
    """Registered ``span`` ago or earlier.

    >>> print(known_for(days(365)))
    customer.registered.age >= days(365)
    """
    return customer.registered.age >= span


def weekend() -> Truth:
    """It is Saturday or Sunday where the customer lives.

    >>> print(weekend())
    local.weekday.is_in('sat', 'sun')
    """
    return local.weekday.is_in("sat", "sun")


def between_hours(start: int, end: int) -> Truth:
    """The customer's clock shows ``start`` or later, and is before ``end`` (whole hours); may go over midnight.

    >>> print(between_hours(9, 21))
    local.hour >= 9 and local.hour < 21
    >>> print(between_hours(22, 7))
    local.hour >= 22 or local.hour < 7
    """
    after, until = local.hour >= start, local.hour < end
    return after & until if start <= end else after | until
