"""Mails: what their headers must not do, what survives byte for byte, and how a server is talked to."""

from __future__ import annotations

import random
import string
import sys
from collections.abc import Iterator
from email import message_from_bytes, policy
from typing import Any

import aiosmtplib
import pytest
from aiosmtpd.controller import Controller
from attrs import evolve

from retention_engine.envelopes import Button, Content, Envelope, NotSent, Rejected, Sent, Unknown
from retention_engine.errors import DefinitionError, MissingExtra
from retention_engine.testing.fakes import DROP, FakeSmtp
from retention_engine.testing.fakes.telegram import closed_port
from retention_engine.testing.transports import TransportConformance, an_envelope, sending
from retention_engine.transports import (
    POLICY,
    AsyncSmtpTransport,
    Phase,
    Secret,
    Security,
    Sender,
    Server,
    SmtpReply,
    SmtpTransport,
    enhanced,
    mail_of,
    smtp_outcome,
    unsubscribe_headers,
)
from retention_engine.transports.email.aio import _line
from tests.transports._receiver import certified, trusting

BOTH = pytest.mark.parametrize("kind", [SmtpTransport, AsyncSmtpTransport])
SHOP = Sender("shop@shop.example", name="Магазин", list_id="news.shop.example")
ONE_CLICK = "List-Unsubscribe=One-Click"


def a_mail(text: str = "Ваша корзина ждёт", subject: str = "Ваша корзина", **more: Any) -> Envelope:
    """Return a mail to anna."""
    html = more.pop("html", None)
    content = Content(text=text, subject=subject, html=html)
    return an_envelope(**({"channel": "email", "address": "anna@example.org", "content": content} | more))


def on(port: int, **more: Any) -> Server:
    """Return the settings of a server on this machine."""
    return Server(**({"host": "127.0.0.1", "port": port, "security": Security.NONE, "timeout": 5.0} | more))


def names_in(data: bytes) -> list[str]:
    """Return the names of the headers, but those of the body."""
    body = ("mime-version", "content-type", "content-transfer-encoding")
    return [name for name in message_from_bytes(data, policy=policy.SMTP) if name.lower() not in body]


class Keeper:
    """Keeps the raw bytes that an independent server received."""

    def __init__(self) -> None:
        self.raw: list[bytes] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.raw.append(envelope.original_content)
        return "250 OK"


@pytest.fixture
def keeper() -> Iterator[tuple[int, list[bytes]]]:
    """Return the port of a running aiosmtpd and what it received."""
    handler = Keeper()
    port = closed_port()
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield port, handler.raw
    finally:
        controller.stop()


@BOTH
def test_a_mail_arrives_as_it_was_meant(kind: Any, keeper: tuple[int, list[bytes]]) -> None:
    """Cyrillic subject, sender and text read back equal at a server that is not ours; text first, HTML second."""
    port, raw = keeper
    text = "Ваша корзина ждёт\n.\n..точки\n"
    mail = a_mail(text=text, html="<p>Ждёт</p>", name="Анна", unsubscribe_url="https://s.example/u?t=1")
    (outcome,) = sending(kind(on(port), SHOP), mail)
    found: Any = message_from_bytes(raw[0], policy=policy.SMTP)
    assert isinstance(outcome, Sent)
    assert outcome.id == found["Message-ID"] == f"<{mail.key}@shop.example>"
    assert (found["Subject"], found["From"], found["To"]) == (
        "Ваша корзина",
        "Магазин <shop@shop.example>",
        "Анна <anna@example.org>",
    )
    assert [part.get_content_type() for part in found.iter_parts()] == ["text/plain", "text/html"]
    assert found.get_body(("plain",)).get_content().replace("\r\n", "\n") == text
    assert found["Date"].datetime.isoformat() == "2026-01-01T00:00:00+00:00"


