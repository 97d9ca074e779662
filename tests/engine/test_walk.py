"""One customer through time, instant by instant."""

from __future__ import annotations

from typing import Any

import pytest

from retention_engine import (
    Delay,
    Do,
    Money,
    Rule,
    RuleSet,
    Send,
    after,
    before,
    customer,
    days,
    entering,
    events,
    every,
    hours,
    leaving,
    local,
    messages,
    minutes,
    on,
    orders,
    price_drop,
    views,
    weekly,
)
from retention_engine.actions import Decision
from retention_engine.engine import Plan
from retention_engine.engine.decide import as_sent
from retention_engine.engine.walk import Subject, Terms, Walked, walk
from retention_engine.errors import DefinitionError
from retention_engine.facts import AttributeChanged, CatalogueFact, Customer, Fact, PriceChanged, Registered, Viewed
from retention_engine.timing import DAY, HOUR, MINUTE, microseconds
from tests.engine._shop import ANNA, START, happened, order, told

WEEK = 7 * DAY


def went(
    rules: list[Rule],
    facts: list[Fact],
    to: int,
    *,
    start: int = START,
    launches: dict[str, int] | None = None,
    echo: Any = None,
    news: tuple[CatalogueFact, ...] = (),
    decisions: tuple[Decision, ...] = (),
) -> Walked:
    """Walk anna from START on."""
    plan = Plan.of(RuleSet.of(rules))
    launched = {rule.id: START for rule in rules} | (launches or {})
    terms = Terms(plan=plan, launches=launched, zone="UTC", lateness=WEEK, echo=echo)
    ordered = sorted(facts, key=lambda fact: (fact.effective, fact.at, fact.id))
    return walk(terms, Subject(customer=ANNA, facts=ordered, news=news, decisions=decisions), start, to)


def rule(trigger: Any, *steps: Any, name: str = "r", **more: Any) -> Rule:
    """Return a rule with one message unless told otherwise."""
    return Rule(name, trigger, *(steps or (Send("hi"),)), **more)


LAPSED = orders.last().age >= days(30)


def test_nobody_is_there_before_their_first_fact() -> None:
    """No schedule and no clock reaches them; the wake-up is the first fact."""
    rules = [rule(every(weekly("mon", "fri"))), rule(entering(local.hour >= 9), name="h")]
    walked = went(rules, [happened("joined", START + 5 * DAY)], START + 4 * DAY)
    assert (walked.decisions, walked.wake) == ([], START + 5 * DAY)


def test_without_facts_there_is_nothing_ever() -> None:
    """No decision, and no wake-up."""
    walked = went([rule(every(weekly("mon")))], [], START + 40 * DAY)
    assert (walked.decisions, walked.wake) == ([], None)


def test_who_becomes_known_enters_what_holds_of_them() -> None:
    """Somebody without orders enters "no orders" with their first fact; nobody leaves by it."""
    rules = [rule(entering(~orders.exists()), name="in"), rule(leaving(orders.exists()), name="out")]
    walked = went(rules, [happened("joined", START + DAY)], START + 4 * DAY)
    assert [(each.rule, each.at) for each in walked.decisions] == [("in", START + DAY)]


def test_an_edge_is_met_at_its_own_instant() -> None:
    """Thirty days after the order, to the microsecond, in a step of a year; the last instant is included."""
    facts = [order("1", START + HOUR)]
    due = START + HOUR + 30 * DAY
    assert [each.at for each in went([rule(entering(LAPSED))], facts, due).decisions] == [due]
    early = went([rule(entering(LAPSED))], facts, due - 1)
    assert (early.decisions, early.wake) == ([], due)


def test_a_walk_goes_on_where_the_last_one_ended() -> None:
    """The first edge is compared with the truth just before the wake-up."""
    facts = [order("1", START + HOUR)]
    due = START + HOUR + 30 * DAY
    again = went([rule(entering(LAPSED))], facts, due + DAY, start=due)
    assert [each.at for each in again.decisions] == [due]
    assert went([rule(entering(LAPSED))], facts, due + DAY, start=due + 1).decisions == []


