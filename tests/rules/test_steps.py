"""Branches and splits are values with paths; a split by chance is the same every time."""

from __future__ import annotations

from collections import Counter
from math import log
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention_engine.errors import DefinitionError
from retention_engine.experiments import Experiment
from retention_engine.keys import hash_text
from retention_engine.predicates import carts, customer, entry, orders
from retention_engine.rules import Branch, Send, Split, Step, Tag, Variant, When, read_step
from retention_engine.rules.steps import nested

CITY = customer.city.is_set()
BOUGHT, A, B = orders.since(entry).exists(), Send("a"), Send("b")
SPLIT = Split(Variant("x", A), Variant("y"), id="e")
ROUND = [
    (Branch(When(BOUGHT, A)), "Branch(When(orders.since(entry).exists(), Send('a')))"),
    (Branch(When(BOUGHT, A), otherwise=(B,)), None),
    (Branch(When(CITY & ~carts.exists(), A)), "Branch(When(customer.city.is_set() and not carts.exists(), Send('a')))"),
    (
        Branch(When(CITY), When(CITY), otherwise=[B], name="b"),
        "Branch(When(customer.city.is_set()), When(customer.city.is_set()), otherwise=[Send('b')], name='b')",
    ),
    (SPLIT, "Split(Variant('x', Send('a')), Variant('y'), id='e')"),
    (
        Split(Variant("x", A, Tag("t"), weight=3), Variant("y", weight=0), id="e", name="n"),
        "Split(Variant('x', Send('a'), Tag('t'), weight=3), Variant('y', weight=0), id='e', name='n')",
    ),
    (Branch(When(BOUGHT, SPLIT), otherwise=[Branch(When(BOUGHT, B), name="c")]), None),
]


@pytest.mark.parametrize(("step", "text"), ROUND)
def test_a_choice_prints_as_the_call_that_builds_it(step: Step, text: str | None) -> None:
    """The text form leaves defaults out and reads back; ``eval(repr(step))`` is equal and hashes equal."""
    assert text is None or str(step) == text
    assert read_step(str(step)) == step
    assert eval(repr(step)) == step
    assert hash(eval(repr(step))) == hash(step)


def test_a_choice_has_paths_and_a_name() -> None:
    """The last path of a branch is ``otherwise``; a split is named by its experiment."""
    assert Branch(When(BOUGHT, A), When(BOUGHT), otherwise=[B]).paths() == ((0, (A,)), (1, ()), (None, (B,)))
    assert SPLIT.paths() == (("x", (A,)), ("y", ()))
    assert (Branch(When(BOUGHT)).name, SPLIT.name) == ("branch", "e")
    assert [each.name for each in nested([Branch(When(BOUGHT, A), otherwise=[SPLIT]), B])] == [
        *("branch", "a", "e", "a", "b")
    ]


def deep(count: int) -> Step:
    """Return a step inside so many branches."""
    made: Step = A
    for number in range(count):
        made = Branch(When(BOUGHT, made), name=f"b{number}")
    return made


MANY = [Send(f"s{number}") for number in range(60)]
WRONG: list[tuple[Any, str]] = [
    (lambda: When(orders, A), "When takes a predicate and steps, not orders"),
    (lambda: When(A), "When takes a predicate and steps, not Send('a')"),
    (lambda: When(BOUGHT, "a"), "When: 'a' is no step: use Send, Do, Tag, Delay, WaitFor, WaitUntil, Branch, Split"),
    (lambda: When(BOUGHT, [A]), "When: [Send('a')] is no step"),
    (lambda: When(BOUGHT, *[A] * 101), "When has at most 100 steps, not 101"),
    (lambda: Branch(), "Branch takes 1 to 100 When(predicate, steps...), not 0"),
    (lambda: Branch(*[When(BOUGHT)] * 101), "Branch takes 1 to 100 When(predicate, steps...), not 101"),
    (lambda: Branch(BOUGHT), "Branch takes When(predicate, steps...), not orders.since(entry).exists()"),
    (
        lambda: Branch(When(BOUGHT), otherwise=A),
        "otherwise is a list of steps such as [Send('template')], not Send('a')",
    ),
    (
        lambda: Branch(When(BOUGHT), otherwise=[When(BOUGHT)]),
        "otherwise: When(orders.since(entry).exists()) is no step",
    ),
    (lambda: Branch(When(BOUGHT), name=""), "name is a printable text"),
    (
        lambda: Branch(When(BOUGHT, *MANY), otherwise=MANY),
        "'branch' has at most 100 steps, nested ones included, not 121",
    ),
    (lambda: deep(6), "'b5': branches and splits nest at most 5 deep, not 6"),
    (lambda: Variant(""), "name is a printable text of 1 to 200 characters, not ''"),
    (lambda: Variant("a", "b"), "Variant 'a': 'b' is no step"),
    (lambda: Variant("a", weight=-1), "weight is a whole number from 0 to 1000000, not -1"),
    (lambda: Variant("a", weight=0.5), "weight is a whole number from 0 to 1000000, not 0.5"),
    (lambda: Variant("a", weight=True), "weight is a whole number from 0 to 1000000, not True"),
    (lambda: Split(Variant("a"), A, id="e"), "Split takes Variant('name', steps...), not Send('a')"),
    (lambda: Split(Variant("a"), id="e"), "split 'e' has 2 to 100 variants, not 1"),
    (
        lambda: Split(Variant("a"), Variant("a"), id="e"),
        "split 'e': each variant has a name of its own, not ['a', 'a']",
    ),
    (
        lambda: Split(Variant("a", weight=0), Variant("b", weight=0), id="e"),
        "at least one variant has a weight above 0",
    ),
    (lambda: Split(Variant("a"), Variant("b"), id=""), "id is a printable text of 1 to 200 characters, not ''"),
    (lambda: Split(Variant("a"), Variant("b"), id="e", name="\n"), "name is a printable text"),
]


