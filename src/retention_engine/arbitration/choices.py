"""What customers chose themselves: topics and channels they refused, pauses, how often they want to hear of us."""

from __future__ import annotations

from typing import Any

from attrs import evolve, field, frozen

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
    latest,
)
from retention_engine.state import pair_id
from retention_engine.timing import NEVER, SECOND, to_text

_EVERY = "*"
_CHOSEN = ("refusals", "pauses", "frequencies")


def _concerns(row: Any, message: Message | Said) -> bool:
    return row.channel in (_EVERY, message.channel) and row.topic in (_EVERY, message.topic)


@frozen(repr=False)
class Choices(Policy):
    """Do as the customer said: drop what they refused, hold during a pause, keep to the frequency they chose.

    A choice about one channel or topic concerns messages that name it, one about all concerns every message.
    By default it stands above marketing and service messages; transactional ones are not asked.
    """

    stage = Stage.PERMISSION
    kinds = ("send", "audience_join")
    purpose: tuple[str, ...] | None = field(default=("marketing", "service"), converter=known_purposes, kw_only=True)

    def weigh(self, message: Message, seen: Situation) -> Ruling:
        """Ask for a refusal, a pause and a frequency, in this order; of several deferrals the latest counts."""
        history = seen.view.history
        if not any(map(history.records, _CHOSEN)):
            return ALLOW
        refused = next((row for row in history.records("refusals") if _concerns(row, message)), None)
        end = NEVER if refused is None else self._agreed_until(message, seen)
        if refused is not None and end <= seen.view.now:
            return Drop(Reason.NO_CONSENT, (f"refused {refused.id} on {to_text(refused.at)}",))
        found = [_paused(row, seen.view.now) for row in history.records("pauses") if _concerns(row, message)]
        found += [self._rare(row, seen) for row in history.records("frequencies") if _concerns(row, message)]
        deferrals = [each for each in found if each is not None]
        if not deferrals:
            return ALLOW if end == NEVER else Allow(end)
        longest = max(deferrals, key=lambda each: (each.until is None, each.until or 0))
        return longest if end == NEVER else evolve(longest, until=min(longest.until or end, end))

    @staticmethod
    def _agreed_until(message: Message, seen: Situation) -> int:
        """Return until when they agree to exactly this, which they said after they refused more than this."""
        row: Any = None
        if message.channel is not None and message.topic is not None:
            row = seen.view.history.find("consents", pair_id(message.channel, message.topic))
        if row is None:
            return -NEVER
        return NEVER if row.expires is None else int(row.expires)

    def _rare(self, row: Any, seen: Situation) -> Defer | None:
        why = f"chose at most {row.count} in {row.seconds} seconds on {to_text(row.at)}"
        if row.count == 0:
            return Defer(None, Reason.CUSTOMER_CHOICE, (why,))
        since, per = seen.view.now - row.seconds * SECOND, row.seconds * SECOND
        recent = [one.at for one in latest(seen.said, since) if self._counts(one, row)]
        if len(recent) < row.count:
            return None
        return Defer(recent[row.count - 1] + per, Reason.CUSTOMER_CHOICE, (why,))

    def _counts(self, one: Said, row: Any) -> bool:
        return self.concerns(one) and _concerns(row, one)

    def reads(self) -> frozenset[str]:
        """Return the choices, the consents that overrule them, and our own messages."""
        return frozenset({"refusals", "pauses", "frequencies", "consents", "messages"})


def _paused(row: Any, now: int) -> Defer | None:
    if row.until is not None and row.until <= now:
        return None
    end = "until they resume" if row.until is None else f"until {to_text(row.until)}"
    until = None if row.until is None else int(row.until)
    return Defer(until, Reason.CUSTOMER_CHOICE, (f"paused {row.id} on {to_text(row.at)} {end}",))