def test_facts_of_one_instant_are_evaluated_together() -> None:
    """An order and its cart at one instant: the cart is never seen unordered."""
    both = events("a").exists() & ~events("b").exists()
    facts = [happened("a", START + HOUR), happened("b", START + HOUR)]
    assert went([rule(entering(both))], facts, START + DAY).decisions == []


def test_leaving_is_the_other_edge() -> None:
    """A window that ends by itself is left at its end."""
    walked = went([rule(leaving(orders.within(days(2)).exists()))], [order("1", START + HOUR)], START + 9 * DAY)
    assert [each.at for each in walked.decisions] == [START + HOUR + 2 * DAY]


def test_what_held_at_the_launch_counts_when_told() -> None:
    """``include_current`` enters at the launch itself, and again only by a new edge."""
    rules = [rule(entering(orders.exists(), include_current=each), name=str(each)) for each in (True, False)]
    walked = went(rules, [order("1", START - DAY)], START + 9 * DAY)
    assert [(each.rule, each.at) for each in walked.decisions] == [("True", START)]


def test_what_turned_before_the_launch_is_history() -> None:
    """Edges and dues up to the launch, inclusive, are passed over; a later launch is woken for."""
    rules = [
        rule(entering(orders.exists()), name="edge"),
        rule(on(orders), name="on"),
        rule(entering(orders.count() >= 2, include_current=True), name="current"),
    ]
    launches = dict.fromkeys(("edge", "on", "current"), START + 2 * DAY)
    facts = [order("1", START + HOUR), order("2", START + 2 * DAY), order("3", START + 3 * DAY)]
    walked = went(rules, facts, START + 9 * DAY, launches=launches)
    assert [(each.rule, each.at) for each in walked.decisions] == [
        ("current", START + 2 * DAY),
        ("on", START + 3 * DAY),
    ]


def test_a_due_of_a_later_launch_is_not_lost() -> None:
    """Before its launch a rule is asked for its first due after it."""
    launches = {"r": START + 2 * DAY}
    walked = went([rule(after(orders, days(3)))], [order("1", START)], START + 9 * DAY, launches=launches)
    assert [each.at for each in walked.decisions] == [START + 3 * DAY]


def test_records_known_late_are_due_at_once_or_too_late() -> None:
    """Within the lateness an overdue record acts when it becomes known; beyond it, it is dropped with a reason."""
    facts = [
        order("1", START + DAY),
        order("2", START + 2 * DAY).learned_at(START + 12 * DAY),
        order("3", START + 3 * DAY).learned_at(START + 12 * DAY),
    ]
    walked = went([rule(after(orders, days(2)))], facts, START + 20 * DAY)
    assert told(walked.decisions) == [
        ("act", "hi", "07-04 00:00"),
        ("drop late_fact", "hi", "07-13 00:00"),
        ("act", "hi", "07-13 00:00"),
    ]


def test_an_edge_that_only_late_facts_made_is_too_late() -> None:
    """Unless a fresh fact came at the same instant, or it held without the late ones."""
    late = order("1", START - 60 * DAY).learned_at(START + DAY)
    fresh = happened("seen", START + DAY)
    lapsed = rule(entering(LAPSED))
    assert told(went([lapsed], [late], START + 2 * DAY).decisions) == [("drop late_fact", "hi", "07-02 00:00")]
    assert told(went([lapsed], [late, fresh], START + 2 * DAY).decisions) == [("act", "hi", "07-02 00:00")]
    never_seen = rule(entering(~events("seen").exists()))
    assert told(went([never_seen], [late], START + 2 * DAY).decisions) == [("drop late_fact", "hi", "07-02 00:00")]


def test_time_may_turn_a_predicate_at_the_instant_a_late_fact_comes() -> None:
    """The edge is time's, not the late fact's: it acts."""
    late = happened("seen", START - 60 * DAY).learned_at(START + 30 * DAY + HOUR)
    walked = went([rule(entering(LAPSED))], [order("1", START + HOUR), late], START + 40 * DAY)
    assert told(walked.decisions) == [("act", "hi", "07-31 01:00")]