@pytest.mark.parametrize(("build", "message"), WRONG)
def test_a_wrong_choice_fails_where_it_is_written(build: Any, message: str) -> None:
    """The message names the part, what is allowed, and what was given."""
    with pytest.raises(DefinitionError) as caught:
        build()
    assert message in str(caught.value)


def test_five_deep_is_allowed() -> None:
    """The limit itself is not beyond the limit."""
    assert sum(1 for _ in nested([deep(5)])) == 6


def split(weights: dict[str, int], id: str = "e") -> Split:
    """Return a split without steps."""
    return Split(*(Variant(name, weight=weight) for name, weight in weights.items()), id=id)


CROWD = [f"c{number}" for number in range(4_000)]


def test_a_split_assigns_by_weight_and_always_the_same() -> None:
    """Shares within a few standard deviations; known customers stay where they are, for ever."""
    found = Counter(map(split({"a": 3, "b": 1, "c": 0}).assign, CROWD))
    assert found.keys() == {"a", "b"}
    assert abs(found["b"] - 1_000) < 120
    assert [split({"a": 1, "b": 1}).assign(name) for name in CROWD[:8]] == [*"bbaaaaaa"]


def test_experiments_do_not_know_each_other() -> None:
    """Another id draws anew; the order of the variants and the name of the step draw nothing."""
    one, other = split({"a": 1, "b": 1}), split({"a": 1, "b": 1}, id="f")
    agreed = sum(one.assign(name) == other.assign(name) for name in CROWD)
    assert abs(agreed - len(CROWD) / 2) < 200
    turned = Split(Variant("b"), Variant("a"), id="e", name="another")
    assert all(one.assign(name) == turned.assign(name) for name in CROWD[:500])


def test_a_split_is_the_experiment_of_its_id() -> None:
    """The same id and weights give the same variant inside a journey and outside of it."""
    weights = {"a": 2, "b": 1, "c": 5}
    assert all(split(weights).assign(name) == Experiment("e", weights).assign(name) for name in CROWD[:500])


def moved(assign: Any, before: dict[str, int], after: dict[str, int]) -> set[str]:
    """Return the variants that customers left for another one although neither end had its weight changed."""
    ends = ((assign(before, name), assign(after, name)) for name in CROWD[:400])
    same = {name for name in before if before[name] == after[name]}
    return {one for one, other in ends if one != other and one in same and other in same}


def ours(weights: dict[str, int], customer: str) -> str:
    """Assign as a split does."""
    return split(weights).assign(customer)


@given(st.integers(1, 9), st.integers(0, 9), st.lists(st.integers(1, 9), min_size=1, max_size=3))
def test_a_changed_weight_moves_customers_to_or_from_that_variant_only(old: int, new: int, rest: list[int]) -> None:
    """Whoever is in another variant stays there, or comes from or goes to the changed one."""
    others = {f"v{number}": weight for number, weight in enumerate(rest)}
    assert not moved(ours, {"changed": old, **others}, {"changed": new, **others})


def by_ranges(weights: dict[str, int], customer: str) -> str:
    """Assign by ranges of one hash: the planted fault."""
    place = int(hash_text(customer, "e"), 16) * sum(weights.values()) >> 32
    names = [name for name, weight in weights.items() for _ in range(weight)]
    return names[place]


def by_unweighted_draw(weights: dict[str, int], customer: str) -> str:
    """Assign by draws that depend on all the weights: the planted fault."""
    total = sum(weights.values())
    drawn = {name: -log(int(hash_text(customer, f"{name}{total}"), 16) / 2**32) / weights[name] for name in weights}
    return min(drawn, key=lambda name: drawn[name])


@pytest.mark.parametrize("planted", [by_ranges, by_unweighted_draw])
def test_planted_assignments_move_others(planted: Any) -> None:
    """The law tells them from ours."""
    assert moved(planted, {"changed": 1, "v0": 1, "v1": 1}, {"changed": 5, "v0": 1, "v1": 1})
