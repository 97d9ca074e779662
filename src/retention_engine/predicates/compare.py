"""Quantities and their comparison with a constant."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Protocol, cast

from attrs import field, fields, frozen

from retention_engine.errors import DefinitionError, nearest, shown
from retention_engine.predicates.base import Node, Truth, Verdict
from retention_engine.timing import Span
from retention_engine.view import View

Constant = str | int | float | bool | Span | tuple[Any, ...] | None
ORDER = ("<", "<=", ">", ">=")
EQUALITY = ("==", "!=")
ALLOWED = {
    "number": (*ORDER, *EQUALITY, "in", "set"),
    "text": (*EQUALITY, "in", "contains", "starts_with", "set"),
    "flag": (*EQUALITY, "set"),
    "span": (*ORDER, "set"),
    "age": ORDER,
    "instant": ("set",),
    "any": (*ORDER, *EQUALITY, "in", "contains", "starts_with", "set"),
}
"""Sort of a quantity -> the comparisons it has."""


class Reading(Protocol):
    """A quantity of one customer as a function of time, the facts held fixed."""

    def value(self, at: int) -> Any:
        """Return the value at an instant, None for no value."""
        ...

    def turns(self, after: int) -> int | None:
        """Return the earliest instant after ``after`` at which the comparison may change, None if there is none."""
        ...


def kind_of(constant: object) -> str:
    """Return the sort of a constant: number, text, flag or span.

    Raises:
        DefinitionError: it is no constant of the language (NaN, an instant, a list, an integer beyond 2**62, ...).
    """
    if isinstance(constant, bool):
        return "flag"
    if type(constant) is int and abs(constant) < 2**62:
        return "number"
    if type(constant) is float and abs(constant) < 1e15:
        return "number"
    if isinstance(constant, str):
        if len(constant) > 10_000 or "\x00" in constant or any("\ud800" <= c <= "\udfff" for c in constant):
            raise DefinitionError(f"a text has at most 10,000 characters and no NUL or surrogate: {shown(constant)}")
        return "text"
    if isinstance(constant, Span):
        return "span"
    if isinstance(constant, datetime):
        raise DefinitionError(f"an instant is compared by its age: .age >= days(30), not with {shown(constant)}")
    raise DefinitionError(f"a quantity is compared with a number, text, yes/no or span, not {shown(constant)}")


class Quantity(Node):
    """A number, text, yes/no or age; ``==`` and ``!=`` against a constant build a predicate."""

    __slots__ = ()

    def sort(self) -> str:
        """Return what it is: number, text, flag, span, age, instant, or any (an attribute: by its use)."""
        raise NotImplementedError  # every concrete quantity says so

    def read(self, view: View, constant: Constant) -> Reading:
        """Return it as a function of time, for comparison with a constant."""
        raise NotImplementedError  # every concrete quantity reads itself

    def bound(self, constant: Constant) -> Any:
        """Return the constant as it is compared with; raises when it cannot be."""
        return plain(constant)

    def domain(self) -> tuple[int | str, ...] | None:
        """Return every value it can have when there are only a few, else None."""
        return None

    def __eq__(self, other: object) -> Any:
        """Compare with a constant to a predicate; with another quantity by value."""
        if isinstance(other, Node):
            return type(self) is type(other) and self._key() == other._key()
        return Compare(self, "==", other)  # type: ignore[arg-type]  # checked by Compare

    def __ne__(self, other: object) -> Any:
        """Compare with a constant to a predicate: false while there is no value."""
        if isinstance(other, Node):
            return not self == other
        return Compare(self, "!=", other)  # type: ignore[arg-type]  # checked by Compare

    def __hash__(self) -> int:
        """Hash by value."""
        return hash((type(self).__name__, self._key()))

    def _key(self) -> tuple[Any, ...]:
        return tuple(getattr(self, each.name) for each in fields(cast(Any, type(self))))

    def __lt__(self, other: Constant) -> Truth:
        """Compare with a constant."""
        return Compare(self, "<", other)

    def __le__(self, other: Constant) -> Truth:
        """Compare with a constant."""
        return Compare(self, "<=", other)

    def __gt__(self, other: Constant) -> Truth:
        """Compare with a constant."""
        return Compare(self, ">", other)

    def __ge__(self, other: Constant) -> Truth:
        """Compare with a constant."""
        return Compare(self, ">=", other)

    def __bool__(self) -> bool:
        """Refuse: a quantity is no truth."""
        raise DefinitionError(f"a quantity is neither true nor false: compare it, such as {str(self)[:80]} >= 1")

    def is_in(self, *values: str | float) -> Truth:
        """Hold when the value is one of 1 to 10,000 constants of one sort."""
        return Compare(self, "in", distinct(values))

    def contains(self, part: str) -> Truth:
        """Hold when the text contains a part (1 character or more); upper and lower case differ."""
        return Compare(self, "contains", part)

    def starts_with(self, part: str) -> Truth:
        """Hold when the text starts with a part (1 character or more); upper and lower case differ."""
        return Compare(self, "starts_with", part)

    def is_set(self) -> Truth:
        """Hold when there is a value."""
        return Compare(self, "set", None)


def distinct(values: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the constants of ``is_in()``, each once; what is no constant is left for the check that names it."""
    return tuple(dict.fromkeys(values)) if all(isinstance(value, str | int | float) for value in values) else values


