"""What every transport promises, whatever its channel."""

from __future__ import annotations

import asyncio
import inspect
from typing import Any

import pytest

from retention_engine.envelopes import Content, Envelope, Migrated, NotSent, Rejected, SendOutcome, Sent, Unknown

OUTCOMES = (Sent, NotSent, Unknown, Rejected, Migrated)
STRANGE = (
    "'; drop table x --",
    "<b>&amp;",
    "\u202e\u200b",
    "\U0001f600" * 50,
    "a\r\nBcc: b@example.org",
    "{0.__class__}",
)


def an_envelope(**changes: Any) -> Envelope:
    """Return an envelope for tests; any of its fields can be given."""
    usual: dict[str, Any] = {
        "key": "0123456789abcdef0123456789abcdef",
        "customer": "anna",
        "channel": "telegram",
        "address": "1001",
        "content": Content(text="Your cart is waiting", subject="Your cart"),
        "at": 1_767_225_600_000_000,
    }
    return Envelope(**(usual | changes))


def sending(transport: Any, *envelopes: Envelope) -> list[SendOutcome]:
    """Send one after the other by a synchronous or asynchronous transport, close it, and return the outcomes."""
    if inspect.iscoroutinefunction(transport.send):
        return asyncio.run(_all(transport, envelopes))
    try:
        return [transport.send(each) for each in envelopes]
    finally:
        if hasattr(transport, "close"):
            transport.close()


async def _all(transport: Any, envelopes: tuple[Envelope, ...]) -> list[SendOutcome]:
    try:
        return [await transport.send(each) for each in envelopes]
    finally:
        if hasattr(transport, "close"):
            await transport.close()


class TransportConformance:
    """Subclass it in a test module and say in ``make_any`` how to make a transport that reaches nobody.

    Attributes:
        secrets: texts that its ``repr`` must not tell.
    """

    secrets: tuple[str, ...] = ()

    def make_any(self) -> Any:
        """Return a transport whose channel is a fake."""
        raise NotImplementedError  # the user's own suite makes its transport here

    def envelope(self, **changes: Any) -> Envelope:
        """Return an envelope the transport can send."""
        return an_envelope(**changes)

    def test_a_message_gets_an_outcome_with_a_code(self) -> None:
        """One message, one outcome."""
        (outcome,) = sending(self.make_any(), self.envelope())
        assert isinstance(outcome, OUTCOMES)
        assert outcome.code

    def test_the_same_message_again_gets_an_outcome(self) -> None:
        """A second attempt is a call like the first."""
        found = sending(self.make_any(), self.envelope(), self.envelope(attempt=2))
        assert [isinstance(each, OUTCOMES) for each in found] == [True, True]

    @pytest.mark.parametrize("text", STRANGE)
    def test_strange_texts_are_sent_or_refused(self, text: str) -> None:
        """No text makes a transport raise, or leaves open what became of it."""
        (outcome,) = sending(self.make_any(), self.envelope(content=Content(text=text, subject=text), name=text))
        assert isinstance(outcome, Sent | Rejected)

    def test_nothing_secret_is_told(self) -> None:
        """The ``repr`` of a transport holds no secret."""
        assert [each for each in self.secrets if each in repr(self.make_any())] == []
