"""One click ends it, opening a link changes nothing, and headers survive as they are."""

from __future__ import annotations

from typing import Any

import pytest

from retention_engine import facts as f
from retention_engine.errors import DefinitionError, TokenError
from retention_engine.preferences import (
    confirm,
    confirm_page,
    one_click,
    preferences,
    unsubscribe,
    unsubscribe_headers,
    unsubscribe_links,
    unsubscribe_page,
)
from tests.preferences._shop import KEYS, NOW, WHO, told
from tests.state._facts import about

TOKEN = KEYS.sign("unsubscribe", customer=WHO, channel="email", topic="news")
BODY = "List-Unsubscribe=One-Click"
MULTIPART = (
    '--bound\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--bound--\r\n',
    '--b\nContent-Disposition:form-data; name="List-Unsubscribe"\nContent-Type: text/plain\n\nOne-Click\n--b--',
)
GIVEN = about(f.ConsentGiven, 1, channel="email", topic="news", source="checkout")


@pytest.mark.parametrize(
    "body",
    [
        BODY,
        BODY.encode(),
        f"{BODY}\r\n",
        *MULTIPART,
        {"List-Unsubscribe": "One-Click"},
        {"List-Unsubscribe": ["One-Click"]},
    ],
)
def test_one_click_withdraws_what_the_token_names(body: Any) -> None:
    """URL-encoded, multipart or parsed already."""
    (fact,) = one_click(TOKEN, body, keyring=KEYS, at=NOW)
    assert isinstance(fact, f.ConsentWithdrawn)
    assert (fact.customer, fact.channel, fact.topic, fact.at) == (WHO, "email", "news", NOW)
    found = preferences(told(GIVEN, fact), topics=["news"], channels=["email"], now=NOW)
    assert found.of("email", "news").consent == "refused"


@pytest.mark.parametrize(
    "body",
    [
        *("", b"", "List-Unsubscribe=One-click", "a=b", f"{BODY}&x=1", " " * 3_000 + BODY, {}, None, 5),
        *(
            {"List-Unsubscribe": "no"},
            {"List-Unsubscribe": "One-Click", "x": "1"},
            b"\xff" * 30,
            "--a\r\n\r\nOne-Click",
        ),
    ],
)
def test_any_other_body_does_nothing(body: Any) -> None:
    """In the same words as for a wrong token."""
    with pytest.raises(TokenError, match="this link is not valid"):
        one_click(TOKEN, body, keyring=KEYS, at=NOW)


def test_the_same_click_twice_is_one_fact() -> None:
    """At another instant it is another one that says the same."""
    assert one_click(TOKEN, BODY, keyring=KEYS, at=NOW) == one_click(TOKEN, BODY, keyring=KEYS, at=NOW)
    assert one_click(TOKEN, BODY, keyring=KEYS, at=NOW) == unsubscribe(TOKEN, keyring=KEYS, at=NOW)
    (first,), (later,) = (one_click(TOKEN, BODY, keyring=KEYS, at=at) for at in (NOW, NOW + 1))
    assert first.id != later.id


@pytest.mark.parametrize("purpose", ["preferences", "confirm", "start"])
def test_a_token_of_another_purpose_unsubscribes_nobody(purpose: str) -> None:
    """Nor does it show the page."""
    token = KEYS.sign(purpose, customer=WHO)
    with pytest.raises(TokenError):
        unsubscribe(token, keyring=KEYS, at=NOW)
    with pytest.raises(TokenError):
        one_click(token, BODY, keyring=KEYS, at=NOW)
    with pytest.raises(TokenError):
        unsubscribe_page(token, keyring=KEYS, now=NOW)


def test_a_prefetch_changes_nothing() -> None:
    """Opening a link gives a page, no facts: what stood before stands after it."""
    history = told(GIVEN)
    before = preferences(history, topics=["news"], channels=["email"], now=NOW)
    for _ in range(3):
        page = unsubscribe_page(TOKEN, keyring=KEYS, now=NOW)
        assert not isinstance(page, f.Fact | list)
    assert preferences(history, topics=["news"], channels=["email"], now=NOW) == before
    assert (page.claim.topic, page.title, page.button) == ("news", "Unsubscribe", "Unsubscribe")
    assert page.question == "Do you want to unsubscribe from “news”?"


