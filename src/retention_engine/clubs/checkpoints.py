"""Walks that go on: what counts for a level is walked once, and a fact costs what it changes, not the whole past.

A checkpoint is a walk that stopped right before the last facts that count. When a fact comes, a copy goes on from
there; when one comes that is about the time before, all is walked anew. What follows if no fact comes is walked by
another copy, no further than somebody asks.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import takewhile
from operator import itemgetter
from typing import Any, Protocol

from attrs import define, evolve, field

from retention_engine.loyalty.tiers import Contribution, Reached, Standing, Walk
from retention_engine.state import History
from retention_engine.timing import NEVER

_since = itemgetter(0)


class Ahead:
    """What a walk shows from an instant on, if no fact comes."""

    def __init__(self, walk: Walk, since: int) -> None:
        """Let a walk of its own go on to an instant."""
        self.since, self._walk, self._rest = since, walk, walk.ahead(since)
        self._steps = [next(self._rest)]

    def steps(self, at: int) -> list[tuple[int, Standing]]:
        """Return all steps; the first is at or before the instant, the last holds for ever."""
        self._steps += self._rest
        return self._steps[self._after(at) - 1 :]

    def standing(self, at: int) -> Standing:
        """Return the standing at an instant."""
        return self._steps[self._after(at) - 1][1]

    def following(self, at: int) -> int:
        """Return the instant of the step after another instant, ``NEVER`` when there is none."""
        place = self._after(at)
        return self._steps[place][0] if place < len(self._steps) else NEVER

    def reached(self, at: int) -> list[Reached]:
        """Return every level reached up to an instant; perhaps some that will be, if no fact comes."""
        self._after(at)
        return self._walk.reached

    def _after(self, at: int) -> int:
        """Return the place of the first step after an instant."""
        while self._steps[-1][0] <= at and (step := next(self._rest, None)) is not None:
            self._steps.append(step)
        return bisect_right(self._steps, at, key=_since)


class Source(Protocol):
    """Where the amounts come from that count for a level."""

    @property
    def facts(self) -> Sequence[Any]:
        """What came, in the order of arrival: a list that only grows; a late one may start another list."""
        ...

    def learned(self, fact: Any) -> int:
        """Return when one of them was learned."""
        ...

    def changed(self, known: int) -> tuple[Iterable[Contribution], Iterable[Contribution]]:
        """Return what all of them make count, of whatever those from a place on are about, without these and with."""
        ...


@define
class Checkpoint:
    """What was known when the last fact was learned.

    Attributes:
        walk: stopped right before it.
        facts: of these it knows the first ``known``.
        learned: when the last of them was.
        given: what else the walk was told.
    """

    walk: Walk
    facts: Sequence[Any]
    known: int
    learned: int
    given: Any
    _ahead: Ahead | None = field(default=None, init=False)

    def ahead(self, at: int) -> Ahead:
        """Return what follows from an instant on; one copy of the walk answers as long as time goes forwards."""
        if self._ahead is None or self._ahead.since > at:
            self._ahead = Ahead(self.walk.copy(), at)
        return self._ahead

    def extended(self, source: Source) -> Checkpoint | None:
        """Return the checkpoint that knows the facts that came since; None when they are about the time before."""
        times = [source.learned(fact) for fact in source.facts[self.known :]]
        without, together = map(Counter, source.changed(self.known))
        came, gone = list((together - without).elements()), list((without - together).elements())
        walk = self.walk.copy()
        walk.advance(min([*times, *map(walk.counts, [*came, *gone])]))
        on_time = walk.learn(came, gone)
        known, learned = len(source.facts), max(self.learned, *times)
        return evolve(self, walk=walk, known=known, learned=learned) if on_time else None


def ahead(history: History, name: Any, at: int, *, source: Source, given: Any, begin: Callable[[], Walk]) -> Ahead:
    """Return what follows from an instant on, by what was known then.

    Args:
        history: keeps the last two checkpoints: what is asked right before a fact is asked when it is folded already.
        name: of what is asked about.
        at: the instant.
        source: the facts that count.
        given: when this is another than it was, all is walked anew.
        begin: returns a walk at its beginning that knows everything of the instant.
    """
    kept: tuple[Checkpoint, ...] = history.memo.get(name, ())
    for one in reversed(kept):
        if one.facts is not source.facts or one.given != given or one.learned > at:
            continue
        late = [source.learned(fact) > at for fact in source.facts[one.known :]]
        if all(late):
            return one.ahead(at)
        further = None if any(late) else one.extended(source)
        if further is not None:
            history.memo[name] = one, further
            return further.ahead(at)
    known = sum(1 for _ in takewhile(lambda fact: source.learned(fact) <= at, source.facts))
    learned = max((source.learned(fact) for fact in source.facts[:known]), default=at)
    made = Checkpoint(begin(), source.facts, known, learned, given)
    if all(source.learned(fact) > at for fact in source.facts[known:]):
        made.walk.advance(learned - 1)  # an entry is learned a microsecond after its own instant
        history.memo[name] = (made,)
    return made.ahead(at)
