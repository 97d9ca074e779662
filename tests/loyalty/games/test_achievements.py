"""Achievements: instances never overlap, each pays once, and what was completed stays so."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from retention_engine.errors import DefinitionError
from retention_engine.loyalty.games import (
    Activation,
    Completion,
    Goal,
    Mark,
    Progress,
    Recurrence,
    Standing,
    instances,
    rewards,
    standing,
    standing_steps,
)
from retention_engine.timing import DAY, HOUR, NEVER, days
from tests.loyalty.games._play import START, at, attempts, goals, marks

FIXED, EXPIRING, AGAIN = Activation.FIXED_SCHEDULE, Recurrence.ON_EXPIRATION, Recurrence.ON_COMPLETION


def goal(target: int = 2, **more: Any) -> Goal:
    """Return a goal that starts at instant 0."""
    return Goal(**{"id": "tea", "target": target, "start": 0, **more})


def told(*instants: int) -> list[Mark]:
    """Return a mark of one at each instant."""
    return [Mark(instant) for instant in instants]


def plain(found: Any) -> list[tuple[int, int | None, int, int | None]]:
    """Return instances as tuples."""
    return [(one.opened, one.closes, one.progress, one.completed) for one in found]


WALKS = [
    ("once", {}, (3, 5, 9), [(3, None, 3, 5)]),
    ("once-scheduled", {"activation": FIXED}, (3, 5), [(0, None, 2, 5)]),
    ("too-late", {"period": days(1)}, (3, 3 + DAY), [(3, 3 + DAY, 1, None)]),
    ("one-period", {"period": days(1), "activation": FIXED}, (DAY, DAY + 1), []),
    (
        "each-day",
        {"period": "day", "recurrence": EXPIRING},
        (1, 2, 3, DAY, DAY + 1),
        [(1, DAY, 3, 2), (DAY, 2 * DAY, 2, DAY + 1)],
    ),
    ("again", {"recurrence": AGAIN}, (1, 2, 3, 4, 5), [(1, 3, 2, 2), (3, 5, 2, 4), (5, None, 1, None)]),
    ("again-scheduled", {"recurrence": AGAIN, "activation": FIXED}, (1, 2, 9), [(0, 3, 2, 2), (3, None, 1, None)]),
    ("same-instant", {"recurrence": AGAIN}, (1, 1, 1), [(1, 2, 3, 1)]),
    ("before-start", {}, (-1, -2), []),
    ("end", {"end": 4}, (3, 4), [(3, 4, 1, None)]),
]


@pytest.mark.parametrize(("words", "instants", "wanted"), [one[1:] for one in WALKS], ids=[one[0] for one in WALKS])
def test_instances(words: dict[str, Any], instants: tuple[int, ...], wanted: Any) -> None:
    """(opened, closes, progress, completed), by recurrence and activation."""
    assert plain(instances(goal(**words), told(*instants))) == wanted


@given(goals(), marks() | marks(tagged=True))
def test_ach_inst_every_instance_is_what_a_machine_counts(one: Goal, given_marks: list[Mark]) -> None:
    """A machine that is told the marks one by one makes the same instances."""
    assert plain(instances(one, given_marks)) == attempts(one, given_marks)


@given(goals(), marks(), st.data())
def test_ach_inst_instances_never_overlap_and_pay_once(one: Goal, given_marks: list[Mark], data: Any) -> None:
    """With anything remembered, windows are apart, recounted windows are right, and keys are different."""
    found = instances(one, given_marks)
    completed = [Completion(each.opened, each.completed) for each in found if each.completed is not None]
    kept = data.draw(st.lists(st.sampled_from(completed), unique=True)) if completed else []
    gone = data.draw(st.lists(st.sampled_from(given_marks), unique=True)) if given_marks else []
    again = instances(one, [mark for mark in given_marks if mark not in gone], kept)
    for early, late in pairwise(again):
        assert early.closes is not None
        assert early.closes <= late.opened
    for each in again:
        inside = [mark for mark in given_marks if mark not in gone and each.opened <= mark.at < (each.closes or NEVER)]
        assert sum(mark.amount for mark in inside) == each.progress
    keys = [key for _, key in rewards(one, "anna", again)]
    assert len(set(keys)) == len(keys)
    assert {f"ach:g:anna:{each.opened}" for each in kept} <= set(keys)


@given(goals(), marks(), st.integers(0, 60))
def test_the_steps_are_what_will_stand(one: Goal, given_marks: list[Mark], ahead: int) -> None:
    """The standing at any later instant is that of the last step before it; steps differ from their neighbours."""
    now = max([mark.at for mark in given_marks], default=START)
    found = instances(one, given_marks)
    steps = standing_steps(one, found, now)
    assert steps[0][0] == now
    assert all(early[1] != late[1] for early, late in pairwise(steps))
    probes = [now + ahead * 5 * HOUR, *(instant + nudge for instant, _ in steps for nudge in (-1, 0, 1))]
    for probe in probes:
        if probe >= now:
            assert standing(one, found, probe) == [value for instant, value in steps if instant <= probe][-1]


@given(goals(revocable=False), marks(), st.data())
def test_what_was_completed_stays(one: Goal, given_marks: list[Mark], data: Any) -> None:
    """Marks may go, remembered completions do not; of a revocable goal they do."""
    found = instances(one, given_marks)
    known = [Completion(each.opened, each.completed) for each in found if each.completed is not None]
    left = data.draw(st.lists(st.sampled_from(given_marks), unique=True)) if given_marks else []
    now = {each.opened: each.completed for each in instances(one, left, known)}
    assert all(now[each.opened] == each.at for each in known)
    assert plain(instances(evolve(one, revocable=True), left, known)) == attempts(one, left)


STANDINGS = [
    ("before", {}, (), -1, Standing(Progress.NOT_STARTED, 0, 0, is_open=False)),
    ("nothing", {}, (), 0, Standing(Progress.NOT_STARTED, 0, 0, is_open=True)),
    ("some", {}, (1,), 1, Standing(Progress.IN_PROGRESS, 1, 0, is_open=True)),
    ("done", {}, (1, 2), 9, Standing(Progress.COMPLETED, 2, 1, is_open=False)),
    ("over", {"end": 5}, (1,), 5, Standing(Progress.EXPIRED, 1, 0, is_open=False)),
    ("never-begun", {"end": 5}, (), 5, Standing(Progress.EXPIRED, 0, 0, is_open=False)),
    ("done-and-over", {"end": 5}, (1, 2), 5, Standing(Progress.COMPLETED, 2, 1, is_open=False)),
    ("lost", {"period": days(1)}, (1,), DAY + 1, Standing(Progress.EXPIRED, 1, 0, is_open=False)),
    (
        "lost-schedule",
        {"period": days(1), "activation": FIXED},
        (),
        DAY,
        Standing(Progress.EXPIRED, 0, 0, is_open=False),
    ),
    (
        "next-day",
        {"period": "day", "recurrence": EXPIRING},
        (1, 2),
        DAY,
        Standing(Progress.NOT_STARTED, 0, 1, is_open=True),
    ),
    (
        "same-day",
        {"period": "day", "recurrence": EXPIRING},
        (1, 2),
        DAY - 1,
        Standing(Progress.COMPLETED, 2, 1, is_open=False),
    ),
    ("at-once", {"recurrence": AGAIN}, (1, 2), 2, Standing(Progress.COMPLETED, 2, 1, is_open=False)),
    ("again", {"recurrence": AGAIN}, (1, 2), 3, Standing(Progress.NOT_STARTED, 0, 1, is_open=True)),
    (
        "last-day",
        {"period": "day", "recurrence": EXPIRING, "end": DAY},
        (1, 2),
        DAY,
        Standing(Progress.COMPLETED, 2, 1, is_open=False),
    ),
    (
        "empty-last-day",
        {"period": "day", "recurrence": EXPIRING, "end": 2 * DAY},
        (1, 2),
        2 * DAY,
        Standing(Progress.EXPIRED, 2, 1, is_open=False),
    ),
    ("zero", {}, None, 1, Standing(Progress.NOT_STARTED, 0, 0, is_open=True)),
]


@pytest.mark.parametrize(
    ("words", "instants", "now", "wanted"), [one[1:] for one in STANDINGS], ids=[one[0] for one in STANDINGS]
)
def test_standing(words: dict[str, Any], instants: tuple[int, ...] | None, now: int, wanted: Standing) -> None:
    """Status, progress, how often, and whether anything can count."""
    one = goal(**words)
    given_marks = [Mark(0, 0)] if instants is None else told(*instants)
    assert standing(one, instances(one, given_marks), now) == wanted


def test_a_refund_lowers_progress_but_takes_no_completion() -> None:
    """A completed instance stays completed and shows what is left in it."""
    one = goal(2)
    (left,) = instances(one, told(1), [Completion(1, 5)])
    assert (left.progress, left.completed) == (1, 5)
    (lost,) = instances(evolve(one, revocable=True), told(1), [Completion(1, 5)])
    assert (lost.progress, lost.completed) == (1, None)
    taken = [Mark(1, 2), Mark(2, -1)]
    assert [each.completed for each in instances(one, taken)] == [1]
    assert [each.completed for each in instances(evolve(one, revocable=True), taken)] == [None]


def test_a_late_fact_completes_the_period_it_belongs_to_and_renames_none() -> None:
    """Monday's second order arrives when Tuesday is completed already."""
    daily = goal(2, period="day", recurrence=EXPIRING, activation=FIXED)
    known = [Completion(DAY, DAY + 2)]
    found = instances(daily, told(1, 2, DAY + 1, DAY + 2), known)
    assert [key for _, key in rewards(daily, "anna", found)] == ["ach:tea:anna:0", f"ach:tea:anna:{DAY}"]


