"""Levels that were reached, as facts: each once in its period, so that a reward for it is given once."""

from __future__ import annotations

from retention_engine.clubs.tiers import Tiers, tier_rewards
from retention_engine.facts import LevelReached
from retention_engine.keys import fingerprint
from retention_engine.state import EVENTS
from retention_engine.view import View

REACHED = f"{EVENTS}{LevelReached.KIND}"


def new_levels(declaration: Tiers, view: View) -> list[LevelReached]:
    """Return the facts of what was reached by now and is not remembered yet, oldest first."""
    history, programme = view.history, declaration.programme.name
    found = []
    for one in tier_rewards(declaration, history, view.now, view.where):
        name = f"level:{fingerprint(one.key)}"
        if history.find(REACHED, name) is None:
            words = {"programme": programme, "level": one.level, "period": one.period}
            found.append(LevelReached(id=name, customer=history.customer, at=one.at, **words))
    return found
