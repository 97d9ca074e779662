"""Messages that are held: asked again as a whole, never lost while valid, never sent when not."""

from __future__ import annotations

from typing import Any

from attrs import evolve

from retention_engine import Delay, Engine, Rule, Send, WaitFor, after, daily, days, entering, entry, hours, on, orders
from retention_engine.actions import Decision
from retention_engine.arbitration import (
    AtMost,
    Channels,
    Consent,
    CoolDown,
    Fatigue,
    Holdout,
    Policy,
    QuietHours,
    Reachable,
)
from retention_engine.facts import (
    ConsentGiven,
    ConsentWithdrawn,
    ContactAdded,
    ContactRemoved,
    Fact,
    OrderCancelled,
    Paused,
    Resumed,
)
from retention_engine.predicates import events, item, purchases
from retention_engine.rules import Audience, Branch, Split, Tag, Variant, WaitUntil, When
from retention_engine.stores import MemoryStore
from retention_engine.timing import DAY, HOUR
from tests.engine._shop import ANNA, START, happened, order, told

NIGHT = QuietHours("22:00", "09:00", unknown_zone=("22:00", "09:00"))
EVENING = START + 23 * HOUR
HELLO = Send("hello", topic="news", channel="email")


def decided(*rules: Rule, facts: list[Fact], policies: list[Policy], to: int = START + 30 * DAY) -> list[Decision]:
    """Return what one advance decides."""
    engine = Engine(rules, since=START, policies=policies)
    engine.record(facts)
    return engine.advance(to).decisions


def test_what_waits_for_the_morning_goes_out_then() -> None:
    """One line when it is held, one when it is sent; its evidence stands in the first."""
    rule = Rule("hello", on(events("seen")), HELLO, Tag("told"))
    made = decided(rule, facts=[happened("seen", EVENING)], policies=[NIGHT])
    assert told(made) == [
        ("defer quiet_hours", "hello", "07-01 23:00"),
        ("act", "hello", "07-02 09:00"),
        ("act", "told", "07-02 09:00"),
    ]
    assert made[1].action is not None
    assert (made[1].action.due, made[0].due, made[0].until) == (EVENING, EVENING, START + 33 * HOUR)
    assert made[1].because == ("due 2026-07-01T23:00:00Z, deferred since: quiet_hours",)


def test_at_the_door_the_condition_must_still_hold() -> None:
    """Somebody who came back by themselves is not told that they are missed; nor is an order that was cancelled."""
    lapsed = Rule("lapsed", entering(~events("back").exists()), HELLO)
    made = decided(lapsed, facts=[happened("x", EVENING), happened("back", EVENING + HOUR)], policies=[NIGHT])
    assert told(made) == [
        ("defer quiet_hours", "hello", "07-01 23:00"),
        ("exit condition_false", "hello", "07-02 00:00"),
    ]
    bought = Rule("thanks", on(orders), HELLO)
    gone = OrderCancelled(id="no", customer=ANNA, at=EVENING + HOUR, order_id="1")
    made = decided(bought, facts=[order("1", EVENING), gone], policies=[NIGHT])
    assert told(made)[-1] == ("exit condition_false", "hello", "07-02 00:00")
    assert made[-1].because == ("1 is gone",)


def test_a_condition_that_turns_by_itself_is_noticed_at_its_instant() -> None:
    """``when`` is true until four in the morning; the exit holds from three."""
    recent = Rule("r", on(events("seen")), HELLO, when=events("seen").within(hours(5)).exists())
    assert told(decided(recent, facts=[happened("seen", EVENING)], policies=[NIGHT]))[-1] == (
        "exit condition_false",
        "hello",
        "07-02 04:00",
    )
    leaving = Rule("r", on(events("seen")), HELLO, exit_when=events("seen").last().age >= hours(4))
    assert told(decided(leaving, facts=[happened("seen", EVENING)], policies=[NIGHT]))[-1] == (
        "exit exited",
        "hello",
        "07-02 03:00",
    )


def test_past_the_door_entry_is_not_membership() -> None:
    """After a delay only the exit counts."""
    rule = Rule("r", entering(events("seen").within(hours(2)).exists()), Delay(hours(1)), HELLO)
    made = decided(rule, facts=[happened("seen", EVENING)], policies=[NIGHT])
    assert told(made)[-1] == ("act", "hello", "07-02 09:00")


def test_validity_ends_a_deferral_with_its_reason_and_the_journey_goes_on() -> None:
    """A message that is worse late than never is dropped; the next step follows."""
    rule = Rule("r", on(events("seen")), HELLO, Delay(days(1)), Send("later"), valid_for=hours(3))
    made = decided(rule, facts=[happened("seen", EVENING)], policies=[NIGHT])
    assert told(made) == [
        ("defer quiet_hours", "hello", "07-01 23:00"),
        ("drop quiet_hours", "hello", "07-02 02:00"),
        ("wait", "delay days(1)", "07-02 02:00"),
        ("defer quiet_hours", "later", "07-03 02:00"),
        ("drop quiet_hours", "later", "07-03 05:00"),
    ]


