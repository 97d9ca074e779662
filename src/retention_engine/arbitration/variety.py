"""Not the same again: template, or item shown."""

from __future__ import annotations

from attrs import field, frozen

from retention_engine.actions import Reason
from retention_engine.arbitration.base import ALLOW, Defer, Message, Policy, Ruling, Said, Situation, Stage, latest
from retention_engine.arbitration.cooldown import positive_span
from retention_engine.timing import Span, to_text


@frozen(repr=False)
class Variety(Policy):
    """Defer a message whose template, or one of whose items, the customer got within the last ``within``."""

    stage = Stage.PRESSURE
    within: Span = field(validator=positive_span)

    def weigh(self, message: Message, seen: Situation) -> Ruling:
        """Defer until the latest message alike has left the window."""
        recent = latest(seen.said, seen.view.now - self.within.micros)
        last = next((one for one in recent if _alike(one, message) and self.concerns(one)), None)
        if last is None:
            return ALLOW
        why = f"{last.template!r} {', '.join(last.items)} {to_text(last.at)}"
        return Defer(last.at + self.within.micros, Reason.VARIETY, (why,))

    def reads(self) -> frozenset[str]:
        """Return our own messages."""
        return frozenset({"messages"})


def _alike(one: Said, message: Message) -> bool:
    return one.template == message.template or not set(one.items).isdisjoint(message.items)
