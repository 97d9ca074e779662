"""The generator writes what the tree walk means, whatever the shape of the predicate, and no text of the user's."""

from __future__ import annotations

import io
import keyword
import re
import tokenize
from collections.abc import Callable
from functools import reduce
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention_engine.facts import Fact
from retention_engine.predicates import (
    Attribute,
    Compare,
    Truth,
    all_of,
    any_of,
    at_least,
    customer,
    events,
    local,
    orders,
    segment,
)
from retention_engine.predicates import generator as written
from retention_engine.predicates.cells import Cells
from retention_engine.predicates.compiler import compile_predicates
from retention_engine.predicates.generator import Generator, Leaf
from retention_engine.testing.strategies import corners, expressions, histories
from retention_engine.timing import DAY, days, hours, microseconds
from tests.predicates._compiled import START, attribute, event, follow, hot_expressions, hot_facts, known

old, young = customer.expiry.age >= days(30), customer.expiry.age < days(60)
near = customer.expiry.ahead <= days(7)
rich, vip = customer.points > 100, customer.vip == True  # noqa: E712 - a predicate


def text_of(*predicates: Truth) -> str:
    """Return the generated text."""
    return Generator().source(predicates)


@given(st.data())
def test_random_predicates_agree_with_the_tree_walk(data: st.DataObject) -> None:
    """Predicates over every node type, histories near the same awkward moment: same truths, no late horizon."""
    zone, around = data.draw(corners())
    each = expressions(max_leaves=5, around=around, zone=zone, entry=False)
    predicates = data.draw(st.lists(each, min_size=1, max_size=3))
    follow(predicates, data.draw(histories(max_orders=5, max_others=6, around=around, zone=zone)), zone=zone)


@given(st.lists(hot_expressions(), min_size=1, max_size=3), hot_facts())
def test_what_is_written_as_code_agrees_with_the_tree_walk(predicates: list[Truth], facts: list[Fact]) -> None:
    """Ages, distances, windows, numbers, texts and flags in groups of every shape."""
    follow(predicates, facts)


