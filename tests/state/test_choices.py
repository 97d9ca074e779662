"""What customers allow and want: the latest choice of a channel and topic counts, whatever the order it is told in."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention_engine import facts as f
from retention_engine.state import CHOICES, COLLECTIONS, EVERY, Moment, fields_of, pair_id
from retention_engine.state.records import (
    ChannelOrderRecord,
    ConsentRecord,
    FrequencyRecord,
    PauseRecord,
    RefusalRecord,
    SuppressionRecord,
)
from retention_engine.testing import facts as any_facts
from retention_engine.testing import order_independent
from tests.state._facts import about, rows, told


def consent(at: int, channel: str = "email", topic: str = "news", **more: Any) -> f.Fact:
    """Return the fact of a consent."""
    return about(f.ConsentGiven, at, channel=channel, topic=topic, source="shop", **more)


def confirmed(at: int, topic: str = "news") -> f.Fact:
    """Return the fact of a confirmation."""
    return about(f.ConsentConfirmed, at, channel="email", topic=topic)


def withdrawn(at: int, channel: str | None = None, topic: str | None = None) -> f.Fact:
    """Return the fact of a withdrawal; without channel and topic, of everything."""
    return about(f.ConsentWithdrawn, at, channel=channel, topic=topic, id=f"w{at}{channel}{topic}")


GIVEN = (consent(1), consent(2, topic="offers"), consent(3, "push"))
WITHDRAWN = [
    (withdrawn(5), []),
    (withdrawn(5, topic="news"), ["email/offers"]),
    (withdrawn(5, channel="email"), ["push/news"]),
    (withdrawn(5, "email", "news"), ["email/offers", "push/news"]),
    (withdrawn(5, "sms", "news"), ["email/news", "email/offers", "push/news"]),
]


@pytest.mark.parametrize(("withdrawal", "left"), WITHDRAWN)
def test_a_withdrawal_may_concern_every_channel_and_topic(withdrawal: f.Fact, left: list[str]) -> None:
    """What it covers is gone."""
    assert rows(told(*GIVEN, withdrawal), "consents") == left


def test_at_one_instant_the_higher_id_counts() -> None:
    """Of a consent and a withdrawal."""
    low = about(f.ConsentWithdrawn, 1, id="a")
    high = about(f.ConsentWithdrawn, 1, id="z")
    assert rows(told(consent(1), low), "consents") == ["email/news"]
    assert rows(told(consent(1), high), "consents") == []


CONFIRMED = [
    ([consent(1)], False),
    ([consent(1), confirmed(2)], True),
    ([consent(2), confirmed(1)], False),
    ([consent(1), confirmed(2), consent(3)], False),  # given again: to be confirmed again
    ([consent(1), confirmed(2), consent(3), confirmed(4)], True),
    ([consent(1), confirmed(2, "offers")], False),
    ([consent(1, confirmed=True)], True),
    ([consent(1), confirmed(2), withdrawn(3), consent(4)], False),
    ([consent(1), confirmed(2), withdrawn(3)], None),
    ([consent(1), withdrawn(2), confirmed(3)], None),
    ([confirmed(3)], None),
]


@pytest.mark.parametrize(("facts", "wanted"), CONFIRMED)
def test_a_consent_is_confirmed_by_what_comes_after_it(facts: list[f.Fact], wanted: bool | None) -> None:
    """A withdrawal ends it, confirmed or not."""
    assert [row.confirmed for row in told(*facts).records("consents")] == ([] if wanted is None else [wanted])


def test_a_consent_keeps_source_and_expiry() -> None:
    """Whether it has expired depends on when you ask: the record stays."""
    (record,) = told(consent(1, expires=5)).records("consents")
    assert record == ConsentRecord("email/news", 1, "email", "news", "shop", confirmed=False, expires=Moment(5))
    assert isinstance(record.expires, Moment)


REFUSALS: list[tuple[list[f.Fact], list[tuple[str, int, str, str]]]] = [
    ([withdrawn(5)], [("*/*", 5, EVERY, EVERY)]),
    ([withdrawn(5, "email")], [("email/*", 5, "email", EVERY)]),
    ([withdrawn(5, topic="news")], [("*/news", 5, EVERY, "news")]),
    ([withdrawn(5, "email", "news"), consent(4)], [("email/news", 5, "email", "news")]),
    ([withdrawn(5, "email", "news"), consent(6)], []),
    ([withdrawn(5, "email", "news"), consent(6), withdrawn(7, "email", "news")], [("email/news", 7, "email", "news")]),
    ([withdrawn(5, "email"), consent(6)], [("email/*", 5, "email", EVERY)]),  # it stands for other topics
    ([withdrawn(5), withdrawn(3)], [("*/*", 5, EVERY, EVERY)]),
]


@pytest.mark.parametrize(("facts", "wanted"), REFUSALS)
def test_a_refusal_stands_until_a_consent_to_exactly_the_same(facts: list[f.Fact], wanted: list[Any]) -> None:
    """The latest withdrawal counts."""
    assert told(*facts).records("refusals") == [RefusalRecord(*each) for each in wanted]


PAUSES = [
    ([(f.Paused, 1, {"until": 9})], [PauseRecord("*/*", 1, EVERY, EVERY, Moment(9))]),
    ([(f.Paused, 1, {"channel": "email", "topic": "news"})], [PauseRecord("email/news", 1, "email", "news", None)]),
    ([(f.Paused, 1, {}), (f.Resumed, 2, {})], []),
    ([(f.Paused, 3, {}), (f.Resumed, 2, {})], [PauseRecord("*/*", 3, EVERY, EVERY, None)]),
    ([(f.Paused, 1, {}), (f.Paused, 2, {"until": 5})], [PauseRecord("*/*", 2, EVERY, EVERY, Moment(5))]),
    ([(f.Paused, 1, {"topic": "news"}), (f.Resumed, 2, {})], [PauseRecord("*/news", 1, EVERY, "news", None)]),
]


@pytest.mark.parametrize(("said", "wanted"), PAUSES)
def test_the_latest_pause_or_resumption_of_a_scope_counts(said: list[Any], wanted: list[PauseRecord]) -> None:
    """Each channel and topic for itself."""
    assert told(*(about(cls, at, **given) for cls, at, given in said)).records("pauses") == wanted


FREQUENCIES = [
    ([(1, 2)], [FrequencyRecord("*/*", 1, EVERY, EVERY, 2, 60)]),
    ([(1, 2), (2, 0)], [FrequencyRecord("*/*", 2, EVERY, EVERY, 0, 60)]),
    ([(1, 2), (2, None)], []),
    ([(1, None), (2, 3)], [FrequencyRecord("*/*", 2, EVERY, EVERY, 3, 60)]),
]


@pytest.mark.parametrize(("said", "wanted"), FREQUENCIES)
def test_the_latest_frequency_counts(said: list[tuple[int, int | None]], wanted: list[FrequencyRecord]) -> None:
    """None lifts it, 0 does not."""
    facts = [about(f.FrequencyChosen, at, count=count, seconds=60) for at, count in said]
    assert told(*facts).records("frequencies") == wanted
    other = about(f.FrequencyChosen, 9, channel="email", topic="news", count=1)
    last = FrequencyRecord("email/news", 9, "email", "news", 1, 604_800)
    assert told(*facts, other).records("frequencies") == [*wanted, last]


def test_the_latest_order_of_channels_counts() -> None:
    """An empty one lifts it."""
    first = about(f.ChannelsChosen, 1, channels=["email", "sms"])
    then = about(f.ChannelsChosen, 2, channels=["sms"])
    assert told(first, then).records("channel_order") == [ChannelOrderRecord("channels", 2, ("sms",))]
    assert told(first, then, about(f.ChannelsChosen, 3)).records("channel_order") == []


def address(at: int, name: str) -> f.Fact:
    """Return the fact of an address."""
    return about(f.ContactAdded, at, channel="email", address=name)


def suppressed(at: int, name: str | None, reason: str = "bounce") -> f.Fact:
    """Return the fact of a suppression."""
    return about(f.AddressSuppressed, at, channel="email", address=name, reason=reason)


RESTORED = about(f.AddressRestored, 5, channel="email")
SUPPRESSED: list[tuple[list[f.Fact], list[tuple[int, str]]]] = [
    ([suppressed(1, None)], [(1, "bounce")]),  # without an address, too
    ([suppressed(1, "a@b")], []),
    ([address(2, "a@b"), suppressed(1, "a@b")], [(1, "bounce")]),
    ([address(2, "A@B"), suppressed(1, "a@b")], [(1, "bounce")]),
    ([address(2, "a@b"), suppressed(1, "x@b")], []),
    ([address(2, "a@b"), suppressed(3, "a@b"), address(4, "x@b")], []),
    ([address(2, "a@b"), suppressed(3, None), address(4, "x@b")], [(3, "bounce")]),
    ([address(2, "a@b"), suppressed(3, "a@b"), address(4, "x@b"), address(6, "a@b")], [(3, "bounce")]),
    ([address(2, "a@b"), suppressed(3, "a@b"), about(f.ContactRemoved, 4, channel="email")], []),
    ([address(2, "a@b"), suppressed(3, "a@b"), suppressed(4, None, "complaint")], [(4, "complaint")]),
    ([address(2, "a@b"), suppressed(4, "a@b"), suppressed(3, "a@b", "complaint")], [(4, "bounce")]),
    ([address(2, "a@b"), suppressed(3, "a@b"), suppressed(4, "x@b")], [(3, "bounce")]),
    ([address(2, "a@b"), suppressed(3, "a@b"), RESTORED], []),
    ([address(2, "a@b"), suppressed(3, "a@b"), RESTORED, suppressed(6, "a@b")], [(6, "bounce")]),
]


@pytest.mark.parametrize(("facts", "wanted"), SUPPRESSED)
def test_an_address_is_suppressed_until_it_is_restored(facts: list[f.Fact], wanted: list[tuple[int, str]]) -> None:
    """Only the present one, or the channel as a whole."""
    records = [SuppressionRecord("email", at, "email", reason) for at, reason in wanted]
    assert told(*facts).records("suppressions") == records


@given(st.text(max_size=6) | st.none(), st.text(max_size=6) | st.none(), st.text(max_size=6), st.text(max_size=6))
def test_different_pairs_have_different_ids(a: str | None, b: str | None, c: str, d: str) -> None:
    """Whatever their names hold; a star is no name."""
    pairs = {("a/b", "c"), ("a", "b/c"), ("a%2Fb", "c"), (None, "c"), (a, b), (c, d)}
    named = {pair for pair in pairs if "*" not in pair}
    assert len({pair_id(*pair) for pair in named}) == len(named)


def test_names_with_strokes_do_not_get_in_each_others_way() -> None:
    """One consent each."""
    history = told(consent(1, "a/b", "c"), consent(2, "a", "b/c"), withdrawn(3, "a", "b/c"))
    assert [(row.channel, row.topic) for row in history.records("consents")] == [("a/b", "c")]


def test_what_holds_instants_or_lists_is_no_field_of_the_language() -> None:
    """The rest is."""
    assert "expires" not in (fields_of("consents") or {})
    assert "items" not in (fields_of("messages") or {})
    assert (fields_of("consents") or {})["confirmed"] == "flag"
    assert fields_of("exposures") == dict.fromkeys(("id", "experiment", "variant", "rule"), "text")
    assert not CHOICES.keys() & COLLECTIONS.keys()


KINDS = (
    *(f.ConsentGiven, f.ConsentConfirmed, f.ConsentWithdrawn, f.Paused, f.Resumed, f.FrequencyChosen),
    *(f.ChannelsChosen, f.ContactAdded, f.ContactRemoved, f.AddressSuppressed, f.AddressRestored, f.Exposed),
)


@given(st.lists(any_facts(kinds=KINDS), unique_by=lambda fact: fact.id, max_size=20))
def test_choices_in_any_order_give_one_history(facts: list[f.Fact]) -> None:
    """Wildcards, ties and repetitions included."""
    order_independent(facts)
