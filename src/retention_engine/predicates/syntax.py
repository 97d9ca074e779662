"""Text to syntax tree: what is too large, or would be read as something else than it looks like, is refused first."""

from __future__ import annotations

import ast
import re

from retention_engine.errors import ExpressionError, shown

LONGEST_TEXT = 262_144
DEEPEST_SYNTAX = 96
_MOST_TOKENS = 50_000
_ESCAPE = r"\\[\\'\"abfnrtvxNuU]"
_TEXT = rf"""(?:'[^'\\\n]*+(?:{_ESCAPE}[^'\\\n]*+)*+'|"[^"\\\n]*+(?:{_ESCAPE}[^"\\\n]*+)*+")(?!\s*['"])"""
_TOKEN = rf"""(?>{_TEXT}
    | \d[\d_]*+(?:\.\d*+)?(?:[eE][+-]?\d+)?(?!\w)
    | [^\W\d]\w*+(?!['"])
    | [][(){{}},.:;=<>!&|~+*/%@^-])"""
"""A piece of an expression: no joined, prefixed or triple-quoted texts, no comments, no letters beyond ASCII."""

_TOKENS = re.compile(rf"\s*+(?>{_TOKEN}\s*+){{0,{_MOST_TOKENS}}}+", re.ASCII | re.VERBOSE)
_ANOTHER = re.compile(_TOKEN, re.ASCII | re.VERBOSE)
_BRACKETS = re.compile(rf"{_TEXT}|[][(){{}}]", re.ASCII | re.VERBOSE)

_LINE = re.compile(r"\r\n|\r|\n")


def syntax(text: str) -> ast.expr:
    """Return the syntax tree of an expression, of anything that Python would accept there.

    Raises:
        ExpressionError: too long, too deep, or no expression; with the position.
    """
    if not isinstance(text, str):
        raise ExpressionError(f"an expression is a text, not {shown(text)}")
    if len(text) > LONGEST_TEXT:
        raise ExpressionError(f"an expression has at most {LONGEST_TEXT} characters, not {len(text)}", text=text)
    _check_tokens(text)
    try:
        return ast.parse(text.strip(), mode="eval").body
    except SyntaxError as error:
        start = _line_start(text, error.lineno)
        end = len(text.rstrip())  # where the parser of 3.11 says 0
        position = None if start is None else min(end, start + error.offset - 1 if error.offset else end)
        raise ExpressionError(f"not an expression: {error.msg}", text=text, position=position) from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise ExpressionError(f"not an expression: {shown(str(error))}", text=text) from None


def _check_tokens(text: str) -> None:
    """Refuse what ``ast`` would take long to read, warn about, or read as something else than it looks like."""
    found = _TOKENS.match(text)
    end = 0 if found is None else found.end()
    depth = 0
    for bracket in _BRACKETS.finditer(text, 0, end):
        depth += (bracket[0] in "([{") - (bracket[0] in ")]}")
        if depth > DEEPEST_SYNTAX:
            raise ExpressionError(f"brackets nest at most {DEEPEST_SYNTAX} deep", text=text, position=bracket.start())
    if end == len(text):
        return
    if _ANOTHER.match(text, end):
        raise ExpressionError(f"an expression has at most {_MOST_TOKENS} words and signs", text=text, position=end)
    message = f"{text[end]!r} is not part of the language here; a text is one 'so' or \"so\""
    raise ExpressionError(message, text=text, position=end)


def _line_start(text: str, line: int | None) -> int | None:
    """Return where a line (counted from 1) of the stripped text starts in the whole text, None when unknown."""
    body = text.strip()
    starts = [0, *(found.end() for found in _LINE.finditer(body))]
    return text.index(body) + starts[line - 1] if line is not None and 1 <= line <= len(starts) else None


def position_of(text: str, node: ast.AST) -> int | None:
    """Return the 0-based offset in the text at which a node starts (for an attribute, its name); None when unknown."""
    line, column = getattr(node, "lineno", None), getattr(node, "col_offset", 0)
    if isinstance(node, ast.Attribute) and node.end_col_offset is not None:
        line, column = node.end_lineno, max(0, node.end_col_offset - len(node.attr.encode()))
    start = _line_start(text, line)
    if start is None:
        return None
    row = _LINE.split(text[start:], maxsplit=1)[0]  # ast counts columns in bytes of UTF-8
    return start + len(row.encode()[:column].decode(errors="replace"))
