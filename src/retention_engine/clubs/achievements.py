"""Achievements, missions and badges of a club: over anything that can be counted of a customer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
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
    Mark,
    Mission,
    MissionStanding,
    Stage,
    Standing,
    award,
    instances,
    mission_rewards,
    mission_steps,
    reward_key,
    rewards,
    standing_steps,
    unfold,
)
from retention_engine.predicates import Aggregate, Collection, Records, Where
from retention_engine.state import EVENTS, History, Record, read_any
from retention_engine.view import View

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

    def marks(self, history: History, at: int, where: ZoneInfo) -> list[Mark]:
        """Return what counts at an instant."""
        found = (self.mark(record) for record in records_of(self.measure.records, history, at, where))
        return [mark for mark in found if mark is not None]


def records_of(collection: Collection, history: History, at: int, where: ZoneInfo) -> Iterator[Record]:
    """Return the records of a collection up to an instant, oldest first."""
    return (each.record for each in collection.members(View(history, at, where)) if each.record.at <= at)


def recorded(history: History, achievement: str) -> list[Completion]:
    """Return the completions that are remembered of an achievement, or of a mission's step: ``mission/step``."""
    return [
        Completion(record.data["instance"], record.at)
        for record in history.records(COMPLETED)
        if record.data["achievement"] == achievement
    ]


def achieved(achievement: Achievement, history: History, at: int, where: ZoneInfo) -> list[Instance]:
    """Return every instance of an achievement, oldest first."""
    return instances(achievement, achievement.marks(history, at, where), recorded(history, achievement.id))


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
    return unfold(mission, _marks(history, at, where), lambda name: recorded(history, name))


def _marks(history: History, at: int, where: ZoneInfo) -> Callable[[Goal], list[Mark]]:
    def marks(goal: Goal) -> list[Mark]:
        if not isinstance(goal, Achievement):
            raise DefinitionError(f"a step of a club's mission is an Achievement with a measure, not {shown(goal)}")
        return goal.marks(history, at, where)

    return marks


def mission_completed(mission: Mission, history: History, at: int, where: ZoneInfo) -> list[tuple[int, str]]:
    """Return (instant, key) of the reward of a mission that is completed."""
    return mission_rewards(mission, history.customer, mission_stages(mission, history, at, where))


def mission_progress(mission: Mission, history: History, at: int, where: ZoneInfo) -> list[tuple[int, MissionStanding]]:
    """Return how a mission stands from ``at`` on, if nothing else happens."""
    return mission_steps(mission, mission_stages(mission, history, at, where), at)


def new_completions(
    declared: Achievement | Mission, history: History, at: int, where: ZoneInfo
) -> list[AchievementCompleted]:
    """Return the facts of what was completed and is not remembered yet, oldest first."""
    found: list[tuple[str, Instance]]
    if isinstance(declared, Mission):
        stages = mission_stages(declared, history, at, where)
        found = [(declared.name_of(stage.step), one) for stage in stages for one in stage.found]
    else:
        found = [(declared.id, one) for one in achieved(declared, history, at, where)]
    known = {name: {done.opened for done in recorded(history, name)} for name in {name for name, _ in found}}
    made = []
    for name, one in found:
        if one.completed is not None and one.opened not in known[name]:
            key = reward_key("ach", name, history.customer, instance=one.opened)
            who, at = history.customer, one.completed
            made.append(AchievementCompleted(id=key, customer=who, at=at, achievement=name, instance=one.opened))
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
