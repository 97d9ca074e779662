"""What is no expression, too large, or other than it looks is refused before ``ast`` sees it, with its position."""

from __future__ import annotations

import ast
import warnings

import pytest

from retention_engine.errors import ExpressionError
from retention_engine.predicates import customer, parse, read
from retention_engine.predicates.syntax import position_of, syntax
from retention_engine.timing import days

REFUSED = [
    ("f'{a}'", 0, "'f' is not part of the language here"),
    ("customer.a == b'x'", 14, "'b' is not part"),
    ("customer.a == '''x'''", 14, '"\'" is not part'),
    ("customer.a == 'x' 'y'", 14, '"\'" is not part'),
    ("customer.a == 'x''y'", 14, '"\'" is not part'),
    ("customer.a == 'x", 14, '"\'" is not part'),
    (r"customer.a == '\d'", 14, '"\'" is not part'),
    (r"customer.a == '\777'", 14, '"\'" is not part'),
    ("customer.a == 1 # comment", 16, "'#' is not part"),
    ("customer.a \\\n == 1", 11, "is not part"),
    ("customer.a == 1or True", 14, "'1' is not part"),
    ("customer.a == 0x10", 14, "'0' is not part"),
    ("customer.a == 1j", 14, "'1' is not part"),
    ("ｏrders.exists()", 0, "'ｏ' is not part"),
    ("orders\u00a0.exists()", 6, "is not part"),
    ("orders\x00", 6, "is not part"),
    ("orders.", 7, "not an expression"),
    (" \n orders.exists(", 16, "not an expression"),
    ("", None, "not an expression"),
    ("(" * 97 + ")" * 97, 96, "at most 96 deep"),
    ("1," * 30_000, 50_000, "at most 50000 words and signs"),
]


@pytest.mark.parametrize(("text", "position", "message"), REFUSED)
def test_what_is_no_expression_is_refused_at_its_place(text: str, position: int | None, message: str) -> None:
    """Nothing is joined, prefixed, continued or commented; nothing only looks like a known name."""
    with pytest.raises(ExpressionError, match=message) as caught:
        syntax(text)
    assert caught.value.position == position


@pytest.mark.parametrize("text", [None, 7, b"orders", ["orders"]])
def test_an_expression_is_a_text(text: object) -> None:
    """Anything else is refused by its value."""
    with pytest.raises(ExpressionError, match="an expression is a text, not"):
        syntax(text)  # type: ignore[arg-type]  # the point of the test


def test_a_text_has_at_most_256_kilobytes() -> None:
    """One character more is refused; so many spaces alone are no expression, but quickly told."""
    with pytest.raises(ExpressionError, match="at most 262144 characters, not 262145"):
        syntax(" " * 262_145)
    with pytest.raises(ExpressionError, match="not an expression"):
        syntax(" " * 262_144)


UNREADABLE = ["customer.a == '\ud800'", "customer.a == " + "9" * 5_000, r"customer.a == '\N{no such letter}'"]


@pytest.mark.parametrize("text", [*UNREADABLE, "-" * 49_999 + "1", "not " * 49_000 + "a"])
def test_whatever_ast_raises_becomes_one_error(text: str) -> None:
    """Lone surrogates, endless numbers, unknown letters, deep nesting: an error of ours."""
    with pytest.raises(ExpressionError):
        parse(text)


def test_nothing_warns() -> None:
    """No text makes Python print a warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for text, _, _ in REFUSED:
            with pytest.raises(ExpressionError):
                parse(text)


def test_brackets_and_words_inside_of_texts_do_not_count() -> None:
    """A text constant may hold anything."""
    strange = "(" * 500 + "# f'{x}' \\ \" " + "a " * 4_000
    assert parse(str(customer.a == strange)) == (customer.a == strange)


def test_ten_thousand_negative_numbers_are_read() -> None:
    """The longest list there is parses back."""
    long = customer.a.is_in(*range(-10_000, 0))
    assert parse(str(long)) == long


def test_more_comparisons_than_nodes_are_refused_early() -> None:
    """Reading stops at the thousand and first comparison."""
    with pytest.raises(ExpressionError, match="at most 1000 nodes"):
        parse(" and ".join(["customer.a == 1"] * 1_500))
    with pytest.raises(ExpressionError, match="at most 1000 nodes"):
        parse(" and ".join(["orders.exists()"] * 1_500))


def test_a_node_without_a_place_has_no_position() -> None:
    """Contexts and operators have none; attributes stand where their name does."""
    assert position_of("a", ast.Load()) is None
    assert position_of("  orders.exists", ast.parse("orders.exists", mode="eval").body) == 9
    assert position_of("é and b", ast.parse("é and b", mode="eval").body.values[1]) == 6  # type: ignore[attr-defined]


def test_any_value_can_be_read() -> None:
    """``read`` gives what the text says: a span, a number, what an own function returns."""
    assert read("days(3)") == days(3)
    assert read("-1.5") == -1.5
    assert read("pair(1, last='x')", calls={"pair": lambda one, last: (one, last)}) == (1, "x")


MAPPINGS = ["same({1: 2})", "same({**{}})", "same({'a': 1, 'a': 2})", "same({'a': [1]})"]


@pytest.mark.parametrize("text", MAPPINGS)
def test_a_mapping_has_different_names_and_plain_values(text: str) -> None:
    """Other keys, doubled keys and other values are refused."""
    with pytest.raises(ExpressionError):
        read(text, calls={"same": lambda value: value})


def test_a_mapping_is_read_with_its_values() -> None:
    """Texts, numbers, yes/no and None."""
    found = read("same({'a': -1, 'b': None, 'c': True})", calls={"same": lambda value: value})
    assert found == {"a": -1, "b": None, "c": True}


def test_own_functions_are_suggested() -> None:
    """A misspelt name is compared with them, and one without brackets is told so."""
    calls = {"entering": str}
    with pytest.raises(ExpressionError, match=r"unknown function 'enterin' .did you mean 'entering'"):
        read("enterin(1)", calls=calls)
    with pytest.raises(ExpressionError, match="'entering' does not stand alone: write entering"):
        read("entering", calls=calls)
