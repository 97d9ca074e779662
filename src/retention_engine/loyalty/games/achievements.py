"""Achievements: so much of something within a period, as often as it recurs; instances never overlap.

An instance is known by the instant it opened, so that facts which arrive late never give an old one a new name.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Hashable, Iterable, Sequence
from enum import StrEnum
from itertools import groupby
from operator import attrgetter

from attrs import frozen

from retention_engine.loyalty.games.goals import Activation, Goal, Recurrence
from retention_engine.loyalty.games.opening import reward_key, steps_of
from retention_engine.timing import NEVER

_at = attrgetter("at")


class Progress(StrEnum):
    """Where an achievement stands. Codes are stored and never renamed."""

    NOT_STARTED = "not_started"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    EXPIRED = "expired"


@frozen
class Mark:
    """Something that counts.

    Attributes:
        amount: how much.
        tag: where different ones are counted: which one it is; the amount means nothing then.
    """

    at: int
    amount: int = 1
    tag: Hashable = None


@frozen(order=True)
class Completion:
    """An instance that was completed, as remembered: ``opened`` names it."""

    opened: int
    at: int


@frozen
class Instance:
    """One attempt at an achievement.

    Attributes:
        opened: its first instant.
        closes: the first instant after it, None when only completing ends it, or nothing.
        progress: what counts in it so far.
        completed: when the target was reached, None while it was not.
    """

    opened: int
    closes: int | None
    progress: int
    completed: int | None


@frozen
class Standing:
    """An achievement as a customer sees it at an instant.

    Attributes:
        progress: of the instance that is open, or was last.
        times: how often it was completed.
        is_open: whether something can count now.
    """

    status: Progress
    progress: int
    times: int
    is_open: bool


class _Tally:
    """What counts in an instance, up to an instant."""

    def __init__(self, opened: int) -> None:
        self.opened, self.upto = opened, opened - 1
        self.seen: set[Hashable] = set()
        self.progress = 0
        self.reached: int | None = None

    def take(self, marks: Iterable[Mark], target: int, *, stop: bool = False) -> None:
        """Count what comes later, and see when it reached the target; with ``stop`` nothing later counts."""
        for at, together in groupby(marks, key=_at):
            if stop and self.reached is not None:
                return
            for mark in together:
                self.progress += mark.amount if mark.tag is None else mark.tag not in self.seen
                self.seen.add(mark.tag)
            self.upto = at
            if self.reached is None and self.progress >= target:
                self.reached = at


class Instances:
    """Instances one after the other: each takes the marks of its time, and none is taken twice.

    What is told from an instant on leaves those alone that were over by then.

    Attributes:
        found: every instance that something opened, oldest first.
    """

    def __init__(self, goal: Goal) -> None:
        """Begin with nothing."""
        self.goal = goal
        self.ends = goal.recurrence is Recurrence.ON_COMPLETION
        self.marks: list[Mark] = []
        self.instants: list[int] = []
        self.known: list[Completion] = []
        self.found: list[Instance] = []
        self.free = goal.start
        self._taken: list[int] = []  # of each instance: of how many completions those up to it make use
        self._turn = 0
        self._tally: _Tally | None = None

    def tell(self, since: int, marks: Iterable[Mark], recorded: Iterable[Completion] = ()) -> int:
        """Let marks take the place of all from an instant on; return how many instances stay as they were.

        Args:
            since: the instant.
            marks: what counts from then on, in any order.
            recorded: what else was completed: it stays, unless the goal is revocable.
        """
        place = bisect_left(self.instants, since)
        self.marks[place:] = sorted(marks, key=_at)
        self.instants[place:] = [mark.at for mark in self.marks[place:]]
        if self._tally is not None and self._tally.upto >= since:
            self._tally = None
        for one in recorded:
            since = min(since, one.opened)
            if not self.goal.revocable:
                insort(self.known, one)
        kept = self._rewind(since)
        known = self.known if self.goal.recurs else self.known[:1]
        while self._turn < len(known):
            one = known[self._turn]
            if self.goal.recurs:
                self.until(one.opened)
            self._turn += 1
            self.recorded(one, known[self._turn].opened if self._turn < len(known) else NEVER)
        self.until(NEVER)
        return kept

    def _rewind(self, since: int) -> int:
        """Forget the instances that were not over before an instant; return how many stay."""
        while self.found and self.free >= since:
            self.found.pop()
            self._taken.pop()
            closes = self.found[-1].closes if self.found else self.goal.start
            self.free = NEVER if closes is None else closes
        self._turn = self._taken[-1] if self.found else 0
        return len(self.found)

    def until(self, limit: int) -> None:
        """Open what the marks before ``limit`` open."""
        limit = min(limit, _first_close(self.goal))
        while self.goal.recurs or not self.found:
            place = bisect_left(self.instants, self.free)
            if place == len(self.instants) or self.instants[place] >= limit:
                return
            opened = self.goal.opening(self.instants[place], self.free)
            closes = min(limit, self.goal.closing(opened, self.instants[place]))
            progress, reached = self._count(opened, closes)
            if self.goal.revocable and progress < self.goal.target:
                reached = None
            if reached is not None and self.ends:
                closes = reached + 1
            self._add(opened, closes, progress, reached)

    def recorded(self, known: Completion, limit: int) -> None:
        """Add an instance that was completed, whatever counts today."""
        natural = known.at if self.ends else self.goal.closing(known.opened, known.opened)
        closes = min(limit, max(known.at + 1, natural))
        self._add(known.opened, closes, self._count(known.opened, closes)[0], known.at)

    def _count(self, opened: int, closes: int) -> tuple[int, int | None]:
        tally = self._tally
        if tally is None or tally.opened != opened or tally.upto >= closes:
            tally = self._tally = _Tally(opened)
        first, end = bisect_right(self.instants, tally.upto), bisect_left(self.instants, closes)
        tally.take(self.marks[first:end], self.goal.target, stop=self.ends)
        return tally.progress, tally.reached

    def _add(self, opened: int, closes: int, progress: int, reached: int | None) -> None:
        self.found.append(Instance(opened, None if closes == NEVER else closes, progress, reached))
        self._taken.append(self._turn)
        self.free = closes


def _first_close(goal: Goal) -> int:
    """Return from when on nothing counts: for a schedule without recurrence, the end of its one period."""
    end = NEVER if goal.end is None else goal.end
    once = goal.activation is Activation.FIXED_SCHEDULE and not goal.recurs and goal.period is not None
    return goal.closing(goal.start, goal.start) if once else end


def instances(goal: Goal, marks: Iterable[Mark], recorded: Iterable[Completion] = ()) -> list[Instance]:
    """Return every instance that something opened, oldest first; they never overlap.

    Args:
        goal: what is to be reached.
        marks: what counts today, in any order.
        recorded: what was completed before: it stays, unless the goal is revocable.
    """
    made = Instances(goal)
    made.tell(-NEVER, marks, recorded)
    return made.found


def rewards(goal: Goal, customer: str, found: Iterable[Instance]) -> list[tuple[int, str]]:
    """Return (instant, key) of each completed instance: what is given under a key is given once."""
    return [
        (one.completed, reward_key("ach", goal.id, customer, instance=one.opened))
        for one in found
        if one.completed is not None
    ]


def standing(goal: Goal, found: Sequence[Instance], at: int) -> Standing:
    """Return how an achievement stands at an instant not before the last mark."""
    past = [one for one in found if one.opened <= at]
    times = sum(one.completed is not None and one.completed <= at for one in past)
    last = past[-1] if past else None
    ended = at >= _first_close(goal)
    current = last if last is not None and (last.closes is None or at < last.closes) else None
    if last is not None and (current is not None or ended or not goal.recurs):
        status = _status(last, ended=current is None and not (last.completed is not None and _is_last(goal, last)))
        progress = last.progress
    else:
        status, progress = (Progress.EXPIRED if ended else Progress.NOT_STARTED), 0
    waiting = status in (Progress.NOT_STARTED, Progress.IN_PROGRESS)
    return Standing(status, progress, times, waiting and goal.start <= at)


def _is_last(goal: Goal, one: Instance) -> bool:
    """Tell whether no instance can follow this one."""
    return not goal.recurs or one.closes == goal.end


def _status(one: Instance, *, ended: bool) -> Progress:
    if ended:
        return Progress.EXPIRED
    if one.completed is not None:
        return Progress.COMPLETED
    return Progress.IN_PROGRESS if one.progress > 0 else Progress.NOT_STARTED


def turns(goal: Goal, found: Iterable[Instance]) -> set[int]:
    """Return the instants at which the standing may change by itself."""
    edges = {goal.start, _first_close(goal)}
    edges.update(one.closes for one in found if one.closes is not None)
    return edges - {NEVER}


def standing_steps(goal: Goal, found: Sequence[Instance], at: int) -> list[tuple[int, Standing]]:
    """Return how an achievement stands from ``at`` on, if nothing else happens."""
    return steps_of(turns(goal, found), at, lambda instant: standing(goal, found, instant))
