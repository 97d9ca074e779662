"""The bottom of the language: verdicts, truths, and how truths combine."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NoReturn

from attrs import field, frozen

from retention_engine.errors import DefinitionError, shown
from retention_engine.view import View

MOST_NODES, DEEPEST = 1_000, 32


@frozen
class Verdict:
    """The answer to a predicate.

    Attributes:
        holds: the truth at the instant asked about.
        until: the earliest later instant at which the truth may differ without a new fact, microseconds UTC;
            None: only a fact can change it. May be early, never late.
    """

    holds: bool
    until: int | None


class Node:
    """A value of the language: frozen, equal by value, hashable."""

    __slots__ = ()

    def parts(self) -> tuple[Node, ...]:
        """Return the nodes directly inside."""
        return ()

    def reads(self) -> frozenset[str]:
        """Return the names of the collections and attributes (``customer.x``) it depends on."""
        return frozenset().union(*(part.reads() for part in self.parts()))

    def size(self) -> tuple[int, int]:
        """Return (number of nodes, depth)."""
        sizes = [part.size() for part in self.parts()]
        return 1 + sum(count for count, _ in sizes), 1 + max((depth for _, depth in sizes), default=0)

    def text(self) -> str:
        """Return the expression that parses back to an equal value."""
        return self.write(python=False)

    def write(self, *, python: bool) -> str:
        """Return the expression, with ``& | ~`` for Python, with ``and or not`` otherwise."""
        raise NotImplementedError  # every concrete node writes itself

    def __str__(self) -> str:
        """Return the text form."""
        return self.text()

    def __repr__(self) -> str:
        """Return the Python expression that builds the value."""
        return self.write(python=True)


class Truth(Node):
    """A predicate: true or false of a customer at an instant."""

    __slots__ = ()

    def verdict(self, view: View) -> Verdict:
        """Return the truth and how long it lasts without a new fact."""
        raise NotImplementedError  # every concrete truth answers itself

    def has_operator(self) -> bool:
        """Tell whether the written form holds a bare comparison, which Python's ``&`` would tear apart."""
        return False

    def __and__(self, other: Truth) -> Truth:
        """Return the predicate that holds when both do."""
        return all_of(self, checked(other, "&"))

    def __or__(self, other: Truth) -> Truth:
        """Return the predicate that holds when at least one does."""
        return any_of(self, checked(other, "|"))

    def __rand__(self, other: object) -> NoReturn:
        """Refuse a left operand that is no predicate."""
        checked(other, "&")
        raise AssertionError

    __ror__ = __rand__

    def __invert__(self) -> Truth:
        """Return the predicate that holds when this one does not."""
        return self.inner if isinstance(self, Not) else Not(self)

    def __bool__(self) -> NoReturn:
        """Refuse: a predicate has no truth without a customer and an instant."""
        raise DefinitionError(
            f"a predicate is neither true nor false by itself: write & | ~ instead of and, or, not, "
            f"and bracket each comparison; got {shown(str(self))}"
        )


def checked(value: object, place: str) -> Truth:
    """Return the value when it is a predicate.

    Raises:
        DefinitionError: it is anything else, such as a plain bool or a quantity without a comparison.
    """
    if not isinstance(value, Truth):
        raise DefinitionError(f"{place} needs a predicate, not {shown(value)}")
    return value


def within_limits(node: Truth) -> Truth:
    """Return the predicate when it is small enough for every reading.

    Raises:
        DefinitionError: more than 1,000 nodes, or deeper than 32.
    """
    count, depth = node.size()
    if count > MOST_NODES or depth > DEEPEST:
        raise DefinitionError(
            f"an expression has at most {MOST_NODES} nodes and depth {DEEPEST}, not {count} and {depth}"
        )
    return node


def _enough(needed: int, verdicts: list[Verdict]) -> Verdict:
    """Combine: true when ``needed`` parts hold; it can turn only when enough parts of the deciding kind have turned."""
    holding = sum(verdict.holds for verdict in verdicts)
    holds = holding >= needed
    rank = holding - needed if holds else needed - holding - 1
    horizons = sorted(
        (verdict.until for verdict in verdicts if verdict.holds == holds and verdict.until is not None),
    )
    return Verdict(holds, horizons[rank] if rank < len(horizons) else None)


@frozen(cache_hash=True, repr=False)
class All(Truth):
    """True when every part is."""

    inside: tuple[Truth, ...]

    def parts(self) -> tuple[Truth, ...]:
        """Return the parts."""
        return self.inside

    def verdict(self, view: View) -> Verdict:
        """Turn at the latest horizon of the false parts, or the earliest of all when true."""
        return _enough(len(self.inside), [part.verdict(view) for part in self.inside])

    def write(self, *, python: bool) -> str:
        """Join the parts; groups of "or" are bracketed."""
        return (" & " if python else " and ").join(_bracketed(part, python=python, inside=All) for part in self.inside)


