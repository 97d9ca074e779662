"""Transports without a channel: to look at messages, to keep them, to hand them to a function of yours."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TextIO

from attrs import asdict

from retention_engine.envelopes import Envelope, SendOutcome, Sent


class ConsoleTransport:
    """Writes each message to a stream for people, by default to what is printed; addresses are left out."""

    def __init__(self, stream: TextIO | None = None) -> None:
        """Take the stream; None: standard output."""
        self._stream = stream

    def send(self, envelope: Envelope) -> SendOutcome:
        """Write one message."""
        content = envelope.content
        lines = [f"{envelope.channel} to {envelope.customer}: {content.subject or ''}".rstrip(" :")]
        lines += [f"  {line}" for line in content.text.splitlines()]
        lines += [f"  [{each.text}] {each.url or each.callback}" for each in content.buttons]
        (self._stream or sys.stdout).write("\n".join(lines) + "\n")
        return Sent(envelope.key)


class FileTransport:
    """Appends each message to a file, one JSON object a line, with its address."""

    def __init__(self, path: str | Path) -> None:
        """Take the file; it is made by the first message."""
        self._path = Path(path)

    def send(self, envelope: Envelope) -> SendOutcome:
        """Append one message."""
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(envelope), ensure_ascii=False) + "\n")
        return Sent(envelope.key)


class CallbackTransport:
    """Hands each message to a function of yours, which returns the outcome, or None for sent.

    Whatever the function raises counts as unknown: catch what surely means "not sent" and return it.
    """

    def __init__(self, function: Callable[[Envelope], SendOutcome | None]) -> None:
        """Take the function."""
        self._function = function

    def send(self, envelope: Envelope) -> SendOutcome:
        """Call the function."""
        outcome = self._function(envelope)
        return Sent(envelope.key) if outcome is None else outcome


class RecordingTransport:
    """Keeps what would have been sent; it knows no channel, so it cannot send. For tests and dry runs.

    Attributes:
        envelopes: what came, in order.

    Args:
        outcomes: what to answer, one after the other; then always ``Sent``.
    """

    def __init__(self, outcomes: Iterable[SendOutcome] = ()) -> None:
        """Begin with nothing."""
        self.envelopes: list[Envelope] = []
        self._outcomes = iter(outcomes)

    def send(self, envelope: Envelope) -> SendOutcome:
        """Keep one message."""
        self.envelopes.append(envelope)
        return next(self._outcomes, Sent(envelope.key))
