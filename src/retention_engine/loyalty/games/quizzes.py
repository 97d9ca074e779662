"""Quizzes: questions with weights, one attempt, a time limit, a prize for those who pass."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from attrs import field, frozen

from retention_engine.errors import DefinitionError, LedgerError, shown
from retention_engine.loyalty.games.opening import Opening, as_tuple, check_name, check_number, reward_key, unique
from retention_engine.timing import NEVER, Span
from retention_engine.values import is_printable


class Said(Protocol):
    """An answer, as a fact or as a record."""

    @property
    def id(self) -> str:
        """Its id."""

    @property
    def at(self) -> int:
        """When it was given."""

    @property
    def survey(self) -> str:
        """To which survey, quiz or poll."""

    @property
    def question(self) -> str | None:
        """To which question."""

    @property
    def score(self) -> int | float | None:
        """The number given."""

    @property
    def choice(self) -> str | None:
        """The text chosen."""


@frozen(kw_only=True)
class Question:
    """A question of a quiz; the right answer is not shown where the question is printed.

    Attributes:
        right: the choice that is right.
        weight: points for it.
    """

    id: str = field(validator=check_name)
    right: str = field(repr=False)
    weight: int = field(default=1, validator=check_number(1))

    @right.validator
    def _is_text(self, _: Any, value: Any) -> None:
        if not is_printable(value):
            raise DefinitionError("right is a printable text of 1 to 200 characters")


@frozen(kw_only=True)
class Quiz(Opening):
    """Questions that a customer answers once.

    Attributes:
        pass_at: points needed to pass.
        time_limit: for the whole attempt, from its start on; None: until the quiz closes.
    """

    questions: tuple[Question, ...] = field(converter=as_tuple)
    pass_at: int = field(validator=check_number(1))
    time_limit: Span | None = field(default=None)

    def __attrs_post_init__(self) -> None:
        """Refuse questions with one id, and a quiz that nobody can pass or finish."""
        unique([each.id for each in self.questions], "the questions of a quiz")
        if self.pass_at > self.points:
            raise DefinitionError(f"pass_at is at most {self.points}, the points of all questions, not {self.pass_at}")
        if self.time_limit is not None and not (isinstance(self.time_limit, Span) and self.time_limit.micros):
            raise DefinitionError(f"time_limit is None or a span above zero, not {shown(self.time_limit)}")

    @property
    def points(self) -> int:
        """The points of all questions."""
        return sum(each.weight for each in self.questions)

    def solution(self, at: int) -> dict[str, str]:
        """Return the right answer of each question, once the quiz has closed.

        Raises:
            LedgerError: it has not.
        """
        if at < self.closes_at:
            raise LedgerError(f"the answers of {self.id} are shown from {self.closes_at} on, not at {at}", code="early")
        return {each.id: each.right for each in self.questions}


@frozen
class Attempt:
    """What a customer did in a quiz.

    Attributes:
        started: when the time began to run.
        ends: the first instant at which no answer counts any more.
        answered: the first answer to each question, in time.
        points: for the right ones.
        passed: when the points were enough, None while they are not.
    """

    started: int
    ends: int
    answered: dict[str, str]
    points: int
    passed: int | None

    def rewards(self, quiz: Quiz, customer: str) -> list[tuple[int, str]]:
        """Return (instant, key) of the prize when the quiz was passed; otherwise nothing."""
        return [] if self.passed is None else [(self.passed, reward_key("quiz", quiz.id, customer))]


def attempt(quiz: Quiz, said: Iterable[Said], started: Iterable[int] = ()) -> Attempt | None:
    """Return the one attempt of a customer, None before it began.

    Args:
        quiz: the questions.
        said: answers of the customer, in any order, also to other quizzes.
        started: when the questions were shown; without that the time runs from the first answer.
    """
    given = sorted(
        (one for one in said if one.survey == quiz.id and quiz.is_open(one.at)),
        key=lambda one: (one.at, one.id),
    )
    begun = [at for at in started if quiz.is_open(at)] + [one.at for one in given[:1]]
    if not begun:
        return None
    ends = min(quiz.closes_at, min(begun) + (NEVER if quiz.time_limit is None else quiz.time_limit.micros))
    known = {each.id: each for each in quiz.questions}
    answered: dict[str, str] = {}
    points, passed = 0, None
    for one in given:
        question = known.get(one.question or "")
        if question is None or one.choice is None or question.id in answered or one.at >= ends:
            continue
        answered[question.id] = one.choice
        points += question.weight if one.choice == question.right else 0
        if passed is None and points >= quiz.pass_at:
            passed = one.at
    return Attempt(min(begun), ends, answered, points, passed)
