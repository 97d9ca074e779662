"""The oracle: what is decided, found by asking at every instant that could matter."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

from retention_engine import (
    Delay,
    Engine,
    Rule,
    Send,
    customer,
    days,
    entering,
    entry,
    every,
    hours,
    messages,
    monthly,
    on,
    orders,
    views,
)
from retention_engine.actions import Action, Decision, Outcome, Reason
from retention_engine.arbitration import Holdout, Policy, QuietHours
from retention_engine.facts import (
    AttributeChanged,
    ConsentGiven,
    ConsentWithdrawn,
    Customer,
    Fact,
    Registered,
    SendingResumed,
    SendingStopped,
    Viewed,
)
from retention_engine.rules import RuleSet, Tag
from retention_engine.testing import essence, oracle
from retention_engine.testing.brute_force.moments import inside, moments
from retention_engine.timing import DAY, HOUR, Span, to_instant
from tests.engine._shop import ANNA, START, order

LAPSED = Rule("lapsed", entering(orders.last().age >= days(30)), Send("hi"), valid_for=hours(6))
ORDER = order("1", START + HOUR)


def test_the_oracle_knows_the_instant_of_an_edge_and_the_action() -> None:
    """Without evidence, which is the engine's to say."""
    (found,) = oracle([LAPSED], [ORDER], since=START, to=START + 40 * DAY)
    due = START + HOUR + 30 * DAY
    assert (found.at, found.occasion, found.outcome, found.because) == (due, "orders:1", Outcome.ACT, ())
    assert found.action is not None
    assert (found.action.due, found.action.valid_until) == (due, due + 6 * HOUR)


def test_each_rule_may_have_its_own_launch() -> None:
    """What it was due before is history."""
    rules, launches = [Rule("a", on(orders), Send("x")), Rule("b", on(orders), Send("x"))], {"b": START + DAY}
    found = oracle(rules, [ORDER], since=START, to=START + 40 * DAY, launches=launches)
    assert [each.rule for each in found] == ["a"]


def test_messages_count_as_sent_when_told() -> None:
    """A rule that asks about them sees its own."""
    rules = [Rule("r", on(orders), Send("x"), when=~messages.exists())]
    facts = [ORDER, order("2", START + 2 * HOUR)]
    acted = [len(oracle(rules, facts, since=START, to=START + DAY, assume_sent=each)) for each in (True, False)]
    reasons = [each.reason for each in oracle(rules, facts, since=START, to=START + DAY, assume_sent=True)]
    assert (acted, reasons) == ([2, 2], [None, Reason.CONDITION_FALSE])


def test_asking_more_often_finds_nothing_more() -> None:
    """The grid is for whoever doubts that the instants are enough."""
    whole = oracle([LAPSED], [ORDER], since=START, to=START + 40 * DAY)
    assert oracle([LAPSED], [ORDER], since=START, to=START + 40 * DAY, every=hours(1)) == whole


def test_customers_are_decided_about_one_by_one() -> None:
    """Sorted by instant and customer; facts about the catalogue have none."""
    facts: list[Fact] = [order("2", START + HOUR, "boris"), ORDER]
    found = oracle([Rule("r", on(orders), Send("x"))], facts, since=START, to=START + DAY)
    assert [each.customer for each in found] == [ANNA, "boris"]


def test_the_essence_leaves_evidence_and_order_out_and_nothing_else() -> None:
    """Every other field counts."""
    named = {"rule": "r", "customer": ANNA, "occasion": "o", "step": "s"}
    one = Decision(at=1, outcome=Outcome.ACT, because=("yes",), **named)  # type: ignore[arg-type]  # by name
    two = Decision(at=1, outcome=Outcome.ACT, **named)  # type: ignore[arg-type]  # by name
    acted = Decision(at=1, outcome=Outcome.ACT, action=Action(kind="tag", name="x", due=1, **named), **named)  # type: ignore[arg-type]  # by name
    assert essence([one]) == essence([two])
    assert essence([one, acted]) == essence([acted, two])
    assert essence([acted]) != essence([one])


def test_the_moments_are_what_facts_date_and_spans_and_the_calendar() -> None:
    """Each with its neighbours; the calendar in every zone that occurs."""
    zoned = Registered.of(Customer(id=ANNA, registered=START - DAY, zone="Asia/Tokyo"))
    card = {"name": "expiry", "value": "2026-07-03T00:00:00Z", "is_instant": True}
    facts = [ORDER, zoned, AttributeChanged(id="x", customer=ANNA, at=START, **card)]  # type: ignore[arg-type]  # by name
    asked = RuleSet.of([Rule("m", every(monthly(1, at="09:00")), Send("x")), LAPSED])
    found = moments(asked, facts, START, START + 40 * DAY, shop_zone="Europe/Berlin")
    expected = {
        START + HOUR + 30 * DAY - 1,
        START + HOUR + 6 * HOUR,
        START + 2 * DAY + 1,
        to_instant("2026-07-01T07:00:00Z"),
        to_instant("2026-08-01T00:00:00Z"),
        to_instant("2026-07-31T22:00:00Z"),
    }
    assert expected <= found
    assert min(found) >= START


