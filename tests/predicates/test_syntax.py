"""Text becomes a syntax tree only if it is small and looks like what it is."""

from __future__ import annotations

import ast

import pytest

from retention_engine.errors import ExpressionError
from retention_engine.predicates.syntax import position_of, syntax

POSITIONS = [
    ("a.bb.ccc", 5),
    ("  a.b", 4),
    ("(a\n.b)", 4),
    ("(a\r\n.b)", 5),
    ("('x'\r.b)", 6),
    ("('чай'.b)", 7),
]


@pytest.mark.parametrize(("text", "position"), POSITIONS)
def test_a_property_stands_where_its_name_does(text: str, position: int) -> None:
    """Counted in characters of the whole text, whatever ends a line."""
    assert position_of(text, syntax(text)) == position


def test_a_node_without_a_place_has_no_position() -> None:
    """Not every node of a tree has one."""
    assert position_of("a", ast.arguments()) is None


REFUSED = [
    "# a",
    "r'x'",
    "'x' 'y'",
    "'''x'''",
    "'x",
    "é",
    "a\\\n",
    "1j",
    "1.5.2.x",
    "a;\x00",
    "ａ",
    "0x1",
    "'\\q'",
    "'\\\n'",
]


@pytest.mark.parametrize("text", REFUSED)
def test_what_reads_differently_than_it_looks_is_refused(text: str) -> None:
    """Comments, prefixed and joined texts, letters beyond ASCII, unknown escapes."""
    with pytest.raises(ExpressionError):
        syntax(text)


@pytest.mark.parametrize("value", ["it's", '"', "\\", "\n\r\t\x00\x7f", "\u2028", "чай 🎁", "\\'", "'\""])
def test_any_text_as_python_writes_it_is_read(value: str) -> None:
    """Quotes and escapes of ``repr`` are those of the language."""
    assert ast.literal_eval(syntax(repr(value))) == value
