"""A form becomes facts, all or none; the same form twice gives the same facts; a link changes only what it is for."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention_engine.errors import FactError, TokenError
from retention_engine.facts import Fact, to_json
from retention_engine.preferences import Claim, change, preferences
from retention_engine.timing import DAY
from tests.preferences._shop import KEYS, NOW, WHO, told

TOPICS, CHANNELS = ("news", "offers"), ("email", "telegram")
ALL = Claim(purpose="preferences", customer=WHO)
MAIL = Claim(purpose="preferences", customer=WHO, channel="email")
NEWS = Claim(purpose="preferences", customer=WHO, channel="email", topic="news")


def facts(form: Any, claim: Claim = ALL, **more: Any) -> list[Fact]:
    """Return the facts of a form."""
    return change(claim, form, **({"at": NOW, "id": "post-1", "topics": TOPICS, "channels": CHANNELS} | more))


def text(form: Any, claim: Claim = ALL) -> list[str]:
    """Return the facts in few words: kind, channel, topic."""
    return [
        f"{fact.KIND} {getattr(fact, 'channel', '')} {getattr(fact, 'topic', '')}".strip()
        for fact in facts(form, claim)
    ]


FORMS: list[tuple[Any, Claim, list[str]]] = [
    ({}, ALL, []),
    ({"unsubscribe": False}, ALL, []),
    ({"unsubscribe": True}, ALL, ["consent_withdrawn None None"]),
    ({"unsubscribe": True}, MAIL, ["consent_withdrawn email None"]),
    ({"unsubscribe": True}, NEWS, ["consent_withdrawn email news"]),
    ({"topics": {"news": True, "offers": False}}, MAIL, ["consent_given email news", "consent_withdrawn email offers"]),
    ({"topics": {"news": True}}, NEWS, ["consent_given email news"]),
    ({"topics": {"news": False}}, ALL, ["consent_withdrawn None news"]),
    (
        {"topics": {"news": {"telegram": True, "email": False}}},
        ALL,
        ["consent_withdrawn email news", "consent_given telegram news"],
    ),
    ({"topics": {"news": {"email": True}}}, MAIL, ["consent_given email news"]),
    ({"frequency": None}, MAIL, ["frequency_chosen email None"]),
    ({"frequency": {"count": 1, "seconds": 86_400}}, ALL, ["frequency_chosen None None"]),
    ({"pause": True}, ALL, ["paused None None"]),
    ({"pause": False}, NEWS, ["resumed email news"]),
    ({"pause": None}, ALL, ["resumed None None"]),
    ({"pause": "2026-03-08T00:00:00+00:00"}, ALL, ["paused None None"]),
    ({"channels": ["telegram", "email"]}, ALL, ["channels_chosen"]),
    ({"channels": []}, ALL, ["channels_chosen"]),
]


@pytest.mark.parametrize(("form", "claim", "wanted"), FORMS)
def test_each_field_becomes_facts(form: Any, claim: Claim, wanted: list[str]) -> None:
    """Of the scope of the link."""
    assert text(form, claim) == wanted


WRONG: list[tuple[Any, Claim, str]] = [
    (None, ALL, "a form is a mapping"),
    ([("pause", True)], ALL, "a form is a mapping"),
    ({"pauses": True}, ALL, r"form: unknown name 'pauses' \(did you mean 'pause'"),
    ({5: True}, ALL, "form: unknown name 5"),
    ({"pause": True, "topics": {"news": "yes"}}, MAIL, "topics.news: True or False is needed, not 'yes'"),
    ({"pause": "soon"}, ALL, "pause: not an ISO"),
    ({"pause": "2026-03-08T00:00:00"}, ALL, "pause: naive"),
    ({"pause": NOW}, ALL, "pause: a pause ends after it begins"),
    ({"pause": 1.5}, ALL, "pause: an instant is"),
    ({"unsubscribe": "yes"}, ALL, "unsubscribe: True or False"),
    ({"unsubscribe": True, "topics": {"news": True}}, MAIL, "topics: topics are left out"),
    ({"topics": ["news"]}, ALL, "topics: a mapping of at most 200"),
    ({"topics": dict.fromkeys(map(str, range(201)), True)}, ALL, "topics: a mapping of at most 200"),
    ({"topics": {"new": True}}, MAIL, r"topics: unknown topic 'new' \(did you mean 'news'"),
    ({"topics": {"*": True}}, MAIL, "topics: a topic is a printable text"),
    ({"topics": {None: True}}, MAIL, "topics: a topic is a printable text"),
    ({"topics": {"news": True}}, ALL, "topics.news: to agree, say on which channel"),
    ({"topics": {"offers": False}}, NEWS, "topics.offers: topic 'offers' is not what this link is for"),
    ({"topics": {"news": {"telegram": False}}}, MAIL, "topics.news: channel 'telegram' is not what this link"),
    ({"topics": {"news": {"sms": True}}}, ALL, "topics: unknown channel 'sms'"),
    ({"topics": {"news": {None: False}}}, ALL, "topics: a channel is a printable text"),
    ({"topics": {"news": dict.fromkeys(map(str, range(201)), True)}}, ALL, "topics.news: at most 200 channels"),
    ({"frequency": 1}, ALL, "frequency: a mapping of count and seconds"),
    ({"frequency": {"count": 1}}, ALL, "frequency: a mapping of count and seconds"),
    ({"frequency": {"count": -1, "seconds": 60}}, ALL, "frequency: count is a whole number"),
    ({"frequency": {"count": 1, "seconds": 0}}, ALL, "frequency: seconds is a whole number"),
    ({"channels": "email"}, ALL, "channels: a list of texts"),
    ({"channels": ["email", "email"]}, ALL, "channels: channels name each channel once"),
    ({"channels": ["sms"]}, ALL, "channels: unknown channel 'sms'"),
    ({"channels": ["email"]}, MAIL, "channels: the order of channels"),
    ({"channels": ["email"]}, Claim(purpose="preferences", customer=WHO, topic="news"), "channels: the order"),
]


@pytest.mark.parametrize(("form", "claim", "message"), WRONG)
def test_a_wrong_form_gives_one_clear_error_and_no_facts(form: Any, claim: Claim, message: str) -> None:
    """It names the field, the value and what is allowed."""
    with pytest.raises(FactError, match=f"^{message}"):
        facts(form, claim)


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from((*TOPICS, *CHANNELS)),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from((*TOPICS, *CHANNELS)), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(("channels", "frequency", "pause", "topics", "unsubscribe")), plain))
def test_whatever_is_posted_is_facts_or_one_error(form: dict[str, Any]) -> None:
    """Nothing else is raised; equal forms give equal facts, with ids of their own."""
    try:
        made = facts(form)
    except FactError:
        return
    assert made == facts(form)
    assert len({fact.id for fact in made}) == len(made)
    assert {fact.customer for fact in made} <= {WHO}
    assert all(to_json(fact) for fact in made)


def test_the_ids_follow_from_the_submission() -> None:
    """Sent twice, it is recorded once."""
    form = {"topics": {"offers": False, "news": True}, "pause": True}
    assert [fact.id for fact in facts(form, MAIL)] == ["post-1:pause:1", "post-1:topic:1", "post-1:topic:2"]
    assert facts(form, MAIL) == facts(dict(reversed(form.items())), MAIL)


@pytest.mark.parametrize("id", ["", "i" * 121, None, 5, "a\nb"])
def test_a_submission_has_a_short_id(id: Any) -> None:
    """Otherwise there are no facts."""
    with pytest.raises(FactError, match="id is a printable text of 1 to 120"):
        facts({}, id=id)


def test_a_claim_of_another_purpose_changes_nothing() -> None:
    """A link to unsubscribe opens no preference page."""
    token = KEYS.sign("unsubscribe", customer=WHO)
    with pytest.raises(TokenError):
        change(KEYS.open(token, purpose="unsubscribe", now=NOW), {"pause": True}, at=NOW, id="post-1")


def test_without_lists_of_the_shop_any_name_will_do() -> None:
    """As long as it is one."""
    (fact,) = change(ALL, {"topics": {"cats": {"sms": True}}}, at=NOW, id="post-1")
    assert to_json(fact).count('"cats"') == 1


def test_a_page_shows_what_was_changed() -> None:
    """Round trip: token, form, facts, page."""
    token = KEYS.sign("preferences", customer=WHO, channel="email", expires=NOW + DAY)
    claim = KEYS.open(token, purpose="preferences", now=NOW)
    form = {"topics": {"news": True, "offers": False}, "pause": NOW + DAY, "frequency": {"count": 2, "seconds": 60}}
    made = facts(form, claim)
    found = preferences(told(*made), topics=TOPICS, channels=CHANNELS, now=NOW)
    news, offers = found.of("email", "news"), found.of("email", "offers")
    assert (news.consent, news.source, offers.consent) == ("given", "preferences", "refused")
    assert [each.as_dict() for each in (news.pause, news.frequency) if each] == [
        {"until": "2026-03-02T12:00:00Z"},
        {"count": 2, "seconds": 60},
    ]
    assert found.of("telegram", "news").pause is None
