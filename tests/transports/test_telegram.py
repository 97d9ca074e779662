"""Calls of the Bot API, what is told apart in its answers, and what never leaks."""

from __future__ import annotations

import asyncio
import logging
import random
import sys
from typing import Any

import pytest

from retention_engine.envelopes import (
    Button,
    Content,
    Entity,
    NotSent,
    Poll,
    Rejected,
    Sent,
    Styled,
    Unknown,
    compose,
    utf16_length,
)
from retention_engine.errors import DefinitionError, MissingExtra
from retention_engine.testing.fakes import FakeTelegram, bad_gateway, error, flood, reset, slow
from retention_engine.testing.transports import TransportConformance, an_envelope, sending
from retention_engine.transports import (
    AsyncTelegramTransport,
    Failure,
    HttpClient,
    Response,
    TelegramCode,
    TelegramTransport,
    answer_outcome,
    call_of,
    deep_link,
    telegram_outcome,
)

TOKEN = "987654:zzCANARYtoken"
BUTTONS = (Button("Open", url="https://a.example/x"), Button("Stop", callback="stop"))
CALLS = [
    (Content(text="Hi"), "sendMessage", {"text": "Hi"}),
    (
        Content(text="Hi you", entities=[Entity("bold", 0, 2), Entity("text_link", 3, 3, "https://a.example")]),
        "sendMessage",
        {
            "text": "Hi you",
            "entities": [
                {"type": "bold", "offset": 0, "length": 2},
                {"type": "text_link", "offset": 3, "length": 3, "url": "https://a.example"},
            ],
        },
    ),
    (
        Content(text="Hi", buttons=BUTTONS),
        "sendMessage",
        {
            "text": "Hi",
            "reply_markup": {
                "inline_keyboard": [
                    [{"text": "Open", "url": "https://a.example/x"}],
                    [{"text": "Stop", "callback_data": "stop"}],
                ]
            },
        },
    ),
    (
        Content(text="Hi", keyboard=["Yes", "No"]),
        "sendMessage",
        {
            "text": "Hi",
            "reply_markup": {
                "keyboard": [[{"text": "Yes"}], [{"text": "No"}]],
                "resize_keyboard": True,
                "one_time_keyboard": True,
            },
        },
    ),
    (Content(photo="AgAC"), "sendPhoto", {"photo": "AgAC"}),
    (
        Content(photo="https://a.example/p.png", text="Look", entities=[Entity("bold", 0, 4)]),
        "sendPhoto",
        {
            "photo": "https://a.example/p.png",
            "caption": "Look",
            "caption_entities": [{"type": "bold", "offset": 0, "length": 4}],
        },
    ),
    (Content(document="BQAC", text="Bill"), "sendDocument", {"document": "BQAC", "caption": "Bill"}),
    (
        Content(poll=Poll(question="Tea?", options=("Yes", "No"), multiple=True)),
        "sendPoll",
        {
            "question": "Tea?",
            "options": [{"text": "Yes"}, {"text": "No"}],
            "is_anonymous": False,
            "allows_multiple_answers": True,
        },
    ),
    (
        Content(poll=Poll(question="2 + 2?", options=("3", "4"), correct=1, explanation="Count")),
        "sendPoll",
        {
            "question": "2 + 2?",
            "options": [{"text": "3"}, {"text": "4"}],
            "is_anonymous": False,
            "allows_multiple_answers": False,
            "type": "quiz",
            "correct_option_ids": [1],
            "explanation": "Count",
        },
    ),
]


@pytest.mark.parametrize(("content", "method", "params"), CALLS)
def test_content_is_one_call_without_a_parse_mode(content: Content, method: str, params: dict[str, Any]) -> None:
    """Each kind of content has its method, and the server takes it."""
    call = call_of(an_envelope(content=content))
    assert (call.method, call.params) == (method, {"chat_id": 1001, **params})
    with FakeTelegram() as api:
        (outcome,) = sending(TelegramTransport(api.token, base_url=api.url), an_envelope(content=content))
        assert api.messages[0].params == call.params
    assert outcome == Sent("1:poll-1" if method == "sendPoll" else "1")


def test_a_chat_is_a_number_or_a_name() -> None:
    """Numbers go as numbers, names as they are."""
    chats = [call_of(an_envelope(address=each)).params["chat_id"] for each in ("-1001", "@shop")]
    assert chats == [-1001, "@shop"]


