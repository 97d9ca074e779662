"""``retention-engine run`` and ``deliver``: decide and send, for as long as they run, or once."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from cyclopts import CycloptsError

from retention_engine import Engine
from retention_engine.cli.channels import read_channels
from retention_engine.cli.exits import Exit
from retention_engine.cli.inputs import club_at, instant_of, shop_in, store_at
from retention_engine.cli.screen import Screen
from retention_engine.delivery import EngineClock, Runner, adopt_environment, check_environment
from retention_engine.ports import Store
from retention_engine.signals import Escalated, MessageSettled, Signal
from retention_engine.stores import open_store
from retention_engine.timing import to_instant, to_text


def run(
    rules: Path,
    /,
    *,
    db: str,
    delivery: Path,
    once: bool = False,
    dry_run: bool = False,
    at: str | None = None,
    since: str | None = None,
    zone: str | None = None,
    club: str | None = None,
    resume: bool = False,
    adopt: bool = False,
    json: bool = False,
) -> Exit:
    """Decide what is due and send it, until it is interrupted: it then finishes the message in flight.

    Args:
        rules: the rules and policies, a TOML file.
        db: the store.
        delivery: templates and transports, a TOML file.
        once: do what is due now, and end.
        dry_run: do it once on a copy of the store, and print messages instead of sending them.
        at: an instant instead of now, with --once or --dry-run.
        since: the launch of rules on a store that was never advanced; left out, what lies before now sends nothing.
        zone: the shop's time zone; left out, the one the store was used with before, else UTC.
        club: the club that rules ask about and grant from, as module:NAME of a Python module.
        resume: go on although nobody ran for more than a day, or the clock leapt.
        adopt: make the store that of the environment which the delivery file names.
        json: print JSON lines for programs.
    """
    screen = Screen(json=json)
    if at is not None and not (once or dry_run):
        raise CycloptsError("--at is for --once and --dry-run: a run goes by the clock")
    launch = None if since is None else instant_of(since, "--since", zone or "UTC")
    how: dict[str, Any] = {"at": at, "dry_run": dry_run, "resume": resume, "adopt": adopt}
    with _ready(rules, delivery, db, screen, **how, zone=zone, since=launch, club=club_at(club)) as runner:
        if not (once or dry_run):
            asyncio.run(_serve(runner, screen))
            return Exit.OK
        return _once(runner, screen)


def deliver(
    rules: Path,
    /,
    *,
    db: str,
    delivery: Path,
    dry_run: bool = False,
    at: str | None = None,
    zone: str | None = None,
    club: str | None = None,
    resume: bool = False,
    adopt: bool = False,
    json: bool = False,
) -> Exit:
    """Send what was decided, such as by ``advance``, and decide nothing.

    Args:
        rules: the rules and policies, a TOML file: every message is weighed once more.
        db: the store.
        delivery: templates and transports, a TOML file.
        dry_run: do it on a copy of the store, and print messages instead of sending them.
        at: an instant instead of now.
        zone: the shop's time zone; left out, the one the store was used with before, else UTC.
        club: the club that rules ask about and grant from, as module:NAME of a Python module.
        resume: go on although nobody ran for more than a day, or the clock leapt.
        adopt: make the store that of the environment which the delivery file names.
        json: print JSON lines for programs.
    """
    screen = Screen(json=json)
    how: dict[str, Any] = {"at": at, "dry_run": dry_run, "resume": resume, "adopt": adopt}
    with _ready(rules, delivery, db, screen, **how, zone=zone, club=club_at(club)) as runner:
        reading = runner.clock.sync()
        if reading.held:
            return _held(screen, str(reading))
        report = runner.delivery.deliver(runner.clock, limit=1_000_000, go_on=lambda: not runner.clock.read().held)
    again = None if report.again is None else to_text(report.again)
    screen.emit("delivery", at=to_text(reading.at), actions=0, states=dict(report.states), next_wakeup=again)
    screen.say(f"{to_text(reading.at)}: {report}; next: {again or 'when something is decided'}")
    return Exit.OK


@contextmanager
def _ready(
    rules: Path,
    delivery: Path,
    db: str,
    screen: Screen,
    *,
    at: str | None,
    dry_run: bool,
    resume: bool,
    adopt: bool,
    **words: Any,
) -> Iterator[Runner]:
    """Open the store, or a copy of it that is thrown away, and put together what runs."""
    shop = shop_in(rules)
    channels = read_channels(delivery, dry_run=dry_run, stream=sys.stderr if screen.json else None)
    with closing(channels), _store(db, dry_run=dry_run) as store:
        engine = Engine(shop.rules, policies=shop.policies, store=store, observers=[_Printer(screen)], **words)
        instant = None if at is None else instant_of(at, "--at", engine.zone)
        clock = EngineClock(engine) if instant is None else EngineClock.of(engine, lambda: instant)
        runner = Runner(engine, channels.delivery(engine), clock=clock, environment=channels.environment)
        if adopt or dry_run:
            adopt_environment(engine, channels.environment)
        check_environment(engine, channels.environment)
        if resume or dry_run:
            runner.resume()
        yield runner


class _Printer:
    """Prints what became of every message, and whatever a person should look at."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen

    def note(self, signal: Signal) -> None:
        """Print a line."""
        if isinstance(signal, MessageSettled):
            words = {"rule": signal.rule, "channel": signal.channel, "state": signal.state, "reason": signal.reason}
            self._screen.emit("message", key=signal.key, **words, attempt=signal.attempt)
            said = f"{signal.state} {signal.rule} by {signal.channel or 'no channel'}: {signal.reason or 'ok'}"
            self._screen.say(f"{signal.key}  {said}")
        elif isinstance(signal, Escalated):
            self._screen.emit("escalation", code=signal.code, subject=signal.subject, text=signal.text)
            self._screen.say(f"look at {signal.subject}: {signal.code} {signal.text}".rstrip())


