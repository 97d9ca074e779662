"""What an account will answer with no new fact, as steps: (instant, value), each holding until the next.

The first step is at the instant of the state. Two neighbours differ, so whatever is asked of a value can change at a
step only, and the step at which it does is exactly when it does.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from itertools import accumulate
from zoneinfo import ZoneInfo

from retention_engine.errors import DefinitionError, nearest, shown
from retention_engine.loyalty.lots import Bucket
from retention_engine.loyalty.state import State
from retention_engine.loyalty.timeline import Sweep, project
from retention_engine.timing import NEVER, LocalDays, Span, local_date, start_of_day, zone

Steps = list[tuple[int, int]]
QUESTIONS = ("available", "current", "debt", "held", "net", "pending")
_UTC = zone("UTC")


def balance_steps(state: State, what: str = "available") -> Steps:
    """Return the steps of one number of a balance.

    Args:
        what: ``available``, ``current``, ``debt``, ``held``, ``net`` or ``pending``.

    Raises:
        DefinitionError: it is another word.
    """
    if what not in QUESTIONS:
        raise DefinitionError(f"a balance has {', '.join(QUESTIONS)}, not {shown(what)}{nearest(what, QUESTIONS)}")
    return _tight((step.at, getattr(step.balance, what)) for step in project(state))


def expiring_steps(state: State, within: Span | LocalDays, where: ZoneInfo = _UTC) -> Steps:
    """Return how many of the units available at each instant expire within a span from it.

    Args:
        within: a span; or local days: how far away the last date is on which they can be spent, 0 on that date.
        where: the zone of local days.
    """
    sweep = Sweep(state)
    for _ in sweep.walk(NEVER):
        pass
    edges: dict[int, int] = {}
    for at, lot, units in sweep.changes:
        end = sweep.ends[lot][0]
        if end != NEVER:
            _add(edges, max(at, _begin(end, end - 1, within, where)), units)
    return _summed(state.at, edges)


def vesting_steps(state: State, within: Span | LocalDays, where: ZoneInfo = _UTC) -> Steps:
    """Return how many of the units pending at each instant vest within a span from it; those that wait do not count.

    Args:
        within: a span; or local days: how far away the date is on which they vest.
        where: the zone of local days.
    """
    edges: dict[int, int] = {}
    for vests, lot in state.waiting:
        units = state.lots[lot][Bucket.PENDING]
        _add(edges, _begin(vests, vests, within, where), units)
        _add(edges, vests, -units)
    return _summed(state.at, edges)


def _begin(end: int, last: int, within: Span | LocalDays, where: ZoneInfo) -> int:
    """Return the first instant from which an end lies within a span, or the date of ``last`` within local days."""
    if isinstance(within, Span):
        return end - within.micros
    return start_of_day(date.fromordinal(local_date(last, where).toordinal() - within.count), where)


def _add(edges: dict[int, int], at: int, amount: int) -> None:
    edges[at] = edges.get(at, 0) + amount


def _summed(now: int, edges: dict[int, int]) -> Steps:
    """Return the running sum of what is added at instants, from now on."""
    past = sum(amount for at, amount in edges.items() if at <= now)
    later = sorted((at, amount) for at, amount in edges.items() if at > now)
    sums = accumulate((amount for _, amount in later), initial=past)
    return _tight(zip([now, *(at for at, _ in later)], sums, strict=True))


def _tight(steps: Iterable[tuple[int, int]]) -> Steps:
    found: Steps = []
    for at, value in steps:
        if not found or value != found[-1][1]:
            found.append((at, value))
    return found
