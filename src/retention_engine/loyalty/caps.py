"""Caps: the most units that a rule, or the whole programme, gives a customer within a window."""

from __future__ import annotations

from datetime import date
from typing import Any

from attrs import field, frozen

from retention_engine.errors import DefinitionError, shown
from retention_engine.loyalty.state import State
from retention_engine.loyalty.units import check_amount
from retention_engine.timing import EARLIEST, NEVER, PERIODS, Span, local_date, period_of, start_of_day, zone
from retention_engine.typed import typed

WINDOWS = (*PERIODS, "year", "lifetime")


def _check_limit(_: Any, __: Any, value: Any) -> None:
    if type(value) is not int or value <= 0:
        raise DefinitionError(f"a cap is a whole number above zero, not {shown(value)}")


@frozen(kw_only=True, field_transformer=typed)
class Cap:
    """The most units within a window; what was taken back frees the window in which it had been granted.

    Attributes:
        window: ``day``, ``week``, ``month`` or ``year`` of the local calendar, ``lifetime``, or a rolling span.
        whole: of all rules of the programme together, not of one.
        reject: what does not fit is not granted at all; otherwise exactly what fits is.
        zone: whose days and months.
    """

    limit: int = field(validator=_check_limit)
    window: str | Span = field()
    whole: bool = False
    reject: bool = False
    zone: str = "UTC"

    @window.validator
    def _check_window(self, _: object, value: object) -> None:
        if not (isinstance(value, Span) and value.micros) and value not in WINDOWS:
            raise DefinitionError(f"window is a span above zero or one of {', '.join(WINDOWS)}, not {shown(value)}")

    def __attrs_post_init__(self) -> None:
        """Refuse an unknown zone."""
        zone(self.zone)

    def bounds(self, at: int) -> tuple[int, int]:
        """Return the calendar window of an instant: first instant, and that of the next window."""
        if self.window == "lifetime":
            return EARLIEST, NEVER
        area = zone(self.zone)
        if self.window != "year":
            return period_of(str(self.window), at, area)
        year = local_date(at, area).year
        return start_of_day(date(year, 1, 1), area), start_of_day(date(year + 1, 1, 1), area)

    def used(self, state: State, rule: str, at: int) -> int:
        """Return the units of the fullest window that an instant lies in: grants, less what was taken back of them."""
        grants = list(self._grants(state, rule))
        if not isinstance(self.window, Span):
            start, end = self.bounds(at)
            return sum(units for when, units in grants if start <= when < end)
        span = self.window.micros
        ends = [at, *(when for when, _ in grants if at < when < at + span)]
        return max(sum(units for when, units in grants if end - span < when <= end) for end in ends)

    def _grants(self, state: State, rule: str) -> list[tuple[int, int]]:
        found = []
        for name, known in state.grants.items():
            lot = state.lots[name].lot
            owner, at_sign, _ = lot.source.partition("@")
            if at_sign and (self.whole or owner == rule):
                found.append((lot.earned_at, lot.issued - known.reversed))
        return found

    def room(self, state: State, rule: str, at: int) -> int:
        """Return how many more units fit at an instant."""
        return max(0, self.limit - self.used(state, rule, at))

    def steps(self, state: State, rule: str, at: int) -> list[tuple[int, int]]:
        """Return the room from an instant on, if nothing more happens, as steps: (from when, units)."""
        turns: set[int] = set()
        if isinstance(self.window, Span):
            turns = {when + self.window.micros for when, _ in self._grants(state, rule)}
        elif self.window != "lifetime":
            turns = {self.bounds(at)[1]}
        found = [(at, self.room(state, rule, at))]
        for turn in sorted(each for each in turns if each > at):
            if (room := self.room(state, rule, turn)) != found[-1][1]:
                found.append((turn, room))
        return found


@frozen
class Room:
    """How many units a cap had left when it was asked."""

    cap: Cap
    units: int


def fitting(asked: int, rooms: tuple[Room, ...]) -> int:
    """Return how many of the units asked for fit under every cap."""
    if any(room.cap.reject and room.units < asked for room in rooms):
        return 0
    return min([asked, *(room.units for room in rooms)])


def rooms(caps: tuple[Cap, ...], state: State, rule: str, at: int) -> tuple[Room, ...]:
    """Return what each cap has left."""
    return tuple(Room(cap, cap.room(state, rule, at)) for cap in caps)


def fit(asked: int, caps: tuple[Cap, ...], state: State, *, rule: str, at: int) -> int:
    """Return how many of the units asked for fit under every cap now."""
    check_amount(asked)
    return fitting(asked, rooms(caps, state, rule, at))