@contextmanager
def _store(db: str, *, dry_run: bool) -> Iterator[Store]:
    """Open the store, or a copy of it that is thrown away."""
    store = store_at(db)
    if not dry_run:
        try:
            yield store
        finally:
            store.close()
        return
    store.close()
    with TemporaryDirectory() as folder:
        copy = open_store(f"sqlite:///{_copied(db, Path(folder) / 'copy.db')}")
        try:
            yield copy
        finally:
            copy.close()


def _copied(db: str, copy: Path) -> Path:
    import sqlite3  # loaded by those who use it

    if "://" in db and not db.startswith("sqlite:///"):
        raise CycloptsError("--dry-run copies the store, which only an SQLite file allows")
    source, target = sqlite3.connect(db.removeprefix("sqlite:///")), sqlite3.connect(copy)
    try:
        source.backup(target)
    finally:
        source.close()
        target.close()
    return copy


async def _serve(runner: Runner, screen: Screen) -> None:
    """Run until a signal; a message in flight is finished."""
    loop = asyncio.get_running_loop()
    for each in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):  # where a loop knows no signals, Ctrl-C ends it at once
            loop.add_signal_handler(each, runner.halt)
    screen.say("running; Ctrl-C ends it")
    await runner.run()


def _once(runner: Runner, screen: Screen) -> Exit:
    """Tick until nothing is due any more."""
    actions, states = 0, Counter[str]()
    while True:
        report = runner.tick_sync()
        if report.messages is None:
            return _held(screen, str(report.reading))
        actions, states = actions + len(report), states + report.messages.states
        if not report or runner.seconds_to_next() > 0:
            break
    found, at = runner.next_wakeup(), to_text(report.reading.at)
    wake = None if found is None else to_text(to_instant(found))
    screen.emit("delivery", at=at, actions=actions, states=dict(states), next_wakeup=wake)
    done = ", ".join(f"{count} {state}" for state, count in sorted(states.items())) or "no message"
    screen.say(f"{at}: {actions:,} actions became due, {done}; next: {wake or 'when a fact comes'}")
    return Exit.OK


def _held(screen: Screen, text: str) -> Exit:
    screen.emit("held", text=text)
    screen.say(f"nothing was done: {text}; look at the clock of this machine, then --resume goes on")
    return Exit.FOUND
