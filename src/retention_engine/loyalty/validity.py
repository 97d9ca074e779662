"""How long units may be spent: a length rounded up to the end of a local period, a date, or while active."""

from __future__ import annotations

from calendar import monthrange
from datetime import date
from typing import Any

from attrs import field, frozen

from retention_engine.errors import DefinitionError, LedgerError, shown
from retention_engine.timing import (
    SECOND,
    Span,
    at_local,
    local_date,
    next_day,
    period_of,
    start_of_day,
    to_instant,
    to_utc,
    zone,
)
from retention_engine.typed import typed

_MONTHS = {"quarter": 3, "half": 6, "year": 12}
_NOTHING = Span(0)
ENDS = ("day", "week", "month", *_MONTHS)


def _later(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _add_months(instant: int, months: int, where: str) -> int:
    wall = to_utc(instant).astimezone(zone(where))
    day = _later(wall.date(), months)
    return at_local(day, wall.hour, wall.minute, zone(where)) + wall.second * SECOND + wall.microsecond


def _round_up(instant: int, unit: str, where: str) -> int:
    area = zone(where)
    if unit not in _MONTHS:
        first, following = period_of(unit, instant, area)
        return first if first == instant else following
    day = local_date(instant, area)
    size = _MONTHS[unit]
    begin = day.replace(month=(day.month - 1) // size * size + 1, day=1)
    first = start_of_day(begin, area)
    return first if first == instant else start_of_day(_later(begin, size), area)


def _check_end(_: Any, __: Any, value: Any) -> None:
    if value is not None and value not in ENDS:
        raise DefinitionError(f"round_up is None or one of {', '.join(ENDS)}, not {shown(value)}")


def _check_months(_: Any, __: Any, value: Any) -> None:
    if type(value) is not int or not 0 <= value <= 1200:
        raise DefinitionError(f"months is a whole number from 0 to 1200, not {shown(value)}")


@frozen(kw_only=True, field_transformer=typed)
class Lasts:
    """Units last for months and a span from vesting, rounded up to the end of a local period.

    Attributes:
        months: calendar months; 31 January and one month is the last day of February.
        span: added to the months.
        round_up: ``day``, ``week``, ``month``, ``quarter``, ``half`` or ``year``: through its last day, never down.
        zone: whose days and months.
        from_earning: count from the activity instead of from vesting.
    """

    months: int = field(default=0, validator=_check_months)
    span: Span = field(default=_NOTHING)
    round_up: str | None = field(default=None, validator=_check_end)
    zone: str = "UTC"
    from_earning: bool = False

    def __attrs_post_init__(self) -> None:
        """Refuse no length at all, and an unknown zone."""
        zone(self.zone)
        if not self.months and not self.span.micros:
            raise DefinitionError("units that last need months or a span")

    def expires_at(self, vested: int, earned: int) -> int:
        """Return the first instant at which the units are over."""
        start = earned if self.from_earning else vested
        end = _add_months(start, self.months, self.zone) if self.months else start
        end += self.span.micros
        return end if self.round_up is None else _round_up(end, self.round_up, self.zone)


@frozen
class Until:
    """Units last until an instant, exclusive."""

    instant: int = field(converter=to_instant)

    def expires_at(self, vested: int, earned: int) -> int:
        """Return the instant."""
        return self.instant

    @classmethod
    def through(cls, day: date, where: str = "UTC") -> Until:
        """Return the validity that ends with a local date: spendable to its last microsecond."""
        area = zone(where)
        return cls(next_day(start_of_day(day, area), area))


@frozen(field_transformer=typed)
class WhileActive:
    """Units last for a span from vesting, and each activity makes it start again."""

    span: Span

    def expires_at(self, vested: int, earned: int) -> int:
        """Return the end when no activity follows."""
        return vested + self.span.micros


Validity = Lasts | Until | WhileActive | None
"""None: the units never expire."""


def lasting(value: Validity | Span) -> Validity:
    """Convert a field that holds a validity: a span alone is ``Lasts(span=...)``."""
    return Lasts(span=value) if isinstance(value, Span) else value


def expiry(validity: Validity, *, vested: int, earned: int) -> int | None:
    """Return the first instant at which units are over, or None.

    Raises:
        LedgerError: that would not be later than their vesting.
    """
    end = None if validity is None else validity.expires_at(vested, earned)
    if end is not None and end <= vested:
        raise LedgerError(f"the units would vest at {vested} and expire at {end}, not later", code="bad_window")
    return end
