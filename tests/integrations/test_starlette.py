"""Pages and webhooks of a web application: genuine ones become facts once, the others a status without a reason."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from attrs import evolve

from retention_engine import Engine
from retention_engine.delivery import Runner
from retention_engine.envelopes import Content, Envelope
from retention_engine.facts import KINDS, from_json, to_json
from retention_engine.integrations import starlette
from retention_engine.preferences import tracked_links, unsubscribe_links
from retention_engine.timing import SECOND
from retention_engine.transports import Signer
from tests.delivery._shop import message, post
from tests.facts._facts import plain
from tests.integrations._shop import KEYS, START, kinds, needs, running, shop, until

pytestmark = needs("starlette")
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
URL = "https://shop.example/retention"


@pytest.fixture
def engine() -> Engine:
    """Return an engine that knows a customer."""
    return shop()


@pytest.fixture
def web(engine: Engine) -> Iterator[Any]:
    """Return a client of an application whose pages lie below a path."""
    from starlette.applications import Starlette
    from starlette.routing import Mount
    from starlette.testclient import TestClient

    runner, recording = running(engine)
    pages = starlette.routes(runner, keyring=KEYS, secrets=[SECRET])
    app = Starlette(routes=[Mount("/retention", routes=pages)], lifespan=starlette.lifespan(runner))
    app.state.recording = recording
    with TestClient(app, base_url="https://shop.example", follow_redirects=False) as found:
        yield found
    assert not runner._active


def envelope() -> Envelope:
    """Return a mail whose links and picture tell when they are used."""
    html = '<p><a href="https://shop.example/cream">cream</a></p>'
    content = Content(subject="Hello", text="https://shop.example/cream", html=html)
    words = {"customer": "ann", "channel": "email", "address": "a@shop.example", "at": START}
    return tracked_links(KEYS, f"{URL}/click", opens=True)(Envelope(key=message().key, content=content, **words))  # type: ignore[arg-type]  # texts


def test_the_runner_lives_with_the_application(web: Any, engine: Engine) -> None:
    """What a handler records is sent while the application runs."""
    runner: Runner = web.app.state.retention
    runner.record(post(START))
    until(lambda: web.app.state.recording.envelopes)
    assert kinds(engine, "ann")[1] == "event"


def test_opening_a_link_changes_nothing(web: Any, engine: Engine) -> None:
    """The page shows a question in the reader's language; its form acts; so does the click of a mail program."""
    link = unsubscribe_links(KEYS, f"{URL}/unsubscribe")("ann", "email", "news")
    page = web.get(link, headers={"accept-language": "ru-RU,ru;q=0.9"})
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "отпис" in page.text.lower()
    assert kinds(engine, "ann") == ["contact_added"]
    form = dict(re.findall(r'name="([^"]+)" value="([^"]+)"', page.text))
    assert web.post(link, data=form).status_code == 200
    assert web.post(link, content="List-Unsubscribe=One-Click").status_code == 200
    assert set(kinds(engine, "ann")[1:]) == {"consent_withdrawn"}


def test_clicks_and_openings_are_recorded(web: Any, engine: Engine) -> None:
    """A click goes on to where the link of the mail led; the picture is a picture."""
    content = envelope().content
    click = web.get(content.text)
    assert (click.status_code, click.headers["location"]) == (302, "https://shop.example/cream")
    (picture,) = re.findall(r'<img src="([^"]+)"', content.html or "")
    found = web.get(picture.replace("&amp;", "&").replace("/click", "/open"))
    assert (found.status_code, found.headers["content-type"], found.content[:6]) == (200, "image/gif", b"GIF89a")
    assert sorted(kinds(engine, "ann")[1:]) == ["message_clicked", "message_opened"]


def test_a_webhook_is_a_fact(web: Any, engine: Engine) -> None:
    """A signed fact is recorded once, however often it comes."""
    body = to_json(post(START)).encode()
    headers = Signer(SECRET).headers("msg_1", START // SECOND, body)
    assert [web.post("/retention/facts", content=body, headers=headers).status_code for _ in range(2)] == [204, 204]
    assert kinds(engine, "ann").count("event") == 1


FORGED = [
    ("GET", "/unsubscribe", b"", 400),
    ("GET", "/unsubscribe?token=nonsense", b"", 400),
    ("POST", "/unsubscribe?token=nonsense", b"List-Unsubscribe=One-Click", 400),
    ("POST", "/unsubscribe?token=nonsense", b"x" * 3_000, 400),
    ("GET", "/click?m=1&to=https://evil.example&t=x", b"", 400),
    ("GET", "/open?m=1", b"", 400),
    ("POST", "/facts", b"{}", 400),
    ("POST", "/facts", b"x" * 2_000_000, 400),
]


@pytest.mark.parametrize(("method", "path", "body", "status"), FORGED)
def test_what_is_forged_is_refused(method: str, path: str, body: bytes, status: int, web: Any, engine: Engine) -> None:
    """A status, an empty answer, no fact."""
    answer = web.request(method, f"/retention{path}", content=body)
    assert (answer.status_code, answer.text) == (status, "")
    assert kinds(engine, "ann") == ["contact_added"]


def test_a_genuine_webhook_may_be_wrong(web: Any) -> None:
    """No fact is 422, a known id with another content 409."""
    known, other = (to_json(each) for each in (post(START), evolve(post(START), name="other")))
    for body, status in ((b"[]", 422), (known.encode(), 204), (other.encode(), 409)):
        headers = Signer(SECRET).headers("msg_1", START // SECOND, body)
        assert web.post("/retention/facts", content=body, headers=headers).status_code == status


def test_a_genuine_webhook_makes_nothing_of_the_engines(web: Any, engine: Engine) -> None:
    """Even with the secret nobody tells of points, used codes or friends; everything else is taken."""
    told = {kind: json.dumps(plain(kind) | {"id": kind}).encode() for kind in sorted(KINDS)}
    for kind, body in told.items():
        headers = Signer(SECRET).headers("msg_1", START // SECOND, body)
        answer = web.post("/retention/facts", content=body, headers=headers)
        assert (answer.status_code, answer.text) == (422 if KINDS[kind].MADE_BY_ENGINE else 204, ""), kind
    with engine.store.transaction():
        missing = engine.store.facts.append([from_json(body) for body in told.values()])
    assert [fact.KIND for fact in missing] == [kind for kind in told if KINDS[kind].MADE_BY_ENGINE]


def test_only_what_is_asked_for_is_there() -> None:
    """Without keys there are no links, without secrets no webhooks."""
    runner, _ = running(shop())
    assert starlette.routes(runner) == []
    assert [each.path for each in starlette.routes(runner, secrets=[SECRET])] == ["/facts"]
