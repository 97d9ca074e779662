"""S17: a person goes through everything, with every failure and every log line on, and is nowhere afterwards."""

from __future__ import annotations

import logging
import ssl
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from retention_engine import Engine
from retention_engine.delivery import Delivery
from retention_engine.envelopes import Envelope, SendOutcome
from retention_engine.errors import FactError, RetentionError
from retention_engine.facts import AttributeChanged, ContactAdded
from retention_engine.integrations import mail_to_facts, updates_to_facts
from retention_engine.observers import LogObserver
from retention_engine.preferences import Keyring, read_click, tracked_links, unsubscribe_links
from retention_engine.signals import MessageSettled
from retention_engine.templates import PlainRenderer
from retention_engine.testing.fakes import DROP, FakeSmtp, FakeTelegram
from retention_engine.testing.fakes.faults import bad_gateway, error, reset, slow
from retention_engine.testing.fakes.telegram import closed_port
from retention_engine.timing import DAY, HOUR
from retention_engine.transports import (
    AppriseTransport,
    CallbackTransport,
    FileTransport,
    PushKey,
    Secret,
    Security,
    Sender,
    Server,
    Signer,
    SmtpTransport,
    TelegramTransport,
    WebhookTransport,
    WebPushTransport,
)
from tests.delivery._shop import RULE, START, message
from tests.transports import test_webpush

# The library for PGP of Apprise asks for a module that Python 3.13 no longer has, when it is loaded first.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")

PERSON, SECRET = "zzPIIzz", "zzSECRETzz"
MAIL = f"{PERSON}@example.org"
"""What servers repeat in their answers; the rest of their words is told, shortened, to whoever has to act on it."""
TOKEN = f"123456789:{SECRET}AAAAAAAAAAAAAAAAAAAAAAAA"
TEXTS = {
    "en/hello.txt": "Hi {who}, {number}. https://shop.example/{who}",
    "en/hello.email.txt": '+++\nsubject = "Hi {who}"\n+++\nHi {who}, {number}.',
    "en/broken.txt": "Hi {who}, {nothing}",
    "en/unfit.telegram.txt": '+++\n[[buttons]]\ntext = "x"\nurl = "https://{who} x"\n+++\nx',
}
NOWHERE: dict[str, Any] = {"networks": ["127.0.0.0/8"], "resolve": lambda *_: ["127.0.0.1"], "timeout": 1.0}


class Signals:
    """Keeps what observers are told."""

    def __init__(self) -> None:
        self.told: list[object] = []

    def note(self, signal: object) -> None:
        self.told.append(signal)


class Failing:
    """A renderer of the host that fails with everything in its words."""

    def render(self, *given: object) -> Any:
        raise RuntimeError(f"cannot fill {given}")


def failing(envelope: Envelope) -> SendOutcome | None:
    """Fail as a host's own function may."""
    raise ValueError(f"no way to {envelope.address}: {envelope.content.text}")


def addresses(port: int) -> dict[str, str]:
    """Return where the person is reached on each channel."""
    return {
        "telegram": "1001",
        "email": MAIL,
        "webhook": f"https://hooks.example.test:{port}/{PERSON}",
        "webpush": test_webpush.subscribed(f"https://hooks.example.test:{port}/{PERSON}"),
        "staff": PERSON,
        "host": PERSON,
        "file": PERSON,
    }


def transports(api: FakeTelegram, server: FakeSmtp, folder: Path) -> dict[str, Any]:
    """Return a transport for each channel; half of them lead to ports where nobody listens."""
    secret = "whsec_" + "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo="
    where = Server(host="127.0.0.1", port=server.port, security=Security.NONE, timeout=1.0, after_dot=1.0)
    trust = ssl.create_default_context()
    return {
        "telegram": TelegramTransport(TOKEN, base_url=api.url, timeout=0.3),
        "email": SmtpTransport(where, Sender("shop@shop.example", bounces="b@shop.example")),
        "webhook": WebhookTransport(Signer(secret), verify=trust, **NOWHERE),
        "webpush": WebPushTransport(PushKey(private=Secret(test_webpush.RAW), contact="mailto:a@b.example"), **NOWHERE),
        "staff": AppriseTransport(f"json://{SECRET}:{SECRET}@127.0.0.1:{closed_port()}/{SECRET}/{{address}}"),
        "host": CallbackTransport(failing),
        "file": FileTransport(folder / "sent.jsonl"),
    }


