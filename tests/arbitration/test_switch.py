"""The kill switch."""

from __future__ import annotations

from typing import Any

import pytest

from retention_engine.arbitration import KillSwitch, stopping
from retention_engine.facts import Fact, SendingResumed, SendingStopped, StockChanged
from retention_engine.timing import HOUR
from tests.arbitration._desk import NOW, ask, asked, letter, seen


def stop(scope: str, name: str | None = None, at: int = NOW, **more: Any) -> Fact:
    """Return the fact that something was stopped."""
    return SendingStopped(id=f"stop {scope} {name} {at}", at=at, scope=scope, name=name, reason="test", **more)


def resume(scope: str, name: str | None = None, at: int = NOW) -> Fact:
    """Return the fact that it may go on."""
    return SendingResumed(id=f"zz {scope} {name} {at}", at=at, scope=scope, name=name)


@pytest.mark.parametrize(
    ("switch", "reason"),
    [
        (stop("all"), "stopped"),
        (stop("rule", "win-back"), "rule_paused"),
        (stop("channel", "email"), "channel_paused"),
        (stop("topic", "offers"), "stopped"),
    ],
)
@pytest.mark.parametrize("purpose", ["marketing", "transactional"])
def test_what_is_stopped_waits(switch: Fact, reason: str, purpose: str) -> None:
    """From its instant on, whatever the purpose, until somebody resumes it."""
    assert asked(KillSwitch(), letter(purpose=purpose), seen(news=[switch])) == ("defer", reason, None)
    assert asked(KillSwitch(), letter(purpose=purpose), seen(news=[switch], at=NOW - 1)) == ("allow",)


@pytest.mark.parametrize("switch", [stop("rule", "other"), stop("channel", "sms"), stop("topic", "tips")])
def test_what_is_not_stopped_goes_on(switch: Fact) -> None:
    """A switch concerns what it names."""
    assert asked(KillSwitch(), situation=seen(news=[switch])) == ("allow",)
    assert asked(KillSwitch(), letter(channel=None, topic=None), seen(news=[switch])) == ("allow",)


def test_only_its_own_scope_resumes_it() -> None:
    """Resuming a rule does not lift the stop of everything."""
    stopped = stop("all", at=NOW - HOUR)
    assert asked(KillSwitch(), situation=seen(news=[stopped, resume("rule", "win-back")]))[0] == "defer"
    assert asked(KillSwitch(), situation=seen(news=[stopped, resume("all")])) == ("allow",)


@pytest.mark.parametrize("turned", [False, True])
def test_the_latest_switch_counts_in_any_order_of_arrival(turned: bool) -> None:
    """By instant and id: a stop that becomes known after the resumption that followed it stops nothing."""
    news = [stop("all", at=NOW - HOUR), resume("all")]
    assert asked(KillSwitch(), situation=seen(news=news[::-1] if turned else news)) == ("allow",)


def test_it_says_who_stopped_it_and_why() -> None:
    """As far as that is known."""
    named: Any = ask(KillSwitch(), situation=seen(news=[stop("rule", "win-back", by="olga")]))
    assert named.because == ("rule 'win-back' stopped 2026-07-15T12:00:00Z by olga: test",)
    nobody: Any = ask(KillSwitch(), situation=seen(news=[stop("all")]))
    assert nobody.because == ("all stopped 2026-07-15T12:00:00Z by nobody named: test",)


def test_the_first_of_several_stops_is_named() -> None:
    """By scope and name; other facts of the shop turn no switch."""
    sold_out = StockChanged(id="s", at=NOW, sku="tea", pieces=0, was=1)
    both = [stop("topic", "offers"), sold_out, stop("channel", "email", NOW - HOUR)]
    assert stopping(both) is both[2]
    assert stopping([sold_out, stop("all", at=NOW - HOUR), resume("all")]) is None
    assert asked(KillSwitch(), situation=seen(news=both))[1] == "channel_paused"