def hostile(count: int) -> Iterator[str]:
    """Yield values that try to become a header of their own."""
    dice = random.Random(3)
    shapes = (
        "x\r\nBcc: b@e.example",
        "x\nBcc: b@e.example",
        "x\rBcc: b@e.example",
        "=?UTF-8?Q?=0ABcc:_b@e.example?=",
        "=?utf-8?b?Cg==?= Bcc: b@e.example",
        "=?UTF-8?Q?a",
        "x\x0bBcc: b",
        "x\x0cBcc: b",
        "x\x85Bcc: b",
        "x\u2028Bcc: b@e.example",
        "x\x00Bcc: b",
        'x" <b@e.example>, "y',
        "x, b@e.example",
        "x <b@e.example>",
        "x\\\r\n\tBcc: b",
    )
    for number in range(count):
        noise = "".join(dice.choice(string.ascii_letters + " é☃,;:<>@\"'\\()") for _ in range(dice.randint(0, 30)))
        yield noise + shapes[number % len(shapes)] + noise[::-1]


@pytest.mark.slow
@pytest.mark.parametrize("place", ["subject", "sender", "recipient", "list id"])
def test_no_value_becomes_a_header(place: str) -> None:
    """S3: each payload is refused, or is a value and nothing else."""
    refused = 0
    for value in hostile(1_000):
        sender = evolve(SHOP, **{"sender": {"name": value}, "list id": {"list_id": value}}.get(place, {}))
        try:
            content = Content(text="x", subject=value if place == "subject" else "s")
            made = mail_of(a_mail(content=content, name=value if place == "recipient" else None), sender)
        except DefinitionError:
            refused += 1
            continue
        assert names_in(made.data) == ["From", "To", "Subject", "Date", "Message-ID", "List-Id"]
        found = message_from_bytes(made.data, policy=policy.SMTP)
        assert [each.addr_spec for each in found["To"].addresses] == ["anna@example.org"]
        assert [each.addr_spec for each in found["From"].addresses] == ["shop@shop.example"]
    assert refused >= 600


@pytest.mark.slow
@BOTH
def test_one_click_unsubscription_survives_byte_for_byte(kind: Any, keeper: tuple[int, list[bytes]]) -> None:
    """S4: links of 40 to 400 characters arrive on one line as they are, beside the second header."""
    port, raw = keeper
    sender = Sender("shop@shop.example", unsubscribe_mailto="u@shop.example")
    urls = [f"https://shop.example/u?t={'aB3-_' * 90}"[:length] for length in range(40, 401, 15)]
    transport = kind(on(port), sender)
    mails = [a_mail(subject="Скидка " * 40, unsubscribe_url=url) for url in urls]
    assert all(isinstance(each, Sent) for each in sending(transport, *mails))
    for data, url in zip(raw, urls, strict=True):
        lines = data.partition(b"\r\n\r\n")[0].split(b"\r\n")
        assert f"List-Unsubscribe: <{url}>, <mailto:u@shop.example>".encode() in lines
        assert f"List-Unsubscribe-Post: {ONE_CLICK}".encode() in lines
        assert max(len(line) for line in lines if not line.startswith(b"List-")) <= 78


@pytest.mark.parametrize(
    "url",
    [
        "http://a.example",
        "https://a.example/ü",
        "https://a.example/>",
        "https://a.example/ b",
        "https://a/" + "x" * 990,
    ],
)
def test_a_link_that_would_not_survive_is_refused(url: str) -> None:
    """It is refused where it is set, not found broken in a mailbox."""
    with pytest.raises(DefinitionError):
        unsubscribe_headers(url)


WRONG = [
    a_mail(address="anna"),
    a_mail(address="анна@example.org"),
    a_mail(address="a@b@example.org"),
    a_mail(address="anna@example.org\r\nBcc: b@e.example"),
    a_mail(content=Content(text="x")),
    a_mail(content=Content(subject="x", text=" ")),
    a_mail(content=Content(subject="x", text="x", buttons=[Button("a", callback="b")])),
    a_mail(unsubscribe_url="http://a.example"),
]


@BOTH
@pytest.mark.parametrize("mail", WRONG)
def test_what_is_no_mail_is_refused_without_a_call(kind: Any, mail: Envelope) -> None:
    """Nothing is opened for it."""
    with FakeSmtp() as server:
        (outcome,) = sending(kind(on(server.port), SHOP), mail)
        assert server.commands == []
    assert isinstance(outcome, Rejected)
    assert outcome.code == "unsuitable_content"


