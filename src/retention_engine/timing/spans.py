"""Lengths of time: ``days(30)`` is exactly 30 x 24 h, ``local_days(7)`` counts days of the customer's calendar."""

from __future__ import annotations

from attrs import field, frozen

from retention_engine.errors import DefinitionError, shown

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
_LONGEST = 200_000 * DAY
_UNITS = (("days", DAY), ("hours", HOUR), ("minutes", MINUTE), ("seconds", SECOND), ("microseconds", 1))


@frozen(order=True, cache_hash=True, repr=False)
class Span:
    """An elapsed length of time, independent of any calendar.

    Attributes:
        micros: whole microseconds, zero or more.
    """

    micros: int

    def __repr__(self) -> str:
        """Return the call that builds it, in the largest unit that divides it."""
        name, unit = next((name, unit) for name, unit in _UNITS if self.micros % unit == 0)
        return f"{name}({self.micros // unit})"


@frozen(order=True, cache_hash=True, repr=False)
class LocalDays:
    """A number of days of the customer's own calendar; a day may last 22 to 26 hours.

    Attributes:
        count: whole days, 0 to 366.
    """

    count: int = field()

    @count.validator
    def _check(self, _: object, value: object) -> None:
        if type(value) is not int or not 0 <= value <= 366:
            raise DefinitionError(f"local_days takes a whole number from 0 to 366, not {shown(value)}")

    def __repr__(self) -> str:
        """Return the call that builds it."""
        return f"local_days({self.count})"


def _span(count: int, unit: int, name: str) -> Span:
    if type(count) is not int or not 0 <= count <= _LONGEST // unit:
        allowed = f"a whole number from 0 to {_LONGEST // unit}"
        raise DefinitionError(f"{name} takes {allowed}, not {shown(count)}; use a smaller unit for fractions")
    return Span(count * unit)


def days(count: int) -> Span:
    """Return ``count`` x 24 hours."""
    return _span(count, DAY, "days")


def hours(count: int) -> Span:
    """Return ``count`` hours."""
    return _span(count, HOUR, "hours")


def minutes(count: int) -> Span:
    """Return ``count`` minutes."""
    return _span(count, MINUTE, "minutes")


def seconds(count: int) -> Span:
    """Return ``count`` seconds."""
    return _span(count, SECOND, "seconds")


def microseconds(count: int) -> Span:
    """Return ``count`` microseconds, the smallest length there is."""
    return _span(count, 1, "microseconds")


def local_days(count: int) -> LocalDays:
    """Return ``count`` days of the customer's own calendar."""
    return LocalDays(count)
