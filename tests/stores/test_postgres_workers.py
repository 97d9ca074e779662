"""Several workers on one PostgreSQL database: they pass each other by, and what one reads the others do not spoil.

Each law is played move by move with two connections, and once more with its lock taken away: then it must break.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from itertools import count
from pathlib import Path
from random import Random
from threading import Barrier
from typing import Any

import pytest
from attrs import evolve

from retention_engine import Engine, Event, Money, Order, Rule, Send, days, entering, events, on, orders
from retention_engine.actions import ParcelState
from retention_engine.errors import FactConflict, StoreError, TimeError
from retention_engine.facts import Fact, OrderPlaced, SendingResumed, SendingStopped
from retention_engine.ports import Store
from retention_engine.stores import MemoryStore, open_store
from retention_engine.testing import decision_lines, tick_invariant
from retention_engine.testing.conformance.samples import acted, action, add, append, put, viewed
from retention_engine.timing import DAY, HOUR, MINUTE, to_instant
from tests.delivery._world import World

psycopg = pytest.importorskip("psycopg", reason="psycopg is not installed")
PostgresStore: Any = pytest.importorskip("retention_engine.stores.postgres").PostgresStore
Session: Any = pytest.importorskip("retention_engine.stores.postgres.session").Session

START = to_instant("2026-07-01T12:00:00+00:00")
RULE = Rule("news", on(events("post")), Send("hello", channel="telegram"))
TIMEOUT = 20.0


@pytest.fixture
def pair(postgres_url: str) -> Iterator[tuple[PostgresStore, PostgresStore]]:
    """Return two workers' stores on the same tables."""
    first, second = PostgresStore(postgres_url), PostgresStore(postgres_url)
    yield first, second
    first.close()
    second.close()


@pytest.fixture
def engines(postgres_url: str) -> Iterator[tuple[Engine, Engine]]:
    """Return two workers' engines on the same tables, advanced to START."""
    first, second = (Engine([RULE], store=postgres_url, since=START - DAY) for _ in range(2))
    first.advance(START)
    yield first, second
    first.close()
    second.close()


def wait_until_blocked(url: str, future: Future[Any]) -> None:
    """Wait until the other one waits for a lock; an error if it ends, or goes on without one."""
    with psycopg.connect(url.partition("&schema=")[0], autocommit=True) as watch:
        until = time.monotonic() + TIMEOUT
        while time.monotonic() < until:
            (count,) = watch.execute("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'").fetchone()
            if count:
                return
            if future.done():
                raise AssertionError(f"it did not wait: {future.result()!r}")
            time.sleep(0.005)
    raise AssertionError("it neither waits nor ends")


