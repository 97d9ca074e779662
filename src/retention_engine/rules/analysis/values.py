"""Whether one value can pass several comparisons: a few candidates are tried that stand for all the others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import pairwise
from math import ceil, floor
from typing import Any

from attrs import field, frozen

from retention_engine.predicates.compare import Constant, exact, kind_of, plain, test

Value = tuple[str, Any] | None
"""(kind, value), or None for no value; a span by its microseconds."""


@frozen
class Comparison:
    """A comparison with a constant that holds, or one that does not."""

    op: str
    constant: Constant = field(eq=exact)
    holds: bool = True

    def passes(self, value: Value) -> bool:
        """Tell whether a value agrees: no value, and one of another kind than the constant, fails every comparison."""
        if self.op == "set" or value is None:
            return (value is not None) == self.holds
        same = value[0] == self.kind()
        return (same and test(self.op, value[1], plain(self.constant))) == self.holds

    def kind(self) -> str | None:
        """Return the kind of the constant: number, text, flag or span; None when there is none."""
        return None if self.op == "set" else kind_of(self.constants()[0])

    def constants(self) -> tuple[Any, ...]:
        """Return the constants compared with."""
        return self.constant if isinstance(self.constant, tuple) else (self.constant,)


@frozen
class Domain:
    """What a value can be at all; always as much as it really can, never less.

    Attributes:
        kinds: out of number, text, flag, span and instant.
        lacks: whether there may be no value.
        whole: whether numbers are whole; spans are.
        least: the smallest number, None when there is none.
        most: the largest number, None when there is none.
        choices: every value, when there are only a few.
    """

    kinds: frozenset[str]
    lacks: bool = True
    whole: bool = False
    least: int | None = None
    most: int | None = None
    choices: tuple[Any, ...] | None = None


def possible(comparisons: Sequence[Comparison], domain: Domain) -> bool:
    """Tell whether some value agrees with every comparison; true when in doubt."""
    return any(all(each.passes(value) for each in comparisons) for value in _candidates(comparisons, domain))


def implies(comparisons: Sequence[Comparison], other: Comparison, domain: Domain) -> bool:
    """Tell whether every value that agrees with the comparisons agrees with another one; false when in doubt."""
    return not possible([*comparisons, Comparison(other.op, other.constant, not other.holds)], domain)


def _candidates(comparisons: Sequence[Comparison], domain: Domain) -> Iterator[Value]:
    if domain.lacks:
        yield None
    if domain.choices is not None:
        for choice in domain.choices:
            yield kind_of(choice), choice
        return
    for kind in sorted(domain.kinds):
        match kind:
            case "number" | "span":
                asked = [each for each in comparisons if each.kind() == kind]
                yield from ((kind, number) for number in _numbers(asked, domain, whole=domain.whole or kind == "span"))
            case "text":
                yield from (("text", text) for text in _texts([each for each in comparisons if each.kind() == "text"]))
            case "flag":
                yield from (("flag", flag) for flag in (True, False))
            case _:
                yield "instant", 0


def _numbers(comparisons: Iterable[Comparison], domain: Domain, *, whole: bool) -> Iterator[int | Fraction]:
    """Yield the constants, and numbers below, between and above them."""
    constants = {Fraction(plain(constant)) for each in comparisons for constant in each.constants()}
    constants |= {Fraction(edge) for edge in (domain.least, domain.most) if edge is not None}
    marks = sorted(constants) or [Fraction(0)]
    found: set[int | Fraction]
    if whole:
        found = {near for mark in marks for near in (floor(mark), floor(mark) + 1, ceil(mark) - 1)}
    else:
        found = {*marks, marks[0] - 1, marks[-1] + 1}
        found |= {(low + high) / 2 for low, high in pairwise(marks)}
    for number in found:
        if (domain.least is None or number >= domain.least) and (domain.most is None or number <= domain.most):
            yield number


def _texts(comparisons: Sequence[Comparison]) -> Iterator[str]:
    """Yield the constants, and a text that starts and contains as asked but is otherwise unlike any constant."""
    constants = [str(constant) for each in comparisons for constant in each.constants()]
    yield from constants
    strange = _strange("".join(constants))
    starts = [str(each.constant) for each in comparisons if each.op == "starts_with" and each.holds]
    parts = [str(each.constant) for each in comparisons if each.op == "contains" and each.holds]
    yield strange.join([max(starts, key=len, default=""), *parts, ""])


def _strange(used: str) -> str:
    """Return a letter that occurs in none of the constants."""
    taken = set(used)
    return next(chr(code) for code in range(0xE000, 0xF8FF) if chr(code) not in taken)
