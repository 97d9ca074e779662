"""Acceptance cases of the field about journeys of several steps, with the public issue each comes from."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from retention_engine import (
    Customer,
    Delay,
    Event,
    Rule,
    Send,
    WaitFor,
    after,
    carts,
    customer,
    days,
    entering,
    entry,
    events,
    hours,
    messages,
    minutes,
    on,
    orders,
    yearly,
)
from retention_engine.actions import Decision
from retention_engine.arbitration import AtMost, QuietHours
from retention_engine.facts import Fact, MessageClicked, MessageSent
from retention_engine.rules import Branch, Split, Variant, When, check
from retention_engine.timing import DAY, HOUR, SECOND, to_text
from tests.acceptance.test_rules import cart
from tests.engine._shop import ANNA, START, order, shop, told

JOINED = Event(id="j", customer=ANNA, at=START + HOUR, name="joined")
GO = on(events("joined"))


def journey(*steps: Any, facts: list[Fact], policies: Any = (), **more: Any) -> list[Decision]:
    """Return what is decided about anna within 60 days."""
    engine = shop(Rule("r", GO, *steps, **more), facts=[JOINED, *facts], policies=policies)
    return engine.advance(START + 60 * DAY).decisions


def sent(made: list[Decision]) -> list[tuple[str, str]]:
    """Return (template, instant) of the messages let through."""
    return [(each.action.name, to_text(each.at)[5:13]) for each in made if each.action]


def test_t1_a_held_second_step_is_past_its_door() -> None:
    """The birthday is over while the second letter is held by the night: https://github.com/mautic/mautic/issues/6439."""
    rule = Rule("bday", entering(yearly(customer.birthday)), Send("today"), Delay(days(2)), Send("later"))
    anna = Customer(id=ANNA, registered=START - DAY, birthday="1990-07-10", zone="UTC")
    engine = shop(rule, facts=[anna], policies=[QuietHours("22:00", "09:00")])
    assert sent(engine.advance(START + 30 * DAY).decisions) == [("today", "07-10T09"), ("later", "07-12T09")]


def test_t1_a_message_held_at_the_door_is_asked_anew() -> None:
    """Nothing was said yet: whoever does not belong any more when the night ends hears nothing."""
    fresh = Rule("fresh", entering(orders.within(hours(4)).exists()), Send("thanks"))
    anna = Customer(id=ANNA, registered=START - DAY, zone="UTC")
    engine = shop(fresh, facts=[anna, order("1", START + 23 * HOUR)], policies=[QuietHours("22:00", "09:00")])
    assert told(engine.advance(START + 9 * DAY).decisions) == [
        ("defer quiet_hours", "thanks", "07-01 23:00"),
        ("exit condition_false", "thanks", "07-02 03:00"),
    ]


def test_t2_an_exit_inside_a_branch_is_taken_at_once() -> None:
    """At the order on the second day of a delay of thirty; no wake-up is left, and they may enter again (Braze)."""
    steps = Branch(When(customer.tier == "gold", Send("vip")), otherwise=[Delay(days(30), name="wait"), Send("hello")])
    rule = Rule("r", GO, steps, exit_when=orders.since(entry).exists())
    engine = shop(rule, facts=[JOINED, order("1", START + DAY + HOUR)])
    assert told(engine.advance(START + 2 * DAY).decisions)[-1] == ("exit exited", "wait", "07-02 01:00")
    assert engine.next_wakeup() is None
    engine.record(Event(id="j2", customer=ANNA, at=START + 3 * DAY, name="joined"))
    assert sent(engine.advance(START + 40 * DAY).decisions) == [("hello", "08-03T00")]


def test_t2b_an_exit_while_a_message_is_held() -> None:
    """It holds for an hour in the night and not when the night ends: the journey is left in that hour (Braze)."""
    anna = Customer(id=ANNA, registered=START - DAY, zone="UTC")
    facts: list[Fact] = [
        Event(id="k", customer=ANNA, at=START + 2 * DAY, name="late"),
        order("1", START + 2 * DAY + 3 * HOUR),
    ]
    rule = Rule("r", on(events("late")), Send("hello"), exit_when=orders.last().age < hours(1))
    engine = shop(rule, facts=facts, policies=[QuietHours("22:00", "09:00")])
    engine.record(anna)
    assert told(engine.advance(START + 9 * DAY).decisions) == [
        ("defer quiet_hours", "hello", "07-03 00:00"),
        ("exit exited", "hello", "07-03 03:00"),
    ]


DIGEST = Rule(
    "digest",
    entering(events("comment").within(minutes(5)).exists()),
    Delay(minutes(5)),
    Send("digest", items=events("comment").within(minutes(6))),
)


def comments(*seconds: int) -> list[Event]:
    """Return comments, some seconds after an hour."""
    return [
        Event(id=f"c{place}", customer=ANNA, at=START + HOUR + second * SECOND, name="comment")
        for place, second in enumerate(seconds)
    ]


