"""Definition files as text: what they may hold, a look over a text before ``tomllib`` reads it, quoting, places."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any, TypeVar

from attrs import frozen

from retention_engine.errors import DefinitionError, ExpressionError, nearest, shown

LARGEST_FILE = 1_000_000
MOST_POLICIES = 1_000
_MOST_TOKENS, _MOST_DOTS, _DEEPEST = 40_000, 20, 20
_LONGEST, _LONGEST_WORD = 300_000, 1_000
_TEXT = r'''(?>"""(?>[^"\\]+|\\.|"{1,2}(?!"))*+"""
        | \'\'\'(?>[^\']+|\'{1,2}(?!\'))*+\'\'\'
        | "(?>[^"\\\n]+|\\[^\n])*+" | \'[^\'\n]*\')'''
_TOKEN = re.compile(
    rf"(?P<space>[ \t\r\n]+) | (?P<comment>\#[^\n]*) | (?P<text>{_TEXT}) | (?P<word>[A-Za-z0-9_+:-]+) | (?P<sign>.)",
    re.DOTALL | re.VERBOSE,
)
_ENOUGH = re.compile(
    rf"[ \t\r\n]*+(?>(?>\#[^\n]*+|{_TEXT}|[A-Za-z0-9_+:-]++|.)[ \t\r\n]*+){{0,{_MOST_TOKENS}}}+",
    re.DOTALL | re.VERBOSE,
)
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_SHORT = {"\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r", '"': '\\"', "\\": "\\\\"}
_ESCAPES = str.maketrans({**{chr(code): f"\\u{code:04x}" for code in (*range(32), 127)}, **_SHORT})
_KINDS: dict[str, tuple[type, str]] = {
    "segments": (dict, 'a table of name = "predicate"'),
    "rules": (list, "a list of tables, each headed [[rules]]"),
    "policies": (list, "a list of texts"),
}
_Given = TypeVar("_Given")
_Read = TypeVar("_Read")


@frozen
class Sections:
    """What stands in a definition file, each part as it is written; nothing inside is read yet.

    Attributes:
        segments: name -> predicate.
        rules: tables.
        policies: texts, one call each.
    """

    segments: Mapping[str, Any]
    rules: Sequence[Any]
    policies: Sequence[str]


def sections(source: str | PathLike[str]) -> Sections:
    """Return the parts of a file, or of a text.

    Args:
        source: a path, or a text; a text of one line that ends with ``.toml`` is taken as a path. At most 1 MB, UTF-8.

    Raises:
        DefinitionError: it cannot be read, is too large, no TOML, or holds something else; the place comes first.
    """
    raw = _parsed(_text_of(source))
    check_keys(raw, tuple(_KINDS), "the file")
    parts: dict[str, Any] = {}
    for name, (kind, what) in _KINDS.items():
        parts[name] = checked(raw.get(name, kind()), kind, name, what)
    policies = parts["policies"]
    if len(policies) > MOST_POLICIES:
        raise DefinitionError(f"policies: at most {MOST_POLICIES} in a file, not {len(policies)}")
    for number, text in enumerate(policies):
        checked(text, str, f"policies[{number}]", "a text")
    return Sections(**parts)


def _text_of(source: str | PathLike[str]) -> str:
    if isinstance(source, str) and not ("\n" not in source and source.endswith(".toml")):
        return source
    if not isinstance(source, str | PathLike):
        raise DefinitionError(f"rules are loaded from a path or a text, not from {shown(source)}")
    try:
        with Path(source).open("rb") as file:
            raw = file.read(LARGEST_FILE + 1)
        return raw.decode("utf-8-sig")
    except (OSError, ValueError) as error:
        raise DefinitionError(f"cannot read the rule file {shown(str(source))}: {error}") from None


def _parsed(text: str) -> dict[str, Any]:
    check_tokens(text)
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError, OverflowError) as error:
        hint = "" if "\n" in text or "=" in text else "; a path is given as Path(...), or ends with .toml"
        raise DefinitionError(f"not TOML: {shown(str(error), 200)}{hint}") from None


def check_tokens(text: str) -> None:
    """Refuse what ``tomllib`` would take long to read, or much memory for.

    Raises:
        DefinitionError: more than 1 MB, 40,000 words and signs or escapes, long texts, 20 brackets deep, ...
    """
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > LARGEST_FILE:
        raise DefinitionError(f"a rule file has at most {LARGEST_FILE} bytes, not {size}")
    if text.count("\\") > _MOST_TOKENS:
        raise DefinitionError(f"a rule file has at most {_MOST_TOKENS} backslashes, not {text.count(chr(92))}")
    enough = _ENOUGH.match(text)
    if enough is not None and enough.end() < len(text):
        raise _beyond(text, enough.end())
    depth = dots = 0
    for found in _TOKEN.finditer(text):
        token = found[0] if found.lastgroup in ("sign", "space") else ""
        depth += (token in ("[", "{")) - (token in ("]", "}"))
        dots = 0 if "\n" in token else dots + (token == ".")
        long = len(found[0]) > (_LONGEST_WORD if found.lastgroup == "word" else _LONGEST)
        if long or depth > _DEEPEST or dots > _MOST_DOTS:
            raise _beyond(text, found.start())


def _beyond(text: str, place: int) -> DefinitionError:
    line = text.count("\n", 0, place) + 1
    most = f"{_MOST_TOKENS} words and signs, texts of {_LONGEST} characters, words of {_LONGEST_WORD}"
    deep = f"brackets {_DEEPEST} deep, {_MOST_DOTS} dots in a line"
    return DefinitionError(f"a rule file has at most {most}, {deep}; line {line} goes beyond")


def check_keys(table: Mapping[str, Any], allowed: tuple[str, ...], place: str) -> None:
    """Refuse a key that has no meaning.

    Raises:
        DefinitionError: there is one; the message names the nearest.
    """
    for key in table:
        if key not in allowed:
            raise DefinitionError(f"{place}: unknown key {shown(key)}{nearest(key, allowed)}")


def checked(value: Any, kind: type[_Given], place: str, what: str) -> _Given:
    """Return a value of a type.

    Raises:
        DefinitionError: it is of another; the message says the place and what is needed.
    """
    if not isinstance(value, kind):
        raise DefinitionError(f"{place}: {what} is needed, not {shown(value)}")
    return value


def read_at(place: str, reader: Callable[[str], _Read], text: str) -> _Read:
    """Read a text; an error says where in the file it stands.

    Raises:
        DefinitionError: that of the reader, an ``ExpressionError`` with its text and position.
    """
    try:
        return reader(text)
    except ExpressionError as error:
        placed = ExpressionError(f"{place}: {error}", text=error.text)
        placed.position = error.position
        raise placed from None
    except DefinitionError as error:
        raise DefinitionError(f"{place}: {error}") from None


def quoted(text: str) -> str:
    """Return a text as a TOML string on one line."""
    return f'"{text.translate(_ESCAPES)}"'


def quoted_key(name: str) -> str:
    """Return a name as a TOML key, quoted only where that is needed."""
    return name if _BARE.fullmatch(name) else quoted(name)


def quoted_list(texts: Sequence[str]) -> str:
    """Return texts as a TOML list: one on the line, several on a line each."""
    each = [quoted(text) for text in texts]
    return f"[{each[0]}]" if len(each) == 1 else "[" + "".join(f"\n  {text}," for text in each) + "\n]"
