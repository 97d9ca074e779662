"""What customers chose themselves: refusals, pauses, how often."""

from __future__ import annotations

from typing import Any

import pytest

from retention_engine import days, hours
from retention_engine.arbitration import Choices
from retention_engine.facts import ConsentGiven, ConsentWithdrawn, Fact, FrequencyChosen, Paused, Resumed
from retention_engine.timing import DAY, HOUR
from tests.arbitration._desk import ANNA, NOW, ask, asked, letter, seen, told

CHOICES = Choices()


def refused(at: int = NOW - DAY, **scope: str) -> Fact:
    """Return a withdrawal; without a scope, of everything."""
    return ConsentWithdrawn(id=f"w{at}", customer=ANNA, at=at, **scope)


def agreed(at: int, **more: Any) -> Fact:
    """Return a consent to offers by email."""
    where = {"channel": "email", "topic": "offers", "source": "checkout", **more}
    return ConsentGiven(id=f"c{at}", customer=ANNA, at=at, **where)


def paused(until: int | None, **scope: str) -> Fact:
    """Return a pause."""
    return Paused(id=f"p{until}{sorted(scope)}", customer=ANNA, at=NOW - DAY, until=until, **scope)


def at_most(count: int | None, per: Any = days(7), **scope: str) -> Fact:  # noqa: B008 - frozen
    """Return a choice of how often."""
    return FrequencyChosen.of(count, per, id=f"f{count}{per}{sorted(scope)}", customer=ANNA, at=NOW - DAY, **scope)


@pytest.mark.parametrize("scope", [{}, {"channel": "email"}, {"topic": "offers"}])
def test_what_was_refused_is_not_said(scope: dict[str, str]) -> None:
    """Everything, a channel, a topic."""
    assert asked(CHOICES, situation=seen(refused(**scope))) == ("drop", "no_consent")


@pytest.mark.parametrize("scope", [{"channel": "sms"}, {"topic": "tips"}, {"channel": "email", "topic": "tips"}])
def test_what_was_not_refused_may_be_said(scope: dict[str, str]) -> None:
    """Another channel or topic is another thing."""
    assert asked(CHOICES, situation=seen(refused(**scope))) == ("allow",)


def test_a_later_consent_overrules_a_wider_refusal() -> None:
    """Who refused everything and then asked for offers by email gets those, and nothing else."""
    facts = [refused(), agreed(NOW - HOUR)]
    assert asked(CHOICES, situation=seen(*facts)) == ("allow",)
    assert asked(CHOICES, letter(topic="tips"), seen(*facts)) == ("drop", "no_consent")
    assert asked(CHOICES, letter(channel=None), seen(*facts)) == ("drop", "no_consent")
    assert asked(CHOICES, letter(topic=None), seen(*facts)) == ("drop", "no_consent")
    assert asked(CHOICES, situation=seen(agreed(NOW - 2 * DAY), refused())) == ("drop", "no_consent")


def test_a_consent_that_ended_overrules_nothing() -> None:
    """From the instant at which it ends the refusal stands again."""
    facts = [refused(), agreed(NOW - HOUR, expires=NOW)]
    assert asked(CHOICES, situation=seen(*facts, at=NOW - 1)) == ("allow",)
    assert asked(CHOICES, situation=seen(*facts)) == ("drop", "no_consent")


def test_names_with_a_slash_are_told_apart() -> None:
    """A topic may be called offers/weekly."""
    facts = [refused(), agreed(NOW - HOUR, topic="offers/weekly")]
    assert asked(CHOICES, letter(topic="offers/weekly"), seen(*facts)) == ("allow",)


def test_a_pause_holds_until_its_end() -> None:
    """To the microsecond; without an end until they resume."""
    until = NOW + DAY
    assert asked(CHOICES, situation=seen(paused(until))) == ("defer", "customer_choice", until)
    assert asked(CHOICES, situation=seen(paused(until), at=until - 1))[0] == "defer"
    assert asked(CHOICES, situation=seen(paused(until), at=until)) == ("allow",)
    resumed = Resumed(id="r", customer=ANNA, at=NOW)
    assert asked(CHOICES, situation=seen(paused(None))) == ("defer", "customer_choice", None)
    assert asked(CHOICES, situation=seen(paused(None), resumed)) == ("allow",)


def test_a_pause_of_one_topic_leaves_the_others() -> None:
    """And says since when it stands."""
    pause = paused(None, topic="offers")
    assert asked(CHOICES, letter(topic="tips"), seen(pause)) == ("allow",)
    ruling = ask(CHOICES, situation=seen(pause))
    assert ruling.because == ("paused */offers on 2026-07-14T12:00:00Z until they resume",)  # type: ignore[union-attr]  # it is deferred


def test_a_chosen_frequency_is_kept() -> None:
    """Once a week: the second waits until the first leaves the week."""
    situation = [told(NOW - 2 * DAY)]
    assert asked(CHOICES, situation=seen(at_most(1))) == ("allow",)
    assert asked(CHOICES, situation=seen(at_most(1), said=situation)) == ("defer", "customer_choice", NOW + 5 * DAY)
    late = {"said": situation, "at": NOW + 5 * DAY}
    assert asked(CHOICES, situation=seen(at_most(1), **late)) == ("allow",)
    assert asked(CHOICES, situation=seen(at_most(None), said=situation)) == ("allow",)


def test_a_frequency_of_zero_is_a_pause() -> None:
    """Never is a choice and no error."""
    assert asked(CHOICES, situation=seen(at_most(0))) == ("defer", "customer_choice", None)


def test_a_frequency_counts_its_scope_and_not_receipts() -> None:
    """One SMS a day: letters and receipts do not count."""
    choice = at_most(1, hours(24), channel="sms")
    sms = letter(channel="sms")
    others = [told(NOW - HOUR), told(NOW - HOUR, channel="sms", purpose="transactional")]
    assert asked(CHOICES, sms, seen(choice, said=others)) == ("allow",)
    mine = [told(NOW - HOUR, channel="sms")]
    assert asked(CHOICES, sms, seen(choice, said=mine))[2] == NOW + 23 * HOUR


@pytest.mark.parametrize(
    ("facts", "until"),
    [
        ([paused(NOW + 2 * DAY), paused(NOW + DAY, topic="offers")], NOW + 2 * DAY),
        ([paused(NOW + 9 * DAY), at_most(1)], NOW + 9 * DAY),
        ([paused(NOW + DAY), at_most(1)], NOW + 6 * DAY),
        ([paused(NOW + DAY), at_most(0)], None),
    ],
)
def test_the_latest_of_several_choices_counts(facts: list[Fact], until: int | None) -> None:
    """A pause without end is later than any instant."""
    assert asked(CHOICES, situation=seen(*facts, said=[told(NOW - DAY)])) == ("defer", "customer_choice", until)


@pytest.mark.parametrize(("purpose", "word"), [("marketing", "drop"), ("service", "drop"), ("transactional", "allow")])
def test_receipts_are_not_asked(purpose: str, word: str) -> None:
    """A choice stands above marketing and service messages, unless said otherwise."""
    assert asked(CHOICES, letter(purpose=purpose), seen(refused()))[0] == word
    assert asked(Choices(purpose=None), letter(purpose=purpose), seen(refused()))[0] == "drop"


def test_choices_look_at_what_was_chosen() -> None:
    """And at the consents that overrule it, and our own messages."""
    assert CHOICES.reads() == {"refusals", "pauses", "frequencies", "consents", "messages"}
