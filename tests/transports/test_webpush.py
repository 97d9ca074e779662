"""Notifications in browsers: readable by one browser only, signed by the shop, and answered by the table."""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Iterator
from typing import Any

import http_ece
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from py_vapid import Vapid02

from retention_engine.envelopes import Button, Content, Envelope, NotSent, Poll, Rejected, Sent, Unknown
from retention_engine.errors import DefinitionError, MissingExtra
from retention_engine.keys import fingerprint
from retention_engine.testing.fakes.telegram import closed_port
from retention_engine.testing.transports import TransportConformance, an_envelope, sending
from retention_engine.transports import (
    AsyncWebPushTransport,
    Failure,
    PushKey,
    Secret,
    Subscription,
    WebPushTransport,
    note_of,
    webpush_outcome,
)
from retention_engine.transports.http import Response
from tests.transports._receiver import HERE, Receiver, receiving, trusting

BOTH = pytest.mark.parametrize("kind", [WebPushTransport, AsyncWebPushTransport])
OF_SHOP, OF_BROWSER = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
AUTH = bytes(range(16))


def text_of(raw: bytes) -> str:
    """Return base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


RAW = text_of(OF_SHOP.private_numbers().private_value.to_bytes(32, "big"))
WRITTEN = OF_SHOP.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
).decode()
KEY = PushKey(private=Secret(RAW), contact="mailto:shop@shop.example")
POINT = OF_BROWSER.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)


def subscribed(endpoint: str, **keys: Any) -> str:
    """Return what a browser tells the shop."""
    return json.dumps({"endpoint": endpoint, "keys": {"p256dh": text_of(POINT), "auth": text_of(AUTH)} | keys})


def a_note(port: int = 443, **more: Any) -> Envelope:
    """Return an envelope to the browser of anna."""
    address = subscribed(f"https://hooks.example.test:{port}/send/secret-of-anna")
    return an_envelope(**({"channel": "webpush", "address": address} | more))


@pytest.fixture
def service() -> Iterator[tuple[int, type[Receiver]]]:
    """Return the port of an https server on this machine, and what it is told and keeps."""
    yield from receiving(201)


def here(kind: Any, key: PushKey = KEY, **more: Any) -> Any:
    """Return a transport to this machine that trusts its certificate."""
    return kind(key, verify=trusting(), **HERE | more)


@BOTH
@pytest.mark.parametrize("private", [RAW, WRITTEN], ids=["raw", "written"])
def test_only_the_browser_can_read_it(kind: Any, private: str, service: tuple[int, type[Receiver]]) -> None:
    """An independent decryption and an independent check of the signature agree with what was meant."""
    port, handler = service
    content = Content(subject="Ваша корзина", text="Она ждёт 👋", buttons=[Button("Go", url="https://shop.example/c")])
    transport = here(kind, PushKey(private=Secret(private), contact="mailto:shop@shop.example"), ttl=60)
    envelope = a_note(port, content=content)
    found = sending(transport, envelope, envelope)
    (path, headers, body), (_, again, other) = handler.came
    assert found == [Sent(fingerprint(envelope.key), text="status 201")] * 2
    assert path == "/send/secret-of-anna"
    said = json.loads(http_ece.decrypt(body, private_key=OF_BROWSER, auth_secret=AUTH, version="aes128gcm"))
    assert said == {
        "title": "Ваша корзина",
        "body": "Она ждёт 👋",
        "links": [{"text": "Go", "url": "https://shop.example/c"}],
        "key": envelope.key,
    }
    assert Vapid02.verify(headers["authorization"])
    token, _, public = headers["authorization"].removeprefix("vapid t=").partition(",k=")
    claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    wanted = {"aud": f"https://hooks.example.test:{port}", "exp": 1_767_225_600 + 43_200}
    assert claims == wanted | {"sub": "mailto:shop@shop.example"}
    assert public == text_of(
        OF_SHOP.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    )
    assert (headers["ttl"], headers["content-encoding"], headers["host"]) == (
        "60",
        "aes128gcm",
        f"hooks.example.test:{port}",
    )
    assert headers["topic"] == again["topic"]
    assert len(headers["topic"]) <= 32
    assert body != other


ANSWERS = [
    (201, Sent(fingerprint("0123456789abcdef0123456789abcdef"), text="status 201")),
    (200, Sent(fingerprint("0123456789abcdef0123456789abcdef"), text="status 200")),
    (404, Rejected("webpush_gone", "status 404", scope="address")),
    (410, Rejected("webpush_gone", "status 410", scope="address")),
    (429, NotSent("webpush_rate_limited", "status 429", retry_after=9, scope="channel")),
    (413, Rejected("webpush_too_large", "status 413", scope="template")),
    (401, Rejected("webpush_not_authentic", "status 401", scope="channel")),
    (403, Rejected("webpush_not_authentic", "status 403", scope="channel")),
    (400, Rejected("webpush_refused", "status 400")),
    (307, Rejected("webpush_refused", "status 307")),
    (500, Unknown("webpush_server_error", "status 500")),
    (503, Unknown("webpush_server_error", "status 503")),
]


@pytest.mark.parametrize(("status", "outcome"), ANSWERS)
def test_every_answer_has_a_meaning(status: int, outcome: Any, service: tuple[int, type[Receiver]]) -> None:
    """The table, row by row, over a socket; a redirect is not followed."""
    port, handler = service
    handler.status = status
    assert sending(here(WebPushTransport), a_note(port)) == [outcome]
    assert len(handler.came) == 1


@BOTH
def test_a_service_that_is_not_there_was_not_reached(kind: Any) -> None:
    """Surely not sent; what is lost after it was written is open."""
    (outcome,) = sending(here(kind), a_note(closed_port()))
    assert outcome == NotSent("webpush_unreached", "ConnectError")
    assert webpush_outcome(Failure(True, "ReadTimeout"), "i") == Unknown("webpush_no_answer", "ReadTimeout")
    assert webpush_outcome(Response(204), "i") == Sent("i", text="status 204")
    (nowhere,) = sending(here(kind, resolve=lambda *_: []), a_note())
    assert nowhere == NotSent("webpush_unreached", "no address")


WRONG = [
    "anna",
    "{}",
    "[" * 9_000,
    json.dumps({"endpoint": "https://push.example.org/x"}),
    subscribed("http://push.example.org/x"),
    subscribed("https://user@push.example.org/x"),
    subscribed("https://[2606:4700::1111]/x"),
    subscribed("https://push.example.org/x", auth="AA"),
    subscribed("https://push.example.org/x", auth=7),
    subscribed("https://push.example.org/x", p256dh=text_of(POINT[:-1])),
    subscribed("https://push.example.org/x", p256dh=text_of(b"\x04" + b"\x01" * 64)),
    json.dumps({"endpoint": 7, "keys": {"p256dh": text_of(POINT), "auth": text_of(AUTH)}}),
]


@pytest.mark.parametrize("address", WRONG, ids=range(len(WRONG)))
def test_what_is_no_subscription_is_refused_without_a_call(address: str) -> None:
    """Whoever sent it to the shop cannot make it call elsewhere, nor break the sending to others."""
    transport = here(WebPushTransport, resolve=lambda *_: ["1.1.1.1"])
    (outcome,) = sending(transport, a_note(address=address))
    assert isinstance(outcome, Rejected)
    assert (outcome.code, outcome.scope) == ("webpush_bad_subscription", "address")


@BOTH
def test_a_subscription_inside_the_network_is_refused(kind: Any, service: tuple[int, type[Receiver]]) -> None:
    """S9: the endpoint comes from outside; without permission for the network nothing is opened."""
    port, handler = service
    (outcome,) = sending(here(kind, networks=[]), a_note(port))
    assert handler.came == []
    assert outcome == Rejected(
        "webpush_bad_subscription", "the host of the URL has an address that is not public", scope="address"
    )


@BOTH
def test_what_cannot_be_shown_or_is_late_is_not_sent(kind: Any) -> None:
    """Nothing is opened for it."""
    poll = Content(poll=Poll(question="Tea?", options=("Yes", "No")))
    button = Content(text="x", buttons=[Button("Yes", callback="yes")])
    large = Content(text="Ж" * 2_000)
    found = sending(here(kind), *(a_note(content=each) for each in (poll, button, large)))
    assert {each.code for each in found} == {"unsuitable_content"}
    (late,) = sending(here(kind, ready=lambda _: False), a_note())
    assert late.code == "no_time_left"


def test_the_largest_note_fits_into_what_services_take() -> None:
    """Encrypted it has at most 4,096 bytes (RFC 8291)."""
    text = "x" * (3_900 - len(note_of(a_note(content=Content(text="x")))) + 1)
    request = here(WebPushTransport, resolve=lambda *_: ["127.0.0.1"]).request_of(a_note(content=Content(text=text)))
    assert 3_900 < len(request.body) <= 4_096


NO_KEYS = ["", "x", RAW[:-4], "-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----"]


@pytest.mark.parametrize("private", NO_KEYS, ids=["empty", "short", "cut", "written"])
def test_a_key_that_is_none_is_refused_without_showing_it(private: str) -> None:
    """It is found when the shop starts."""
    with pytest.raises(DefinitionError, match="private is no key") as raised:
        WebPushTransport(PushKey(private=Secret(private), contact="mailto:a@b.example"))
    assert raised.value.__cause__ is None


@pytest.mark.parametrize("contact", ["shop@shop.example", "mailto:", "http://shop.example", 7])
def test_a_contact_that_is_none_is_refused(contact: Any) -> None:
    """Push services want to know whom to write to."""
    with pytest.raises(DefinitionError, match="contact"):
        WebPushTransport(PushKey(private=Secret(RAW), contact=contact))


@BOTH
def test_a_missing_library_says_what_to_install(kind: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the extra."""
    monkeypatch.setitem(sys.modules, "py_vapid", None)
    with pytest.raises(MissingExtra, match=r"retention-engine\[webpush\]"):
        kind(KEY)


def test_nothing_secret_is_shown() -> None:
    """Neither the key of the shop nor the endpoint of a browser is part of a repr."""
    found = Subscription.of(subscribed("https://push.example.org/zzCANARY"))
    assert "zzCANARY" not in repr(found) + repr(a_note(address=subscribed("https://push.example.org/zzCANARY")))
    assert RAW not in repr(KEY) + repr(vars(WebPushTransport(KEY)))


class TestPromises(TransportConformance):
    secrets = (RAW,)

    @pytest.fixture(autouse=True)
    def _service(self, service: tuple[int, type[Receiver]]) -> None:
        self.port = service[0]

    def envelope(self, **changes: Any) -> Envelope:
        return a_note(self.port, **changes)

    def make_any(self) -> Any:
        return here(WebPushTransport)
