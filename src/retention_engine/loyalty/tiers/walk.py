"""The fold: what was known, walked instant by instant, gives the level at any of them; nothing is stored.

At one instant, in this order: amounts count, refunds take back, levels are reached, the review is held. Intervals are
half-open: at exactly ``valid_until`` the old standing is over.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from copy import copy
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
    """Sums of amounts between two instants, while amounts are added one by one, most of them near the end."""

    def __init__(self, places: Iterable[int] = (), totals: Iterable[int] = (0,)) -> None:
        self._places, self._totals = list(places), list(totals)

    def copy(self) -> _Sums:
        return _Sums(self._places, self._totals)

    def add(self, place: int, amount: int) -> None:
        number = bisect_right(self._places, place)
        self._places.insert(number, place)
        self._totals[number + 1 :] = [total + amount for total in self._totals[number:]]

    def between(self, first: int, end: int) -> int:
        """Return the sum of [first, end)."""
        return self._totals[bisect_left(self._places, end)] - self._totals[bisect_left(self._places, first)]


class Walk:
    """One customer in one programme, from the beginning to where nothing changes any more.

    A copy goes its own way: one that went on and was told what became known meanwhile says what a new walk would.
    """

    def __init__(
        self,
        programme: TierProgramme,
        contributions: Iterable[Contribution],
        overlays: Sequence[Overlay] = (),
        *,
        at: int,
        joined: date,
    ) -> None:
        """Keep what is known at an instant."""
        self.programme, self.joined, self.where = programme, joined, programme.where
        self._floors = list(self._spans(overlays, at))
        self._moment = -NEVER
        self._position = 0
        self._agenda = sorted({edge for start, end, _ in self._floors for edge in (start, end)} - {NEVER})
        self._fresh: dict[int, list[Contribution]] = {}
        self._frames: list[Frame] = []
        self._sums = _Sums()
        self._held = _Held()
        self._levels = [(-NEVER, 0)]
        self._shown = 0, EARLIEST
        self.reached: list[Reached] = []
        self.learn([each for each in contributions if each.known_at <= at])

    def copy(self) -> Walk:
        """Return a walk that stands where this one stands."""
        made = copy(self)
        made._agenda, made._position = self._agenda[self._position :], 0
        made._fresh = {at: list(each) for at, each in self._fresh.items()}
        made._frames, made._sums = list(self._frames), self._sums.copy()
        made._levels, made.reached = list(self._levels), list(self.reached)
        return made

    def learn(self, came: Iterable[Contribution], gone: Iterable[Contribution] = ()) -> bool:
        """Take note of what became known, and of what counts no more; False, and nothing, if that is of the past."""
        came, gone = ([each for each in some if each.amount] for some in (came, gone))
        if any(self.counts(one) <= self._moment for one in (*came, *gone)):
            return False
        for one in gone:
            self._fresh[self.counts(one)].remove(one)
        for one in came:
            when = self.counts(one)
            self._fresh.setdefault(when, []).append(one)
            self._plan(when)
            self._plan(self._edge(one.placed_at))
        return True

    def _plan(self, at: int) -> None:
        """Put an instant on the agenda, unless it is there, or passed: then it changes nothing any more."""
        place = bisect_left(self._agenda, at, lo=self._position)
        if self._moment < at < NEVER and self._agenda[place : place + 1] != [at]:
            self._agenda.insert(place, at)

    def _edge(self, place: int) -> int:
        """Return when an amount leaves the window in which it counts."""
        window = self.programme.window
        if isinstance(window, Rolling):
            return window.leaves(place, self.where)
        number = bisect_right(self._frames, (place, NEVER))
        if not number or self._frames[number - 1][1] <= place:
            self._frames.insert(number, self._frame(place))
            number += 1
        return self._frames[number - 1][1]

    def counts(self, one: Contribution) -> int:
        """Return when an amount starts to count."""
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

    def _frame(self, at: int) -> Frame:
        return self.programme.window.frame(at, self.where, self.joined)

    def run(self, at: int) -> list[tuple[int, Standing]]:
        """Return the standing as steps: the first is at or before the instant, the last holds for ever."""
        return list(self.ahead(at))

    def ahead(self, at: int) -> Iterator[tuple[int, Standing]]:
        """Yield the same one by one, and go no further than what was asked for."""
        before: Standing | None = None
        while True:
            following = self._following()
            if following > at:
                moment = max(self._moment, EARLIEST)
                shown = self._show(moment)
                if shown != before:
                    yield moment, shown
                before = shown
            if following == NEVER:
                return
            self._go(following)

    def advance(self, end: int) -> None:
        """Go on to right before an instant."""
        while (following := self._following()) < end:
            self._go(following)

    def _following(self) -> int:
        planned = self._agenda[self._position] if self._position < len(self._agenda) else NEVER
        return min(planned, self._held.due)

    def _go(self, at: int) -> None:
        self._moment = at
        self._step(at)
        if (place := self._place(at)) != self._shown[0]:
            self._shown = place, at

    def _step(self, at: int) -> None:
        self._position = bisect_right(self._agenda, at, lo=self._position)
        if fresh := self._fresh.pop(at, ()):
            self._count(fresh, at)
        if self._held.due == at:
            self._review(at)
        if self._held.place != self._levels[-1][1]:
            self._levels.append((at, self._held.place))

    def _count(self, fresh: Sequence[Contribution], at: int) -> None:
        for one in fresh:
            self._sums.add(one.placed_at, one.amount)
        if self.programme.on_refund is OnRefund.REEVALUATE:
            self._take_back(at)
        for frame in self._touched(fresh, at):
            self._reach(frame, at)

    def _touched(self, fresh: Sequence[Contribution], at: int) -> list[Frame]:
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

    def _show(self, at: int) -> Standing:
        programme, held, (place, since) = self.programme, self._held, self._shown
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
