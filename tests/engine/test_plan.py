"""A rule set made ready, and what names the occasion of an edge."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

from retention_engine import (
    Rule,
    RuleSet,
    Send,
    bucket,
    customer,
    dates,
    days,
    entering,
    events,
    every,
    item,
    leaving,
    local,
    local_days,
    messages,
    on,
    orders,
    price_drop,
    purchases,
    reviews,
    views,
    weekly,
    yearly,
)
from retention_engine.arbitration import Arbiter, Consent, HoldWhile
from retention_engine.clubs import Achievement, Club, CustomMetric, EarnedMetric, Programme, Tiers
from retention_engine.engine import Plan
from retention_engine.engine.plan import anchor_of
from retention_engine.errors import DefinitionError
from retention_engine.facts import AttributeChanged, Customer, LedgerPosted, MessageSent, Registered, Reviewed, Viewed
from retention_engine.loyalty import Unit
from retention_engine.loyalty.tiers import Level, TierProgramme
from retention_engine.predicates import Truth, member, points
from retention_engine.rules import Call, Do, Grant, IssueCode
from retention_engine.state import History, fold
from retention_engine.timing import DAY, zone
from retention_engine.view import View
from tests.engine._shop import ANNA, START, happened, order

FACTS = [
    Registered.of(Customer(id=ANNA, registered=START - 9 * DAY, zone="Asia/Tokyo", attributes={"vip": True})),
    order("1", START - 5 * DAY, channel="web"),
    order("2", START - 2 * DAY),
    Viewed(id="v", customer=ANNA, at=START - DAY, sku="tea"),
    Reviewed(id="w", customer=ANNA, at=START - 2 * DAY, score=5),
    AttributeChanged(id="a", customer=ANNA, at=START - 3 * DAY, name="city", value="Oslo"),
    MessageSent(id="m", customer=ANNA, at=START - DAY, message="k", rule="r", step="s", template="t"),
]


def key(predicate: Truth) -> str:
    """Return the key of an edge of a predicate at START."""
    return anchor_of(predicate).key(View(fold(History(ANNA), FACTS), START, zone("Asia/Tokyo")))


KEYS: list[tuple[Truth, str]] = [
    (orders.exists(), "orders:2"),
    (orders.where(channel="web").exists(), "orders:1"),
    (orders.where(channel="web").within(days(1)).exists(), "orders:1"),
    (orders.within(days(1)).where(channel="web").exists(), "orders:1"),
    (orders.since("2020-01-01T00:00:00Z").before(days(3)).exists(), "orders:2"),
    (orders.gaps().where(item.gap >= days(1)).exists(), "orders:2"),
    (orders.where(channel="web").exists() & views.exists(), "views:v"),
    (views.exists() & orders.where(channel="web").exists(), "views:v"),
    (purchases.exists(), "customer"),
    (events("order_placed").exists(), "events:order_placed:order:2"),
    (customer.city == "Oslo", "city:a"),
    (customer.vip == True, "vip:registered:anna"),  # noqa: E712  # builds a predicate
    ((customer.vip == True) & (customer.registered.age >= days(1)), "vip:registered:anna"),  # noqa: E712  # as above
    (customer.unknown.is_set(), "customer"),
    (orders.exists() | (customer.city == "Oslo"), "orders:2"),
    (orders.exists() & reviews.exists(), "reviews:w"),
    (bucket("spring") < 10, "customer"),
    (messages.exists(), "messages:k"),
    (orders.exists() & ~messages.within(days(7)).exists(), "orders:2"),
    (~messages.within(days(7)).exists() & (customer.city == "Oslo"), "city:a"),
    (orders.on_calendar_days(3).exists(), "orders:2@2026-07-01"),
    (orders.on_calendar_days(3).where(channel="web").exists(), "orders:1@2026-07-01"),
    (dates("2026-07-01", "2026-07-02"), "customer@2026-07-01"),
    (local.hour >= 9, "customer@2026-07-01"),
    (yearly(customer.city, before=local_days(3)), "city:a@2026-07-01"),
]


@pytest.mark.parametrize(("predicate", "expected"), KEYS, ids=lambda each: str(each)[:60])
def test_an_edge_is_named_by_the_newest_thing_its_predicate_asks_about(predicate: Truth, expected: str) -> None:
    """Windows do not count, conditions do; the local date belongs to it where the calendar is asked."""
    assert key(predicate) == expected


def test_of_two_things_at_one_instant_the_name_decides_however_the_rule_is_written() -> None:
    """Writing the parts in another order names the same occasion."""
    either = (orders.exists() & reviews.exists(), reviews.exists() & orders.exists())
    assert {key(each) for each in either} == {"reviews:w"}


def rule(name: str, trigger: Any) -> Rule:
    """Return a rule with one message."""
    return Rule(name, trigger, Send("hi"))


def test_rules_are_sorted_by_what_they_wait_for() -> None:
    """Edges have bits in the compiled function, in the order of the rules; a leaving edge is marked."""
    made = [
        rule("on", on(events("joined"))),
        rule("in", entering(orders.exists())),
        rule("news", price_drop(views)),
        rule("out", leaving(orders.within(days(9)).exists())),
        rule("weekly", every(weekly("mon"))),
    ]
    plan = Plan.of(RuleSet.of(made))
    assert [each.id for each in plan.edges] == ["in", "out"]
    assert [each.id for each in plan.timed] == ["on", "weekly"]
    assert [each.id for each in plan.catalogue] == ["news"]
    assert plan.leaving == 0b10


def test_a_plan_keeps_only_what_its_rules_ask_about() -> None:
    """The collections of triggers, conditions, exits and waits; nothing of an empty rule set."""
    made = Rule("r", on(events("joined")), Send("hi"), when=views.exists(), exit_when=orders.exists())
    assert Plan.of(RuleSet.of([made]), Arbiter()).wanted == {"events:joined", "views", "orders"}
    assert Plan.of(RuleSet.of([]), Arbiter()).wanted == frozenset()
    assert Plan.of(RuleSet.of([]), Arbiter([Consent()])).wanted == {"consents", "channel_order"}


LEVELS = TierProgramme(name="levels", levels=[Level("base", entry=0), Level("silver", entry=5)])
HEARD: dict[str, tuple[dict[str, Any], Arbiter, Truth]] = {
    "a rule asks for entries": ({}, Arbiter(), points.exists()),
    "a rule asks for their events": ({}, Arbiter(), events("ledger_posted").exists()),
    "a rule asks for a balance": ({}, Arbiter(), member.balance("pts") >= 5),
    "a policy asks for entries": ({}, Arbiter([HoldWhile(points.exists())]), orders.exists()),
    "units earned make levels": (
        {"tiers": [Tiers(programme=LEVELS, metric=EarnedMetric("club", "pts"))]},
        Arbiter(),
        orders.exists(),
    ),
    "a metric may ask for anything": (
        {"tiers": [Tiers(programme=LEVELS, metric=CustomMetric(lambda *_: []))]},
        Arbiter(),
        orders.exists(),
    ),
    "an achievement asks": (
        {"achievements": [Achievement(id="a", measure=points.count(), target=3)]},
        Arbiter(),
        orders.exists(),
    ),
}


@pytest.mark.parametrize(("more", "arbiter", "asked"), HEARD.values(), ids=HEARD.keys())
def test_who_asks_about_accounts_hears_of_them(more: dict[str, Any], arbiter: Arbiter, asked: Truth) -> None:
    """Otherwise an entry makes nothing due, and nothing is decided at its instant."""
    club = Club(programmes=[Programme(id="club", unit=Unit("pts"), currency="EUR")], **more)
    made = Rule("r", entering(orders.exists()), Send("hi"), exit_when=asked)
    assert Plan.of(RuleSet.of([made]), arbiter, club).unheard == (MessageSent,)
    deaf = evolve(club, tiers=(), achievements=())
    assert Plan.of(RuleSet.of([rule("r", entering(orders.exists()))]), Arbiter(), deaf).unheard == (
        MessageSent,
        LedgerPosted,
    )


def test_a_fact_that_is_not_asked_about_names_nothing() -> None:
    """An event of the shop's own is no order."""
    history = fold(History(ANNA), [happened("joined", START)])
    assert anchor_of(orders.exists()).key(View(history, START, zone("UTC"))) == "customer"


@pytest.mark.parametrize("step", [Grant("pts", 5), IssueCode("spring")], ids=repr)
def test_what_a_club_carries_out_needs_one(step: Do) -> None:
    """Nobody else would: the action would lie in the outbox, and no points exist."""
    made = Rule("r", on(orders), step)
    with pytest.raises(DefinitionError, match=r"rule 'r': a club carries out .*, and there is no club.*--club"):
        Plan.of(RuleSet.of([made]))
    for other in (Send("hi"), Call("crm"), Do("wrap", "box")):
        assert Plan.of(RuleSet.of([Rule("r", on(orders), other)])).club is None