def test_a_sender_has_an_address() -> None:
    """A sender is wrong where it is written."""
    with pytest.raises(DefinitionError):
        Sender("shop")


def test_html_alone_gets_a_text_beside_it() -> None:
    """Every mail has a text, and an odd key gives a Message-ID all the same."""
    made = mail_of(a_mail(key="rule:x/1", content=Content(subject="s", html="<p>x</p>")), SHOP)
    assert b"text/plain" in made.data
    assert made.message_id.endswith("@shop.example>")
    assert "/" not in made.message_id


def test_a_header_that_reads_differently_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bytes are read back: what the library of this Python gets wrong is not sent."""
    made = mail_of(a_mail(), SHOP)
    module = sys.modules[mail_of.__module__]
    for other in (made.data.replace(b"Subject: ", b"Subject: x"), b"Bcc: b@e.example\r\n" + made.data):
        monkeypatch.setattr(module, "_serialised", lambda _, other=other: other)
        with pytest.raises(DefinitionError):
            mail_of(a_mail(), SHOP)


@BOTH
def test_the_point_of_no_return_is_the_dot(kind: Any) -> None:
    """Without time left the dot is not sent, and the server accepts nothing."""
    with FakeSmtp() as server:
        (outcome,) = sending(kind(on(server.port), SHOP, ready=lambda _: False), a_mail())
        assert server.mails == []
        assert "DATA" in server.commands
    assert outcome == NotSent("no_time_left")


@BOTH
def test_starttls_and_login(kind: Any) -> None:
    """The password goes over TLS, and never into a repr."""
    with FakeSmtp(context=certified(), login=True) as server:
        how = on(
            server.port,
            host="localhost",
            security=Security.STARTTLS,
            user="shop",
            password=Secret("zzSECRET"),
            context=trusting(),
        )
        transport = kind(how, SHOP)
        assert "zzSECRET" not in repr(how)
        (outcome,) = sending(transport, a_mail())
        assert [each.partition(" ")[0].upper() for each in server.commands[:4]] == ["EHLO", "STARTTLS", "EHLO", "AUTH"]
    assert isinstance(outcome, Sent), outcome


@BOTH
def test_a_certificate_nobody_signed_means_not_sent(kind: Any) -> None:
    """SM1: a failure of TLS happens before anything was said."""
    with FakeSmtp(context=certified()) as server:
        (outcome,) = sending(kind(on(server.port, security=Security.STARTTLS), SHOP), a_mail())
        assert not any(line.startswith("MAIL") for line in server.commands)
    assert isinstance(outcome, NotSent), outcome


@BOTH
def test_a_server_without_tls_or_login_pauses_the_channel(kind: Any) -> None:
    """SM6: nothing is sent in the clear that was meant to be safe."""
    with FakeSmtp() as server:
        for how in (on(server.port, security=Security.STARTTLS), on(server.port, user="shop")):
            (outcome,) = sending(kind(how, SHOP), a_mail())
            assert isinstance(outcome, Rejected), outcome
            assert (outcome.code, outcome.scope) == ("smtp_login_refused", "channel")
        assert not any(line.startswith("MAIL") for line in server.commands)


@BOTH
def test_a_refused_login_pauses_the_channel(kind: Any) -> None:
    """SM6, as the server says it while logging in."""
    with FakeSmtp(login=True) as server:
        server.script("auth", *["535 5.7.8 zzPIIzz@example.org"] * 3)
        (outcome,) = sending(kind(on(server.port, user="shop", password=Secret("x")), SHOP), a_mail())
    assert isinstance(outcome, Rejected), outcome
    assert (outcome.code, outcome.scope) == ("smtp_login_refused", "channel")
    assert "zzPIIzz" not in repr(outcome)


@BOTH
def test_tls_from_the_start(kind: Any) -> None:
    """A server that speaks no TLS at such a port was not reached."""
    with FakeSmtp() as server:
        how = on(server.port, security=Security.TLS, timeout=1.0)
        (outcome,) = sending(kind(how, SHOP), a_mail())
    assert isinstance(outcome, NotSent), outcome


@BOTH
def test_an_old_server_is_greeted_the_old_way(kind: Any) -> None:
    """A server that does not know EHLO is told HELO; one that is closing is not asked twice."""
    with FakeSmtp() as server:
        server.script("ehlo", "502 unknown", "250 hello")
        (first,) = sending(kind(on(server.port), SHOP), a_mail())
        server.script("ehlo", "421 closing")
        (second,) = sending(kind(on(server.port), SHOP), a_mail())
    assert isinstance(first, Sent), first
    assert isinstance(second, NotSent), second


@BOTH
def test_a_greeting_that_refuses_is_a_reply(kind: Any) -> None:
    """What the server says instead of a greeting counts."""
    with FakeSmtp() as server:
        server.script("connect", "554 5.7.1 blocked")
        (outcome,) = sending(kind(on(server.port), SHOP), a_mail())
    assert isinstance(outcome, Rejected), outcome
    assert outcome.code == "smtp_policy"


@BOTH
def test_nonsense_is_open_after_the_dot_only(kind: Any) -> None:
    """A reply that is none: before the dot nothing was accepted, after it nobody knows."""
    with FakeSmtp() as server:
        server.script("rcpt", "what?")
        server.script("dot", "399 what?")
        found = [*sending(kind(on(server.port, timeout=1.0), SHOP), a_mail(), a_mail())]
    assert [type(each) for each in found] == [NotSent, Unknown], found


@BOTH
def test_the_data_command_can_be_refused(kind: Any) -> None:
    """A refused DATA is a reply; an odd success is no permission to talk."""
    with FakeSmtp() as server:
        server.script("data", "554 5.7.1 no", "250 ok")
        found = sending(kind(on(server.port, timeout=1.0), SHOP), a_mail(), a_mail())
        assert server.mails == []
    assert [type(each) for each in found] == [Rejected, NotSent], found


def test_a_missing_library_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the extra."""
    monkeypatch.setitem(sys.modules, "aiosmtplib", None)
    with pytest.raises(MissingExtra, match=r"retention-engine\[email\]"):
        AsyncSmtpTransport(on(25), SHOP)


