"""The fold: what was known, walked instant by instant, gives the level at any of them; nothing is stored.

At one instant, in this order: amounts count, refunds take back, levels are reached, the review is held. Intervals are
half-open: at exactly ``valid_until`` the old standing is over.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from datetime import date
from operator import itemgetter

from attrs import evolve, frozen

from retention_engine.loyalty.tiers.programme import OnRefund, TierProgramme
from retention_engine.loyalty.tiers.standing import Contribution, Overlay, Reached, Standing
from retention_engine.loyalty.tiers.windows import Calendar, Frame, Rolling
from retention_engine.timing import EARLIEST, NEVER, local_date


@frozen
class _Held:
    """The earned level: its place, until when, the end of a grace, and the start of the window that gave it."""

    place: int = 0
    until: int = NEVER
    grace: int | None = None
    source: int | None = None

    @property
    def due(self) -> int:
        return self.until if self.grace is None else self.grace


class _Sums:
    """Sums of amounts between two instants, while amounts are added one by one (a Fenwick tree)."""

    def __init__(self, places: Iterable[int]) -> None:
        self._places = sorted(set(places))
        self._tree = [0] * (len(self._places) + 1)

    def add(self, place: int, amount: int) -> None:
        number = bisect_left(self._places, place) + 1
        while number < len(self._tree):
            self._tree[number] += amount
            number += number & -number

    def between(self, first: int, end: int) -> int:
        """Return the sum of [first, end)."""
        return self._up_to(bisect_left(self._places, end)) - self._up_to(bisect_left(self._places, first))

    def _up_to(self, number: int) -> int:
        total = 0
        while number:
            total += self._tree[number]
            number &= number - 1
        return total


class Walk:
    """One customer in one programme, from the beginning to where nothing changes any more."""

    def __init__(
        self,
        programme: TierProgramme,
        contributions: Sequence[Contribution],
        overlays: Sequence[Overlay] = (),
        *,
        at: int,
        joined: date,
    ) -> None:
        """Keep what is known at an instant."""
        self.programme, self.joined, self.where = programme, joined, programme.where
        self._known = [each for each in contributions if each.known_at <= at and each.amount]
        self._sums = _Sums(each.placed_at for each in self._known)
        self._fresh: dict[int, list[Contribution]] = {}
        for each in self._known:
            self._fresh.setdefault(self._counts(each), []).append(each)
        moves = isinstance(programme.window, Rolling)
        self._frames = [] if moves else list(self._frames_of(sorted(each.placed_at for each in self._known)))
        self._floors = list(self._spans(overlays, at))
        self._agenda = sorted(self._instants())
        self._position = 0
        self._held = _Held()
        self._levels = [(-NEVER, 0)]
        self.reached: list[Reached] = []

    def _counts(self, one: Contribution) -> int:
        if self.programme.count_pending:
            return one.known_at
        return NEVER if one.counts_from is None else max(one.known_at, one.counts_from)

    def _spans(self, overlays: Sequence[Overlay], at: int) -> Iterable[tuple[int, int, int]]:
        places = {level.name: place for place, level in enumerate(self.programme.levels)}
        for one in overlays:
            ends = (one.until, one.ended if one.ended is None or one.ended <= at else None)
            end = min((each for each in ends if each is not None), default=NEVER)
            if one.since <= at and one.level in places and one.since < end:
                yield one.since, end, places[one.level]

    def _instants(self) -> set[int]:
        """Return every instant, besides those of reviews, at which something changes."""
        found = {*self._fresh, *(edge for start, end, _ in self._floors for edge in (start, end))}
        window = self.programme.window
        if isinstance(window, Rolling):
            found.update(window.leaves(each.placed_at, self.where) for each in self._known)
        else:
            found.update(end for _, end in self._frames)
        return found - {NEVER}

    def _frame(self, at: int) -> Frame:
        return self.programme.window.frame(at, self.where, self.joined)

    def _frames_of(self, places: Iterable[int]) -> Iterable[Frame]:
        """Yield the windows of instants that rise, each once."""
        frame = (-NEVER, -NEVER)
        for place in places:
            if place >= frame[1]:
                frame = self._frame(place)
                yield frame

    def run(self, at: int) -> list[tuple[int, Standing]]:
        """Return the standing as steps: the first is at or before the instant, the last holds for ever."""
        moment, since, place = EARLIEST, EARLIEST, 0
        found: list[tuple[int, Standing]] = []
        while True:
            following = self._following()
            if following > at:
                now = self._show(moment, place, since)
                if not found or found[-1][1] != now:
                    found.append((moment, now))
            if following == NEVER:
                return found
            moment = following
            self._step(moment)
            if (after := self._place(moment)) != place:
                place, since = after, moment

    def _following(self) -> int:
        planned = self._agenda[self._position] if self._position < len(self._agenda) else NEVER
        return min(planned, self._held.due)

    def _step(self, at: int) -> None:
        self._position = bisect_right(self._agenda, at, lo=self._position)
        if fresh := self._fresh.get(at):
            self._count(fresh, at)
        if self._held.due == at:
            self._review(at)
        if self._held.place != self._levels[-1][1]:
            self._levels.append((at, self._held.place))

    def _count(self, fresh: list[Contribution], at: int) -> None:
        for one in fresh:
            self._sums.add(one.placed_at, one.amount)
        if self.programme.on_refund is OnRefund.REEVALUATE:
            self._take_back(at)
        for frame in self._touched(fresh, at):
            self._reach(frame, at)

    def _touched(self, fresh: list[Contribution], at: int) -> list[Frame]:
        """Return the windows in which amounts count, oldest first."""
        if isinstance(self.programme.window, Rolling):
            return [self._frame(at)]
        numbers = {bisect_right(self._frames, (one.placed_at, NEVER)) - 1 for one in fresh}
        return [self._frames[number] for number in sorted(numbers)]

    def _reach(self, frame: Frame, at: int) -> None:
        place = self.programme.qualified(self._sums.between(*frame))
        if place < max(1, self._held.place):
            return
        until = self.programme.reached_until(frame, at, self.joined)
        if until <= at:
            return
        if place > self._held.place:
            self._held = _Held(place, until, None, frame[0])
            self.reached.append(Reached(at, self.programme.levels[place], self._period(frame, at)))
        elif place == self._held.place and until > self._held.until:
            self._held = evolve(self._held, until=until, grace=None)

    def _take_back(self, at: int) -> None:
        """Let the level drop to what the windows still give, from the one that gave it on."""
        held = self._held
        if held.source is None:
            return
        left = max(self.programme.qualified(self._sums.between(*frame)) for frame in self._frames_from(held.source))
        floor = self._levels[bisect_right(self._levels, held.source, key=itemgetter(0)) - 1][1]
        place = max(left, floor)
        if place < held.place:
            self._held = self._fallen(place, at, source=held.source if left > floor else None)

    def _frames_from(self, source: int) -> list[Frame]:
        if isinstance(self.programme.window, Rolling):
            return [(source, NEVER)]
        return self._frames[bisect_left(self._frames, (source, source)) :]

    def _review(self, at: int) -> None:
        held, programme = self._held, self.programme
        metric = self._sums.between(programme.review_start(held.until, self.joined), at)
        if metric >= programme.levels[held.place].keep:
            self._held = _Held(held.place, programme.after(at, self.joined))
        elif held.grace is None and programme.grace.count:
            self._held = evolve(held, grace=programme.grace_end(held.until))
        else:
            self._held = self._fallen(programme.fallen(metric, held.place), at)

    def _fallen(self, place: int, at: int, source: int | None = None) -> _Held:
        return _Held(place, self.programme.after(at, self.joined), None, source) if place else _Held()

    def _place(self, at: int) -> int:
        """Return the level in force: the earned one, or a higher one given by hand."""
        return max([self._held.place, *(place for start, end, place in self._floors if start <= at < end)])

    def _show(self, at: int, place: int, since: int) -> Standing:
        programme, held = self.programme, self._held
        levels, metric = programme.levels, self._sums.between(*self._frame(at))
        reviewed = held.until < NEVER
        keep = None
        if reviewed:
            start = programme.review_start(held.until, self.joined)
            keep = max(0, levels[held.place].keep - self._sums.between(start, held.due))
        return Standing(
            level=levels[place],
            earned=levels[held.place],
            since=since,
            valid_until=held.until if reviewed else None,
            grace_until=held.grace,
            to_next=max(0, levels[place + 1].entry - metric) if place + 1 < len(levels) else None,
            to_keep=keep,
            metric=metric,
        )

    def _period(self, frame: Frame, at: int) -> str:
        """Return the first local date of a window; of a rolling one, that of the calendar year."""
        if isinstance(self.programme.window, Rolling):
            frame = Calendar().frame(at, self.where, self.joined)
        return "life" if frame[0] == -NEVER else local_date(frame[0], self.where).isoformat()