def test_pages_speak_the_customers_language() -> None:
    """A token without topic asks about everything."""
    page = unsubscribe_page(KEYS.sign("unsubscribe", customer=WHO), keyring=KEYS, now=NOW, language="ru-RU")
    assert (page.title, page.question) == ("Отписка", "Вы хотите отписаться?")


def test_a_double_opt_in_is_confirmed_by_its_button() -> None:
    """Opening the link only asks."""
    token = KEYS.sign("confirm", customer=WHO, channel="email", topic="news", tenant="shop")
    assert "“news”" in confirm_page(token, keyring=KEYS, now=NOW, tenant="shop").question
    (fact,) = confirm(token, keyring=KEYS, at=NOW, tenant="shop")
    assert isinstance(fact, f.ConsentConfirmed)
    assert fact.proof == fact.id
    found = preferences(told(GIVEN, fact), topics=["news"], channels=["email"], now=NOW)
    assert found.of("email", "news").consent == "confirmed"


@pytest.mark.parametrize("words", [{}, {"channel": "email"}, {"topic": "news"}])
def test_a_confirmation_needs_channel_and_topic(words: dict[str, Any]) -> None:
    """A consent is to both."""
    with pytest.raises(TokenError):
        confirm(KEYS.sign("confirm", customer=WHO, **words), keyring=KEYS, at=NOW)


def test_the_headers_are_those_of_the_standard() -> None:
    """RFC 8058: the URL in angle brackets, and the body that will be posted."""
    assert unsubscribe_headers("https://shop.example/u", "abc") == {
        "List-Unsubscribe": "<https://shop.example/u?token=abc>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
    assert unsubscribe_headers("https://shop.example/u?a=1", "abc")["List-Unsubscribe"].endswith("?a=1&token=abc>")


@pytest.mark.parametrize(
    ("url", "token", "message"),
    [
        ("http://shop.example/u", "abc", "an https URL"),
        ("https://shop.example/u#top", "abc", "an https URL"),
        ("https://shop.example/u>\r\nBcc: x", "abc", "an https URL"),
        ("https://shop.example/u\n", "abc", "an https URL"),
        ("https://магазин.example/u", "abc", "an https URL"),
        (None, "abc", "an https URL"),
        ("https://shop.example/u", "a>b", "the token is what"),
        ("https://shop.example/u", "abc\n", "the token is what"),
        ("https://shop.example/u", None, "the token is what"),
        ("https://shop.example/" + "u" * 900, "a" * 100, "at most 978 fit"),
    ],
)
def test_what_would_break_a_header_is_refused(url: Any, token: Any, message: str) -> None:
    """Before it is in a message."""
    with pytest.raises(DefinitionError, match=message):
        unsubscribe_headers(url, token)


def test_a_link_unsubscribes_from_what_it_was_made_for() -> None:
    """It is the same for every attempt, and the same one stands in the headers."""
    links = unsubscribe_links(KEYS, "https://shop.example/u?lang=ru", tenant="t1")
    url = links(WHO, "email", "news")
    assert url == links(WHO, "email", "news")
    assert len({url, links("bob", "email", "news"), links(WHO, "sms", "news"), links(WHO, "email", None)}) == 4
    token = url.removeprefix("https://shop.example/u?lang=ru&token=")
    assert unsubscribe_headers("https://shop.example/u?lang=ru", token)["List-Unsubscribe"] == f"<{url}>"
    (fact,) = one_click(token, BODY, keyring=KEYS, at=NOW, tenant="t1")
    assert isinstance(fact, f.ConsentWithdrawn)
    assert (fact.customer, fact.channel, fact.topic) == (WHO, "email", "news")
    with pytest.raises(TokenError):
        one_click(token, BODY, keyring=KEYS, at=NOW)


def test_a_link_that_fits_into_no_header_is_refused() -> None:
    """Names may be long, headers not."""
    with pytest.raises(DefinitionError, match="at most"):
        unsubscribe_links(KEYS, "https://shop.example/" + "x" * 400)("c" * 200, "email", "t" * 200)
