"""A process that advances and delivers until it is told to end, or killed; its words are URL, FILE and EPOCH.

Each message is one line of the file, its key. Time goes faster by ``SPEED`` than on the wall, so that leases end soon.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from retention_engine import Engine, Rule, Send, events, on
from retention_engine.delivery import Delivery
from retention_engine.envelopes import Content, Envelope, SendOutcome, Sent
from retention_engine.timing import DAY, to_instant

START = to_instant("2026-07-01T12:00:00+00:00")
SPEED = 20
RULES = [Rule(each, on(events(each)), Send("hello", channel="file", on_unknown=each)) for each in ("drop", "retry")]


class Lines:
    """A transport that appends one line; a write of a few bytes is whole or not there."""

    def __init__(self, path: str) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def send(self, envelope: Envelope) -> SendOutcome:
        """Append the key."""
        os.write(self._file, f"{envelope.key}\n".encode())
        return Sent(envelope.key)


class Plain:
    """A renderer that says the name of the template."""

    def render(self, template: str, channel: str | None, language: str | None, data: Mapping[str, Any]) -> Content:
        """Return the name of the template."""
        return Content(text=template)


def main(url: str, path: str, epoch: str) -> None:
    """Work until the file ``PATH.end`` is there."""

    def clock() -> int:
        return START + int((time.time() - float(epoch)) * SPEED * 1_000_000)

    engine = Engine(RULES, store=url, since=START - DAY)
    delivery = Delivery(engine, {"file": Lines(path)}, renderer=Plain(), addresses=lambda customer, channel: customer)
    while not Path(f"{path}.end").exists():
        advanced = engine.advance(clock())
        report = delivery.deliver(clock, limit=200)
        if not report.calls and not advanced.evaluated:
            time.sleep(0.05)
    engine.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
