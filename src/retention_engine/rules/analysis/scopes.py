"""Collections as sets of conditions on one record: which are always empty, and which lie within another."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from attrs import evolve, field, frozen

from retention_engine.predicates import (
    CalendarDays,
    Collection,
    Entry,
    FieldTest,
    Gaps,
    Node,
    Records,
    Since,
    Where,
    Window,
)
from retention_engine.rules.analysis.values import Comparison, Domain, implies, possible

FOREVER = 2**62
_ALL_KINDS = frozenset({"number", "text", "flag"})


@frozen
class Scope:
    """The records of a base that pass every test; order and repetition of refinements do not matter.

    Attributes:
        base: all records of a kind, or gaps.
        tests: conditions on fields.
        days: the last days of the calendar, the fewest asked for; None: not asked for.
        since: instants and ``entry`` after which the records lie.
        young: every age is at least this, microseconds.
        old: every age is below this, microseconds.
    """

    base: Node
    tests: frozenset[FieldTest] = frozenset()
    days: int | None = None
    since: frozenset[Entry | int] = frozenset()
    young: int = 0
    old: int = FOREVER
    kinds: dict[str, str] | None = field(default=None, eq=False)

    def is_empty(self, *, entering: bool) -> bool:
        """Tell whether no record can ever be in it; at the instant of entry nothing is after ``entry``."""
        if self.young >= self.old or (entering and any(isinstance(each, Entry) for each in self.since)):
            return True
        if isinstance(self.base, Gaps) and scope_of(self.base.inner).is_empty(entering=entering):
            return True
        names = {test.field for test in self.tests}
        return not all(possible(self._comparisons(name), self._domain(name)) for name in names)

    def lies_within(self, other: Scope) -> bool:
        """Tell whether every record in it is in another one, too; false when in doubt."""
        if self.base != other.base or not self.passes_marks(other):
            return False
        return other.young <= self.young and self.old <= other.old

    def passes_marks(self, other: Scope) -> bool:
        """Tell whether its records meet everything the other one asks for, ages left out."""
        in_days = other.days is None or (self.days is not None and self.days <= other.days)
        after = all(any(_is_after(mine, each) for mine in self.since) for each in other.since)
        return in_days and after and all(self._passes(test) for test in other.tests)

    def aged(self, *, young: int = 0, old: int = FOREVER) -> Scope:
        """Return the part of it with ages from ``young`` to below ``old``."""
        return evolve(self, young=max(self.young, young), old=min(self.old, old))

    def _passes(self, test: FieldTest) -> bool:
        wanted = Comparison(test.op, test.constant)
        return implies(self._comparisons(test.field), wanted, self._domain(test.field))

    def _comparisons(self, name: str) -> list[Comparison]:
        return [Comparison(test.op, test.constant) for test in self.tests if test.field == name]

    def _domain(self, name: str) -> Domain:
        kind = "text" if name == "id" else (self.kinds or {}).get(name)
        return Domain(_ALL_KINDS if kind is None else frozenset({kind}))


def _is_after(mine: Entry | int, other: Entry | int) -> bool:
    if isinstance(mine, int) and isinstance(other, int):
        return mine >= other
    return mine == other


@lru_cache(maxsize=4_096)
def scope_of(collection: Collection) -> Scope:
    """Return a collection as a scope; one of an unknown type is a base of its own."""
    match collection:
        case Records():
            return Scope(collection, kinds=collection.kinds())
        case Where():
            inner = scope_of(collection.inner)
            return evolve(inner, tests=inner.tests | {collection.test})
        case Window(side="within"):
            return scope_of(collection.inner).aged(old=collection.span.micros)
        case Window():
            return scope_of(collection.inner).aged(young=collection.span.micros)
        case Since():
            inner = scope_of(collection.inner)
            return evolve(inner, since=inner.since | {collection.moment})
        case CalendarDays():
            inner = scope_of(collection.inner)
            count = collection.count_ if inner.days is None else min(inner.days, collection.count_)
            return evolve(inner, days=count)
    return Scope(collection, kinds=collection.kinds())


@frozen
class Bound:
    """How many records a scope holds at least, or at most."""

    scope: Scope
    number: int


def contradict(least: Iterable[Bound], most: Iterable[Bound], *, entering: bool) -> bool:
    """Tell whether lower and upper bounds of scopes cannot be met together; false when in doubt."""
    upper = list(most)
    return any(
        each.scope.is_empty(entering=entering)
        or any(each.number > top.number and each.scope.lies_within(top.scope) for top in upper)
        or _is_covered(each.scope, [top.scope for top in upper if top.number == 0])
        for each in least
        if each.number > 0
    )


def _is_covered(scope: Scope, empty: list[Scope]) -> bool:
    """Tell whether empty scopes together leave no age for a record of a scope."""
    near = [each for each in empty if each.base == scope.base and scope.passes_marks(each)]
    age = scope.young
    for each in sorted(near, key=lambda each: each.young):
        if each.young <= age < each.old:
            age = each.old
    return age >= scope.old
