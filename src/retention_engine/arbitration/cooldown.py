"""A pause between two occasions of one rule."""

from __future__ import annotations

from typing import Any

from attrs import field, frozen

from retention_engine.actions import Reason
from retention_engine.arbitration.base import ALLOW, Defer, Message, Policy, Ruling, Situation, Stage, latest
from retention_engine.errors import DefinitionError, shown
from retention_engine.timing import Span, to_text


def positive_span(_: object, attribute: Any, value: Any) -> None:
    """Validate a span above zero."""
    if not isinstance(value, Span) or value.micros == 0:
        raise DefinitionError(f"{attribute.name} is a span above zero such as days(7), not {shown(value)}")


@frozen(repr=False)
class CoolDown(Policy):
    """Defer a rule's message until ``span`` after its last one for another occasion; steps of one journey are free."""

    stage = Stage.PRESSURE
    span: Span = field(validator=positive_span)

    def weigh(self, message: Message, seen: Situation) -> Ruling:
        """Defer until the latest message of the rule is old enough."""
        recent = latest(seen.said, seen.view.now - self.span.micros)
        last = next((one for one in recent if one.rule == message.rule and one.occasion != message.occasion), None)
        if last is None:
            return ALLOW
        why = f"{message.rule!r} wrote {to_text(last.at)}"
        return Defer(last.at + self.span.micros, Reason.COOL_DOWN, (why,))

    def reads(self) -> frozenset[str]:
        """Return our own messages."""
        return frozenset({"messages"})
