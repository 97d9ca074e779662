"""Quizzes, polls and surveys."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention_engine.errors import DefinitionError, LedgerError
from retention_engine.facts import Answered
from retention_engine.loyalty.games import Poll, Question, Quiz, Tally, attempt, net_promoter, tally, votes
from retention_engine.timing import Span

QUESTIONS = [Question(id="q1", right="a"), Question(id="q2", right="b", weight=2), Question(id="q3", right="c")]


def said(at: int, choice: str | None = None, question: str | None = None, **more: Any) -> Answered:
    """Return an answer."""
    words = {"customer": "anna", "survey": "s", "id": f"{more.get('customer', 'anna')}{at}{question}"}
    return Answered(**{**words, "at": at, "choice": choice, "question": question, **more})


def quiz(**more: Any) -> Quiz:
    """Return a quiz that is open from 10 to 100."""
    return Quiz(**{"id": "s", "opens_at": 10, "closes_at": 100, "questions": QUESTIONS, "pass_at": 3, **more})


def test_the_first_answer_to_each_question_counts() -> None:
    """One attempt: a second answer changes nothing, nor do answers to other questions and quizzes."""
    given_answers = [
        said(20, "a", "q1"),
        said(21, "x", "q2"),
        said(22, "b", "q2"),
        said(23, "a", "q9"),
        said(24, None, "q3"),
        said(25, "c", "q3"),
        said(26, "c", "q3", survey="other"),
    ]
    made = attempt(quiz(pass_at=2), given_answers[::-1])
    assert made is not None
    assert (made.answered, made.points, made.passed) == ({"q1": "a", "q2": "x", "q3": "c"}, 2, 25)
    assert made.rewards(quiz(), "anna") == [(25, "quiz:s:anna")]
    assert attempt(quiz(), []) is None


@pytest.mark.parametrize(
    ("shown", "instants", "limit", "points"),
    [
        ((), (20, 29), 10, 3),
        ((), (20, 30), 10, 1),
        ((15,), (20, 24), 10, 3),
        ((15,), (20, 25), 10, 1),
        ((15, 30), (20, 25), 10, 1),
        ((), (20, 99), None, 3),
        ((), (20, 100), None, 1),
        ((), (9, 20), None, 2),
    ],
    ids=["in-time", "at-the-limit", "shown", "shown-too-late", "shown-twice", "no-limit", "closed", "not-open"],
)
def test_time_is_half_open(shown: tuple[int, ...], instants: tuple[int, int], limit: int | None, points: int) -> None:
    """An answer at the very end does not count; the time runs from when the questions were shown first."""
    one = quiz(time_limit=None if limit is None else Span(limit))
    made = attempt(one, [said(instants[0], "a", "q1"), said(instants[1], "b", "q2")], shown)
    assert made is not None
    assert made.points == points
    assert (made.rewards(one, "anna") != []) == (points >= 3)


def test_the_solution_is_not_shown_before_the_close() -> None:
    """Not by asking, nor by printing the quiz."""
    with pytest.raises(LedgerError, match="are shown from 100 on, not at 99") as caught:
        quiz().solution(99)
    assert caught.value.code == "early"
    assert quiz().solution(100) == {"q1": "a", "q2": "b", "q3": "c"}
    assert "right" not in repr(quiz())
    assert quiz().open_steps(0) == [(0, False), (10, True), (100, False)]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"pass_at": 5}, "pass_at is at most 4"),
        ({"pass_at": 0}, "pass_at is a whole number from 1"),
        ({"questions": []}, "at least one of the questions"),
        ({"questions": [QUESTIONS[0], QUESTIONS[0]]}, "'q1' is there twice"),
        ({"time_limit": Span(0)}, "time_limit is None or a span above zero"),
        ({"closes_at": 10}, "closes_at lies after opens_at, 10"),
    ],
    ids=["too-much", "nothing", "none", "twice", "limit", "closed"],
)
def test_wrong_quizzes_are_refused(words: dict[str, Any], message: str) -> None:
    """What nobody could pass or finish."""
    with pytest.raises(DefinitionError, match=message):
        quiz(**words)


def test_a_wrong_question_is_refused_without_showing_its_answer() -> None:
    """The message does not tell what is right."""
    with pytest.raises(DefinitionError, match="right is a printable text"):
        Question(id="q", right="")


def poll(**more: Any) -> Poll:
    """Return a poll that is open from 10 to 100."""
    return Poll(**{"id": "s", "opens_at": 10, "closes_at": 100, "options": ["tea", "coffee"], "least": 1, **more})


NPS = {"kind": "scale", "options": ()}
VOTES = st.lists(
    st.tuples(
        st.sampled_from("abcde"),
        st.integers(5, 105),
        st.sampled_from(["tea", "coffee", "milk", "tea|coffee", "tea|milk", "tea|tea", None]),
        st.sampled_from([None, -1, 0, 6, 9, 10, 11, 9.0]),
    ),
    max_size=30,
)


@given(VOTES, st.sampled_from(["single", "multi", "scale"]), st.randoms(use_true_random=False))
def test_poll_one_every_customer_has_one_vote(rows: Any, kind: str, order: Any) -> None:
    """The sum of the tallies is the number of voters; the last good vote counts, whatever the order of arrival."""
    one = poll(kind=kind, options=() if kind == "scale" else ("tea", "coffee"))
    facts = [
        said(at, choice, score=score, customer=name, id=f"{number:03}")
        for number, (name, at, choice, score) in enumerate(rows)
    ]
    wanted: dict[str, tuple[Any, ...]] = {}
    for name, at, choice, score in sorted(rows, key=lambda row: row[1]):
        if not 10 <= at < 100:
            continue
        if kind == "scale":
            if score is not None and isinstance(score, int) and 0 <= score <= 10:
                wanted[name] = (score,)
        elif choice in ({"tea", "coffee"} if kind == "single" else {"tea", "coffee", "tea|coffee", "tea|tea"}):
            wanted[name] = tuple(sorted(set(choice.split("|"))))
    order.shuffle(facts)
    found = tally(one, facts)
    assert found.voters == len(wanted)
    counted = Counter(choice for vote in wanted.values() for choice in vote)
    assert {choice: count for choice, count in found.counts.items() if count} == dict(counted)
    if kind != "multi":
        assert sum(found.counts.values()) == found.voters


def test_votes_may_change_until_the_close_and_are_kept() -> None:
    """Each vote of a customer is there, the last one counts."""
    facts = [said(20, "tea"), said(30, "coffee"), said(100, "tea"), said(40, "milk"), said(25, "tea", customer="bob")]
    assert votes(poll(), facts, "anna") == [(20, ("tea",)), (30, ("coffee",))]
    assert tally(poll(), facts) == Tally(2, {"tea": 1, "coffee": 1})


def test_results_are_hidden_below_k_answers() -> None:
    """How many voted is shown, what they said is not."""
    facts = [said(20, "tea", customer=f"c{number}") for number in range(4)]
    hidden = tally(poll(least=5), facts)
    assert (hidden.voters, hidden.counts, hidden.is_hidden) == (4, {}, True)
    assert not tally(poll(least=4), facts).is_hidden


def test_a_survey_is_several_polls_under_one_id() -> None:
    """The question tells them apart."""
    facts = [said(20, "tea", "drink"), said(21, None, "again", score=9)]
    assert tally(poll(question="drink"), facts).counts == {"tea": 1, "coffee": 0}
    assert tally(poll(question="again", **NPS), facts).counts[9] == 1
    assert tally(poll(), facts).voters == 0


@pytest.mark.parametrize(
    ("scores", "wanted"),
    [
        ([10] * 70 + [8] * 20 + [3] * 10, Fraction(60)),
        ([9, 10, 7, 8, 6, 0], Fraction(0)),
        ([0, 6], Fraction(-100)),
        ([9, 9, 7], Fraction(200, 3)),
    ],
    ids=["published", "borders", "worst", "third"],
)
def test_nps_is_promoters_less_detractors(scores: list[int], wanted: Fraction) -> None:
    """9 and 10 promote, 0 to 6 detract, 7 and 8 are passive (Reichheld, "The One Number You Need to Grow", 2003)."""
    facts = [said(20, score=score, customer=f"c{number}") for number, score in enumerate(scores)]
    found = net_promoter(tally(poll(**NPS), facts))
    assert found.score == wanted
    assert found.promoters + found.passives + found.detractors == len(scores)


@pytest.mark.parametrize("one", [poll(**NPS, least=9), poll(**NPS, highest=5), poll()], ids=["hidden", "scale", "kind"])
def test_nps_needs_a_shown_result_from_0_to_10(one: Poll) -> None:
    """Anything else is no net promoter score."""
    with pytest.raises(LedgerError, match="net promoter score needs"):
        net_promoter(tally(one, [said(20, "tea", score=4)]))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"kind": "ranked"}, "kind is one of single, multi, scale"),
        ({"kind": "scale"}, "a scale has no options"),
        ({**NPS, "highest": 0}, "highest is above lowest"),
        ({"options": []}, "at least one of the options"),
        ({"options": ["a", "a"]}, "'a' is there twice"),
        ({"options": ["a|b"]}, "without '|'"),
        ({"least": 0}, "least is a whole number from 1"),
    ],
    ids=["kind", "options", "scale", "none", "twice", "separator", "least"],
)
def test_wrong_polls_are_refused(words: dict[str, Any], message: str) -> None:
    """What is no poll."""
    with pytest.raises(DefinitionError, match=message):
        poll(**words)


def test_every_option_of_a_poll_changes_something() -> None:
    """No option is dead."""
    facts = [said(20, "tea|coffee", score=3), said(21, "tea", customer="bob", score=3)]
    base = tally(poll(), facts)
    scale = tally(poll(**NPS), facts)
    changes: list[dict[str, Any]] = [{"kind": "multi"}, {"least": 2}, {"options": ["milk", "tea"]}, {"question": "q"}]
    assert all(tally(poll(**change), facts) != base for change in [*changes, {"opens_at": 22}, {"closes_at": 20}])
    assert all(tally(poll(**NPS, **change), facts) != scale for change in ({"lowest": 4}, {"highest": 2}))
