"""Messages that are never sent, and messages that wait while something is so."""

from __future__ import annotations

from typing import Any

from attrs import field, frozen

from retention_engine.actions import Reason
from retention_engine.arbitration.base import ALLOW, Defer, Drop, Message, Policy, Ruling, Situation, Stage
from retention_engine.errors import DefinitionError, nearest, shown
from retention_engine.predicates import Truth, because


@frozen(repr=False)
class Never(Policy):
    """Drop every message in the scope: a channel, topic or rule that is switched off by the definition."""

    stage = Stage.PERMISSION

    def weigh(self, message: Message, seen: Situation) -> Ruling:
        """Drop."""
        return Drop(Reason.STOPPED, (self.text(),))


def _truth(_: object, __: object, value: Any) -> None:
    if not isinstance(value, Truth) or "entry" in value.reads():
        raise DefinitionError(f"HoldWhile takes a predicate that does not ask about entry, not {shown(value)}")


def _reason(value: Any) -> Reason:
    try:
        return Reason(value)
    except ValueError:
        codes = [reason.value for reason in Reason]
        raise DefinitionError(f"unknown reason code {shown(value)}{nearest(value, codes)}") from None


@frozen(repr=False)
class HoldWhile(Policy):
    """Defer messages in the scope while a predicate holds, such as while a claim of the customer is open.

    Attributes:
        predicate: about the customer, at the instant.
        reason: the reason code to give.
    """

    stage = Stage.PRESSURE
    predicate: Truth = field(validator=_truth)
    reason: Reason = field(default=Reason.OPEN_CLAIM, converter=_reason, kw_only=True)

    def weigh(self, message: Message, seen: Situation) -> Ruling:
        """Defer until the predicate may turn."""
        verdict = self.predicate.verdict(seen.view)
        if not verdict.holds:
            return ALLOW
        return Defer(verdict.until, self.reason, because(self.predicate, seen.view))

    def reads(self) -> frozenset[str]:
        """Return what the predicate reads."""
        return self.predicate.reads()