@contextmanager
def unlocked() -> Iterator[None]:
    """Take away the locks of rows and names: the fault that each law must notice."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Session, "claimed", Session.rows)
        patch.setattr(Session, "held", Session.rows)
        patch.setattr(Session, "lock", lambda *_, **__: None)
        yield


def test_workers_walk_different_customers(pair: tuple[PostgresStore, PostgresStore]) -> None:
    """While one holds customers, the other gets the next ones at once, none twice; after the commit they are free."""
    first, second = pair
    with first.transaction():
        first.wakes.set({name: number for number, name in enumerate("abcdef")})
    with first.transaction(), second.transaction():
        held = [store.wakes.due(9, 2) for store in (first, second, second)]
        assert held == [[("a", 0), ("b", 1)], [("c", 2), ("d", 3)], [("c", 2), ("d", 3)]]
    assert len(second.wakes.due(9, 9)) == 6


def walked_and_lowered(url: str, pair: tuple[PostgresStore, PostgresStore], *, blocks: bool) -> list[tuple[str, int]]:
    """Walk a customer to the end while a fact of theirs is recorded; return when they are woken."""
    walker, recorder = pair
    with walker.transaction():
        walker.wakes.set({"ann": 5})

    def record() -> None:
        with recorder.transaction():
            recorder.facts.append([viewed("1", at=7)])
            recorder.wakes.lower({"ann": 7})

    with ThreadPoolExecutor(1) as pool:
        with walker.transaction():
            walker.wakes.due(6, 9)
            assert walker.facts.of(["ann"]) == {"ann": []}
            future = pool.submit(record)
            wait_until_blocked(url, future) if blocks else future.result(TIMEOUT)
            walker.wakes.set({"ann": None})
        future.result(TIMEOUT)
    return walker.wakes.due(99, 9)


def test_a_fact_recorded_during_a_walk_keeps_its_wake(
    postgres_url: str, pair: tuple[PostgresStore, PostgresStore]
) -> None:
    """The walk did not see the fact and wants no wake-up; the one of the fact comes after it, and stays."""
    assert walked_and_lowered(postgres_url, pair, blocks=True) == [("ann", 7)]


def test_without_the_lock_the_wake_is_lost(postgres_url: str, pair: tuple[PostgresStore, PostgresStore]) -> None:
    """The planted fault: nobody waits, and the fact is never looked at."""
    with unlocked():
        assert walked_and_lowered(postgres_url, pair, blocks=False) == []


def recorded_and_advanced(url: str, engines: tuple[Engine, Engine], *, blocks: bool) -> tuple[int, int]:
    """Record a fact while time goes on past it; return how many decisions the advance made, and how many came late."""
    recorder, walker = engines
    with ThreadPoolExecutor(1) as pool:
        with recorder.exclusively():
            recorder.learn([Event(id="e", customer="ann", at=START + MINUTE, name="post")])
            future = pool.submit(walker.advance, START + HOUR)
            wait_until_blocked(url, future) if blocks else future.result(TIMEOUT)
        made = future.result(TIMEOUT).decisions
    return len(made), len(recorder.advance(START + 2 * HOUR).decisions)


def test_the_cursor_waits_for_facts_timed_by_it(postgres_url: str, engines: tuple[Engine, Engine]) -> None:
    """A fact from before the new instant is committed before time goes on, so the advance decides about it."""
    assert recorded_and_advanced(postgres_url, engines, blocks=True) == (1, 0)


def test_without_the_lock_time_overtakes_a_fact(postgres_url: str, engines: tuple[Engine, Engine]) -> None:
    """The planted fault: what was due within the advance is decided after it."""
    with unlocked():
        assert recorded_and_advanced(postgres_url, engines, blocks=False) == (0, 1)


def stopped_and_resumed(url: str, engines: tuple[Engine, Engine], *, blocks: bool) -> int:
    """Let sending go on while a walk holds a message back; return how many messages come of it."""
    walker, recorder = engines
    stop = SendingStopped(id="s", at=START + 1, scope="all", reason="x")
    walker.record([stop, Event(id="e", customer="ann", at=START + 2, name="post")])
    with ThreadPoolExecutor(1) as pool, pytest.MonkeyPatch.context() as patch:
        add_to_journal, done = walker.store.journal.add, list[Future[Any]]()

        def added(decisions: Any) -> None:
            if not done:
                done.append(pool.submit(recorder.record, SendingResumed(id="r", at=START + DAY, scope="all")))
                wait_until_blocked(url, done[0]) if blocks else done[0].result(TIMEOUT)
            add_to_journal(decisions)

        patch.setattr(walker.store.journal, "add", added)
        walker.advance(START + HOUR)
        done[0].result(TIMEOUT)
    return sum(one.action is not None for one in walker.advance(START + 2 * DAY).decisions)


def test_a_turned_switch_finds_whose_messages_it_holds(postgres_url: str, engines: tuple[Engine, Engine]) -> None:
    """Whoever lets sending go on waits for the walk that is just holding a message, and wakes its customer."""
    assert stopped_and_resumed(postgres_url, engines, blocks=True) == 1


def test_without_the_lock_a_held_message_is_forgotten(postgres_url: str, engines: tuple[Engine, Engine]) -> None:
    """The planted fault: neither sees the other, and the message waits for ever."""
    with unlocked():
        assert stopped_and_resumed(postgres_url, engines, blocks=False) == 0


def test_time_stands_where_the_first_worker_put_it(engines: tuple[Engine, Engine]) -> None:
    """A worker that is behind goes on to where time stands, also in its first advance; its own never goes back."""
    first, second = engines
    first.advance(START + HOUR)
    second.record(Event(id="e", customer="ann", at=START + 1, name="post"))
    made = second.advance(START + MINUTE)
    assert (made.to, made.decisions) == (START + HOUR, [])
    assert [one.at for one in first.advance(START + 2 * HOUR).decisions if one.action] == [START + HOUR + 1]
    with pytest.raises(TimeError, match="does not go back"):
        second.advance(START + MINUTE)


def test_records_do_not_wait_for_each_other(engines: tuple[Engine, Engine]) -> None:
    """While one records facts of a customer, another records those of others."""
    first, second = engines
    with first.exclusively():
        first.learn([Event(id="e", customer="ann", at=START + 1, name="post")])
        assert second.record(Event(id="f", customer="bob", at=START + 1, name="post")).new == 1


def test_a_fact_of_two_workers_is_new_for_one(postgres_url: str, pair: tuple[PostgresStore, PostgresStore]) -> None:
    """The second waits for the first to commit; then it is known, and another content a conflict."""
    first, second = pair
    with ThreadPoolExecutor(2) as pool:
        with first.transaction():
            assert first.facts.append([viewed("2"), viewed("1")]) == [viewed("2"), viewed("1")]
            same = pool.submit(append, second, viewed("1"), viewed("3"), viewed("2"))
            wait_until_blocked(postgres_url, same)
        assert same.result(TIMEOUT) == [viewed("3")]
        with first.transaction():
            first.facts.append([viewed("4")])
            other = pool.submit(append, second, viewed("4", sku="b"))
            wait_until_blocked(postgres_url, other)
        with pytest.raises(FactConflict):
            other.result(TIMEOUT)


def test_an_action_of_two_workers_is_put_once(postgres_url: str, pair: tuple[PostgresStore, PostgresStore]) -> None:
    """The second waits for the first to commit, and is refused with the identity; after a rollback it is not."""
    first, second = pair
    tries: list[tuple[Callable[..., None], Any]] = [
        (add, lambda occasion: acted(occasion=occasion)),
        (put, lambda occasion: action(occasion=occasion)),
    ]
    for write, make in tries:
        with ThreadPoolExecutor(2) as pool:
            for ends, occasion in ((None, "kept"), (ZeroDivisionError, "given up")):
                try:
                    with first.transaction():
                        port = first.journal.add if write is add else first.outbox.put
                        port([make(occasion)])
                        again = pool.submit(write, second, make(f"x{occasion}"), make(occasion))
                        wait_until_blocked(postgres_url, again)
                        if ends is not None:
                            raise ends
                except ZeroDivisionError:
                    again.result(TIMEOUT)
                else:
                    with pytest.raises(StoreError, match=r"'kept', 'send'.* already"):
                        again.result(TIMEOUT)


def test_workers_take_different_rows(pair: tuple[PostgresStore, PostgresStore]) -> None:
    """What one looks at to send, the other passes by; what one began, the other cannot begin."""
    first, second = pair
    put(first, *(action(due=number, occasion=f"o{number}") for number in range(4)))
    with first.transaction(), second.transaction():
        seen = [[row.due_at for row in store.parcels.waiting(9, 2)] for store in (first, second)]
        assert seen == [[0, 1], [2, 3]]
        keys = [action(due=number, occasion=f"o{number}").key for number in (1, 2)]
        assert [row.due_at for row in first.deliveries.begin(keys, 9, 20)] == [1]
        assert [row.due_at for row in second.deliveries.begin(keys, 9, 20)] == [2]
    with second.transaction():
        assert second.deliveries.begin(keys, 9, 20) == []
    with first.transaction(), second.transaction():
        found = [sorted(row.due_at for row in store.deliveries.recover(20, 9)) for store in (first, second)]
        assert found == [[1, 2], []]


def test_an_outcome_waits_for_who_changes_the_row(postgres_url: str, pair: tuple[PostgresStore, PostgresStore]) -> None:
    """A late outcome sees the row as the other left it: recovered, with its token; overruled, it has lost."""
    first, second = pair
    put(first, action())
    with first.transaction():
        (taken,) = first.deliveries.begin([action().key], 0, 10)

    def settle() -> tuple[ParcelState, bool]:
        with second.transaction():
            row = second.parcels.of([taken.key])[taken.key]
            return row.state, second.deliveries.settle(evolve(row, state=ParcelState.SENT, token=taken.token))

    with ThreadPoolExecutor(1) as pool:
        with first.transaction():
            (lost,) = first.deliveries.recover(10, 9)
            first.outbox.overrule(evolve(lost, state=ParcelState.PENDING))
            future = pool.submit(settle)
            wait_until_blocked(postgres_url, future)
        assert future.result(TIMEOUT) == (ParcelState.PENDING, False)


def test_two_who_wait_for_each_other_are_told(pair: tuple[PostgresStore, PostgresStore]) -> None:
    """The database ends one of the two with an error of ours; nothing of it is kept, and the other goes on."""
    both = Barrier(2)

    def crossed(store: PostgresStore, mine: str, theirs: str) -> str:
        try:
            with store.transaction():
                store.wakes.set({mine: 1})
                both.wait(TIMEOUT)
                store.wakes.set({theirs: 1})
        except StoreError as error:
            return str(error)
        return mine

    with ThreadPoolExecutor(2) as pool:
        futures = [pool.submit(crossed, *words) for words in ((pair[0], "a", "b"), (pair[1], "b", "a"))]
        ends = [future.result(TIMEOUT) for future in futures]
    assert sum("deadlock detected" in end for end in ends) == 1
    assert pair[0].wakes.due(9, 9) == [("a", 1), ("b", 1)]


RULES = [
    RULE,
    Rule("quiet", entering(orders.exists() & (orders.last().age >= days(2))), Send("come back", channel="telegram")),
]


def history(seed: int, customers: int = 24, length: int = 8) -> list[Fact]:
    """Return facts of some customers over some days, and a few turned switches, in the order of their instants."""
    dice = Random(seed)
    facts: list[Fact] = []
    for number in range(customers * length):
        at, name = START + dice.randrange(length * 24) * HOUR + number, f"c{dice.randrange(customers):02}"
        if dice.random() < 0.5:
            facts.append(Event(id=f"e{number}", customer=name, at=at, name="post"))
        else:
            facts.append(OrderPlaced.of(Order(id=f"o{number}", customer=name, at=at, total=Money(1, "EUR"))))
    for day in range(1, length - 1, 2):
        facts.append(SendingStopped(id=f"s{day}", at=START + day * DAY + 1, scope="rule", name="news", reason="x"))
        facts.append(SendingResumed(id=f"r{day}", at=START + day * DAY + 9 * HOUR, scope="rule", name="news"))
    return sorted(facts, key=lambda one: one.at)


def decided(seed: int, url: str) -> tuple[list[str], list[str]]:
    """Let six workers share a history; return what they decided, and what one engine in memory decides.

    Four advance at once, each batch a few customers, while a fifth and a sixth record what comes next.
    """
    told, ends = history(seed), [START + day * DAY for day in range(1, 14)]
    alone = Engine(RULES, since=START - DAY)
    alone.record(told)
    alone.advance(ends[-1])
    with ExitStack() as stack, ThreadPoolExecutor(6) as pool, pytest.MonkeyPatch.context() as patch:
        patch.setattr("retention_engine.engine.engine.BATCH", 3)
        workers = [stack.enter_context(Engine(RULES, store=url, since=START - DAY)) for _ in range(6)]
        for end in [START, *ends]:
            coming = [fact for fact in told if end < fact.at <= end + DAY]
            calls = [pool.submit(each.record, coming) for each in workers[4:]]
            calls += [pool.submit(each.advance, end) for each in workers[:4]]
            for call in calls:
                call.result(TIMEOUT)
        workers[0].advance(ends[-1])
        return decision_lines(workers[0].journal()), decision_lines(alone.journal())


@pytest.mark.parametrize("seed", range(3))
def test_several_workers_decide_what_one_decides(seed: int, postgres_url: str) -> None:
    """Every decision is that of one engine in memory, byte for byte, and none is made twice or left out."""
    found, wanted = decided(seed, postgres_url)
    assert found == wanted
    assert len(wanted) > 50


def test_several_workers_without_locks_do_not(postgres_url: str) -> None:
    """The planted fault: without locks some of these histories end in another way, or with an error."""

    def is_broken(seed: int) -> bool:
        try:
            found, wanted = decided(seed, f"{postgres_url}_{seed}")
        except StoreError:
            return True
        return found != wanted

    with unlocked():
        assert any(is_broken(seed) for seed in range(20))


def test_decisions_do_not_depend_on_the_store(postgres_url: str, tmp_path: Path) -> None:
    """However time is cut, memory, SQLite and PostgreSQL decide the same, byte for byte."""
    told, numbers, opened = history(7, customers=4, length=4), count(1), list[Store]()

    def schema() -> Store:
        opened.append(open_store(f"{postgres_url}_{next(numbers)}"))
        return opened[-1]

    def file() -> Store:
        opened.append(open_store(f"sqlite:///{tmp_path / f'{next(numbers)}.db'}"))
        return opened[-1]

    words: dict[str, Any] = {"since": START - DAY, "to": START + 8 * DAY, "cuts": [START + HOUR, START + 3 * DAY]}
    found = [decision_lines(tick_invariant(RULES, told, store=make, **words)) for make in (MemoryStore, file, schema)]
    for each in opened:
        each.close()
    assert found[0] == found[1] == found[2]
    assert len(found[0]) > 10


@pytest.mark.parametrize("seed", range(6))
def test_delivery_keeps_its_promises(seed: int, postgres_url: str) -> None:
    """Workers that stop, die and come back: every row ends as it does in memory."""
    with closing(open_store(postgres_url)) as store:
        assert World.of(seed, store).run().rows == World.of(seed).run().rows
