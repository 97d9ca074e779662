"""No span of time, wherever it begins, holds more calls than a rate allows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention_engine.delivery.pace import Pacer, Window
from retention_engine.envelopes import Pace, Rate
from retention_engine.errors import DefinitionError
from retention_engine.timing import SECOND, seconds


def arrivals(rate: Rate, lengths: list[int], delays: list[int], window: Window) -> list[int]:
    """Call as fast as a window allows, one after the other, and return when each call arrived at the other side."""
    now, found = 0, []
    for length, delay in zip(lengths, delays, strict=True):
        while (free := window.free_at(now)) > now:
            now = free
        window.begin()
        found.append(now + delay % (length + 1))  # somewhere within the call
        now += length
        window.end(now, well=True)
    return found


def most(times: list[int], span: int) -> int:
    """Return the most of them within any span, by looking at each as its beginning."""
    return max(sum(start <= each < start + span for each in times) for start in times)


calls = st.lists(st.integers(0, 3 * SECOND // 2), min_size=1, max_size=60)


@given(st.integers(1, 5), calls, st.randoms(use_true_random=False))
def test_no_span_holds_more_than_the_rate(count: int, lengths: list[int], dice) -> None:
    """Measured where the calls arrive, whatever the network does to them."""
    rate = Rate(count, seconds(1))
    times = arrivals(rate, lengths, [dice.randrange(2 * SECOND) for _ in lengths], Window(rate))
    assert most(times, SECOND) <= count


class FromTheBeginning(Window):
    """The planted fault: a call counts from its beginning, although it may arrive much later."""

    def end(self, at: int, *, well: bool) -> None:
        """Forget how long the call took."""
        self.flying -= 1
        self._ended.append(at - SECOND)


def test_counting_from_the_beginning_is_noticed() -> None:
    """A slow call and a quick one arrive together."""
    rate = Rate(1, seconds(1))
    assert most(arrivals(rate, [SECOND, 0], [SECOND, 0], FromTheBeginning(rate)), SECOND) == 2


def test_it_is_as_fast_as_it_may_be() -> None:
    """Calls that take no time: thirty at once, the next one a second later."""
    rate = Rate(30)
    times = arrivals(rate, [0] * 90, [0] * 90, Window(rate))
    assert times == [second * SECOND for second in range(3) for _ in range(30)]


def test_a_call_in_flight_counts() -> None:
    """As long as nobody knows when it arrives it takes up its place."""
    window = Window(Rate(1))
    window.begin()
    assert window.free_at(9 * SECOND) == 10 * SECOND
    window.end(9 * SECOND, well=True)
    assert window.free_at(9 * SECOND) == 10 * SECOND == window.free_at(10 * SECOND)


def test_a_pacer_weighs_the_channel_the_address_and_the_domain() -> None:
    """The channel as a whole rests by one number, an address and its domain by another."""
    pacer = Pacer(Pace(overall=Rate(3), address=Rate(1), domain=Rate(2)))
    for address in ("a@x.example", "b@X.example"):
        assert pacer.free_at(address, 0) == 0
        pacer.begin(address, 0)
        pacer.end(address, 0, well=True)
    assert [pacer.free_at(one, 0) for one in ("a@x.example", "c@x.example", "a@y.example")] == [SECOND, SECOND, 0]
    assert pacer.rests_until(0) == 0
    pacer.begin("z@z.example", 0)
    assert pacer.is_flying
    assert pacer.rests_until(0) == SECOND


def test_the_other_side_may_slow_it_down_and_it_recovers() -> None:
    """A fifth less after 429, half for a domain; each call that went well brings a little back."""
    pacer = Pacer(Pace(overall=Rate(10), domain=Rate(1)))
    pacer.slow_channel()
    assert pacer.overall is not None
    assert pacer.overall.span == 1_250_000
    pacer.slow_domain("a@x.example", 0)
    pacer.begin("a@x.example", 0)
    pacer.end("a@x.example", 0, well=False)
    assert pacer.free_at("b@x.example", 0) == 2 * SECOND
    for _ in range(20):
        pacer.begin("b@y.example", 0)
        pacer.end("b@y.example", 0, well=True)
    assert pacer.overall.span == SECOND


def test_who_takes_over_waits_for_the_calls_of_the_one_before() -> None:
    """They may have been made until the very end of its turn."""
    pacer = Pacer(Pace(overall=Rate(5)))
    pacer.take_over(7 * SECOND)
    assert pacer.rests_until(7 * SECOND) == 8 * SECOND == pacer.rests_until(8 * SECOND)


def test_many_addresses_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """A broadcast to a hundred thousand chats does not remember them all."""
    monkeypatch.setattr("retention_engine.delivery.pace._KEPT", 10)
    pacer = Pacer(Pace(address=Rate(1)))
    for number in range(100):
        now = number * SECOND
        assert pacer.free_at(f"chat {number}", now) == now
        pacer.begin(f"chat {number}", now)
        pacer.end(f"chat {number}", now, well=True)
    assert len(pacer._narrow) <= 11
    assert pacer.free_at("chat 99", 99 * SECOND) == 100 * SECOND


@pytest.mark.parametrize(
    "wrong", [lambda: Rate(0), lambda: Rate(True), lambda: Rate(1, seconds(0)), lambda: Rate(1, 5)]
)
def test_a_rate_that_is_none_is_refused(wrong) -> None:
    """Zero, a truth value and a bare number are no rates."""
    with pytest.raises(DefinitionError):
        wrong()


def test_what_has_no_rate_is_not_slowed_down() -> None:
    """A channel with one for its chats only has none to lower, and nothing to wait for after another worker."""
    pacer = Pacer(Pace(address=Rate(1)))
    pacer.slow_channel()
    pacer.slow_domain("a@x.example", 0)
    pacer.take_over(SECOND)
    assert (pacer.rests_until(0), pacer.free_at("a@x.example", 0)) == (0, 0)