@pytest.mark.parametrize("facts", list(permutations(comments(0, 0))), ids=["as they came", "turned"])
@pytest.mark.parametrize("apart", [False, True])
def test_t11_two_triggers_in_one_instant_are_one_digest(facts: tuple[Event, ...], apart: bool) -> None:
    """With both items, whatever comes first: https://github.com/novuhq/novu/issues/2569, 1633."""
    engine = shop(DIGEST)
    for fact in facts:
        engine.record(fact)
        if apart:
            engine.advance(START + HOUR + 30 * SECOND)
    (digest,) = engine.advance(START + DAY)
    assert set(digest.items) == {"c0", "c1"}


@pytest.mark.parametrize("facts", list(permutations(comments(0, 1, 200))))
def test_t11_so_are_several_within_the_window(facts: tuple[Event, ...]) -> None:
    """Recorded in any order: one message that names all three, oldest first."""
    engine = shop(DIGEST, facts=facts)
    (digest,) = engine.advance(START + DAY)
    assert digest.items == ("c0", "c1", "c2")


def test_f12_different_keys_never_merge() -> None:
    """Two customers, and two windows of one: https://github.com/novuhq/novu/issues/2698, 3893."""
    late = Event(id="c9", customer=ANNA, at=START + 5 * HOUR, name="comment")
    other = Event(id="d0", customer="boris", at=START + HOUR, name="comment")
    made = list(shop(DIGEST, facts=[*comments(0, 1), late, other]).advance(START + DAY))
    assert [(each.customer, each.items) for each in made] == [(ANNA, ("c0", "c1")), ("boris", ("d0",)), (ANNA, ("c9",))]
    assert len({each.key for each in made}) == 3


@pytest.mark.parametrize("hours_in", [1, 2, 11, 47])
def test_f12_equal_keys_are_one(hours_in: int) -> None:
    """The same facts told again at any time make no second digest."""
    engine = shop(DIGEST, facts=comments(0, 1))
    assert len(engine.advance(START + (1 + hours_in) * HOUR)) == 1
    engine.record(comments(0, 1))
    assert len(engine.advance(START + 9 * DAY)) == 0


def test_f44_a_reaction_to_either_variant_takes_the_same_branch() -> None:
    """Whoever clicked, A or B: https://github.com/mautic/mautic/issues/3898."""
    clicked = messages.where(clicked=True).since(entry).exists()
    split = Split(Variant("a", Send("letter-a")), Variant("b", Send("letter-b")), id="letter")
    rule = Rule("r", GO, split, Delay(days(1)), Branch(When(clicked, Send("thanks")), otherwise=[Send("reminder")]))
    engine = shop(rule, facts=[Event(id=f"j{n}", customer=f"c{n}", at=START + HOUR, name="joined") for n in range(40)])
    first = list(engine.advance(START + 2 * HOUR))
    engine.record([fact for place, each in enumerate(first) if place % 2 for fact in _clicked(each)])
    second = {each.customer: each.name for each in engine.advance(START + 3 * DAY)}
    assert {each.name for each in first} == {"letter-a", "letter-b"}
    assert second == {each.customer: "thanks" if place % 2 else "reminder" for place, each in enumerate(first)}


def _clicked(action: Any) -> list[Fact]:
    common = {"customer": action.customer, "at": START + 3 * HOUR, "message": action.key}
    words = {"rule": action.rule, "step": action.step, "template": action.name}
    return [
        MessageSent(id=f"s{action.key}", **{**common, "at": START + 2 * HOUR}, **words),
        MessageClicked(id=f"k{action.key}", **common),
    ]


def test_t10_renaming_keeps_the_variant() -> None:
    """Titles are in no bucket, and a variant added elsewhere moves nobody (Dittofeed hashes the segment's name)."""
    arms = []
    for title, others in (("Hello", ()), ("Welcome", (Rule("other", GO, Send("x")),))):
        split = Split(Variant("a", Send("letter-a")), Variant("b", Send("letter-b")), id="letter")
        engine = shop(Rule("r", GO, split, title=title), *others)
        engine.record([Event(id=f"j{n}", customer=f"c{n}", at=START + HOUR, name="joined") for n in range(60)])
        arms.append({each.customer: each.variant for each in engine.advance(START + DAY).decisions if each.variant})
    assert arms[0] == arms[1]
    assert set(arms[0].values()) == {"a", "b"}


def test_t13_a_birthday_letter_held_over_midnight_is_of_its_own_year() -> None:
    """29 February in a common year, held until the morning: one message a year."""
    rule = Rule("bday", entering(yearly(customer.birthday)), Send("today"))
    anna = Customer(id=ANNA, registered=START - DAY, birthday="2000-02-29", zone="UTC")
    engine = shop(rule, facts=[anna], policies=[QuietHours("22:00", "09:00")])
    at = [to_text(each.at)[:13] for each in engine.advance(START + 3 * 365 * DAY).decisions if each.action]
    assert at == ["2027-02-28T09", "2028-02-29T09", "2029-02-28T09"]


