"""A shop whose events become messages, its runner, and a way to skip where a framework is not installed."""

from __future__ import annotations

import time
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import pytest

from retention_engine import Engine
from retention_engine.delivery import Delivery, EngineClock, Runner
from retention_engine.preferences import Keyring
from retention_engine.transports import RecordingTransport
from tests.delivery._shop import RULE, START, Plain, shop

KEYS = Keyring({"a": b"sixteen secret bytes"}, current="a")


def needs(framework: str) -> pytest.MarkDecorator:
    """Return the mark of tests that need a framework."""
    reason = f"{framework} is not installed: it is no dependency of ours"
    return pytest.mark.skipif(find_spec(framework) is None, reason=reason)


def running(engine: Engine, *, start: int = START, **transports: Any) -> tuple[Runner, RecordingTransport]:
    """Return a runner whose clock goes from START on, and its recording transport."""
    begun, recording = time.monotonic_ns(), RecordingTransport()
    clock = EngineClock(engine, wall=lambda: 1_000 * start + time.monotonic_ns() - begun)
    transports = transports or {"telegram": recording}
    return Runner(engine, Delivery(engine, transports, renderer=Plain(), repeats=[RULE.id]), clock=clock), recording


def kinds(engine: Engine, customer: str) -> list[str]:
    """Return the kinds of a customer's facts."""
    return [fact.KIND for fact in engine.store.facts.of([customer])[customer]]


def until(truth: Callable[[], object]) -> None:
    """Wait in a thread until something is so; fail when it takes too long."""
    end = time.monotonic() + 10
    while not truth():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.005)


__all__ = ["KEYS", "START", "kinds", "needs", "running", "shop", "until"]