NOTHING = [
    Content(),
    Content(text=" \n"),
    Content(photo="file:///etc/passwd"),
    Content(document="http://a.example/x"),
    Content(text="x", poll=Poll(question="?", options=("a", "b"))),
]


@pytest.mark.parametrize("content", NOTHING)
def test_unsuitable_content_is_refused_without_a_call(content: Content) -> None:
    """The template is at fault, and nobody is asked."""
    with FakeTelegram() as api:
        found = [
            *sending(TelegramTransport(api.token, base_url=api.url), an_envelope(content=content)),
            *sending(AsyncTelegramTransport(api.token, base_url=api.url), an_envelope(content=content)),
        ]
        assert api.calls == []
    assert [(type(each), each.code) for each in found] == [(Rejected, "unsuitable_content")] * 2


def test_a_deep_link_starts_the_bot() -> None:
    """The payload is told to the bot; what could not be told is refused."""
    assert deep_link("shop_bot", "a-B_1") == "https://t.me/shop_bot?start=a-B_1"
    assert deep_link("shop_bot", "x", group=True) == "https://t.me/shop_bot?startgroup=x"
    for bot, payload in (("@shop_bot", "x"), ("shop_bot", ""), ("shop_bot", "x" * 65), ("shop_bot", "a b")):
        with pytest.raises(DefinitionError):
            deep_link(bot, payload)


@pytest.mark.parametrize("kind", [TelegramTransport, AsyncTelegramTransport])
def test_no_call_is_made_when_there_is_no_time_left(kind: Any) -> None:
    """The question is asked before the request is written."""
    with FakeTelegram() as api:
        (outcome,) = sending(kind(api.token, base_url=api.url, ready=lambda _: False), an_envelope())
        assert api.calls == []
    assert outcome == NotSent("no_time_left")


@pytest.mark.parametrize("token", ["", "abc", "123456:with space", "123456:a/b", None])
def test_a_token_that_is_none_is_refused_without_being_shown(token: Any) -> None:
    """The message does not repeat it."""
    with pytest.raises(DefinitionError) as caught:
        TelegramTransport(token)
    assert "space" not in str(caught.value)


PARTIAL = [
    Failure(True, "ReadTimeout"),
    Response(502, {}, b"<html>"),
    Response(400, {}, error(400, "Bad Request: message is too long").body),
    Response(403, {}, error(403, "Forbidden: bot was blocked by the user").body),
    Response(500, {}, error(500, "Internal Server Error").body),
]


@pytest.mark.parametrize("reply", PARTIAL)
@pytest.mark.parametrize("method", ["sendMediaGroup", "copyMessages"])
def test_an_error_of_several_messages_at_once_is_partial(method: str, reply: Any) -> None:
    """TG12: some of them may have arrived, so it is never tried again; a flood is still a flood."""
    outcome = telegram_outcome(method, reply)
    assert isinstance(outcome, Unknown)
    assert (outcome.code, outcome.partial) == (TelegramCode.PARTIAL, True)
    assert isinstance(telegram_outcome(method, Response(429, {}, flood(3).body)), NotSent)


ODD = [
    (Response(200, {}, b'{"ok": true, "result": true}'), Sent("")),
    (Response(200, {}, b'{"ok": true, "result": {"message_id": "7"}}'), Sent("")),
    (Response(200, {}, b"[" * 100_000), Unknown("telegram_no_json", "status 200")),
    (Response(404, {}, b"<html>"), Rejected("telegram_bot_refused", "status 404", scope="channel")),
    (Response(413, {}, b""), Rejected("telegram_too_large", "status 413", scope="template")),
    (Response(429, {"retry-after": "Fri"}, b""), NotSent("telegram_rate_limited", "status 429", scope="channel")),
    (Response(418, {}, b'{"ok": false, "error_code": "x"}'), Rejected("telegram_bad_request")),
    (Response(400, {}, b'{"ok": false, "parameters": {"retry_after": -1}}'), Rejected("telegram_bad_request")),
]


@pytest.mark.parametrize(("reply", "outcome"), ODD)
def test_odd_answers_mean_what_is_sure_about_them(reply: Response, outcome: Any) -> None:
    """What says that nothing was done is believed, anything else is open."""
    assert telegram_outcome("sendMessage", reply) == outcome


