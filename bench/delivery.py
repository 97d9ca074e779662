"""What delivery costs beside the transport: time and commits per message, and the room a backlog takes.

The other sides deliver the same envelopes to the same fake: a bare loop that promises nothing, and a loop written by
hand over the same kind of file that marks each message before its call and settles it after it, with the same number of
commits. Neither of them asks anything again, renders anything or records what became of it.
"""

from __future__ import annotations

import sqlite3
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from typing import Any

from bench.measure import Row, quiet
from bench.workload import DAY, NOW
from retention_engine import Engine, Rule, Send, events, on
from retention_engine.actions import Action
from retention_engine.delivery import Delivery
from retention_engine.envelopes import Content, Envelope, SendOutcome, Sent
from retention_engine.facts import ContactAdded
from retention_engine.templates import PlainRenderer

PART = "delivery"
RULE = Rule("news", on(events("post")), Send("hello", topic="news", channel="fake"))
RENDERER = PlainRenderer({"en/hello.txt": "Hello {number}, there is something new."})
_SENT = Sent("m")


class Fake:
    """A transport that takes no time."""

    def __init__(self) -> None:
        self.count = 0

    def send(self, envelope: Envelope) -> SendOutcome:
        """Count."""
        self.count += 1
        return _SENT


def run(*, quick: bool = False) -> list[Row]:
    """Return the rows of this part."""
    count = 50 if quick else 2_000
    backlog = 200 if quick else 100_000
    with TemporaryDirectory() as folder:
        files = (Path(folder) / f"{number}.db" for number in range(99))
        memory = [cpu_of(lambda: ours("memory", count)) for _ in range(3)]
        bare = [cpu_of(lambda: loop(count)) for _ in range(3)]
        file = [wall_of(lambda: ours(f"sqlite:///{next(files)}", count)) for _ in range(3)]
        hand = [wall_of(lambda: by_hand(next(files), count)) for _ in range(3)]
        commits = commits_per_message(f"sqlite:///{next(files)}", count)
        size = bytes_of_file(next(files), backlog)
    ratio = median(one / other for one, other in zip(file, hand, strict=True))
    micros = median(memory) / count * 1e6
    again = [cpu_of(lambda: ours("memory", 8 * count)) for _ in range(1 if quick else 2)]
    growth = min(again) / (8 * min(memory))
    return [
        Row(PART, "memory: one message, asked again, rendered, settled", micros, "us"),
        Row(PART, "the bare loop over the same fake", median(bare) / count * 1e6, "us"),
        Row(PART, "SQLite (FULL): messages a second, wall time", count / median(file), "/s", goal=(">=", 30)),
        Row(
            PART,
            "SQLite (FULL): ours / by hand with the same marks",
            ratio,
            note="wall time; by hand asks nothing again",
        ),
        Row(PART, "SQLite: commits per message", commits, "", goal=("<=", 1.1)),
        Row(PART, "memory: 8 times as many, per message", growth, goal=("<=", 1.5)),
        Row(PART, f"memory: bytes per message of a backlog of {backlog:,}", bytes_in_memory(backlog), "B"),
        Row(PART, f"SQLite: bytes per message of a backlog of {backlog:,}", size, "B"),
    ]


def actions(count: int) -> list[Action]:
    """Return messages that are due, one to each customer."""
    words: dict[str, Any] = {"rule": "news", "step": "hello", "kind": "send", "name": "hello", "channel": "fake"}
    return [
        Action(
            customer=f"c{n:06}",
            occasion=f"o{n}",
            topic="news",
            data={"number": n},
            due=NOW,
            valid_until=NOW + DAY,
            **words,
        )
        for n in range(count)
    ]


def shop(store: str, count: int) -> Engine:
    """Return an engine with so many messages in its outbox."""
    engine = Engine([RULE], store=store, since=NOW - DAY)
    made = actions(count)
    engine.record(
        ContactAdded(id=one.customer, customer=one.customer, at=NOW - DAY, channel="fake", address=one.customer)
        for one in made
    )
    with engine.store.transaction():
        engine.store.outbox.put(made)
    return engine


