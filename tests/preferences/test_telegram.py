"""Commands of a Telegram chat become facts; anything else is left to the bot."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention_engine import facts as f
from retention_engine.errors import FactError, TokenError
from retention_engine.preferences import preferences, telegram_command
from tests.preferences._shop import KEYS, NOW, WHO, told
from tests.state._facts import about

GIVEN = about(f.ConsentGiven, 1, channel="telegram", topic="news", source="bot")
MAIL = about(f.ConsentGiven, 1, id="m", channel="email", topic="news", source="checkout")


def said(text: Any, customer: str | None = WHO, **more: Any) -> list[f.Fact]:
    """Return the facts of a message."""
    return telegram_command(text, customer, **({"at": NOW, "id": "update:7", "keyring": KEYS} | more))


@pytest.mark.parametrize("text", ["/stop", "/STOP", "/stop@shop_bot", "/stop please", "/stop  "])
def test_stop_ends_everything_on_telegram(text: str) -> None:
    """Other channels are left alone."""
    made = said(text)
    found = preferences(told(GIVEN, MAIL, *made), topics=["news"], channels=["telegram", "email"], now=NOW)
    assert [each.consent for each in found.choices] == ["refused", "given"]
    assert made == said(text)


def test_start_resumes_and_tells_the_address() -> None:
    """A bot that was blocked may write again; no consent is given by it."""
    paused = about(f.Paused, 1, channel="telegram")
    blocked = about(f.AddressSuppressed, 2, channel="telegram", reason="bot_blocked")
    made = said("/start", address="4711")
    assert [fact.KIND for fact in made] == ["contact_added", "address_restored", "resumed"]
    history = told(paused, blocked, *made)
    assert [history.records(name) for name in ("pauses", "suppressions", "consents")] == [[], [], []]
    assert [row.id for row in history.records("contacts")] == ["telegram"]
    assert [fact.KIND for fact in said("/start")] == ["resumed"]


def test_a_deep_link_tells_who_it_is_and_what_they_agree_to() -> None:
    """The chat of a stranger becomes that of the customer who was sent the link."""
    made = said(f"/start {KEYS.sign_start(customer=WHO, topic='news')}", None, address="4711")
    assert {fact.customer for fact in made} == {WHO}
    consent = made[-1]
    assert isinstance(consent, f.ConsentGiven)
    assert (consent.channel, consent.topic, consent.source, consent.proof) == (
        "telegram",
        "news",
        "telegram_start",
        "update:7",
    )
    assert len({fact.id for fact in made}) == 4
    assert [fact.KIND for fact in said(f"/start {KEYS.sign_start(customer=WHO)}")] == ["resumed"]


BAD: list[tuple[str, dict[str, Any]]] = [
    ("nonsense", {}),
    (KEYS.sign("unsubscribe", customer=WHO), {}),
    (KEYS.sign_start(customer="bob"), {}),
    (KEYS.sign_start(customer=WHO), {"keyring": None}),
    (KEYS.sign_start(customer=WHO), {"tenant": "other"}),
    (KEYS.sign_start(customer=WHO, expires=NOW), {}),
]


@pytest.mark.parametrize(("payload", "more"), BAD)
def test_a_payload_that_is_not_valid_does_nothing(payload: str, more: dict[str, Any]) -> None:
    """Forged, of another purpose, customer or shop, expired."""
    with pytest.raises(TokenError):
        said(f"/start {payload}", **more)


@pytest.mark.parametrize(
    "text", ["", "stop", "/stopped", "/help", "/start a b", "hello /stop", None, 5, "/stop " + "x" * 400]
)
def test_anything_else_is_no_command(text: Any) -> None:
    """The bot answers it."""
    assert said(text) == []


def test_a_stranger_changes_nothing() -> None:
    """Without a payload nobody knows who it is."""
    assert said("/stop", None) == said("/start", None) == []


@pytest.mark.parametrize("id", ["", None, "u" * 121])
def test_an_update_has_a_short_id(id: Any) -> None:
    """Otherwise there are no facts."""
    with pytest.raises(FactError, match="id is a printable text of 1 to 120"):
        said("/stop", id=id)


@given(st.text(max_size=80) | st.text(max_size=80).map("/start {}".format))
def test_any_text_is_survived(text: str) -> None:
    """It is facts, nothing, or a link that is not valid."""
    try:
        assert all(fact.customer == WHO for fact in said(text))
    except TokenError:
        assert text.lower().startswith("/start")
