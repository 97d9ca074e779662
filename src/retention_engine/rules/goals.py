"""What a rule is for: something that happens after it was entered, within a window of attribution."""

from __future__ import annotations

from attrs import field, frozen

from retention_engine.errors import DefinitionError, shown
from retention_engine.predicates import Truth
from retention_engine.rules.base import Written
from retention_engine.timing import Span, days

_WITHIN = days(7)


@frozen(cache_hash=True, repr=False)
class Goal(Written):
    """Reached when a predicate holds within a span of elapsed time after the entry.

    Attributes:
        predicate: may ask for what happened since ``entry``.
        within: the window of attribution.
    """

    predicate: Truth
    within: Span = field(default=_WITHIN, kw_only=True)

    def __attrs_post_init__(self) -> None:
        """Check the parts."""
        if not isinstance(self.predicate, Truth):
            raise DefinitionError(f"Goal takes a predicate, not {shown(self.predicate)}")
        if not isinstance(self.within, Span) or self.within.micros == 0:
            raise DefinitionError(f"within is a span above zero such as days(7), not {shown(self.within)}")

    def write(self, *, python: bool) -> str:
        """Write the call; the window of seven days is left out."""
        within = "" if self.within == _WITHIN else f", within={self.within!r}"
        return f"Goal({self.predicate.write(python=python)}{within})"
