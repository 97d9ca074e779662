"""Whose day it is: on the customer's own calendar; day 0 is Sunday, 1 March 2026, 00:00 UTC."""

from __future__ import annotations

from typing import Any

import pytest

from retention_engine.errors import DefinitionError
from retention_engine.facts import Customer, Registered
from retention_engine.predicates import Truth
from retention_engine.segments import (
    anniversary_of_registration,
    between_hours,
    birthday_today,
    birthday_within,
    day_of_year,
    known_for,
    registered_within,
    weekend,
)
from retention_engine.timing import days, local_days
from tests.predicates._shop import WHO, holds, on

BORN = Registered.of(Customer(id=WHO, registered=on(-364), birthday="1990-03-08"))

CASES = [
    (birthday_today(), 7, True),
    (birthday_today(), 8, False),
    (birthday_within(local_days(3)), 3.9, False),
    (birthday_within(local_days(3)), 4, True),
    (birthday_within(local_days(3)), 7.9, True),
    (birthday_within(local_days(3)), 8, False),
    (anniversary_of_registration(), 1, True),
    (anniversary_of_registration(), -364, True),
    (anniversary_of_registration(), 0, False),
    (day_of_year(3, 8), 7, True),
    (day_of_year(3, 8, ahead=local_days(3)), 4, True),
    (day_of_year(3, 8, ahead=local_days(3)), 8, False),
    (registered_within(days(365)), 0, True),
    (registered_within(days(365)), 1, False),
    (known_for(days(365)), 1, True),
    (known_for(days(365)), 0, False),
    (weekend(), 0, True),
    (weekend(), 1, False),
    (between_hours(9, 21), 0.5, True),
    (between_hours(9, 21), 21 / 24, False),
    (between_hours(22, 7), 0, True),
    (between_hours(22, 7), 0.5, False),
    (between_hours(9, 9), 9 / 24, False),
    (between_hours(0, 24), 0.99, True),
]


@pytest.mark.parametrize(("predicate", "day", "expected"), CASES)
def test_it_holds_on_its_days(predicate: Truth, day: float, expected: bool) -> None:
    """Both edges, on the local calendar."""
    assert holds(predicate, BORN, day=day) is expected


def test_the_birthday_begins_where_the_customer_lives() -> None:
    """Not a day early (F22)."""
    assert not holds(birthday_today(), BORN, day=7, zone="America/New_York")
    assert holds(birthday_today(), BORN, day=6.5, zone="Pacific/Auckland")


@pytest.mark.parametrize("build", [lambda: birthday_within(local_days(365)), lambda: day_of_year(2, 30)])
def test_what_no_calendar_has_is_refused(build: Any) -> None:
    """A year of birthdays, and the 30th of February."""
    with pytest.raises(DefinitionError):
        build()
