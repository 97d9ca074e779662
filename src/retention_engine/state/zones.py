"""The zones of a customer over time, as we learned of them: what is learned later changes no earlier part."""

from __future__ import annotations

from retention_engine.facts import Fact
from retention_engine.state.history import History

_SUBJECT = ("zones", "")


def note_zone(history: History, fact: Fact, name: object) -> None:
    """Remember that a fact told the customer's zone."""
    told = history.drafts.setdefault(_SUBJECT, {})
    one = (fact.effective, fact.at, fact.id, name)
    told[fact.id] = min(one, told.get(fact.id, one), key=lambda each: each[0])


def zones_of(history: History) -> list[tuple[int, object]]:
    """Return the instants from which a zone was known, and its name, None where there is no value; ascending."""
    known: list[tuple[int, object]] = []
    latest: tuple[int, str] | None = None
    for effective, at, fact, name in sorted(history.drafts.get(_SUBJECT, {}).values(), key=lambda told: told[:3]):
        if latest is None or latest < (at, fact):
            latest = (at, fact)
            known.append((effective, name))
    return known