def test_a_pause_without_end_waits_for_a_fact() -> None:
    """No instant in the journal; resumed, it goes out at once."""
    pause = Paused(id="p", customer=ANNA, at=START + HOUR)
    go = Resumed(id="g", customer=ANNA, at=START + 5 * DAY)
    made = decided(
        Rule("r", on(events("seen")), HELLO), facts=[pause, happened("seen", START + 2 * HOUR), go], policies=[]
    )
    assert told(made) == [("defer customer_choice", "hello", "07-01 02:00"), ("act", "hello", "07-06 00:00")]
    assert made[0].until is None


def test_the_journal_tells_when_the_reason_changes() -> None:
    """First the night; in the morning the cap is full: another line, and one line only."""
    rules = [Rule(name, on(events("seen")), Send(name)) for name in ("one", "two")]
    made = decided(*rules, facts=[happened("seen", EVENING)], policies=[NIGHT, AtMost(1, per=days(2))])
    assert told(made) == [
        ("defer quiet_hours", "one", "07-01 23:00"),
        ("defer quiet_hours", "two", "07-01 23:00"),
        ("act", "one", "07-02 09:00"),
        ("defer frequency_cap", "two", "07-02 09:00"),
        ("act", "two", "07-04 09:00"),
    ]


def test_the_best_goes_first_and_may_reserve_a_slot() -> None:
    """By priority, then value; ``best`` leaves the slot to the better one that waits for the morning."""
    low = Rule("a-low", on(events("noon")), Send("low", purpose="service"), at_cap="best")
    high = Rule("high", on(events("seen")), Send("high"), priority=1)
    night = QuietHours("22:00", "09:00", unknown_zone=("22:00", "09:00"), purpose="marketing")
    facts = [happened("seen", EVENING), happened("noon", EVENING + HOUR)]
    made = decided(low, high, facts=facts, policies=[night, AtMost(1, per=days(2))])
    assert told(made) == [
        ("defer quiet_hours", "high", "07-01 23:00"),
        ("defer lower_priority", "low", "07-02 00:00"),
        ("act", "high", "07-02 09:00"),
        ("defer frequency_cap", "low", "07-02 09:00"),
        ("act", "low", "07-04 09:00"),
    ]


def test_a_second_occasion_of_this_instant_is_an_entry_too() -> None:
    """``once`` is once, although the first message lies on the desk still."""
    rule = Rule("r", on(events("seen")), HELLO, re_entry="once")
    twins = [happened("seen", START + 12 * HOUR), evolve(happened("seen", START + 12 * HOUR), id="twin")]
    assert [line[0] for line in told(decided(rule, facts=twins, policies=[NIGHT]))] == ["drop re_entry", "act"]


def test_a_holdout_ends_the_journey_and_an_audience_is_a_message() -> None:
    """Nothing else happens to them: neither the list nor what follows."""
    rule = Rule("r", on(events("seen")), Audience("lookalikes"), Delay(days(1)), HELLO)
    assert told(decided(rule, facts=[happened("seen", START + HOUR)], policies=[Holdout(100)])) == [
        ("drop holdout", "lookalikes", "07-01 01:00")
    ]


def test_a_dropped_message_is_followed_by_the_next_step_on_another_channel() -> None:
    """No address for the letter; the push goes out."""
    push = ContactAdded(id="c", customer=ANNA, at=START, channel="push", address="p")
    gone = ContactRemoved(id="d", customer=ANNA, at=START + 5 * DAY, channel="push")
    rule = Rule("r", on(events("seen")), HELLO, Send("short"), Delay(days(9)), Send("long"))
    facts = [push, gone, happened("seen", START + HOUR)]
    made = decided(rule, facts=facts, policies=[Reachable(), Channels(["email", "push"])])
    assert told(made) == [
        ("drop unreachable", "hello", "07-01 01:00"),
        ("act", "short", "07-01 01:00"),
        ("wait", "delay days(9)", "07-01 01:00"),
        ("drop unreachable", "long", "07-10 01:00"),
    ]
    assert made[1].action is not None
    assert made[1].action.channel == "push"


def test_items_are_what_the_step_shows_else_what_the_trigger_is_about() -> None:
    """Records named by the step; the bought article; nothing for an order."""
    shown = Rule("a", on(events("seen")), Send("a", items=events("seen").within(days(1))))
    about = Rule("b", after(purchases.where(item.sku == "tea"), hours(1)), Send("b"))
    plain = Rule("c", on(orders), Send("c"))
    facts: list[Any] = [happened("seen", START + HOUR), happened("seen", START + 2 * HOUR), order("1", START + HOUR)]
    made = decided(shown, about, plain, facts=facts, policies=[])
    items = {(each.action.rule, each.at - START): each.action.items for each in made if each.action}
    first, second = facts[0].id, facts[1].id
    assert items == {("a", HOUR): (first,), ("a", 2 * HOUR): (first, second), ("c", HOUR): ()}


