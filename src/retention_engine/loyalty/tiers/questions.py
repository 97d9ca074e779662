"""Questions about a standing: at an instant, and as steps that hold until the next one if no fact comes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Any, TypeVar

from attrs import frozen

from retention_engine.keys import fingerprint
from retention_engine.loyalty.tiers.programme import TierProgramme
from retention_engine.loyalty.tiers.standing import Contribution, Overlay, Reached, Standing
from retention_engine.loyalty.tiers.walk import Walk
from retention_engine.timing import NEVER, Span

_Value = TypeVar("_Value")
_ANY_DAY = date(2000, 1, 1)


def standings(
    programme: TierProgramme,
    contributions: Sequence[Contribution],
    overlays: Sequence[Overlay] = (),
    *,
    at: int,
    joined: date = _ANY_DAY,
) -> list[tuple[int, Standing]]:
    """Return the standing from an instant on as steps, by what is known then; the last holds for ever.

    Args:
        programme: the rules.
        contributions: what counts, in any order; what is known later is left out.
        overlays: levels given by hand.
        at: the first step is at or before it.
        joined: the local date of joining, for years of membership.
    """
    return walked(programme, contributions, overlays, at=at, joined=joined)[0]


def walked(
    programme: TierProgramme,
    contributions: Sequence[Contribution],
    overlays: Sequence[Overlay] = (),
    *,
    at: int,
    joined: date = _ANY_DAY,
) -> tuple[list[tuple[int, Standing]], list[Reached]]:
    """Return the standing as steps, and every reach of a level, those to come if no fact comes included."""
    walk = Walk(programme, contributions, overlays, at=at, joined=joined)
    return walk.run(at), walk.reached


def standing(
    programme: TierProgramme,
    contributions: Sequence[Contribution],
    overlays: Sequence[Overlay] = (),
    *,
    at: int,
    joined: date = _ANY_DAY,
) -> Standing:
    """Return the standing at an instant, as then known; what becomes known later never changes it."""
    return standings(programme, contributions, overlays, at=at, joined=joined)[0][1]


def told(steps: Sequence[tuple[int, Standing]], read: Callable[[Standing], _Value]) -> list[tuple[int, _Value]]:
    """Return one thing about a standing as steps, such as ``lambda each: each.level.name``; neighbours differ."""
    found: list[tuple[int, Any]] = []
    for at, each in steps:
        value = read(each)
        if not found or found[-1][1] != value:
            found.append((at, value))
    return found


def review_within(steps: Sequence[tuple[int, Standing]], span: Span) -> list[tuple[int, bool]]:
    """Return as steps whether the level is reviewed within a span: from that long before ``valid_until`` on."""
    found: list[tuple[int, bool]] = []
    ends = [*(at for at, _ in steps[1:]), NEVER]
    for (at, each), end in zip(steps, ends, strict=True):
        due = NEVER if each.valid_until is None or each.in_grace else each.valid_until
        warned = max(at, due - span.micros) if due < NEVER else NEVER
        for edge, truth in ((at, at >= warned), (warned, True)):
            if edge < end and (not found or found[-1][1] != truth):
                found.append((edge, truth))
    return found


@frozen
class Reward:
    """Something is due for a level that was reached: once per customer, level and period.

    Attributes:
        period: the first local date of the window that gave the level, or ``life``.
        key: the idempotency key of the grant.
    """

    at: int
    level: str
    period: str
    key: str


def rewards(
    programme: TierProgramme,
    contributions: Sequence[Contribution],
    customer: str,
    *,
    at: int,
    joined: date = _ANY_DAY,
) -> list[Reward]:
    """Return every reach of a level up to an instant that is to be rewarded, oldest first.

    To fall and reach the level again in one period gives nothing new; levels given by hand give nothing.
    """
    return rewarded(programme, walked(programme, contributions, at=at, joined=joined)[1], customer, at=at)


def rewarded(programme: TierProgramme, reached: Iterable[Reached], customer: str, *, at: int) -> list[Reward]:
    """Return what is to be rewarded of the reaches of levels up to an instant, as ``rewards`` does."""
    found: dict[tuple[str, str], Reward] = {}
    for one in reached:
        name = one.level.name
        if one.at <= at and (name, one.period) not in found:
            key = f"tier:{name}:{one.period}:{fingerprint(programme.name, name, one.period, customer)}"
            found[name, one.period] = Reward(one.at, name, one.period, key)
    return list(found.values())
