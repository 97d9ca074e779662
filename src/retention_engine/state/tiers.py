"""The fold of levels given by hand: the facts themselves, by programme."""

from __future__ import annotations

from retention_engine.facts import LevelSet, LevelUnset
from retention_engine.state.history import History


def fold_level(history: History, fact: LevelSet | LevelUnset) -> None:
    """Keep the fact for its programme."""
    history.drafts.setdefault(("tier", fact.programme), {})[fact.id] = fact


def levels_set(history: History, programme: str) -> list[LevelSet | LevelUnset]:
    """Return what was said about levels in a programme, in the order in which it took effect."""
    found: dict[str, LevelSet | LevelUnset] = history.drafts.get(("tier", programme), {})
    return sorted(found.values(), key=lambda each: (each.effective, each.at, each.id))
