"""Alerts by Apprise: what arrives, what is known about it, and what is not logged."""

from __future__ import annotations

import json
import logging
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from retention_engine.envelopes import Button, Content, Envelope, Poll, Rejected, Sent, Unknown
from retention_engine.errors import DefinitionError, MissingExtra
from retention_engine.testing.fakes.telegram import closed_port
from retention_engine.testing.transports import TransportConformance, an_envelope, sending
from retention_engine.transports import AppriseTransport

# Its library for PGP asks for a module that Python 3.13 no longer has, when it is loaded first.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")


class Desk(BaseHTTPRequestHandler):
    """Takes alerts as Apprise's ``json://`` sends them."""

    status = 200
    came: list[tuple[str, dict[str, Any]]]

    def log_message(self, *_: Any) -> None:
        """Write nothing."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.came.append((self.path, json.loads(body)))
        self.send_response(self.status)
        self.send_header("Content-Length", "0")
        self.end_headers()


@pytest.fixture
def desk() -> Iterator[tuple[str, type[Desk]]]:
    """Return the host and port of a server on this machine, and what came."""
    handler = type("Mine", (Desk,), {"came": []})
    server = HTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"127.0.0.1:{server.server_address[1]}", handler
    server.shutdown()
    server.server_close()


def alert(text: str = "Anna is unhappy <b>&", **more: Any) -> Envelope:
    """Return an alert to the staff."""
    content = Content(subject="Look", text=text, buttons=[Button("Case", url="https://shop.example/7")])
    return an_envelope(**({"channel": "staff", "address": "desk", "content": content} | more))


def test_an_alert_arrives_as_it_was_meant(desk: tuple[str, type[Desk]]) -> None:
    """Subject, text and links, each once."""
    host, handler = desk
    assert sending(AppriseTransport(f"json://{host}/alerts"), alert()) == [Sent(alert().key)]
    ((path, said),) = handler.came
    assert path == "/alerts"
    assert (said["title"], said["message"]) == ("Look", "Anna is unhappy <b>&\nCase: https://shop.example/7")


def test_an_address_stays_in_its_place(desk: tuple[str, type[Desk]]) -> None:
    """Whatever it is, it chooses no other host, path or option."""
    host, handler = desk
    transport = AppriseTransport(f"json://{host}/to/{{address}}")
    hostile = ("+7 900", "../x", "a?method=GET", "a/b", "json://evil.example", "#", "a@evil.example")
    for address in hostile:
        (outcome,) = sending(transport, alert(address=address))
        assert isinstance(outcome, Sent), address
    assert [path.split("/")[:2] for path, _ in handler.came] == [["", "to"]] * len(hostile)


def test_anything_else_is_unknown(desk: tuple[str, type[Desk]]) -> None:
    """A refusal and a connection that fails look the same from here."""
    host, handler = desk
    handler.status = 403
    transports = (AppriseTransport(f"json://{host}"), AppriseTransport(f"json://127.0.0.1:{closed_port()}"))
    assert [sending(each, alert()) for each in transports] == [[Unknown("apprise_failed")]] * 2


UNSUITABLE = [
    Content(text=""),
    Content(text="x", photo="https://shop.example/p.jpg"),
    Content(poll=Poll(question="Tea?", options=("Yes", "No"))),
    Content(text="x", buttons=[Button("Yes", callback="yes")]),
]


@pytest.mark.parametrize("content", UNSUITABLE, ids=range(len(UNSUITABLE)))
def test_what_cannot_be_shown_is_refused(content: Content, desk: tuple[str, type[Desk]]) -> None:
    """Nothing is opened for it, nor for what is late."""
    host, handler = desk
    (outcome,) = sending(AppriseTransport(f"json://{host}"), alert(content=content))
    (late,) = sending(AppriseTransport(f"json://{host}", ready=lambda _: False), alert())
    assert [outcome.code, late.code] == ["unsuitable_content", "no_time_left"]
    assert handler.came == []


def test_a_service_that_is_none_is_found_when_the_shop_starts() -> None:
    """One that needs an address is found with the first address."""
    with pytest.raises(DefinitionError, match="none of a service"):
        AppriseTransport("nonsense://zzSECRET")
    (outcome,) = sending(AppriseTransport("nonsense://{address}"), alert())
    assert outcome == Rejected("apprise_no_service", scope="address")


def test_a_missing_library_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the extra."""
    monkeypatch.setitem(sys.modules, "apprise", None)
    with pytest.raises(MissingExtra, match=r"retention-engine\[apprise\]"):
        AppriseTransport("json://127.0.0.1")


def test_nothing_of_an_alert_is_logged(desk: tuple[str, type[Desk]], caplog: pytest.LogCaptureFixture) -> None:
    """S17: its own library would write texts and URLs; others that use it still hear from it."""
    import apprise

    host, handler = desk
    caplog.set_level(logging.DEBUG)
    transport = AppriseTransport(f"json://zzSECRET:zzSECRET@{host}/zzSECRET")
    sending(transport, alert("zzPIIzz"))
    handler.status = 500
    sending(transport, alert("zzPIIzz"))
    assert len(handler.came) == 2
    assert "zz" not in caplog.text + repr(vars(transport)["_url"])
    apprise.Apprise().add("nonsense://x")
    assert "nonsense" in caplog.text


class TestPromises(TransportConformance):
    secrets = ("zzSECRET",)

    @pytest.fixture(autouse=True)
    def _desk(self, desk: tuple[str, type[Desk]]) -> None:
        self.host = desk[0]

    def make_any(self) -> Any:
        return AppriseTransport(f"json://zzSECRET:zzSECRET@{self.host}/zzSECRET")
