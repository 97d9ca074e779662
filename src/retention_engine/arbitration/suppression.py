"""Addresses that are gone: nothing goes there any more, whatever its purpose."""

from __future__ import annotations

from attrs import frozen

from retention_engine.actions import Reason
from retention_engine.arbitration.base import ALLOW, Drop, Message, Policy, Ruling, Situation, Stage


@frozen(repr=False)
class Suppression(Policy):
    """Drop messages by a channel whose address is suppressed: it bounced, complained, blocked the bot."""

    stage = Stage.PERMISSION

    def weigh(self, message: Message, seen: Situation) -> Ruling:
        """Drop while the suppression stands."""
        for row in seen.view.history.records("suppressions"):
            if row.channel == message.channel:
                return Drop(Reason.SUPPRESSED, (f"the address of {row.channel} is suppressed: {row.reason}",))
        return ALLOW

    def reads(self) -> frozenset[str]:
        """Return the suppressed channels."""
        return frozenset({"suppressions"})
