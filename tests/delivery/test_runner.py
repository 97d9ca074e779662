"""The runner: awake when something is due, asleep otherwise, gone when it is asked to, and never by accident."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from retention_engine import Engine
from retention_engine.actions import ParcelState
from retention_engine.delivery import Delivery, EngineClock, Runner, Step, adopt_environment
from retention_engine.delivery import bell as bells
from retention_engine.delivery import runner as under_test
from retention_engine.envelopes import Envelope, SendOutcome, Sent
from retention_engine.errors import DefinitionError, StoreError, TimeError
from retention_engine.facts import ContactAdded
from retention_engine.signals import Escalated, Signal
from retention_engine.stores import MemoryStore, SqliteStore
from retention_engine.testing import ManualClock
from retention_engine.timing import Span, days, hours, seconds, to_datetime
from retention_engine.transports import RecordingTransport
from tests.delivery._shop import DAY, MINUTE, RULE, SECOND, START, Plain, message, post, sending, shop
from tests.delivery.test_clock import YEAR, Machine

PATIENCE = 10.0
"""Seconds after which a wait of a test has failed."""


def manual() -> ManualClock:
    """Return a clock at START."""
    return ManualClock(to_datetime(START))


def going(engine: Engine) -> EngineClock:
    """Return a clock that goes as fast as the machine's, from START on."""
    begun = time.monotonic_ns()
    return EngineClock(engine, wall=lambda: 1_000 * START + time.monotonic_ns() - begun)


def runner(engine: Engine, *outcomes: SendOutcome, **words: Any) -> tuple[Runner, RecordingTransport]:
    """Return a runner over a recording transport, and the transport."""
    delivery, transport = sending(engine, *outcomes, repeats=[RULE.id])
    return Runner(engine, delivery, **{"clock": manual()} | words), transport


def until(truth: Callable[[], object]) -> None:
    """Wait until something is so; fail when it takes too long."""
    end = time.monotonic() + PATIENCE
    while not truth():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.002)


class Told:
    """An observer that keeps what needs a person."""

    def __init__(self, engine: Engine) -> None:
        """Watch an engine."""
        self.codes: list[str] = []
        engine.watchers.add(self)

    def note(self, signal: Signal) -> None:
        """Keep it."""
        if isinstance(signal, Escalated):
            self.codes.append(f"{signal.code} {signal.subject}")


class Counting(Runner):
    """A runner that counts its ticks and the customers they looked at."""

    ticks = looked = 0

    def tick_sync(self) -> Any:
        """Count."""
        report = super().tick_sync()
        self.ticks, self.looked = self.ticks + 1, self.looked + report.evaluated
        return report

    async def tick(self) -> Any:
        """Count."""
        report = await super().tick()
        self.ticks, self.looked = self.ticks + 1, self.looked + report.evaluated
        return report


def test_a_tick_decides_and_sends() -> None:
    """One call from the event to the message; the next one finds nothing to do."""
    engine = shop()
    one, transport = runner(engine)
    one.record(post(START))
    report = one.tick_sync()
    assert (len(report), report.evaluated, bool(report)) == (1, 1, True)
    assert str(report) == "1 actions, 1 sent"
    assert [each.content.text for each in transport.envelopes] == ["hello ann"]
    one.tick_sync()  # the customer who was written to is looked at once more
    assert not one.tick_sync()


def test_a_tick_may_be_awaited() -> None:
    """The same in an event loop, several at the same time."""
    engine = shop()
    one, transport = runner(engine)
    one.record(post(START))

    async def ticks() -> list[int]:
        return sorted([len(report) for report in await asyncio.gather(*(one.tick() for _ in range(4)))])

    assert asyncio.run(ticks()) == [0, 0, 0, 1]
    assert len(transport.envelopes) == 1


def test_a_thread_is_not_an_event_loop() -> None:
    """What would block an event loop is refused there, and says what to do instead."""
    one, _ = runner(shop())

    async def wrong() -> None:
        with pytest.raises(DefinitionError, match=r"await tick\(\)"):
            one.tick_sync()
        with pytest.raises(DefinitionError, match=r"await run\(\)"):
            one.run_sync()

    asyncio.run(wrong())


