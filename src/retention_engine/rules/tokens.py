"""What TOML text is made of: quoting, and a look over a text before ``tomllib`` reads it."""

from __future__ import annotations

import re

from retention_engine.errors import DefinitionError

LARGEST_FILE = 1_000_000
_MOST_TOKENS, _MOST_DOTS, _DEEPEST = 40_000, 20, 20
_LONGEST, _LONGEST_WORD = 300_000, 1_000
_TOKEN = re.compile(
    r'''(?P<space>[ \t\r\n]+)
    | (?P<comment>\#[^\n]*)
    | (?P<text>"""(?>[^"\\]+|\\.|"{1,2}(?!"))*+"""
        | \'\'\'(?>[^\']+|\'{1,2}(?!\'))*+\'\'\'
        | "(?>[^"\\\n]+|\\[^\n])*+" | \'[^\'\n]*\')
    | (?P<word>[A-Za-z0-9_+:-]+)
    | (?P<sign>.)''',
    re.DOTALL | re.VERBOSE,
)
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_SHORT = {"\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r", '"': '\\"', "\\": "\\\\"}
_ESCAPES = str.maketrans({**{chr(code): f"\\u{code:04x}" for code in (*range(32), 127)}, **_SHORT})


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
    count = depth = dots = 0
    for found in _TOKEN.finditer(text):
        token = found[0] if found.lastgroup in ("sign", "space") else ""
        count += found.lastgroup != "space"
        depth += (token in ("[", "{")) - (token in ("]", "}"))
        dots = 0 if "\n" in token else dots + (token == ".")
        long = len(found[0]) > (_LONGEST_WORD if found.lastgroup == "word" else _LONGEST)
        if long or count > _MOST_TOKENS or depth > _DEEPEST or dots > _MOST_DOTS:
            line = text.count("\n", 0, found.start()) + 1
            most = f"{_MOST_TOKENS} words and signs, texts of {_LONGEST} characters, words of {_LONGEST_WORD}"
            deep = f"brackets {_DEEPEST} deep, {_MOST_DOTS} dots in a line"
            raise DefinitionError(f"a rule file has at most {most}, {deep}; line {line} goes beyond")


def quoted(text: str) -> str:
    """Return a text as a TOML string on one line."""
    return f'"{text.translate(_ESCAPES)}"'


def quoted_key(name: str) -> str:
    """Return a name as a TOML key, quoted only where that is needed."""
    return name if _BARE.fullmatch(name) else quoted(name)
