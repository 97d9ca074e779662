"""Whether there is an address at all."""

from __future__ import annotations

from attrs import frozen

from retention_engine.actions import Reason
from retention_engine.arbitration.base import ALLOW, Drop, Message, Policy, Ruling, Situation, Stage


@frozen(repr=False)
class Reachable(Policy):
    """Drop messages by a channel on which the customer has no address; one that names no channel needs any."""

    stage = Stage.PERMISSION

    def weigh(self, message: Message, seen: Situation) -> Ruling:
        """Drop while there is no address."""
        known = [row.id for row in seen.view.history.records("contacts")]
        if message.channel in known or (message.channel is None and known):
            return ALLOW
        return Drop(Reason.UNREACHABLE, (f"no address of {message.channel or 'any channel'}",))

    def reads(self) -> frozenset[str]:
        """Return the contact points."""
        return frozenset({"contacts"})