def test_it_knows_when_to_come_again() -> None:
    """At once before the first tick, then when something is due, at the latest after the ceiling."""
    clock, engine = manual(), shop(message())
    one, _ = runner(engine, clock=clock)
    assert (one.seconds_to_next(), one.next_wakeup()) == (0, to_datetime(START))
    while one.tick_sync():
        clock.advance(seconds(1))
    now = one.clock()
    assert (one.seconds_to_next(), one.seconds_to_next(7), one.next_wakeup()) == (60, 7, None)
    with engine.store.transaction():
        engine.store.wakes.set({"ann": now + 5 * SECOND})
    assert (one.seconds_to_next(), one.next_wakeup()) == (5, to_datetime(now + 5 * SECOND))
    clock.advance(seconds(9))
    assert (one.seconds_to_next(), one.next_wakeup()) == (0, to_datetime(now + 9 * SECOND))


def test_a_message_that_waits_is_come_back_to() -> None:
    """What the outbox holds for later counts as due then."""
    clock, engine = manual(), shop(message())
    with engine.store.transaction():
        (row,) = engine.store.parcels.waiting(START, 9)
        engine.store.outbox.overrule(evolve(row, due_at=START + 8 * SECOND))
    one, transport = runner(engine, clock=clock)
    while one.tick_sync():
        pass
    assert one.seconds_to_next() == 8
    clock.advance(seconds(8))
    one.tick_sync()
    assert len(transport.envelopes) == 1


def test_half_speed_takes_twice_as_long() -> None:
    """While the clock is slewed a wait is as long as engine time needs."""
    machine, engine = Machine(), shop()
    one, _ = runner(engine, clock=machine.clock(engine))
    while one.tick_sync():
        pass
    machine.go(0, -MINUTE)
    with engine.store.transaction():
        engine.store.wakes.set({"ann": START + 5 * SECOND})
    assert one.seconds_to_next() == 10


STEPS = [-YEAR, -60 * MINUTE, -5 * SECOND, 5 * SECOND, 60 * MINUTE, DAY, YEAR]


@pytest.mark.parametrize("when", [1, 2])
@pytest.mark.parametrize("step", STEPS)
def test_no_step_of_the_clock_sends_twice_or_never(step: int, when: int) -> None:
    """Early or late, between two ticks: a year needs a person, nothing else does; each event sends one message."""
    machine, engine = Machine(), shop()
    told = Told(engine)
    one, transport = runner(engine, clock=machine.clock(engine))
    for number in range(4):
        engine.record(post(START + number))
        machine.go(SECOND, step if number == when else 0)
        one.tick_sync()
        one.tick_sync()
        machine.go(SECOND)
    if abs(step) == YEAR:
        assert len(transport.envelopes) == when
        assert told.codes == [f"clock_{'hold' if step < 0 else 'wait'} clock"]
        assert str(one.tick_sync()).startswith("held: ")
        assert one.seconds_to_next() == 60
        assert not one.resume().held
        machine.go(SECOND)
        one.tick_sync()
    sent = when if step == YEAR else 4  # what is a year late is not valid any more
    assert len({each.key for each in transport.envelopes}) == len(transport.envelopes) == sent


def test_an_old_copy_sends_nothing_before_somebody_resumes() -> None:
    """A backup started two days later finds its old messages, and waits."""
    store, machine = MemoryStore(), Machine()
    engine = shop(message(valid=None), store=store)
    EngineClock(engine, wall=lambda: 1_000 * START, monotonic=lambda: 0).sync()
    machine.go(2 * DAY)
    one, transport = runner(engine, clock=machine.clock(engine))
    assert one.tick_sync().reading.step is Step.WAIT
    assert not transport.envelopes
    one.resume()
    assert (one.tick_sync().reading.step, len(transport.envelopes)) == (Step.CATCH_UP, 1)


def test_a_store_belongs_to_one_environment() -> None:
    """A copy in staging sends nothing, nor does one whose settings forgot the name; adopting it is said aloud."""
    store = MemoryStore()
    engine = shop(message(), store=store)
    runner(engine, environment="production")[0].tick_sync()
    for name in ("staging", None):
        one, transport = runner(engine, environment=name)
        with pytest.raises(StoreError, match=r"nothing is sent: this store belongs to the environment 'production'"):
            one.tick_sync()
    assert not transport.envelopes
    adopt_environment(engine, "staging")
    runner(engine, environment="staging")[0].tick_sync()


