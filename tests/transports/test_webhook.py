"""Webhooks: signatures of the specification, where they may go, and what answers mean."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from ipaddress import ip_address
from typing import Any

import pytest

from retention_engine.envelopes import Button, Content, NotSent, Rejected, Sent, Unknown
from retention_engine.errors import DefinitionError, SignatureError
from retention_engine.testing.transports import an_envelope, sending
from retention_engine.transports import (
    AsyncWebhookTransport,
    Failure,
    Response,
    Signer,
    WebhookTransport,
    check_url,
    is_public,
    payload_of,
    resolve_host,
    target_of,
    verify_webhook,
    webhook_outcome,
)
from tests.transports._receiver import HERE, Receiver, receiving, trusting

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # the example of the specification
OTHER = f"whsec_{base64.b64encode(b'another secret of 32 bytes ......').decode()}"
BOTH = pytest.mark.parametrize("kind", [WebhookTransport, AsyncWebhookTransport])
ID, AT, BODY = "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, b'{"test": 2432232314}'
HEADERS = {
    "Webhook-Id": ID,
    "Webhook-Timestamp": str(AT),
    "Webhook-Signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
}


def test_the_signature_is_that_of_the_specification() -> None:
    """The same bytes as its reference libraries make."""
    found = Signer(SECRET, OTHER).headers(ID, AT, BODY)
    assert found == {name.lower(): value for name, value in HEADERS.items()}


@pytest.mark.parametrize("now", [AT, AT + 300, AT - 300])
@pytest.mark.parametrize("secrets", [[SECRET], [OTHER, SECRET]])
def test_a_genuine_webhook_is_known(secrets: list[str], now: int) -> None:
    """By any of the secrets, within the tolerance, whatever the case of the headers."""
    assert verify_webhook(BODY, HEADERS, secrets=secrets, now=now) == ID


def test_one_of_several_signatures_is_enough() -> None:
    """A sender that changes its secret signs by both."""
    headers = HEADERS | {"Webhook-Signature": f"v1a,xx v1,é {HEADERS['Webhook-Signature']}"}
    assert verify_webhook(BODY, headers, secrets=[SECRET], now=AT) == ID


FORGED = [
    (BODY + b" ", {}, AT),
    (json.dumps(json.loads(BODY), separators=(",", ":")).encode(), {}, AT),
    (BODY, {"Webhook-Id": "msg_other"}, AT),
    (BODY, {"Webhook-Id": ""}, AT),
    (BODY, {"Webhook-Timestamp": str(AT + 1)}, AT),
    (BODY, {"Webhook-Timestamp": f"{AT}.0"}, AT),
    (BODY, {"Webhook-Timestamp": "1" * 5000}, AT),
    (BODY, {"Webhook-Timestamp": "-1"}, AT),
    (BODY, {"Webhook-Signature": ""}, AT),
    (BODY, {"Webhook-Signature": "v1," + "A" * 43 + "="}, AT),
    (BODY, {"Webhook-Signature": HEADERS["Webhook-Signature"].replace("v1,", "v2,")}, AT),
    (BODY, {}, AT + 301),
    (BODY, {}, AT - 301),
    ("text", {}, AT),
]


@pytest.mark.parametrize(("body", "changes", "now"), FORGED)
def test_what_is_not_genuine_is_refused_without_a_reason(body: Any, changes: dict[str, str], now: int) -> None:
    """S8: altered body, id or timestamp, re-written JSON, old and future ones: one message for all."""
    with pytest.raises(SignatureError, match=r"^this webhook is not genuine$"):
        verify_webhook(body, HEADERS | changes, secrets=[SECRET], now=now)


def test_every_flipped_bit_is_refused() -> None:
    """S8: no bit of the signature, the id or the body can be changed."""
    raw = base64.b64decode(HEADERS["Webhook-Signature"].removeprefix("v1,"))
    for bit in range(len(raw) * 8):
        flipped = (int.from_bytes(raw) ^ (1 << bit)).to_bytes(len(raw))
        headers = HEADERS | {"Webhook-Signature": f"v1,{base64.b64encode(flipped).decode()}"}
        with pytest.raises(SignatureError):
            verify_webhook(BODY, headers, secrets=[SECRET], now=AT)


def test_a_large_body_is_refused_before_it_is_looked_at() -> None:
    """S8: at most a megabyte, genuine or not."""
    body = b"x" * 1_000_001
    with pytest.raises(SignatureError):
        verify_webhook(body, Signer(SECRET).headers(ID, AT, body), secrets=[SECRET], now=AT)


@pytest.mark.parametrize("secrets", [[], [""], ["whsec_short"], ["whsec_é"], [None], ["whsec_" + "A" * 400]])
def test_without_a_good_secret_nothing_is_accepted(secrets: list[Any]) -> None:
    """No secret is an error and not a wildcard."""
    with pytest.raises(DefinitionError):
        verify_webhook(BODY, HEADERS, secrets=secrets, now=AT)


def test_secrets_are_not_shown_and_ids_have_no_dot() -> None:
    """A dot in an id would let two webhooks have one signature."""
    assert repr(Signer(SECRET, OTHER)) == "Signer(<2 secrets>)"
    for id in ("", "a.b", "é", "a\n"):
        with pytest.raises(DefinitionError):
            Signer(SECRET).headers(id, AT, BODY)


CLOSED = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.1",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",
    "169.254.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.0.1",
    "192.168.255.255",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.7",
    "203.0.113.9",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "168.63.129.16",
    "::",
    "::1",
    "::7f00:1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:a9fe:a9fe",
    "::ffff:0:7f00:1",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:2::1",
    "2001:10::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:a9fe:a9fe::",
    "2002:c0a8:1::1",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fd12:3456::1",
    "fe80::1",
    "febf::1",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
    "4000::1",
]
PUBLIC = [
    "1.1.1.1",
    "8.8.8.8",
    "172.15.0.1",
    "172.32.0.1",
    "100.63.0.1",
    "192.169.0.1",
    "2606:4700::1111",
    "2a00:1450::1",
    "::ffff:8.8.8.8",
    "64:ff9b::808:808",
]
SPELT = [
    "2130706433",
    "0x7f000001",
    "017700000001",
    "0x7f.1",
    "127.1",
    "127.0.1",
    "0177.0.0.1",
    "0x7f.0.0.1",
    "00000127.0.0.1",
    "127.0.0.1.",
    "0xa9fea9fe",
    "2852039166",
    "169.254.43518",
    "0251.0376.0251.0376",
    "1.1.1.0x1",
]


@pytest.mark.parametrize("address", CLOSED)
def test_addresses_inside_are_not_public(address: str) -> None:
    """S9: private, local, metadata and reserved ones, also wrapped into version 6."""
    assert not is_public(ip_address(address))
    with pytest.raises(DefinitionError, match="not public"):
        target_of("https://hooks.example.test/x", lambda *_: ["1.1.1.1", address])


@pytest.mark.parametrize("address", PUBLIC)
def test_addresses_of_the_internet_are_public(address: str) -> None:
    """Neighbours of closed networks are open."""
    assert is_public(ip_address(address))


@pytest.mark.parametrize("host", SPELT)
def test_an_address_in_disguise_never_gets_through(host: str) -> None:
    """S9: decimal, octal, hexadecimal and shortened forms, whatever the resolver makes of them."""
    with pytest.raises(DefinitionError):
        target_of(f"https://{host}/", lambda *_: ["127.0.0.1"])


BAD_URLS = [
    "http://hooks.example.test/",
    "ftp://hooks.example.test/",
    "https://",
    "https:///x",
    "https://user@hooks.example.test/",
    "https://user:pass@hooks.example.test/",
    "https://hooks.example.test:0/",
    "https://hooks.example.test:99999/",
    "https://hooks.example.test:x/",
    "https://[::1",
    "https://[fe80::1%25eth0]/",
    "https://hooks_.example-.test/",
    "https://é.example.test/",
    "https://hooks.example.test/a\nb",
    "https://a b/",
    "https://1.2.3.4.5/",
]


@pytest.mark.parametrize("url", BAD_URLS)
def test_a_url_that_is_no_plain_https_is_refused(url: str) -> None:
    """S9: no other scheme, no user, no odd host or port."""
    with pytest.raises(DefinitionError):
        check_url(url)


def test_a_literal_address_is_checked_like_any_other() -> None:
    """Plain addresses are resolved to themselves."""
    assert {str(ip_address(each)) for each in resolve_host("127.0.0.1", 443)} == {"127.0.0.1"}
    for url in ("https://127.0.0.1/", "https://[::1]/", "https://[::ffff:169.254.169.254]/"):
        with pytest.raises(DefinitionError, match="not public"):
            target_of(url, resolve_host)


def test_the_address_that_was_checked_is_the_one_that_is_used() -> None:
    """S9: a name that changes its address is asked for once."""
    answers = iter([["8.8.8.8"], ["127.0.0.1"]])
    target = target_of("https://hooks.example.test:8443/p/a?q=1#f", lambda *_: next(answers))
    assert target is not None
    assert (target.url, target.host, target.hostname) == (
        "https://8.8.8.8:8443/p/a?q=1",
        "hooks.example.test:8443",
        "hooks.example.test",
    )
    six = target_of("https://hooks.example.test", lambda *_: ["2606:4700::1111%eth0"])
    assert six is not None
    assert six.url == "https://[2606:4700::1111]:443/"
    assert next(answers) == ["127.0.0.1"]


def nowhere(host: str, port: int) -> list[str]:
    """Know no name."""
    raise OSError


def test_a_name_without_an_address_is_not_sent() -> None:
    """It may have one later."""
    for resolve in (nowhere, lambda *_: []):
        (outcome,) = sending(WebhookTransport(Signer(SECRET), resolve=resolve), hook("https://hooks.example.test/"))
        assert outcome == NotSent("webhook_unreached", "no address")


def hook(url: str, **more: Any) -> Any:
    """Return an envelope to a URL."""
    return an_envelope(channel="webhook", address=url, **more)


@pytest.fixture
def receiver() -> Iterator[tuple[int, type[Receiver]]]:
    """Return the port of an https server on this machine, and what it is told and keeps."""
    yield from receiving()


def here(kind: Any, **more: Any) -> Any:
    """Return a transport to this machine that trusts its certificate."""
    return kind(Signer(SECRET), verify=trusting(), **HERE, **more)


@BOTH
def test_a_webhook_arrives_signed_and_named(kind: Any, receiver: tuple[int, type[Receiver]]) -> None:
    """The connection goes to the address, the certificate and the host header to the name."""
    port, handler = receiver
    envelope = hook(f"https://hooks.example.test:{port}/in?x=1", data={"total": 5})
    found = sending(here(kind), envelope, envelope)
    ((path, headers, body), again) = handler.came
    assert path == "/in?x=1"
    assert headers["host"] == f"hooks.example.test:{port}"
    id = verify_webhook(body, headers, secrets=[SECRET], now=envelope.at // 1_000_000)
    assert found == [Sent(id, text="status 200")] * 2
    assert again[1]["webhook-id"] == id
    assert json.loads(body)["data"]["data"] == {"total": 5}


@BOTH
def test_a_certificate_of_another_name_is_no_connection(kind: Any, receiver: tuple[int, type[Receiver]]) -> None:
    """Pinning the address does not loosen the certificate."""
    port, handler = receiver
    (outcome,) = sending(here(kind), hook(f"https://other.example.test:{port}/"))
    assert handler.came == []
    assert isinstance(outcome, NotSent), outcome


@BOTH
def test_a_redirect_is_not_followed(kind: Any, receiver: tuple[int, type[Receiver]]) -> None:
    """S9: a redirect could lead inside."""
    port, handler = receiver
    handler.status = 302
    (outcome,) = sending(here(kind), hook(f"https://hooks.example.test:{port}/"))
    assert len(handler.came) == 1
    assert isinstance(outcome, Rejected)
    assert outcome.code == "webhook_redirected"


@BOTH
def test_an_address_inside_is_refused_without_a_call(kind: Any, receiver: tuple[int, type[Receiver]]) -> None:
    """S9: without permission for the network, nothing is opened."""
    port, handler = receiver
    transport = kind(Signer(SECRET), resolve=lambda *_: ["127.0.0.1"])
    (outcome,) = sending(transport, hook(f"https://hooks.example.test:{port}/"))
    assert handler.came == []
    assert isinstance(outcome, Rejected)
    assert (outcome.code, outcome.scope) == ("webhook_not_allowed", "address")


@BOTH
def test_too_much_or_too_late_is_not_sent(kind: Any) -> None:
    """Nothing is opened for it."""
    large = Content(text="x" * 1_000_001)
    (first,) = sending(here(kind), hook("https://hooks.example.test/", content=large))
    (second,) = sending(here(kind, ready=lambda _: False), hook("https://hooks.example.test/"))
    assert [first.code, second.code] == ["unsuitable_content", "no_time_left"]


ANSWERS = [
    (Response(204), Sent("i", text="status 204")),
    (
        Response(429, {"retry-after": "9"}),
        NotSent("webhook_rate_limited", "status 429", retry_after=9, scope="channel"),
    ),
    (Response(410), Rejected("webhook_gone", "status 410", scope="address")),
    (Response(401), Rejected("webhook_refused", "status 401", scope="channel")),
    (Response(308), Rejected("webhook_redirected", "status 308")),
    (Response(422), Rejected("webhook_refused", "status 422")),
    (Response(503), Unknown("webhook_server_error", "status 503")),
    (Failure(True, "ReadTimeout"), Unknown("webhook_no_answer", "ReadTimeout")),
    (Failure(False, "ConnectError"), NotSent("webhook_unreached", "ConnectError")),
]


@pytest.mark.parametrize(("reply", "outcome"), ANSWERS)
def test_a_status_has_a_meaning(reply: Any, outcome: Any) -> None:
    """What is sure is told, the rest is open."""
    assert webhook_outcome(reply, "i") == outcome


def test_the_payload_says_what_there_is() -> None:
    """Empty parts are left out."""
    content = Content(text="Hi", buttons=[Button("Go", url="https://a.example")])
    found = json.loads(payload_of(hook("https://a.example", content=content)))
    assert (found["type"], found["timestamp"]) == ("message.send", "2026-01-01T00:00:00Z")
    assert found["data"]["content"] == {
        "text": "Hi",
        "buttons": [{"text": "Go", "url": "https://a.example", "callback": None}],
    }