def test_the_same_occasion_is_decided_once() -> None:
    """A correction that makes a predicate turn again about the same order is no new occasion; ``always`` says it is."""
    recent = orders.within(days(2)).exists() & ~events("pause").within(hours(1)).exists()
    facts = [order("1", START + HOUR), happened("pause", START + 3 * HOUR)]
    keyed = [rule(entering(recent), name=each, re_entry=each) for each in ("occasion", "always")]
    walked = went(keyed, facts, START + 9 * DAY)
    assert [(each.rule, each.occasion) for each in walked.decisions] == [
        ("always", "orders:1"),
        ("occasion", "orders:1"),
        ("always", "events:pause:pause@1782874800000000"),
        ("occasion", "events:pause:pause@1782874800000000"),
    ]


def test_an_edge_that_comes_again_for_the_same_record_is_numbered_when_told() -> None:
    """``always`` counts every turn; the default only the first."""
    awake = orders.exists() & (local.hour >= 9) & (local.hour < 10)
    by_hour = orders.exists() & (orders.within(hours(1)).exists() | orders.before(hours(3)).exists())
    rules = [rule(entering(by_hour), name=each, re_entry=each) for each in ("occasion", "always")]
    walked = went(rules, [order("1", START)], START + DAY, launches=dict.fromkeys(("occasion", "always"), START - 1))
    assert [(each.rule, each.occasion) for each in walked.decisions] == [
        ("always", "orders:1"),
        ("occasion", "orders:1"),
        ("always", "orders:1~2"),
    ]
    dated = went([rule(entering(awake))], [order("1", START)], START + 2 * DAY)
    assert [each.occasion for each in dated.decisions] == ["orders:1@2026-07-01", "orders:1@2026-07-02"]


def test_the_zone_of_the_customer_counts_from_the_fact_that_says_it() -> None:
    """Nine o'clock is Tokyo's after the move."""
    moved = AttributeChanged(id="z", customer=ANNA, at=START + DAY, name="zone", value="Asia/Tokyo")
    facts = [Registered.of(Customer(id=ANNA, registered=START - DAY, zone="UTC")), moved]
    walked = went([rule(every(weekly("wed", "fri", at="09:00")))], facts, START + 3 * DAY)
    assert told(walked.decisions) == [("act", "hi", "07-01 09:00"), ("act", "hi", "07-03 00:00")]


def test_an_instant_in_an_attribute_is_met_ahead() -> None:
    """Two days before a card expires; the fact that set it is the occasion."""
    said = {"name": "expiry", "value": "2026-07-20T00:00:00Z", "is_instant": True}
    card = AttributeChanged(id="card", customer=ANNA, at=START + HOUR, **said)
    walked = went([rule(before(customer.expiry, days(2)))], [card], START + 30 * DAY)
    assert [(each.occasion, each.at) for each in walked.decisions] == [("card", START + 17 * DAY)]


def price(name: str, at: int, learned: int | None = None) -> PriceChanged:
    """Return a price cut in half."""
    return PriceChanged(id=name, at=at, learned=learned, sku="tea", price=Money(50, "EUR"), was=Money(100, "EUR"))


def test_news_concern_those_who_were_interested_by_then() -> None:
    """A price drop before the view concerns nobody; one after it does, at its instant."""
    seen = Viewed(id="v", customer=ANNA, at=START + 2 * DAY, sku="tea")
    news = (price("p1", START + DAY), price("p2", START + 3 * DAY))
    walked = went([rule(price_drop(views))], [seen], START + 9 * DAY, news=news)
    assert [(each.occasion, each.at) for each in walked.decisions] == [("p2", START + 3 * DAY)]


def test_news_known_late_are_too_late_and_those_of_before_the_launch_are_history() -> None:
    """Importing a year of prices sends nothing."""
    seen = Viewed(id="v", customer=ANNA, at=START - DAY, sku="tea")
    news = (price("p1", START - 90 * DAY, START + 20 * DAY), price("p2", START + 3 * DAY, START + 20 * DAY))
    walked = went([rule(price_drop(views))], [seen], START + 30 * DAY, news=news)
    assert [(each.occasion, each.reason) for each in walked.decisions] == [("p2", "late_fact")]


def test_many_facts_a_microsecond_apart_are_no_echo() -> None:
    """Only messages that cause messages are stopped."""
    facts: list[Fact] = [happened("tick", START + DAY + number) for number in range(1_500)]
    walked = went([rule(entering(events("tick").count() >= 1_400))], facts, START + 2 * DAY, echo=as_sent)
    assert [each.at for each in walked.decisions] == [START + DAY + 1_399]


