"""Addresses that are gone: nothing goes there any more, whatever its purpose."""

from __future__ import annotations

from attrs import frozen

from retention_engine.actions import Reason
from retention_engine.arbitration.base import ALLOW, Drop, Message, Policy, Ruling, Situation, Stage


@frozen(repr=False)
class Suppression(Policy):
    """Drop messages by a channel whose address is suppressed: it bounced, complained, blocked the bot.

    A message that names no channel is dropped when no other address is known.
    """

    stage = Stage.PERMISSION

    def weigh(self, message: Message, seen: Situation) -> Ruling:
        """Drop while the suppression stands."""
        rows = seen.view.history.records("suppressions")
        if not rows:
            return ALLOW
        gone = {row.channel: f"the address of {row.channel} is suppressed: {row.reason}" for row in rows}
        if message.channel is not None:
            return Drop(Reason.SUPPRESSED, (gone[message.channel],)) if message.channel in gone else ALLOW
        if any(row.id not in gone for row in seen.view.history.records("contacts")):
            return ALLOW
        return Drop(Reason.SUPPRESSED, tuple(sorted(gone.values())))

    def reads(self) -> frozenset[str]:
        """Return the suppressed channels, and the addresses there are."""
        return frozenset({"suppressions", "contacts"})
