"""A quantity is compared only as its sort allows, with constants of its sort; no value makes it false."""

from __future__ import annotations

import math
from typing import Any

import pendulum
import pytest
from attrs import frozen

from retention_engine.errors import DefinitionError
from retention_engine.predicates import (
    Attribute,
    Compare,
    Quantity,
    Truth,
    Verdict,
    bucket,
    compare,
    customer,
    local,
    orders,
    purchases,
    tags,
)
from retention_engine.timing import days
from tests.predicates._shop import ask, bought, holds, knows, see


def test_equality_with_a_constant_builds_a_predicate() -> None:
    """``==`` and ``!=`` ask; with another quantity they compare values."""
    assert isinstance(customer.a == 1, Compare)
    assert isinstance(customer.a != 1, Compare)
    assert customer.a == Attribute("a")
    assert customer.a != Attribute("b")
    assert customer.a != orders.count()
    assert (customer.a != Attribute("a")) is False


def test_equal_quantities_hash_equal() -> None:
    """Quantities are values and may stand in sets with each other."""
    assert len({customer.a, Attribute("a"), customer.b, orders.count(), orders.count(), bucket("a")}) == 4


def test_predicates_keep_types_of_constants_apart() -> None:
    """True is not 1, and 1 is not 1.0: their texts differ."""
    same = [customer.a == 1, customer.a == 1.0, customer.a == True, customer.a == "1"]  # noqa: E712 - the language
    assert len(set(same)) == 4
    assert (customer.a.is_in(1, 2)) != (customer.a.is_in(1.0, 2.0))


def test_a_quantity_has_no_truth() -> None:
    """``if orders.count()`` fails loudly."""
    with pytest.raises(DefinitionError, match=r"compare it, such as orders.count\(\) >= 1"):
        bool(orders.count())


TESTS = [
    (customer.n == 5, {"n": 5}, True),
    (customer.n == 5, {"n": 6}, False),
    (customer.n != 5, {"n": 6}, True),
    (customer.n != 5, {}, False),
    (customer.n != 5, {"n": "6"}, False),
    (customer.n != 5, {"n": True}, False),
    (customer.n < 5, {"n": 4.5}, True),
    (customer.n <= 5, {"n": 5}, True),
    (customer.n > 5, {"n": 5}, False),
    (customer.n >= 5, {"n": 5}, True),
    (customer.n.is_in(1, 5), {"n": 5}, True),
    (customer.n.is_in(1, 5), {"n": "5"}, False),
    (customer.n.is_in("a", "b"), {"n": "b"}, True),
    (customer.n == True, {"n": True}, True),  # noqa: E712 - the language
    (customer.n == True, {"n": 1}, False),  # noqa: E712 - the language
    (customer.n.contains("os"), {"n": "Moscow"}, True),
    (customer.n.contains("MO"), {"n": "Moscow"}, False),
    (customer.n.starts_with("Mo"), {"n": "Moscow"}, True),
    (customer.n.starts_with("os"), {"n": "Moscow"}, False),
    (customer.n.is_set(), {"n": False}, True),
    (customer.n.is_set(), {"n": None}, False),
    (customer.n.is_set(), {}, False),
]


@pytest.mark.parametrize(("predicate", "values", "expected"), TESTS)
def test_a_comparison_is_false_without_a_value_of_its_kind(predicate: Truth, values: Any, expected: bool) -> None:
    """A missing value, and one of another kind, fail every comparison; the negation is true then."""
    facts = knows(**values)
    assert ask(predicate, *facts) == Verdict(expected, None)
    assert ask(~predicate, *facts) == Verdict(not expected, None)


