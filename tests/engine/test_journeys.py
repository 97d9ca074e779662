"""Entering, running and leaving the steps of rules."""

from __future__ import annotations

from typing import Any

import pytest

from retention_engine import (
    Delay,
    Do,
    Rule,
    Send,
    WaitFor,
    after,
    days,
    entry,
    events,
    hours,
    minutes,
    on,
    orders,
    views,
)
from retention_engine.actions import Decision
from retention_engine.facts import Fact
from retention_engine.timing import DAY, HOUR
from tests.engine._shop import ANNA, START, happened, order, shop, told

JOINED = happened("joined", START + HOUR)


def decided(rule: Rule, *facts: Fact, to: int = START + 60 * DAY) -> list[Decision]:
    """Return what is decided about anna, who joined after an hour."""
    return shop(rule, facts=[JOINED, *facts]).advance(to).decisions


def rule(*steps: Any, **more: Any) -> Rule:
    """Return a rule about joining."""
    return Rule("r", on(events("joined")), *steps, **more)


def test_actions_in_a_row_are_due_at_once() -> None:
    """Each has its own step; nothing is noted at the end when the last step was an action."""
    made = decided(rule(Send("a", topic="offers", channel="mail"), Do("tag", "vip", data={"by": "us"})))
    assert told(made) == [("act", "a", "07-01 01:00"), ("act", "vip", "07-01 01:00")]
    letter, tag = (each.action for each in made)
    assert letter is not None
    assert tag is not None
    assert (letter.kind, letter.name, letter.channel, letter.topic, letter.data) == ("send", "a", "mail", "offers", {})
    assert (tag.kind, tag.name, tag.data, tag.due, tag.valid_until) == ("tag", "vip", {"by": "us"}, START + HOUR, None)
    assert (tag.reason, tag.because) == (
        f"on(events('joined')): {JOINED.id}",
        (f"{JOINED.id} due 2026-07-01T01:00:00Z",),
    )


def test_a_delay_ends_to_the_microsecond_and_the_next_action_is_due_then() -> None:
    """What comes after a wait is valid from then on, and says what it came after."""
    made = decided(rule(Send("a"), Delay(days(3)), Send("b"), valid_for=hours(2)))
    assert told(made) == [
        ("act", "a", "07-01 01:00"),
        ("wait", "delay days(3)", "07-01 01:00"),
        ("act", "b", "07-04 01:00"),
    ]
    assert made[1].until == made[2].at == START + HOUR + 3 * DAY
    action = made[2].action
    assert action is not None
    assert (action.due, action.valid_until, action.because) == (
        made[2].at,
        made[2].at + 2 * HOUR,
        ("after delay days(3)",),
    )


def test_a_wait_ends_when_what_it_waits_for_comes() -> None:
    """At the fact, not at the timeout; the evidence is what came."""
    waits = rule(WaitFor(orders.exists(), days(9), name="w"), Send("a"))
    made = decided(waits, order("1", START + 2 * DAY))
    assert told(made) == [("wait", "w", "07-01 01:00"), ("act", "a", "07-03 00:00")]
    assert made[1].because == ("orders.exists(): yes, last 2026-07-03 (order 1)",)


def test_a_wait_for_what_holds_already_is_passed() -> None:
    """And one for what time brings ends at that instant."""
    held = rule(WaitFor(orders.exists(), days(9), name="w"), Send("a"))
    assert told(decided(held, order("1", START + 1))) == [("act", "a", "07-01 01:00")]
    aged = rule(WaitFor(orders.last().age >= days(2), days(9), name="w"), Send("a"))
    assert told(decided(aged, order("1", START)))[1] == ("act", "a", "07-03 00:00")


@pytest.mark.parametrize(
    ("on_timeout", "last"),
    [("continue", ("act", "a", "07-03 01:00")), ("exit", ("exit condition_false", "w", "07-03 01:00"))],
)
def test_a_wait_that_was_in_vain_goes_on_or_leaves(on_timeout: str, last: tuple[str, str, str]) -> None:
    """As the step says."""
    waits = rule(WaitFor(orders.exists(), days(2), on_timeout=on_timeout, name="w"), Send("a"))
    assert told(decided(waits))[1] == last


def test_an_exit_is_taken_at_once_and_names_its_witness() -> None:
    """In a delay and in a wait, at the fact; afterwards nothing of the journey is left."""
    for step in (Delay(days(9), name="w"), WaitFor(views.exists(), days(9), name="w")):
        leaving = rule(step, Send("a"), exit_when=orders.since(entry).exists())
        made = decided(leaving, order("1", START + 2 * DAY))
        assert told(made) == [("wait", "w", "07-01 01:00"), ("exit exited", "w", "07-03 00:00")]
        assert made[1].because == ("orders.since(entry).exists(): yes, last 2026-07-03 (order 1)",)


def test_an_exit_that_time_turns_is_taken_at_its_instant() -> None:
    """The horizon of the exit is a wake-up of the wait, also while waiting for something else."""
    for step in (Delay(days(9), name="w"), WaitFor(views.exists(), days(9), name="w")):
        made = decided(rule(step, Send("a"), exit_when=orders.last().age >= days(2)), order("1", START))
        assert told(made)[1] == ("exit exited", "w", "07-03 00:00")


def test_the_exit_goes_before_the_step() -> None:
    """At the instant at which a delay ends and the exit turns, the exit wins."""
    both = rule(Delay(days(2), name="w"), Send("a"), exit_when=events("joined").before(days(2)).exists())
    assert told(decided(both))[1] == ("exit exited", "w", "07-03 01:00")