def everything(folder: Path) -> list[object]:
    """Send the person messages over every channel, with every failure, and return what came out of it."""
    keys = Keyring({"a": SECRET.encode() * 2}, current="a")
    signals, found = Signals(), []
    engine = Engine([RULE], since=START - DAY, observers=[LogObserver(), signals])
    engine.record(ContactAdded(id="c", customer="c-1", at=START - DAY, channel="telegram", address=PERSON))
    engine.record(AttributeChanged(id="a", customer="c-1", at=START - DAY, name="name", value=PERSON))
    names = ["hello", "hello", "hello", "broken", "unfit", "unknown"]
    faults = [None, error(403, f"{MAIL} {TOKEN}"), error(400, MAIL), bad_gateway(), reset(counted=False), slow(9)]
    with FakeTelegram(token=TOKEN) as api, FakeSmtp() as server:
        api.script(*faults)
        server.script("rcpt", "250 ok", f"550 5.1.1 <{MAIL}> unknown", f"451 4.3.0 {MAIL}", DROP)
        there, home = transports(api, server, folder), addresses(closed_port())
        finish = tracked_links(keys, "https://shop.example/c")
        common: dict[str, Any] = {
            "unsubscribe": unsubscribe_links(keys, "https://shop.example/u"),
            "finish": finish,
            "addresses": lambda _, channel: home[channel],
        }
        number = 0
        for renderer in (PlainRenderer(TEXTS), Failing()):
            delivery = Delivery(engine, there, renderer=renderer, **common)
            for name in names:
                for channel in there:
                    number += 1
                    _put(engine, number, channel, name)
                at = START + number * HOUR
                found.append(delivery.deliver(at))
        found += [row.reason for row in engine.store.parcels.of(_keys(engine, number)).values()]
        for each in there.values():
            getattr(each, "close", lambda: None)()
    engine.close()
    return [*found, *signals.told, *there.values(), keys]


_PUT: dict[int, list[str]] = {}


def _put(engine: Engine, number: int, channel: str, name: str) -> None:
    data = {"who": PERSON, "number": number}
    action = message(number, customer="c-1", valid=None, channel=channel, name=name, data=data, purpose="service")
    _PUT.setdefault(id(engine), []).append(action.key)
    with engine.store.transaction():
        engine.store.outbox.put([action])


def _keys(engine: Engine, count: int) -> list[str]:
    keys = _PUT.pop(id(engine))
    assert len(keys) == count
    return keys


def test_nothing_of_a_person_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Neither the name, nor the address, nor a token or key: in no log line, report, signal or ``repr``."""
    caplog.set_level(logging.DEBUG)
    out = everything(tmp_path)
    assert PERSON in (tmp_path / "sent.jsonl").read_text("utf-8"), "the person was written to"
    called = {each.channel for each in out if isinstance(each, MessageSettled) and each.attempt}
    assert called >= {"telegram", "email", "webhook", "webpush", "staff", "host", "file"}, "each channel was tried"
    told = "\n".join([caplog.text, *map(repr, out)])
    loggers = {record.name.split(".")[0] for record in caplog.records}
    assert {"retention_engine", "httpx2"} <= loggers, "everything is logged"
    assert [line for line in told.splitlines() if PERSON in line or SECRET in line] == []


def refused(what: Callable[[], object]) -> str:
    """Return all that an error tells, its causes included."""
    try:
        what()
    except RetentionError as error:
        return "".join(traceback.format_exception_only(error)) + repr(error.__cause__)
    raise AssertionError("it was not refused")


def test_errors_do_not_tell_what_was_refused() -> None:
    """Links, reports and updates that are refused are not repeated in the words of the error."""
    keys = Keyring({"a": b"sixteen secret bytes"}, current="a")
    query = {"m": PERSON, "to": f"https://shop.example/{PERSON}", "t": SECRET}
    update = {"update_id": 7, "message": {"chat": PERSON, "text": PERSON}}
    told = [
        refused(lambda: read_click(query, keyring=keys, at=START)),
        refused(lambda: mail_to_facts(PERSON.encode(), customer_of=lambda _: None, learned=START)),
        refused(lambda: updates_to_facts(update, customer_of=lambda _: None, learned=START)),
        refused(lambda: TelegramTransport(f"{SECRET}:x")),
        refused(lambda: AppriseTransport(f"nonsense://{SECRET}")),
        refused(lambda: PlainRenderer(TEXTS).render("broken", None, "en", {"who": PERSON})),
    ]
    assert [each for each in told if PERSON in each or SECRET in each] == []
    with pytest.raises(FactError):
        updates_to_facts(update, customer_of=lambda _: None, learned=START)


def test_the_canary_would_be_seen(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The control: a transport that logs what it sends is found by the same look."""
    caplog.set_level(logging.DEBUG)
    talkative = CallbackTransport(lambda envelope: logging.getLogger("host").debug("to %s", envelope.address))
    engine = Engine([RULE], since=START - DAY)
    engine.record(ContactAdded(id="c", customer="c-1", at=START - DAY, channel="host", address=PERSON))
    _put(engine, 1, "host", "hello")
    Delivery(engine, {"host": talkative}, renderer=PlainRenderer(TEXTS)).deliver(START)
    assert PERSON in caplog.text
    _keys(engine, 1)
