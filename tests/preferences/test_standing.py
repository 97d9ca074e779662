"""What a page shows: how things stand per channel and topic, without any language."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given

from retention_engine import facts as f
from retention_engine.errors import DefinitionError
from retention_engine.preferences import Frequency, Pause, Preferences, preferences
from retention_engine.state import History, fold
from retention_engine.testing import histories
from retention_engine.timing import DAY, zone
from retention_engine.view import View
from tests.preferences._shop import NOW, WHO, told
from tests.state._facts import about

CHANNELS, TOPICS = ("email", "telegram"), ("news", "offers")


def shown(*facts: f.Fact, now: int = NOW) -> Preferences:
    """Return how things stand after the facts."""
    return preferences(told(*facts), topics=TOPICS, channels=CHANNELS, now=now)


def consent(at: int = 1, **more: Any) -> f.Fact:
    """Return the fact of a consent to news by e-mail."""
    return about(f.ConsentGiven, at, **({"channel": "email", "topic": "news", "source": "checkout"} | more))


def test_nobody_chose_anything_yet() -> None:
    """There is a row for each channel and topic of the shop all the same."""
    found = shown()
    assert [(each.channel, each.topic) for each in found.choices] == [
        (channel, topic) for channel in CHANNELS for topic in TOPICS
    ]
    assert {each.consent for each in found.choices} == {"none"}
    assert (found.order, found.pause, found.frequency) == ((), None, None)


CONSENTS: list[tuple[list[f.Fact], str, int | None]] = [
    ([consent()], "given", 1),
    ([consent(confirmed=True)], "confirmed", 1),
    ([consent(), about(f.ConsentConfirmed, 2, channel="email", topic="news")], "confirmed", 1),
    ([consent(expires=NOW + 1)], "given", 1),
    ([consent(expires=NOW)], "expired", 1),
    ([consent(), about(f.ConsentWithdrawn, 3, channel="email", topic="news")], "refused", 3),
    ([consent(), about(f.ConsentWithdrawn, 3)], "refused", 3),
    ([about(f.ConsentWithdrawn, 3, topic="news"), about(f.ConsentWithdrawn, 4, channel="email")], "refused", 4),
    ([about(f.ConsentWithdrawn, 3, channel="telegram")], "none", None),
    ([about(f.ConsentWithdrawn, 3), consent(5)], "given", 5),
]


@pytest.mark.parametrize(("facts", "state", "since"), CONSENTS)
def test_a_consent_is_in_one_of_five_states(facts: list[f.Fact], state: str, since: int | None) -> None:
    """An expiry is exclusive; what was given after a refusal stands."""
    found = shown(*facts).of("email", "news")
    assert (found.consent, found.since) == (state, since)
    assert found.source == ("checkout" if state in ("given", "confirmed", "expired") else None)


def test_the_longest_pause_in_force_counts() -> None:
    """One that is over does not; one of everything concerns each row."""
    ended = about(f.Paused, 1, id="a", until=NOW)
    news = about(f.Paused, 1, id="b", until=NOW + DAY, topic="news")
    mail = about(f.Paused, 1, id="c", until=NOW + 2 * DAY, channel="email")
    found = shown(ended, news, mail)
    assert found.pause is None
    assert [each.pause for each in found.choices] == [
        Pause(until=NOW + 2 * DAY),
        Pause(until=NOW + 2 * DAY),
        Pause(until=NOW + DAY),
        None,
    ]
    assert shown(ended, news, about(f.Paused, 2, id="d")).of("email", "news").pause == Pause(until=None)


def test_the_strictest_frequency_counts() -> None:
    """Per time, not by the number alone."""
    weekly = about(f.FrequencyChosen, 1, count=1, seconds=7 * 86_400)
    daily = about(f.FrequencyChosen, 1, id="b", count=1, seconds=86_400, channel="email")
    rare = about(f.FrequencyChosen, 1, id="c", count=2, seconds=90 * 86_400, topic="news")
    found = shown(weekly, daily, rare)
    assert found.frequency == Frequency(count=1, seconds=7 * 86_400)
    assert found.of("email", "news").frequency == Frequency(count=2, seconds=90 * 86_400)
    assert found.of("email", "offers").frequency == found.frequency


def test_channels_tell_whether_they_can_be_used() -> None:
    """Reachable with an address, suppressed with a reason."""
    mail = about(f.ContactAdded, 1, channel="email", address="a@b")
    bounced = about(f.AddressSuppressed, 2, channel="email", reason="hard_bounce", address="a@b")
    found = shown(mail, bounced, about(f.ChannelsChosen, 1, channels=["telegram", "email"]))
    assert [each.as_dict() for each in found.channels] == [
        {"name": "email", "reachable": True, "suppressed": "hard_bounce"},
        {"name": "telegram", "reachable": False, "suppressed": None},
    ]
    assert found.order == ("telegram", "email")


def test_everything_as_plain_values() -> None:
    """Instants are ISO texts; JSON takes all of it."""
    paused = about(f.Paused, 1, until=NOW + DAY)
    often = about(f.FrequencyChosen, 1, count=1, seconds=60)
    plain = shown(consent(expires=NOW + DAY), paused, often).as_dict()
    assert plain["pause"] == {"until": "2026-03-02T12:00:00Z"}
    assert plain["choices"][0] == {
        "channel": "email",
        "topic": "news",
        "consent": "given",
        "since": "1970-01-01T00:00:00.000001Z",
        "source": "checkout",
        "expires": "2026-03-02T12:00:00Z",
        "pause": {"until": "2026-03-02T12:00:00Z"},
        "frequency": {"count": 1, "seconds": 60},
    }
    assert shown().as_dict()["choices"][0]["pause"] is None
    assert shown().as_dict()["frequency"] is None


@given(histories(customer=WHO))
def test_any_history_can_be_shown(facts: list[f.Fact]) -> None:
    """A view and a history with its instant show the same, and JSON takes it."""
    history = fold(History(WHO), facts)
    given_now = preferences(history, topics=("tea", "soap"), channels=("tea", "soap"), now=NOW)
    assert given_now == preferences(View(history, NOW, zone("UTC")), topics=("tea", "soap"), channels=["tea", "soap"])
    assert json.loads(json.dumps(given_now.as_dict()))["customer"] == WHO


def test_a_history_needs_an_instant_and_every_collection() -> None:
    """What it does not keep would look as if nobody had chosen anything."""
    with pytest.raises(DefinitionError, match="need now="):
        preferences(History(WHO), topics=TOPICS, channels=CHANNELS)
    with pytest.raises(DefinitionError, match="keeps every collection"):
        preferences(History(WHO, wanted=frozenset()), topics=TOPICS, channels=CHANNELS, now=NOW)


def test_what_was_not_asked_about_is_not_there() -> None:
    """The message says what was asked."""
    with pytest.raises(DefinitionError, match="'sms'/'news' is none of"):
        shown().of("sms", "news")
