"""A customer's own codes, now and in future: the steps say what asking again at every instant says."""

from __future__ import annotations

from itertools import pairwise
from random import Random
from typing import Any

import pytest

from retention_engine.clubs import own_codes
from retention_engine.clubs.own_codes import expiring_codes, held_codes, usable_codes
from retention_engine.clubs.promotions import WEEKDAYS, Limit, Promotion
from retention_engine.facts import CodeHeld, CodeIssued, CodeReleased, CodeRevoked, CodeUsed, Fact, Tagged
from retention_engine.loyalty.codes import Percent
from retention_engine.predicates import tags
from retention_engine.state import History, fold
from retention_engine.testing import order_independent
from retention_engine.timing import DAY, HOUR, clock_window, hours, local_date, to_instant, to_utc, zone

START = to_instant("2026-10-23T12:00:00+00:00")  # the clocks change two nights later
WHERE = zone("Europe/Berlin")
SHOP = zone("Asia/Tokyo")
CODES = ("c1", "c2", "c3")


def promotion(**more: Any) -> Promotion:
    """Return a promotion whose codes are given to customers."""
    return Promotion(**({"id": "p", "discount": Percent(10)} | more))


def issued(code: str = "c1", **more: Any) -> CodeIssued:
    """Return the fact of a code."""
    words = {"id": f"i:{code}", "customer": "anna", "at": START, "code": code, "promotion": "p", "text": code}
    return CodeIssued(**(words | {"occasion": "x"} | more))


def use(kind: Any, order: str = "o1", code: str = "c1", turn: int = 1, **more: Any) -> Fact:
    """Return a fact about a use, held for an hour from START."""
    words = {"order_id": order, "promotion": "p", "turn": turn, "code": code, "amount": 1}
    times = {"at": START, "held_since": START, "held_until": START + HOUR}
    return kind(**({"id": f"u:{order}:{turn}", "customer": "anna"} | words | times | more))


def told(*facts: Fact) -> History:
    """Return what is known of Anna, in whatever order it was told."""
    order_independent(facts)
    return fold(History("anna"), facts)


def plainly(made: Promotion, facts: list[Fact], now: int) -> int:
    """Count the usable codes at one instant, from the facts."""
    last: dict[str, Any] = {}
    for fact in facts:
        use_of = isinstance(fact, CodeHeld | CodeUsed | CodeReleased)
        if use_of and (fact.order_id not in last or last[fact.order_id].turn < fact.turn):
            last[fact.order_id] = fact
    grace = {one.code: one.grace for one in facts if isinstance(one, CodeReleased) and one.grace}
    revoked = {one.code for one in facts if isinstance(one, CodeRevoked)}
    live = [
        one
        for one in last.values()
        if isinstance(one, CodeUsed) or (isinstance(one, CodeHeld) and now < one.held_until)
    ]
    day, minute = local_date(now, WHERE), to_utc(now).astimezone(WHERE)
    clock = minute.hour * 60 + minute.minute
    found = 0
    for fact in (one for one in facts if isinstance(one, CodeIssued)):
        ends = min((end for end in (fact.ends, made.ends) if end is not None), default=None)
        ends = ends if ends is None else max(ends, grace.get(fact.code, ends))
        good = fact.code not in revoked and (ends is None or now < ends)
        good = good and (made.starts is None or made.starts <= now)
        good = good and (made.weekdays is None or WEEKDAYS[day.weekday()] in made.weekdays)
        good = good and (made.hours is None or made.hours.start <= clock < made.hours.end)
        for limit in made.limits:
            mine = [one for one in live if (one.code == fact.code if limit.per == "code" else one.user is None)]
            if limit.period == "day":
                mine = [one for one in mine if local_date(one.held_since, SHOP) == local_date(now, SHOP)]
            good = good and (limit.per == "promotion" or len(mine) < (limit.uses or 99))
        found += good
    return found


def drawn(chance: Random) -> tuple[Promotion, list[Fact]]:
    """Return a promotion and facts about a few of its codes."""
    limits = [Limit(uses=1, per="code"), Limit(uses=2, per="customer"), Limit(uses=1, per="customer", period="day")]
    made = promotion(
        limits=chance.sample([*limits, Limit(uses=1)], chance.randint(0, 3)),
        starts=chance.choice((None, START + 5 * HOUR)),
        ends=chance.choice((None, None, START + 50 * HOUR)),
        hours=chance.choice((None, clock_window("09:00", "18:00"), clock_window("02:00", "03:00"))),
        weekdays=chance.choice((None, ["sat", "sun"])),
    )
    facts: list[Fact] = [issued(code, ends=chance.choice((None, START + DAY, START + 30 * HOUR))) for code in CODES]
    if chance.random() < 0.3:
        facts.append(CodeRevoked(id="r", customer="anna", at=START, code="c2", promotion="p"))
    for number in range(chance.randint(0, 3)):
        since = START + chance.choice((-DAY, 0, 5 * HOUR))
        more = {"held_since": since, "held_until": since + chance.choice((HOUR, 20 * HOUR))}
        kind, code = chance.choice((CodeHeld, CodeUsed, CodeReleased)), chance.choice(CODES)
        user = chance.choice((None, None, "bob"))
        facts.append(use(CodeHeld, f"o{number}", code, **more, user=user))
        if kind is not CodeHeld:
            grace = {"grace": START + 40 * HOUR} if kind is CodeReleased and chance.random() < 0.5 else {}
            facts.append(use(kind, f"o{number}", code, 2, **more, user=user, **grace))
    return made, facts