@pytest.mark.parametrize("how", ["thread", "loop"])
def test_an_idle_runner_looks_at_nobody(how: str) -> None:
    """One tick at the start, none while nothing happens."""
    engine = shop()
    engine.advance(START)
    one = Counting(engine, sending(engine)[0], clock=manual())
    if how == "thread":
        with one:
            time.sleep(0.3)
    else:

        async def idle() -> None:
            async with one:
                await asyncio.sleep(0.3)

        asyncio.run(idle())
    assert (one.ticks, one.looked) == (1, 0)


def test_an_idle_runner_comes_back_after_its_ceiling() -> None:
    """What other processes recorded is found by then."""
    engine = shop()
    one = Counting(engine, sending(engine)[0], clock=manual(), ceiling=Span(20_000))
    with one:
        until(lambda: one.ticks > 3)


@contextmanager
def running(engine: Engine, how: str) -> Iterator[tuple[Runner, RecordingTransport]]:
    """Run in a thread, or in an event loop of another thread."""
    one, transport = runner(engine, clock=going(engine), ceiling=hours(1))
    if how == "thread":
        with one:
            yield one, transport
        return
    thread = threading.Thread(target=lambda: asyncio.run(one.run()))
    thread.start()
    try:
        yield one, transport
    finally:
        until(lambda: one.halt() or not thread.is_alive())
        thread.join(PATIENCE)


@pytest.mark.parametrize("how", ["thread", "loop"])
def test_facts_of_any_thread_wake_it(how: str) -> None:
    """Four threads record at their own pace; every event becomes a message, although the ceiling is an hour."""
    names = [f"c{number}" for number in range(4)]
    engine = shop(customers=names)

    def shout(name: str) -> None:
        for number in range(15):
            engine.record(evolve(post(START + number, name), id=f"{name} {number}"))
            time.sleep(0.001 * (number % 4))

    with running(engine, how) as (_, transport):
        threads = [threading.Thread(target=shout, args=(name,)) for name in names]
        for each in threads:
            each.start()
        for each in threads:
            each.join(PATIENCE)
        until(lambda: len(transport.envelopes) == 60)
    assert len({each.key for each in transport.envelopes}) == 60


class Late(Runner):
    """A runner that is told of a fact in the worst moment: after it looked when to come again, before it sleeps."""

    told = False

    def seconds_to_next(self, ceiling: float | None = None) -> float:
        """Look, then let another thread record."""
        found = super().seconds_to_next(ceiling)
        if not self.told:
            self.told = True
            thread = threading.Thread(target=self.engine.record, args=(post(START),))
            thread.start()
            thread.join(PATIENCE)
        return found


class Forgetful(bells.Bell):
    """A bell that nobody hears who does not wait already: what everybody writes first."""

    def ring(self) -> None:
        """Ring for those who wait."""
        super().ring()
        self.clear()


def woken(how: str) -> bool:
    """Return whether a fact of the worst moment becomes a message soon."""
    engine = shop()
    engine.advance(START)
    delivery, transport = sending(engine)
    one = Late(engine, delivery, clock=going(engine), ceiling=hours(1))
    if how == "thread":
        one.start_sync()
        end = time.monotonic() + 0.5
        while not transport.envelopes and time.monotonic() < end:
            time.sleep(0.005)
        one._ending = True  # a forgetful bell would not wake it for halt(), either
        bells.Bell.ring(one._news)
        one.stop_sync()
        return bool(transport.envelopes)

    async def wait() -> bool:
        task = asyncio.create_task(one.run())
        for _ in range(100):
            await asyncio.sleep(0.005)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        return bool(transport.envelopes)

    return asyncio.run(wait())


