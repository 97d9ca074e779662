"""Badges, which show what was reached, and leaderboards, which show who reached most."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from attrs import field, frozen

from retention_engine.errors import DefinitionError, shown
from retention_engine.loyalty.games.opening import as_tuple, check_name, unique


@frozen(kw_only=True)
class Badge:
    """A sign that is shown; no points.

    Attributes:
        levels: the achievement that each level stands for, lowest first.
        revocable: whether a level is lost with its achievement.
    """

    id: str = field(validator=check_name)
    levels: tuple[str, ...] = field(converter=as_tuple)
    revocable: bool = False

    @levels.validator
    def _once_each(self, _: Any, value: tuple[str, ...]) -> None:
        unique(value, "the levels of a badge")


@frozen
class Award:
    """A badge that a customer has.

    Attributes:
        level: the highest reached, from 1.
        at: since when.
    """

    badge: str
    level: int
    at: int


def award(badge: Badge, held: Mapping[str, int], ever: Mapping[str, int]) -> Award | None:
    """Return the badge at its highest level, None while there is none.

    Args:
        badge: which one.
        held: achievements that stand, each with the instant of its first completion.
        ever: the same of all that were ever completed, revoked ones included.
    """
    reached = held if badge.revocable else {**ever, **held}
    levels = [level for level, name in enumerate(badge.levels, 1) if name in reached]
    if not levels:
        return None
    name = badge.levels[levels[-1] - 1]
    instants = [source[name] for source in ((held,) if badge.revocable else (held, ever)) if name in source]
    return Award(badge.id, levels[-1], min(instants))


@frozen(kw_only=True)
class Entrant:
    """Somebody who may be shown on a leaderboard.

    Attributes:
        reached: when the score was reached.
        alias: the name they chose to be shown under; None: they did not opt in and are never shown.
    """

    customer: str
    score: int = field()
    reached: int
    alias: str | None = None

    @score.validator
    def _whole(self, _: Any, value: Any) -> None:
        if type(value) is not int:
            raise DefinitionError(f"score is a whole number, not {shown(value)}")


@frozen
class Row:
    """A line of a leaderboard: no id of a customer."""

    place: int
    alias: str
    score: int


def leaderboard(entrants: Iterable[Entrant], *, most: int) -> list[Row]:
    """Return the best of those who opted in: more first, at equal scores the earlier, then the smaller id."""
    chosen = [each for each in entrants if each.alias is not None]
    chosen.sort(key=lambda each: (-each.score, each.reached, each.customer))
    return [Row(place, f"{each.alias}", each.score) for place, each in enumerate(chosen[:most], 1)]
