"""Permission given beforehand, per channel and topic."""

from __future__ import annotations

from typing import Any

from attrs import field, frozen

from retention_engine.actions import Reason
from retention_engine.arbitration.base import (
    ALLOW,
    Allow,
    Drop,
    Message,
    Policy,
    Ruling,
    Situation,
    Stage,
    known_purposes,
    one_or_more,
)
from retention_engine.timing import to_text


def _channels(value: object) -> tuple[str, ...]:
    return () if value == () else one_or_more(value) or ()


@frozen(repr=False)
class Consent(Policy):
    """Drop what the customer did not agree to beforehand; by default marketing only.

    A message that names no channel needs the consent of any channel; one that names no topic never has consent.

    Attributes:
        confirmed: channels on which a consent counts only once it is confirmed (double opt-in).
    """

    stage = Stage.PERMISSION
    purpose: tuple[str, ...] | None = field(default=("marketing",), converter=known_purposes, kw_only=True)
    confirmed: tuple[str, ...] = field(default=(), converter=_channels, kw_only=True)

    def weigh(self, message: Message, seen: Situation) -> Ruling:
        """Drop unless a consent to exactly this channel and topic stands."""
        if message.topic is None:
            return Drop(Reason.NO_CONSENT, ("the message names no topic",))
        rows = [row for row in seen.view.history.records("consents") if row.topic == message.topic]
        rows = [row for row in rows if message.channel in (None, row.channel)]
        failing = [why for row in rows if (why := self._failing(row, seen.view.now)) is not None]
        if len(failing) < len(rows):
            ends = [row.expires for row in rows if self._failing(row, seen.view.now) is None]
            return ALLOW if None in ends else Allow(max(ends))
        where = f"{message.channel or 'any channel'}/{message.topic}"
        return Drop(Reason.NO_CONSENT, tuple(failing) or (f"no consent to {where}",))

    def _failing(self, row: Any, now: int) -> str | None:
        if row.channel in self.confirmed and not row.confirmed:
            return f"the consent to {row.id} of {to_text(row.at)} is not confirmed"
        if row.expires is not None and row.expires <= now:
            return f"the consent to {row.id} of {to_text(row.at)} ended {to_text(row.expires)}"
        return None

    def reads(self) -> frozenset[str]:
        """Return the consents."""
        return frozenset({"consents"})
