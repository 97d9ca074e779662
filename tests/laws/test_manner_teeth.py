"""The laws of manners bite: each planted fault is caught, over the same scenarios each time.

Some faults are rude: the check of manners sees them in the journal. Others only let somebody wait too long or too
short: the oracle sees those.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from attrs import evolve
from hypothesis import HealthCheck, Phase, given, seed, settings

from retention_engine import Engine, Rule, Send, on, orders
from retention_engine import arbitration as a
from retention_engine.actions import Outcome, Reason
from retention_engine.arbitration import holdout
from retention_engine.engine import engine as engine_module
from retention_engine.engine.desk import Desk, Proposal
from retention_engine.engine.journeys import Journeys
from retention_engine.engine.memory import Memory
from retention_engine.facts import ConsentWithdrawn, Fact, SendingResumed, SendingStopped
from retention_engine.keys import bucket
from retention_engine.rules import RuleSet
from retention_engine.state import choices as folds
from retention_engine.state.fold import _STEPS
from retention_engine.testing import Scenario, essence, oracle, scenarios
from retention_engine.testing.strategies import busy_rules, policy_sets
from retention_engine.timing import DAY, HOUR, NEVER, zone
from tests.engine._shop import START, order
from tests.laws._manners import BEST, FULL, standing
from tests.laws.test_manners import polite

Patch = pytest.MonkeyPatch
Fault = Callable[[Patch], None]
Law = Callable[[Scenario], None]


def brute(scenario: Scenario) -> None:
    """Ask the oracle."""
    given: dict[str, Any] = {"since": scenario.since, "zone": scenario.zone, "policies": scenario.policies}
    with Engine(scenario.rules, **given) as engine:
        engine.record(scenario.facts)
        found = engine.advance(scenario.to).decisions
    assert essence(found) == essence(oracle(scenario.rules, scenario.facts, **scenario.where))


def search(law: Law, *kinds: type[a.Policy], rounds: int = 100, best: bool = False, first: int = 0) -> None:
    """Run a law over many scenarios, always the same ones, with a policy of these kinds, if any.

    Args:
        first: the round to begin with: where a fault was met before, so that it need not be looked for again.
    """
    policies = standing(*kinds) if kinds else policy_sets(most=2)

    @settings(
        max_examples=10,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(scenarios(rules=BEST if best else busy_rules(), policies=FULL if best else policies, max_others=4))
    def holds(scenario: Scenario) -> None:
        law(scenario)

    for number in (first, *range(rounds)):
        seed(number)(holds)()


def replaced(owner: Any, name: str, wrong: Any) -> Fault:
    """Return the fault that puts something else in the place of a function."""
    return lambda patch: patch.setattr(owner, name, wrong)


def wrapped(owner: Any, name: str, wrong: Callable[..., Any]) -> Fault:
    """Return the fault that calls ``wrong(sound, ...)`` in the place of a function."""
    sound = getattr(owner, name)
    return lambda patch: patch.setattr(owner, name, lambda *given, **named: wrong(sound, *given, **named))


def weighed(policy: type[a.Policy], change: Callable[[Any, Any, a.Situation], tuple[Any, a.Situation]]) -> Fault:
    """Return the fault that lets a policy be another one, or see something else."""

    def wrong(sound: Any, self: Any, message: Any, seen: a.Situation) -> Any:
        other, shown = change(self, message, seen)
        return sound(other, message, shown)

    return wrapped(policy, "weigh", wrong)


def ruled(policy: type[a.Policy], change: Callable[[a.Ruling, int], a.Ruling]) -> Fault:
    """Return the fault that changes the answers of a policy, given the instant."""
    return wrapped(
        policy, "weigh", lambda sound, self, message, seen: change(sound(self, message, seen), seen.view.now)
    )


def in_utc(self: Any, message: Any, seen: a.Situation) -> tuple[Any, a.Situation]:
    """Ask the clock of Greenwich."""
    return self, evolve(seen, view=evolve(seen.view, where=zone("UTC")))


def later(by: int) -> Callable[[a.Ruling, int], a.Ruling]:
    """Return what puts off every next try."""

    def change(ruling: a.Ruling, now: int) -> a.Ruling:
        return evolve(ruling, until=ruling.until + by) if isinstance(ruling, a.Defer) and ruling.until else ruling

    return change


def earlier_allowed(by: int) -> Callable[[a.Ruling, int], a.Ruling]:
    """Return what lets go shortly before the time."""

    def change(ruling: a.Ruling, now: int) -> a.Ruling:
        if not isinstance(ruling, a.Defer) or ruling.until is None:
            return ruling
        return a.ALLOW if ruling.until - by <= now else evolve(ruling, until=ruling.until - by)

    return change


def forgotten_on_asking_again(sound: Any, self: Journeys, proposal: Any, ruled: a.Ruled) -> Any:
    """Forget a pause once a message was held."""
    is_pause = isinstance(ruled.ruling, a.Defer) and ruled.ruling.reason is Reason.CUSTOMER_CHOICE
    return sound(self, proposal, evolve(ruled, ruling=a.ALLOW) if is_pause and proposal.held else ruled)


def held_forgotten(sound: Any, *given: Any) -> Memory:
    """Forget, with each advance, which messages are held."""
    found: Memory = sound(*given)
    found.standing = {name: each for name, each in found.standing.items() if each.reason is None}
    return found


def valid_too_long(patch: Patch) -> None:
    """Count the end of ``valid_for`` as still valid."""
    sound: Any = Proposal.valid_until.fget  # type: ignore[attr-defined]  # a property
    patch.setattr(Proposal, "valid_until", property(lambda self: None if (end := sound(self)) is None else end + 1))


def without_this_instant(sound: Any, self: Desk, view: Any, *rest: Any) -> a.Situation:
    """Count what was let through only from the next instant on."""
    seen: a.Situation = sound(self, view, *rest)
    return evolve(seen, said=[one for one in seen.said if one.at < view.now])


def drop_enters(sound: Any, self: Memory, decision: Any) -> None:
    """Count a message that is dropped at the door as an entry."""
    sound(self, decision)
    if decision.outcome is Outcome.DROP:
        self.last[decision.rule] = decision.at


def first_channel_only(sound: Any, self: a.Arbiter, message: Any, seen: Any) -> tuple[str | None, ...]:
    """Try the first channel, no other."""
    return tuple(sound(self, message, seen)[:1])


def first_answer(self: a.Arbiter, message: Any, seen: Any) -> tuple[a.Ruling, None]:
    """Take the first answer that is not yes: not the latest deferral, no drop behind it."""
    found = (ruling for _, ruling in self.rulings(message, seen) if not isinstance(ruling, a.Allow))
    return next(found, a.ALLOW), None


def exit_in_waits(sound: Any, self: Journeys, rule: Any, standing: Any, view: Any) -> Any:
    """Ask for the exit in waits only."""
    step = rule.flow.steps[standing.step]
    return sound(self, rule, standing, view) if standing.reason is None else self._held(rule, step, standing, view)


def no_better_ones(self: Any, message: Any, seen: a.Situation) -> tuple[Any, a.Situation]:
    """Leave no slot to anybody."""
    return self, evolve(seen, held=())


RUDE: dict[str, tuple[Fault, tuple[type[a.Policy], ...]]] = {
    "a cap lets one more through": (
        weighed(a.AtMost, lambda self, message, seen: (evolve(self, count=self.count + 1), seen)),
        (a.AtMost,),
    ),
    "a cap ends a microsecond early": (ruled(a.AtMost, earlier_allowed(1)), (a.AtMost,)),
    "a cap forgets the latest message": (
        weighed(a.AtMost, lambda self, message, seen: (self, evolve(seen, said=seen.said[:-1]))),
        (a.AtMost,),
    ),
    "a cap does not count what is sent at this instant": (
        wrapped(Desk, "seen", without_this_instant),
        (a.AtMost, a.CalendarCap),
    ),
    "the days of a cap are those of Greenwich": (weighed(a.CalendarCap, in_utc), (a.CalendarCap,)),
    "quiet hours are those of Greenwich": (weighed(a.QuietHours, in_utc), (a.QuietHours,)),
    "quiet hours end an hour early": (ruled(a.QuietHours, earlier_allowed(HOUR)), (a.QuietHours,)),
    "a withdrawal is not heard": (
        lambda patch: patch.setitem(_STEPS, ConsentWithdrawn, lambda history, fact: None),
        (a.Consent,),
    ),
    "a consent never ends": (
        replaced(a.Consent, "_failing", lambda self, row, now: None),
        (a.Consent,),
    ),
    "a refusal is overruled": (replaced(a.Choices, "_agreed_until", staticmethod(lambda message, seen: NEVER)), ()),
    "a pause is forgotten when asked again": (wrapped(Journeys, "_settle", forgotten_on_asking_again), ()),
    "a pause ends an hour early": (ruled(a.Choices, earlier_allowed(HOUR)), ()),
    "a chosen frequency is ignored": (replaced(a.Choices, "_rare", lambda self, row, seen: None), ()),
    "a suppressed address is written to": (replaced(folds._Contact, "standing", lambda self: None), ()),
    "who is left alone is drawn by another salt": (
        replaced(holdout, "bucket", lambda customer, salt: bucket(salt, customer)),
        (a.Holdout,),
    ),
    "a cool-down counts its own occasion only": (
        weighed(
            a.CoolDown,
            lambda self, message, seen: (
                self,
                evolve(seen, said=[one for one in seen.said if one.occasion == message.occasion]),
            ),
        ),
        (a.CoolDown,),
    ),
    "variety forgets templates of other rules": (
        weighed(
            a.Variety,
            lambda self, message, seen: (
                self,
                evolve(seen, said=[one for one in seen.said if one.rule == message.rule]),
            ),
        ),
        (a.Variety,),
    ),
    "valid_for includes its end": (valid_too_long, (a.AtMost, a.HoldWhile)),
    "a held message is lost on restart": (replaced(Memory, "of", partial(held_forgotten, Memory.of)), (a.QuietHours,)),
    "a switch for all is ignored": (
        ruled(
            a.KillSwitch,
            lambda ruling, now: a.ALLOW if isinstance(ruling, a.Defer) and ruling.reason is Reason.STOPPED else ruling,
        ),
        (),
    ),
}

LATE: dict[str, tuple[Fault, tuple[type[a.Policy], ...]]] = {
    "quiet hours end an hour late": (ruled(a.QuietHours, later(HOUR)), (a.QuietHours,)),
    "a cap makes room a microsecond late": (ruled(a.AtMost, later(1)), (a.AtMost,)),
    "a day begins a microsecond late": (ruled(a.CalendarCap, later(1)), (a.CalendarCap,)),
    "a cool-down ends late": (ruled(a.CoolDown, later(HOUR)), (a.CoolDown,)),
    "what is held for a predicate comes free late": (ruled(a.HoldWhile, later(HOUR)), (a.HoldWhile,)),
    "the best hour comes late": (ruled(a.BestHour, later(1)), (a.BestHour,)),
    "a pause ends late": (ruled(a.Choices, later(1)), (a.Choices,)),
    "the door is not asked again": (replaced(Journeys, "_at_door", lambda self, standing: False), (a.AtMost,)),
    "the door is asked for ever": (replaced(Journeys, "_at_door", lambda self, standing: True), (a.AtMost,)),
    "the exit is not asked while a message is held": (
        wrapped(Journeys, "_resume", exit_in_waits),
        (a.HoldWhile, a.AtMost),
    ),
    "the worst message goes first": (
        replaced(
            Proposal, "place", property(lambda self: (self.rule.priority, self.rule.id, self.occasion, self.step.name))
        ),
        (a.AtMost, a.CalendarCap),
    ),
    "what is dropped at the door counts as an entry": (wrapped(Memory, "add", drop_enters), (a.Consent, a.Never)),
    "the second channel is not tried": (wrapped(a.Arbiter, "_channels", first_channel_only), (a.Consent, a.Never)),
    "the first answer counts, not the latest": (
        replaced(a.Arbiter, "_weigh", first_answer),
        (a.AtMost, a.HoldWhile, a.CalendarCap),
    ),
    "at_cap='drop' waits": (
        wrapped(
            a.AtMost, "weigh", lambda sound, self, message, seen: sound(self, evolve(message, at_cap="defer"), seen)
        ),
        (a.AtMost,),
    ),
}


FIRST = {  # the round in which a fault was met when this was written; the others were met at once, or were not timed
    "a cap ends a microsecond early": 2,
    "a cap does not count what is sent at this instant": 1,
    "the days of a cap are those of Greenwich": 10,
    "a withdrawal is not heard": 18,
    "a consent never ends": 1,
    "a refusal is overruled": 2,
    "a pause ends an hour early": 8,
    "a chosen frequency is ignored": 8,
    "a suppressed address is written to": 8,
    "a cool-down counts its own occasion only": 1,
    "a switch for all is ignored": 3,
    "a pause ends late": 29,
    "the door is asked for ever": 11,
    "a cap makes room a microsecond late": 3,
    "a day begins a microsecond late": 3,
    "a cool-down ends late": 3,
    "the best hour comes late": 1,
}


@pytest.mark.slow
@pytest.mark.parametrize("name", RUDE)
def test_a_rude_fault_is_caught(name: str, monkeypatch: Patch) -> None:
    """The check of manners fails while the fault is there."""
    fault, kinds = RUDE[name]
    fault(monkeypatch)
    with pytest.raises(AssertionError):
        search(polite, *kinds, first=FIRST.get(name, 0))


@pytest.mark.slow
@pytest.mark.parametrize("name", LATE)
def test_a_fault_of_time_or_order_is_caught(name: str, monkeypatch: Patch) -> None:
    """The oracle decides otherwise while the fault is there."""
    fault, kinds = LATE[name]
    fault(monkeypatch)
    with pytest.raises(AssertionError):
        search(brute, *kinds, first=FIRST.get(name, 0))


@pytest.mark.slow
@pytest.mark.parametrize("law", [polite, brute])
def test_sound_code_passes_the_same_search(law: Law) -> None:
    """Without a fault the same scenarios pass."""
    search(law, rounds=3)
    search(law, a.AtMost, a.QuietHours, rounds=3)


FIRST_BEST = {a.AtMost: 217}  # as above, among rules that compete


@pytest.mark.slow
@pytest.mark.parametrize("policy", [a.AtMost, a.CalendarCap])
def test_slots_that_are_not_left_to_the_best_are_seen(policy: type[a.Policy], monkeypatch: Patch) -> None:
    """With rules that compete; without the fault they pass."""
    search(brute, rounds=2, best=True)
    weighed(policy, no_better_ones)(monkeypatch)
    with pytest.raises(AssertionError):
        search(brute, best=True, first=FIRST_BEST.get(policy, 0))


def test_a_switch_that_wakes_nobody_is_seen(monkeypatch: Patch) -> None:
    """A message would wait although sending was resumed; nothing else happens that would wake the customer."""
    facts: list[Fact] = [
        SendingStopped(id="stop", at=START, scope="all", reason="a fault"),
        order("1", START + HOUR),
        SendingResumed(id="go", at=START + 10 * DAY, scope="all"),
    ]
    scenario = Scenario(RuleSet.of([Rule("r", on(orders), Send("x"))]), facts, START - 1, START + 20 * DAY)
    polite(scenario)
    monkeypatch.setattr(engine_module, "held_by", lambda switches, made: ())
    with pytest.raises(AssertionError, match="nothing is stopped any more"):
        polite(scenario)
