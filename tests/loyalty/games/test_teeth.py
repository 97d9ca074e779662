"""The tests of games bite: each planted fault, of other systems and of our own, makes one of them fail."""

from __future__ import annotations

import hmac
from collections import Counter
from collections.abc import Callable
from datetime import date
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import pytest
from attrs import evolve
from hypothesis import Phase, given, settings

from retention_engine.loyalty.games import (
    Goal,
    achievements,
    missions,
    opening,
    polls,
    proofs,
    quizzes,
    raffles,
    streaks,
)
from retention_engine.timing import DAY, NEVER
from tests.loyalty.games import _play
from tests.loyalty.games import test_achievements as ach
from tests.loyalty.games import test_missions as mis
from tests.loyalty.games import test_quizzes_and_polls as pol
from tests.loyalty.games import test_raffles as raf
from tests.loyalty.games import test_streaks as stk

Patch = pytest.MonkeyPatch


def day_of_hours(patch: Patch) -> None:
    """X39: a day is 24 hours."""
    patch.setattr(streaks, "start_of_day", lambda day, where: (day.toordinal() - 719163) * DAY + 5 * DAY // 24)


def recomputed(patch: Patch) -> None:
    """X39: dates are computed again in the present zone."""
    sound = streaks.course
    patch.setattr(stk, "course", lambda one, instants, zones: sound(one, instants, [(zones[0][0], zones[-1][1])]))


def first_end(patch: Patch) -> None:
    """X39: after a flight the earlier end of a day counts."""
    sound = streaks.period_end
    patch.setattr(streaks, "period_end", lambda one, number, zones: sound(one, number, zones[:1]))


def breaks_at_once(patch: Patch) -> None:
    """The present period breaks the streak before it is over."""
    sound = streaks.Course.length
    patch.setattr(streaks.Course, "length", lambda self, at: sound(self, at + DAY))


def freezes_count(patch: Patch) -> None:
    """A freeze adds to the length."""
    sound = streaks.Course.length
    patch.setattr(streaks.Course, "length", lambda self, at: sound(self, at) + len(self.frozen))


def endless_freezes(patch: Patch) -> None:
    """A freeze is never used up."""
    patch.setattr(streaks, "Counter", lambda *_: _Forgetful())


class _Forgetful(dict[Any, int]):
    def __missing__(self, _: Any) -> int:
        return 0

    def __setitem__(self, key: Any, value: int) -> None:
        if not isinstance(key, tuple):
            super().__setitem__(key, value)


def list_order(patch: Patch) -> None:
    """X40: the winner is replaced by the first valid in the list."""
    sound = raffles.ranking

    def ranking(seed: bytes, tickets: Any) -> Any:
        ranked = sound(seed, tickets)
        return ranked[:1] + sorted(ranked[1:])

    patch.setattr(raf, "ranking", ranking)


def remainder(patch: Patch) -> None:
    """X40: the winner is the digest modulo the number of customers, whatever their tickets."""

    def ranking(seed: bytes, tickets: Any) -> Any:
        place = int.from_bytes(hmac.digest(seed, b"", "sha256"), "big") % len(tickets.entries)
        rows = [(customer, f"1:{customer}") for customer, _ in tickets.entries]
        return rows[place:] + rows[:place]

    patch.setattr(raf, "ranking", ranking)


def wins_twice(patch: Patch) -> None:
    """X40: each ticket is in the ranking, so that a customer may win twice."""

    def ranking(seed: bytes, tickets: Any) -> Any:
        each = [(c, raffles.ticket_id(c, n)) for c, count in tickets.entries for n in range(1, count + 1)]
        return sorted(each, key=lambda one: hmac.digest(seed, one[1].encode(), "sha256"))

    patch.setattr(raffles, "ranking", ranking)


def unframed(patch: Patch) -> None:
    """Parts are joined without their lengths."""
    patch.setattr(raffles, "framed", lambda *parts, width: "".join(map(str, parts)).encode())


def trusting(patch: Patch) -> None:
    """A proof is computed again, but not compared."""
    patch.setattr(proofs, "hmac", SimpleNamespace(compare_digest=lambda *_: True))


def any_seed(patch: Patch) -> None:
    """The seed need not be the committed one."""
    patch.setattr(raffles, "hmac", SimpleNamespace(compare_digest=lambda *_: True, digest=hmac.digest))


def overlapping(patch: Patch) -> None:
    """The mark that completed an instance counts in the next as well."""
    sound = achievements.Instances._add

    def add(self: Any, opened: int, closes: int, progress: int, reached: int | None) -> None:
        sound(self, opened, closes, progress, reached)
        if reached is not None and self.ends and self.found[-1].opened != reached:
            self.free = reached

    patch.setattr(achievements.Instances, "_add", add)


def forgetful(patch: Patch) -> None:
    """Completions are not remembered: a refund takes them away."""
    patch.setattr(achievements.Instances, "recorded", lambda self, known, limit: self.until(limit))


def beyond_target(patch: Patch) -> None:
    """The target must be passed, not reached."""
    sound = achievements._Tally.take
    patch.setattr(
        achievements._Tally, "take", lambda self, marks, target, **more: sound(self, marks, target + 1, **more)
    )


def closed_window(patch: Patch) -> None:
    """The first instant after a period belongs to it."""
    sound = Goal.closing
    patch.setattr(Goal, "closing", lambda self, *given: min(NEVER, sound(self, *given) + 1))


def recurs_always(patch: Patch) -> None:
    """An achievement that can be had once can be had again."""
    patch.setattr(Goal, "recurs", property(lambda _: True))


def one_key(patch: Patch) -> None:
    """The key names no instance."""
    patch.setattr(achievements, "reward_key", lambda *words, **_: opening.reward_key(*words))


def all_unlocked(patch: Patch) -> None:
    """The steps of an ordered mission are open from the start."""
    sound = missions.unfold
    patch.setattr(mis, "unfold", lambda one, *given: sound(evolve(one, ordered=False), *given))


def second_try(patch: Patch) -> None:
    """The last answer to a question counts, not the first."""
    sound = quizzes.attempt

    def attempt(one: Any, said: Any, started: Any = ()) -> Any:
        latest = {each.question: each for each in sorted(said, key=lambda each: each.at) if each.survey == one.id}
        return sound(one, list(latest.values()), started)

    patch.setattr(pol, "attempt", attempt)


def closed_limit(patch: Patch) -> None:
    """An answer at the very end counts."""
    sound = quizzes.attempt
    patch.setattr(
        pol,
        "attempt",
        lambda one, *given: sound(
            one if one.time_limit is None else evolve(one, time_limit=type(one.time_limit)(one.time_limit.micros + 1)),
            *given,
        ),
    )


def every_vote(patch: Patch) -> None:
    """Each vote counts, not the last of each customer."""
    sound = polls.tally
    patch.setattr(pol, "tally", lambda one, said: sound(one, [evolve(each, customer=each.id) for each in said]))


def never_hidden(patch: Patch) -> None:
    """Results of few are shown."""
    sound = polls.tally
    patch.setattr(pol, "tally", lambda one, said: sound(evolve(one, least=1), said))


def passives_detract(patch: Patch) -> None:
    """7 counts against the shop."""
    patch.setattr(polls, "NetPromoter", lambda p, n, d: _Nps(p, n, d))


def _Nps(promoters: int, passives: int, detractors: int) -> Any:
    return SimpleNamespace(
        score=promoters - detractors - passives, promoters=promoters, passives=passives, detractors=detractors
    )


STREAK_LAWS = [
    stk.test_the_length_is_that_of_a_walk_through_the_calendar,
    stk.test_streak_tz_a_later_zone_changes_no_past,
    stk.test_b28_a_flight_west_prolongs_the_day,
    stk.test_b28_a_flight_east_breaks_no_streak,
]
ACH_LAWS = [
    ach.test_ach_inst_every_instance_is_what_a_machine_counts,
    ach.test_ach_inst_instances_never_overlap_and_pay_once,
    ach.test_what_was_completed_stays,
]
RAFFLE_LAWS = [
    raf.test_raffle_alt_the_next_rank_moves_up,
    raf.test_raffle_perm_and_uniq,
    raf.test_raffle_fair,
    raf.test_b29_a_replacement_is_as_fair_as_a_draw,
    raf.test_raffle_verify_any_flipped_byte_fails,
    raf.test_frames_keep_parts_apart,
    lambda: raf.test_wrong_draws_are_refused(
        lambda: raffles.draw(raf.raffle(), raffles.Tickets(()), server_seed=bytes(32), beacon_value="x"), "other_seed"
    ),
]
OTHER_LAWS = [
    mis.test_a_step_of_an_ordered_mission_is_locked_until_the_one_before_is_completed,
    pol.test_the_first_answer_to_each_question_counts,
    lambda: pol.test_time_is_half_open((), (20, 30), 10, 1),
    pol.test_poll_one_every_customer_has_one_vote,
    pol.test_results_are_hidden_below_k_answers,
    lambda: pol.test_nps_is_promoters_less_detractors([9, 9, 7], Fraction(200, 3)),
]
FAULTS: list[tuple[Callable[[Patch], None], list[Any]]] = [
    *(
        (fault, STREAK_LAWS)
        for fault in (day_of_hours, recomputed, first_end, breaks_at_once, freezes_count, endless_freezes)
    ),
    *((fault, RAFFLE_LAWS) for fault in (list_order, remainder, wins_twice, unframed, trusting, any_seed)),
    *((fault, ACH_LAWS) for fault in (overlapping, forgetful, beyond_target, closed_window, recurs_always, one_key)),
    *(
        (fault, OTHER_LAWS)
        for fault in (all_unlocked, second_try, closed_limit, every_vote, never_hidden, passives_detract)
    ),
]


QUICK = settings(phases=[Phase.generate], database=None, max_examples=200, deadline=None, derandomize=True)


def fails(law: Any, patch: Patch) -> bool:
    """Tell whether a law finds a fault; examples are not made smaller, nobody reads them."""
    if hasattr(law, "hypothesis"):
        patch.setattr(law, "_hypothesis_internal_use_settings", QUICK)
    try:
        law()
    except (Exception, pytest.fail.Exception):  # noqa: BLE001 - whatever a fault leads to
        return True
    return False


@pytest.mark.parametrize(("fault", "laws"), FAULTS, ids=[fault.__name__ for fault, _ in FAULTS])
def test_a_planted_fault_is_found(fault: Callable[[Patch], None], laws: list[Any], monkeypatch: Patch) -> None:
    """At least one law fails; without the fault none does (that is what the other files show)."""
    fault(monkeypatch)
    assert any(fails(law, monkeypatch) for law in laws)


@pytest.mark.parametrize(
    "laws", [STREAK_LAWS, ACH_LAWS, RAFFLE_LAWS, OTHER_LAWS], ids=["streaks", "goals", "raffles", "rest"]
)
def test_without_a_fault_no_law_fails(laws: list[Any], monkeypatch: Patch) -> None:
    """The laws do not fail of themselves."""
    assert not any(fails(law, monkeypatch) for law in laws)


def test_generated_games_are_worth_playing() -> None:
    """At least 15 % of the examples have a completed achievement, and as many a streak of three."""
    seen: Counter[str] = Counter()

    @settings(max_examples=200, database=None, derandomize=True)
    @given(_play.goals(), _play.marks(), stk.dense(30))
    def play(goal: Goal, marks: Any, pairs: Any) -> None:
        seen["played"] += 1
        seen["completed"] += any(one.completed is not None for one in achievements.instances(goal, marks))
        instants = stk.on("UTC", pairs, date(2026, 3, 1))
        seen["streak"] += stk.went(stk.rhythm(), instants).length(max(instants, default=0)) >= 3

    play()
    assert min(seen["completed"], seen["streak"]) >= 0.15 * seen["played"], seen
