"""What an achievement asks for: how much, in what time and how often."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from attrs import field, frozen

from retention_engine.errors import DefinitionError, shown
from retention_engine.loyalty.games.opening import check_name, check_number, optional_instant
from retention_engine.timing import EARLIEST, NEVER, PERIODS, Span, period_of, to_instant, zone
from retention_engine.typed import typed


class Recurrence(StrEnum):
    """When an achievement can be had again. Codes are stored and never renamed."""

    NONE = "none"
    """Once."""
    ON_EXPIRATION = "on_expiration"
    """Once in each period."""
    ON_COMPLETION = "on_completion"
    """Again right after the instant at which it was completed, and after a period that passed."""


class Activation(StrEnum):
    """What opens an instance. Codes are stored and never renamed."""

    USER_ACTION = "user_action"
    """The first thing that counts."""
    FIXED_SCHEDULE = "fixed_schedule"
    """The calendar: periods follow each other from the start on."""


def _check_period(_: Any, __: Any, value: Any) -> None:
    if value is None or value in PERIODS or (isinstance(value, Span) and value.micros > 0):
        return
    raise DefinitionError(f"period is None, a span above zero or one of {', '.join(PERIODS)}, not {shown(value)}")


@frozen(kw_only=True, field_transformer=typed)
class Goal:
    """What is to be reached, in what time and how often.

    Attributes:
        period: how long an instance lasts: a span, a calendar ``day``, ``week`` or ``month``, or None for ever.
        zone: whose calendar; one for all customers, so that a journey never opens a period twice.
        start: nothing earlier counts.
        end: nothing from then on counts.
        revocable: whether an instance is lost when what counted in it no longer does, as by a refund.
    """

    id: str = field(validator=check_name)
    target: int = field(validator=check_number(1))
    period: Span | str | None = field(default=None, validator=_check_period)
    zone: str = "UTC"
    recurrence: Recurrence = field(default=Recurrence.NONE, converter=Recurrence)
    activation: Activation = field(default=Activation.USER_ACTION, converter=Activation)
    start: int = field(default=EARLIEST, converter=to_instant)
    end: int | None = field(default=None, converter=optional_instant)
    revocable: bool = False

    def __attrs_post_init__(self) -> None:
        """Refuse what could never open, or never recur."""
        zone(self.zone)
        if self.end is not None and self.end <= self.start:
            raise DefinitionError(f"end lies after start, {self.start}, not at {self.end}")
        if self.recurrence is Recurrence.ON_EXPIRATION and self.period is None:
            raise DefinitionError("an achievement that recurs on expiration needs a period")
        periodic = self.activation is Activation.FIXED_SCHEDULE and self.period is not None
        if periodic and self.start == EARLIEST and (isinstance(self.period, Span) or not self.recurs):
            raise DefinitionError("a schedule needs a start: its first period begins then")

    @property
    def recurs(self) -> bool:
        """Whether it can be had more than once."""
        return self.recurrence is not Recurrence.NONE

    def closing(self, opened: int, instant: int) -> int:
        """Return the end of the period of an instance that opened then and in which ``instant`` lies."""
        if self.period is None:
            end = NEVER
        elif not isinstance(self.period, Span):
            end = period_of(self.period, instant, zone(self.zone))[1]
        elif self.activation is Activation.USER_ACTION:
            end = opened + self.period.micros
        else:
            end = self.start + ((instant - self.start) // self.period.micros + 1) * self.period.micros
        return min(end, NEVER if self.end is None else self.end)

    def opening(self, instant: int, free: int) -> int:
        """Return when the instance opens whose first mark is at ``instant``; the time is free from ``free`` on."""
        if self.activation is Activation.USER_ACTION:
            return instant
        if self.period is None:
            return free
        if isinstance(self.period, Span):
            begin = instant - (instant - self.start) % self.period.micros
        else:
            begin = period_of(self.period, instant, zone(self.zone))[0]
        return max(begin, free)
