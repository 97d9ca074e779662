"""Goals are reached by event time, within their window; exposures follow from the journal."""

from __future__ import annotations

from retention_engine import Delay, Engine, Rule, RuleSet, Send, days, on, orders
from retention_engine.actions import Decision, Outcome
from retention_engine.arbitration import Holdout
from retention_engine.engine import Attempt, exposures
from retention_engine.facts import Exposed
from retention_engine.predicates import entry, events, visits
from retention_engine.rules import Branch, Goal, Split, Variant, When
from retention_engine.timing import DAY, HOUR
from tests.engine._shop import ANNA, START, happened, order

AGAIN = Goal(orders.since(entry).exists(), within=days(7))
CARE = Rule("care", on(events("cart")), Delay(days(1)), Send("reminder"), goal=AGAIN)


def tried(*facts, rules=(CARE,), to: int = START + 60 * DAY, **more) -> list[Attempt]:
    """Return the attempts of an engine that was told these facts ahead."""
    engine = Engine(rules, since=START - 1, **more)
    engine.record(facts)
    engine.advance(to)
    return list(engine.attempts())


def test_an_order_after_the_message_is_a_conversion() -> None:
    """Counted from the message, not from the entry of the journey."""
    (found,) = tried(happened("cart", START), order("1", START + 3 * DAY))
    assert (found.arm, found.at, found.reached) == ("sent", START + DAY, START + 3 * DAY)


def test_an_order_that_happened_before_the_message_is_none_however_late_we_hear_of_it() -> None:
    """Attribution goes by event time: it was learned a day after the message."""
    early = order("1", START + HOUR).learned_at(START + 2 * DAY)
    (found,) = tried(happened("cart", START), early)
    assert (found.arm, found.reached) == ("sent", None)


def test_the_window_closes() -> None:
    """An order eight days after the message comes too late; one exactly at its end does not."""
    assert tried(happened("cart", START), order("1", START + 9 * DAY))[0].reached is None
    assert tried(happened("cart", START), order("1", START + 8 * DAY))[0].reached == START + 8 * DAY


def test_a_goal_that_holds_already_is_not_reached_by_the_message() -> None:
    """They had ordered before."""
    any_order = Rule("care", on(events("cart")), Send("reminder"), goal=Goal(orders.exists()))
    assert tried(order("0", START - DAY), happened("cart", START), rules=[any_order])[0].reached is None


def test_time_alone_may_reach_a_goal() -> None:
    """No visit for two days, counted from one before the message."""
    quiet = Goal(visits.exists() | (events("cart").last().age >= days(2)), within=days(7))
    rule = Rule("care", on(events("cart")), Send("reminder"), goal=quiet)
    assert tried(happened("cart", START), rules=[rule])[0].reached == START + 2 * DAY


def test_who_is_held_out_is_an_attempt_of_the_other_arm() -> None:
    """Without them no lift can be computed; a rule without a goal has no attempts."""
    policies = [Holdout(100), Holdout(100, rule="care", salt="other")]
    facts = (happened("cart", START), order("1", START + 3 * DAY))
    (found,) = tried(*facts, policies=policies[:1])
    assert (found.arm, found.at, found.reached) == ("holdout", START + DAY, START + 3 * DAY)
    assert [each.arm for each in tried(*facts, policies=policies[1:])] == ["control"]
    assert tried(*facts, rules=[Rule("care", on(events("cart")), Send("reminder"))]) == []


def test_a_refusal_at_the_door_is_no_attempt() -> None:
    """The condition did not hold: nobody would have been written to."""
    asked = Rule("care", on(events("cart")), Send("reminder"), when=orders.exists(), goal=AGAIN)
    assert tried(happened("cart", START), rules=[asked]) == []


def test_variants_stand_with_their_attempts_and_as_facts() -> None:
    """The journal's lines about splits become facts whose ids follow from them."""
    split = Split(Variant("a", Send("short")), Variant("b", Send("long")), id="letter-length")
    rule = Rule("care", on(events("cart")), split, goal=AGAIN)
    engine = Engine([rule], since=START - 1)
    engine.record(happened("cart", START))
    made = engine.advance(START + DAY).decisions
    (exposed,) = exposures(RuleSet.of([rule]), made)
    assert isinstance(exposed, Exposed)
    assert (exposed.experiment, exposed.customer, exposed.rule) == ("letter-length", ANNA, "care")
    (attempt,) = engine.attempts()
    assert attempt.variants == (exposed.variant,) == (split.assign(ANNA),)
    assert engine.record(exposed).new == 1
    assert engine.record(next(exposures(RuleSet.of([rule]), made))).repeated == 1


def test_a_split_that_is_gone_exposes_nobody() -> None:
    """The step has another meaning today."""
    line = Decision(at=1, rule="r", customer=ANNA, occasion="o", step="fork", outcome=Outcome.ARM, variant="a")
    fork = Branch(When(orders.exists(), Send("x")), name="fork")
    assert list(exposures(RuleSet.of([Rule("r", on(orders), fork)]), [line])) == []
