"""Facts fold into records and attributes, whatever the order in which they are told."""

from __future__ import annotations

from typing import Any

import pytest

from retention_engine import facts as f
from retention_engine.state import EVENTS, History, Moment, apply, fold
from retention_engine.state.records import (
    AnswerRecord,
    ConsentRecord,
    ContactRecord,
    EventRecord,
    ExposureRecord,
    MessageRecord,
    ReferralRecord,
    ReviewRecord,
    TagRecord,
    ViewRecord,
    VisitRecord,
)
from tests.state._facts import WHO, about, eur, placed, rows, told

SENT = {"message": "m", "rule": "r", "step": "s", "template": "t"}
ONE_RECORD = [
    (f.Viewed, {"sku": "tea", "price": eur(5)}, "views", ViewRecord("x", 7, "tea", None, None, 5)),
    (f.Viewed, {"sku": "tea", "brand": "b"}, "views", ViewRecord("x", 7, "tea", None, "b", None)),
    (f.Visited, {"source": "ads"}, "visits", VisitRecord("x", 7, None, "ads", None, None)),
    (f.Reviewed, {"score": 5, "order_id": "o"}, "reviews", ReviewRecord("x", 7, 5, None, "o")),
    (f.Answered, {"survey": "nps", "score": 9.5}, "answers", AnswerRecord("x", 7, "nps", None, 9.5, None)),
    (f.Referred, {"friend": "bob"}, "referrals", ReferralRecord("x", 7, "bob", None)),
    (
        f.FriendJoined,
        {"programme": "friends", "friend": "bob", "touched_at": 5, "source": "story7"},
        "referrals",
        ReferralRecord("x", 7, "bob", "story7"),
    ),
    (f.Tagged, {"tag": "vip"}, "tags", TagRecord("vip", 7, "vip")),
    (f.ContactAdded, {"channel": "email", "address": "a@b"}, "contacts", ContactRecord("email", 7, "email")),
    (
        f.ConsentGiven,
        {"channel": "email", "topic": "news", "source": "shop"},
        "consents",
        ConsentRecord("email/news", 7, "email", "news", "shop"),
    ),
    (
        f.MessageSent,
        SENT | {"topic": "news"},
        "messages",
        MessageRecord("m", 7, "r", "s", "t", None, "news", delivered=False, opened=False, clicked=False, failed=False),
    ),
    (
        f.MessageSent,
        SENT | {"purpose": "service", "items": ["a", "b"]},
        "messages",
        MessageRecord("m", 7, "r", "s", "t", None, None, False, False, False, False, "service", ("a", "b")),
    ),
    (f.Exposed, {"experiment": "e", "variant": "b"}, "exposures", ExposureRecord("x", 7, "e", "b", None)),
    (f.Event, {"name": "quiz", "data": {"a": 1}}, "events:quiz", EventRecord("x", 7, {"a": 1})),
]


@pytest.mark.parametrize(("cls", "given", "collection", "record"), ONE_RECORD)
def test_a_fact_becomes_a_record(cls: Any, given: dict[str, Any], collection: str, record: Any) -> None:
    """Under its own id, or that of its subject."""
    assert told(about(cls, 7, id="x", **given)).records(collection) == [record]


def test_every_fact_is_an_event_of_its_kind() -> None:
    """With its plain fields; what is structured or missing is left out."""
    history = told(about(f.OrderShipped, 3, order_id="o"), placed("o", 1), about(f.Visited, 2, page="home"))
    assert history.records(f"{EVENTS}order_shipped") == [EventRecord("order_shipped:3", 3, {"order_id": "o"})]
    assert history.records(f"{EVENTS}order_placed") == [EventRecord("order:o", 1, {"paid": True})]
    assert history.records(f"{EVENTS}visited") == [EventRecord("visited:2", 2, {"page": "home"})]


def test_events_that_nobody_asks_for_are_not_kept() -> None:
    """``wanted`` holds for the kinds of facts, too."""
    history = fold(History(WHO, wanted=frozenset({"visits"})), [about(f.Visited, 2)])
    assert list(history.lists) == ["visits"]


def test_a_registration_sets_what_it_knows() -> None:
    """Fields that are missing set nothing."""
    profile = f.Customer(id=WHO, registered=5, zone="Asia/Tokyo", birthday="--02-29", attributes={"city": "Kyoto"})
    history = told(f.Registered.of(profile))
    assert {name: held.value for name, held in history.attributes.items()} == {
        "registered": Moment(5),
        "zone": "Asia/Tokyo",
        "birthday": "--02-29",
        "city": "Kyoto",
    }
    assert isinstance(history.value("registered"), Moment)


