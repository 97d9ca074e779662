"""The laws of the whole engine over random rules and customers: time may be cut anywhere, any order, once is once.

Their planted faults are in ``test_engine_teeth.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from attrs import evolve
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from retention_engine import Engine, Money, Order, OrderPlaced, Rule, RuleSet, Send, backtest, decide, on, orders
from retention_engine.actions import Decision, Outcome, Reason
from retention_engine.arbitration import AtMost, CalendarCap, CoolDown, InArm, Variety
from retention_engine.engine.decide import as_sent
from retention_engine.errors import DefinitionError
from retention_engine.facts import Fact, MessageFailed, MessageOpened
from retention_engine.ports import Store
from retention_engine.stores import MemoryStore, SqliteStore
from retention_engine.testing import (
    Scenario,
    decision_lines,
    essence,
    once,
    oracle,
    order_independent_engine,
    scenarios,
    tick_invariant,
)
from retention_engine.testing.simulation import in_time
from retention_engine.testing.strategies import busy_rules
from retention_engine.timing import DAY, HOUR, hours
from tests.laws._manners import BEST, FULL, standing

Make = Callable[[], Store]
FAILURES = st.sets(st.integers(1, 24), max_size=6)


@pytest.fixture(scope="module")
def files() -> Iterator[Make]:
    """Yield what makes an SQLite store in a new file."""
    with TemporaryDirectory() as folder:
        numbers = count()
        yield lambda: SqliteStore(Path(folder) / f"{next(numbers)}.db")


def cuts(scenario: Scenario) -> st.SearchStrategy[list[int]]:
    """Return instants between launch and end, many of them those of facts."""
    known = [fact.effective for fact in scenario.facts if scenario.since <= fact.effective <= scenario.to]
    anywhere = st.integers(scenario.since, scenario.to)
    return st.lists(anywhere | st.sampled_from(known) if known else anywhere, max_size=5)


@contextmanager
def unless_it_feeds_itself() -> Iterator[None]:
    """Pass over random rules whose own messages make them send on and on: the engine refuses them."""
    try:
        yield
    except DefinitionError as error:
        assume("feeds itself" not in str(error))
        raise


def advanced(scenario: Scenario, *, assume_sent: bool = False) -> list[Decision]:
    """Return the decisions of one engine that was told everything and advanced once."""
    given: dict[str, Any] = {"zone": scenario.zone, "since": scenario.since, "policies": scenario.policies}
    with Engine(scenario.rules, assume_sent=assume_sent, **given) as engine:
        engine.record(scenario.facts)
        return engine.advance(scenario.to).decisions


def brute(scenario: Scenario, **more: Any) -> list[Decision]:
    """Return what the oracle decides."""
    return oracle(scenario.rules, scenario.facts, **scenario.where, **more)


@given(scenarios(), st.data(), st.booleans())
def test_time_may_be_cut_anywhere(scenario: Scenario, data: st.DataObject, assume_sent: bool) -> None:
    """One advance, one a day, one per cut, and facts told just in time give byte-identical decisions."""
    with unless_it_feeds_itself():
        tick_invariant(
            scenario.rules, scenario.facts, cuts=data.draw(cuts(scenario)), assume_sent=assume_sent, **scenario.where
        )


@settings(max_examples=12)
@given(scenarios(), st.data())
def test_time_may_be_cut_anywhere_in_a_file(files: Make, scenario: Scenario, data: st.DataObject) -> None:
    """The same in SQLite, where every wake-up and every decision goes through the file."""
    tick_invariant(scenario.rules, scenario.facts, cuts=data.draw(cuts(scenario)), store=files, **scenario.where)


@given(scenarios())
def test_the_engine_decides_what_the_oracle_decides(scenario: Scenario) -> None:
    """Who asks every rule at every instant finds the same decisions."""
    assert essence(advanced(scenario)) == essence(brute(scenario))


@settings(max_examples=50)
@given(scenarios(max_others=4))
def test_a_backtest_decides_what_the_oracle_decides(scenario: Scenario) -> None:
    """The same where every message counts as sent and rules may ask about messages."""
    with unless_it_feeds_itself():
        given: dict[str, Any] = {"zone": scenario.zone, "policies": scenario.policies}
        run = backtest(scenario.rules, scenario.facts, start=scenario.since, end=scenario.to, **given)
    assert essence(run.decisions) == essence(brute(scenario, assume_sent=True))


@settings(max_examples=60)
@given(scenarios(rules=busy_rules(), policies=standing(AtMost, CalendarCap, CoolDown, Variety)), st.data())
def test_what_becomes_of_our_messages_counts(scenario: Scenario, data: st.DataObject) -> None:
    """Messages that were sent later than decided, failed or were opened."""
    told: list[Fact] = []
    for number, decision in enumerate(advanced(scenario)):
        action = decision.action
        if action is None or action.kind != "send" or data.draw(st.booleans()):
            continue
        sent = evolve(as_sent(decision), at=decision.at + data.draw(st.sampled_from((0, 1, HOUR, DAY))), learned=None)
        told.append(sent)
        kind = data.draw(st.sampled_from((None, MessageFailed, MessageFailed, MessageOpened)))
        if kind is not None:
            more = {"reason": "hard_bounce"} if kind is MessageFailed else {}
            after = sent.at + data.draw(st.sampled_from((1, HOUR, 3 * DAY)))
            given: dict[str, Any] = {"customer": action.customer, "at": after, "message": action.key}
            told.append(kind(id=f"became-{number}", **given, **more))
    changed = evolve(scenario, facts=[*scenario.facts, *told])
    assert essence(advanced(changed)) == essence(brute(changed))


@settings(max_examples=60)
@given(scenarios(rules=BEST, policies=FULL))
def test_the_best_have_the_slots(scenario: Scenario) -> None:
    """Where better messages wait, the others wait for them, and no longer than needed."""
    assert essence(advanced(scenario)) == essence(brute(scenario))


@settings(max_examples=15)
@given(scenarios(max_others=3, max_orders=2))
def test_the_oracle_asks_at_every_instant_that_matters(scenario: Scenario) -> None:
    """Asking every half hour as well finds nothing more."""
    assert essence(brute(scenario)) == essence(brute(scenario, every=hours(1)))


@given(scenarios(), st.data())
def test_the_order_of_facts_does_not_matter(scenario: Scenario, data: st.DataObject) -> None:
    """Any order, any repetition, in any batches before the facts take effect: the same decisions."""
    shuffled = data.draw(st.permutations(scenario.facts))
    run = in_time(scenario.facts, sorted({*data.draw(cuts(scenario)), scenario.to}))
    early = [(data.draw(st.permutations([*told, *scenario.facts[:2]])), at) for told, at in run]
    order_independent_engine(scenario.rules, scenario.facts, orders=[shuffled], runs=[early], **scenario.where)


@given(scenarios(), st.data(), FAILURES)
def test_once_is_once(scenario: Scenario, data: st.DataObject, failures: set[int]) -> None:
    """Restarts, repetitions and failing transactions neither add nor lose a decision."""
    once(scenario.rules, scenario.facts, cuts=data.draw(cuts(scenario)), failures=failures, **scenario.where)


@settings(max_examples=20)
@given(scenarios(), st.data(), FAILURES)
def test_once_is_once_in_a_file(files: Make, scenario: Scenario, data: st.DataObject, failures: set[int]) -> None:
    """The same in SQLite."""
    once(
        scenario.rules, scenario.facts, cuts=data.draw(cuts(scenario)), failures=failures, store=files, **scenario.where
    )


@settings(max_examples=50)
@given(scenarios(), st.data())
def test_a_fact_told_late_is_learned_right_after_the_cursor(scenario: Scenario, data: st.DataObject) -> None:
    """Whenever facts are told, the decisions are those of facts that were learned then."""
    steps = sorted({scenario.since, *data.draw(cuts(scenario)), scenario.to})
    told: dict[int, list[Fact]] = {}
    for fact in scenario.facts:
        told.setdefault(data.draw(st.sampled_from(steps)), []).append(fact)
    made, learned = [], []
    given: dict[str, Any] = {"zone": scenario.zone, "since": scenario.since, "policies": scenario.policies}
    with Engine(scenario.rules, **given) as engine:
        engine.advance(scenario.since)
        for at in steps:
            made += engine.advance(at).decisions
            engine.record(told.get(at, []))
            learned += [fact if fact.effective > at else evolve(fact, learned=at + 1) for fact in told.get(at, [])]
        made += engine.advance(scenario.to + 1).decisions
    expected = oracle(scenario.rules, learned, **scenario.where | {"to": scenario.to + 1})
    assert essence(made) == essence(expected)


@settings(max_examples=50)
@given(scenarios(max_rules=3), st.data())
def test_a_rule_added_later_is_launched_where_time_stands(scenario: Scenario, data: st.DataObject) -> None:
    """What was due before a rule was added is history to it, whatever the other rules did meanwhile."""
    middle = data.draw(st.sampled_from([scenario.since + 1, *data.draw(cuts(scenario)), scenario.to]))
    store, (first, *others) = MemoryStore(), scenario.rules.rules
    made = []
    for rules, at in (([first], middle), ([first, *others], scenario.to)):
        given: dict[str, Any] = {"zone": scenario.zone, "since": scenario.since, "policies": scenario.policies}
        engine = Engine(rules, store=store, **given)
        engine.record(scenario.facts)
        made += engine.advance(at).decisions
    launches = {rule.id: middle for rule in others}
    assert essence(made) == essence(brute(scenario, launches=launches))


@settings(max_examples=50)
@given(scenarios(), st.data())
def test_the_pure_core_decides_what_the_engine_decides(scenario: Scenario, data: st.DataObject) -> None:
    """``decide``, called from wake-up to wake-up with its own journal, gives what an engine with a store gives."""
    theirs = [fact for fact in scenario.facts if fact.customer == "customer-7"]
    news = [fact for fact in scenario.facts if fact.customer is None]
    whole = advanced(evolve(scenario, facts=theirs + news))
    start, made = scenario.since, list[Decision]()
    for to in sorted({*data.draw(cuts(scenario)), scenario.to}):
        part = decide(scenario.rules, theirs, start=start, journal=made, news=news, **scenario.where | {"to": to})
        made += part.decisions
        start = scenario.to + 1 if part.wake is None else part.wake
    assert decision_lines(made) == decision_lines(whole)


def test_the_oracle_ends_the_journey_of_another_arm() -> None:
    """An arm that is asked about the first channel alone ends the journey: no second channel is tried."""
    letter = Send("letter", topic="offers", channels=("email", "sms"))
    arm = InArm("tone", "b", variants={"a": 1, "b": 1}, channel="email")
    placed = Order(id="o", customer="customer-7", at=DAY, total=Money(5, "EUR"))
    scenario = Scenario(
        RuleSet.of([Rule("r", on(orders), letter)]), [OrderPlaced.of(placed)], 0, 2 * DAY, "UTC", (arm,)
    )
    (made,) = advanced(scenario)
    assert (made.outcome, made.reason) == (Outcome.DROP, Reason.CONTROL)
    assert essence([made]) == essence(brute(scenario))
