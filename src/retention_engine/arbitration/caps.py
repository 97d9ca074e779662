"""Frequency caps: so many messages in any stretch of time, or so many in a calendar day, week or month."""

from __future__ import annotations

from typing import Any

from attrs import field, frozen

from retention_engine.actions import Reason
from retention_engine.arbitration.base import (
    ALLOW,
    Defer,
    Drop,
    Message,
    Policy,
    Ruling,
    Situation,
    Stage,
    latest,
)
from retention_engine.errors import DefinitionError, nearest, shown
from retention_engine.timing import DAY, PERIODS, Span, period_of, to_text

_LONGEST = {"day": 2 * DAY, "week": 9 * DAY, "month": 33 * DAY}  # of a local period, with room for clock changes
_NO_CAP = "to block a channel or topic altogether use Never(channel=...); for no cap leave the policy out"


def _count(_: object, __: object, value: Any) -> None:
    if type(value) is not int or value < 1:
        raise DefinitionError(f"a cap counts 1 message or more, not {shown(value)}: {_NO_CAP}")


@frozen(repr=False)
class _Cap(Policy):
    """At most so many messages of the scope."""

    stage = Stage.PRESSURE
    count: int = field(validator=_count)

    def reads(self) -> frozenset[str]:
        """Return our own messages."""
        return frozenset({"messages"})

    def _full(self, message: Message, until: int, filling: list[str]) -> Ruling:
        why = (*filling, f"room again {to_text(until)}")
        if message.at_cap == "drop":
            return Drop(Reason.FREQUENCY_CAP, why)
        return Defer(until, Reason.FREQUENCY_CAP, why)

    def _outranked(self, message: Message, seen: Situation, *, left: int, end: int, more: int | None = None) -> Ruling:
        """Leave the slots to better messages that wait and come free before ``end``: what ``best`` asks for.

        ``more`` is the instant at which another slot comes free.
        """
        if message.at_cap != "best":
            return ALLOW
        ahead = [held for held in seen.held if held.message.rank > message.rank and self.concerns(held.message)]
        soon = sorted((held.until, held.message.rule) for held in ahead if held.until is not None and held.until < end)
        if left > len(soon):
            return ALLOW
        until, rule = soon[0]
        why = f"{rule!r} has the slot, sent {to_text(until)}"
        return Defer(until if more is None else min(until, more), Reason.LOWER_PRIORITY, (why,))


def _span(_: object, __: object, value: Any) -> None:
    if isinstance(value, str):
        raise DefinitionError(
            f"AtMost takes a length of time such as per=days(7); for a calendar {value[:20]} use CalendarCap"
        )
    if not isinstance(value, Span) or value.micros == 0:
        raise DefinitionError(f"AtMost takes a span above zero such as per=days(7), not {shown(value)}")


@frozen(repr=False)
class AtMost(_Cap):
    """At most ``count`` messages in any stretch of ``per``: rolling, on no calendar.

    Attributes:
        count: 1 or more.
        per: length of the stretch (now - per, now].
    """

    per: Span = field(validator=_span, kw_only=True)

    def weigh(self, message: Message, seen: Situation) -> Ruling:
        """Defer until the message that fills the stretch leaves it."""
        now, per = seen.view.now, self.per.micros
        recent = [one for one in latest(seen.said, now - per) if self.concerns(one)]
        if len(recent) < self.count:
            more = min((one.at + per for one in recent), default=None)
            return self._outranked(message, seen, left=self.count - len(recent), end=now + per, more=more)
        filling = recent[self.count - 1 :: -1]
        lines = [f"{one.rule!r} {one.template!r} {to_text(one.at)}" for one in filling]
        return self._full(message, filling[0].at + per, lines)


def _period(_: object, __: object, value: Any) -> None:
    if isinstance(value, Span):
        raise DefinitionError(f"CalendarCap counts by {', '.join(PERIODS)}; for any stretch of {value!r} use AtMost")
    if value not in PERIODS:
        raise DefinitionError(f"per is one of {', '.join(PERIODS)}, not {shown(value)}{nearest(value, PERIODS)}")


@frozen(repr=False)
class CalendarCap(_Cap):
    """At most ``count`` messages in each ``day``, ``week`` (from Monday) or ``month`` of the customer's calendar.

    Attributes:
        count: 1 or more.
        per: ``day``, ``week`` or ``month``.
    """

    per: str = field(validator=_period, kw_only=True)

    def weigh(self, message: Message, seen: Situation) -> Ruling:
        """Defer until the next period begins."""
        now = seen.view.now
        near = sum(self.concerns(one) for one in latest(seen.said, now - _LONGEST[self.per]))
        if near < self.count and message.at_cap != "best":
            return ALLOW  # whatever the calendar says
        start, end = period_of(self.per, now, seen.view.where)
        recent = [one for one in latest(seen.said, start - 1) if one.at < end and self.concerns(one)]
        if len(recent) < self.count:
            return self._outranked(message, seen, left=self.count - len(recent), end=end)
        return self._full(message, end, [f"{one.rule!r} {one.template!r} {to_text(one.at)}" for one in recent])