@frozen(cache_hash=True, repr=False)
class AnyOf(Truth):
    """True when at least one part is."""

    inside: tuple[Truth, ...]

    def parts(self) -> tuple[Truth, ...]:
        """Return the parts."""
        return self.inside

    def verdict(self, view: View) -> Verdict:
        """Turn at the latest horizon of the true parts, or the earliest of all when false."""
        return _enough(1, [part.verdict(view) for part in self.inside])

    def write(self, *, python: bool) -> str:
        """Join the parts."""
        return (" | " if python else " or ").join(_bracketed(part, python=python, inside=AnyOf) for part in self.inside)


@frozen(cache_hash=True, repr=False)
class AtLeast(Truth):
    """True when ``needed`` of the parts are."""

    needed: int
    inside: tuple[Truth, ...]

    def parts(self) -> tuple[Truth, ...]:
        """Return the parts."""
        return self.inside

    def verdict(self, view: View) -> Verdict:
        """Turn when enough of the deciding parts have turned."""
        return _enough(self.needed, [part.verdict(view) for part in self.inside])

    def write(self, *, python: bool) -> str:
        """Write the call."""
        return f"at_least({self.needed}, {', '.join(part.write(python=python) for part in self.inside)})"


@frozen(cache_hash=True, repr=False)
class Not(Truth):
    """True when the part is not; the horizon is the part's."""

    inner: Truth

    def parts(self) -> tuple[Truth, ...]:
        """Return the part."""
        return (self.inner,)

    def verdict(self, view: View) -> Verdict:
        """Return the opposite, with the same horizon."""
        inner = self.inner.verdict(view)
        return Verdict(not inner.holds, inner.until)

    def write(self, *, python: bool) -> str:
        """Write the negation; groups are bracketed."""
        return ("~" if python else "not ") + _bracketed(self.inner, python=python, inside=Not)


@frozen(cache_hash=True, repr=False)
class Segment(Truth):
    """Membership in a named segment; written by its name, means its predicate."""

    name: str = field()
    inner: Truth

    @name.validator
    def _check(self, _: object, value: object) -> None:
        if not (isinstance(value, str) and 0 < len(value) <= 200 and value.isprintable()):
            raise DefinitionError(f"a segment's name is a printable text of 1 to 200 characters, not {shown(value)}")

    def parts(self) -> tuple[Truth, ...]:
        """Return the predicate behind the name."""
        return (self.inner,)

    def verdict(self, view: View) -> Verdict:
        """Return the verdict of the predicate behind the name."""
        return self.inner.verdict(view)

    def write(self, *, python: bool) -> str:
        """Write the name; as Python also the predicate, so that it evaluates back."""
        return f"segment({self.name!r}, {self.inner!r})" if python else f"segment({self.name!r})"


def segment(name: str, predicate: Truth) -> Truth:
    """Give a predicate a name, under which texts and explanations show it."""
    return Segment(name, checked(predicate, "segment()"))


def _bracketed(part: Truth, *, python: bool, inside: type[Truth]) -> str:
    text = part.write(python=python)
    loose = isinstance(part, AnyOf) or (isinstance(part, All) and inside is Not)
    return f"({text})" if loose or (python and part.has_operator()) else text


def _flat(parts: Iterable[Truth], group: Any) -> tuple[Truth, ...]:
    flat: list[Truth] = []
    for part in parts:
        flat.extend(part.inside if isinstance(part, group) else (part,))
    return tuple(flat)


def all_of(*parts: Truth) -> Truth:
    """Return the predicate that holds when every part does; at least one part."""
    flat = _flat([checked(part, "all_of()") for part in parts], All)
    if not flat:
        raise DefinitionError("all_of() needs at least one predicate, not 0")
    return flat[0] if len(flat) == 1 else All(flat)


def any_of(*parts: Truth) -> Truth:
    """Return the predicate that holds when at least one part does; at least one part."""
    flat = _flat([checked(part, "any_of()") for part in parts], AnyOf)
    if not flat:
        raise DefinitionError("any_of() needs at least one predicate, not 0")
    return flat[0] if len(flat) == 1 else AnyOf(flat)


def at_least(needed: int, *parts: Truth) -> Truth:
    """Return the predicate that holds when ``needed`` (1 to the number of parts) of the parts do."""
    if type(needed) is not int or not 1 <= needed <= len(parts):
        raise DefinitionError(f"at_least() needs a number from 1 to {len(parts)} (its parts), not {shown(needed)}")
    return AtLeast(needed, tuple(checked(part, "at_least()") for part in parts))