def test_the_latest_change_of_an_attribute_counts() -> None:
    """None removes the value; an instant is kept as such."""
    city = [about(f.AttributeChanged, at, name="city", value=value) for at, value in enumerate(["Riga", "Oslo", None])]
    expiry = about(f.AttributeChanged, 1, id="e", name="expiry", value="2026-03-01T00:00:00Z", is_instant=True)
    gone = about(f.AttributeChanged, 2, id="z", name="expiry", value=None, is_instant=True)
    assert told(*city[:2], expiry).value("city") == "Oslo"
    assert told(*city, expiry).value("city") is None
    assert told(expiry).value("expiry") == Moment(1_772_323_200_000_000)
    assert told(expiry, gone).value("expiry") is None


SWITCHES: list[tuple[list[tuple[type[f.Fact], int]], list[int]]] = [
    ([(f.Tagged, 1)], [1]),
    ([(f.Tagged, 1), (f.Untagged, 2)], []),
    ([(f.Untagged, 1)], []),
    ([(f.Tagged, 1), (f.Untagged, 2), (f.Tagged, 3)], [3]),
    ([(f.Tagged, 1), (f.Tagged, 3)], [3]),
    ([(f.Tagged, 3), (f.Untagged, 2)], [3]),
    ([(f.Tagged, 2), (f.Untagged, 2)], []),  # at one instant the higher id counts
]


@pytest.mark.parametrize(("said", "since"), SWITCHES)
def test_the_latest_switch_of_a_tag_counts(said: list[tuple[type[f.Fact], int]], since: list[int]) -> None:
    """A tag is there since it was last put on, unless it was taken off later."""
    history = told(*(about(cls, at, tag="vip") for cls, at in said))
    assert [record.at for record in history.records("tags")] == since


def test_a_channel_is_reachable_until_its_address_is_gone() -> None:
    """Channels do not touch each other."""
    mail = about(f.ContactAdded, 1, channel="email", address="a@b")
    push = about(f.ContactAdded, 2, channel="push", address="token")
    gone = about(f.ContactRemoved, 3, channel="email")
    assert rows(told(mail, push), "contacts") == ["email", "push"]
    assert rows(told(mail, push, gone), "contacts") == ["push"]


def consent(at: int, topic: str = "news", channel: str = "email") -> f.Fact:
    """Return the fact of a consent."""
    return about(f.ConsentGiven, at, channel=channel, topic=topic, source="shop")


WITHDRAWN = [
    (about(f.ConsentWithdrawn, 5, channel="email", topic="news"), ["email/offers", "push/news"]),
    (about(f.ConsentWithdrawn, 5, channel="email", topic=None), ["push/news"]),
    (about(f.ConsentWithdrawn, 2, channel="email", topic=None), ["email/offers", "push/news"]),
    (about(f.ConsentWithdrawn, 5, channel="sms", topic=None), ["email/news", "email/offers", "push/news"]),
]


@pytest.mark.parametrize(("withdrawal", "left"), WITHDRAWN)
def test_consent_ends_by_topic_or_for_the_whole_channel(withdrawal: f.Fact, left: list[str]) -> None:
    """What was given after the withdrawal stays."""
    given = (consent(1), consent(3, "offers"), consent(4, channel="push"))
    assert rows(told(*given, withdrawal), "consents") == left


def test_outcomes_wait_for_their_message() -> None:
    """They count once the message was sent, whichever is told first; the first sending gives the instant."""
    opened = about(f.MessageOpened, 4, message="m")
    again = about(f.MessageSent, 9, **SENT)
    clicked, failed = about(f.MessageClicked, 5, message="m"), about(f.MessageFailed, 6, message="m", reason="bounce")
    assert rows(told(opened), "messages") == []
    (record,) = told(opened, about(f.MessageSent, 3, **SENT), again, clicked, failed).records("messages")
    assert (record.at, record.delivered, record.opened, record.clicked, record.failed) == (3, False, True, True, True)


def test_facts_about_the_catalogue_leave_a_history_as_it_is() -> None:
    """They concern no customer, nor do those about the shop."""
    history = History(WHO)
    apply(history, f.StockChanged(id="s", at=1, sku="tea", pieces=1, was=0))
    apply(history, f.SendingStopped(id="t", at=1, scope="all", reason="wrong prices"))
    assert history == History(WHO)


def test_a_customer_is_known_since_the_earliest_fact() -> None:
    """Late facts move it back."""
    assert told(about(f.Visited, 5), about(f.Visited, 3, id="v")).first == 3
    assert History(WHO).first is None
