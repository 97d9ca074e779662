"""Counters and the uses of an order: small documents that say what a plain list of events says."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from retention_engine.errors import LedgerError
from retention_engine.loyalty.codes import GUESSES, Counter, Held, OrderUses, Stage, Use, guessed, is_locked, rebuilt
from retention_engine.loyalty.codes.uses import counted
from retention_engine.timing import HOUR, MINUTE

moves = st.lists(
    st.tuples(st.sampled_from(("hold", "take", "end", "back")), st.sampled_from("abc"), st.integers(0, 9)), max_size=20
)


@given(moves, st.integers(0, 40))
def test_a_counter_is_what_a_plain_list_says(steps: list[tuple[str, str, int]], later: int) -> None:
    """Uses and cost at any instant, without those of the asking order; through its document and back."""
    counter, paid, held = Counter(), list[int](), dict[str, Held]()
    for at, (move, order, amount) in enumerate(steps):
        if move == "hold":
            held[order] = Held(at + 5, amount)
            counter = counter.hold(order, held[order], at)
        elif move == "take":
            held.pop(order, None)
            paid.append(amount)
            counter = counter.take(order, amount)
        elif move == "end":
            held.pop(order, None)
            counter = counter.end(order)
        elif paid:
            counter = counter.give_back(paid.pop())
    now = len(steps) + later
    counter = Counter.of(counter.text())
    live = {order: one for order, one in held.items() if now < one.until}
    for order in "abcd":
        others = [one.amount for name, one in live.items() if name != order]
        assert counter.uses(now, order) == len(paid) + len(others)
        assert counter.cost(now, order) == sum(paid) + sum(others)
    assert counter.at(now).held == live


def test_a_hold_counts_until_exactly_its_end() -> None:
    """CODE-TIMEOUT: ``now < until``."""
    counter = Counter().hold("a", Held(60, 5), 0)
    assert [counter.uses(at, "b") for at in (0, 59, 60)] == [1, 1, 0]
    assert [counter.cost(at, "b") for at in (59, 60)] == [5, 0]
    assert counter.uses(0, "a") == 0


uses = st.builds(
    Use,
    promotion=st.sampled_from("pq"),
    code=st.none() | st.just("C"),
    stage=st.sampled_from(Stage),
    since=st.integers(0, 9),
    until=st.integers(10, 20),
    amount=st.integers(0, 9),
    counters=st.sets(st.sampled_from("xyz")).map(sorted),
    turn=st.integers(1, 5),
)


@given(st.lists(uses, max_size=12))
def test_counting_step_by_step_is_rebuilding(steps: list[Use]) -> None:
    """Whatever stages an order goes through, the counters are those of its last ones."""
    steps = [evolve(use, counters=[use.promotion + name for name in use.counters]) for use in steps]
    known, counters = OrderUses("anna"), {one + name: Counter() for one in "pq" for name in "xyz"}
    for use in steps:
        counted(counters, "o", known.uses.get(use.promotion), use)
        known = OrderUses.of(known.having([use]).text())
    last = {use.promotion: use for use in steps}
    assert known.uses == last
    made = rebuilt({"o": last.values()})
    assert {name: one for name, one in counters.items() if one != Counter()} == {
        name: one for name, one in made.items() if one != Counter()
    }


@pytest.mark.parametrize("text", ["", "[]", "7", '["a",[{}]]', "[1,2,3]", '[1,2,{"o":[1]}]'], ids=range(6))
def test_what_is_no_document_is_refused(text: str) -> None:
    """With a typed error."""
    for read in (Counter.of, OrderUses.of):
        with pytest.raises(LedgerError, match=r"no counter|no uses"):
            read(text)  # type: ignore[operator]  # both read a text


def test_five_wrong_codes_an_hour() -> None:
    """Different ones; each is forgotten an hour after it was tried first."""
    known: dict[str, Any] = {}
    for number in range(GUESSES):
        assert not is_locked(known, number * MINUTE)
        known = guessed(known, [f"wrong-{number}"], number * MINUTE)
        known = guessed(known, [f"wrong-{number}"], number * MINUTE + 1)
    assert is_locked(known, 10 * MINUTE)
    assert is_locked(known, HOUR - 1)
    assert not is_locked(known, HOUR)
    assert len(guessed(known, [], HOUR)) == GUESSES - 1
