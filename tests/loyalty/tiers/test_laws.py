"""The laws of levels, over random programmes and customers; and everything that is shown, against a second telling."""

from __future__ import annotations

import itertools
import os
import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from retention_engine.loyalty import tiers as t
from retention_engine.timing import EARLIEST, Span, days
from tests.loyalty.tiers._world import World

NIGHTLY = "RETENTION_NIGHTLY" in os.environ
worlds = st.randoms(use_true_random=True).map(World)
some = settings(max_examples=600 if NIGHTLY else 60)
Steps = list[tuple[int, Any]]


def value_at(steps: Steps, at: int) -> Any:
    """Return what holds at an instant."""
    return next(value for since, value in reversed(steps) if since <= at)


def place(world: World, standing: t.Standing) -> int:
    """Return the place of the earned level."""
    return world.programme.index(standing.earned.name)


def instants(world: World, steps: Steps) -> list[int]:
    """Return the edges of all steps, with the instants beside them."""
    edges = {at for at, _ in steps} | {one.known_at for one in world.contributions}
    return sorted({at + beside for at in edges for beside in (-1, 0, 1) if at > EARLIEST})


def test_everything_shown_equals_a_second_telling() -> None:
    """Level, validity, grace, what is missing, since when, and every reach, at every midnight and instant between."""
    tally: Counter[str] = Counter()
    for seed in range(3_000 if NIGHTLY else 90):
        world = World(random.Random(seed))
        assert world.faults() == [], seed
        tally += world.tally
    rare = {"up": 150, "down": 120, "grace": 60, "saved": 12, "kept": 200, "refunds": 150, "by hand": 40}
    assert {name: count for name, count in rare.items() if tally[name] < count} == {}


@some
@given(worlds)
def test_tier_up(world: World) -> None:
    """A level falls only at a review or the end of a grace, or by a refund that is to be reevaluated."""
    steps = world.standings()
    refunds = {max(one.known_at, one.counts_from or 0) for one in world.contributions if one.amount < 0}
    refunds |= {one.known_at for one in world.contributions if one.amount < 0}
    for (_, before), (at, after) in itertools.pairwise(steps):
        if place(world, after) < place(world, before):
            taken_back = world.programme.on_refund is t.OnRefund.REEVALUATE and at in refunds
            assert at == before.review_at or taken_back


@some
@given(worlds)
def test_tier_land_and_keep(world: World) -> None:
    """Nobody who has enough falls; one step down is one step; without grace nobody is in it."""
    steps, programme = world.standings(), world.programme
    for (_, before), (at, after) in itertools.pairwise(steps):
        if at != before.review_at or programme.on_refund is t.OnRefund.REEVALUATE:
            continue
        fell = place(world, before) - place(world, after)
        fresh = any(at in (one.known_at, one.counts_from) for one in world.contributions)
        if before.to_keep == 0 and not fresh:
            assert fell <= 0
        if fell > 0:
            assert before.in_grace == bool(programme.grace.count)
            assert fell == 1 or programme.drop is not t.Drop.ONE_DOWN
            assert not place(world, after) or programme.drop is not t.Drop.BASE


@some
@given(st.randoms(use_true_random=True))
def test_tier_max(dice: random.Random) -> None:
    """After a fact the level is the higher of the old one and the highest whose entry its window reaches."""
    world = World(dice, window=t.Calendar("year"), validity=t.Valid.CURRENT_AND_NEXT_PERIOD, count_pending=True)
    world.overlays.clear()
    steps, reviews = world.standings(), 0
    for at in sorted({one.known_at for one in world.contributions}):
        before, after = value_at(steps, at - 1), value_at(steps, at)
        known = [one for one in world.contributions if one.known_at <= at]
        frames = {world.programme.window.frame(one.placed_at, world.programme.where, world.joined) for one in known}
        now = {one.placed_at for one in known if one.known_at == at}
        reached = [
            sum(one.amount for one in known if first <= one.placed_at < end)
            for first, end in frames
            if any(first <= placed < end for placed in now)
            and at < world.programme.reached_until((first, end), at, world.joined)
        ]
        best = max(
            [place(world, before), *(max(k for k in range(4) if m >= (0, 10, 25, 60)[k]) for m in reached if m >= 0)]
        )
        reviews += at == before.review_at
        if at != before.review_at and world.programme.on_refund is t.OnRefund.KEEP_UNTIL_REVIEW:
            assert place(world, after) == best


@some
@given(worlds)
def test_tier_overlay(world: World) -> None:
    """What is given by hand is a floor while it lasts, and leaves no trace in what is earned."""
    steps, overlays = world.standings(), list(world.overlays)
    world.overlays.clear()
    plain = world.standings()
    names = [level.name for level in world.programme.levels]
    for at in instants(world, steps) + [one.until for one in overlays if one.until is not None]:
        given_, earned = value_at(steps, at), value_at(plain, at)
        floors = [
            names.index(one.level)
            for one in overlays
            if one.level in names and one.since <= at < min(one.until or 2**60, one.ended or 2**60)
        ]
        assert given_.earned == earned.level
        assert names.index(given_.level.name) == max([names.index(earned.level.name), *floors])
        assert (given_.valid_until, given_.grace_until, given_.to_keep) == (
            earned.valid_until,
            earned.grace_until,
            earned.to_keep,
        )


