"""Facts about games that must be remembered: what was completed once stays so, and when a quiz was begun."""

from __future__ import annotations

from typing import ClassVar

from attrs import field, frozen

from retention_engine.facts.base import Fact, check_integer, check_text, kind


@kind("achievement_completed")
@frozen(kw_only=True)
class AchievementCompleted(Fact):
    """The customer completed an instance of an achievement; made by the engine under the key of its reward.

    Attributes:
        achievement: its id; that of a step of a mission is ``mission/step``.
        instance: the instant at which the instance opened, microseconds UTC.
    """

    MADE_BY_ENGINE: ClassVar[bool] = True
    achievement: str = field(validator=check_text)
    instance: int = field(validator=check_integer)


@kind("quiz_started")
@frozen(kw_only=True)
class QuizStarted(Fact):
    """The customer was shown the questions of a quiz: its time limit runs from here."""

    quiz: str = field(validator=check_text)
