"""Points of the security checklist for which no other test is the place: whole ways from a value to a channel."""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import random
import re
import time
import tomllib
from collections.abc import Iterator
from contextlib import suppress
from email import message_from_bytes
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import retention_engine
from retention_engine import parse
from retention_engine.delivery import Delivery
from retention_engine.envelopes import Content, utf16_length
from retention_engine.errors import SignatureError
from retention_engine.preferences import Keyring, unsubscribe_links
from retention_engine.templates import PlainRenderer
from retention_engine.testing.transports import an_envelope
from retention_engine.transports import (
    ConsoleTransport,
    FileTransport,
    RecordingTransport,
    Sender,
    Signer,
    call_of,
    mail_of,
    verify_webhook,
)
from tests.delivery._shop import START, Plain, message, shop
from tests.house._house import ROOT, imports, sources
from tests.transports import test_webhook

NIGHTLY = os.environ.get("RETENTION_NIGHTLY") == "1"
NAMES = 100_000 if NIGHTLY else 2_000


def test_the_sandbox_has_no_known_hole() -> None:
    """S1, S22: the oldest Jinja2 that can be installed beside us is the first one with all known holes closed."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    (asked,) = [one for one in project["optional-dependencies"]["templates"] if one.startswith("jinja2")]
    assert tuple(map(int, asked.removeprefix("jinja2>=").split("."))) >= (3, 1, 6)


@pytest.mark.slow
def test_a_name_arrives_as_it_is_and_styles_where_the_template_put_them() -> None:
    """S2: from the template to the call; lengths are those of UTF-16, as Telegram counts."""
    renderer = PlainRenderer({"en/hello.telegram.txt": "Hi **{name}**, [look](https://shop.example/)!"})
    dice, seen = random.Random(11), 0
    for _ in range(NAMES):
        raw = (
            dice.choice((dice.randrange(0x21, 0x250), dice.randrange(0x21, 0x110000)))
            for _ in range(dice.randint(1, 12))
        )
        name = "".join(chr(each) for each in raw if not 0xD800 <= each <= 0xDFFF) or "x"
        call = call_of(an_envelope(content=renderer.render("hello", "telegram", "en", {"name": name})))
        params = json.loads(json.dumps(call.params, ensure_ascii=False))
        length = utf16_length(name)
        assert params["text"] == f"Hi {name}, look!"
        assert params["entities"] == [
            {"type": "bold", "offset": 3, "length": length},
            {"type": "text_link", "offset": 5 + length, "length": 4, "url": "https://shop.example/"},
        ]
        assert "parse_mode" not in params
        seen += length > len(name)
    assert seen > NAMES / 4, "names beyond the first plane are among them"


def test_links_of_every_length_stay_as_they_are() -> None:
    """S4: of 40 to 400 characters, each length; the header is one line with exactly the link."""
    keys = Keyring({"a": b"sixteen secret bytes"}, current="a")
    made = unsubscribe_links(keys, "https://shop.example/leave")("c" * 60, "email", "t" * 60)
    urls = [f"https://shop.example/u?t={'aB3-_' * 90}"[:length] for length in range(40, 401)] + [made]
    for url in urls:
        mail = mail_of(an_envelope(address="anna@example.org", unsubscribe_url=url), Sender("shop@shop.example"))
        lines = mail.data.partition(b"\r\n\r\n")[0].split(b"\r\n")
        assert f"List-Unsubscribe: <{url}>".encode() in lines
        assert b"List-Unsubscribe-Post: List-Unsubscribe=One-Click" in lines
        assert message_from_bytes(mail.data)["List-Unsubscribe"] == f"<{url}>"


def test_a_replayed_webhook_is_known_by_its_id() -> None:
    """S8: a thousand replays have one id, so that whoever keeps ids acts once; out of its time it is refused."""
    secret, body = "whsec_" + "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo=", b'{"order":812}'
    headers = Signer(secret).headers("msg_1", 1_767_225_600, body)
    ids = {verify_webhook(body, headers, secrets=[secret], now=1_767_225_600 + n % 300) for n in range(1_000)}
    assert ids == {"msg_1"}
    with pytest.raises(SignatureError):
        verify_webhook(body, headers, secrets=[secret], now=1_767_225_600 + 86_400)


def test_there_are_sixty_addresses() -> None:
    """S9: the table of addresses inside and of ways to write one is as long as it was asked for."""
    assert len(test_webhook.CLOSED) + len(test_webhook.SPELT) >= 60


EVIL = [
    f"({part}{sign})+$" for part in ("a", "a|a", "a|aa", "[a-z]", ".", r"\w", r"\d", "x*", "(a)", "a?") for sign in "*+"
]
EVIL += [f"{each}{tail}" for each in EVIL for tail in ("b", "|c", "{1,99}", "\\1")]


@pytest.mark.parametrize("start", range(0, len(EVIL), 20))
def test_a_pattern_in_a_rule_is_a_text(start: int) -> None:
    """S14: there are no patterns in rules; a hundred that take for ever elsewhere are found where they stand."""
    assert len(EVIL) >= 100
    for evil in EVIL[start : start + 20]:
        predicate = parse(f"customer.name.contains({evil!r})")
        assert parse(str(predicate)) == predicate
        assert evil in str(predicate).replace("\\\\", "\\")


def patterns() -> Iterator[tuple[str, re.Pattern[Any]]]:
    """Yield every pattern that a module of ours holds; those of frameworks that are not here are passed over."""
    for each in pkgutil.walk_packages(retention_engine.__path__, "retention_engine."):
        if each.name.endswith("__main__"):
            continue
        with suppress(ImportError):
            for name, held in vars(importlib.import_module(each.name)).items():
                if isinstance(held, re.Pattern):
                    yield f"{each.name}.{name}", held


PIECES = (
    "a",
    "1",
    "aa1 ",
    "<",
    "@",
    "a@",
    "a.",
    "1.",
    "+1 ",
    "((",
    "--",
    "=?",
    '"',
    "\\",
    "https://a",
    "{{",
    "\n",
    " ",
    "+++\n",
    "ж",
)
LONGEST_TIME = 2.0


def slowest(pattern: re.Pattern[Any]) -> float:
    """Return the seconds the worst of many long texts takes; the machine may be busy."""
    worst = 0.0
    for piece in PIECES:
        for text in (piece * (3_000 // len(piece)), piece * (3_000 // len(piece)) + "\x00", "https://" + piece * 900):
            given: Any = text.encode() if isinstance(pattern.pattern, bytes) else text
            start = time.thread_time()
            for look in (pattern.search, pattern.fullmatch):
                look(given)
            worst = max(worst, time.thread_time() - start)
    return worst


@pytest.mark.slow
def test_no_pattern_of_ours_takes_for_ever() -> None:
    """S14: whatever comes from outside is looked at in a time that grows little with its length."""
    found = dict(patterns())
    assert len(found) > 30
    assert {name: took for name, each in found.items() if (took := slowest(each)) > LONGEST_TIME} == {}


def test_a_pattern_that_takes_for_ever_would_be_found() -> None:
    """The control: twenty-two letters are enough to see one that doubles with each."""
    start = time.thread_time()
    re.compile(r"(a|a)+$").match("a" * 22 + "\x00")
    assert time.thread_time() - start > 0.05


@given(st.lists(st.sampled_from(("ann", "bob", "cat")), min_size=1, max_size=8))
def test_every_message_goes_to_the_address_of_its_customer(customers: list[str]) -> None:
    """S20: the address comes from what is known of the customer at that moment, and each tenant has its own store."""
    sent = []
    for tenant in ("first", "second"):
        actions = [message(number, customer=customer) for number, customer in enumerate(customers)]
        engine = shop(*actions, customers=("ann", "bob", "cat"))
        transport = RecordingTransport()
        Delivery(engine, {"telegram": transport}, renderer=Plain()).deliver(START)
        sent += [(tenant, each.customer, each.address) for each in transport.envelopes]
    assert {(customer, address) for _, customer, address in sent} == {(one, f"chat of {one}") for one in customers}


def test_what_only_shows_cannot_send() -> None:
    """S24: the transports for dry runs hold no client and import nothing that opens a connection."""
    (module,) = {each.__module__ for each in (ConsoleTransport, FileTransport, RecordingTransport)}
    path = module.removeprefix("retention_engine.").replace(".", "/") + ".py"
    known = {one.target.split(".")[0] for one in imports({path: sources()[path]})}
    assert known <= {"envelopes", "__future__", "attrs", "collections", "json", "pathlib", "sys", "typing"}, path
    assert isinstance(RecordingTransport().send(an_envelope(content=Content(text="x"))).code, str)
