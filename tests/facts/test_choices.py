"""What customers choose: pauses, frequency, channels, addresses; names are names, numbers are in their range."""

from __future__ import annotations

from typing import Any

import pytest

from retention_engine.errors import FactError
from retention_engine.facts import (
    AddressSuppressed,
    ChannelsChosen,
    ConsentConfirmed,
    ConsentGiven,
    ConsentWithdrawn,
    Fact,
    FrequencyChosen,
    Paused,
    from_json,
    to_json,
)
from retention_engine.timing import days, hours, microseconds

COMMON: dict[str, Any] = {"id": "f1", "customer": "c7", "at": 0}


def test_until_and_expires_are_instants() -> None:
    """In the forms of any instant; None: no end."""
    assert Paused(**COMMON, until="2026-01-01T00:00:00+00:00").until == 1_767_225_600_000_000
    assert Paused(**COMMON).until is None
    consent = {"channel": "email", "topic": "news", "source": "shop"}
    assert ConsentGiven(**COMMON, **consent, expires="2026-01-01T00:00:00Z").expires == 1_767_225_600_000_000
    with pytest.raises(FactError, match="naive"):
        Paused(**COMMON, until="2026-01-01T00:00:00")


def test_what_was_stored_before_is_still_read() -> None:
    """Fields that came later have defaults."""
    old = (
        '{"at":0,"channel":"email","customer":"c7","id":"f1","kind":"consent_given","source":"s","topic":"news","v":1}'
    )
    fact = from_json(old)
    assert isinstance(fact, ConsentGiven)
    assert (fact.expires, fact.confirmed) == (None, False)
    assert to_json(fact) == old


@pytest.mark.parametrize("cls", [Paused, ConsentWithdrawn])
@pytest.mark.parametrize("name", ["channel", "topic"])
def test_no_channel_and_no_topic_mean_every_one(cls: type[Fact], name: str) -> None:
    """A star does not: it is refused, so that nobody believes it does."""
    assert getattr(cls(**COMMON), name) is None
    with pytest.raises(FactError, match=rf"{name} is a name, not '\*'"):
        cls(**COMMON, **{name: "*"})


@pytest.mark.parametrize("name", ["channel", "topic"])
def test_a_consent_names_channel_and_topic(name: str) -> None:
    """A star is no name."""
    words = {"channel": "email", "topic": "news"}
    assert ConsentConfirmed(**COMMON, **words).proof is None
    with pytest.raises(FactError, match="leave it out"):
        ConsentConfirmed(**COMMON, **(words | {name: "*"}))
    with pytest.raises(FactError, match=f"{name} is a printable"):
        ConsentConfirmed(**COMMON, **(words | {name: None}))


@pytest.mark.parametrize(("per", "seconds"), [(days(7), 604_800), (hours(1), 3600)])
def test_a_frequency_is_told_by_a_span(per: Any, seconds: int) -> None:
    """It is kept in whole seconds; a week when nothing else is said."""
    made = FrequencyChosen.of(2, per, **COMMON, channel="email")
    assert (made.count, made.seconds, made.channel, made.topic) == (2, seconds, "email", None)
    assert '"seconds"' not in to_json(FrequencyChosen.of(2, days(int("7")), **COMMON))  # equal to the default
    assert FrequencyChosen.of(None, **COMMON).seconds == FrequencyChosen(**COMMON, count=1).seconds == 604_800


@pytest.mark.parametrize("per", [7, microseconds(5), days(0), None])
def test_a_frequency_needs_a_span_of_whole_seconds(per: Any) -> None:
    """Above zero."""
    with pytest.raises(FactError, match="whole"):
        FrequencyChosen.of(1, per, **COMMON)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"count": -1}, "count is a whole number"),
        ({"count": True}, "count is a whole number"),
        ({"count": 1, "seconds": 0}, "seconds is a whole number from 1"),
        ({"count": 1, "seconds": True}, "seconds is a whole number from 1"),
        ({"count": 1, "seconds": 10**10}, "seconds is a whole number from 1"),
    ],
)
def test_a_frequency_is_in_its_range(words: dict[str, Any], message: str) -> None:
    """Yes/no is no number."""
    with pytest.raises(FactError, match=message):
        FrequencyChosen(**COMMON, **words)


def test_channels_are_a_tuple_of_names() -> None:
    """Lists are converted, so that the fact can be hashed."""
    fact = ChannelsChosen(**COMMON, channels=["email", "sms"])
    assert fact.channels == ("email", "sms")
    assert hash(from_json(to_json(fact))) == hash(fact)


@pytest.mark.parametrize(
    ("channels", "message"),
    [
        ("email", "a list of texts is needed"),
        (b"email", "a list of texts is needed"),
        (5, "a list of texts is needed"),
        (["email", 5], "printable texts"),
        (["email", ""], "printable texts"),
        (["email", "email"], "each channel once"),
        (["*"], "not '\\*'"),
        (map(str, range(101)), "at most 100"),
    ],
)
def test_other_channels_are_refused(channels: Any, message: str) -> None:
    """With what is allowed."""
    with pytest.raises(FactError, match=message):
        ChannelsChosen(**COMMON, channels=channels)


@pytest.mark.parametrize(("channels", "message"), [("email", "channels: a list is needed"), ([5], "printable")])
def test_the_place_of_a_wrong_list_is_named(channels: Any, message: str) -> None:
    """In JSON as anywhere."""
    text = to_json(ChannelsChosen(**COMMON, channels=["x"])).replace('["x"]', str(channels).replace("email", '"email"'))
    with pytest.raises(FactError, match=rf"channels_chosen\.channels: .*{message.removeprefix('channels: ')}"):
        from_json(text)


def test_a_suppressed_address_is_not_shown() -> None:
    """Addresses do not get into logs."""
    fact = AddressSuppressed(**COMMON, channel="email", reason="complaint", address="zzPIIzz@example.org")
    assert "zzPIIzz" not in repr(fact)
