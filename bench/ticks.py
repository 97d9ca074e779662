"""Ticks of the real engine (``record`` and ``advance``): idle ones, and ticks of the same work among ever more people.

A store is brought to where a long-running engine would have left it, through its ports: the engine is launched, the
facts before that instant are appended, and every customer's next wake-up is set. Last visits are spread evenly over 90
days and dealt out to the customers at random, so that a tick of ``1500 days / customers`` has 50 wake-ups at every
size; 100 visits are recorded in each tick. At the end the decisions about a sample are compared with the pure
``decide``.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from random import Random
from statistics import median
from time import perf_counter, process_time

from attrs import define, field

from bench.measure import Row, quiet
from bench.workload import DAY, HOUR, NOW
from retention_engine import Engine, Rule, Send, days, decide, entering, hours, visits
from retention_engine.facts import Visited
from retention_engine.ports import Store
from retention_engine.stores import MemoryStore, SqliteStore

PART = "ticks"
SIZES = (10_000, 100_000, 1_000_000)
FACTS, DUE, SAMPLE = 100, 50, 200
FIVE_MINUTES = HOUR // 12
CHUNK = 10_000
LAPSES = [30 * DAY, 60 * DAY, 90 * DAY]
LAPSED = [
    Rule(f"lapsed-{span // DAY}", entering(visits.last().age >= days(span // DAY)), Send("hello")) for span in LAPSES
]
FIFTY = [Rule(f"quiet-{k}", entering(visits.last().age >= hours(720 + k)), Send("hello")) for k in range(50)]


@define
class Shop:
    """An engine with customers who have all visited once.

    Attributes:
        engine: launched at ``now``.
        size: how many customers.
        now: its logical time.
        chance: whose visits are recorded.
        visited: customer -> instants of their visits.
    """

    engine: Engine
    size: int
    now: int
    chance: Random
    visited: dict[int, list[int]] = field(factory=dict)
    evaluated: int = 0

    @property
    def width(self) -> int:
        """The width of a tick with 50 wake-ups."""
        return DUE * 90 * DAY // (len(LAPSES) * self.size)

    def facts(self) -> list[Visited]:
        """Return the visits of the next tick, at its end."""
        self.now += self.width
        made = []
        for number in self.chance.sample(range(self.size), min(FACTS, self.size)):
            self.visited[number].append(self.now)
            made.append(visit(number, self.now))
        return made

    def tick(self, facts: list[Visited]) -> None:
        """Record, then advance."""
        self.engine.record(facts)
        self.evaluated += self.engine.advance(self.now).evaluated


def visit(number: int, at: int) -> Visited:
    """Return the fact of a visit; ids grow with time, as running numbers and UUIDv7 do."""
    return Visited(id=f"{at}-{number}", customer=f"customer-{number:07d}", at=at)


def spread(size: int, over: int) -> list[int]:
    """Return the last visit of each customer: evenly over the time before ``NOW``, dealt out at random."""
    instants = [NOW - over + over * number // size for number in range(size)]
    Random(size).shuffle(instants)
    return instants


def shop(store: Store, rules: list[Rule], last: list[int], spans: list[int]) -> Shop:
    """Return a launched engine over a store that holds one visit of each customer and their next wake-ups."""
    engine = Engine(rules, store=store)
    engine.advance(NOW)
    for start in range(0, len(last), CHUNK):
        some = range(start, min(start + CHUNK, len(last)))
        wakes = {number: [last[number] + span for span in spans if last[number] + span > NOW] for number in some}
        with store.transaction():
            store.facts.append([visit(number, last[number]) for number in some])
            store.wakes.set({f"customer-{number:07d}": min(ahead) for number, ahead in wakes.items() if ahead})
    return Shop(engine, len(last), NOW, Random(7), {number: [at] for number, at in enumerate(last)})


def check(one: Shop) -> None:
    """Compare the decisions about a sample with the pure core."""
    numbers = Random(1).sample(range(one.size), min(SAMPLE, one.size))
    names = [f"customer-{number:07d}" for number in numbers]
    found = one.engine.store.journal.of(names)
    for number, name in zip(numbers, names, strict=True):
        facts = [visit(number, at) for at in one.visited[number]]
        assert found[name] == decide(LAPSED, facts, since=NOW, to=one.now).decisions, f"{name} was decided otherwise"
    assert any(found.values()) or one.size > 2_000, "nothing was decided about the whole sample"


def run(*, quick: bool = False) -> list[Row]:
    """Measure idle ticks, then ticks of the same work, sizes in turn."""
    sizes, rounds = ((60, 120, 240), 3) if quick else (SIZES, 40)
    rows = [row for kind in ("memory", "SQLite") for row in _work(kind, sizes, rounds)]
    return [*_idle(sizes[-1], 20 if quick else 288), *rows]


def _idle(size: int, ticks: int) -> Iterator[Row]:
    """Ticks of five minutes in which nothing is due: 50 rules that time turns, nobody quiet for 30 days yet."""
    for few in (size // 100, size):
        one = shop(MemoryStore(), FIFTY, spread(few, 10 * DAY), [hours(720).micros])
        spent = []
        with quiet():
            for number in range(1, ticks + 1):
                start = process_time()
                one.evaluated += one.engine.advance(NOW + number * FIVE_MINUTES).evaluated
                spent.append(process_time() - start)
        us = median(spent) * 1e6
        if few == size:
            note = f"{ticks} ticks, {size:,} customers"
            yield Row(PART, "idle tick: customers looked at", one.evaluated, "", ("==", 0), note)
        yield Row(PART, f"idle tick, {few:,} customers, 50 rules", us, "us")


def _idle_wall(one: Shop, ticks: int) -> float:
    """Return the median wall seconds of ticks of a microsecond, in which nothing is due."""
    spent = []
    for _ in range(ticks):
        one.now += 1
        begun = perf_counter()
        assert one.engine.advance(one.now).evaluated == 0, "somebody was looked at in an idle tick"
        spent.append(perf_counter() - begun)
    return median(spent)


def _work(kind: str, sizes: tuple[int, ...], rounds: int) -> Iterator[Row]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        shops = []
        for size in sizes:
            store: Store = MemoryStore() if kind == "memory" else SqliteStore(folder / f"{size}.db")
            stack.callback(store.close)
            shops.append(shop(store, LAPSED, spread(size, LAPSES[-1]), LAPSES))
        spent, wall = _in_turn(shops, rounds)
        for one in shops:
            check(one)
        idle = _idle_wall(shops[-1], rounds)
    for size, ticks in zip(sizes[1:], spent[1:], strict=True):
        goal = ("<=", 1.5) if size == sizes[-1] else None
        ratio = median(many / few for many, few in zip(ticks, spent[0], strict=True))
        note = f"{median(ticks) * 1e3:.2f} ms against {median(spent[0]) * 1e3:.2f} ms CPU"
        yield Row(PART, f"tick, {kind}: {size:,} vs {sizes[0]:,} customers", ratio, "x", goal, note)
    touched = median(one.evaluated / rounds for one in shops)
    us, note = median(spent[-1]) / touched * 1e6, f"{sizes[-1]:,} customers, commits included"
    yield Row(PART, f"tick, {kind}: a customer looked at", us, "us", None, f"{touched:.0f} a tick")
    yield Row(PART, f"tick, {kind}: wall", median(wall) * 1e3, "ms", None, note)
    yield Row(PART, f"idle tick, {kind}: wall", idle * 1e6, "us", None, note)


def _in_turn(shops: list[Shop], rounds: int) -> tuple[list[list[float]], list[float]]:
    """Return the CPU seconds of each shop's ticks, and the wall seconds of the last one's."""
    spent: list[list[float]] = [[] for _ in shops]
    wall: list[float] = []
    for one in shops:
        one.tick(one.facts())
        one.evaluated = 0
    with quiet():
        for _ in range(rounds):
            for one, times in zip(shops, spent, strict=True):
                facts = one.facts()
                begun, start = perf_counter(), process_time()
                one.tick(facts)
                times.append(process_time() - start)
                if one is shops[-1]:
                    wall.append(perf_counter() - begun)
    return spent, wall