FACTS: list[Fact] = [
    *(
        attribute("expiry", START + shift * DAY, START + at, instant=True)
        for shift, at in ((0, 0), (40, 3), (-1, 90 * DAY), (200, 100 * DAY))
    ),
    *(attribute("points", value, START + at * DAY) for at, value in ((0, 50), (10, 500), (70, None))),
    *(attribute("vip", value, START + at * DAY) for at, value in ((5, True), (50, False))),
    *(event("played", START + at * DAY) for at in (1, 8, 20, 60)),
]
SHAPES = {
    "a leaf": old,
    "a static leaf": rich,
    "a window": old & young,
    "a window, the young side first": young & old,
    "a window that is empty": young & (customer.expiry.age >= days(90)),
    "not a window": ~(old & young),
    "two windows of one instant": old & young & (customer.expiry.age >= days(40)),
    "ahead": near,
    "not ahead": ~near,
    "further ahead": customer.expiry.ahead >= days(7),
    "an age of zero": (customer.expiry.age >= days(0)) | (customer.expiry.age < days(0)),
    "ahead of zero": (customer.expiry.ahead <= days(0)) | (customer.expiry.ahead > days(0)),
    "no time ahead": customer.expiry.ahead < days(0),
    "static parts last": old & near & rich & vip,
    "any": old | near | rich,
    "any of what only begins": old | (customer.expiry.age >= days(40)) | vip,
    "all of what only ends": ~old & ~(customer.expiry.age >= days(40)),
    "any of groups": (old & rich) | (young & vip) | (near & ~vip),
    "all of groups": (old | rich) & (young | vip) & (near | ~vip),
    "groups of groups": ((old & (rich | near)) | (young & (vip | ~near))) & ~(vip & (near | ~old)),
    "a named group in a group of its kind": old & segment("rich", rich & young),
    "enough static parts": at_least(2, rich, vip, customer.points.is_set()),
    "enough parts that time changes": at_least(2, old, young, near),
    "a count in a window": events("played").within(days(10)).count() >= 2,
    "a count before a window": events("played").before(days(10)).count() < 2,
    "what is kept": (local.hour >= 9) & old,
    "not what is kept": ~(local.hour >= 9) | old,
    "what is kept twice": ((local.hour >= 9) & old) | ((local.hour >= 9) & ~old),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_agrees_with_the_tree_walk(shape: str) -> None:
    """Each shape of groups, its negation, and both together, at every edge of the facts."""
    follow([SHAPES[shape]], FACTS)
    follow([~SHAPES[shape]], FACTS)
    follow([SHAPES[shape], ~SHAPES[shape], SHAPES[shape] & old], FACTS)


def every_shape() -> None:
    """Follow each shape by itself: together, the horizon of one would hide a late one of another."""
    for shape in SHAPES.values():
        follow([shape], FACTS)
        follow([~shape], FACTS)


def test_all_shapes_share_one_program() -> None:
    """One function over all of them is the same as one for each."""
    follow(list(SHAPES.values()), FACTS)


def many(count: int) -> list[Truth]:
    """Return different leaves that time changes."""
    return [customer.expiry.age >= hours(number) for number in range(1, count // 2 + 1)] + [
        customer.expiry.age < hours(number) for number in range(count, count // 2, -1)
    ]


@pytest.mark.parametrize("join", [all_of, any_of])
def test_a_flat_group_of_990_time_leaves_is_right(join: Callable[..., Truth]) -> None:
    """As wide as a predicate may be; nested blocks would not compile."""
    facts = [attribute("expiry", START, instant=True)]
    follow([join(*many(990)), ~join(*many(990))], facts, look_ahead=60)


@pytest.mark.parametrize("first", [True, False])
def test_alternating_groups_of_depth_32_are_right(first: bool) -> None:
    """As deep as a predicate may be: and in or in and, each level with a leaf of its own."""

    def deeper(inner: Truth, level: int) -> Truth:
        leaf = customer.expiry.age >= days(level)
        return (all_of if (level % 2 == 0) == first else any_of)(leaf if level % 3 else ~leaf, inner)

    follow([reduce(deeper, range(1, 32), near)], [attribute("expiry", START, instant=True)])


def test_alternating_negated_groups_of_depth_32_are_right() -> None:
    """Or, not, and: each level turned round."""
    made = reduce(lambda inner, level: ~((customer.expiry.age < days(level)) | ~inner & near), range(1, 11), old)

    follow([made], [attribute("expiry", START, instant=True)])


def test_parts_that_time_cannot_turn_come_first() -> None:
    """A rule whose static part is false has no horizon at all."""
    program = compile_predicates([old & rich])
    record = program.record(known(attribute("expiry", START, instant=True)), "UTC")

    assert program.horizon(record, START + 1) == (0, 2**62)


def test_a_window_is_left_without_a_horizon_once_it_is_over() -> None:
    """Too young: until it opens; inside: until it closes; too old: never again."""
    program = compile_predicates([old & young])
    record = program.record(known(attribute("expiry", START, instant=True)), "UTC")

    found = [program.horizon(record, START + day * DAY) for day in (1, 30, 60)]

    assert found == [(0, START + 30 * DAY), (1, START + 60 * DAY), (0, 2**62)]


def test_a_count_within_a_window_needs_no_tree_walk() -> None:
    """It is the age of the record that makes it reach the number."""
    text = text_of(orders.within(days(90)).count() >= 3, ~orders.before(days(9)).exists())

    assert "ask" not in text


@pytest.mark.parametrize(
    "predicate",
    [
        orders.within(days(90)).count() >= 0,
        orders.within(days(90)).count() == 2,
        orders.within(days(90)).count() >= 2.5,
        orders.within(days(90)).count().is_in(1, 2),
        orders.within(days(90)).before(days(9)).count() >= 2,
        orders.within(days(90)).sum("total") >= 2,
        orders.mean("total") >= 2,
        orders.max("total") >= 2,
        local.hour == 9,
    ],
)
def test_what_it_does_not_write_is_a_kept_verdict(predicate: Truth) -> None:
    """It asks the tree walk, and both functions do so only when the kept horizon has passed."""
    text = text_of(predicate)

    assert text.count("ask(r, 0, now)") == 2


HOSTILE = (
    *("'; import os; os.system('x') #", '"""', "\\", "\n    m = 1\n", "{0}", "%s", "${x}", "r.c0", "now", "__import__"),
    *("\u202e", "\ufeff", "\x1b[0m", "𝐦", "ｍ", "0x10", "1_000", "None", "True", "lambda: 0", "x" * 9_999),
)


def hostile_leaf(number: int) -> Truth:
    """Return a comparison with a name and a constant that would hurt as source text."""
    constant = f"{HOSTILE[number % len(HOSTILE)]}{number}"
    left = Attribute((keyword.kwlist[number % 35].lower() + f"_{number}").lstrip("_"))
    ops: tuple[tuple[str, Any], ...] = (("==", constant), ("!=", constant), ("in", (constant, "b")))
    ops += (("contains", constant), ("starts_with", constant), ("<", number / 7), ("in", (0.5, number)))
    return Compare(left, *ops[number % len(ops)])


WORDS = {"def", "return", "global", "if", "else", "while", "break", "and", "or", "not", "is", "in", "None", "False"}
OURS = {"boolean", "horizon", "moved", "ask", "r", "now", "m", "h", "t", "s", "p", "True", "startswith"}


def test_a_thousand_hostile_names_and_values_are_inert() -> None:
    """The text holds integers, keywords and names of the generator; constants come back untouched."""
    predicates = [hostile_leaf(number) for number in range(1_000)]
    tokens = list(tokenize.generate_tokens(io.StringIO(text_of(*predicates)).readline))
    names = {token.string for token in tokens if token.type == tokenize.NAME}

    assert {name for name in names if not re.fullmatch(r"[cknbt]\d+", name)} <= WORDS | OURS
    assert not [token for token in tokens if token.type in (tokenize.STRING, tokenize.COMMENT)]
    assert all(token.string.isdecimal() for token in tokens if token.type == tokenize.NUMBER)


def test_hostile_constants_compare_as_they_are() -> None:
    """Each of them equals itself, and only itself."""
    predicates = [customer.name == text for text in HOSTILE]

    for number, text in enumerate(HOSTILE[:-1]):
        program = compile_predicates(predicates)
        assert program.boolean(program.record(known(attribute("name", text)), "UTC"), START) == 1 << number


def test_no_predicates_make_functions_that_find_nothing() -> None:
    """An empty rule set has an empty mask and no horizon."""
    program = compile_predicates([])
    record = program.record(known(), "UTC")

    assert (program.boolean(record, START), program.horizon(record, START)) == (0, (0, 2**62))


def late(method: str, place: Callable[[Leaf], dict[str, Any]]) -> Callable[[pytest.MonkeyPatch], None]:
    """Return the fault that changes the leaves a method of the generator makes."""
    original = getattr(Generator, method)

    def plant(patch: pytest.MonkeyPatch) -> None:
        def changed(self: Generator, *given: Any, **named: Any) -> Leaf | None:
            leaf: Leaf | None = original(self, *given, **named)
            return leaf and Leaf(**{**{name: getattr(leaf, name) for name in Leaf.__slots__[:8]}, **place(leaf)})

        patch.setattr(Generator, method, changed)

    return plant


def one_later(turns: tuple[str, ...]) -> tuple[str, ...]:
    """Return the instants, each a microsecond later."""
    return tuple(f"({turn}) + 1" for turn in turns)


def careless(leaves: Any, *, both: bool) -> list[Leaf]:
    """Join windows without looking whether the other side is there."""
    flat = [part for leaf in leaves for part in (leaf.parts if leaf.both is both else (leaf,))]
    return [part for part in flat if part.role[0] != "past"]


_head = Generator._head

FAULTS: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "a late horizon when old enough": late("_old", lambda leaf: {"when_false": one_later(leaf.when_false)}),
    "a forgotten horizon when old enough": late("_old", lambda leaf: {"when_false": ()}),
    "> for >= at the horizon": late("_old", lambda leaf: {"test": leaf.test.replace("<=", "<")}),
    "a late exit from a window": late(
        "_young",
        lambda leaf: {
            "when_true": one_later(leaf.when_true),
            "parts": (Leaf(leaf.parts[0].test, one_later(leaf.when_true)), *leaf.parts[1:]),
        },
    ),
    "an instant ahead taken for past": late("_young", lambda leaf: {"test": leaf.parts[0].test, "parts": ()}),
    "a forgotten arrival": late(
        "_ahead", lambda leaf: {"when_true": (), "parts": tuple(Leaf(part.test) for part in leaf.parts)}
    ),
    "a kept verdict that is not asked again": late("_kept", lambda leaf: {"before": (), "truth": leaf.test}),
    "the horizon of a block forgotten": late("_group", lambda leaf: {"when_true": (), "when_false": ()}),
    "windows joined too freely": lambda patch: patch.setattr(written, "_in_order", careless),
    "the count of a window one short": lambda patch: patch.setattr(
        Cells, "nth", lambda self, spec, place, _nth=Cells.nth: _nth(self, spec, place - 1 if place < 0 else place)
    ),
    "shifted instants of another instant": lambda patch: patch.setattr(
        Generator, "_head", lambda self: [line.replace("is not now", "is None") for line in _head(self)]
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_caught(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The comparison with the tree walk bites."""
    FAULTS[fault](monkeypatch)

    with pytest.raises(AssertionError):
        every_shape()


def test_a_microsecond_decides() -> None:
    """At the edge itself the age is reached; a microsecond earlier it is not."""
    program = compile_predicates([customer.expiry.age >= microseconds(7), customer.expiry.age > microseconds(7)])
    record = program.record(known(attribute("expiry", START, instant=True)), "UTC")

    assert [program.boolean(record, START + after) for after in (6, 7, 8)] == [0, 1, 3]
