"""What can be asked of a customer's own codes from the facts alone, now and in future."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from zoneinfo import ZoneInfo

from attrs import frozen

from retention_engine.clubs.eligibility import ending, open_hours
from retention_engine.clubs.promotions import Limit, Promotion
from retention_engine.facts import CodeHeld, CodeIssued, CodeReleased
from retention_engine.state import CodesKnown, History, Steps, codes_known
from retention_engine.state.codes import CodeUse
from retention_engine.timing import ClockWindow, Span, next_day, period_of
from retention_engine.view import View

MOST_LOOKS = 400
"""As many instants are looked at: hours and days that come again have no end."""

Part = tuple[bool, int | None]
"""Whether something holds, and the first instant at which that may be another."""


def usable_codes(promotion: Promotion, history: History, at: int, where: ZoneInfo, *, shop: ZoneInfo) -> Steps:
    """Return how many of the customer's own codes for a promotion may be used: window, uses, hours and ``who``.

    What other customers use up and what a basket holds is not known here.

    Args:
        where: whose hours and days count.
        shop: in whose periods uses are counted.
    """
    known = codes_known(history)
    own = [_Own(promotion, fact, known) for fact in _given(known, promotion)]

    def look(now: int) -> tuple[int, int | None]:
        view = View(history, now, where)
        found = [_joined(each.parts(view, shop)) for each in own]
        return sum(holds for holds, _ in found), _earliest(until for _, until in found)

    return _walk(look, at)


def expiring_codes(promotion: Promotion, within: Span, history: History, at: int) -> Steps:
    """Return how many of the customer's own codes that nobody has used end within a span."""
    known = codes_known(history)
    own = [_Own(promotion, fact, known) for fact in _given(known, promotion)]
    windows = [(end - within.micros, end) for each in own if (end := each.ends) is not None and not each.is_over]

    def look(now: int) -> tuple[int, int | None]:
        edges = (edge for window in windows for edge in window if edge > now)
        return sum(start <= now < end for start, end in windows), min(edges, default=None)

    return _walk(look, at)


def held_codes(promotion: Promotion, history: History, at: int) -> Steps:
    """Return how many orders of the customer hold a use of a promotion."""
    uses = codes_known(history).uses.values()
    held = [use for use in uses if isinstance(use, CodeHeld) and use.promotion == promotion.id and use.user is None]

    def look(now: int) -> tuple[int, int | None]:
        live = [use.held_until for use in held if now < use.held_until]
        return len(live), min(live, default=None)

    return _walk(look, at)


def _given(known: CodesKnown, promotion: Promotion) -> list[CodeIssued]:
    return [fact for _, fact in sorted(known.issued.items()) if fact.promotion == promotion.id]


@frozen
class _Own:
    """One of the customer's codes."""

    promotion: Promotion
    fact: CodeIssued
    known: CodesKnown

    @property
    def ends(self) -> int | None:
        return ending(self.promotion, ends=self.fact.ends, grace=self.known.grace.get(self.fact.code))

    @property
    def is_over(self) -> bool:
        """Whether it was taken back, or used as often as a code may be."""
        limits = [limit for limit in self.promotion.limits if limit.per == "code" and limit.period is None]
        used = sum(not isinstance(use, CodeHeld | CodeReleased) for use in self._uses("code"))
        full = any(limit.uses is not None and used >= limit.uses for limit in limits)
        return full or self.fact.code in self.known.revoked

    def parts(self, view: View, shop: ZoneInfo) -> Iterator[Part]:
        """Yield what has to hold, each asked only when the ones before it hold."""
        starts, ends = self.promotion.starts, self.ends
        yield not self.is_over, None
        yield (True, ends) if ends is None or view.now < ends else (False, None)
        yield (False, starts) if starts is not None and view.now < starts else (True, None)
        for limit in self.promotion.limits:
            if limit.uses is not None and limit.per != "promotion":
                yield self._room(limit, view.now, shop)
        yield self._hours(view)
        if self.promotion.who is not None:
            verdict = self.promotion.who.verdict(view)
            yield verdict.holds, verdict.until

    def _uses(self, per: str) -> list[CodeUse]:
        """Return the uses that count: of the code by anybody, or of the promotion by the customer."""
        mine = [use for use in self.known.uses.values() if use.promotion == self.promotion.id]
        if per == "code":
            return [use for use in mine if use.code == self.fact.code]
        return [use for use in mine if use.user is None]

    def _room(self, limit: Limit, now: int, shop: ZoneInfo) -> Part:
        start, end = None, None
        if limit.period is not None:
            start, end = period_of(limit.period, now, shop)
        uses = [use for use in self._uses(limit.per) if not isinstance(use, CodeReleased)]
        live = [use for use in uses if (start is None or start <= use.held_since) and _is_live(use, now)]
        frees = sorted(use.held_until for use in live if isinstance(use, CodeHeld))
        over = len(live) - (limit.uses or 0)
        if over < 0:
            return True, None
        return False, _earliest([end, frees[over] if over < len(frees) else None])

    def _hours(self, view: View) -> Part:
        promotion, now = self.promotion, view.now
        if promotion.hours is None and promotion.weekdays is None:
            return True, None
        edge = next_day(now, view.where)
        if (hours := promotion.hours) is not None:
            closed = ClockWindow(hours.end, hours.start)
            edge = min(edge, (hours if hours.holds(now, view.where) else closed).left(now, view.where))
        return open_hours(promotion, now, view.where), edge


def _is_live(use: CodeUse, now: int) -> bool:
    return not isinstance(use, CodeHeld) or now < use.held_until


def _joined(parts: Iterator[Part]) -> Part:
    """Return whether all parts hold; a false one decides until when, else the earliest does."""
    edges: list[int | None] = []
    for holds, until in parts:
        if not holds:
            return False, until
        edges.append(until)
    return True, _earliest(edges)


def _earliest(instants: Iterable[int | None]) -> int | None:
    return min((each for each in instants if each is not None), default=None)


def _walk(look: Callable[[int], tuple[int, int | None]], at: int) -> Steps:
    """Return the steps of a number: look at each instant at which it may change."""
    steps: Steps = []
    now: int | None = at
    for _ in range(MOST_LOOKS):
        if now is None:
            break
        value, until = look(now)
        if not steps or steps[-1][1] != value:
            steps.append((now, value))
        now = until
    return steps