def exact(value: object) -> tuple[str, object]:
    """Return a key that keeps True apart from 1 and 1 from 1.0."""
    if isinstance(value, tuple):
        return "tuple", tuple(exact(part) for part in value)
    return type(value).__name__, value


def check_comparison(sort: str, op: str, constant: Constant, what: object) -> None:
    """Check that a quantity of a sort can be compared so.

    Raises:
        DefinitionError: the comparison does not exist for the sort, or the constant is of another one.
    """
    if op not in ALLOWED[sort]:
        raise DefinitionError(
            f"{what} is {_article(sort)} and has no {op!r}; it has {', '.join(ALLOWED[sort])}{_hint(sort)}"
        )
    if op == "set":
        return
    constants = constant if op == "in" else (constant,)
    if not isinstance(constants, tuple) or not 1 <= len(constants) <= 10_000:
        raise DefinitionError(f"is_in() takes 1 to 10,000 constants, not {shown(constant)}")
    kinds = {kind_of(part) for part in constants}
    wanted = {"age": "span", "any": next(iter(kinds))}.get(sort, sort)
    if sort == "any" and wanted == "span":
        raise DefinitionError(f"{what} is no age: a span such as {shown(constant)} is compared with .age or .ahead")
    if kinds != {wanted}:
        raise DefinitionError(f"{what} {op} needs {_article(wanted)}, not {shown(constant)}")
    if sort == "any":
        check_comparison(wanted, op, constant, what)
    if op in ("contains", "starts_with") and not constant:
        raise DefinitionError(f"{what} {op} needs a text of 1 character or more, not {shown(constant)}")


def _article(sort: str) -> str:
    names = {"flag": "a yes/no", "span": "a span such as days(30)", "age": "an age", "instant": "an instant"}
    return names.get(sort, f"a {sort}")


def _hint(sort: str) -> str:
    return {"instant": ": compare its .age or .ahead", "age": ": it moves all the time"}.get(sort, "")


def test(op: str, value: Any, constant: Any) -> bool:
    """Return the truth of a comparison; false while there is no value."""
    if value is None:
        return False
    match op:
        case "==":
            return bool(value == constant)
        case "!=":
            return bool(value != constant)
        case "<":
            return bool(value < constant)
        case "<=":
            return bool(value <= constant)
        case ">":
            return bool(value > constant)
        case ">=":
            return bool(value >= constant)
        case "in":
            return value in constant
        case "contains":
            return constant in value
        case "starts_with":
            return bool(value.startswith(constant))
    return True


def plain(constant: Constant) -> Any:
    """Return the constant as it is compared: a span as its microseconds."""
    return constant.micros if isinstance(constant, Span) else constant


@frozen(cache_hash=True, repr=False)
class Compare(Truth):
    """A quantity compared with a constant: false while there is no value."""

    left: Quantity
    op: str
    constant: Constant = field(eq=exact)

    def __attrs_post_init__(self) -> None:
        """Check the comparison where it is written."""
        check_comparison(self.left.sort(), self.op, self.constant, self.left)
        self.left.bound(self.constant)
        domain = self.left.domain()
        if domain is not None and self.op in (*EQUALITY, "in"):
            for value in self.constant if isinstance(self.constant, tuple) else (self.constant,):
                if value not in domain:
                    allowed = nearest(value, map(str, domain))
                    raise DefinitionError(f"{self.left} is never {shown(value)}{allowed}")

    def parts(self) -> tuple[Node, ...]:
        """Return the quantity."""
        return (self.left,)

    def verdict(self, view: View) -> Verdict:
        """Hop from change to change until the truth differs."""
        reading, constant = self.left.read(view, self.constant), self.left.bound(self.constant)
        holds = test(self.op, reading.value(view.now), constant)
        domain = self.left.domain()
        if domain is not None and len({test(self.op, value, constant) for value in domain}) == 1:
            return Verdict(holds, None)
        at: int | None = view.now
        while at is not None:
            following = reading.turns(at)
            assert following is None or following > at, f"a horizon that does not move: {self}"
            if following is not None and test(self.op, reading.value(following), constant) != holds:
                return Verdict(holds, following)
            at = following
        return Verdict(holds, None)

    def has_operator(self) -> bool:
        """Tell whether it is written with an operator."""
        return self.op in (*ORDER, *EQUALITY) and not self._is_exists(self.left.text())

    def _is_exists(self, left: str) -> bool:
        return left.endswith(".count()") and exact((self.op, self.constant)) == exact((">=", 1))

    def write(self, *, python: bool) -> str:
        """Write the comparison; ``count() >= 1`` is written ``exists()``."""
        left = self.left.write(python=python)
        if self._is_exists(left):
            return f"{left.removesuffix('count()')}exists()"
        return f"{left}{write_comparison(self.op, self.constant)}"


def write_comparison(op: str, constant: Constant) -> str:
    """Write what follows the quantity."""
    match op:
        case "set":
            return ".is_set()"
        case "in":
            assert isinstance(constant, tuple)
            return f".is_in({', '.join(map(repr, constant))})"
        case "contains" | "starts_with":
            return f".{op}({constant!r})"
    return f" {op} {constant!r}"
