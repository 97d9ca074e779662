"""Engine time never goes back and never stands still, whatever the wall clock does; a leap waits for a person."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from threading import Thread

import pytest
from attrs import define, evolve
from hypothesis import given
from hypothesis import strategies as st

from retention_engine import Engine
from retention_engine.delivery import EngineClock, Reading, Step
from retention_engine.delivery import clock as under_test
from retention_engine.delivery.clock import Bands, Known, Stand, moved
from retention_engine.errors import TimeError
from retention_engine.stores import MemoryStore
from retention_engine.testing import ManualClock
from retention_engine.timing import DAY, HOUR, MINUTE, SECOND, days, seconds
from tests.delivery._shop import RULE, START

YEAR = 365 * DAY
Move = Callable[[Stand, int, int, Known], Stand]


@define
class Machine:
    """A machine whose two clocks a test sets; each look takes a microsecond."""

    wall: int = START
    monotonic: int = 77

    def go(self, span: int, step: int = 0) -> None:
        """Let time pass, and set the wall clock."""
        self.wall += span + step
        self.monotonic += span

    def clock(self, engine: Engine, **words: Bands) -> EngineClock:
        """Return the clock of a worker on this machine."""
        return EngineClock(engine, wall=lambda: 1_000 * self.wall, monotonic=lambda: 1_000 * self.monotonic, **words)


def engine() -> Engine:
    """Return an engine over an empty store."""
    return Engine([RULE])


STEPS = [  # (what the wall clock does, what is said, whether anything may begin)
    (-YEAR, Step.HOLD),
    (-7 * HOUR, Step.HOLD),
    (-6 * HOUR, Step.SLEW),
    (-HOUR, Step.SLEW),
    (-5 * SECOND, Step.SLEW),
    (0, Step.NONE),
    (5 * SECOND, Step.NONE),
    (HOUR, Step.NONE),
    (6 * HOUR, Step.NONE),
    (7 * HOUR, Step.CATCH_UP),
    (DAY, Step.CATCH_UP),
    (DAY + SECOND, Step.WAIT),
    (YEAR, Step.WAIT),
    (401 * DAY, Step.REFUSED),
]


@pytest.mark.parametrize(("step", "said"), STEPS)
def test_each_step_has_its_band(step: int, said: Step) -> None:
    """A running worker says what the wall clock did, and follows it only as far as it may be believed."""
    machine = Machine()
    clock = machine.clock(engine())
    clock.sync()
    machine.go(SECOND, step)
    found = clock.sync()
    slow, fast = START + SECOND // 2, START + SECOND
    wanted = {Step.HOLD: slow, Step.SLEW: slow, Step.WAIT: fast, Step.REFUSED: fast}
    assert (found.step, found.at) == (said, wanted.get(said, machine.wall))
    assert found.held is (said in (Step.HOLD, Step.WAIT, Step.REFUSED))
    assert clock.read().step is (said if said is not Step.CATCH_UP else Step.NONE)


@pytest.mark.parametrize(("step", "said"), STEPS)
def test_an_outage_is_a_step_too(step: int, said: Step) -> None:
    """After a restart the stored time counts: nobody ran for so long, or the clock of the new machine is behind."""
    store = MemoryStore()
    Machine().clock(Engine([RULE], store=store)).sync()
    found = Machine(wall=START + step, monotonic=5).clock(Engine([RULE], store=store)).sync()
    assert found.step is said
    assert found.at == (START if step < 0 or found.held else START + step)
    assert str(found).startswith("20")


def test_where_time_was_advanced_to_is_not_gone_behind() -> None:
    """An engine that was advanced by hand needs a clock that is not earlier."""
    shop = engine()
    shop.advance(START + HOUR)
    assert Machine().clock(shop).sync() == Reading(at=START + HOUR, step=Step.SLEW, by=-HOUR)


def test_somebody_resumes_after_a_long_outage() -> None:
    """Nothing is kept while it waits; a resume by any process lets every worker go on, as catching up."""
    machine, shop = Machine(), engine()
    one, other = machine.clock(shop), machine.clock(shop)
    one.sync()
    machine.go(0, 30 * DAY)
    assert [one.sync().step, other.sync().step, one.read().step] == [Step.WAIT] * 3
    assert shop.store.settings.get("clock") == str(START)
    assert other.resume() == Reading(at=machine.wall, step=Step.CATCH_UP, by=30 * DAY)
    assert [one.sync().step, other.sync().step, one.sync().step] == [Step.CATCH_UP, Step.NONE, Step.NONE]
    machine.go(0, 30 * DAY)
    assert one.sync().step is Step.WAIT  # what was accepted once is not accepted for ever


def test_somebody_accepts_that_the_clock_is_behind() -> None:
    """Time then goes on at half speed; once the wall has caught up, the next step back is held again."""
    machine, shop = Machine(), engine()
    clock = machine.clock(shop)
    clock.sync()
    machine.go(0, -10 * HOUR)
    assert clock.sync().step is Step.HOLD
    assert clock.resume().step is Step.SLEW
    machine.go(HOUR)
    assert clock.read() == Reading(at=START + HOUR // 2, step=Step.SLEW, by=-19 * HOUR // 2)
    assert clock.sync().step is Step.SLEW
    machine.go(20 * HOUR)
    assert (clock.read().step, clock.sync().step, clock()) == (Step.NONE, Step.NONE, machine.wall)
    machine.go(0, -8 * HOUR)
    assert clock.sync().step is Step.HOLD


def test_a_repaired_clock_needs_nobody() -> None:
    """A wall clock that leapt and was set back is believed again, and no time is lost."""
    machine = Machine()
    clock = machine.clock(engine())
    clock.sync()
    machine.go(MINUTE, 500 * DAY)
    assert clock.sync().step is Step.REFUSED
    with pytest.raises(TimeError, match="500 days ahead"):
        clock.resume()
    machine.go(MINUTE, -500 * DAY)
    assert clock.sync() == Reading(at=START + 2 * MINUTE)
    assert clock.resume() == clock.read()  # nothing to resume from


def test_bands_are_ours_to_choose() -> None:
    """Narrower bands hold earlier."""
    machine = Machine()
    clock = machine.clock(engine(), bands=Bands(slew=seconds(5), resume=seconds(60), refuse=days(2)))
    clock.sync()
    machine.go(0, 2 * MINUTE)
    assert clock.sync().step is Step.WAIT


def test_a_function_may_be_the_clock() -> None:
    """A clock moved by hand counts as both clocks: a month is a month, not a leap."""
    manual = ManualClock("2026-07-01T12:00:00+00:00")
    clock = EngineClock.of(engine(), manual)
    assert clock() == START
    manual.advance(days(30))
    assert clock.sync() == Reading(at=START + 30 * DAY)


def test_the_machine_has_a_clock() -> None:
    """Without being told otherwise it is the machine's, in microseconds, and it goes on."""
    clock = EngineClock(engine())
    first = clock()
    assert first > START - 10 * YEAR
    assert clock() >= first


