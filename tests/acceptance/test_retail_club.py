"""Online Retail 2009-10 (UCI, CC BY 4.0) through a club: points of 525,461 lines with their cancellations, to the unit.

A fixed sample of the customers by default; all of them with RETENTION_NIGHTLY=1.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from retention_engine import Engine
from retention_engine.clubs.books import entries_of
from retention_engine.facts import Fact, LedgerPosted, OrderPlaced, OrderRefunded, to_json
from retention_engine.loyalty import (
    Account,
    Bucket,
    Entry,
    Redeem,
    State,
    advance,
    replay,
    roll_forward,
    verify_streams,
)
from retention_engine.timing import DAY
from tests.acceptance._purse import Purse
from tests.acceptance._retail import (
    CLUB,
    END,
    LASTS,
    MONTHS,
    NEW_YEAR,
    PENDING,
    PTS,
    START,
    ZONE,
    Retail,
)

NIGHTLY = os.environ.get("RETENTION_NIGHTLY") == "1"
EVERY = int(os.environ.get("RETENTION_EVERY") or (1 if NIGHTLY else 25))
"""One customer in so many."""
OVERLAP = MONTHS[12] - 2 * DAY
LEVELS = [level.name for level in CLUB.tiers[0].programme.levels]
Streams = dict[Account, list[Entry]]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3_600)]


@pytest.fixture(scope="module")
def retail(shared_data: Path) -> Retail:
    """Return the sample."""
    pytest.importorskip("duckdb", reason="the extra duckdb is not installed")
    return Retail(shared_data / "online_retail" / "online_retail_2009_2010.parquet", EVERY)


@pytest.fixture(scope="module")
def facts(retail: Retail) -> list[Fact]:
    """Return its orders and refunds."""
    return retail.facts()


@pytest.fixture(scope="module")
def engine(facts: list[Fact]) -> Iterator[Engine]:
    """Return an engine that went through all of it, and nobody spent a point."""
    with shop() as engine:
        engine.record(facts)
        engine.advance(END)
        yield engine


def shop() -> Engine:
    """Return an engine of the shop."""
    return Engine([], club=CLUB, since=START - 1, zone=ZONE)


def stored(engine: Engine) -> Iterator[Fact]:
    """Yield every fact."""
    after = ""
    while customers := engine.store.roster.customers(after, 500):
        for found in engine.store.facts.of(customers).values():
            yield from found
        after = customers[-1]


def streams_of(engine: Engine) -> Streams:
    """Return the entries of every account."""
    streams: dict[Account, list[LedgerPosted]] = {}
    for fact in stored(engine):
        if isinstance(fact, LedgerPosted) and fact.customer is not None:
            streams.setdefault(Account(fact.programme, PTS, fact.customer), []).append(fact)
    return {account: entries_of(sorted(found, key=lambda one: one.seq)) for account, found in streams.items()}


def states_at(streams: Streams, at: int) -> dict[str, State]:
    """Return the state of every account as it was known at an instant."""
    return {
        account.holder: advance(replay(account, (entry for entry in entries if entry.at <= at)), at)
        for account, entries in streams.items()
    }


def total(state: State, bucket: Bucket) -> int:
    """Return the units of an account in a bucket."""
    return sum(stock[bucket] for stock in state.lots.values())


def told(state: State) -> tuple[int, ...]:
    """Return what SQL tells of an account: granted, taken back, expired, available, pending."""
    issued = sum(stock.lot.issued for stock in state.lots.values())
    gone = (total(state, bucket) for bucket in (Bucket.REVOKED, Bucket.EXPIRED))
    return issued, *gone, state.balance.available, state.balance.pending


def test_the_sample_has_everything(retail: Retail) -> None:
    """Orders, cancelled lines that are matched, and few that are not; every level, and every fate of a point."""
    orders, matched, cancelled = retail.counts()
    assert orders == sum(isinstance(fact, OrderPlaced) for fact in retail.orders()) >= 18_000 // EVERY // 2
    assert 0.6 < matched / cancelled < 1
    assert set(retail.levels(NEW_YEAR).values()) == {0, 1, 2}
    fates = [sum(column) for month in MONTHS for column in zip(*retail.balances(month).values(), strict=True)]
    assert len(fates) == 5 * (len(MONTHS) - 1)
    assert all(max(fates[place::5]) > 0 for place in range(5))


def test_points_are_those_of_sql(engine: Engine, retail: Retail) -> None:
    """Granted, taken back, expired, available and pending at the end of every month, of each customer."""
    streams = streams_of(engine)
    for month in MONTHS:
        found = {name: told(state) for name, state in states_at(streams, month).items()}
        expected = retail.balances(month)
        assert {name: row for name, row in found.items() if any(row)} == {
            name: row for name, row in expected.items() if any(row)
        }


def test_levels_are_those_of_sql(engine: Engine, retail: Retail) -> None:
    """At the end of the year, of every customer, by the money of each calendar year."""
    expected = retail.levels(NEW_YEAR)
    found = {name: engine.cashier.standing(name, "tiers", at=NEW_YEAR).level.name for name in expected}
    assert found == {name: LEVELS[place] for name, place in expected.items()}


def test_nothing_is_lost(engine: Engine) -> None:
    """Conservation and every other law of the ledger, over the whole."""
    assert engine.verify() == []
    assert verify_streams(streams_of(engine)) == []


def test_the_liability_closes_every_month(engine: Engine) -> None:
    """Month by month: opening and flows give the closing number, which is the next opening, and the sum of balances."""
    streams = streams_of(engine)
    closes(streams)


def closes(streams: Streams) -> int:
    """Look at the roll-forward of every month; return the last closing number."""
    closing = 0
    for first, last in zip((START - 1, *MONTHS[1:]), MONTHS[1:], strict=False):
        month = roll_forward(streams, PTS, after=first, to=last, where=ZONE)
        assert month.closes
        assert month.opening == closing
        balances = [state.balance for state in states_at(streams, last).values()]
        assert month.closing == sum(each.pending + each.available + each.held for each in balances)
        assert month.split.debt == sum(each.debt for each in balances)
        closing = month.closing
    return closing


def test_importing_an_overlap_twice_earns_nothing_twice(engine: Engine, facts: list[Fact], retail: Retail) -> None:
    """Live until the last days, then a file that covers them, then it again, and the whole file: the same bytes."""
    with shop() as live:
        live.record(fact for fact in facts if fact.at < OVERLAP + DAY)
        live.advance(OVERLAP)
        late = retail.facts(OVERLAP - DAY)
        assert live.record(late).repeated > 0
        assert live.record(late).new == 0
        live.advance(OVERLAP + 5 * DAY)
        assert live.record(facts).new == 0
        live.advance(END)
        assert sorted(map(to_json, stored(live))) == sorted(map(to_json, stored(engine)))


def happenings(facts: list[Fact]) -> dict[str, list[Fact | int]]:
    """Return what happens to each customer in order: facts, and the months at whose start they come to spend."""
    found: dict[str, list[Fact | int]] = {fact.customer or "": [*MONTHS[1:]] for fact in facts}
    for fact in facts:
        found[fact.customer or ""].append(fact)
    for life in found.values():
        life.sort(key=lambda one: (one, "") if isinstance(one, int) else (one.at, one.id))
    return found


def tell(purse: Purse, fact: Fact, places: dict[str, list[str]]) -> None:
    """Tell a plain purse of a fact; ``places`` are the items of each order's lines."""
    if isinstance(fact, OrderPlaced):
        lines = fact.order.lines
        worth, nets = fact.order.total.amount, [line.amount.amount for line in lines]
        if worth < sum(nets):  # a discount on the whole: no such order is returned, so its lines do not matter
            lines, nets = lines[:1], [worth]
        places[fact.order.id] = [line.sku for line in lines]
        purse.buy(fact.order.id, fact.at, [(net, line.quantity) for line, net in zip(lines, nets, strict=True)])
    elif isinstance(fact, OrderRefunded):
        back: dict[int, int] = {}
        sold = purse.orders[fact.order_id][1]
        for one in fact.lines:
            wanted = one.quantity
            for place, sku in enumerate(places[fact.order_id]):
                if sku == one.sku:
                    part = min(wanted, sold[place][1] - sold[place][2])
                    back[place] = back.get(place, 0) + part
                    wanted -= part
            assert not wanted
        purse.give_back(fact.order_id, fact.at, back)


