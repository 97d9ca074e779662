"""Permission given beforehand, per channel and topic."""

from __future__ import annotations

from typing import Any

import pytest

from retention_engine.arbitration import Consent
from retention_engine.errors import DefinitionError
from retention_engine.facts import ConsentConfirmed, ConsentGiven, ConsentWithdrawn, Fact
from retention_engine.timing import DAY, HOUR
from tests.arbitration._desk import ANNA, NOW, ask, asked, letter, seen


def agreed(at: int = NOW - DAY, *, channel: str = "email", topic: str = "offers", **more: Any) -> Fact:
    """Return anna's consent."""
    where = {"channel": channel, "topic": topic, "source": "checkout"}
    return ConsentGiven(id=f"c{at}{channel}{topic}", customer=ANNA, at=at, **where, **more)


def withdrew(at: int, **more: Any) -> Fact:
    """Return anna's withdrawal."""
    return ConsentWithdrawn(id=f"w{at}", customer=ANNA, at=at, **more)


def test_what_was_agreed_to_may_be_said() -> None:
    """Exactly this channel and this topic."""
    assert asked(Consent(), situation=seen(agreed())) == ("allow",)


@pytest.mark.parametrize("fact", [agreed(channel="sms"), agreed(topic="tips"), agreed(NOW + 1)])
def test_nothing_else_was_agreed_to(fact: Fact) -> None:
    """Not another channel, not another topic, not what comes a microsecond later."""
    assert asked(Consent(), situation=seen(fact)) == ("drop", "no_consent")


def test_without_consent_nothing_is_said() -> None:
    """A message without a topic has none at all."""
    ruling = ask(Consent())
    assert ruling.because == ("no consent to email/offers",)  # type: ignore[union-attr]  # it is dropped
    nameless = ask(Consent(), letter(topic=None), seen(agreed()))
    assert nameless.because == ("the message names no topic",)  # type: ignore[union-attr]  # it is dropped


def test_any_channel_will_do_for_a_message_that_names_none() -> None:
    """The delivery chooses among those agreed to."""
    assert asked(Consent(), letter(channel=None), seen(agreed(channel="sms"))) == ("allow",)
    assert asked(Consent(), letter(channel=None)) == ("drop", "no_consent")


@pytest.mark.parametrize("scope", [{}, {"channel": "email"}, {"topic": "offers"}])
def test_a_withdrawal_ends_it(scope: dict[str, str]) -> None:
    """From its instant on, whether of this alone or of more; a new consent begins anew."""
    facts = [agreed(), withdrew(NOW, **scope)]
    assert asked(Consent(), situation=seen(*facts, at=NOW - 1)) == ("allow",)
    assert asked(Consent(), situation=seen(*facts)) == ("drop", "no_consent")
    assert asked(Consent(), situation=seen(*facts, agreed(NOW + HOUR), at=NOW + HOUR)) == ("allow",)


def test_a_consent_ends_at_its_instant() -> None:
    """Exclusive, to the microsecond, and the evidence says so."""
    ending = agreed(expires=NOW)
    assert asked(Consent(), situation=seen(ending, at=NOW - 1)) == ("allow",)
    ruling = ask(Consent(), situation=seen(ending))
    assert ruling.because == ("the consent to email/offers of 2026-07-14T12:00:00Z ended 2026-07-15T12:00:00Z",)  # type: ignore[union-attr]  # it is dropped


def test_double_opt_in() -> None:
    """On the channels named a consent counts once it is confirmed."""
    double = Consent(confirmed="email")
    given = ConsentConfirmed(id="yes", customer=ANNA, at=NOW, channel="email", topic="offers")
    ruling = ask(double, situation=seen(agreed()))
    assert ruling.because == ("the consent to email/offers of 2026-07-14T12:00:00Z is not confirmed",)  # type: ignore[union-attr]  # it is dropped
    assert asked(double, situation=seen(agreed(), given)) == ("allow",)
    assert asked(Consent(confirmed="sms"), situation=seen(agreed())) == ("allow",)


@pytest.mark.parametrize("purpose", ["service", "transactional"])
def test_it_stands_above_marketing_unless_said_otherwise(purpose: str) -> None:
    """A receipt needs no consent; a shop may ask for one all the same."""
    assert asked(Consent(), letter(purpose=purpose)) == ("allow",)
    assert asked(Consent(purpose=("marketing", purpose)), letter(purpose=purpose)) == ("drop", "no_consent")


@pytest.mark.parametrize("confirmed", [5, ("",), [None]])
def test_channels_are_names(confirmed: Any) -> None:
    """A wrong name is refused where it is written."""
    with pytest.raises(DefinitionError, match="a name or several are needed"):
        Consent(confirmed=confirmed)


def test_an_unknown_purpose_is_told_the_nearest() -> None:
    """The message names it."""
    with pytest.raises(DefinitionError, match="did you mean 'marketing'"):
        Consent(purpose="marketting")


def test_it_looks_at_consents() -> None:
    """Nothing else is kept for it."""
    assert Consent().reads() == {"consents"}
