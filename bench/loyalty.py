"""What points cost: the ledger alone, and orders that earn beside the same orders without a club.

Redeeming through the cashier is measured beside a loop written by hand over the same kind of file, which lowers a
balance and writes a line of a journal in one commit. That loop has no lots, so nothing of it expires, is pending or can
be given back; it knows no keys, so a repeated request is spent twice.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from functools import partial
from itertools import count, islice
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from bench.delivery import cpu_of, wall_of
from bench.measure import Row, in_turn, micros
from bench.workload import DAY, HOUR, NOW
from retention_engine import Engine, Line, Money, Order, Rule, Send, after, days, entering, orders
from retention_engine.clubs import Achievement, Club, Earning, Programme, SpendMetric, Tiers, per_money
from retention_engine.loyalty import (
    Account,
    Earn,
    Lasts,
    Ledger,
    Redeem,
    State,
    Unit,
    Vesting,
    advance,
    decide,
    from_json,
    project,
    to_json,
)
from retention_engine.loyalty.codes import CodeKeys
from retention_engine.loyalty.earning import Spending
from retention_engine.loyalty.games import Recurrence
from retention_engine.loyalty.tiers import Level, TierProgramme

PART = "loyalty"
PTS = Unit("pts")
ACCOUNT = Account("club", PTS, "anna")
SIZES = (50, 200, 1_000, 5_000)
RULES = [
    Rule("review", after(orders, days(14)), Send("review"), re_entry=days(60)),
    Rule("win-back", entering(orders.last().age >= days(45)), Send("we-miss-you")),
    Rule("regular", entering(orders.within(days(90)).count() >= 3), Send("club")),
]
PROGRAMME = Programme(
    id="club",
    unit=PTS,
    currency="EUR",
    earning=[Earning("base", per_money(1, 100), vesting=Vesting(after=days(14)), validity=Lasts(span=days(180)))],
    spending=Spending(point_value=Fraction(1)),
)
LEVELS = [Level("base", entry=0), Level("silver", entry=50_000), Level("gold", entry=200_000)]
TIERS = Tiers(programme=TierProgramme(name="tiers", levels=LEVELS), metric=SpendMetric("EUR"))
POINTS, LEVELLED = Club(programmes=[PROGRAMME]), Club(programmes=[PROGRAMME], tiers=(TIERS,))
EVERY_SECOND = Achievement(id="two", measure=orders.count(), target=2, recurrence=Recurrence.ON_COMPLETION)
PLAYED = Club(programmes=[PROGRAMME], achievements=[EVERY_SECOND])
START = NOW - 365 * DAY
BATCH = 1_000
_EACH = 4
"""Orders of a customer."""


def run(*, quick: bool = False) -> list[Row]:
    """Measure the ledger, then orders that earn, those of one customer, then redeeming."""
    sizes = SIZES[:2] if quick else SIZES
    return [
        *_ledger(sizes, 2 if quick else 7),
        *_accrual(quick=quick),
        *_regular(quick=quick),
        *_counter(quick=quick),
    ]


def ledger_of(lots: int) -> Ledger:
    """Return an account with so many lots: each of 10 units, a few of them pending, all expiring at different days."""
    ledger = Ledger()
    for number in range(lots):
        ledger.post(
            Earn(
                key=f"e{number}",
                account=ACCOUNT,
                at=START + number,
                amount=10,
                vests_at=START + number if number % 10 else START + 30 * DAY + number,
                validity=Lasts(span=days(60 + number * 37 % lots)),
            )
        )
    return ledger


def _ledger(sizes: tuple[int, ...], rounds: int) -> Iterator[Row]:
    ledgers = {size: ledger_of(size) for size in sizes}
    states = {size: ledger.state(ACCOUNT) for size, ledger in ledgers.items()}
    for size, state in states.items():
        _check_projection(state)
        assert sum(state.balance) == 10 * size
    many = {size: max(1, 20_000 // size // rounds) for size in sizes}
    sides: dict[str, Callable[[], object]] = {}
    for size in sizes:
        sides[f"project {size}"] = _times(many[size], partial(project, states[size]))
        sides[f"redeem {size}"] = _times(many[size], partial(_redeem, states[size]))
    entries = ledgers[sizes[0]].streams[ACCOUNT]
    assert [from_json(to_json(entry)) for entry in entries] == entries
    keys, codes = CodeKeys({"one": b"k" * 32}, current="one"), 200
    made = list(_codes(keys, codes))
    assert len(set(made)) == codes
    sides["json"] = lambda: [from_json(to_json(entry)) for entry in entries]
    sides["codes"] = lambda: list(_codes(keys, codes))
    times = in_turn(sides, rounds)
    for what, name, goal in (("projection of an account", "project", 0.1), ("decide(redeem)", "redeem", None)):
        took = {size: micros(times[f"{name} {size}"], many[size]) / 1_000 for size in sizes}
        for size in sizes:
            limit = ("<=", goal) if goal is not None and size == sizes[0] else None
            yield Row(PART, f"{what}, {size:,} lots", took[size], "ms", limit)
        largest = min(1_000, sizes[-1])
        grown = took[largest] / took[sizes[0]]
        more = f"{largest // sizes[0]} times as many lots"
        yield Row(PART, f"{what}: {largest:,} lots vs {sizes[0]}", grown, "x", ("<=", 1.5 * largest / sizes[0]), more)
    yield Row(PART, "entries as JSON and back", 1e6 / micros(times["json"], len(entries)), "/s CPU")
    yield Row(PART, "codes derived", 1e6 / micros(times["codes"], codes), "/s CPU", (">=", 30_000))


def _times(count: int, work: Callable[[], object]) -> Callable[[], None]:
    def side() -> None:
        for _ in range(count):
            work()

    return side


def _check_projection(state: State) -> None:
    """Compare a few steps with the state brought to their instants."""
    steps = project(state)
    assert len(steps) > 10
    for step in steps[:: max(1, len(steps) // 5)]:
        assert advance(state, step.at).balance == step.balance


def _redeem(state: State) -> object:
    (entry,) = decide(Redeem(key="r", account=ACCOUNT, at=state.at, amount=15), {ACCOUNT: state}, PROGRAMME.terms)
    return entry


def _codes(keys: CodeKeys, count: int) -> Iterator[str]:
    return (next(keys.derive("spring", f"c{number}", "welcome", length=12)) for number in range(count))


def bought(count: int, name: str = "o") -> list[Order]:
    """Return paid orders of two lines, four a customer, one after the other in time; ``name`` begins their ids."""
    found = []
    for number in range(count):
        customer, turn = number % (count // _EACH), number // (count // _EACH)
        amounts = 1_000 + number * 7_919 % 9_000, 2_000 + number * 104_729 % 5_000
        lines = [Line(sku=f"s{place}", price=Money(amount, "EUR")) for place, amount in enumerate(amounts)]
        at = START + turn * 20 * DAY + number * HOUR // count
        found.append(Order(id=f"{name}{number}", customer=f"c{customer:06}", at=at, lines=lines))
    return found


def _accrual(*, quick: bool) -> Iterator[Row]:
    many, few = (40, 20) if quick else (4_000, 400)
    clubs: dict[str, Club | None] = {"without a club": None, "points": POINTS, "points and tiers": LEVELLED}
    with TemporaryDirectory() as folder:
        files = (f"sqlite:///{Path(folder) / f'{number}.db'}" for number in count())
        ways: dict[str, tuple[int, Callable[[], str], int, Any]] = {
            f"memory, batches of {BATCH:,}": (many, lambda: "memory", BATCH, cpu_of),
            f"SQLite, batches of {BATCH:,}": (many, lambda: next(files), BATCH, cpu_of),
            "SQLite (FULL), one by one": (few, lambda: next(files), 1, wall_of),
        }
        for shown, (amount, store, size, clock) in ways.items():
            took: dict[str, list[float]] = {name: [] for name in clubs}
            for turn in range(1 if quick else 3):
                for name, club in clubs.items():
                    made = bought(amount, f"{shown} {turn} {name} ")  # entries that this process has never read
                    took[name].append(clock(partial(_ingest, made, store(), club=club, size=size)))
            bare = took.pop("without a club")
            yield Row(PART, f"{shown}: orders without a club", amount / median(bare), "/s")
            for name, times in took.items():
                ratio = median(one / other for one, other in zip(times, bare, strict=True))
                goal = ("<=", 2.0) if name == "points" else None
                yield Row(PART, f"{shown}: with {name} vs without", ratio, "x", goal)
    made = bought(many)
    earned = sum(order.total.amount // 100 for order in made)
    with _ingest(made, "memory", club=POINTS, size=BATCH) as work:
        engine = work()
        balances = [engine.cashier.balance(name, "pts", at=engine.now) for name in {one.customer for one in made}]
    assert sum(one.pending + one.available for one in balances) == earned


def _regular(*, quick: bool) -> Iterator[Row]:
    """Measure how the cost of one customer grows with their orders, four a day, all recorded at once."""
    sizes = (10, 40) if quick else (400, 1_600)
    clubs = {"points": POINTS, "points and tiers": LEVELLED, "points and an achievement that recurs": PLAYED}
    line = Line(sku="s", price=Money(2_500, "EUR"))
    all_made = [
        Order(id=f"o{number}", customer="anna", at=START + number * DAY // 4, lines=[line])
        for number in range(sizes[-1])
    ]
    for name, club in clubs.items():
        took = {}
        for size in sizes:
            made = all_made[:size]
            times = [cpu_of(partial(_ingest, made, "memory", club=club, size=size)) for _ in range(1 if quick else 3)]
            took[size] = median(times)
        shown = f"{sizes[-1]:,} orders of one customer, {name}"
        more = f"{sizes[-1] // sizes[0]} times as many orders"
        yield Row(PART, shown, sizes[-1] / took[sizes[-1]], "/s CPU")
        yield Row(PART, f"{shown} vs {sizes[0]}", took[sizes[-1]] / took[sizes[0]], "x", ("<=", 6.0), more)


@contextmanager
def _ingest(made: list[Order], store: str, *, club: Club | None, size: int) -> Iterator[Callable[[], Engine]]:
    """Prepare to record orders and let time go on after each batch."""
    with Engine(RULES, store=store, club=club, since=START - DAY) as engine:

        def work() -> Engine:
            rest = iter(made)
            while batch := list(islice(rest, size)):
                engine.record(batch)
                engine.advance(batch[-1].at)
            return engine

        yield work


def _counter(*, quick: bool) -> Iterator[Row]:
    customers, spends = (5, 10) if quick else (50, 500)
    with TemporaryDirectory() as folder:
        files = (Path(folder) / f"{number}.db" for number in count())
        ours = [wall_of(lambda: _cashier(next(files), customers, spends)) for _ in range(1 if quick else 3)]
        hand = [wall_of(lambda: _by_hand(next(files), customers, spends)) for _ in range(1 if quick else 3)]
    ratio = median(one / other for one, other in zip(ours, hand, strict=True))
    yield Row(PART, "redeem at the counter, SQLite (FULL)", spends / median(ours), "/s", None, "wall time")
    yield Row(PART, "the same vs a balance by hand, SQLite (FULL)", ratio, "x", None, "wall time; no lots, no keys")


@contextmanager
def _cashier(path: Path, customers: int, spends: int) -> Iterator[Callable[[], None]]:
    """Prepare customers with four lots each who spend one unit at a time."""
    with Engine([], store=f"sqlite:///{path}", club=POINTS, since=START - DAY) as engine:
        engine.record(bought(_EACH * customers))
        engine.advance(START + 100 * DAY)
        at = START + 100 * DAY
        names = [f"c{number % customers:06}" for number in range(spends)]
        before = {name: engine.cashier.balance(name, "pts", at=at).available for name in set(names)}

        def work() -> None:
            for number, name in enumerate(names):
                account = engine.cashier.account(name, "pts")
                engine.cashier.do(Redeem(key=f"r{number}", account=account, at=at, amount=1))

        yield work
        after_all = {name: engine.cashier.balance(name, "pts", at=at).available for name in before}
        assert {name: had - after_all[name] for name, had in before.items()} == {
            name: names.count(name) for name in before
        }


@contextmanager
def _by_hand(path: Path, customers: int, spends: int) -> Iterator[Callable[[], None]]:
    """Prepare balances that are lowered one at a time, each with a line in a journal."""
    base = sqlite3.connect(path, isolation_level=None)
    base.execute("PRAGMA journal_mode = WAL")
    base.execute("PRAGMA synchronous = FULL")
    base.execute("CREATE TABLE balances (customer TEXT PRIMARY KEY, units INTEGER CHECK (units >= 0))")
    base.execute("CREATE TABLE journal (customer TEXT, at INTEGER, units INTEGER)")
    names = [f"c{number % customers:06}" for number in range(spends)]
    base.executemany("INSERT INTO balances VALUES (?, ?)", [(name, spends) for name in dict.fromkeys(names)])

    def work() -> None:
        for number, name in enumerate(names):
            base.execute("BEGIN IMMEDIATE")
            base.execute("UPDATE balances SET units = units - 1 WHERE customer = ?", (name,))
            base.execute("INSERT INTO journal VALUES (?, ?, -1)", (name, number))
            base.execute("COMMIT")

    yield work
    (left,) = base.execute("SELECT sum(units) FROM balances").fetchone()
    assert left == spends * len(set(names)) - spends
    base.close()
