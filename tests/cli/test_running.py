"""``run``, ``deliver``, ``unresolved``: what is due is sent once, a dry run sends nothing, secrets stand elsewhere."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from retention_engine import Engine
from retention_engine.actions import Action
from retention_engine.cli.channels import read_channels
from retention_engine.delivery import Delivery, EngineClock
from retention_engine.envelopes import Unknown
from retention_engine.errors import DefinitionError
from retention_engine.facts import ContactAdded
from retention_engine.stores import open_store
from retention_engine.templates import PlainRenderer
from retention_engine.testing.fakes import FakeSmtp, FakeTelegram
from retention_engine.transports import RecordingTransport, SmtpTransport, TelegramTransport, WebhookTransport
from tests.cli._shop import is_one_error, opened, run, write
from tests.house._house import ROOT

SENT = """
environment = "test"

[transports.telegram]
token-env = "BOT_TOKEN"
url = "{url}"
"""
TEXTS = {"thanks": "Thank you!", "we-miss-you": "We miss you."}
AT = "2026-03-02T10:00:00+00:00"
SINCE = ("--since", "2026-02-15")


def shop(folder: Path, delivery: str = '[transports.telegram]\ntype = "console"\n') -> tuple[Path, ...]:
    """Write a shop whose messages go by Telegram, and return rules, store and delivery file."""
    db = opened(folder)
    rules = (folder / "rules.toml").read_text("utf-8").replace("Send('thanks')", "Send('thanks', channel='telegram')")
    write(folder, {"rules.toml": rules, "delivery.toml": delivery})
    (folder / "templates" / "en").mkdir(parents=True)
    write(folder / "templates" / "en", {f"{name}.txt": text for name, text in TEXTS.items()})
    with Engine([], store=f"sqlite:///{db}") as engine:
        engine.record(
            ContactAdded(
                id=f"c{name}", customer=name, at="2026-01-01T00:00:00Z", channel="telegram", address=f"{number}"
            )
            for number, name in enumerate(["anna", "boris", "clara"], 1)
        )
    return folder / "rules.toml", db, folder / "delivery.toml"


def options(files: tuple[Path, ...], *more: object) -> tuple[object, ...]:
    """Return the words of a command over a shop."""
    rules, db, delivery = files
    return (rules, "--db", db, "--delivery", delivery, *more)


def test_what_is_due_is_sent_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the transport of the file, over a socket; the second run finds nothing; the token is in no output."""
    with FakeTelegram() as api:
        monkeypatch.setenv("BOT_TOKEN", api.token)
        files = shop(tmp_path, SENT.format(url=api.url))
        first = run("run", *options(files, "--once", "--at", AT, *SINCE, "--json"))
        again = run("run", *options(files, "--once", "--at", AT, "--json"))
        assert api.delivered(3) == ["Thank you!"]
        assert len(api.messages) == 1
    (message,) = [each for each in first.objects() if each["type"] == "message"]
    assert message.items() >= {"rule": "thanks", "channel": "telegram", "state": "sent", "attempt": 1}.items()
    assert first.only("delivery")["states"] == {"sent": 1}
    assert again.only("delivery").items() >= {"actions": 0, "states": {}}.items()
    assert api.token not in first.out + first.err


def test_a_dry_run_changes_nothing(tmp_path: Path) -> None:
    """It needs no secret, prints the messages, and can be repeated."""
    files = shop(tmp_path, SENT.format(url="http://127.0.0.1:9"))
    for _ in range(2):
        done = run("run", *options(files, "--dry-run", "--at", AT, *SINCE))
        assert done.code == 0, done.err
        assert "telegram to clara" in done.out
        assert "Thank you!" in done.out
    with closing(open_store(f"sqlite:///{files[1]}")) as store:
        assert store.settings.get("cursor") is None


def test_deliver_decides_nothing(tmp_path: Path) -> None:
    """What ``advance`` put into the outbox is sent, and nothing else."""
    files = shop(tmp_path)
    nothing = run("deliver", *options(files, "--at", AT, "--json"))
    assert nothing.only("delivery").items() >= {"actions": 0, "states": {}, "next_wakeup": None}.items()
    assert run("advance", files[0], "--db", files[1], "--to", AT, *SINCE).code == 0
    done = run("deliver", *options(files, "--at", AT))
    assert "telegram to clara" in done.out
    assert "1 sent" in done.out
    assert "nothing to do" in run("deliver", *options(files, "--at", AT)).out


