"""Facts about levels that are given by hand, or for a while."""

from __future__ import annotations

from typing import ClassVar

from attrs import field, frozen

from retention_engine.facts.base import Fact, check_optional, check_text, kind, optional_instant


@kind("level_set")
@frozen(kw_only=True)
class LevelSet(Fact):
    """A customer has at least this level for a while, whatever they earn meanwhile; of several the highest counts.

    Attributes:
        programme: the name of the tier programme.
        level: the name of the level; one that the programme has not changes nothing.
        until: the instant from which it counts no more; None: until ``LevelUnset``.
        reason: for those who ask why.
        by: who did it, or None.
    """

    programme: str = field(validator=check_text)
    level: str = field(validator=check_text)
    until: int | None = field(default=None, converter=optional_instant)
    reason: str = field(validator=check_text)
    by: str | None = field(default=None, validator=check_optional)


@kind("level_unset")
@frozen(kw_only=True)
class LevelUnset(Fact):
    """Every level that was set by hand before is taken back; what was earned counts again."""

    programme: str = field(validator=check_text)
    reason: str = field(validator=check_text)
    by: str | None = field(default=None, validator=check_optional)


@kind("level_reached")
@frozen(kw_only=True)
class LevelReached(Fact):
    """A customer reached a level by what counts: once in each period, however often it is lost and reached again.

    Made by the engine.

    Attributes:
        programme: the name of the tier programme.
        level: the name of the level.
        period: the first local date of the window that gave it, or ``life``.
    """

    MADE_BY_ENGINE: ClassVar[bool] = True
    programme: str = field(validator=check_text)
    level: str = field(validator=check_text)
    period: str = field(validator=check_text)