@some
@given(worlds, st.randoms(use_true_random=True))
def test_tier_rebuild_in_any_order_and_prefix(world: World, dice: random.Random) -> None:
    """The order of what is told is nothing, and what becomes known later changes no past answer."""
    steps = world.standings()
    dice.shuffle(world.contributions)
    dice.shuffle(world.overlays)
    assert world.standings() == steps
    programme, told, given_ = world.programme, world.contributions, world.overlays
    for at in dice.sample(known := instants(world, steps), min(12, len(known))):
        assert t.standing(programme, told, given_, at=at, joined=world.joined) == value_at(steps, at)
        later = [evolve(one, known_at=one.known_at + 1) if one.known_at > at else one for one in told]
        assert t.standing(programme, later, given_, at=at, joined=world.joined) == value_at(steps, at)


READS: dict[str, Callable[[t.Standing], Any]] = {
    "level": lambda each: each.level.name,
    "to_next": lambda each: each.to_next,
    "to_keep": lambda each: each.to_keep,
    "in_grace": lambda each: each.in_grace,
    "metric": lambda each: each.metric,
}


@some
@given(worlds, st.randoms(use_true_random=True))
def test_tier_tick_and_horizon(world: World, dice: random.Random) -> None:
    """Asked at any instant, the steps ahead are what later answers show as long as no fact comes; each step is one."""
    everything = world.standings()
    at = dice.choice(instants(world, everything) or [0])
    told = [one for one in world.contributions if one.known_at <= at]
    given_ = [evolve(one, ended=None) if (one.ended or at) > at else one for one in world.overlays if one.since <= at]
    ahead = t.standings(world.programme, told, given_, at=at, joined=world.joined)
    assert ahead == t.standings(world.programme, world.contributions, world.overlays, at=at, joined=world.joined)
    assert ahead[0][0] <= at
    assert all(since > at for since, _ in ahead[1:])
    for since, standing in ahead[1:]:
        for then, shown in ((since - 1, value_at(ahead, since - 1)), (since, standing)):
            again = t.standing(world.programme, told, given_, at=max(at, then), joined=world.joined)
            assert again == (shown if then >= at else ahead[0][1])
    for read in READS.values():
        steps = t.told(ahead, read)
        assert all(one != other for (_, one), (_, other) in itertools.pairwise(steps))
        assert [value_at(steps, since) for since, _ in ahead] == [read(each) for _, each in ahead]


@some
@given(worlds, st.sampled_from([days(1), days(7), days(40)]))
def test_review_within_is_exact(world: World, span: Span) -> None:
    """It holds on [valid_until - span, valid_until), and turns at exactly these instants."""
    ahead = world.standings()
    steps = t.review_within(ahead, span)
    assert all(one != other for (_, one), (_, other) in itertools.pairwise(steps))
    edges = {since for since, _ in [*steps, *ahead]}
    edges |= {each.valid_until - span.micros for _, each in ahead if each.valid_until is not None}
    for at in {edge + beside for edge in edges for beside in (-1, 0, 1) if edge > EARLIEST}:
        end = value_at(ahead, at).valid_until
        assert value_at(steps, at) == (end is not None and end - span.micros <= at < end)


@some
@given(worlds)
def test_a_level_is_rewarded_once_per_period(world: World) -> None:
    """However often it was reached; every reward is a reach, and no key is there twice."""
    known = 2**60
    found = t.rewards(world.programme, world.contributions, "anna", at=known, joined=world.joined)
    reached = world.reached()
    assert {(one.level, one.period) for one in found} == {(one.level.name, one.period) for one in reached}
    assert len({one.key for one in found}) == len(found) == len({(one.level, one.period) for one in found})
    assert {(one.at, one.level) for one in found} <= {(one.at, one.level.name) for one in reached}
    early = [one for one in found if one.at <= found[0].at]
    assert (
        t.rewards(world.programme, world.contributions, "anna", at=found[0].at, joined=world.joined) == early
        if found
        else True
    )


@pytest.mark.parametrize("name", ["up", "down", "grace", "refunds", "kept"])
def test_the_generator_reaches_what_the_laws_are_about(name: str) -> None:
    """Of random customers, at least 15 of 100 have it."""
    seen = 0
    for seed in range(40):
        world = World(random.Random(seed))
        steps = world.standings()
        for (_, before), (_, after) in itertools.pairwise(steps):
            world.note(before, after)
        seen += world.tally[name] > 0
    assert seen >= 6
