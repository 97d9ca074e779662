"""Streaks and quizzes of a club, and where a customer stands in them."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from attrs import field, frozen

from retention_engine.clubs.achievements import records_of, without_windows
from retention_engine.loyalty.games import (
    Attempt,
    Course,
    Pulse,
    Quiz,
    Rhythm,
    attempt,
    course,
    length_steps,
    pulse_steps,
    risk_steps,
)
from retention_engine.predicates import Collection
from retention_engine.state import EVENTS, History, zones_of
from retention_engine.timing import EARLIEST, Span, is_zone, zone

QUIZ_STARTED = f"{EVENTS}quiz_started"


@frozen(kw_only=True)
class Streak(Rhythm):
    """Periods in a row in which something happened.

    Attributes:
        records: what counts.
    """

    records: Collection = field()

    @records.validator
    def _countable(self, _: Any, value: Any) -> None:
        without_windows(value, "records")

    def reads(self) -> frozenset[str]:
        """Return what must be remembered of a customer to tell where they stand."""
        return self.records.reads() | {"customer.zone"}

    def zones(self, history: History) -> list[tuple[int, ZoneInfo]]:
        """Return the zones of a customer over time; the streak's own while theirs is unknown or does not exist."""
        own = zone(self.zone)
        known = [(since, zone(f"{name}") if is_zone(name) else own) for since, name in zones_of(history)]
        return [(EARLIEST, own), *known]


def streak_course(streak: Streak, history: History, at: int, where: ZoneInfo) -> Course:
    """Return how a streak went, and how it ends if nothing else happens."""
    instants = [record.at for record in records_of(streak.records, history, at, where)]
    return course(streak, instants, streak.zones(history))


def streak_length_steps(streak: Streak, history: History, at: int, where: ZoneInfo) -> list[tuple[int, int]]:
    """Return the length of a streak from ``at`` on, if nothing else happens."""
    return length_steps(streak_course(streak, history, at, where), at)


def streak_pulse_steps(streak: Streak, history: History, at: int, where: ZoneInfo) -> list[tuple[int, Pulse]]:
    """Return whether a streak is alive, at risk, frozen or broken from ``at`` on, if nothing else happens."""
    return pulse_steps(streak_course(streak, history, at, where), at)


def streak_risk_steps(
    streak: Streak, history: History, at: int, where: ZoneInfo, *, lead: Span
) -> list[tuple[int, bool]]:
    """Return from ``at`` on whether the present period lacks something and ends within ``lead``."""
    return risk_steps(streak_course(streak, history, at, where), at, lead)


def quiz_attempt(quiz: Quiz, history: History) -> Attempt | None:
    """Return the one attempt of a customer at a quiz, None before it began."""
    started = [record.at for record in history.records(QUIZ_STARTED) if record.data["quiz"] == quiz.id]
    return attempt(quiz, history.records("answers"), started)