SPANS = st.sampled_from([0, 2, 3, SECOND, MINUTE, HOUR, 9 * HOUR]) | st.integers(0, 2 * DAY)
LEAPS = st.just(0) | st.sampled_from([-YEAR, -HOUR, -5 * SECOND, 5 * SECOND, HOUR, DAY, YEAR]) | st.integers(-DAY, DAY)
LIFE = st.lists(st.tuples(SPANS, LEAPS), min_size=1, max_size=12)


def live(move: Move, life: list[tuple[int, int]]) -> list[tuple[int, Stand]]:
    """Return what elapsed before each reading, and the reading; it knows nothing but what it read last."""
    machine = Machine()
    stand, found = Stand(at=1_000 * machine.wall, monotonic=1_000 * machine.monotonic), []
    for span, leap in life:
        machine.go(span, leap)
        stand = move(stand, 1_000 * machine.wall, 1_000 * machine.monotonic, Known())
        found.append((1_000 * span, stand))
    return found


def sound(move: Move, life: list[tuple[int, int]]) -> str:
    """Return the law that is broken, empty when none is."""
    for (_, before), (span, after) in pairwise([(0, Stand(at=1_000 * START, monotonic=0)), *live(move, life)]):
        if after.at < before.at:
            return "decreases"
        if after.at < before.at + span // 2:
            return "freezes"
    # then nothing happens any more: whoever slews meets the wall after twice the way, and stays with it
    last = live(move, life)[-1][1]
    if last.step is Step.SLEW:
        again = live(move, [*life, (-last.by // 500 + 2, 0), (MINUTE, 0)])
        return "" if [one.step for _, one in again[-2:]] == [Step.NONE] * 2 else "never meets the wall"
    return ""


@given(LIFE)
def test_time_goes_on(life: list[tuple[int, int]]) -> None:
    """Whatever the wall clock does, engine time grows at half the speed of real time, or faster."""
    assert sound(moved, life) == ""


def raw(stand: Stand, wall: int, monotonic: int, known: Known) -> Stand:
    """Believe the wall clock."""
    return Stand(at=wall, monotonic=monotonic)


def high_water(stand: Stand, wall: int, monotonic: int, known: Known) -> Stand:
    """Never go back, and wait for the wall clock."""
    return Stand(at=max(stand.at, wall), monotonic=monotonic)


def full_speed(stand: Stand, wall: int, monotonic: int, known: Known) -> Stand:
    """Go on at full speed: it never meets the wall again."""
    found = moved(stand, wall, monotonic, known)
    return evolve(found, at=max(found.at, stand.at + monotonic - stand.monotonic))


@pytest.mark.parametrize(
    ("fault", "law"), [(raw, "decreases"), (high_water, "freezes"), (full_speed, "never meets the wall")]
)
def test_planted_clocks_are_caught(fault: Move, law: str) -> None:
    """The clocks that everybody writes first break a law on the simplest step back."""
    assert sound(fault, [(MINUTE, -HOUR), (MINUTE, 0)]) == law
    assert sound(moved, [(MINUTE, -HOUR), (MINUTE, 0)]) == ""


@given(LIFE, st.data())
def test_workers_and_restarts_never_go_back(life: list[tuple[int, int]], data: st.DataObject) -> None:
    """Several workers over one store, restarted and resumed at will: nothing begins earlier than what began before."""
    machine, shop = Machine(), engine()
    clocks = [machine.clock(shop) for _ in range(2)]
    latest = 0
    for span, leap in life:
        machine.go(span, leap)
        number = data.draw(st.integers(0, 1))
        what = data.draw(st.sampled_from(["sync", "sync", "restart", "resume"]))
        if what == "restart":
            clocks[number] = machine.clock(shop)
        found = clocks[number].sync()
        if what == "resume" and found.step is not Step.REFUSED:
            assert not clocks[number].resume().held
            found = clocks[number].sync()
        if not found.held:
            assert found.at >= latest
            latest = found.at


def meet(looks: int) -> int:
    """Return how far two workers with the same right clock get away from it."""
    machine, shop = Machine(), engine()
    clocks = [machine.clock(shop), machine.clock(shop)]
    for number in range(looks):
        machine.go(MINUTE)
        clocks[number % 2].sync()
    return clocks[0].sync().at - machine.wall


def test_workers_do_not_drive_each_other_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """With right clocks engine time is the wall's; a floor above what another worker stored runs away."""
    assert meet(10) == 0

    def ratchet(stand: Stand, wall: int, monotonic: int, known: Known, *, bands: Bands) -> Stand:
        return moved(evolve(stand, at=max(stand.at, known.at)), wall, monotonic, Known(), bands=bands)

    monkeypatch.setattr(under_test, "moved", ratchet)
    assert meet(10) > 0


def test_threads_may_share_a_clock() -> None:
    """Readings of several threads, in the order of one of them, never go back."""
    clock = EngineClock(engine())
    clock.sync()
    seen: list[list[int]] = [[] for _ in range(4)]

    def look(into: list[int]) -> None:
        into.extend(clock() for _ in range(300))

    threads = [Thread(target=look, args=(into,)) for into in seen]
    for each in threads:
        each.start()
    for each in threads:
        each.join(timeout=10)
    assert all(into == sorted(into) and len(into) == 300 for into in seen)
