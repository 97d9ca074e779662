"""Two thousand messages over real sockets to a Bot API that fails in every way, by workers that are killed (T10).

``RETENTION_NIGHTLY=1`` sends 100,000 with 20 kills. A second of the rates is a tenth of one here, so that it does not
take a minute; a test of its own keeps the real ones.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from random import Random

import pytest
from attrs import frozen

from retention_engine import Engine
from retention_engine.actions import Action, Parcel, ParcelState
from retention_engine.facts import ContactAdded
from retention_engine.testing.fakes import FakeTelegram, bad_gateway, error, flood, migrated, reset, slow, truncated
from tests.acceptance._soak_worker import AT_ONCE, now

NIGHTLY = bool(os.environ.get("RETENTION_NIGHTLY"))
MESSAGES, KILLS = (100_000, 20) if NIGHTLY else (2_000, 5)
SPAN = 100_000
LONGEST = 3_600 if NIGHTLY else 300
DAY = 86_400_000_000

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no SIGKILL here")]


@frozen
class Soak:
    """What is left when all is done."""

    api: FakeTelegram
    rows: dict[str, Parcel]
    arrived: Counter[str]
    ambiguous: int
    kills: int

    def of_class(self, on_unknown: str) -> list[tuple[Parcel, int]]:
        """Return the rows of a class, and how often each message arrived."""
        rows = self.rows.values()
        return [(row, self.arrived[text(row.action)]) for row in rows if row.action.on_unknown == on_unknown]


def text(action: Action) -> str:
    """Return what a message says: its number."""
    return str(action.data["number"])


def fill(path: Path, count: int) -> None:
    """Write messages into an outbox: two for each chat, every third of them worth sending again."""
    start = now()
    words = {"rule": "news", "step": "hello", "kind": "send", "name": "hello", "channel": "telegram", "topic": "news"}
    made = [
        Action(
            customer=f"c{number // 2}",
            occasion=f"o{number}",
            data={"number": number},
            due=start,
            valid_until=start + DAY,
            on_unknown="retry" if number % 3 == 0 else "drop",
            **words,
        )
        for number in range(count)
    ]
    with Engine([], store=f"sqlite:///{path}") as engine:
        engine.record(
            ContactAdded(id=f"chat {n}", customer=f"c{n}", at=start - DAY, channel="telegram", address=str(1_000 + n))
            for n in range(-(-count // 2))
        )
        with engine.store.transaction():
            engine.store.outbox.put(made)


def spoil(api: FakeTelegram, count: int, dice: Random) -> list[bool]:
    """Script a fault for one call in eight, and return which of them leave it open whether the message arrived."""
    doubtful = [reset(counted=True), reset(counted=False), bad_gateway(), bad_gateway(504, counted=True)]
    doubtful += [error(500, "Internal Server Error: restart"), slow(1.0), truncated()]
    clear = [
        error(403, "Forbidden: bot was blocked by the user"),
        error(403, "Forbidden: something new"),
        error(400, "Bad Request: something odd"),
    ]
    ambiguous = []
    for number in range(count):
        fate = dice.random()
        if number % (count // 6) == count // 12:
            api.script(flood(1))
        elif fate < 0.08:
            api.script(dice.choice(doubtful))
        elif fate < 0.12:
            api.script(dice.choice(clear))
        elif fate < 0.125:
            api.script(migrated(-1_000_000 - number))
        else:
            api.script(None)
        ambiguous.append(number % (count // 6) != count // 12 and fate < 0.08)
    return ambiguous


def worker(path: Path, api: FakeTelegram, span: int) -> subprocess.Popen[bytes]:
    """Start a worker, unmeasured: it is to be quick, and killed."""
    settings = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    command = [sys.executable, "-m", "tests.acceptance._soak_worker", str(path), api.url, str(span)]
    return subprocess.Popen(command, env=settings, stderr=subprocess.PIPE)


def until_done(path: Path, api: FakeTelegram, kills: int, dice: Random) -> int:
    """Let workers work, one after the other, and kill some of them at any time; return how many were killed."""
    end, done, every = time.monotonic() + LONGEST, 0, 0.8 * MESSAGES / kills
    while True:
        process = worker(path, api, SPAN)
        mark = every * (done + 0.2 + 0.8 * dice.random())
        while done < kills and process.poll() is None and len(api.messages) < mark and time.monotonic() < end:
            time.sleep(0.005)
        if done < kills and process.poll() is None:
            process.kill()
        _, errors = process.communicate(timeout=max(1.0, end - time.monotonic()))
        if process.returncode != -signal.SIGKILL:
            assert (process.returncode, errors) == (0, b"")
            return done
        done += 1


@pytest.fixture(scope="module")
def soak(tmp_path_factory: pytest.TempPathFactory) -> Soak:
    """Send everything, whatever happens."""
    path, dice = tmp_path_factory.mktemp("soak") / "shop.db", Random(2026)
    fill(path, MESSAGES)
    with FakeTelegram() as api:
        ambiguous = spoil(api, 2 * MESSAGES, dice)
        kills = until_done(path, api, KILLS, dice)
        answered = len(api.arrivals)  # each took the next answer of the script
    with Engine([], store=f"sqlite:///{path}") as engine:
        rows = {row.key: row for state in ParcelState for row in engine.store.parcels.listed(state, "", 10**6)}
    found = Soak(api, rows, Counter(each.text for each in api.messages), sum(ambiguous[:answered]), kills)
    states = Counter(row.state.value for row in rows.values())
    print(f"{len(api.arrivals)} calls, {kills} kills, {found.ambiguous} doubtful answers, {dict(states)}")
    return found


def test_nothing_is_lost(soak: Soak) -> None:
    """Each message has ended, with a reason; what is told as sent has arrived; workers were killed on the way."""
    assert len(soak.rows) == MESSAGES
    assert {row.state for row in soak.rows.values()} <= set(ParcelState) - {ParcelState.PENDING, ParcelState.SENDING}
    assert all(row.reason for row in soak.rows.values())
    assert [
        row.key for row in soak.rows.values() if row.state is ParcelState.SENT and not soak.arrived[text(row.action)]
    ] == []
    assert soak.kills == KILLS


def test_what_is_sent_at_most_once_is_never_there_twice(soak: Soak) -> None:
    """Of class ``drop`` nobody has a second copy, and those refused have none."""
    rows = soak.of_class("drop")
    assert [row.key for row, count in rows if count > 1] == []
    refused = (ParcelState.DEAD, ParcelState.SUPPRESSED)
    assert [row.key for row, count in rows if row.state in refused and count] == []


def test_what_is_sent_at_least_once_has_a_copy_more_only_after_a_doubt(soak: Soak) -> None:
    """Of class ``retry`` a second copy comes after an unknown outcome, at most one for each message."""
    rows = soak.of_class("retry")
    assert [row.key for row, count in rows if count > 2] == []
    assert [row.key for row, count in rows if count == 2 and row.attempt_no < 2] == []
    assert sum(count == 2 for _, count in rows) <= soak.ambiguous + soak.kills * AT_ONCE


def test_what_is_unknown_is_bounded_and_told(soak: Soak) -> None:
    """No more than the doubtful answers and the calls in flight at the kills."""
    unknown = [row for row in soak.rows.values() if row.state is ParcelState.UNKNOWN]
    assert 0 < len(unknown) <= soak.ambiguous + soak.kills * AT_ONCE


def test_the_rates_are_kept_as_the_other_side_sees_them(soak: Soak) -> None:
    """Thirty in any span, one to a chat; a ban holds off everything but the calls in flight."""
    assert soak.api.most_calls(SPAN / 1_000_000) <= 30
    assert soak.api.most_calls(SPAN / 1_000_000, per_chat=True) == 1
    assert len(soak.api.bans) >= 3
    assert (
        soak.api.calls_in_bans() <= len(soak.api.bans) * 2 * AT_ONCE
    )  # in flight, and begun before its answer was read
    late = [at for since, until in soak.api.bans for at, _ in soak.api.arrivals if since + 0.3 < at < until]
    assert len(late) <= AT_ONCE  # of a worker whose forerunner was killed with the answer in its hands


def test_the_real_rates_are_kept(tmp_path: Path) -> None:
    """A hundred messages at thirty a second and one a second to each chat."""
    path = tmp_path / "shop.db"
    fill(path, 100)
    with FakeTelegram(per_second=30, per_chat=1) as api:
        process = worker(path, api, 1_000_000)
        _, errors = process.communicate(timeout=60)
        assert (process.returncode, errors) == (0, b"")
    assert (len(api.messages), api.bans) == (100, [])
    assert api.most_calls(1.0) <= 30
    assert api.most_calls(1.0, per_chat=True) == 1
