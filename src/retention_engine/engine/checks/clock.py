"""Minutes of the day: those that quiet hours take, and the one at which a message becomes due."""

from __future__ import annotations

from collections.abc import Iterable

from attrs import frozen

from retention_engine.arbitration import QuietHours
from retention_engine.rules import Before, Branch, Delay, Do, Every, Rule, Split, Step, WaitFor, WaitUntil
from retention_engine.timing import MINUTE, ClockWindow, clock_minute

DAY_LONG = 24 * 60
CLOCK_CHANGE = 60
"""By how many minutes a clock is set forward or back at most; of the zones of today only Antarctica/Troll has more."""

FACING = ("send", "audience_join")


@frozen
class Quiet:
    """The minutes of the day at which nothing is sent.

    Attributes:
        known: to customers whose zone is known.
        unknown: to the others, on the shop's clock.
    """

    known: frozenset[int]
    unknown: frozenset[int]

    @classmethod
    def of(cls, policies: Iterable[QuietHours]) -> Quiet:
        """Return what several quiet hours take together."""
        windows = [each.windows for each in policies]
        known = frozenset(minute for one, _ in windows for minute in _minutes(one))
        return cls(known, frozenset(minute for _, other in windows for minute in _minutes(other)))

    def takes(self, start: int, length: int) -> bool:
        """Tell whether every minute of a stretch that begins at a minute is quiet, for everybody."""
        asked = {minute % DAY_LONG for minute in range(start, start + min(length, DAY_LONG))}
        return asked <= self.known and asked <= self.unknown


def _minutes(window: ClockWindow) -> set[int]:
    length = (window.end - window.start) % DAY_LONG
    return {(window.start + minute) % DAY_LONG for minute in range(length)}


def stretch(minute: int, valid_for: int) -> tuple[int, int]:
    """Return the first minute a clock may show while a message is valid, and how many from there; changes included.

    Args:
        minute: at which the message becomes due.
        valid_for: microseconds.
    """
    return minute - CLOCK_CHANGE, -(-valid_for // MINUTE) + 2 * CLOCK_CHANGE


def due_minutes(rule: Rule) -> dict[str, frozenset[int | None]]:
    """Return the minutes of the day at which each message may become due, by its step; None among them: any."""
    found: dict[str, frozenset[int | None]] = {}
    ahead: list[tuple[str | None, int | None]] = [(rule.flow.first, _of_trigger(rule))]
    seen: set[tuple[str | None, int | None]] = set()
    while ahead:
        name, minute = place = ahead.pop()
        if name is None or place in seen:
            continue
        seen.add(place)
        step = rule.flow.steps[name]
        if isinstance(step, Do) and step.kind in FACING:
            found[name] = found.get(name, frozenset()) | {minute}
        ahead += [(each, _after(step, minute)) for each in following(rule, step)]
    return found


def following(rule: Rule, step: Step) -> list[str | None]:
    """Return the steps that may come right after one; None: the end."""
    if isinstance(step, Branch | Split):
        return [rule.flow.into(step.name, choice) for choice, _ in step.paths()]
    return [rule.flow.after[step.name]]


def _of_trigger(rule: Rule) -> int | None:
    match rule.trigger:
        case Every(schedule=schedule):
            return clock_minute(schedule.at)
        case Before(at=at):
            return clock_minute(at)
    return None


def _after(step: Step, minute: int | None) -> int | None:
    """Return the minute after a step; a message may have been held."""
    match step:
        case WaitUntil():
            return clock_minute(step.schedule.at)
        case Delay() | WaitFor():
            return None
        case Do() if step.kind in FACING:
            return None
    return minute
