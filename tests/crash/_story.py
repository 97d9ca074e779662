"""One shop from the first fact to the last message, told again and again: what was interrupted goes on where it stood.

Two files stand for the world outside, which no crash takes back: ``known`` has a line for each batch of facts that
was acknowledged, ``calls`` one for each message that arrived.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar

from attrs import define, field

from retention_engine import (
    Delay,
    Engine,
    Event,
    Money,
    Order,
    Rule,
    Send,
    after,
    entering,
    entry,
    events,
    hours,
    minutes,
    on,
    orders,
)
from retention_engine.actions import Parcel, ParcelState
from retention_engine.delivery import Delivery
from retention_engine.engine import line_of
from retention_engine.envelopes import Content, Envelope, SendOutcome, Sent
from retention_engine.errors import StoreError
from retention_engine.facts import ContactAdded
from retention_engine.timing import HOUR, MINUTE, SECOND, to_instant

START = to_instant("2026-07-01T09:00:00+00:00")
CUSTOMERS = [f"c{number:02}" for number in range(12)]
HOURS = 3
RULES = [
    Rule(
        "thanks",
        after(orders, minutes(30)),
        Send("thanks", channel="chat", on_unknown="retry"),
        Delay(hours(1)),
        Send("rate", channel="chat"),
        exit_when=orders.since(entry).exists(),
    ),
    Rule("back", entering(orders.last().age >= hours(2)), Send("miss-you", channel="chat")),
    Rule("gift", on(events("gift")), Send("gift", channel="chat", on_unknown="ask")),
]
T = TypeVar("T")


def batches(hour: int) -> list[list[Any]]:
    """Return what becomes known in an hour, in batches that are acknowledged one by one."""
    at = START + hour * HOUR
    if hour == 0:
        return [[ContactAdded(id=f"c:{one}", customer=one, at=at, channel="chat", address=one) for one in CUSTOMERS]]
    buyers = CUSTOMERS[2 * hour : 2 * hour + 2] if hour < HOURS else CUSTOMERS[2:3]
    bought = [Order(id=f"o:{hour}:{one}", customer=one, at=at, total=Money(100, "EUR")) for one in buyers]
    given = Event(id=f"g:{hour}", customer=CUSTOMERS[hour], at=at + MINUTE, name="gift")
    return [bought, [given]] if hour == 2 else [bought]


@define
class Story:
    """One telling of it.

    Attributes:
        append: writes a line to a file outside, for good.
        clock: goes on by a second whenever somebody looks.
        prepare: does something to an engine that was opened.
        early: whether a batch is acknowledged before it is recorded; a fault to be planted.
        attempt: does one thing, maybe again and again.
    """

    folder: str
    append: Callable[[str, str], None]
    prepare: Callable[[Engine], object] = lambda engine: None
    early: bool = False
    attempt: Callable[[Callable[[], Any]], Any] = lambda do: do()
    clock: int = 0

    def tell(self, late: int = 0) -> None:
        """Do whatever was not done yet, ``late`` microseconds after its time; leave the file half way once."""
        self._part(range(2), late)
        self._part(range(2, HOURS + 1), late)

    def _part(self, range_of_hours: Iterable[int], late: int) -> None:
        engine = self.attempt(self._opened)
        for hour in range_of_hours:
            self._hour(engine, hour, late)
        self.attempt(engine.close)

    def _opened(self) -> Engine:
        engine = Engine(RULES, store=f"sqlite:///{self.folder}/shop.db", since=START)
        self.prepare(engine)
        return engine

    def _hour(self, engine: Engine, hour: int, late: int) -> None:
        until = START + hour * HOUR + 45 * MINUTE
        if engine.now is not None and until < to_instant(engine.now):
            return
        known = lines(self.folder, "known")
        for number, batch in enumerate(batches(hour)):
            if f"{hour}:{number}" not in known:
                steps = [lambda batch=batch: self.attempt(lambda: engine.record(batch))]
                steps.append(lambda number=number: self.append("known", f"{hour}:{number}"))
                for step in reversed(steps) if self.early else steps:
                    step()
        self.attempt(lambda: engine.advance(until))
        self.clock = until + late
        for pause in (0, 5 * MINUTE):
            self.clock += pause
            self.attempt(lambda: self._delivery(engine).deliver(self.tick))

    def tick(self) -> int:
        """Return the time."""
        self.clock += SECOND
        return self.clock

    def _delivery(self, engine: Engine) -> Delivery:
        return Delivery(engine, {"chat": Chat(self, engine)}, renderer=Words(self))


@define
class Words:
    """Says something new each time, so that nothing is told twice."""

    story: Story

    def render(self, template: str, channel: str | None, language: str | None, data: Mapping[str, Any]) -> Content:
        """Return the name of the template and the time."""
        return Content(text=f"{template} {self.story.clock}")


@define
class Chat:
    """Where messages arrive: nothing gets lost here."""

    story: Story
    engine: Engine

    def send(self, envelope: Envelope) -> SendOutcome:
        """Let a message arrive; by then it must be marked, and the mark must be committed."""
        row = self.engine.store.parcels.of([envelope.key])[envelope.key]
        session: Any = self.engine.store
        open_still = session._session._connection.in_transaction
        marked = row.state is ParcelState.SENDING and row.attempt_no == envelope.attempt and not open_still
        self.story.append("calls", f"{envelope.key} {int(marked)}")
        return Sent(envelope.key)


def lines(folder: str, name: str) -> list[str]:
    """Return the lines of a file outside; one cut off in the middle does not count."""
    path = Path(folder, name)
    return path.read_text(encoding="utf-8").split("\n")[:-1] if path.exists() else []


def said(engine: Engine) -> list[str]:
    """Return the journal as lines."""
    return [f"{one.at} {one.customer} {one.rule} {line_of(one)}" for one in engine.journal()]


def uninterrupted() -> list[str]:
    """Return the journal of a shop in memory that nothing ever happened to."""
    engine = Engine(RULES, since=START)
    for hour in range(HOURS + 1):
        for batch in batches(hour):
            engine.record(batch)
        engine.advance(START + hour * HOUR + 45 * MINUTE)
    return said(engine)


@define
class Checked:
    """What a story that came to its end tells.

    Attributes:
        broken: promise that does not hold -> evidence.
    """

    messages: int = 0
    doubtful: int = 0
    duplicates: int = 0
    undelivered: int = 0
    broken: dict[str, str] = field(factory=dict)

    def hold(self, name: str, truth: object, *evidence: object) -> None:
        """Check one promise."""
        if not truth:
            self.broken.setdefault(name, repr(evidence)[:400])


def check(folder: str, expected: list[str], doubts: int) -> Checked:
    """Check every promise in a folder where the story came to its end.

    Args:
        doubts: how many messages may be in doubt: as many as calls were in flight when something happened.
    """
    checked = Checked()
    with closing(sqlite3.connect(f"{folder}/shop.db")) as connection:
        checked.hold("sound", connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)])
        echoes = "id LIKE 'sent:%' OR id LIKE 'failed:%'"
        found = {row[0] for row in connection.execute(f"SELECT id FROM facts WHERE NOT ({echoes})")}
    checked.hold("facts", found == (known := _ids()), known ^ found)
    with Engine(RULES, store=f"sqlite:///{folder}/shop.db") as engine:
        checked.hold("decisions", (journal := said(engine)) == expected, set(journal) ^ set(expected))
        acts = [one.action for one in engine.journal() if one.action is not None]
        checked.hold("once", len({one.identity for one in acts}) == len(acts))
        rows = [row for state in ParcelState for row in engine.store.parcels.listed(state, "", 999)]
        checked.hold("outbox", sorted(row.key for row in rows) == sorted(one.key for one in acts))
        told = Counter(fact.id for each in engine.store.facts.of(CUSTOMERS).values() for fact in each)
    calls = [line.split() for line in lines(folder, "calls")]
    checked.hold("marked", all(marked == "1" for _, marked in calls), calls)
    sent = [row for row in rows if row.state is ParcelState.SENT]
    checked.hold("told as sent", sum(told[f"sent:{row.key}:{row.token}"] for row in rows) == len(sent))
    _check_deliveries(checked, rows, Counter(key for key, _ in calls))
    checked.hold("window", checked.doubtful <= doubts, checked)
    return checked


def _check_deliveries(checked: Checked, rows: list[Parcel], arrived: Counter[str]) -> None:
    checked.messages = len(rows)
    for row in rows:
        count, doubt = arrived[row.key], row.unknowns
        checked.doubtful += doubt > 0
        checked.duplicates += max(0, count - 1)
        checked.undelivered += count == 0
        again = doubt if row.action.on_unknown == "retry" else 0
        checked.hold("duplicate", count <= 1 + again, row, count)
        checked.hold("lost", count >= 1 or (row.state is ParcelState.UNKNOWN and doubt), row)
        ends = (ParcelState.SENT, ParcelState.UNKNOWN) if doubt else (ParcelState.SENT,)
        checked.hold("ended", row.state in ends and row.reason, row)


def _ids() -> set[str]:
    given = [each for hour in range(HOURS + 1) for batch in batches(hour) for each in batch]
    return {f"order:{each.id}" if isinstance(each, Order) else str(each.id) for each in given}


def patient(story: Story, errors: list[StoreError], most: int = 50) -> Callable[[Callable[[], T]], T]:
    """Return an ``attempt`` that goes on after a StoreError, two minutes later, and notes it; any other error ends."""

    def attempt(do: Callable[[], T]) -> T:
        while True:
            try:
                return do()
            except StoreError as error:
                errors.append(error)
                story.clock += 2 * MINUTE
                if len(errors) > most:
                    raise

    return attempt
