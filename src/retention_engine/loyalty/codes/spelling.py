"""How codes are written and read: 32 symbols without I, L, O and U, a check symbol, a prefix, groups of four.

The check symbol is the value of the rest modulo 37, a prime above 32, so that any single wrong symbol and any swap of
neighbours is noticed. It guards against typos, not against thieves.
"""

from __future__ import annotations

import re
from unicodedata import normalize

from attrs import frozen

from retention_engine.errors import LedgerError, shown

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
BEARER, BOUND = 12, 10
"""Symbols before the check symbol: of a code that is good for whoever has it, and for one customer only."""

_MODULUS = 37
_VALUES = {symbol: value for value, symbol in enumerate(ALPHABET)}
_LATIN = str.maketrans("АВЕКМНОРСТУХ", "ABEKMHOPCTYX")
_DIGITS = str.maketrans("OIL", "011")
_IGNORED = re.compile(r"[\s\-_\u00ad\u2010-\u2015\u2212\u200b-\u200d\u2060\ufeff]+")
_LONGEST = 100


@frozen
class Spelling:
    """A code as it was understood.

    Attributes:
        prefix: what stands before it, as ``canonical`` returns it.
        symbols: its symbols, the check symbol last.
    """

    prefix: str
    symbols: str


def value_of(symbols: str) -> int:
    """Return the number that symbols of the alphabet stand for."""
    value = 0
    for symbol in symbols:
        value = value << 5 | _VALUES[symbol]
    return value


def body_of(value: int, length: int) -> str:
    """Return the last ``length`` symbols of a number."""
    return "".join([ALPHABET[value >> 5 * place & 31] for place in range(length - 1, -1, -1)])


def check_symbol(value: int) -> str | None:
    """Return the check symbol of a body by its number; None when the alphabet has none for it: take another body."""
    rest = value % _MODULUS
    return ALPHABET[rest] if rest < len(ALPHABET) else None


def spell(prefix: str, symbols: str) -> str:
    """Return a code for people: ``SPRING-7K3M-Q9XC-2F0HV``; the last group is longer or shorter by one.

    Raises:
        LedgerError: these are no symbols of a code.
    """
    if not is_code(symbols):
        raise LedgerError(f"{shown(symbols)} are no symbols of a code", code="bad_code")
    groups = [symbols[:4], symbols[4:8], symbols[8:]]
    return "-".join([prefix, *groups] if prefix else groups)


def is_code(symbols: str) -> bool:
    """Tell whether symbols have the length of a code, are of the alphabet, and end with the right check symbol."""
    if len(symbols) not in (BEARER + 1, BOUND + 1) or any(symbol not in _VALUES for symbol in symbols):
        return False
    return check_symbol(value_of(symbols[:-1])) == symbols[-1]


def canonical(text: str) -> str:
    """Return what two spellings of one text share: no case, blanks or dashes; look-alikes are one letter or digit."""
    kept = _IGNORED.sub("", normalize("NFKC", text[: _LONGEST * 2]).upper())
    return kept.translate(_LATIN).translate(_DIGITS) if len(kept) <= _LONGEST else ""


def read(text: str) -> tuple[Spelling, ...]:
    """Return the codes that a typed text may be, the longest first; none when it holds a typo."""
    whole = canonical(text)
    ends = (whole[-length - 1 :] for length in (BEARER, BOUND))
    return tuple(Spelling(whole[: -len(symbols)], symbols) for symbols in ends if is_code(symbols))