def test_a_branch_takes_the_first_way_that_holds_and_a_split_its_variant() -> None:
    """Both meet again behind; an empty way goes on."""
    fork = Branch(When(orders.count() >= 2, Send("vip")), When(orders.exists(), Send("new")), otherwise=[])
    toss = Split(Variant("a"), Variant("b"), id="coin")
    rule = Rule("r", on(events("seen")), fork, toss, Send("end"))
    made = decided(rule, facts=[order("1", START), happened("seen", START + HOUR)], policies=[])
    assert [line[:2] for line in told(made)] == [("act", "new"), ("arm", "coin"), ("act", "end")]
    none = decided(rule, facts=[happened("seen", START + HOUR)], policies=[])
    assert [line[:2] for line in told(none)] == [("arm", "coin"), ("act", "end")]


def test_a_step_that_is_no_message_any_more_is_taken_as_it_is_now() -> None:
    """The rule was changed while the message was held: the step of that name is a tag, or a wait, or gone."""
    changed = [Tag("hello"), Delay(days(1), name="hello"), Send("other")]
    lines = []
    for step in changed:
        store = MemoryStore()
        engine = Engine([Rule("r", on(events("seen")), HELLO)], store=store, since=START, policies=[NIGHT])
        engine.record(happened("seen", EVENING))
        engine.advance(EVENING)
        later = Engine([Rule("r", on(events("seen")), step)], store=store, policies=[NIGHT])
        lines.append(told(later.advance(START + 9 * DAY).decisions))
    assert lines == [
        [("act", "hello", "07-01 23:00")],
        [("done", "hello", "07-02 09:00")],
        [("exit step_removed", "hello", "07-01 23:00")],
    ]


def test_a_cap_that_is_changed_applies_at_once() -> None:
    """Whoever is held is asked again under the new policies."""
    store = MemoryStore()
    rule = Rule("r", on(events("seen")), HELLO)
    engine = Engine([rule], store=store, since=START, policies=[CoolDown(days(9))])
    engine.record([happened("seen", START + HOUR), happened("seen", START + 2 * HOUR)])
    assert [line[0] for line in told(engine.advance(START + DAY).decisions)] == ["act", "defer cool_down"]
    freer = Engine([rule], store=store, policies=[CoolDown(hours(3))])
    assert told(freer.advance(START + 2 * DAY).decisions) == [("act", "hello", "07-02 00:00")]


def test_leaving_at_once_while_held() -> None:
    """An order in the night ends the journey in the night."""
    rule = Rule("r", on(events("seen")), HELLO, exit_when=orders.since(entry).exists())
    facts = [happened("seen", EVENING), order("1", EVENING + HOUR)]
    assert told(decided(rule, facts=facts, policies=[NIGHT]))[-1] == ("exit exited", "hello", "07-02 00:00")


def test_what_is_waited_for_and_there_already_is_no_wait() -> None:
    """Nor is a time of day that it is just now."""
    morning = WaitUntil(daily(at="09:00"))
    rule = Rule("r", on(events("seen")), WaitFor(orders.exists(), days(3)), morning, HELLO)
    facts = [order("1", START + HOUR), happened("seen", START + 9 * HOUR), happened("seen", START + 10 * HOUR)]
    assert [line[0] + line[2][-6:] for line in told(decided(rule, facts=facts, policies=[]))] == [
        "act 09:00",
        "wait 10:00",
        "act 09:00",
    ]


def test_what_turns_into_a_drop_by_itself_is_dropped_at_its_instant() -> None:
    """The consent ends in the night; the letter before last becomes an ignored one: nobody waits for the morning."""
    given = ConsentGiven(
        id="y", customer=ANNA, at=START, channel="email", topic="news", source="shop", expires=START + 26 * HOUR
    )
    rule = Rule("r", on(events("seen")), HELLO)
    made = decided(rule, facts=[given, happened("seen", EVENING)], policies=[NIGHT, Consent()])
    assert told(made)[-1] == ("drop no_consent", "hello", "07-02 02:00")
    tired = Fatigue(1, pause=None, grace=hours(14))
    made = decided(
        rule, facts=[happened("seen", START + 12 * HOUR), happened("seen", EVENING)], policies=[NIGHT, tired]
    )
    assert told(made)[-1] == ("drop fatigue", "hello", "07-02 02:00")


def test_an_agreement_that_ends_in_a_pause_ends_it() -> None:
    """They refused everything, agreed to this for a while, and paused: the refusal stands again at its instant."""
    stop = ConsentWithdrawn(id="n", customer=ANNA, at=START - 1)
    given = ConsentGiven(
        id="y", customer=ANNA, at=START, channel="email", topic="news", source="shop", expires=START + 26 * HOUR
    )
    seen = happened("seen", START + HOUR)
    pause = Paused(id="p", customer=ANNA, at=START, until=START + 90 * HOUR)
    rule = Rule("r", on(events("seen")), HELLO)
    assert told(decided(rule, facts=[stop, given, seen, pause], policies=[]))[-1] == (
        "drop no_consent",
        "hello",
        "07-02 02:00",
    )
    made = decided(rule, facts=[stop, given, happened("seen", EVENING)], policies=[NIGHT])
    assert told(made)[-1] == ("drop no_consent", "hello", "07-02 02:00")