def test_those_who_spend_have_what_a_plain_list_says(facts: list[Fact]) -> None:
    """At the start of every month each customer spends half of what they have: refunds take from others, and owe."""
    lives = happenings(facts)
    purses = {name: Purse(PENDING, LASTS) for name in lives}
    places: dict[str, list[str]] = {}
    spent: list[tuple[int, str, int]] = []
    expected: dict[tuple[str, int], tuple[int, ...]] = {}
    for name, life in lives.items():
        purse = purses[name]
        for one in life:
            if not isinstance(one, int):
                tell(purse, one, places)
                continue
            purse.go_on(one)
            half = (purse.total("available") + 1) // 2
            if half:
                purse.spend(half)
                spent.append((one, name, half))
            expected[name, one] = (purse.total("available"), purse.total("pending"), purse.debt)
    with shop() as engine:
        engine.record(facts)
        for month, name, amount in sorted(spent):
            engine.advance(month)
            account = engine.cashier.account(name, "pts")
            engine.cashier.do(Redeem(key=f"{name}@{month}", account=account, at=month, amount=amount))
        engine.advance(END)
        assert engine.verify() == []
        streams = streams_of(engine)
    closes(streams)
    for month in MONTHS[1:]:
        states = states_at(streams, month)
        for name, state in states.items():
            balance = state.balance
            assert (balance.available, balance.pending, balance.debt) == expected[name, month], (name, month)
    for name, state in states_at(streams, END).items():
        purse = purses[name]
        gone = (Bucket.REDEEMED, Bucket.EXPIRED, Bucket.REVOKED, Bucket.SETTLED)
        ours = tuple(total(state, bucket) for bucket in gone)
        assert ours == (purse.redeemed, purse.total("expired"), purse.total("revoked"), purse.settled)
    assert sum(purse.debt + purse.settled for purse in purses.values()) > 0
    assert sum(purse.total("moot") for purse in purses.values()) > 0 or EVERY > 1
