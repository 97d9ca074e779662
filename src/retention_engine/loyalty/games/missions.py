"""Missions: several achievements with one reward, side by side or one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from attrs import evolve, field, frozen

from retention_engine.errors import DefinitionError, shown
from retention_engine.loyalty.games.achievements import (
    Completion,
    Instance,
    Mark,
    Progress,
    Standing,
    instances,
    standing,
    turns,
)
from retention_engine.loyalty.games.goals import Goal
from retention_engine.loyalty.games.opening import as_tuple, check_name, optional_instant, reward_key, steps_of, unique
from retention_engine.timing import EARLIEST, to_instant
from retention_engine.typed import typed

_LOCKED = Standing(Progress.NOT_STARTED, 0, 0, is_open=False)


@frozen(kw_only=True, field_transformer=typed)
class Mission:
    """Achievements that belong together; inside it their ids are ``mission/achievement``.

    Attributes:
        steps: each is completed once.
        ordered: a step counts only what comes after the step before it was completed.
        start: nothing earlier counts.
        end: nothing from then on counts.
    """

    id: str = field(validator=check_name)
    steps: tuple[Goal, ...] = field(converter=as_tuple)
    ordered: bool = False
    start: int = field(default=EARLIEST, converter=to_instant)
    end: int | None = field(default=None, converter=optional_instant)

    def __attrs_post_init__(self) -> None:
        """Refuse steps that recur or share an id, and times that do not overlap."""
        for step in self.steps:
            if step.recurs:
                raise DefinitionError(f"a step of a mission is an achievement to be had once, not {shown(step)}")
        unique([step.id for step in self.steps], "the steps of a mission")
        for step in self.steps:
            self.scoped(step, self.start)

    def scoped(self, step: Goal, start: int) -> Goal:
        """Return a step with the mission's times."""
        ends = [end for end in (step.end, self.end) if end is not None]
        return evolve(step, start=max(step.start, self.start, start), end=min(ends, default=None))

    def name_of(self, step: Goal) -> str:
        """Return under which name the completion of a step is remembered."""
        return f"{self.id}/{step.id}"


@frozen
class Stage:
    """A step of a mission as it unfolded.

    Attributes:
        goal: with the times that count; None while the step is locked, or when it was unlocked too late.
        found: its instances.
    """

    step: Goal
    goal: Goal | None
    found: tuple[Instance, ...] = ()

    @property
    def completed(self) -> int | None:
        """When it was completed."""
        return self.found[0].completed if self.found else None


@frozen
class MissionStanding:
    """A mission as a customer sees it at an instant.

    Attributes:
        done: how many steps are completed.
        steps: how each stands, in order.
    """

    status: Progress
    done: int
    steps: tuple[Standing, ...]


def unfold(
    mission: Mission,
    marks_of: Callable[[Goal], Iterable[Mark]],
    recorded_of: Callable[[str], Iterable[Completion]] = lambda _: (),
) -> list[Stage]:
    """Return how far each step came.

    Args:
        mission: the steps.
        marks_of: what counts for a step.
        recorded_of: what was completed before under a name.
    """
    return unfolded(mission, lambda step, goal: instances(goal, marks_of(step), recorded_of(mission.name_of(step))))


def unfolded(mission: Mission, found_of: Callable[[Goal, Goal], Iterable[Instance]]) -> list[Stage]:
    """Return how far each step came, by its instances: of a step, and of that step with the times that count."""
    stages: list[Stage] = []
    unlocked: int | None = mission.start
    for step in mission.steps:
        start = unlocked if mission.ordered else mission.start
        end = mission.scoped(step, mission.start).end
        if start is None or (end is not None and start >= end):
            stages.append(Stage(step, None))
        else:
            goal = mission.scoped(step, start)
            stages.append(Stage(step, goal, tuple(found_of(step, goal))))
        completed = stages[-1].completed
        unlocked = None if completed is None else completed + 1
    return stages


def mission_rewards(mission: Mission, customer: str, stages: Sequence[Stage]) -> list[tuple[int, str]]:
    """Return (instant, key) of the reward when every step is completed; otherwise nothing."""
    instants = [stage.completed for stage in stages if stage.completed is not None]
    return [(max(instants), reward_key("mission", mission.id, customer))] if len(instants) == len(stages) else []


def mission_standing(mission: Mission, stages: Sequence[Stage], at: int) -> MissionStanding:
    """Return how a mission stands at an instant not before the last mark."""
    steps = tuple(_stands(mission, stage, at) for stage in stages)
    done = sum(step.status is Progress.COMPLETED for step in steps)
    if done == len(steps):
        status = Progress.COMPLETED
    elif any(step.status is Progress.EXPIRED for step in steps):
        status = Progress.EXPIRED
    else:
        started = any(step.progress > 0 for step in steps)
        status = Progress.IN_PROGRESS if started else Progress.NOT_STARTED
    return MissionStanding(status, done, steps)


def _stands(mission: Mission, stage: Stage, at: int) -> Standing:
    if stage.goal is not None:
        return standing(stage.goal, stage.found, at)
    end = mission.scoped(stage.step, mission.start).end
    return _LOCKED if end is None or at < end else evolve(_LOCKED, status=Progress.EXPIRED)


def mission_steps(mission: Mission, stages: Sequence[Stage], at: int) -> list[tuple[int, MissionStanding]]:
    """Return how a mission stands from ``at`` on, if nothing else happens."""
    instants: set[int] = set() if mission.end is None else {mission.end}
    for stage in stages:
        if stage.goal is not None:
            instants |= turns(stage.goal, stage.found)
        elif stage.step.end is not None:
            instants.add(stage.step.end)
    return steps_of(instants, at, lambda instant: mission_standing(mission, stages, instant))