def test_an_outage_waits_for_a_person(tmp_path: Path) -> None:
    """After a month without a run nothing is sent until --resume."""
    files = shop(tmp_path)
    run("run", *options(files, "--once", "--at", AT, *SINCE))
    late = ("--once", "--at", "2026-04-02T10:00:00+00:00")
    held = run("run", *options(files, *late, "--json"))
    assert (held.code, held.only("held")["text"][:42]) == (1, "2026-03-02T10:00:00Z (wait, the wall clock")
    assert held.only("escalation")["code"] == "clock_wait"
    assert run("deliver", *options(files, *late[1:])).code == 1
    done = run("run", *options(files, *late, "--resume", "--json"))
    assert (done.code, done.only("delivery")["actions"]) == (0, 1)


def test_a_copy_sends_nothing(tmp_path: Path) -> None:
    """A store of another environment is refused, until it is adopted; a dry run may look at it."""
    files = shop(tmp_path, 'environment = "production"\n[transports.telegram]\ntype = "console"\n')
    once = ("--once", "--at", AT)
    assert run("run", *options(files, *once)).code == 0
    files[2].write_text(files[2].read_text("utf-8").replace("production", "staging"), "utf-8")
    assert is_one_error(run("run", *options(files, *once)), 4)
    assert is_one_error(run("deliver", *options(files, "--at", AT)), 4)
    assert run("run", *options(files, "--dry-run", "--at", AT)).code == 0
    assert run("run", *options(files, *once, "--adopt")).code == 0
    assert run("run", *options(files, *once)).code == 0


def unknown(db: Path) -> list[str]:
    """Put messages of unknown outcome into a store, and return their keys."""
    with Engine([], store=f"sqlite:///{db}") as engine:
        start = EngineClock(engine)()
        words = {"rule": "r", "step": "s", "kind": "send", "name": "thanks", "channel": "telegram", "due": start}
        actions = [
            Action(customer="anna", occasion=str(number), on_unknown="ask", **words)  # type: ignore[arg-type]  # texts
            for number in range(3)
        ]
        with engine.exclusively():
            engine.store.outbox.put(actions)
        transport = RecordingTransport([Unknown("timeout")] * 3)
        renderer = PlainRenderer({"en/thanks.txt": "Thank you"})
        Delivery(engine, {"telegram": transport}, renderer=renderer, repeats=["r"]).deliver(start)
    return sorted(each.key for each in actions)


def test_unknown_outcomes_are_listed_and_resolved(tmp_path: Path) -> None:
    """The list ends with 1 while there are any; a person's word moves them on."""
    _, db, _ = shop(tmp_path)
    assert run("unresolved", "--db", db).code == 0
    one, two, three = unknown(db)
    listed = run("unresolved", "--db", db, "--json")
    assert listed.code == 1
    assert [each["key"] for each in listed.objects()] == [one, two, three]
    assert listed.objects()[0].items() >= {"reason": "timeout", "customer": "anna", "attempts": 1}.items()
    done = run("unresolved", "--db", db, "--sent", one, "--not-sent", two, "--json")
    assert [each["state"] for each in done.objects() if each["type"] == "resolved"] == ["sent", "pending"]
    assert run("unresolved", "--db", db, "--sent", three).code == 0
    assert is_one_error(run("unresolved", "--db", db, "--sent", three), 3)


