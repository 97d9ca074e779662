"""Manners of a rule set: stated in a line, broken with a small and readable counter-example."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, find, given, settings

from retention_engine import Delay, Grant, Rule, Send, after, days, entering, entry, hours, member, on, orders
from retention_engine.arbitration import AtMost, Consent, QuietHours
from retention_engine.clubs import Club, Earning, Programme, per_money
from retention_engine.errors import DefinitionError
from retention_engine.facts import ConsentGiven, Fact
from retention_engine.loyalty import Unit
from retention_engine.testing import Scenario, Verified, histories, once, scenarios, tick_invariant, verify
from retention_engine.timing import DAY, HOUR
from tests.engine._shop import ANNA, START, order

THANKS = Rule("thanks", on(orders), Send("thanks", topic="offers", channel="email"))
NIGHT = START + 23 * HOUR
AGREED: list[Fact] = [
    ConsentGiven(
        id="c", customer=ANNA, at=START, channel="email", topic="offers", source="shop", expires=START + 5 * DAY
    ),
]
Manner = Callable[[Verified], object]


@settings(max_examples=40)
@given(histories(max_orders=8))
def test_a_polite_rule_set_passes_whatever_happens(history: list[Fact]) -> None:
    """Every method gives back what it was asked of."""
    polite = [AtMost(3, per=days(7)), QuietHours("22:00", "09:00"), Consent()]
    verified = verify([THANKS], history, policies=polite)
    verified.never_more_than(3, per=days(7)).never_between(22, 9).never_without_consent().never_twice()


@settings(max_examples=20)
@given(scenarios(rules=[THANKS], policies=[QuietHours("22:00", "09:00")]))
def test_a_scenario_brings_its_policies_and_its_time(scenario: Scenario) -> None:
    """And its zone."""
    verified = verify(scenario.rules, scenario).never_between(22, 9)
    assert (verified.since, verified.to, verified.zone) == (scenario.since, scenario.to, scenario.zone)


BROKEN: dict[str, tuple[list[Rule], Manner, int, str]] = {
    "too many": (
        [THANKS],
        lambda seen: seen.never_more_than(3, per=days(7)),
        4,
        "never more than 3 per days(7)\n  customer 'customer-7': 4 messages\n",
    ),
    "at night": ([THANKS], lambda seen: seen.never_between(22, 9), 1, "never between 22 and 9"),
    "without consent": ([THANKS], lambda seen: seen.never_without_consent(), 1, "topic 'offers' by email"),
    "without topic": ([Rule("bare", on(orders), Send("x"))], lambda seen: seen.never_without_consent(), 1, "no topic"),
    "twice": (
        [THANKS, Rule("again", after(orders, days(1)), Send("thanks"))],
        lambda seen: seen.never_twice(),
        1,
        "never twice",
    ),
    "after the exit": (
        [Rule("ask", on(orders), Delay(days(3)), Send("ask"))],
        lambda seen: seen.never_after(orders.since(entry).exists()),
        2,
        "never after orders.since(entry).exists()",
    ),
    "late": (
        [Rule("slow", after(orders, days(2)), Send("x"))],
        lambda seen: seen.always_within(hours(24), of=orders),
        1,
        "always within days(1) of orders",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize(("rules", "manner", "size", "limit"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_manner_is_shown_by_a_small_history(rules: list[Rule], manner: Manner, size: int, limit: str) -> None:
    """Whom, when, which rule, which limit, and the facts: as many as are needed."""

    def breaks(history: list[Fact]) -> bool:
        try:
            manner(verify(rules, history))
        except AssertionError:
            return True
        return False

    given_up = settings(max_examples=300, database=None, deadline=None, suppress_health_check=list(HealthCheck))
    smallest = find(histories(max_orders=6, max_others=3), breaks, settings=given_up)
    with pytest.raises(AssertionError, match="broken: ") as raised:
        manner(verify(rules, smallest))
    text = str(raised.value)
    assert limit in text
    assert "customer 'customer-7': " in text
    assert any(f"rule {rule.id!r}, step" in text or "missed" in text for rule in rules)
    assert len(smallest) <= size + 1
    facts = text.partition("facts of 'customer-7':")[2].strip().splitlines()
    assert len(facts) == len(smallest)
    assert all(line.strip()[:2] in ("19", "20") and line.strip()[10] == "T" for line in facts)


def test_a_counter_example_reads_like_a_story() -> None:
    """Line by line."""
    with pytest.raises(AssertionError) as raised:
        verify([THANKS], [order("1", NIGHT), order("2", NIGHT + HOUR)]).never_more_than(1, per=days(1))
    lines = str(raised.value).splitlines()
    said = "marketing message 'thanks' by email, topic 'offers': rule 'thanks', step 'thanks'"
    assert lines[:4] == [
        "broken: never more than 1 per days(1)",
        "  customer 'anna': 2 messages",
        f"  2026-07-01T23:00:00Z {said}, occasion '1'",
        f"  2026-07-02T00:00:00Z {said}, occasion '2'",
    ]
    assert lines[4] == "  facts of 'anna':"
    assert lines[5].startswith("  2026-07-01T23:00:00Z order_placed 'order:1': ")


def test_each_manner_is_about_what_it_names() -> None:
    """Other topics, purposes and rules do not count; the end of a stretch is outside."""
    seen = verify([THANKS], [order("1", NIGHT), order("2", NIGHT + DAY)])
    assert len(seen.messages) == 2
    seen.never_more_than(1, per=days(1)).never_more_than(1, per=days(9), topic="news", channel="email")
    seen.never_between(22, 9, purpose="service").never_between(9, 22).never_between(0, 23)
    seen.never_after(orders.exists(), rule="another").always_within(hours(1), of=orders).always_within(hours(1))
    seen.never_without_consent(purpose="service")
    bad: list[Any] = [(9, 9), (9, 25), ("9", 10)]
    for wrong in bad:
        with pytest.raises(DefinitionError, match="two different hours"):
            seen.never_between(*wrong)


def test_consent_is_that_of_the_instant() -> None:
    """Before it was given and once it has ended there is none."""
    verify([THANKS], [*AGREED, order("1", START + DAY)]).never_without_consent()
    for at in (START - DAY, START + 5 * DAY):
        with pytest.raises(AssertionError, match="topic 'offers' by email"):
            verify([THANKS], [*AGREED, order("1", at)]).never_without_consent()


def test_a_message_that_waits_is_late_by_its_due() -> None:
    """Without a collection, time counts from when a message became due."""
    seen: Any = verify([THANKS], [order("1", NIGHT)], policies=[QuietHours("22:00", "09:00")])
    seen.always_within(hours(12)).never_between(22, 9)
    with pytest.raises(AssertionError, match="due 2026-07-01T23:00:00Z"):
        seen.always_within(hours(9))


def test_an_exit_that_turns_with_time_alone_is_seen() -> None:
    """Not only at facts."""
    slow = Rule("slow", on(orders), Delay(days(3)), Send("x"))
    with pytest.raises(AssertionError, match="it held at 2026-07-03T23:00:00Z, entered at 2026-07-01T23:00:00Z"):
        verify([slow], [order("1", NIGHT)]).never_after(orders.last().age >= days(2))


def test_nothing_happens_to_nobody() -> None:
    """An empty history passes, over a year."""
    seen = verify([Rule("r", entering(orders.exists()), Send("x"))], [])
    assert seen.never_twice().decisions == ()


POINTS = Programme(id="club", unit=Unit("pts"), currency="EUR", earning=[Earning("base", per_money(1, 100))])
CLUB = Club(programmes=[POINTS])
MEMBERS = [
    Rule("gift", on(orders), Grant("pts", 5)),
    Rule("rich", entering(member.balance("pts") >= 10), Send("rich", topic="offers", channel="email")),
]


def test_rules_of_members_are_run_with_their_club() -> None:
    """They ask and give: two gifts make somebody rich, on all ways through time; without the club they are refused."""
    history = [order("1", START), order("2", START + DAY)]
    (rich,) = verify(MEMBERS, history, club=CLUB, to=START + 9 * DAY).never_twice().messages
    assert rich.at == START + DAY + 1
    span: dict[str, Any] = {"since": START - 1, "to": START + 9 * DAY, "club": CLUB}
    for law in (tick_invariant, once):
        assert [each.at for each in law(MEMBERS, history, **span) if each.rule == "rich"] == [rich.at]
    with pytest.raises(DefinitionError, match="there is no club"):
        verify(MEMBERS[:1], history)