def test_messages_count_as_sent_a_microsecond_later_and_nothing_else_does() -> None:
    """Echoes are facts of the walk; a tag is no message."""
    rules = [
        rule(on(events("a")), Do("tag", "vip"), Send("letter")),
        rule(entering(messages.exists()), name="m", when=messages.count() == 1),
    ]
    walked = went(rules, [happened("a", START + DAY)], START + 2 * DAY, echo=as_sent)
    assert [(each.rule, each.at - START - DAY) for each in walked.decisions] == [("r", 0), ("r", 0), ("m", 1)]
    assert [(fact.KIND, fact.effective - START - DAY) for fact in walked.echoes] == [
        ("message_sent", 1),
        ("message_sent", 2),
    ]


def test_an_echo_beyond_the_end_is_the_next_wake_up() -> None:
    """It is stored with the decisions and taken up by the next walk."""
    heard = rule(on(events("a")), when=~messages.exists())
    walked = went([heard], [happened("a", START + DAY)], START + DAY, echo=as_sent)
    assert (len(walked.echoes), walked.wake) == (1, START + DAY + 1)


def test_an_echo_that_no_rule_asks_about_is_only_stored() -> None:
    """It neither wakes nor makes a late fact of its instant a fresh one, in whichever walk it is met."""
    rules = [rule(on(events("a"))), rule(entering(LAPSED), name="lapsed")]
    facts = [happened("a", START + DAY), order("1", START - 60 * DAY).learned_at(START + DAY + 1)]
    whole = went(rules, facts, START + 2 * DAY, echo=as_sent)
    assert [(each.rule, each.reason) for each in whole.decisions] == [("r", None), ("lapsed", "late_fact")]
    first = went(rules, facts, START + DAY, echo=as_sent)
    assert first.wake == START + DAY + 1
    known = tuple(first.decisions)
    rest = went(rules, [*facts, *first.echoes], START + 2 * DAY, start=first.wake, decisions=known, echo=as_sent)
    assert [*known, *rest.decisions] == whole.decisions


def test_a_rule_that_feeds_itself_is_named() -> None:
    """Instead of running for ever."""
    with pytest.raises(DefinitionError, match="rule 'r' feeds itself"):
        went(
            [rule(on(messages)), rule(on(events("a")), name="s")], [happened("a", START + 1)], START + DAY, echo=as_sent
        )


def test_a_rule_that_feeds_itself_after_a_moment_is_named() -> None:
    """Some microseconds later, again and again; a thousand facts from outside are no such thing."""
    restless = rule(entering(~messages.within(microseconds(3)).exists()), re_entry="always")
    with pytest.raises(DefinitionError, match="rule 'r' feeds itself"):
        went([restless], [happened("a", START + 1)], START + DAY, echo=as_sent)
    facts: list[Fact] = [happened("tick", START + DAY + 3 * number) for number in range(1_200)]
    answers = rule(on(events("tick")), when=messages.count() >= 0)
    assert len(went([answers], facts, START + 2 * DAY, echo=as_sent).decisions) == 1_200


def test_a_schedule_is_not_asked_again_before_it_is_due() -> None:
    """An instant of another rule between two dues of a schedule changes nothing."""
    rules = [rule(every(weekly("fri", at="09:00"))), rule(on(events("a")), Delay(hours(5)), Send("x"), name="w")]
    facts = [happened("a", START + MINUTE)]
    assert told(went(rules, facts, START + 4 * DAY).decisions) == [
        ("wait", "delay hours(5)", "07-01 00:01"),
        ("act", "x", "07-01 05:01"),
        ("act", "hi", "07-03 09:00"),
    ]


def test_what_the_journal_holds_is_not_decided_again() -> None:
    """The same stretch with its own decisions behind it gives nothing."""
    facts: list[Fact] = [order("1", START + HOUR)]
    rules = [rule(on(orders)), rule(after(orders, minutes(5)), Delay(days(1)), Send("x"), name="w")]
    first = went(rules, facts, START + 2 * DAY)
    again = went(rules, facts, START + 2 * DAY, decisions=tuple(first.decisions))
    assert (len(first.decisions), again.decisions) == (3, [])
