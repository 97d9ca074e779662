"""Whether a predicate can ever hold: its ways of being true are gone through, within a budget."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import define, field

from retention_engine.predicates import All, AnyOf, AtLeast, Not, Segment, Truth
from retention_engine.rules.analysis.literals import Literal, contradictory

_BUDGET = 400

Goal = tuple[Truth, bool]
"""A predicate, and whether it shall hold."""


def never_holds(predicate: Truth, *, entering: bool = False) -> bool:
    """Tell whether a predicate is false of every customer at every instant; false when that is not known.

    Args:
        predicate: any predicate.
        entering: whether it is asked at the instant at which a journey is entered: nothing is after ``entry`` yet.
    """
    return not _Search(entering=entering).reaches([(predicate, True)], [], [])


def always_holds(predicate: Truth, *, entering: bool = False) -> bool:
    """Tell whether a predicate is true of every customer at every instant; false when that is not known."""
    return never_holds(~predicate, entering=entering)


def follows(consequence: Truth, premise: Truth, *, entering: bool = False) -> bool:
    """Tell whether a predicate holds whenever another one does; false when that is not known."""
    return never_holds(premise & ~consequence, entering=entering)


@define
class _Search:
    """A search for leaves that may be true together."""

    entering: bool
    left: int = field(default=_BUDGET)

    def reaches(self, goals: Sequence[Goal], choices: Sequence[Sequence[Goal]], literals: Sequence[Literal]) -> bool:
        """Tell whether goals, and one of each choice, may be met with the literals; true when the budget is spent."""
        waiting, open_, known = list(goals), list(choices), list(dict.fromkeys(literals))
        while waiting:
            needed, alternatives, leaf = _opened(*waiting.pop())
            waiting += needed
            open_ += [alternatives] if alternatives else []
            known += [leaf] if leaf is not None and leaf not in known else []
        self.left -= 1
        if self.left < 0:
            return True
        if contradictory(known, entering=self.entering):
            return False
        if not open_:
            return True
        first, *rest = sorted(open_, key=len)
        return any(self.reaches([goal], rest, known) for goal in first)


def _opened(node: Truth, holds: bool) -> tuple[list[Goal], list[Goal], Literal | None]:
    """Return what a goal needs: all of some goals, one of some others, or a leaf."""
    match node:
        case Not():
            return [(node.inner, not holds)], [], None
        case Segment():
            return [(node.inner, holds)], [], None
        case All() | AnyOf():
            parts = [(part, holds) for part in node.inside]
            return (parts, [], None) if isinstance(node, All) == holds else ([], parts, None)
        case AtLeast():
            return _counted(node, holds=holds)
    return [], [], Literal(node, holds)


def _counted(node: AtLeast, *, holds: bool) -> tuple[list[Goal], list[Goal], Literal | None]:
    """Open "at least k of n": when false, at least n - k + 1 of the parts are false."""
    total = len(node.inside)
    needed = node.needed if holds else total - node.needed + 1
    goals = [(part, holds) for part in node.inside]
    if needed == total:
        return goals, [], None
    if needed == 1:
        return [], goals, None
    first, rest = node.inside[0], node.inside[1:]
    fewer = AtLeast(needed - 1, rest) if holds else AtLeast(len(rest) - needed + 2, rest)
    same = AtLeast(needed, rest) if holds else AtLeast(len(rest) - needed + 1, rest)
    with_first = All((first, fewer)) if holds else All((Not(first), Not(fewer)))
    return [], [(with_first, True), (same, holds)], None
