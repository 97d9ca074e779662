"""Nothing foreign comes out of a transport, and the ones without a channel do what they say."""

from __future__ import annotations

import asyncio
import io
import json
from pathlib import Path
from typing import Any

import pytest

from retention_engine.envelopes import Button, Content, Envelope, NotSent, SendOutcome, Sent, Unknown
from retention_engine.testing.transports import TransportConformance, an_envelope
from retention_engine.transports import (
    AsyncTransport,
    CallbackTransport,
    ConsoleTransport,
    FileTransport,
    InThread,
    RecordingTransport,
    Secret,
    Transport,
    guarded,
    guarded_async,
)


class Broken:
    """Raises, or returns something odd."""

    def __init__(self, what: Any) -> None:
        self.what = what

    def send(self, envelope: Envelope) -> SendOutcome:
        if isinstance(self.what, BaseException):
            raise self.what
        return self.what


class AsyncBroken(Broken):
    """The same for an event loop."""

    async def send(self, envelope: Envelope) -> SendOutcome:  # type: ignore[override]  # the asynchronous twin
        return super().send(envelope)


@pytest.mark.parametrize("what", [ValueError("zzPIIzz"), OSError(), None, "sent"])
def test_whatever_goes_wrong_inside_is_unknown(what: Any) -> None:
    """An exception is an outcome that tells its type only; so is an answer that is none."""
    found = [
        guarded(Broken(what)).send(an_envelope()),
        asyncio.run(guarded_async(AsyncBroken(what)).send(an_envelope())),
    ]
    assert [type(each) for each in found] == [Unknown, Unknown]
    assert "zzPIIzz" not in repr(found)


def test_outcomes_pass_and_cancellations_do_so_too() -> None:
    """The guard changes no outcome, is put on once, and does not hold up the end of a program."""
    inner = RecordingTransport()
    guard, later = guarded(inner), guarded_async(InThread(inner))
    assert guarded(guard) is guard
    assert guarded_async(later) is later
    assert guard.send(an_envelope()) == asyncio.run(later.send(an_envelope())) == Sent(an_envelope().key)
    with pytest.raises(KeyboardInterrupt):
        guarded(Broken(KeyboardInterrupt())).send(an_envelope())
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(guarded_async(AsyncBroken(asyncio.CancelledError())).send(an_envelope()))


def test_the_seam_is_one_method() -> None:
    """Anything with ``send`` is a transport."""
    assert isinstance(RecordingTransport(), Transport)
    assert isinstance(InThread(RecordingTransport()), AsyncTransport)


def test_the_console_shows_what_would_be_said(capsys: pytest.CaptureFixture[str]) -> None:
    """Customer, subject, text and buttons are written; the address is not."""
    content = Content(text="Your cart\nis waiting", subject="Cart", buttons=[Button("Open", url="https://a.example")])
    ConsoleTransport().send(an_envelope(content=content, address="zzPIIzz"))
    assert capsys.readouterr().out == (
        "telegram to anna: Cart\n  Your cart\n  is waiting\n  [Open] https://a.example\n"
    )


def test_the_file_holds_one_object_a_line(tmp_path: Path) -> None:
    """Each message is one line of JSON."""
    transport = FileTransport(tmp_path / "sent.jsonl")
    assert transport.send(an_envelope()) == transport.send(an_envelope(attempt=2)) == Sent(an_envelope().key)
    lines = [json.loads(line) for line in (tmp_path / "sent.jsonl").read_text("utf-8").splitlines()]
    assert [(each["attempt"], each["address"], each["content"]["text"]) for each in lines] == [
        (1, "1001", "Your cart is waiting"),
        (2, "1001", "Your cart is waiting"),
    ]


def test_a_function_may_answer_or_be_silent() -> None:
    """None is sent; an outcome is itself."""
    assert CallbackTransport(lambda _: None).send(an_envelope()) == Sent(an_envelope().key)
    assert CallbackTransport(lambda _: NotSent("busy")).send(an_envelope()) == NotSent("busy")


def test_the_recording_keeps_and_answers_by_script() -> None:
    """What came is kept, and the script is followed to its end."""
    transport = RecordingTransport([NotSent("busy")])
    assert [transport.send(an_envelope()), transport.send(an_envelope(attempt=2))] == [
        NotSent("busy"),
        Sent(an_envelope().key),
    ]
    assert [each.attempt for each in transport.envelopes] == [1, 2]


def test_a_secret_is_told_only_when_asked() -> None:
    """Neither repr nor str show it."""
    assert "hush" not in f"{Secret('hush')!r}{Secret('hush')}"
    assert Secret("hush").reveal() == "hush"


class TestRecording(TransportConformance):
    def make_any(self) -> Any:
        return RecordingTransport()


class TestConsole(TransportConformance):
    def make_any(self) -> Any:
        return ConsoleTransport(io.StringIO())
