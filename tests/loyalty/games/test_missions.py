"""Missions, badges and leaderboards."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention_engine.errors import DefinitionError
from retention_engine.loyalty.games import (
    Award,
    Badge,
    Completion,
    Entrant,
    Goal,
    Mark,
    Mission,
    Progress,
    Recurrence,
    Row,
    award,
    leaderboard,
    mission_rewards,
    mission_standing,
    mission_steps,
    unfold,
)

BUY, WRITE = Goal(id="buy", target=2), Goal(id="write", target=1)


def mission(**more: Any) -> Mission:
    """Return a mission of two steps."""
    return Mission(**{"id": "spring", "steps": [BUY, WRITE], "start": 0, **more})


def told(buy: list[int], write: list[int], one: Mission, *first: Completion) -> Any:
    """Return how far the steps came."""
    marks = {"buy": [Mark(at) for at in buy], "write": [Mark(at) for at in write]}
    return unfold(one, lambda goal: marks[goal.id], lambda name: first if name == "spring/buy" else ())


def test_an_unordered_mission_is_completed_with_its_last_step() -> None:
    """Steps count side by side; the reward has one key."""
    one = mission()
    stages = told([1, 5], [3], one)
    assert mission_rewards(one, "anna", stages) == [(5, "mission:spring:anna")]
    standing = mission_standing(one, stages, 5)
    assert (standing.status, standing.done) == (Progress.COMPLETED, 2)
    assert mission_rewards(one, "anna", told([1], [3], one)) == []


def test_a_step_of_an_ordered_mission_is_locked_until_the_one_before_is_completed() -> None:
    """What comes before, or at the same instant, does not count."""
    one = mission(ordered=True)
    assert mission_rewards(one, "anna", told([1, 5], [3, 5], one)) == []
    assert mission_rewards(one, "anna", told([1, 5], [3, 6], one)) == [(6, "mission:spring:anna")]
    locked = mission_standing(one, told([1], [3], one), 3)
    assert [step.is_open for step in locked.steps] == [True, False]
    assert (locked.status, locked.done) == (Progress.IN_PROGRESS, 0)
    unlocked = mission_standing(one, told([1, 5], [], one), 6)
    assert [step.status for step in unlocked.steps] == [Progress.COMPLETED, Progress.NOT_STARTED]


def test_a_mission_ends_and_a_step_may_be_unlocked_too_late() -> None:
    """The end is one of its steps in time; whoever finishes the first step in the last instant cannot go on."""
    one = mission(ordered=True, end=10)
    steps = mission_steps(one, told([1, 9], [], one), 9)
    assert [(at, value.status) for at, value in steps] == [(9, Progress.IN_PROGRESS), (10, Progress.EXPIRED)]
    waiting = mission_steps(one, told([1], [], one), 1)
    assert [(at, value.status) for at, value in waiting] == [(1, Progress.IN_PROGRESS), (10, Progress.EXPIRED)]
    assert mission_steps(mission(), told([], [], mission()), 1)[0][1].status is Progress.NOT_STARTED


def test_a_step_with_an_end_of_its_own_expires_while_it_is_locked() -> None:
    """The mission can not be completed any more from then on."""
    one = mission(ordered=True, steps=[BUY, Goal(id="write", target=1, end=7)])
    steps = mission_steps(one, told([1], [], one), 1)
    assert [(at, value.status) for at, value in steps] == [(1, Progress.IN_PROGRESS), (7, Progress.EXPIRED)]


def test_completed_steps_are_remembered_under_the_name_of_the_mission() -> None:
    """A refund takes no step away, and locks none again."""
    one = mission(ordered=True)
    stages = told([1], [6], one, Completion(1, 5))
    assert mission_rewards(one, "anna", stages) == [(6, "mission:spring:anna")]


@given(
    st.lists(st.integers(0, 30), max_size=5),
    st.lists(st.integers(0, 30), max_size=5),
    st.booleans(),
    st.none() | st.integers(1, 40),
)
def test_the_steps_of_a_mission_are_what_will_stand(
    buy: list[int], write: list[int], ordered: bool, end: int | None
) -> None:
    """At every later instant."""
    one = mission(ordered=ordered, end=end)
    stages, now = told(buy, write, one), max([*buy, *write], default=0)
    steps = mission_steps(one, stages, now)
    assert all(early[1] != late[1] for early, late in pairwise(steps))
    for probe in range(now, 45):
        assert mission_standing(one, stages, probe) == [value for at, value in steps if at <= probe][-1]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"steps": []}, "at least one of the steps of a mission is needed"),
        ({"steps": [BUY, BUY]}, "given once each, 'buy' is there twice"),
        ({"steps": ["buy"]}, "steps of Mission is a list of Goal"),
        ({"steps": "buy"}, "a list is needed"),
        ({"steps": [Goal(id="x", target=1, recurrence=Recurrence.ON_COMPLETION)]}, "to be had once"),
        ({"end": 0}, "end lies after start"),
        ({"id": "a/b"}, "without ':' and '/'"),
    ],
    ids=["none", "twice", "text", "no-list", "recurs", "end", "id"],
)
def test_wrong_missions_are_refused(words: dict[str, Any], message: str) -> None:
    """What is no mission."""
    with pytest.raises(DefinitionError, match=message):
        mission(**words)


TEA = Badge(id="tea", levels=["one", "five", "ten"])


@pytest.mark.parametrize(
    ("badge", "held", "ever", "wanted"),
    [
        (TEA, {}, {}, None),
        (TEA, {"one": 3}, {}, Award("tea", 1, 3)),
        (TEA, {"one": 3, "ten": 9}, {}, Award("tea", 3, 9)),
        (TEA, {"other": 3}, {}, None),
        (TEA, {"one": 3}, {"five": 7}, Award("tea", 2, 7)),
        (TEA, {"one": 8}, {"one": 3}, Award("tea", 1, 3)),
        (Badge(id="tea", levels=TEA.levels, revocable=True), {"one": 3}, {"five": 7}, Award("tea", 1, 3)),
    ],
    ids=["none", "first", "highest", "other", "kept", "set-once", "revoked"],
)
def test_a_badge_shows_the_highest_level(badge: Badge, held: Any, ever: Any, wanted: Award | None) -> None:
    """It is set once, and kept unless it is revocable."""
    assert award(badge, held, ever) == wanted


def test_a_badge_has_levels_once_each() -> None:
    """No level, or one twice, is refused."""
    for levels in ([], ["a", "a"], "ab"):
        with pytest.raises(DefinitionError):
            Badge(id="b", levels=levels)


def test_a_leaderboard_shows_aliases_of_those_who_opted_in() -> None:
    """At equal scores the earlier stands first, then the smaller id; the one without an alias is not there."""
    entrants = [
        Entrant(customer="d", score=5, reached=2, alias="Dora"),
        Entrant(customer="c", score=5, reached=1, alias="Carl"),
        Entrant(customer="b", score=9, reached=9),
        Entrant(customer="a", score=5, reached=2, alias="Ann"),
        Entrant(customer="e", score=7, reached=9, alias="Eve"),
    ]
    wanted = [Row(1, "Eve", 7), Row(2, "Carl", 5), Row(3, "Ann", 5), Row(4, "Dora", 5)]
    assert leaderboard(entrants, most=10) == leaderboard(entrants[::-1], most=10) == wanted
    assert leaderboard(entrants, most=2) == wanted[:2]
    with pytest.raises(DefinitionError, match="score is a whole number"):
        Entrant(customer="a", score=1.5, reached=1)  # type: ignore[arg-type]  # that is what is refused