def test_calendar_periods_have_23_and_25_hours_where_clocks_change() -> None:
    """The day on which clocks go forward ends after 23 hours."""
    noon = at("2026-03-29 12:00 Europe/Berlin")
    one = goal(period="day", zone="Europe/Berlin", recurrence=EXPIRING, activation=FIXED, start=noon - 30 * DAY)
    (found,) = instances(one, told(noon))
    assert found.closes is not None
    assert (found.closes - found.opened, found.closes) == (23 * HOUR, at("2026-03-30 00:00 Europe/Berlin"))
    month = evolve(one, period="month")
    assert instances(month, told(noon))[0].opened == at("2026-03-01 00:00 Europe/Berlin")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"target": 0}, "target is a whole number from 1"),
        ({"target": True}, "target is a whole number"),
        ({"id": "a:b"}, "without ':' and '/'"),
        ({"period": "year"}, "period is None, a span above zero or one of day, week, month"),
        ({"period": days(0)}, "period is None"),
        ({"end": 0}, "end lies after start"),
        ({"recurrence": EXPIRING}, "recurs on expiration needs a period"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_wrong_goals_are_refused(words: dict[str, Any], message: str) -> None:
    """What could never open, recur or be reached."""
    with pytest.raises(DefinitionError, match=message):
        goal(**words)


def test_a_schedule_needs_a_start() -> None:
    """Spans are counted from it; a calendar that recurs has its own grid."""
    with pytest.raises(DefinitionError, match="a schedule needs a start"):
        Goal(id="g", target=1, period=days(7), activation=FIXED, recurrence=EXPIRING)
    with pytest.raises(DefinitionError, match="a schedule needs a start"):
        Goal(id="g", target=1, period="week", activation=FIXED)
    assert instances(Goal(id="g", target=1, period="week", activation=FIXED, recurrence=EXPIRING), told(0))


CHANGES = [
    {"target": 3},
    {"period": days(2)},
    {"period": "week"},
    {"zone": "Asia/Tokyo"},
    {"recurrence": AGAIN},
    {"activation": FIXED},
    {"start": 2 * HOUR},
    {"end": 3 * HOUR},
    {"revocable": True},
    {"id": "coffee"},
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: "-".join(map(str, change)))
def test_every_option_changes_something(change: dict[str, Any]) -> None:
    """No option is dead."""
    base = goal(2, period="day", recurrence=EXPIRING)
    given_marks = told(HOUR, 2 * HOUR, 3 * HOUR, 4 * HOUR, DAY, DAY + HOUR)
    known = [Completion(3 * DAY, 3 * DAY + 5)]

    def all_of(one: Goal) -> Any:
        found = instances(one, given_marks, known)
        return found, rewards(one, "anna", found)

    assert all_of(base) != all_of(evolve(base, **change))


def test_a_long_key_is_shortened_and_stays_different() -> None:
    """Keys of long names have a fixed length."""
    one = goal(1)
    found = instances(one, told(1))
    ((_, first),) = rewards(one, "x" * 200, found)
    ((_, second),) = rewards(one, "x" * 199 + "y", found)
    assert len(first) < 200
    assert first != second