def test_a_run_ends_at_a_signal(tmp_path: Path) -> None:
    """SIGTERM lets it end with 0, after what is due was sent."""
    with FakeTelegram() as api:
        files = shop(tmp_path, SENT.format(url=api.url))
        words = [str(each) for each in options(files, "--since", "2026-02-15")]
        settings = os.environ | {"PYTHONPATH": str(ROOT / "src"), "BOT_TOKEN": api.token, "PYTHONUNBUFFERED": "1"}
        command = [sys.executable, "-W", "error", "-m", "retention_engine.cli", "run", *words]
        process = subprocess.Popen(command, env=settings, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            assert process.stdout is not None
            assert "running" in process.stdout.readline()
            process.send_signal(signal.SIGTERM)
            out, err = process.communicate(timeout=20)
        finally:
            process.kill()
    assert (process.returncode, err) == (0, ""), out + err


GOOD: list[tuple[str, type]] = [
    ('[transports.telegram]\ntoken-env = "TOKEN"', TelegramTransport),
    ('[transports.telegram]\ntoken-file = "bot"', TelegramTransport),
    ('[transports.x]\ntype = "email"\nserver = "s"\nsender = "a@b.example"\npassword-env = "TOKEN"', SmtpTransport),
    ('[transports.webhook]\nsecret-env = "HOOK"\nnetworks = ["10.0.0.0/8"]', WebhookTransport),
]


@pytest.mark.parametrize(("text", "kind"), GOOD)
def test_a_delivery_file_makes_transports(
    text: str, kind: type, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each kind of transport; secrets come from the environment or from a file."""
    monkeypatch.setenv("TOKEN", "123456:ABC-DEF")
    monkeypatch.setenv("HOOK", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    (tmp_path / "templates").mkdir()
    write(tmp_path, {"delivery.toml": text, "bot": "123456:ABC-DEF\n"})
    ((_, made),) = read_channels(tmp_path / "delivery.toml").transports.items()
    assert isinstance(made, kind)


BAD = [
    ('[transports.telegram]\ntoken = "123456:ABC-DEF"', "no secret stands in this file: give token-env or token-file"),
    ("[transports.telegram]", "token-env or token-file is missing"),
    ('[transports.telegram]\ntoken-env = "NOT_THERE"', "the environment has no variable 'NOT_THERE'"),
    (
        '[transports.telegramm]\ntoken-env = "TOKEN"',
        "no installed package brings a transport 'telegramm' (did you mean 'telegram'?)",
    ),
    ('[transports.email]\nserver = "s"\nsender = "nobody"', "a mail address in ASCII, not 'nobody'"),
    ('[transports.email]\nserver = 5\nsender = "a@b.example"', "transports.email.server"),
    ('[transports.email]\nserver = "s"\nsender = "a@b.example"\nsecurity = "much"', "'much' is not a valid Security"),
    ('[transports.telegram]\ntokens-env = "TOKEN"', "unknown key"),
    ("[transport.telegram]", "unknown key 'transport'"),
    ("transports = 5", "a table of channels"),
    ('renderer = "mako"', "'plain' or 'jinja'"),
    ('[unsubscribe]\nsecret-env = "TOKEN"', "url is missing"),
    ("a = ", "no TOML"),
]


@pytest.mark.parametrize(("text", "said"), BAD)
def test_a_wrong_delivery_file_is_refused(
    text: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the place, and without the secret."""
    monkeypatch.setenv("TOKEN", "123456:ABC-DEF-long-enough")
    (tmp_path / "templates").mkdir()
    write(tmp_path, {"delivery.toml": text})
    with pytest.raises(DefinitionError) as found:
        read_channels(tmp_path / "delivery.toml")
    assert said in str(found.value)
    assert "ABC-DEF" not in str(found.value)


def test_mails_carry_their_link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A marketing mail of the file's transport can be unsubscribed from by one click."""
    monkeypatch.setenv("LINKS", "sixteen secret bytes")
    with FakeSmtp() as server:
        text = (
            f'[transports.telegram]\ntype = "email"\nserver = "127.0.0.1"\nport = {server.port}\nsecurity = "none"\n'
            'sender = "shop@shop.example"\n'
            '[unsubscribe]\nurl = "https://shop.example/unsubscribe"\nsecret-env = "LINKS"\n'
        )
        files = shop(tmp_path, text)
        with Engine([], store=f"sqlite:///{files[1]}") as engine:
            engine.record(
                ContactAdded(
                    id="m", customer="clara", at="2026-02-01T00:00:00Z", channel="telegram", address="c@c.example"
                )
            )
        (tmp_path / "templates" / "en" / "thanks.txt").write_text('+++\nsubject = "Thanks"\n+++\nThank you!', "utf-8")
        done = run("run", *options(files, "--once", "--at", AT, *SINCE))
        assert done.code == 0, done.err
        (mail,) = server.mails
    assert mail.message["List-Unsubscribe"].startswith("<https://shop.example/unsubscribe?token=")


def test_a_transport_of_another_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An entry point makes it out of the options of the file."""

    class Offered:
        name, value = "pigeon", "coop:Pigeon"

        def load(self) -> Any:
            def make(**words: Any) -> Any:
                made = RecordingTransport()
                made.words = words  # type: ignore[attr-defined]  # to look at
                return made

            return make

    monkeypatch.setattr("retention_engine.transports.plugged.entry_points", lambda group: [Offered()])
    monkeypatch.setenv("SEED", "corn")
    (tmp_path / "templates").mkdir()
    write(tmp_path, {"delivery.toml": '[transports.air]\ntype = "pigeon"\nsecret-env = "SEED"\nhow-far = 9\n'})
    ((name, made),) = read_channels(tmp_path / "delivery.toml").transports.items()
    assert (name, made.words) == ("air", {"secret": "corn", "how_far": 9})  # type: ignore[attr-defined]  # see above