WRONG = [
    (lambda: customer.a.is_in(math.nan), "not nan"),
    (lambda: customer.a == math.inf, "not inf"),
    (lambda: customer.a > 1e15, "not 1000000000000000.0"),
    (lambda: customer.a == 2**62, "not 4611686018427387904"),
    (lambda: customer.a == None, "not None"),  # noqa: E711 - the language
    (lambda: customer.a == [1], "not [1]"),
    (lambda: customer.a == pendulum.datetime(2026, 1, 1), "compared by its age: .age >= days(30), not with"),
    (lambda: customer.a == "x" * 10_001, "at most 10,000 characters"),
    (lambda: customer.a == "\x00", "no NUL or surrogate"),
    (lambda: customer.a == "\ud800", "no NUL or surrogate"),
    (lambda: customer.a == days(1), "is no age: a span such as days(1) is compared with .age or .ahead"),
    (lambda: orders.count() == "3", "orders.count() == needs a number, not '3'"),
    (lambda: orders.count() >= True, "needs a number, not True"),
    (lambda: orders.count() >= days(3), "needs a number, not days(3)"),
    (lambda: orders.count().contains("3"), "is a number and has no 'contains'; it has <, <=, >, >=, ==, !=, in, set"),
    (lambda: orders.last() == 5, "is an instant and has no '=='; it has set: compare its .age or .ahead"),
    (lambda: orders.last().age == days(3), "is an age and has no '=='; it has <, <=, >, >=: it moves all the time"),
    (lambda: orders.last().age >= 3, "needs a span such as days(30), not 3"),
    (lambda: orders.last().age.is_set(), "has no 'set'"),
    (lambda: orders.gaps().max("gap") == days(3), "is a span such as days(30) and has no '=='"),
    (lambda: orders.last("delivered") > True, "is a yes/no and has no '>'; it has ==, !=, set"),
    (lambda: orders.last("delivered") == 1, "needs a yes/no, not 1"),
    (lambda: tags.last("tag") < "x", "is a text and has no '<'"),
    (lambda: customer.a < "x", "is a text and has no '<'"),
    (lambda: customer.a > True, "is a yes/no and has no '>'"),
    (lambda: customer.a.is_in(True, False), "is a yes/no and has no 'in'"),
    (lambda: customer.a.is_in(), "is_in() takes 1 to 10,000 constants, not ()"),
    (lambda: customer.a.is_in(["x"]), "not ['x']"),
    (lambda: customer.a.is_in(1, "x"), "in needs a"),
    (lambda: customer.a.is_in(*range(10_001)), "is_in() takes 1 to 10,000 constants"),
    (lambda: customer.a.contains(5), "is a number and has no 'contains'"),
    (lambda: customer.a.contains(""), "needs a text of 1 character or more, not ''"),
    (lambda: customer.a.starts_with(""), "needs a text of 1 character or more, not ''"),
    (lambda: local.hour == 24, "local.hour is never 24"),
    (lambda: local.weekday == "monday", "local.weekday is never 'monday' (did you mean 'mon'?)"),
    (lambda: local.weekday.is_in("mon", "SUN"), "local.weekday is never 'SUN'"),
    (lambda: orders.mean("total") >= 0.1234567, "at most six decimals, not 0.1234567"),
    (lambda: orders.mean("total").is_in(1, 0.1234567), "at most six decimals, not 0.1234567"),
    (lambda: Compare(customer.a, "~", 1), "has no '~'; it has <, <=, >, >=, ==, !=, in, contains, starts_with, set"),
    (lambda: Compare(customer.a, "in", 5), "is_in() takes 1 to 10,000 constants, not 5"),
]


@pytest.mark.parametrize(("build", "message"), WRONG)
def test_a_wrong_comparison_fails_where_it_is_written(build: Any, message: str) -> None:
    """Each names the quantity, what it allows and what was given."""
    with pytest.raises(DefinitionError) as caught:
        build()
    assert message in str(caught.value)


def test_is_in_names_each_constant_once() -> None:
    """Repeated constants are dropped, the order stays."""
    assert str(customer.a.is_in("b", "a", "b")) == "customer.a.is_in('b', 'a')"


def test_a_mean_is_compared_exactly() -> None:
    """A mean of one tenth equals 0.1, although no binary fraction does."""
    facts = [bought(f"o{number}", 0, total=int(number == 0)) for number in range(10)]
    assert holds(orders.mean("total") == 0.1, *facts)
    assert holds(orders.mean("total") >= 0.1, *facts)
    assert holds(orders.mean("total").is_in(0.1, 5), *facts)
    assert holds(orders.mean("total").is_set(), *facts)
    assert not holds(purchases.mean("price").is_set(), *facts)


def test_a_clock_that_cannot_change_the_truth_has_no_horizon() -> None:
    """``local.hour >= 0`` is true for ever, ``local.hour.is_set()`` too."""
    assert ask(local.hour >= 0) == Verdict(True, None)
    assert ask(local.weekday.is_set()) == Verdict(True, None)
    assert ask(local.weekday.contains("x")) == Verdict(False, None)


@frozen(eq=False)
class Stuck(Quantity):
    """A quantity whose reading names an instant that does not lie ahead."""

    def sort(self) -> str:
        """Return number."""
        return "number"

    def read(self, view: Any, constant: Any) -> Any:
        """Return a reading that does not move."""
        return self

    def value(self, at: int) -> int:
        """Return a number."""
        return 1

    def turns(self, after: int) -> int:
        """Return the instant itself."""
        return after

    def write(self, *, python: bool) -> str:
        """Write a name."""
        return "stuck"


def test_a_horizon_that_does_not_move_is_noticed() -> None:
    """A faulty reading fails instead of looping for ever."""
    with pytest.raises(AssertionError, match="a horizon that does not move: stuck >= 5"):
        Compare(Stuck(), ">=", 5).verdict(see())


def test_operators_are_written_only_where_there_is_one() -> None:
    """``exists()`` and the methods bind tighter than any operator of Python."""
    assert (customer.a == 1).has_operator()
    assert not customer.a.is_set().has_operator()
    assert not orders.exists().has_operator()
    assert (orders.count() >= 2).has_operator()
    assert str(orders.count() >= 1.0) == "orders.count() >= 1.0"
    assert compare.write_comparison("==", "it's") == ' == "it\'s"'
