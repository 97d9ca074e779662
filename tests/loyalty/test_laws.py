"""The laws of the ledger over random histories, and the oracle that has one object a point."""

from __future__ import annotations

import os
import random
from collections import Counter
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.loyalty._history import check_history
from tests.loyalty._world import World

NIGHTLY = os.environ.get("RETENTION_NIGHTLY") == "1"
QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]
LEAST = 15  # per cent of each kind of command that must be accepted


class Drawn:
    """Dice that can be made smaller."""

    def __init__(self, data: Any) -> None:
        self.data = data

    def randrange(self, stop: int) -> int:
        """Return a whole number from 0, below ``stop``."""
        return int(self.data.draw(st.integers(0, stop - 1)))


@settings(max_examples=30, suppress_health_check=QUIET)
@given(st.data())
def test_every_law_holds_in_a_history_drawn_step_by_step(data: Any) -> None:
    """The same search with dice that shrink: what it finds, it shows small."""
    check_history(World(Drawn(data)).run(14))


@settings(max_examples=20_000 if NIGHTLY else 400, suppress_health_check=QUIET)
@given(st.integers(0, 2**32))
def test_every_law_holds_in_long_histories(number: int) -> None:
    """Every law of the reference, and the oracle point by point, after every step and at the end."""
    check_history(World(random.Random(number)).run(40))


def test_the_search_accepts_enough_of_everything() -> None:
    """Each kind of command is accepted often, and the rare ways of a unit are walked."""
    tally: Counter[str] = Counter()
    rare: Counter[str] = Counter()
    for number in range(150):
        world = World(random.Random(number), laws=False, oracle=False).run(40)
        tally += world.tally
        for state in world.ledger.states.values():
            rare["graced"] += sum(stock.lot.given_back for stock in state.lots.values())
            rare["moot"] += sum(grant.moot for grant in state.grants.values())
            rare["absorbed"] += state.totals.absorbed
            rare["settled"] += state.totals.settled
            rare["owing"] += state.debt > 0
            rare["timed out"] += list(state.ended.values()).count("timed_out")
    kinds = sorted({name.split()[0] for name in tally})
    ratios = {}
    for kind in kinds:
        yes, no = tally[f"{kind} accepted"], tally[f"{kind} refused"]
        ratios[kind] = 100 * yes // (yes + no)
    print({kind: f"{ratios[kind]} % of {tally[f'{kind} accepted'] + tally[f'{kind} refused']}" for kind in kinds}, rare)
    assert min(ratios.values()) >= LEAST
    assert len(kinds) == 15
    assert min(rare[name] for name in ("graced", "moot", "absorbed", "settled", "owing", "timed out")) >= 10