@contextmanager
def ours(store: str, count: int) -> Iterator[Callable[[], None]]:
    """Prepare a delivery."""
    fake = Fake()
    with shop(store, count) as engine:
        delivery = Delivery(engine, {"fake": fake}, renderer=RENDERER)
        yield lambda: print_nothing(delivery.deliver(NOW, limit=count).states["sent"] == count)
    assert fake.count == count


@contextmanager
def loop(count: int) -> Iterator[Callable[[], None]]:
    """Prepare the bare loop."""
    fake, made = Fake(), actions(count)

    def send() -> None:
        for one in made:
            fake.send(envelope_of(one))

    yield send
    assert fake.count == count


@contextmanager
def by_hand(path: Path, count: int) -> Iterator[Callable[[], None]]:
    """Prepare a loop that marks and settles, the settling of one message and the mark of the next in one commit."""
    fake, made = Fake(), actions(count)
    base = sqlite3.connect(path, isolation_level=None)
    base.execute("PRAGMA journal_mode = WAL")
    base.execute("PRAGMA synchronous = FULL")
    base.execute("CREATE TABLE outbox (key TEXT PRIMARY KEY, state TEXT, token INTEGER)")
    base.executemany("INSERT INTO outbox VALUES (?, 'pending', 0)", [(one.key,) for one in made])

    def send() -> None:
        last = ""
        for one in made:
            base.execute("BEGIN IMMEDIATE")
            base.execute("UPDATE outbox SET state = 'sent' WHERE key = ? AND state = 'sending' AND token = 1", (last,))
            base.execute(
                "UPDATE outbox SET state = 'sending', token = 1 WHERE key = ? AND state = 'pending'", (one.key,)
            )
            base.execute("COMMIT")
            fake.send(envelope_of(one))
            last = one.key
        base.execute("UPDATE outbox SET state = 'sent' WHERE key = ?", (last,))

    yield send
    assert base.execute("SELECT count(*) FROM outbox WHERE state = 'sent'").fetchone() == (count,)
    base.close()


def envelope_of(one: Action) -> Envelope:
    """Return the envelope of an action, as short as it gets."""
    text = f"Hello {one.data['number']}, there is something new."
    return Envelope(
        key=one.key, customer=one.customer, channel="fake", address=one.customer, content=Content(text=text), at=NOW
    )


def print_nothing(right: object) -> None:
    """Check an answer."""
    assert right


def cpu_of(side: Callable[[], Any]) -> float:
    """Return the CPU seconds of a prepared side."""
    with side() as work, quiet():
        start = process_time()
        work()
        return process_time() - start


def wall_of(side: Callable[[], Any]) -> float:
    """Return the seconds of a prepared side by the clock on the wall: it waits for the disk."""
    with side() as work, quiet():
        start = perf_counter()
        work()
        return perf_counter() - start


def commits_per_message(store: str, count: int) -> float:
    """Return how often a delivery commits for each message, counted at the store."""
    commits = 0
    with shop(store, count) as engine:
        inner = engine.store.transaction

        @contextmanager
        def counted() -> Iterator[None]:
            nonlocal commits
            with inner():
                yield
            commits += 1

        engine.store.transaction = counted  # type: ignore[method-assign] # counting is all it does more
        Delivery(engine, {"fake": Fake()}, renderer=RENDERER).deliver(NOW, limit=count)
    return commits / count


def bytes_in_memory(count: int) -> float:
    """Return what a message waiting in memory takes."""
    with Engine([RULE], since=NOW - DAY) as engine:
        tracemalloc.start()
        with engine.store.transaction():
            engine.store.outbox.put(actions(count))
        engine.store.parcels.waiting(NOW, 1)
        taken = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
    return taken / count


def bytes_of_file(path: Path, count: int) -> float:
    """Return what a message waiting in a file takes."""
    with Engine([RULE], store=f"sqlite:///{path}", since=NOW - DAY) as engine:
        before = path.stat().st_size
        with engine.store.transaction():
            engine.store.outbox.put(actions(count))
    return (path.stat().st_size - before) / count
