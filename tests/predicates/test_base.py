"""Truths combine into flat groups, refuse what is no predicate, and turn as late as they may."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import frozen

from retention_engine.errors import DefinitionError
from retention_engine.predicates import (
    All,
    AnyOf,
    AtLeast,
    Collection,
    Node,
    Not,
    Quantity,
    Segment,
    Truth,
    Verdict,
    all_of,
    any_of,
    at_least,
    bucket,
    customer,
    orders,
    segment,
    within_limits,
)
from tests.predicates._shop import see

A, B, C = (customer.a == 1), (customer.b == 2), (customer.c == 3)


@frozen
class Fixed(Truth):
    """A truth whose verdict is given."""

    answer: Verdict

    def verdict(self, view: object) -> Verdict:
        """Return the given verdict."""
        return self.answer


def fixed(*answers: tuple[bool, int | None]) -> list[Truth]:
    """Return truths with these verdicts."""
    return [Fixed(Verdict(*answer)) for answer in answers]


def test_groups_of_one_kind_flatten_in_order() -> None:
    """``a & (b & c)`` is one group of three, and so is ``|``."""
    assert (A & (B & C)) == All((A, B, C)) == all_of(A, B & C)
    assert ((A | B) | C) == AnyOf((A, B, C)) == any_of(A | B, C)


def test_a_group_of_one_is_its_part() -> None:
    """``all_of(a)`` and ``any_of(a)`` are ``a``."""
    assert all_of(A) is A
    assert any_of(A) is A


def test_negation_undoes_itself() -> None:
    """``~~a`` is ``a``."""
    assert Not(A) == ~A
    assert ~~A is A


def test_equal_predicates_are_equal_and_hash_equal() -> None:
    """Predicates are values: equal ones share a place in a set."""
    assert len({A & B, all_of(A, B), B & A, A | B}) == 3
    assert (A & B) != (A | B)


CASES = [
    ("all", [(True, 5), (True, 3)], Verdict(True, 3)),
    ("all", [(True, None), (True, None)], Verdict(True, None)),
    ("all", [(False, 5), (False, 9), (True, 2)], Verdict(False, 9)),
    ("all", [(False, 5), (False, None)], Verdict(False, None)),
    ("any", [(False, 5), (False, 3)], Verdict(False, 3)),
    ("any", [(True, 5), (True, 9), (False, 2)], Verdict(True, 9)),
    ("any", [(True, 5), (True, None)], Verdict(True, None)),
    ("two", [(True, 4), (True, 6), (True, 8)], Verdict(True, 6)),
    ("two", [(True, 4), (True, 6), (False, 1)], Verdict(True, 4)),
    ("two", [(True, 1), (False, 6), (False, 8)], Verdict(False, 6)),
    ("two", [(False, 4), (False, 6), (False, 8)], Verdict(False, 6)),
    ("two", [(False, 4), (False, None), (False, None)], Verdict(False, None)),
]


@pytest.mark.parametrize(("group", "answers", "expected"), CASES)
def test_a_group_turns_when_enough_of_its_deciding_parts_have(group: str, answers: Any, expected: Verdict) -> None:
    """Decided groups wait for the parts that decide them, undecided ones for the first."""
    parts = fixed(*answers)
    made = {"all": All(tuple(parts)), "any": AnyOf(tuple(parts)), "two": AtLeast(2, tuple(parts))}[group]
    assert made.verdict(see()) == expected


def test_negation_keeps_the_horizon() -> None:
    """``not`` turns when its part turns."""
    (part,) = fixed((True, 7))
    assert (~part).verdict(see()) == Verdict(False, 7)


def test_a_segment_answers_as_its_predicate() -> None:
    """A name changes the text, not the verdict."""
    (part,) = fixed((True, 7))
    assert segment("regulars", part).verdict(see()) == Verdict(True, 7)


WRITTEN = [
    (A & B, "customer.a == 1 and customer.b == 2", "(customer.a == 1) & (customer.b == 2)"),
    (A | B & C, "customer.a == 1 or customer.b == 2 and customer.c == 3", None),
    ((A | B) & C, "(customer.a == 1 or customer.b == 2) and customer.c == 3", None),
    (~(A & B), "not (customer.a == 1 and customer.b == 2)", "~((customer.a == 1) & (customer.b == 2))"),
    (~A & B, "not customer.a == 1 and customer.b == 2", "~(customer.a == 1) & (customer.b == 2)"),
    (
        at_least(1, A, B),
        "at_least(1, customer.a == 1, customer.b == 2)",
        "at_least(1, customer.a == 1, customer.b == 2)",
    ),
    (~customer.a.is_set(), "not customer.a.is_set()", "~customer.a.is_set()"),
    (~orders.exists() | A, "not orders.exists() or customer.a == 1", "~orders.exists() | (customer.a == 1)"),
    (segment("it's", A), 'segment("it\'s")', 'segment("it\'s", customer.a == 1)'),
]


@pytest.mark.parametrize(("predicate", "text", "code"), WRITTEN)
def test_a_predicate_is_written_with_the_brackets_it_needs(predicate: Truth, text: str, code: str | None) -> None:
    """Text uses and, or, not; the ``repr`` the operators of Python."""
    assert str(predicate) == text
    assert code is None or repr(predicate) == code


def test_a_predicate_has_no_truth_of_its_own() -> None:
    """``if predicate`` and ``a and b`` fail loudly and say what to write."""
    with pytest.raises(DefinitionError, match=r"write & \| ~ instead of and, or, not"):
        bool(A)


WRONG = [
    (lambda: A & 5, "& needs a predicate, not 5"),
    (lambda: A | orders.count(), "| needs a predicate, not orders.count()"),
    (lambda: True & A, "& needs a predicate, not True"),
    (lambda: 1 | A, "& needs a predicate, not 1"),
    (lambda: all_of(), "all_of() needs at least one predicate, not 0"),
    (lambda: any_of(), "any_of() needs at least one predicate, not 0"),
    (lambda: all_of(A, None), "all_of() needs a predicate, not None"),
    (lambda: any_of(A, "b"), "any_of() needs a predicate, not 'b'"),
    (lambda: at_least(3, A, B), "a number from 1 to 2 (its parts), not 3"),
    (lambda: at_least(True, A), "a number from 1 to 1 (its parts), not True"),
    (lambda: at_least(1, A, 5), "at_least() needs a predicate, not 5"),
    (lambda: segment("vip", customer.a), "segment() needs a predicate, not customer.a"),
    (lambda: segment("", A), "a printable text of 1 to 200 characters, not ''"),
    (lambda: segment("a\nb", A), "not 'a\\nb'"),
    (lambda: Segment(5, A), "not 5"),  # type: ignore[arg-type]  # it must be refused
]


@pytest.mark.parametrize(("build", "message"), WRONG)
def test_what_is_no_predicate_is_refused_where_it_is_written(build: Any, message: str) -> None:
    """Each wrong construction raises DefinitionError with the value in it."""
    with pytest.raises(DefinitionError) as caught:
        build()
    assert message in str(caught.value)


def test_reads_are_those_of_all_parts() -> None:
    """A group depends on whatever its parts depend on; a bucket on nothing."""
    predicate = (A | orders.exists()) & ~(bucket("x") < 5)
    assert predicate.reads() == {"customer.a", "orders"}


def test_size_counts_nodes_and_depth() -> None:
    """A comparison of an attribute is two nodes, one above the other."""
    assert A.size() == (2, 2)
    assert (A & ~B).size() == (6, 4)


def deep(levels: int) -> Truth:
    """Return a predicate that deep."""
    made: Truth = A
    while made.size()[1] < levels:
        made = any_of(made, B) if isinstance(made, All) else all_of(made, B)
    return made


def test_the_limits_themselves_are_allowed() -> None:
    """Depth 32 and 1,000 nodes are within the limits, one more is not."""
    wide = all_of(*(customer.a == number for number in range(499)))
    assert within_limits(deep(32)).size()[1] == 32
    assert within_limits(wide).size()[0] == 999
    for too_much in (deep(33), wide & C):
        with pytest.raises(DefinitionError, match="at most 1000 nodes and depth 32, not"):
            within_limits(too_much)


def test_an_abstract_node_answers_nothing() -> None:
    """Whoever forgets a reading of an own node is told so."""
    calls: list[Any] = [
        lambda: Node().write(python=False),
        lambda: Truth().verdict(see()),
        lambda: Quantity().sort(),
        lambda: Quantity().read(see(), 1),
        lambda: Collection().members(see()),
        lambda: Collection().kinds(),
    ]
    for call in calls:
        with pytest.raises(NotImplementedError):
            call()
    with pytest.raises(AssertionError):
        A.__rand__(B)