@pytest.mark.parametrize("how", ["thread", "loop"])
def test_no_ring_is_lost(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fact recorded right before the runner falls asleep wakes it; with a forgetful bell it sleeps on."""
    assert woken(how)
    monkeypatch.setattr(under_test, "Bell", Forgetful)
    assert not woken(how)


class Slow:
    """A transport that holds each message until it is let go."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.began = threading.Event()
        self.may_end = threading.Event()
        self.sent = 0

    def send(self, envelope: Envelope) -> SendOutcome:
        """Hold a message."""
        self.began.set()
        assert self.may_end.wait(PATIENCE)
        self.sent += 1
        return Sent("1")


@pytest.mark.parametrize("how", ["thread", "loop"])
def test_a_stop_finishes_the_message_in_flight(how: str) -> None:
    """The one that began is sent and settled, no other one begins, and the next start goes on with them."""
    actions = [message(number) for number in range(3)]
    engine, slow = shop(*actions), Slow()
    one = Runner(engine, Delivery(engine, {"telegram": slow}, renderer=Plain()), clock=manual())

    def states() -> list[ParcelState]:
        return [engine.store.parcels.of([each.key])[each.key].state for each in actions]

    def let_go() -> None:
        assert slow.began.wait(PATIENCE)
        one.halt()
        slow.may_end.set()

    helper = threading.Thread(target=let_go)
    helper.start()
    if how == "thread":
        one.run_sync()
    else:
        asyncio.run(one.run())
    helper.join(PATIENCE)
    assert (slow.sent, sorted(states())) == (1, ["pending", "pending", "sent"])
    with one:
        until(lambda: slow.sent == 3)
    assert states() == ["sent"] * 3


def test_it_runs_once_at_a_time() -> None:
    """A second run is refused while there is one; stopping twice, or what does not run, is harmless."""
    one, _ = runner(shop())
    one.stop_sync()
    with one:
        with pytest.raises(DefinitionError, match="runs already"):
            one.start_sync()
        with pytest.raises(DefinitionError, match="runs already"):
            asyncio.run(one.run())
    one.stop_sync()

    async def loop() -> None:
        await one.start()
        with pytest.raises(DefinitionError, match="runs already"):
            await one.start()
        await one.stop()
        await one.stop()
        task = asyncio.create_task(one.run())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await one.start()
        assert one._task is not None
        one._task.cancel()
        await one.stop()

    asyncio.run(loop())
    with one:
        pass


def test_a_stop_right_after_the_start_is_heard() -> None:
    """However early it comes."""

    async def loop() -> None:
        one, _ = runner(shop(), ceiling=hours(1))
        for _ in range(20):
            await one.start()
            await asyncio.wait_for(one.stop(), PATIENCE)
        for _ in range(20):
            await asyncio.to_thread(one.start_sync)
            await asyncio.wait_for(asyncio.to_thread(one.stop_sync), PATIENCE)

    asyncio.run(loop())


class Broken(Exception):
    """None of ours."""


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a failed tick rest for a moment only."""
    monkeypatch.setattr(under_test, "_LONGEST_REST", 0.005)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("how", ["thread", "loop"])
@pytest.mark.parametrize("error", [StoreError("locked"), OSError(28, "no space left"), Broken("anna")])
def test_a_run_outlives_ticks_that_fail(how: str, error: Exception, caplog: pytest.LogCaptureFixture) -> None:
    """It is told each time, and goes on where it was once the tick works again; the log names nobody."""
    engine = shop(message())
    told, advance, times = Told(engine), engine.advance, iter(range(5))

    def failing(to: Any) -> Any:
        if next(times, None) is not None:
            raise error
        return advance(to)

    engine.advance = failing  # type: ignore[assignment, method-assign]  # as a locked file would
    with running(engine, how) as (_, transport):
        until(lambda: transport.envelopes)
    assert told.codes == [f"tick_failed {type(error).__qualname__}"] * 5
    assert "anna" not in caplog.text
    assert "5 in a row" in caplog.text


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("how", ["thread", "loop"])
def test_a_run_does_not_outlive_a_bug(how: str) -> None:
    """What is none of our errors ends the run after so many ticks in a row, and comes out of the stop."""
    engine = shop(message())
    told = Told(engine)

    def failing(_: Any) -> Any:
        raise Broken

    engine.advance = failing  # type: ignore[assignment, method-assign]  # a bug
    one, _ = runner(engine, patience=4)
    if how == "thread":
        one.start_sync()
        until(lambda: not one._active)
        with pytest.raises(Broken):
            one.stop_sync()
    else:

        async def loop() -> None:
            await one.start()
            assert one._task is not None
            await asyncio.wait([one._task], timeout=PATIENCE)
            with pytest.raises(Broken):
                await one.stop()

        asyncio.run(loop())
    assert len(told.codes) == 4


def test_a_stop_does_not_wait_for_the_next_try() -> None:
    """A runner that rests after a failure ends at once; what is recorded meanwhile does not hurry it."""
    engine = shop()
    told = Told(engine)

    def failing(_: Any) -> Any:
        raise StoreError("locked")

    engine.advance = failing  # type: ignore[assignment, method-assign]  # as a locked file would
    begun = time.monotonic()
    with runner(engine)[0]:
        until(lambda: told.codes)
        for number in range(50):
            engine.record(post(START + number))
    assert len(told.codes) == 1
    assert time.monotonic() - begun < 0.9  # the first rest is a second


def test_what_another_worker_advanced_is_caught_up_with() -> None:
    """Between the reading and the advance another worker may get further: the tick reads again."""
    clock, engine = manual(), shop(message())
    one, transport = runner(engine, clock=clock)
    advance, times = engine.advance, iter([1, 2])

    def overtaken(to: Any) -> Any:
        if next(times, None) is not None:
            advance(to + SECOND)
        return advance(to)

    engine.advance = overtaken  # type: ignore[assignment, method-assign]  # the other worker
    assert one.tick_sync().reading.at == START + 2 * SECOND
    assert len(transport.envelopes) == 1


def test_everything_at_once() -> None:
    """A month of a busy shop in small steps by ticks equals one large step: nothing depends on when it ticks."""
    found = []
    for step in (hours(1), days(29)):
        clock, engine = manual(), shop()
        one, transport = runner(engine, clock=clock)
        engine.record(ContactAdded(id="x", customer="bob", at=START, channel="telegram", address="2"))
        for number in range(20):
            engine.record(post(START + number * DAY + number, "ann" if number % 3 else "bob"))
        while clock() < to_datetime(START + 29 * DAY):
            clock.advance(step)
            while one.tick_sync():
                pass
        found.append(sorted(each.key for each in transport.envelopes))
    assert found[0] == found[1]
    assert len(found[0]) == 20


def test_an_engine_that_is_always_overtaken_says_so() -> None:
    """After three readings the error comes out, and a run would try again later."""
    engine = shop()
    advance = engine.advance

    def overtaken(to: Any) -> Any:
        advance(to + SECOND)
        return advance(to)

    engine.advance = overtaken  # type: ignore[assignment, method-assign]  # a very fast worker
    with pytest.raises(TimeError, match="time does not go back"):
        runner(engine)[0].tick_sync()


def test_a_held_tick_may_be_awaited() -> None:
    """In an event loop nothing is sent, either."""
    machine, engine = Machine(), shop(message())
    one, transport = runner(engine, clock=machine.clock(engine))
    one.clock.sync()
    machine.go(0, 30 * DAY)
    assert asyncio.run(one.tick()).messages is None
    assert not transport.envelopes


@pytest.mark.usefixtures("impatient")
def test_a_locked_file_only_delays(tmp_path: Path) -> None:
    """While another process holds the file nothing is lost, and it goes on as soon as the file is free."""
    store = SqliteStore(tmp_path / "shop.db", patience=Span(20_000))
    with closing(sqlite3.connect(tmp_path / "shop.db", isolation_level=None)) as other, closing(store):
        engine = shop(message(), store=store)
        told = Told(engine)
        other.execute("BEGIN IMMEDIATE")
        with runner(engine)[0] as one:
            until(lambda: told.codes)
            other.execute("ROLLBACK")
            until(lambda: engine.store.parcels.listed(ParcelState.SENT, "", 9))
            assert one.engine is engine
    assert set(told.codes) == {"tick_failed StoreError"}


def test_a_loop_that_is_closed_is_not_woken() -> None:
    """Its event loop ended without a word; ringing goes on for the others."""
    bell, loop = bells.Bell(), asyncio.new_event_loop()
    bell._loops.add((loop, asyncio.Event()))
    loop.close()
    bell.ring()
    assert bell._rung.is_set()
