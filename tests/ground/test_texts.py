"""Rule files that would take ``tomllib`` long are refused first; quoting is what ``tomllib`` reads back."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention_engine.errors import DefinitionError
from retention_engine.texts import check_tokens, quoted, quoted_key

LARGE = [
    ("a = '" + "x" * 1_000_000 + "'", "at most 1000000 bytes, not 1000006"),
    ("a = '" + "é" * 500_000 + "'", "at most 1000000 bytes"),
    ("a = '\\" + "\\" * 40_000, "at most 40000 backslashes, not 40001"),
    ("a = 1\n" * 20_000, "line 13334 goes beyond"),
    ("a = [" + "1," * 30_000 + "]", "line 1 goes beyond"),
    ("#\n" * 50_000, "line 40001 goes beyond"),
    ("a = " + "[" * 21, "brackets 20 deep"),
    ("a = " + "{a=" * 21, "brackets 20 deep"),
    ("\n\n" + ".".join("a" * 22) + " = 1", "20 dots in a line; line 3"),
    ("[" + ".".join(['"a"'] * 22) + "]", "20 dots in a line; line 1"),
    ("a = " + "1" * 1_001, "words of 1000"),
    ("a = '" + "x" * 300_000 + "'", "texts of 300000 characters"),
    ('a = """' + "x\n" * 150_000 + '"""', "texts of 300000 characters"),
    ("#" + "x" * 300_001, "texts of 300000 characters"),
    (" " * 300_001, "texts of 300000 characters"),
]


@pytest.mark.parametrize(("text", "message"), LARGE)
def test_what_is_too_large_is_refused(text: str, message: str) -> None:
    """Bytes, escapes, words, nesting, dotted names, single texts: each limit names the line where it can."""
    with pytest.raises(DefinitionError) as caught:
        check_tokens(text)
    assert message in str(caught.value)


FINE = [
    "",
    "a = '''" + ("[{." * 1_000) + "'''",
    'a = """' + ('" "" \\" ' * 1_000) + '"""""',
    "a = '" + "[" * 1_000 + "' # " + "[" * 1_000,
    ".".join("a" * 21) + " = 1\n" + ".".join("b" * 21) + " = 1",
    "a = [" + "[1]," * 9_000 + "]",
    "[[rules]]\n" * 2_000,
    'a = "unfinished',
]


@pytest.mark.parametrize("text", FINE)
def test_what_stands_inside_of_texts_and_comments_does_not_count(text: str) -> None:
    """Brackets and dots there are nothing; whether it is TOML at all is not asked here."""
    check_tokens(text)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_quoted_texts_are_read_back(text: str) -> None:
    """Control characters, quotes and backslashes included, as value and as key."""
    line = f"{quoted_key(text)} = {quoted(text)}"
    assert "\n" not in line
    assert tomllib.loads(line) == {text: text}


def test_plain_keys_stay_bare() -> None:
    """Letters, digits, minus and underscore; anything else is quoted."""
    assert quoted_key("win-back_2") == "win-back_2"
    assert quoted_key("win back") == '"win back"'
    assert quoted_key("") == '""'
