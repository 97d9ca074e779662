"""Customers who do not react: write less often, or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from attrs import field, frozen

from retention_engine.actions import Reason
from retention_engine.arbitration.base import (
    ALLOW,
    Allow,
    Defer,
    Drop,
    Message,
    Policy,
    Ruling,
    Said,
    Situation,
    Stage,
    known_purposes,
)
from retention_engine.errors import DefinitionError, shown
from retention_engine.timing import Span, days, to_text

_SIGNS = ("orders", "visits")


def _count(_: object, __: object, value: Any) -> None:
    if type(value) is not int or value < 1:
        raise DefinitionError(f"Fatigue counts 1 ignored message or more, not {shown(value)}")


def _pause(_: object, __: object, value: Any) -> None:
    if value is not None and not (isinstance(value, Span) and value.micros > 0):
        raise DefinitionError(f"pause is a span above zero, or None to stop writing, not {shown(value)}")


def _grace(_: object, __: object, value: Any) -> None:
    if not isinstance(value, Span):
        raise DefinitionError(f"grace is a span such as days(1), not {shown(value)}")


@frozen(repr=False)
class Fatigue(Policy):
    """After ``ignored`` messages in a row without a reaction, wait ``pause`` after the last one; by default marketing.

    A reaction is an opening, a click, an order or a visit after the first of them.

    Attributes:
        ignored: 1 or more.
        pause: None: drop every further message until there is a reaction (sunset).
        grace: messages younger than this are not yet counted as ignored.
    """

    stage = Stage.PRESSURE
    purpose: tuple[str, ...] | None = field(default=("marketing",), converter=known_purposes, kw_only=True)
    ignored: int = field(validator=_count)
    pause: Span | None = field(validator=_pause, kw_only=True)
    grace: Span = field(default=days(1), validator=_grace, kw_only=True)

    def weigh(self, message: Message, seen: Situation) -> Ruling:
        """Ask the last messages that are old enough."""
        now = seen.view.now
        told = [one for one in seen.said if self.concerns(one)]
        row = [one for one in told if one.at + self.grace.micros <= now][-self.ignored :]
        if len(row) < self.ignored or self._reacted(row[0].at, told, seen):
            young = next((one.at + self.grace.micros for one in told if one.at + self.grace.micros > now), None)
            return ALLOW if young is None or self.pause is not None else Allow(young)
        why = tuple(f"{one.template!r} {to_text(one.at)} ignored" for one in row)
        if self.pause is None:
            return Drop(Reason.FATIGUE, why)
        until = told[-1].at + self.pause.micros
        return Defer(until, Reason.FATIGUE, why) if until > now else ALLOW

    @staticmethod
    def _reacted(since: int, told: Sequence[Said], seen: Situation) -> bool:
        if any(one.noticed for one in told if one.at >= since):
            return True
        latest = (rows[-1].at for name in _SIGNS if (rows := seen.view.history.records(name)))
        return any(at > since for at in latest)

    def reads(self) -> frozenset[str]:
        """Return our own messages, and the signs of life."""
        return frozenset({"messages", *_SIGNS})
