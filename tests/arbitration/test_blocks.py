"""Messages that are never sent, and messages that wait while something is so."""

from __future__ import annotations

from typing import Any

import pytest

from retention_engine import Money, Order, OrderPlaced, days, entry, events, orders
from retention_engine.arbitration import HoldWhile, Never
from retention_engine.errors import DefinitionError
from retention_engine.timing import DAY
from tests.arbitration._desk import ANNA, NOW, ask, asked, letter, seen

BOUGHT = OrderPlaced.of(Order(id="1", customer=ANNA, at=NOW - DAY, total=Money(1, "EUR")))


def test_what_is_switched_off_is_never_sent() -> None:
    """A channel, a topic, a rule; the evidence is the policy."""
    assert asked(Never(channel="email")) == ("drop", "stopped")
    assert ask(Never(channel="email")).because == ("Never(channel='email')",)  # type: ignore[union-attr]  # it is dropped
    assert asked(Never(channel="sms")) == ("allow",)
    assert asked(Never(topic=["tips", "offers"])) == ("drop", "stopped")
    assert asked(Never(rule="win-back", purpose="service")) == ("allow",)


def test_a_message_waits_while_a_predicate_holds() -> None:
    """Until the predicate may turn: two days after the order."""
    rest = HoldWhile(orders.within(days(2)).exists())
    assert asked(rest, situation=seen(BOUGHT)) == ("defer", "open_claim", NOW + DAY)
    assert asked(rest, situation=seen(BOUGHT, at=NOW + DAY - 1))[0] == "defer"
    assert asked(rest, situation=seen(BOUGHT, at=NOW + DAY)) == ("allow",)
    assert asked(rest) == ("allow",)


def test_what_only_a_fact_ends_has_no_instant() -> None:
    """The evidence is that of the predicate."""
    ruling = ask(HoldWhile(orders.exists(), topic="offers"), situation=seen(BOUGHT))
    assert ruling.until is None  # type: ignore[union-attr]  # it is deferred
    assert ruling.because == ("orders.exists(): yes, last 2026-07-14 (order 1)",)  # type: ignore[union-attr]  # it is deferred
    assert asked(HoldWhile(orders.exists(), topic="tips"), letter(), seen(BOUGHT)) == ("allow",)


def test_the_reason_may_be_said() -> None:
    """By its code; an unknown one is told the nearest."""
    assert asked(HoldWhile(orders.exists(), reason="fatigue"), situation=seen(BOUGHT))[1] == "fatigue"
    with pytest.raises(DefinitionError, match=r"unknown reason code 'open_claims'.*did you mean 'open_claim'"):
        HoldWhile(orders.exists(), reason="open_claims")


@pytest.mark.parametrize("predicate", ["orders.exists()", None, orders, orders.since(entry).exists()])
def test_a_predicate_is_needed(predicate: Any) -> None:
    """About the customer, not about a journey."""
    with pytest.raises(DefinitionError, match="HoldWhile takes a predicate that does not ask about entry"):
        HoldWhile(predicate)


def test_it_looks_at_what_the_predicate_does() -> None:
    """The collections of the question."""
    assert HoldWhile(events("claim").exists()).reads() == events("claim").exists().reads()
