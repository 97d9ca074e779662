"""The fold does not depend on the order of arrival; what it says has changed is what has changed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention_engine.facts import Fact
from retention_engine.state import History, Record, fold
from retention_engine.testing import facts as any_facts
from retention_engine.testing import histories, order_independent


@pytest.mark.slow
@given(histories(), st.randoms(use_true_random=False))
def test_any_order_and_repetition_give_the_same_history(facts: list[Fact], chance: st.random.Random) -> None:
    """Reversed, sorted, doubled, shuffled, in two halves: one history."""
    shuffled = facts * 2
    chance.shuffle(shuffled)
    order_independent(facts, [shuffled])


@given(histories(), histories())
def test_folding_in_two_steps_is_folding_at_once(first: list[Fact], then: list[Fact]) -> None:
    """A history goes on where it stood; facts of the same id are the same fact."""
    known = {fact.id: fact for fact in [*then, *first]}
    split = fold(fold(History("a"), first), [known[fact.id] for fact in then])
    assert split == fold(History("a"), known.values())


@given(histories(), st.integers(0, 60))
def test_changes_lead_from_one_state_to_the_next(facts: list[Fact], at: int) -> None:
    """Whoever follows the changes has the records of the history, and knows which attributes to read again."""
    history = fold(History("a"), facts[:at])
    history.drain()
    kept = {(name, row.id): row for name, rows in history.lists.items() for row in rows}
    values = {name: history.value(name) for name in history.attributes}
    changes, touched = fold(history, facts[at:]).drain()
    for change in changes:
        follow(kept, change.collection, change.old, change.new)
    assert kept == {(name, row.id): row for name, rows in history.lists.items() for row in rows}
    assert {name for name in history.attributes if history.value(name) != values.get(name)} <= touched


def follow(kept: dict[tuple[str, str], Record], collection: str, old: Record | None, new: Record | None) -> None:
    """Take one change into a copy of the records; its old record is the one that was there."""
    if old is not None:
        assert kept.pop((collection, old.id)) == old
    if new is not None:
        kept[collection, new.id] = new


@given(histories(), st.lists(st.sampled_from(["orders", "views", "carts", "tags", "events:viewed"]), max_size=3))
def test_a_history_that_keeps_less_keeps_the_same(facts: list[Fact], names: list[str]) -> None:
    """Of the collections that are wanted nothing is lost; carts need the orders to know whether they were ordered."""
    wanted = frozenset({*names, "orders"})
    whole, part = fold(History("a"), facts), fold(History("a", wanted=wanted), facts)
    assert part.lists == {name: rows for name, rows in whole.lists.items() if name in wanted}
    assert part.attributes == whole.attributes


@given(histories())
def test_records_stay_sorted_and_have_one_id_each(facts: list[Fact]) -> None:
    """By instant, ties by id."""
    for rows in fold(History("a"), facts).lists.values():
        keys = [(row.at, row.id) for row in rows]
        assert keys == sorted(keys)
        assert len({row.id for row in rows}) == len(rows)


@given(st.lists(any_facts(), unique_by=lambda fact: fact.id, max_size=30))
def test_facts_of_any_kind_fold(facts: list[Fact]) -> None:
    """Facts drawn one by one, those about unknown orders and about the catalogue included."""
    order_independent(facts)
