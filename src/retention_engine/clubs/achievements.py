"""Achievements, missions and badges of a club: over anything that can be counted of a customer."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from operator import attrgetter
from typing import Any
from zoneinfo import ZoneInfo

from attrs import field, frozen

from retention_engine.errors import DefinitionError, shown
from retention_engine.facts import AchievementCompleted
from retention_engine.loyalty.games import (
    Award,
    Badge,
    Completion,
    Goal,
    Instance,
    Instances,
    Mark,
    Mission,
    MissionStanding,
    Stage,
    Standing,
    award,
    mission_rewards,
    mission_steps,
    reward_key,
    rewards,
    standing_steps,
    unfolded,
)
from retention_engine.predicates import Aggregate, Collection, Records, Where
from retention_engine.state import EVENTS, History, Record, read_any
from retention_engine.timing import EARLIEST

_at, _opened, _completed = attrgetter("at"), attrgetter("opened"), attrgetter("completed")
COMPLETED = f"{EVENTS}achievement_completed"
_MEASURES = ("count", "sum", "distinct")


def without_windows(value: object, place: str) -> Collection:
    """Return the records, when no window refines them.

    Raises:
        DefinitionError: one does, or these are no records.
    """
    inner = value
    while isinstance(inner, Where):
        inner = inner.inner
    if not isinstance(inner, Records):
        wanted = "records without a window, such as orders or purchases.where(category='tea')"
        raise DefinitionError(f"{place} takes {wanted}, not {shown(value)}")
    return value  # type: ignore[return-value]  # a Where or Records


@frozen(kw_only=True)
class Achievement(Goal):
    """So much of a measure within a period.

    Attributes:
        measure: ``count()``, ``sum(field)`` or ``distinct(field)`` of records; the period says which of them count.
    """

    measure: Aggregate = field()

    @measure.validator
    def _countable(self, _: Any, value: Any) -> None:
        if not isinstance(value, Aggregate) or value.fold not in _MEASURES:
            raise DefinitionError(f"measure is one of {', '.join(_MEASURES)} of records, not {shown(value)}")
        without_windows(value.records, "measure")

    def reads(self) -> frozenset[str]:
        """Return what must be remembered of a customer to tell where they stand."""
        return self.measure.reads() | {COMPLETED}

    def mark(self, record: Record) -> Mark | None:
        """Return what a record counts, None when it has no such field."""
        name = self.measure.field
        if self.measure.fold == "count" or name is None:
            return Mark(record.at)
        value = read_any(record, name)
        if self.measure.fold == "distinct":
            return None if value is None else Mark(record.at, tag=(value,))
        return Mark(record.at, value) if type(value) is int else None

    def marks(self, history: History, at: int, where: ZoneInfo, *, since: int = EARLIEST) -> list[Mark]:
        """Return what counts at an instant, of that from another on."""
        found = (self.mark(record) for record in records_of(self.measure.records, history, at, where, since=since))
        return [mark for mark in found if mark is not None]


def records_of(
    collection: Collection, history: History, at: int, where: ZoneInfo, *, since: int = EARLIEST
) -> Iterator[Record]:
    """Return the records of a collection without a window from an instant up to another, oldest first."""
    tests, inner = [], collection
    while isinstance(inner, Where):
        tests.append(inner)
        inner = inner.inner
    assert isinstance(inner, Records), "as without_windows has seen"
    rows = history.records(inner.name)
    inside = rows[bisect_left(rows, since, key=_at) : bisect_right(rows, at, key=_at)]
    return (record for record in inside if all(test.passes(record) for test in tests))


def recorded(history: History, achievement: str, since: int = EARLIEST) -> list[Completion]:
    """Return the completions from an instant on that are remembered of an achievement or a step, ``mission/step``."""
    rows = history.records(COMPLETED)
    return [
        Completion(record.data["instance"], record.at)
        for record in rows[bisect_left(rows, since, key=_at) :]
        if record.data["achievement"] == achievement
    ]


class _Followed:
    """The instances of an achievement, told what changed since somebody asked last; kept beside a history.

    Attributes:
        made: the instances.
        new: those that were completed and are not remembered, oldest first.
    """

    def __init__(self, goal: Achievement, name: str, history: History) -> None:
        self.made, self.new = Instances(goal), list[Instance]()
        self._goal, self._name, self._history = goal, name, history
        (records,) = goal.measure.records.reads()
        self._came, self._completed = history.arrived(records), history.arrived(COMPLETED)
        self._read, self._upto = (0, 0), EARLIEST - 1
        self._known: set[Completion] = set()
        self._opened: set[int] = set()

    def upto(self, at: int, where: ZoneInfo) -> _Followed:
        """Let it be known what counts at an instant: as much as changed is counted again."""
        came, completed = self._came[self._read[0] :], self._completed[self._read[1] :]
        since = min([*came, min(self._upto, at) + 1])
        marks = self._goal.marks(self._history, at, where, since=since)
        fresh = set(recorded(self._history, self._name, min(completed)) if completed else ()) - self._known
        if marks or came or fresh or at < self._upto:
            self._look(self.made.tell(since, marks, fresh), fresh)
        self._read, self._upto = (len(self._came), len(self._completed)), at
        return self

    def _look(self, kept: int, fresh: set[Completion]) -> None:
        """See which instances are new, where the first ones stayed as they were."""
        found = self.made.found
        del self.new[bisect_right(self.new, found[kept - 1].opened, key=_opened) if kept else 0 :]
        self._known |= fresh
        self._opened |= {one.opened for one in fresh}
        self.new += [one for one in found[kept:] if one.completed is not None and one.opened not in self._opened]


def _followed(goal: Achievement, name: str, history: History) -> _Followed:
    key = ("game", name, goal)
    if key not in history.memo:
        history.memo[key] = _Followed(goal, name, history)
    return history.memo[key]  # type: ignore[no-any-return] # the memo holds anything


def achieved(achievement: Achievement, history: History, at: int, where: ZoneInfo) -> list[Instance]:
    """Return every instance of an achievement, oldest first."""
    return list(_followed(achievement, achievement.id, history).upto(at, where).made.found)


def achievement_rewards(achievement: Achievement, history: History, at: int, where: ZoneInfo) -> list[tuple[int, str]]:
    """Return (instant, key) of every completed instance, oldest first: a reward is given once for each key."""
    return rewards(achievement, history.customer, achieved(achievement, history, at, where))


def revoked(achievement: Achievement, history: History, at: int, where: ZoneInfo) -> list[str]:
    """Return the keys of remembered completions that do not hold any more; none unless the achievement is revocable."""
    standing = {key for _, key in achievement_rewards(achievement, history, at, where)}
    known = (
        reward_key("ach", achievement.id, history.customer, instance=one.opened)
        for one in recorded(history, achievement.id)
    )
    return [key for key in known if key not in standing] if achievement.revocable else []


def achievement_steps(
    achievement: Achievement, history: History, at: int, where: ZoneInfo
) -> list[tuple[int, Standing]]:
    """Return how an achievement stands from ``at`` on, if nothing else happens."""
    return standing_steps(achievement, achieved(achievement, history, at, where), at)


def mission_stages(mission: Mission, history: History, at: int, where: ZoneInfo) -> list[Stage]:
    """Return how far each step of a mission came; its steps are ``Achievement`` values."""

    def found_of(step: Goal, goal: Goal) -> list[Instance]:
        if not isinstance(goal, Achievement):
            raise DefinitionError(f"a step of a club's mission is an Achievement with a measure, not {shown(step)}")
        return list(_followed(goal, mission.name_of(step), history).upto(at, where).made.found)

    return unfolded(mission, found_of)


def mission_completed(mission: Mission, history: History, at: int, where: ZoneInfo) -> list[tuple[int, str]]:
    """Return (instant, key) of the reward of a mission that is completed."""
    return mission_rewards(mission, history.customer, mission_stages(mission, history, at, where))


def mission_progress(mission: Mission, history: History, at: int, where: ZoneInfo) -> list[tuple[int, MissionStanding]]:
    """Return how a mission stands from ``at`` on, if nothing else happens."""
    return mission_steps(mission, mission_stages(mission, history, at, where), at)


def new_completions(
    declared: Achievement | Mission, history: History, at: int, where: ZoneInfo, *, since: int = EARLIEST
) -> list[AchievementCompleted]:
    """Return the facts of what was completed after an instant and is not remembered yet, oldest first."""
    goals: list[tuple[str, Goal]] = [(declared.id, declared)] if isinstance(declared, Achievement) else []
    if isinstance(declared, Mission):
        stages = mission_stages(declared, history, at, where)
        goals = [(declared.name_of(stage.step), stage.goal) for stage in stages if stage.goal is not None]
    made = []
    for name, goal in goals:
        assert isinstance(goal, Achievement), "as mission_stages has seen"
        new = _followed(goal, name, history).upto(at, where).new
        for one in new[bisect_right(new, since, key=_completed) :]:
            assert one.completed is not None, "as only such are new"
            key = reward_key("ach", name, history.customer, instance=one.opened)
            words: dict[str, Any] = {"achievement": name, "instance": one.opened}
            made.append(AchievementCompleted(id=key, customer=history.customer, at=one.completed, **words))
    return made


def badge_award(
    badge: Badge, history: History, at: int, where: ZoneInfo, *, achievements: Iterable[Achievement]
) -> Award | None:
    """Return the badge of a customer at its highest level, None while there is none.

    Args:
        badge: which one.
        history: of the customer.
        at: the instant asked about.
        where: the zone of the customer.
        achievements: those that the levels name; others are passed over.
    """
    held, ever = {}, {}
    for each in achievements:
        instants = [one.completed for one in achieved(each, history, at, where) if one.completed is not None]
        if instants:
            held[each.id] = min(instants)
        if known := recorded(history, each.id):
            ever[each.id] = min(one.at for one in known)
    return award(badge, held, ever)