def test_values_are_found_wherever_they_are_nested() -> None:
    """In triggers, conditions, steps and manners."""
    assert {span.micros for span in inside(LAPSED, Span)} == {30 * DAY, 6 * HOUR}
    assert not [*inside(LAPSED, type(customer.city))]


def test_the_engine_agrees() -> None:
    """On this small shop; the laws try many."""
    with Engine([LAPSED], since=START) as engine:
        engine.record(ORDER)
        found = engine.advance(START + 40 * DAY).decisions
    assert essence(found) == essence(oracle([LAPSED], [ORDER], since=START, to=START + 40 * DAY))


AT_NIGHT = QuietHours("22:00", "09:00")
HI = Send("hi", channel="email", topic="offers")
VIEWS = [Viewed(id=f"v{day}", customer=ANNA, at=START + HOUR + day * DAY, sku=f"sku-{day}") for day in range(3)]
STOP: dict[str, Any] = {"scope": "all", "reason": "a fault"}
SAID: dict[str, Any] = {"customer": ANNA, "channel": "email", "topic": "offers"}
CORNERS: dict[str, tuple[Rule, list[Fact], list[Policy]]] = {
    "who goes on after a wait does not enter at that instant": (
        Rule("r", on(orders), Delay(days(2)), HI, re_entry=days(1)),
        [ORDER, order("2", START + HOUR + 2 * DAY)],
        [],
    ),
    "a tag is no message: who is left alone gets none after it": (
        Rule("r", on(orders), Tag("vip"), HI),
        [ORDER],
        [Holdout(100)],
    ),
    "a message shows what is inside a window now": (
        Rule("r", on(orders), Send("hi", items=views.within(hours(30)))),
        [*VIEWS, order("1", START + HOUR + 3 * DAY)],
        [],
    ),
    "of two switches the later counts, not the one learned later": (
        Rule("r", on(orders), HI),
        [
            SendingStopped(id="s", at=START, learned=START + 3 * DAY, **STOP),
            SendingResumed(id="t", at=START + DAY, scope="all"),
            order("1", START + 4 * DAY),
        ],
        [],
    ),
    "a consent that has ended overrules no refusal": (
        Rule("r", on(orders), HI),
        [
            ConsentWithdrawn(id="w", customer=ANNA, at=START),
            ConsentGiven(id="c", at=START + 1, source="form", expires=START + DAY, **SAID),
            order("1", START + 2 * DAY),
        ],
        [],
    ),
    "a message held by night is left when the customer buys": (
        Rule("r", on(orders), HI, exit_when=orders.since(entry).exists()),
        [ORDER, order("2", START + 3 * HOUR)],
        [AT_NIGHT],
    ),
}


@pytest.mark.parametrize(("rule", "facts", "policies"), CORNERS.values(), ids=CORNERS.keys())
def test_the_engine_agrees_in_corners(rule: Rule, facts: list[Fact], policies: list[Policy]) -> None:
    """Each of them was once decided otherwise, or nearly."""
    with Engine([rule], since=START, policies=policies) as engine:
        engine.record(facts)
        found = engine.advance(START + 20 * DAY).decisions
    expected = oracle([rule], facts, since=START, to=START + 20 * DAY, policies=policies)
    assert essence(found) == essence(expected)
    assert found


def test_a_message_that_waits_has_one_line_without_an_end() -> None:
    """The oracle knows that it waits, not until when: it asks again and again."""
    facts = [order("1", START + 23 * HOUR)]
    found = oracle([Rule("r", on(orders), HI)], facts, since=START, to=START + 3 * DAY, policies=[AT_NIGHT])
    assert [(each.outcome, each.until) for each in found] == [(Outcome.DEFER, None), (Outcome.ACT, None)]
    assert found[-1].at == START + (24 + 10) * HOUR  # an hour more, since nobody knows where the customer lives


def test_lists_may_differ_in_when_a_message_is_tried_next() -> None:
    """Of several lines about one message that waits only the first counts, without its end."""
    named: dict[str, Any] = {"rule": "r", "customer": ANNA, "occasion": "o", "step": "s", "outcome": Outcome.DEFER}
    one = Decision(at=1, until=5, due=1, reason=Reason.QUIET_HOURS, **named)
    again = Decision(at=3, until=9, due=1, reason=Reason.FREQUENCY_CAP, **named)
    assert essence([one, again]) == essence([evolve(one, until=None)])
    assert essence([one]) != essence([again])
