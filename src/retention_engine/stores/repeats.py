"""Facts that come again: the same content is passed over, another content is a conflict."""

from __future__ import annotations

from collections.abc import Iterable

from retention_engine.errors import FactConflict
from retention_engine.facts import Fact, OrderPlaced, content


def distinct(facts: Iterable[Fact]) -> dict[str, Fact]:
    """Return the first fact of each id, in the order given.

    Raises:
        FactConflict: two of them have the same id and another content.
    """
    found: dict[str, Fact] = {}
    for fact in facts:
        known = found.setdefault(fact.id, fact)
        if known is not fact:
            check_repeat(known, fact)
    return found


def check_repeat(known: Fact, fact: Fact) -> None:
    """Compare two facts of one id by their content; when they were learned does not count.

    Raises:
        FactConflict: the contents differ.
    """
    # not by ==: 1, 1.0 and True are equal, but not the same content
    if known is not fact and content(known) != content(fact):
        raise FactConflict(f"fact {fact.id!r} is known already with another content{_advice(fact)}")


def _advice(fact: Fact) -> str:
    if not isinstance(fact, OrderPlaced):
        return ""
    what = f"OrderPlaced(id={fact.id + '.2'!r}, customer=..., at=..., order=...)"
    return f"; an order that was changed is a fact of its own: {what}"
