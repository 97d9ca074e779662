"""A letter to anna at noon of a Wednesday in July, and what is known of her: for the tests of single policies."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from retention_engine.arbitration import Arbiter, Defer, Drop, Held, Message, Policy, Ruling, Said, Situation
from retention_engine.facts import Fact
from retention_engine.state import History, fold
from retention_engine.timing import to_instant
from retention_engine.view import View, zone_of

NOW = to_instant("2026-07-15T12:00:00+00:00")
ANNA = "anna"


def utc(text: str) -> int:
    """Return an instant written in UTC, such as ``2026-07-15 12:00``."""
    return to_instant(f"{text.replace(' ', 'T')}:00+00:00")


def letter(**more: Any) -> Message:
    """Return a marketing letter about offers that is due now."""
    usual = {"rule": "win-back", "customer": ANNA, "occasion": "o", "step": "s", "template": "hello"}
    return Message(**{**usual, "channel": "email", "topic": "offers", "due": NOW, **more})


def told(at: int, **more: Any) -> Said:
    """Return a marketing letter about offers that was sent before."""
    usual = {"rule": "news", "step": "s", "template": "news", "channel": "email", "topic": "offers"}
    return Said(**{"at": at, **usual, **more})


def seen(
    *facts: Fact, at: int = NOW, said: Sequence[Said] = (), held: Sequence[Held] = (), news: Iterable[Fact] = ()
) -> Situation:
    """Return what a policy is shown of anna, whose facts are these; the shop's zone is UTC."""
    history = fold(History(ANNA), [fact for fact in facts if fact.effective <= at])
    view = View(history, at, zone_of(history, "UTC"))
    return Situation(
        view=view,
        said=sorted(said, key=lambda one: one.at),
        held=held,
        news=[fact for fact in news if fact.effective <= at],
    )


def ask(policy: Policy, message: Message | None = None, situation: Situation | None = None) -> Ruling:
    """Return what becomes of a message when one policy stands."""
    return Arbiter([policy]).rule(message or letter(), situation or seen()).ruling


def answer(ruling: Ruling) -> tuple[Any, ...]:
    """Return a ruling without its evidence: (word, reason, until)."""
    if isinstance(ruling, Defer):
        return ("defer", ruling.reason.value, ruling.until)
    if isinstance(ruling, Drop):
        return ("drop", ruling.reason.value)
    return ("allow",)


def asked(policy: Policy, message: Message | None = None, situation: Situation | None = None) -> tuple[Any, ...]:
    """Return the answer of one policy without its evidence."""
    return answer(ask(policy, message, situation))
