"""The law of deferrals: the answer stays until the instant promised, which lies ahead."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from retention_engine import Customer, Money, Order, OrderPlaced, days
from retention_engine import facts as f
from retention_engine.arbitration import Arbiter, AtMost, Defer, Held, Message, Policy, Ruling, Situation
from retention_engine.timing import DAY, HOUR, MINUTE, SECOND
from tests.arbitration._desk import ANNA, NOW, answer, letter, seen, told
from tests.arbitration._policies import CHANNELS, TOPICS, policies

ZONES = ("UTC", "Europe/Berlin", "Asia/Kathmandu", "America/Havana", "Australia/Lord_Howe")
STARTS = (NOW, NOW - 108 * DAY, NOW + 102 * DAY, NOW + 81 * DAY)  # in summer, and at changes of clocks
AGES = st.one_of(st.integers(0, 40).map(lambda n: n * DAY), st.integers(0, 200).map(lambda n: n * HOUR), st.just(1))


@st.composite
def facts(draw: st.DrawFn, now: int) -> list[f.Fact]:
    """Return what is known of anna before an instant."""
    found: list[f.Fact] = []
    if draw(st.booleans()):
        found.append(f.Registered.of(Customer(id=ANNA, registered=0, zone=draw(st.sampled_from(ZONES)))))
    for number in range(draw(st.integers(0, 6))):
        common: dict[str, Any] = {"id": f"f{number}", "customer": ANNA, "at": now - draw(AGES)}
        where = {"channel": draw(st.sampled_from(CHANNELS)), "topic": draw(st.sampled_from(TOPICS))}
        ahead = now + draw(AGES)
        choices: list[f.Fact] = [
            f.Visited(**common),
            OrderPlaced.of(Order(id=f"o{number}", customer=ANNA, at=common["at"], total=Money(1, "EUR"))),
            f.Paused(**common, until=draw(st.none() | st.just(ahead))),
            f.FrequencyChosen(**common, count=draw(st.integers(0, 2)), seconds=draw(st.integers(1, 9 * DAY // SECOND))),
            f.ConsentWithdrawn(**common, topic=where["topic"]),
            f.ConsentGiven(**common, **where, source="x", expires=draw(st.none() | st.just(ahead + 1))),
            f.Event(**common, name="claim"),
        ]
        found.append(draw(st.sampled_from(choices)))
    return found


@st.composite
def situations(draw: st.DrawFn) -> tuple[Message, Situation, list[f.Fact]]:
    """Return a message, what a policy is shown, and the facts behind it."""
    now = draw(st.sampled_from(STARTS)) + draw(st.integers(0, 47)) * 30 * MINUTE
    known = draw(facts(now))
    more = {"template": st.sampled_from(("hello", "news")), "rule": st.sampled_from(("win-back", "news"))}
    more |= {"channel": st.sampled_from(CHANNELS), "topic": st.sampled_from(TOPICS), "items": st.just(("tea",))}
    about = st.fixed_dictionaries(more)
    ages = draw(st.lists(AGES, max_size=6))
    said = [told(now - age, noticed=draw(st.sampled_from((False, False, True))), **draw(about)) for age in ages]
    waits = draw(st.lists(AGES, max_size=2))
    held = [Held(letter(rule="gold", priority=1, due=now, **_less(draw(about))), now + 1 + age) for age in waits]
    message = letter(at_cap=draw(st.sampled_from(("defer", "best"))), due=now - draw(AGES), **draw(about))
    return message, seen(*known, at=now, said=sorted(said, key=lambda one: one.at), held=held), known


def _less(words: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in words.items() if name != "rule"}


def later(policy: Policy, message: Message, situation: Situation, at: int) -> Ruling:
    """Return the answer at another instant if no fact comes; who waited until then waits no longer."""
    view = evolve(situation.view, now=at)
    held = [each for each in situation.held if each.until is not None and each.until > at]
    return Arbiter([policy]).rule(message, evolve(situation, view=view, held=held)).ruling


def probes(now: int, until: int) -> list[int]:
    """Return instants in [now, until): its ends, and many between."""
    step = max(1, (until - now) // 40)
    return sorted({now, until - 1, *range(now, until, step), *range(now, min(until, now + DAY), 30 * MINUTE)})


@settings(max_examples=500)
@given(policies(deferring=True), situations())
def test_a_deferral_stands_until_its_instant(policy: Policy, case: tuple[Message, Situation, list[f.Fact]]) -> None:
    """At every instant before ``until`` the answer is the same; ``until`` lies ahead."""
    message, situation, _ = case
    now, ruling = situation.view.now, later(policy, message, situation, situation.view.now)
    if not isinstance(ruling, Defer):
        return
    until = now + 60 * DAY if ruling.until is None else ruling.until
    assert until > now
    for at in probes(now, until):
        assert answer(later(policy, message, situation, at)) == answer(ruling), (policy, at - now)


@given(policies(deferring=True), situations())
def test_whoever_waits_and_asks_again_comes_to_an_end(
    policy: Policy, case: tuple[Message, Situation, list[f.Fact]]
) -> None:
    """From deferral to deferral the instants go forward, and there are few of them."""
    message, situation, _ = case
    instants = [situation.view.now]
    while isinstance(ruling := later(policy, message, situation, instants[-1]), Defer) and ruling.until is not None:
        instants.append(ruling.until)
        if instants[-1] > situation.view.now + 60 * DAY or len(instants) > 200:
            break
    assert all(one < two for one, two in pairwise(instants))
    assert len(instants) <= 200, policy


def test_the_law_catches_a_promise_that_is_too_long() -> None:
    """A planted policy that promises a microsecond too much does not pass."""

    class TooLong(AtMost):
        def weigh(self, message: Message, situation: Situation) -> Ruling:
            ruling = super().weigh(message, situation)
            return evolve(ruling, until=ruling.until + 1) if isinstance(ruling, Defer) and ruling.until else ruling

    situation, message = seen(said=[told(NOW - DAY)]), letter()
    ruling = later(TooLong(1, per=days(7)), message, situation, NOW)
    assert isinstance(ruling, Defer)
    assert ruling.until is not None
    answers = {answer(later(TooLong(1, per=days(7)), message, situation, at)) for at in probes(NOW, ruling.until)}
    assert len(answers) > 1