def test_an_answer_without_a_wait_says_none() -> None:
    """The delivery chooses then."""
    assert answer_outcome("sendMessage", 429, "x", {}) == NotSent("telegram_rate_limited", "x", scope="channel")


@pytest.mark.slow
def test_no_name_becomes_markup() -> None:
    """S2: whatever a customer is called arrives as it is, and styles stand where the template put them."""
    dice = random.Random(5)
    ranges = [(0x20, 0x7F), (0xA0, 0x24F), (0x400, 0x4FF), (0x590, 0x6FF), (0x1F300, 0x1FAFF), (0x4E00, 0x4EFF)]
    strange = ["<b>", "&amp;", "[a](tg://user?id=1)", "*_`~|", "@admin", "\u202e", "{0}"]
    with FakeTelegram() as api:
        transport = TelegramTransport(api.token, base_url=api.url)
        sent = []
        for number in range(300):
            name = "".join(chr(dice.randint(*dice.choice(ranges))) for _ in range(dice.randint(0, 9)))
            text, entities = compose("Hello, ", name + dice.choice(strange), "! ", Styled("bold", "Sale 😀"))
            transport.send(an_envelope(key=f"k{number}", content=Content(text=text, entities=entities)))
            sent.append((text, [{"type": "bold", "offset": utf16_length(text) - 7, "length": 7}]))
        transport.close()
        assert [(each.text, each.params["entities"]) for each in api.messages] == sent
        assert not any("parse_mode" in each.params for each in api.messages)


def test_the_token_is_in_no_log_error_or_repr(caplog: pytest.LogCaptureFixture) -> None:
    """S17: with everything logged and every failure made, the canary is nowhere."""
    caplog.set_level(logging.DEBUG)
    person = an_envelope(content=Content(text="zzPIIzz"), address="1001", name="zzPIIzz")
    faults = [None, flood(1), bad_gateway(), reset(counted=False), slow(9), error(403, f"no {TOKEN}")]
    found: list[Any] = []
    with FakeTelegram(token=TOKEN) as api:
        for kind in (TelegramTransport, AsyncTelegramTransport):
            api.script(*faults)
            transport = kind(TOKEN, base_url=api.url, timeout=0.3)
            found += [transport, *sending(transport, *[person] * len(faults))]
        found += sending(TelegramTransport(TOKEN, base_url="ftp://nowhere.example"), person)
    assert any(each.name == "httpx2" for each in caplog.records), "the client logs at all"
    told = caplog.text + repr(found) + repr([vars(each) for each in found if hasattr(each, "__dict__")])
    assert "zzCANARY" not in told
    assert "zzPIIzz" not in told


def test_what_is_not_logged_with_a_token_stays_as_it_is(caplog: pytest.LogCaptureFixture) -> None:
    """The filter changes lines with a token only."""
    TelegramTransport(TOKEN)
    caplog.set_level(logging.INFO)
    logging.getLogger("httpx2").info("plain %s", "line")
    assert [each.args for each in caplog.records] == [("line",)]


def test_a_client_of_the_host_is_used_and_left_open() -> None:
    """The host's client makes the call and is closed by the host."""
    import httpx2

    with FakeTelegram() as api, httpx2.Client() as client:
        transport = TelegramTransport(api.token, base_url=api.url, client=client)
        assert sending(transport, an_envelope()) == [Sent("1")]
        assert not client.is_closed


def test_closing_what_was_never_opened_is_harmless() -> None:
    """Nothing is opened before the first message."""
    TelegramTransport(TOKEN).close()
    asyncio.run(AsyncTelegramTransport(TOKEN).close())
    HttpClient().close()


@pytest.mark.parametrize("kind", [TelegramTransport, AsyncTelegramTransport])
def test_a_missing_client_says_what_to_install(kind: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the extra."""
    monkeypatch.setitem(sys.modules, "httpx2", None)
    with pytest.raises(MissingExtra, match=r"retention-engine\[telegram\]"):
        kind(TOKEN)


class TestPromises(TransportConformance):
    secrets = ("zzCANARY",)

    @pytest.fixture(autouse=True)
    def _api(self) -> Any:
        with FakeTelegram(token=TOKEN) as self.api:
            yield

    def make_any(self) -> Any:
        return TelegramTransport(TOKEN, base_url=self.api.url)
