"""The wheel of wake-ups answers as a plain mapping would, at the price of what is due."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from retention_engine.stores.wheel import WIDTH, Wheel

INSTANTS = st.integers(-3 * WIDTH, 3 * WIDTH) | st.sampled_from([0, WIDTH - 1, WIDTH, 2**62])
SETS = st.tuples(st.sampled_from("abcd"), st.none() | INSTANTS)
ASKED = st.tuples(INSTANTS, st.integers(-1, 5))


@given(st.lists(SETS | ASKED, max_size=60))
def test_it_answers_as_a_mapping_does(steps: list[tuple[object, object]]) -> None:
    """Whatever is set, moved, removed and asked in between, the answers are those of a sorted dict."""
    wheel, model = Wheel(), dict[str, int]()
    for first, second in steps:
        if isinstance(first, str):
            wheel.set(first, second)
            model = {**model, first: second} if second is not None else {k: v for k, v in model.items() if k != first}
            assert wheel.get(first) == model.get(first)
        else:
            wanted = sorted((instant, name) for name, instant in model.items() if instant <= first)
            assert wheel.due(first, second) == [(name, instant) for instant, name in wanted[: max(second, 0)]]
    assert wheel._waiting == sum(map(len, wheel._far.values()))


def test_asking_changes_nothing() -> None:
    """What is due stays due until it is set to something else."""
    wheel = Wheel()
    for name in "cab":
        wheel.set(name, 5)
    assert wheel.due(9, 2) == wheel.due(9, 2) == [("a", 5), ("b", 5)]


def test_moving_back_and_forth_leaves_nothing_behind() -> None:
    """Entries that are out of date are dropped before they outnumber the live ones by much."""
    wheel = Wheel()
    for step in range(100_000):
        wheel.set(f"c{step % 100}", WIDTH * (step % 7 + 5))
    assert wheel._waiting + len(wheel._near) <= 2 * 100 + 1000
    assert len(wheel.due(2**60, 1000)) == 100


def test_only_what_is_reached_is_sorted() -> None:
    """Asking for the first few leaves later buckets as they are."""
    wheel = Wheel()
    for number in range(10_000):
        wheel.set(f"c{number}", number * WIDTH)
    assert wheel.due(-1, 9) == []
    assert (len(wheel._near), len(wheel._far)) == (0, 10_000)
    assert [name for name, _ in wheel.due(2**62, 3)] == ["c0", "c1", "c2"]
    assert (len(wheel._near), len(wheel._far)) == (3, 9_997)
