"""Games of a club: achievements, missions and badges over anything that can be counted; streaks; quizzes."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

from retention_engine import facts as f
from retention_engine.clubs.achievements import (
    Achievement,
    achieved,
    achievement_rewards,
    achievement_steps,
    badge_award,
    mission_completed,
    mission_progress,
    new_completions,
    revoked,
)
from retention_engine.clubs.games import (
    Streak,
    quiz_attempt,
    streak_length_steps,
    streak_pulse_steps,
    streak_risk_steps,
)
from retention_engine.errors import DefinitionError
from retention_engine.loyalty.games import Award, Badge, Goal, Mission, Progress, Pulse, Question, Quiz, Recurrence
from retention_engine.money import Money
from retention_engine.predicates import answers, events, orders, purchases, reviews, visits
from retention_engine.state import History, apply, fold
from retention_engine.timing import DAY, HOUR, days, hours, zone

UTC = zone("UTC")


def history(*facts: f.Fact) -> History:
    """Return what is known of Anna."""
    return fold(History("anna"), facts)


def bought(at: int, *skus: str, total: int = 100) -> f.Fact:
    """Return an order."""
    lines = [f.Line(sku=sku, price=Money(100, "EUR"), category="tea") for sku in skus]
    return f.OrderPlaced.of(f.Order(id=f"o{at}", customer="anna", at=at, lines=lines, total=Money(total, "EUR")))


def visit(at: int, **more: Any) -> f.Fact:
    """Return a visit."""
    return f.Visited(id=f"v{at}", customer="anna", at=at, **more)


def cancelled(at: int) -> f.Fact:
    """Return the cancellation of an order, a day later."""
    return f.OrderCancelled(id=f"c{at}", customer="anna", at=at + DAY, order_id=f"o{at}")


def moved(at: int, where: str | None, **more: Any) -> f.Fact:
    """Return a change of zone."""
    return f.AttributeChanged(id=f"z{at}", customer="anna", at=at, name="zone", value=where, **more)


BUYER = Achievement(id="buyer", measure=orders.count(), target=2)


@pytest.mark.parametrize(
    ("measure", "progress"),
    [
        (orders.count(), 2),
        (orders.sum("total"), 400),
        (purchases.where(category="tea").distinct("sku"), 2),
        (purchases.where(sku="b").count(), 1),
        (visits.distinct("page"), 1),
        (events("played").sum("points"), 5),
    ],
    ids=str,
)
def test_a_measure_counts_sums_or_tells_apart(measure: Any, progress: int) -> None:
    """Records without the field, or with no whole number in it, count nothing."""
    played = [
        f.Event(id=f"e{n}", customer="anna", at=n, name="played", data={"points": p})
        for n, p in enumerate((5, "x", 1.5), 1)
    ]
    known = history(bought(1, "a", "b", total=150), bought(2, "a", total=250), visit(3), visit(4, page="/"), *played)
    (step,) = achievement_steps(Achievement(id="x", measure=measure, target=1000), known, 9, UTC)
    assert step[1].progress == progress


def test_a_completion_becomes_a_fact_and_a_refund_takes_it_not_away() -> None:
    """The fact is made once, under the key of the reward; what was completed stays."""
    known = history(bought(1), bought(2))
    (fact,) = new_completions(BUYER, known, 2, UTC)
    assert (fact.id, fact.at, fact.instance) == ("ach:buyer:anna:1", 2, 1)
    assert achievement_rewards(BUYER, known, 2, UTC) == [(2, fact.id)]
    fold(known, [fact, cancelled(2)])
    assert new_completions(BUYER, known, 2 + DAY, UTC) == []
    assert achievement_rewards(BUYER, known, 2 + DAY, UTC) == [(2, fact.id)]
    assert revoked(BUYER, known, 2 + DAY, UTC) == []
    assert revoked(evolve(BUYER, revocable=True), known, 2 + DAY, UTC) == [fact.id]


def test_facts_after_the_instant_do_not_count() -> None:
    """Asked about an earlier instant."""
    assert achieved(BUYER, history(bought(1), bought(2)), 1, UTC)[0].completed is None


def test_a_mission_remembers_its_steps_under_its_own_name() -> None:
    """Buy, then write: the steps are facts, the mission has one reward."""
    writer = Achievement(id="writer", measure=reviews.count(), target=1)
    mission = Mission(id="spring", steps=[BUYER, writer], ordered=True, end=10 * DAY)
    known = history(bought(1), bought(2))
    made = new_completions(mission, known, 2, UTC)
    assert [fact.achievement for fact in made] == ["spring/buyer"]
    fold(known, [*made, cancelled(1), f.Reviewed(id="r", customer="anna", at=2 * DAY, score=5)])
    assert mission_completed(mission, known, 2 * DAY, UTC) == [(2 * DAY, "mission:spring:anna")]
    assert mission_progress(mission, known, 2 * DAY, UTC)[0][1].status is Progress.COMPLETED
    with pytest.raises(DefinitionError, match="is an Achievement with a measure"):
        mission_completed(Mission(id="m", steps=[Goal(id="g", target=1)]), known, 9, UTC)


def test_a_badge_follows_the_achievements_of_its_levels() -> None:
    """The highest level, since when; a revoked achievement leaves a badge that is not revocable."""
    big = Achievement(id="big", measure=orders.sum("total"), target=200, revocable=True)
    known = history(bought(1), bought(5))
    badge = Badge(id="b", levels=["buyer", "big"])
    assert badge_award(badge, known, 5, UTC, achievements=[BUYER, big]) == Award("b", 2, 5)
    fold(known, [*new_completions(big, known, 5, UTC), *new_completions(BUYER, known, 5, UTC), cancelled(5)])
    assert badge_award(badge, known, 9, UTC, achievements=[BUYER, big]) == Award("b", 2, 5)
    lost = badge_award(evolve(badge, revocable=True), known, 9, UTC, achievements=[BUYER, big])
    assert lost == Award("b", 1, 5)
    assert badge_award(badge, history(), 9, UTC, achievements=[BUYER]) is None


@pytest.mark.parametrize(
    "measure",
    [orders.mean("total"), orders.within(days(3)).count(), orders, "orders.count()"],
    ids=["mean", "window", "records", "text"],
)
def test_what_cannot_be_counted_is_refused(measure: Any) -> None:
    """The period says which records count, not a window."""
    with pytest.raises(DefinitionError):
        Achievement(id="x", measure=measure, target=1)
    with pytest.raises(DefinitionError):
        Streak(id="x", records=measure if measure is not orders else "orders")


def test_declarations_say_what_must_be_remembered() -> None:
    """A rule set keeps nothing else."""
    assert BUYER.reads() == {"orders", "events:achievement_completed"}
    assert Streak(id="s", records=visits).reads() == {"visits", "customer.zone"}
    again = Achievement(id="x", measure=orders.count(), target=1, recurrence=Recurrence.ON_COMPLETION)
    assert len(achievement_rewards(again, history(bought(1), bought(2)), 9, UTC)) == 2


DAILY = Streak(id="daily", records=visits, zone="Europe/Berlin")


def test_a_streak_uses_the_zone_that_was_known() -> None:
    """22:30 UTC is the next day in Berlin; what happens after the move to New York belongs to a day there."""
    known = history(visit(10 * DAY - HOUR), visit(11 * DAY - 2 * HOUR))
    assert streak_length_steps(DAILY, known, 11 * DAY, UTC) == [(11 * DAY, 1), (12 * DAY - HOUR, 0)]
    assert streak_length_steps(evolve(DAILY, zone="UTC"), known, 11 * DAY, UTC)[0][1] == 2
    fold(known, [moved(11 * DAY, "America/New_York")])
    assert streak_length_steps(DAILY, known, 11 * DAY, UTC) == [(11 * DAY, 1), (12 * DAY + 5 * HOUR, 0)]


def test_a_streak_is_at_risk_before_its_period_ends() -> None:
    """Nothing today, and three hours are left."""
    known = history(visit(0))
    risk = streak_risk_steps(DAILY, known, 0, UTC, lead=hours(3))
    assert risk == [(0, False), (2 * DAY - 4 * HOUR, True), (2 * DAY - HOUR, False)]
    assert [pulse for _, pulse in streak_pulse_steps(DAILY, known, 0, UTC)] == [
        Pulse.ALIVE,
        Pulse.AT_RISK,
        Pulse.BROKEN,
    ]


def test_zones_are_those_that_were_known_then() -> None:
    """Learned later counts from then on; an older fact that comes late, an unknown name and no value are no zones."""
    told = [
        moved(5, "Asia/Tokyo"),
        moved(7, "Nowhere/Else"),
        moved(3, "Europe/Rome", learned=9),
        moved(11, None),
        f.Registered(id="r", customer="anna", at=1, profile=f.Customer(id="anna", registered=1, zone="Asia/Kolkata")),
        f.Registered(id="q", customer="anna", at=0, profile=f.Customer(id="anna", registered=0)),
    ]
    known = history(*told)
    assert [(since, area.key) for since, area in DAILY.zones(known)][1:] == [
        (1, "Asia/Kolkata"),
        (5, "Asia/Tokyo"),
        (7, "Europe/Berlin"),
        (11, "Europe/Berlin"),
    ]
    other = history(*told[::-1], *told)
    assert DAILY.zones(other) == DAILY.zones(known)
    apply(other, moved(5, "Asia/Tokyo", learned=20))
    assert DAILY.zones(other) == DAILY.zones(known)


def test_a_quiz_reads_answers_and_its_start() -> None:
    """From the customer's facts alone."""
    quiz = Quiz(
        id="q", opens_at=0, closes_at=100, questions=[Question(id="1", right="a")], pass_at=1, time_limit=hours(1)
    )
    said = f.Answered(id="a", customer="anna", at=9, survey="q", question="1", choice="a")
    known = history(
        f.QuizStarted(id="s", customer="anna", at=5, quiz="q"),
        f.QuizStarted(id="t", customer="anna", at=1, quiz="other"),
        said,
    )
    made = quiz_attempt(quiz, known)
    assert made is not None
    assert (made.started, made.rewards(quiz, "anna")) == (5, [(9, "quiz:q:anna")])
    assert quiz_attempt(quiz, history()) is None
    assert answers.where(survey="q").count() is not None