@pytest.mark.parametrize("seed", range(40))
def test_the_steps_are_what_asking_again_says(seed: int) -> None:
    """At each step, right before it, and every half an hour for four days; no step repeats the value before it."""
    made, facts = drawn(Random(seed))
    history = told(*facts)
    steps = usable_codes(made, history, START, WHERE, shop=SHOP)
    assert steps[0][0] == START
    assert all(one[1] != two[1] and one[0] < two[0] for one, two in pairwise(steps))
    looks = {START + half * HOUR // 2 for half in range(4 * 48)}
    looks |= {at + less for at, _ in steps for less in (-1, 0)} - {START - 1}
    for now in looks:
        value = next(value for at, value in reversed(steps) if at <= now)
        assert value == plainly(made, facts, now), now - START


def test_an_own_code_ends_within_a_span() -> None:
    """[ends - d, ends), while nobody has used it and nobody took it back."""
    made = promotion(limits=[Limit(uses=1, per="code")])
    facts = [issued("c1", ends=START + 10 * HOUR), issued("c2", ends=START + 12 * HOUR), issued("c3")]
    steps = expiring_codes(made, hours(5), told(*facts), START)
    assert [(at - START, value) for at, value in steps] == [
        (0, 0),
        (5 * HOUR, 1),
        (7 * HOUR, 2),
        (10 * HOUR, 1),
        (12 * HOUR, 0),
    ]
    gone = [use(CodeUsed, code="c1"), CodeRevoked(id="r", customer="anna", at=START, code="c2", promotion="p")]
    assert expiring_codes(made, hours(5), told(*facts, *gone), START) == [(START, 0)]
    early = [
        (at - START, value) for at, value in expiring_codes(promotion(ends=START + HOUR), hours(5), told(*facts), START)
    ]
    assert early == [(0, 3), (HOUR, 0)]


def test_what_orders_hold() -> None:
    """Until the holds end; those of others do not count."""
    facts = [
        use(CodeHeld, "o1"),
        use(CodeHeld, "o2", held_until=START + 2 * HOUR),
        use(CodeHeld, "o3", user="bob"),
        use(CodeUsed, "o4"),
    ]
    steps = held_codes(promotion(), told(*facts), START)
    assert steps == [(START, 2), (START + HOUR, 1), (START + 2 * HOUR, 0)]
    assert held_codes(promotion(id="other"), told(*facts), START) == [(START, 0)]
    assert held_codes(promotion(), History("anna"), START) == [(START, 0)]


def test_whom_it_is_for_counts_too() -> None:
    """``who`` turns with its own horizon."""
    made = promotion(who=tags.within(hours(3)).exists())
    tagged = Tagged(id="t", customer="anna", at=START, tag="vip")
    steps = usable_codes(made, told(issued(), tagged), START, WHERE, shop=SHOP)
    assert steps == [(START, 1), (START + 3 * HOUR, 0)]


def test_days_without_end_are_looked_at_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hours that come again have no last step."""
    monkeypatch.setattr(own_codes, "MOST_LOOKS", 5)
    steps = usable_codes(promotion(hours=clock_window("09:00", "10:00")), told(issued()), START, WHERE, shop=SHOP)
    assert len(steps) <= 5


def _wrong_end(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(own_codes, "_is_live", lambda use, now: not isinstance(use, CodeHeld) or now <= use.held_until)


def _no_period(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(own_codes, "period_of", lambda *_: (0, START + 99 * DAY))


def _no_grace(patch: pytest.MonkeyPatch) -> None:
    ending = own_codes.ending
    patch.setattr(own_codes, "ending", lambda made, *, ends, grace: ending(made, ends=ends))


def _all_hours(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(own_codes, "open_hours", lambda *_: True)


@pytest.mark.parametrize("plant", [_wrong_end, _no_period, _no_grace, _all_hours], ids=lambda plant: plant.__name__)
def test_a_planted_fault_is_noticed(plant: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the test with brute force."""
    plant(monkeypatch)
    with pytest.raises((AssertionError, StopIteration)):
        _all_seeds()


def _all_seeds() -> None:
    for seed in range(40):
        test_the_steps_are_what_asking_again_says(seed)
