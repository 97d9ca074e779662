"""The laws of the engine bite: each planted fault is caught by the law beside it, over the same scenarios each time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from attrs import evolve, fields
from hypothesis import HealthCheck, Phase, given, seed, settings

from retention_engine import (
    Delay,
    Engine,
    Rule,
    Send,
    carts,
    customer,
    daily,
    days,
    entering,
    every,
    on,
    orders,
    price_drop,
    purchases,
    views,
)
from retention_engine.actions import Outcome
from retention_engine.engine import engine as engine_module
from retention_engine.engine import walk
from retention_engine.engine.journeys import Journeys
from retention_engine.engine.memory import Memory
from retention_engine.engine.plan import Anchor, Plan
from retention_engine.errors import StoreError
from retention_engine.predicates import compiler
from retention_engine.rules import After, Edge, WaitFor, back_in_stock
from retention_engine.state import History, history
from retention_engine.stores import memory
from retention_engine.testing import (
    Scenario,
    essence,
    once,
    oracle,
    order_independent_engine,
    scenarios,
    tick_invariant,
)
from retention_engine.timing import DAY, HOUR, Span, zone

Patch = pytest.MonkeyPatch
Fault = Callable[[Patch], None]
Walk = walk._Walk


def ticks(scenario: Scenario) -> None:
    """Cut time in every way."""
    middle = (scenario.since + scenario.to) // 2
    tick_invariant(scenario.rules, scenario.facts, cuts=[middle, middle + 1], **scenario.where)


def brute(scenario: Scenario) -> None:
    """Ask the oracle."""
    with Engine(scenario.rules, zone=scenario.zone, since=scenario.since, policies=scenario.policies) as engine:
        engine.record(scenario.facts)
        found = engine.advance(scenario.to).decisions
    assert essence(found) == essence(oracle(scenario.rules, scenario.facts, **scenario.where))


def order(scenario: Scenario) -> None:
    """Tell the facts in other orders."""
    order_independent_engine(scenario.rules, scenario.facts, **scenario.where)


def repeat(scenario: Scenario) -> None:
    """Repeat, restart and fail."""
    middle = (scenario.since + scenario.to) // 2
    once(scenario.rules, scenario.facts, cuts=[middle], failures={2, 5, 6, 9, 11, 14}, **scenario.where)


def search(law: Callable[[Scenario], None], rounds: int = 120, rules: list[Rule] | None = None) -> None:
    """Run a law over many scenarios, always the same ones, of random rules unless told otherwise.

    In rounds of ten: after those Hypothesis varies what it has drawn before rather than draw anew.
    """

    @settings(
        max_examples=10,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(scenarios(rules=rules))
    def holds(scenario: Scenario) -> None:
        law(scenario)

    for number in range(rounds):
        seed(number)(holds)()


def replaced(owner: Any, name: str, wrong: Any) -> Fault:
    """Return the fault that puts something else in the place of a function."""
    return lambda patch: patch.setattr(owner, name, wrong)


def wrapped(owner: Any, name: str, wrong: Callable[..., Any]) -> Fault:
    """Return the fault that calls ``wrong(sound, ...)`` in the place of a method."""
    sound = getattr(owner, name)
    return lambda patch: patch.setattr(owner, name, lambda *given, **named: wrong(sound, *given, **named))


def waits_changed(wrong: Callable[..., list[int]]) -> Fault:
    """Return the fault that changes when a wait may end."""
    return wrapped(Journeys, "_waiting", wrong)


def plan_changed(change: Callable[[Plan], Plan]) -> Fault:
    """Return the fault that changes what a rule set is compiled to."""
    sound = Plan.of
    return lambda patch: patch.setattr(Plan, "of", classmethod(lambda cls, *given: change(sound(*given))))


def late_horizon(by: int) -> Callable[[Plan], Plan]:
    """Return what makes the generated function say that nothing changes for longer than is true."""

    def change(plan: Plan) -> Plan:
        sound = plan.program.horizon

        def horizon(record: Any, now: int) -> tuple[int, int]:
            mask, until = sound(record, now)
            return mask, until + by

        return evolve(plan, program=evolve(plan.program, horizon=horizon))

    return change


def walk_begun(change: Callable[[Any, int], None]) -> Fault:
    """Return the fault that changes how a walk begins, by what it begun as and its first instant."""
    sound = Walk.begin

    def begin(cls: type[Any], terms: Any, subject: Any, start: int) -> Any:
        begun = sound(terms, subject, start)
        change(begun, start)
        return begun

    return lambda patch: patch.setattr(Walk, "begin", classmethod(begin))


def wrong_instant_before(begun: Any, start: int) -> None:
    """Compare the first edge with the truth at the instant itself, not with that just before it."""
    begun.mask = begun.terms.plan.program.boolean(begun.record, start)


def nothing_before(begun: Any, start: int) -> None:
    """Compare the first edge with nothing, as if the customer were new."""
    begun.mask = begun.terms.plan.leaving


def one_by_one(sound: Any, self: Any, at: int) -> int:
    """Evaluate facts of one instant one by one."""
    arrived, news = walk._take(self.facts, at), self.news
    rest, turns = self.facts, []
    for fact in arrived or [None]:
        self.facts, self.news = deque([fact] if fact else []), news
        turns.append(sound(self, at))
        news = deque()
    self.facts = rest
    return int(turns[-1])


def wakes_lost(sound: Any, self: Engine, *given: Any, **named: Any) -> None:
    """Begin without the wake-ups that an earlier engine left in the store."""
    sound(self, *given, **named)
    left = self.store.wakes.due(2**62, 1000)
    with self.store.transaction():
        self.store.wakes.set({customer: None for customer, instant in left if instant > (self._cursor() or 2**62)})


def stored_again(sound: Any, self: Any, facts: Any) -> Any:
    """Store a fact that is known already under another id, so that it counts twice."""
    known = [fact for fact in facts if fact.id in self._by_id]
    return sound(self, [*facts, *(evolve(fact, id=f"{fact.id}'") for fact in known)])


def last_to_arrive(self: History, name: str, value: Any, at: int, fact: str) -> None:
    """Let the fact that arrives last win."""
    self.attributes[name] = history.Held(value, at, fact)
    self._touched.add(name)


def last_of_batch_wakes(store: Any, new: Any, *, needs_news: bool) -> None:
    """Wake customers at the last fact of a batch, not at its earliest."""
    store.wakes.lower({fact.customer: fact.effective for fact in new if fact.customer is not None})


def wakes_stay(sound: Any, self: Any, wakes: Any) -> None:
    """Leave a wake-up where it is when a fact comes before it."""
    sound(self, {customer: at for customer, at in wakes.items() if self._wheel.get(customer) is None})


def exit_at_the_end(patch: Patch) -> None:
    """Ask for the exit only when a wait is over."""
    resume, waiting = Journeys._resume, Journeys._waiting

    def late(self: Any, rule: Any, standing: Any, view: Any) -> Any:
        asked = rule if standing.until is not None and view.now >= standing.until else without_exit(rule)
        return resume(self, asked, standing, view)

    patch.setattr(Journeys, "_resume", late)
    patch.setattr(Journeys, "_waiting", lambda self, rule, step, *rest: waiting(self, without_exit(rule), step, *rest))


def changed(rule: Any, **changes: Any) -> Any:
    """Return a copy of a rule with other manners, unchecked."""
    copy = object.__new__(type(rule))
    for name in (each.name for each in fields(type(rule))):
        object.__setattr__(copy, name, changes.get(name, getattr(rule, name)))
    return copy


def without_exit(rule: Any) -> Any:
    """Return a rule that nobody leaves."""
    copy = changed(rule)
    object.__setattr__(copy, "exit_when", None)
    return copy


def exit_horizon_forgotten(sound: Any, self: Any, rule: Any, step: Any, until: int, view: Any) -> list[int]:
    """Ask for the exit at facts and at the end of a wait, not when time turns it."""
    return [until] if not isinstance(step, WaitFor) else list(sound(self, without_exit(rule), step, until, view))


def long_wait(sound: Any, self: Any, rule: Any, step: Any, until: int, view: Any) -> list[int]:
    """Wake an hour after a wait is over."""
    return [at + HOUR if at == until else at for at in sound(self, rule, step, until, view)]


def forgetful(sound: Any, decisions: Any) -> Memory:
    """Forget, with each advance, which journeys stand at a wait."""
    found: Memory = sound(decisions)
    found.standing.clear()
    return found


def drop_is_entry(sound: Any, self: Memory, decision: Any) -> None:
    """Count a refused occasion as an entry."""
    sound(self, decision)
    if decision.outcome is Outcome.DROP:
        self.last[decision.rule] = decision.at


def launched_before(sound: Any, store: Any, rules: Any, *rest: Any) -> dict[str, int]:
    """Ignore when rules were launched: all history is new."""
    return dict.fromkeys(sound(store, rules, *rest), 0)


def hour_in_key(sound: Any, self: Anchor, view: Any) -> str:
    """Put the instant of the edge into the key of its occasion."""
    return f"{sound(self, view)}@{view.now // HOUR}"


def valid_too_long(sound: Any, self: Journeys, rule: Any, *given: Any, **named: Any) -> Any:
    """Count the end of ``valid_for`` as still valid."""
    longer = rule if rule.valid_for is None else changed(rule, valid_for=Span(rule.valid_for.micros + 1))
    return sound(self, longer, *given, **named)


def exit_not_asked_at_entry(sound: Any, self: Journeys, rule: Any, *given: Any, **named: Any) -> Any:
    """Enter although the exit holds already."""
    return sound(self, without_exit(rule), *given, **named)


FAULTS: dict[str, tuple[Callable[[Scenario], None], Fault]] = {
    "a wake-up is lost on restart": (repeat, wrapped(Engine, "__init__", wakes_lost)),
    "a wake-up is lost at the end of an advance": (
        ticks,
        wrapped(Walk, "run", lambda sound, *given: evolve(sound(*given), wake=None)),
    ),
    "a fact counts twice": (repeat, wrapped(memory._Facts, "append", stored_again)),
    "a fact wakes nobody": (brute, replaced(memory._Wakes, "lower", lambda self, wakes: None)),
    "a fact does not bring a wake-up forward": (ticks, wrapped(memory._Wakes, "lower", wakes_stay)),
    "the occasion's key holds an instant": (brute, wrapped(Anchor, "key", hour_in_key)),
    "the occasion's key holds a window": (
        brute,
        wrapped(Anchor, "key", lambda sound, self, view: sound(evolve(self, columns=()), view)),
    ),
    "the generated horizon is a day late": (brute, plan_changed(late_horizon(DAY))),
    "the generated horizon is a microsecond late": (brute, plan_changed(late_horizon(1))),
    "the generated horizon is a day late, seen by time alone": (ticks, plan_changed(late_horizon(DAY))),
    "the exit is asked at the end of a delay": (brute, exit_at_the_end),
    "a wait ends late": (brute, waits_changed(long_wait)),
    "waits are forgotten on restart": (
        ticks,
        replaced(Memory, "of", partial(forgetful, Memory.of)),
    ),
    "an edge is compared with its own instant": (ticks, walk_begun(wrong_instant_before)),
    "an edge is compared with nothing": (ticks, walk_begun(nothing_before)),
    "the launch is ignored": (brute, wrapped(engine_module, "launch", launched_before)),
    "facts come in the order of arrival": (order, replaced(memory, "_order", lambda fact: 0)),
    "the last fact of a batch wakes": (order, replaced(engine_module, "wake", last_of_batch_wakes)),
    "wake-ups are set although the rest is rolled back": (
        repeat,
        replaced(memory._Wakes, "set", lambda self, wakes: self._put(wakes)),
    ),
    "a refusal counts as an entry": (brute, wrapped(Memory, "add", drop_is_entry)),
    "valid_for includes its end": (
        brute,
        wrapped(Journeys, "_refusal", valid_too_long),
    ),
    "the exit is not asked at entry": (brute, wrapped(Journeys, "_refusal", exit_not_asked_at_entry)),
    "re-entry comes a microsecond late": (
        brute,
        wrapped(Journeys, "_is_too_soon", lambda sound, self, rule, now: sound(self, rule, now - 1)),
    ),
    "late occasions are acted on": (
        brute,
        wrapped(Journeys, "enter", lambda sound, *given, late: sound(*given, late=False)),
    ),
    "records known late are passed over": (brute, replaced(After, "overdue", lambda self, view, fresh: [])),
    "a timed trigger is not asked again when facts come": (
        brute,
        wrapped(Walk, "_timed", lambda sound, self, view, changes, arrived: sound(self, view, changes, arrived=False)),
    ),
    "a customer is there before their first fact": (
        ticks,
        replaced(
            engine_module, "walk", lambda terms, subject, start, to: Walk.begin(terms, subject, start).run(start, to)
        ),
    ),
    "leaving is entering": (brute, wrapped(Edge, "watched", lambda sound, self: self.predicate)),
}


CATALOGUE = [Rule("drop", price_drop(views), Send("a")), Rule("stock", back_in_stock(purchases), Send("b"))]
CARTS = [
    Rule("open", entering(carts.where(ordered=False).exists()), Send("a"), re_entry="always"),
    Rule("cart", on(carts.where(ordered=False, emptied=False)), Send("b")),
]
RARE: dict[str, tuple[Callable[[Scenario], None], Fault, list[Rule]]] = {
    "news of the catalogue wake nobody": (
        ticks,
        replaced(memory._Roster, "interested", lambda self, subjects: []),
        CATALOGUE,
    ),
    "facts of one instant are evaluated one by one": (brute, wrapped(Walk, "_decide", one_by_one), CARTS),
    "the last to be learned wins": (
        brute,
        replaced(History, "hold", last_to_arrive),
        [Rule("expiry", entering(customer.expiry.ahead <= days(2)), Send("a"))],
    ),
    "everybody lives in the shop's zone": (
        brute,
        replaced(compiler, "zone_of", lambda known, shop: zone(shop)),
        [Rule("daily", every(daily(at="10:00")), Send("a"))],
    ),
    "the exit's horizon is forgotten": (
        brute,
        waits_changed(exit_horizon_forgotten),
        [Rule("wait", on(orders), Delay(days(9)), Send("a"), exit_when=orders.last().age >= days(3))],
    ),
}
"""Faults that random rules meet rarely, each with rules that meet them often."""


@pytest.mark.slow
@pytest.mark.parametrize(("law", "fault", "rules"), RARE.values(), ids=RARE.keys())
def test_a_planted_fault_that_shows_rarely_is_caught(
    law: Callable[[Scenario], None], fault: Fault, rules: list[Rule], monkeypatch: Patch
) -> None:
    """The law fails on rules that go where the fault is."""
    fault(monkeypatch)
    with pytest.raises((AssertionError, StoreError)):
        search(law, rules=rules)


@pytest.mark.slow
@pytest.mark.parametrize("rules", [rules for _, _, rules in RARE.values()], ids=RARE.keys())
def test_sound_code_passes_on_those_rules_too(rules: list[Rule]) -> None:
    """Without a fault."""
    for law in (ticks, brute):
        search(law, rounds=2, rules=rules)


@pytest.mark.slow
@pytest.mark.parametrize(("law", "fault"), FAULTS.values(), ids=FAULTS.keys())
def test_a_planted_fault_is_caught(law: Callable[[Scenario], None], fault: Fault, monkeypatch: Patch) -> None:
    """The law fails while the fault is there."""
    fault(monkeypatch)
    with pytest.raises((AssertionError, StoreError)):
        search(law)


@pytest.mark.slow
@pytest.mark.parametrize("law", [ticks, brute, order, repeat])
def test_sound_code_passes_the_same_search(law: Callable[[Scenario], None]) -> None:
    """Without a fault the same scenarios pass."""
    search(law, rounds=6)
