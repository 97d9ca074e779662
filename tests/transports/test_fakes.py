"""The fakes understand what bots and mail programs send, and measure by themselves."""

from __future__ import annotations

import json
import smtplib
import sys
import urllib.error
import urllib.request
from types import SimpleNamespace
from typing import Any

import pytest

from retention_engine.envelopes import Content, NotSent, Poll, Sent
from retention_engine.testing.fakes import FakeSmtp, FakeTelegram, error
from retention_engine.testing.fakes.telegram import _most
from retention_engine.testing.transports import TransportConformance, an_envelope, sending
from retention_engine.transports import TelegramTransport

FORM = (
    b'--x\r\nContent-Disposition: form-data; name="chat_id"\r\n\r\n7\r\n'
    b'--x\r\nContent-Disposition: form-data; name="text"\r\n\r\n\xd0\xaf\r\n'
    b'--x\r\nContent-Disposition: form-data; name="entities"\r\n\r\n[]\r\n--x--\r\n'
)
WAYS = [
    ("", b'{"chat_id": 7, "text": "\xd0\xaf"}', "application/json"),
    ("", b"chat_id=7&text=%D0%AF&entities=%5B%5D", "application/x-www-form-urlencoded"),
    ("", FORM, "multipart/form-data; boundary=x"),
    ("?chat_id=7&text=%D0%AF", None, ""),
]


def ask(api: FakeTelegram, method: str, body: bytes | None = None, kind: str = "application/json") -> Any:
    """Return the result of a call, made without our client."""
    headers = {"content-type": kind} if body else {}
    request = urllib.request.Request(f"{api.url}/bot{api.token}/{method}", data=body, headers=headers)
    with urllib.request.urlopen(request) as answer:
        return json.loads(answer.read())["result"]


@pytest.mark.parametrize(("query", "body", "kind"), WAYS)
def test_every_way_to_pass_parameters_is_understood(query: str, body: bytes | None, kind: str) -> None:
    """JSON, both kinds of forms, and the address itself."""
    with FakeTelegram() as api:
        assert ask(api, f"sendMessage{query}", body, kind)["message_id"] == 1
        assert api.delivered(7) == ["Я"]


def test_a_bot_can_look_around() -> None:
    """Other methods have plausible results, and updates wait to be fetched."""
    with FakeTelegram() as api:
        api.update(message={"text": "/start"})
        api.update(message={"text": "/stop"})
        assert ask(api, "getMe")["is_bot"] is True
        assert [each["message"]["text"] for each in ask(api, "getUpdates", b'{"offset": 2}')] == ["/stop"]
        assert ask(api, "getChat", b'{"chat_id": 7}')["id"] == 7
        assert ask(api, "deleteMessage", b"{}") is True
        with pytest.raises(urllib.error.HTTPError):
            urllib.request.urlopen(f"{api.url}/nonsense")


def test_faults_are_for_one_chat_or_for_whatever_comes() -> None:
    """A script runs once, a blocked chat stays blocked."""
    with FakeTelegram() as api:
        api.script(error(500, "x"), chat=2)
        api.script(error(403, "y"), None)
        api.block(4)
        mails = [an_envelope(address=each) for each in ("1", "2", "2", "3", "4", "4")]
        found = sending(TelegramTransport(api.token, base_url=api.url), *mails)
        api.always(4, None)
        found += sending(TelegramTransport(api.token, base_url=api.url), an_envelope(address="4"))
    assert [each.code for each in found] == [
        "telegram_forbidden",
        "telegram_server_error",
        "sent",
        "sent",
        "telegram_blocked",
        "telegram_blocked",
        "sent",
    ]


def test_rates_are_measured_and_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is over the limit is answered by 429, and the measure is the server's own."""
    assert _most([0.0, 0.5, 0.9, 1.0, 1.4, 5.0], 1.0) == 4
    monkeypatch.setattr(sys.modules[FakeTelegram.__module__], "time", SimpleNamespace(monotonic=lambda: 5.0))
    with FakeTelegram(per_second=3, per_chat=2) as api:
        mails = [an_envelope(address=each) for each in ("1", "1", "1", "2", "3")]
        found = sending(TelegramTransport(api.token, base_url=api.url), *mails)
        assert (api.most_per_second(), api.most_per_second("1")) == (3, 2)
    assert [type(each) for each in found] == [Sent, Sent, NotSent, Sent, NotSent]


def test_polls_have_an_id() -> None:
    """As the real ones, so that answers can be told apart."""
    poll = Content(poll=Poll(question="?", options=("a", "b")))
    with FakeTelegram() as api:
        assert sending(TelegramTransport(api.token, base_url=api.url), an_envelope(content=poll)) == [Sent("1:poll-1")]
        assert api.delivered(1001) == ["?"]


def test_the_mail_server_talks_to_any_mail_program() -> None:
    """The standard library's client is served, too."""
    with FakeSmtp() as server:
        with smtplib.SMTP("127.0.0.1", server.port, local_hostname="here") as client:
            assert client.docmd("NOOP")[0] == 502
            client.sendmail("a@a.example", "b@b.example", "Subject: x\r\n\r\n.dot\r\n")
        (mail,) = server.mails
        assert (mail.sender, mail.recipient, mail.message["Subject"]) == ("a@a.example", "b@b.example", "x")
        assert mail.message.get_content() == ".dot\r\n"


class Silent(TransportConformance):
    """A transport nobody made."""


def test_the_suite_asks_for_a_transport() -> None:
    """Whoever forgets to make one is told."""
    with pytest.raises(NotImplementedError):
        Silent().make_any()
