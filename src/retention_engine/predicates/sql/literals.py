"""Constants in SQL that need no escaping: digits, and texts cut into harmless pieces joined by ``CHR(n)``."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from sqlglot import exp

_HARMLESS = re.compile(r"(?:[0-9A-Za-z _.,/@+=()<>!&|~^]|-(?!-)|[^\x00-\x7f])+")  # no quote, no escape, no comment
_LONGEST_CHAIN = 32


def integer(value: int) -> exp.Expr:
    """Return an integer."""
    return exp.Literal.number(value)


def real(value: float) -> exp.Expr:
    """Return a floating-point number: a text that the database converts, since decimal literals are rounded anew."""
    return exp.cast(exp.Literal.string(repr(value)), "DOUBLE")


def text(value: str) -> exp.Expr:
    """Return a text; only harmless characters stand between quotes, so no console or driver can misread it."""
    pieces: list[exp.Expr] = []
    place = 0
    while place < len(value):
        run = _HARMLESS.match(value, place)
        if run is None:
            pieces.append(exp.Chr(expressions=[integer(ord(value[place]))]))
        else:
            pieces.append(exp.Literal.string(run[0]))
        place = place + 1 if run is None else run.end()
    return joined(exp.DPipe, pieces or [exp.Literal.string("")])


def joined(operator: type[exp.Binary], parts: Sequence[exp.Expr]) -> exp.Expr:
    """Combine one or more parts by an associative operator, in brackets; long chains are halved: depth has limits."""
    if len(parts) == 1:
        return parts[0]
    if len(parts) > _LONGEST_CHAIN:
        half = (len(parts) + 1) // 2
        parts = [joined(operator, parts[:half]), joined(operator, parts[half:])]
    chain = parts[0]
    for part in parts[1:]:
        chain = operator(this=chain, expression=part)
    return exp.Paren(this=chain)


def whole_bound(op: str, constant: float) -> tuple[str, int] | None:
    """Return the comparison of integers that means the same, None when none is ever equal to the constant."""
    if constant == math.floor(constant):
        return op, int(constant)
    if op in ("==", "!="):
        return None
    return (op, math.floor(constant)) if op in ("<=", ">") else (op, math.ceil(constant))


def real_bound(op: str, constant: float) -> tuple[str, float] | None:
    """Return the comparison of doubles that means the same, None when none is ever equal to the constant."""
    nearest = float(constant)
    if nearest == constant:
        return op, nearest
    if op in ("==", "!="):
        return None
    if op in ("<=", "<"):
        return "<=", nearest if nearest < constant else math.nextafter(nearest, -math.inf)
    return ">=", nearest if nearest > constant else math.nextafter(nearest, math.inf)