def test_a_journey_that_ends_with_a_wait_is_done() -> None:
    """Its end is noted at the last step, with the evidence when nothing was done at all."""
    assert told(decided(rule(Send("a"), Delay(days(1), name="w"))))[2] == ("done", "w", "07-02 01:00")
    passed = decided(rule(WaitFor(events("joined").exists(), days(1), name="w")))
    assert told(passed) == [("done", "w", "07-01 01:00")]
    assert passed[0].because == (f"{JOINED.id} due 2026-07-01T01:00:00Z",)
    acted = decided(rule(Send("a"), WaitFor(events("joined").exists(), days(1), name="w")))
    assert told(acted) == [("act", "a", "07-01 01:00"), ("done", "w", "07-01 01:00")]
    assert acted[1].because == ()


def test_validity_is_asked_first_then_re_entry_condition_and_exit() -> None:
    """The first reason is the one that is journaled."""
    late = order("1", START + HOUR).learned_at(START + DAY)
    wrong = {"when": views.exists(), "exit_when": orders.exists()}
    expired = Rule("r", on(orders), Send("a"), valid_for=hours(23), **wrong)
    assert told(shop(expired, facts=[late]).advance(START + 2 * DAY).decisions)[0][0] == "drop expired"
    refused = decided(Rule("r", on(orders), Send("a"), **wrong), order("1", START + DAY))
    assert (refused[0].reason, refused[0].because) == ("condition_false", ("views.exists(): no, none",))
    left = decided(Rule("r", on(orders), Send("a"), exit_when=orders.exists()), order("1", START + DAY))
    assert told(left) == [("drop exited", "a", "07-02 00:00")]


def test_a_drop_shows_its_trigger_when_nothing_else_explains_it() -> None:
    """An expired occasion says when it was due."""
    late = order("1", START + HOUR).learned_at(START + DAY)
    (dropped,) = shop(Rule("r", on(orders), Send("a"), valid_for=hours(1)), facts=[late]).advance(START + DAY).decisions
    assert dropped.because == ("1 due 2026-07-01T01:00:00Z",)


@pytest.mark.parametrize(
    ("re_entry", "outcomes"),
    [("once", "act drop drop"), ("occasion", "act act act"), (days(2), "act drop act"), (days(1), "act act act")],
)
def test_re_entry(re_entry: Any, outcomes: str) -> None:
    """Once in a lifetime, per occasion, or not within a span of the last entry; its end is outside."""
    again = Rule("r", on(orders), Send("a"), re_entry=re_entry)
    facts = [order(str(number), START + number * DAY) for number in (1, 2, 3)]
    made = shop(again, facts=facts).advance(START + 9 * DAY).decisions
    assert " ".join(each.outcome.value for each in made) == outcomes
    assert {each.reason for each in made} <= {None, "re_entry"}


def test_two_journeys_of_one_rule_go_on_in_the_order_of_their_entries() -> None:
    """Each has its own entry: an order between the two is since the one and not since the other."""
    two = Rule("r", on(events("go")), Delay(days(5), name="w"), Send("a"), exit_when=orders.since(entry).exists())
    facts = [happened("go", START + DAY), order("1", START + 2 * DAY), happened("go", START + 3 * DAY)]
    made = shop(two, facts=facts).advance(START + 30 * DAY).decisions
    assert told(made) == [
        ("wait", "w", "07-02 00:00"),
        ("exit exited", "w", "07-03 00:00"),
        ("wait", "w", "07-04 00:00"),
        ("act", "a", "07-09 00:00"),
    ]


def changed(first: Rule, second: Rule) -> list[tuple[str, str, str]]:
    """Return what a journey at a wait does when its rule becomes another one after a day."""
    engine = shop(first, facts=[JOINED])
    engine.advance(START + DAY)
    after_it = shop(second, store=engine.store)
    return told(after_it.advance(START + 30 * DAY).decisions)


WAIT = Delay(days(9), name="w")


def test_a_running_journey_goes_on_at_its_named_step() -> None:
    """Where the step has moved to; the wait keeps its end; a step that became an action is taken."""
    assert changed(rule(WAIT, Send("a")), rule(Send("new"), WAIT, Send("b"))) == [("act", "b", "07-10 01:00")]
    assert changed(rule(WAIT, Send("a")), rule(Delay(days(1), name="w"), Send("b"))) == [("act", "b", "07-10 01:00")]
    assert changed(rule(WAIT, Send("a")), rule(Send("now", name="w"))) == [("act", "w", "07-02 00:00")]


def test_a_running_journey_leaves_when_its_step_is_gone_or_a_new_exit_holds() -> None:
    """With the reason that is true."""
    assert changed(rule(WAIT, Send("a")), rule(Send("a"))) == [("exit step_removed", "w", "07-02 00:00")]
    out = rule(WAIT, Send("a"), exit_when=events("joined").exists())
    assert changed(rule(WAIT, Send("a")), out) == [("exit exited", "w", "07-02 00:00")]


def test_a_removed_rule_leaves_its_journeys_where_they_stand() -> None:
    """They go on when it comes back."""
    engine = shop(rule(WAIT, Send("a")), facts=[JOINED])
    engine.advance(START + DAY)
    shop(Rule("other", after(orders, minutes(1)), Send("x")), store=engine.store).advance(START + 20 * DAY)
    back = shop(rule(WAIT, Send("a")), store=engine.store)
    assert told(back.advance(START + 30 * DAY).decisions) == [("act", "a", "07-21 00:00")]
    assert back.store.roster.customers("", 9) == [ANNA]
