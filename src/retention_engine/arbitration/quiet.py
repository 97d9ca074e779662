"""Quiet hours on the customer's own clock."""

from __future__ import annotations

from typing import Any

from attrs import field, frozen

from retention_engine.actions import Reason
from retention_engine.arbitration.base import ALLOW, Defer, Message, Policy, Ruling, Situation, Stage
from retention_engine.errors import DefinitionError, shown
from retention_engine.timing import ClockWindow, clock_minute, clock_window, is_zone, to_text

_DAY = 24 * 60


def _time(_: object, __: object, value: Any) -> None:
    clock_minute(value)


def _pair(value: Any) -> tuple[str, str] | None:
    if value is None:
        return None
    if not isinstance(value, tuple | list) or len(value) != 2:
        raise DefinitionError(f"unknown_zone is a pair of times, such as ('20:00', '11:00'), not {shown(value)}")
    clock_window(*value)
    return (value[0], value[1])


@frozen(repr=False)
class QuietHours(Policy):
    """Defer messages while the customer's clock shows ``start`` or later and not yet ``end``.

    Attributes:
        start: local time of day ``HH:MM``, inclusive.
        end: local time of day, exclusive; earlier than ``start`` for hours over midnight.
        unknown_zone: start and end, on the shop's clock, for customers whose zone is not known; by default an hour
            more on both sides.
    """

    stage = Stage.TIME
    start: str = field(validator=_time)
    end: str = field(validator=_time)
    unknown_zone: tuple[str, str] | None = field(default=None, converter=_pair, kw_only=True)
    _known: ClockWindow = field(init=False, eq=False)
    _unknown: ClockWindow = field(init=False, eq=False)

    def __attrs_post_init__(self) -> None:
        """Make the windows.

        Raises:
            DefinitionError: start and end are the same.
        """
        known = clock_window(self.start, self.end)
        wide = _wider(known) if self.unknown_zone is None else clock_window(*self.unknown_zone)
        object.__setattr__(self, "_known", known)
        object.__setattr__(self, "_unknown", wide)

    @property
    def windows(self) -> tuple[ClockWindow, ClockWindow]:
        """The quiet part of the day for customers whose zone is known, and that for the others."""
        return self._known, self._unknown

    def weigh(self, message: Message, seen: Situation) -> Ruling:
        """Defer until the first instant at which the clock is outside."""
        window = self._known if is_zone(seen.view.history.value("zone")) else self._unknown
        now, where = seen.view.now, seen.view.where
        if not window.holds(now, where):
            return ALLOW
        until = window.left(now, where)
        evidence = f"quiet from {_clock(window.start)} to {_clock(window.end)} in {where.key}, until {to_text(until)}"
        return Defer(until, Reason.QUIET_HOURS, (evidence,))


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def _wider(window: ClockWindow) -> ClockWindow:
    """Return the window with an hour more on both sides, as far as an hour of the day stays outside."""
    length = (window.end - window.start) % _DAY
    more = max(0, min(60, (_DAY - 60 - length) // 2))
    return ClockWindow((window.start - more) % _DAY, (window.end + more) % _DAY)
