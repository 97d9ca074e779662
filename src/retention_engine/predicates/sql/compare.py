"""Comparisons of stored values with constants; NULL or false while there is no value of the constant's kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any, TypeAlias

from sqlglot import exp

from retention_engine.predicates.aggregates import check_mean
from retention_engine.predicates.compare import Constant, kind_of, plain
from retention_engine.predicates.sql.literals import integer, joined, real, real_bound, text, whole_bound
from retention_engine.timing import Span

Cells: TypeAlias = "Mapping[str, exp.Expr]"
"""Kind of value (whole, real, text, flag, instant, span) -> expression; at most one of them is not NULL."""

_OPERATORS: dict[str, type[exp.Binary]] = {
    "==": exp.EQ,
    "!=": exp.NEQ,
    "<": exp.LT,
    "<=": exp.LTE,
    ">": exp.GT,
    ">=": exp.GTE,
}
FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


def binary(left: exp.Expr, op: str, right: exp.Expr) -> exp.Expr:
    """Return ``left op right``."""
    return _OPERATORS[op](this=left, expression=right)


def either(parts: list[exp.Expr]) -> exp.Expr:
    """Return the disjunction; false of nothing."""
    return joined(exp.Or, parts) if parts else exp.false()


def both(parts: list[exp.Expr]) -> exp.Expr:
    """Return the conjunction; true of nothing."""
    return joined(exp.And, parts) if parts else exp.true()


def known(expression: exp.Expr) -> exp.Expr:
    """Return that the expression is not NULL."""
    return exp.Not(this=exp.Is(this=expression, expression=exp.Null()))


def settled(truth: exp.Expr, *, otherwise: bool = False) -> exp.Expr:
    """Return the truth, false (or ``otherwise``) where it is unknown: SQL knows three truths, the language two."""
    return exp.Coalesce(this=truth.unnest(), expressions=[exp.true() if otherwise else exp.false()])


def zero(number: exp.Expr) -> exp.Expr:
    """Return the number, 0 where there is none."""
    return exp.Coalesce(this=number, expressions=[integer(0)])


def compare(cells: Cells, op: str, constant: Constant) -> exp.Expr:
    """Return the comparison of a value that lies in one of the cells."""
    if op == "set":
        return either([known(cell.copy()) for cell in cells.values()])
    kind = kind_of(constant[0] if isinstance(constant, tuple) else constant)
    if kind == "number":
        return either([_number(cell, slot, op, constant) for slot, cell in cells.items() if slot in ("whole", "real")])
    if kind not in cells:
        return exp.false()
    return _OTHERS[kind](cells[kind].copy(), op, constant)


def _number(cell: exp.Expr, slot: str, op: str, constant: Any) -> exp.Expr:
    def bound(op: str, number: float) -> tuple[str, exp.Expr] | None:
        if slot == "whole":
            return None if (whole := whole_bound(op, number)) is None else (whole[0], integer(whole[1]))
        return None if (found := real_bound(op, number)) is None else (found[0], real(found[1]))

    if op == "in":
        same = [found[1] for each in constant if (found := bound("==", each)) is not None]
        return exp.In(this=cell.copy(), expressions=same) if same else exp.false()
    found = bound(op, constant)
    if found is None:
        return exp.false() if op == "==" else known(cell.copy())
    return binary(cell.copy(), *found)


def _text(cell: exp.Expr, op: str, constant: Any) -> exp.Expr:
    if op == "in":
        return exp.In(this=cell, expressions=[text(each) for each in constant])
    if op in ("contains", "starts_with"):
        place = exp.StrPosition(this=cell, substr=text(constant))
        return binary(place, ">" if op == "contains" else "==", integer(0 if op == "contains" else 1))
    return binary(cell, op, text(constant))


def _flag(cell: exp.Expr, op: str, constant: Any) -> exp.Expr:
    return cell if (op == "==") == constant else exp.Not(this=cell)


def _span(cell: exp.Expr, op: str, constant: Any) -> exp.Expr:
    return binary(cell, op, integer(constant.micros))


_OTHERS: dict[str, Callable[[exp.Expr, str, Any], exp.Expr]] = {
    "text": _text,
    "flag": _flag,
    "span": _span,
}


def compare_extreme(cells: Cells, fold: str, op: str, constant: Constant) -> exp.Expr:
    """Return the comparison of the smallest (``min``) or largest of several numbers, each NULL where there is none."""
    if len(cells) == 1 or op == "set":
        return compare(cells, op, constant)
    if op == "in":
        assert isinstance(constant, tuple)
        return either([compare_extreme(cells, fold, "==", each) for each in constant])
    if op == "==":
        return both([compare_extreme(cells, fold, each, constant) for each in ("<=", ">=")])
    if op == "!=":
        equal = compare_extreme(cells, fold, "==", constant)
        return both([compare(cells, "set", None), exp.Not(this=settled(equal))])
    if op in (("<", "<=") if fold == "min" else (">", ">=")):
        return compare(cells, op, constant)
    every = [settled(compare({slot: cell}, op, constant), otherwise=True) for slot, cell in cells.items()]
    return both([*every, compare(cells, "set", None)])


def compare_mean(total: exp.Expr, count: exp.Expr, op: str, constant: Constant) -> exp.Expr:
    """Return the comparison of ``total / count`` without a division; the total is NULL where there is nothing."""
    if op == "set":
        return known(total)
    if isinstance(constant, tuple):
        return either([compare_mean(total, count, "==", each) for each in constant])
    bound: Fraction = check_mean(constant)
    left = exp.Mul(this=total.copy(), expression=integer(bound.denominator)) if bound.denominator > 1 else total.copy()
    right = exp.Mul(this=count.copy(), expression=integer(bound.numerator))
    return binary(left, op, right)


def compare_age(moment: exp.Expr, op: str, bound: Constant, *, now: int, ahead: bool) -> exp.Expr:
    """Return the comparison of now minus an instant, from the instant on; with ``ahead`` the instant minus now."""
    assert isinstance(bound, Span)
    length = plain(bound)
    if ahead:
        return both([binary(moment.copy(), ">", integer(now)), binary(moment.copy(), op, integer(now + length))])
    return both([binary(moment.copy(), "<=", integer(now)), binary(moment.copy(), FLIPPED[op], integer(now - length))])