def test_a_line_that_is_gone_is_an_error_before_the_dot() -> None:
    """Nothing can be written to it."""
    with pytest.raises(ConnectionResetError):
        _line(aiosmtplib.SMTP())


def test_the_policy_is_the_same_for_texts() -> None:
    """A mail that is shown has the lines of the one that is sent."""
    assert POLICY.fold("List-Id", "<a.example>") == "List-Id: <a.example>\r\n"
    assert POLICY.fold("Subject", "x" * 5) == "Subject: xxxxx\r\n"


def test_only_a_code_at_the_start_is_an_enhanced_one() -> None:
    """A number in the text is none."""
    assert [enhanced(each) for each in ("5.1.1 unknown", "see 5.1.1", "5.1.1x", "", "5.7.26")] == [
        "5.1.1",
        "",
        "",
        "",
        "5.7.26",
    ]


def test_a_full_mailbox_is_soft_in_both_forms() -> None:
    """SM5 by its code alone."""
    assert smtp_outcome(Phase.RCPT, SmtpReply(552, "5.2.2 full")).code == "smtp_mailbox_full"


def test_nothing_of_a_person_is_told_by_a_failure() -> None:
    """S17: neither outcomes nor settings show the address a server repeats."""
    with FakeSmtp() as server:
        server.script("rcpt", "550 5.1.1 <zzPIIzz@example.org>: no such user", DROP)
        mails = [a_mail(address="zzPIIzz@example.org", text="zzPIIzz", name="zzPIIzz")] * 2
        found = sending(SmtpTransport(on(server.port), SHOP), *mails)
        assert server.mails == []
    assert "zzPIIzz" not in repr(found) + repr(mails)


class TestPromises(TransportConformance):
    secrets = ("zzSECRET",)

    @pytest.fixture(autouse=True)
    def _server(self) -> Any:
        with FakeSmtp() as self.server:
            yield

    def make_any(self) -> Any:
        return SmtpTransport(on(self.server.port, password=Secret("zzSECRET")), SHOP)

    def envelope(self, **changes: Any) -> Envelope:
        return an_envelope(**({"channel": "email", "address": "anna@example.org"} | changes))
