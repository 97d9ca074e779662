"""The laws of levels bite: each planted fault is found by the second telling, or by the example of its bug."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from attrs import evolve

from retention_engine.loyalty import tiers as t
from retention_engine.loyalty.tiers import walk
from retention_engine.loyalty.tiers.walk import Walk
from tests.loyalty.tiers import test_examples
from tests.loyalty.tiers._world import World

Patch = pytest.MonkeyPatch
CUSTOMERS = 60


def above_only(patch: Patch) -> None:
    """X26: a level is reached above its entry, not at it."""
    qualified = t.TierProgramme.qualified
    patch.setattr(t.TierProgramme, "qualified", lambda self, metric: qualified(self, metric - 1))


def from_the_top(patch: Patch) -> None:
    """X26: the loop from the highest level down stops one too early (the first order got the second tier)."""

    def qualified(self: t.TierProgramme, metric: int) -> int:
        place = len(self.levels) - 1
        while place and metric < self.levels[place - 1].entry:
            place -= 1
        return place

    patch.setattr(t.TierProgramme, "qualified", qualified)


def only_the_next(patch: Patch) -> None:
    """X26: no level is skipped."""
    reach = Walk._reach

    def one_up(self: Walk, frame: Any, at: int) -> None:
        before = self._held.place
        reach(self, frame, at)
        self._held = evolve(self._held, place=min(self._held.place, before + 1))

    patch.setattr(Walk, "_reach", one_up)


def down_at_any_fact(patch: Patch) -> None:
    """X28: each fact sets the level that the window reaches."""
    count = Walk._count

    def both_ways(self: Walk, fresh: Any, at: int) -> None:
        count(self, fresh, at)
        place = self.programme.qualified(self._sums.between(*self._frame(at)))
        if place < self._held.place:
            self._held = self._fallen(place, at)

    patch.setattr(Walk, "_count", both_ways)


def refund_at_once(patch: Patch) -> None:
    """X28: a refund takes back under KEEP_UNTIL_REVIEW too."""
    count = Walk._count

    def taking(self: Walk, fresh: Any, at: int) -> None:
        count(self, fresh, at)
        self._take_back(at)

    patch.setattr(Walk, "_count", taking)


def refund_below_the_start(patch: Patch) -> None:
    """X28: REEVALUATE forgets what was held when the window began."""
    patch.setattr(walk, "bisect_right", lambda rows, value, **more: 1 if "key" in more else _right(rows, value, **more))


def _right(rows: Any, value: Any, lo: int = 0) -> int:
    return next((place for place in range(lo, len(rows)) if rows[place] > value), len(rows))


def entry_to_keep(patch: Patch) -> None:
    """X29: the review asks for the entry again."""
    review = Walk._review

    def strict(self: Walk, at: int) -> None:
        programme = self.programme
        self.programme = evolve(programme, levels=[evolve(each, keep=each.entry) for each in programme.levels])
        review(self, at)
        self.programme = programme

    patch.setattr(Walk, "_review", strict)


def no_grace(patch: Patch) -> None:
    """X29: the level is lost at the review itself."""
    review = Walk._review

    def at_once(self: Walk, at: int) -> None:
        review(self, at)
        if self._held.grace is not None:
            self._held = self._fallen(self.programme.fallen(0, self._held.place), at)

    patch.setattr(Walk, "_review", at_once)


def grace_counts_nothing(patch: Patch) -> None:
    """X29: what is bought in grace does not help."""
    review = Walk._review

    def blind(self: Walk, at: int) -> None:
        start, end = self.programme.review_start(self._held.until, self.joined), self._held.until
        late = self._sums.between(end, at)
        if late and self._held.grace is not None:
            kept = self._sums.between(start, end) >= self.programme.levels[self._held.place].keep
            if not kept:
                self._held = self._fallen(self.programme.fallen(0, self._held.place), at)
                return
        review(self, at)

    patch.setattr(Walk, "_review", blind)


def two_down(patch: Patch) -> None:
    """X29: ONE_DOWN drops two levels."""
    patch.setattr(t.TierProgramme, "fallen", lambda self, metric, below: max(0, below - 2))


def restores_a_stored_level(patch: Patch) -> None:
    """X30: when a level given by hand ends, the one from before it is back."""

    def place(self: Walk, at: int) -> int:
        for start, end, given in self._floors:
            if start <= at < end:
                return max(given, self._held.place)
            if end <= at:
                return [level for began, level in self._levels if began <= start][-1]
        return self._held.place

    patch.setattr(Walk, "_place", place)


def refund_where_it_was_made(patch: Patch) -> None:
    """X31: a refund lowers the window in which the money went back."""
    begin = Walk.__init__

    def placed(self: Walk, programme: Any, contributions: Any, overlays: Any = (), **more: Any) -> None:
        wrong = [evolve(one, placed_at=one.known_at) if one.amount < 0 else one for one in contributions]
        begin(self, programme, wrong, overlays, **more)

    patch.setattr(Walk, "__init__", placed)


def reward_at_every_crossing(patch: Patch) -> None:
    """X41: the period of a reward is the instant."""
    patch.setattr(Walk, "_period", lambda self, frame, at: str(at))


def days_of_utc(patch: Patch) -> None:
    """Ours: windows begin at midnight in Greenwich."""
    patch.setattr(t.TierProgramme, "where", property(lambda self: ZoneInfo("UTC")))


def counts_at_once(patch: Patch) -> None:
    """Ours: amounts count before their return window closes."""
    patch.setattr(Walk, "counts", lambda self, one: one.known_at)


def this_window_only(patch: Patch) -> None:
    """Ours: an order of last year that counts this year reaches nothing."""
    reach = Walk._reach

    def current(self: Walk, frame: Any, at: int) -> None:
        if frame[1] > at:
            reach(self, frame, at)

    patch.setattr(Walk, "_reach", current)


def again_is_not_longer(patch: Patch) -> None:
    """Ours: reaching one's own level again does not prolong it."""
    reach = Walk._reach

    def never(self: Walk, frame: Any, at: int) -> None:
        before = self._held
        reach(self, frame, at)
        if self._held.place == before.place:
            self._held = before

    patch.setattr(Walk, "_reach", never)


FAULTS: list[Callable[[Patch], None]] = [
    above_only,
    from_the_top,
    only_the_next,
    down_at_any_fact,
    refund_at_once,
    refund_below_the_start,
    entry_to_keep,
    no_grace,
    grace_counts_nothing,
    two_down,
    restores_a_stored_level,
    refund_where_it_was_made,
    days_of_utc,
    counts_at_once,
    this_window_only,
    again_is_not_longer,
]


def killed(customers: int) -> bool:
    """Tell whether the second telling finds a fault."""
    return any(World(random.Random(seed)).faults() for seed in range(customers))


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_a_planted_fault_is_found(fault: Callable[[Patch], None], monkeypatch: Patch) -> None:
    """Among few customers."""
    fault(monkeypatch)
    assert killed(CUSTOMERS)


def test_a_reward_at_every_crossing_is_found(monkeypatch: Patch) -> None:
    """By the example of its bug."""
    reward_at_every_crossing(monkeypatch)
    with pytest.raises(ValueError, match="too many values"):
        test_examples.test_b30_down_and_up_again_is_rewarded_once_per_period()


def test_without_a_fault_nothing_is_found() -> None:
    """The double itself is sound."""
    assert not killed(10)