def test_f01_two_days_after_entry_stays_one_message_under_a_cap() -> None:
    """Held three times on its way, sent once: https://github.com/mautic/mautic/issues/8802, 13070."""
    policies = [QuietHours("22:00", "09:00", unknown_zone=("22:00", "09:00")), AtMost(1, per=days(3))]
    made = journey(Send("hello"), Delay(days(2)), Send("again"), facts=[], policies=policies)
    assert sent(made) == [("hello", "07-01T09"), ("again", "07-04T09")]


@pytest.mark.parametrize(("re_entry", "sends"), [("once", 1), ("occasion", 3), (days(60), 2)])
def test_f15_a_held_entry_counts_once(re_entry: Any, sends: int) -> None:
    """Leaving and coming back while messages wait for the morning: https://github.com/mautic/mautic/issues/7881."""
    rule = Rule("back", entering(orders.last().age >= days(30)), Send("come-back"), re_entry=re_entry)
    facts = [order(str(number), START + number * 50 * DAY) for number in range(1, 4)]
    night = QuietHours("22:00", "09:00", unknown_zone=("22:00", "09:00"))
    assert len(shop(rule, facts=facts, policies=[night]).advance(START + 250 * DAY)) == sends


def test_f16_a_journey_longer_than_its_window_is_warned_about_in_branches_too() -> None:
    """When the exit is that window (Klaviyo thread 3178); not when the exit is something else."""
    window = orders.within(days(5)).exists()
    steps = (Delay(days(2)), Branch(When(customer.tier == "gold", Delay(days(24)), Send("vip"))), Send("end"))
    warned = [each.code for each in check([Rule("r", entering(window), *steps, exit_when=~window)])]
    assert "outlives_window" in warned
    assert "outlives_window" not in [each.code for each in check([Rule("r", entering(window), *steps)])]


@pytest.mark.parametrize(("named", "reminded"), [(None, 0), ("k2", 2)])
def test_f17_one_order_and_several_carts_that_wait_for_the_morning(named: str | None, reminded: int) -> None:
    """Reminders held by the night: any order settles all earlier carts, one that names its cart that one (Klaviyo)."""
    rule = Rule("cart", after(carts.where(ordered=False), hours(4)), Send("your-cart"))
    night = QuietHours("22:00", "09:00", unknown_zone=("22:00", "09:00"))
    engine = shop(rule, facts=[cart(f"k{n}", START + 20 * HOUR + n * SECOND) for n in (1, 2, 3)], policies=[night])
    engine.record(order("1", START + 30 * HOUR, cart=named))
    assert len(engine.advance(START + 9 * DAY)) == reminded


def test_f19_a_fact_at_entry_counts_as_since_says_in_every_step() -> None:
    """``since(entry)`` is exclusive in branches and waits as well: https://github.com/mautic/mautic/issues/2234."""
    bought = orders.since(entry).exists()
    steps = (WaitFor(bought, hours(2)), Branch(When(bought, Send("thanks")), otherwise=[Send("nothing-yet")]))
    assert sent(journey(*steps, facts=[order("1", START + HOUR)])) == [("nothing-yet", "07-01T03")]
    assert sent(journey(*steps, facts=[order("1", START + HOUR + 1)])) == [("thanks", "07-01T01")]


def test_f20_no_order_for_a_week_is_false_in_a_branch_for_a_fresh_customer() -> None:
    """Before the first order there is no last one (Customer.io: past X days)."""
    quiet = Branch(When(orders.last().age >= days(7), Send("miss-you")), otherwise=[Send("welcome")])
    assert sent(journey(quiet, facts=[])) == [("welcome", "07-01T01")]


def test_f42_who_is_held_out_of_the_door_at_launch_enters_when_the_night_ends() -> None:
    """Launching with current members at night enters all of them: https://github.com/mautic/mautic/issues/6816."""
    rule = Rule("x", entering(orders.exists(), include_current=True), Send("hi"))
    facts = [order(str(n), START - n * DAY, f"c{n}") for n in range(1, 6)]
    night = QuietHours("22:00", "09:00", unknown_zone=("22:00", "09:00"))
    made = shop(rule, facts=facts, policies=[night]).advance(START + DAY)
    assert len(made) == 5
    assert {each.due for each in made} == {START}


def test_a_message_past_its_validity_is_dropped_with_what_held_it() -> None:
    """Held for eight hours, valid for six: never sent late, and the next step follows at once."""
    night = QuietHours("22:00", "09:00", unknown_zone=("22:00", "09:00"))
    made = journey(Send("hello"), Delay(hours(9)), Send("later"), facts=[], policies=[night], valid_for=hours(6))
    assert told(made) == [
        ("defer quiet_hours", "hello", "07-01 01:00"),
        ("drop quiet_hours", "hello", "07-01 07:00"),
        ("wait", "delay hours(9)", "07-01 07:00"),
        ("act", "later", "07-01 16:00"),
    ]
