"""The production engine over history, and the difference between two rule sets."""

from __future__ import annotations

import json

from retention_engine import (
    Do,
    Engine,
    Rule,
    Send,
    WaitFor,
    backtest,
    days,
    difference,
    entering,
    hours,
    messages,
    on,
    orders,
)
from retention_engine.engine import Backtest
from retention_engine.facts import Fact
from retention_engine.timing import DAY, HOUR
from tests.engine._shop import ANNA, START, order

THANKS = Rule("thanks", on(orders), Send("thanks"))
TAG = Rule("tag", on(orders), Do("tag", "buyer"), when=orders.count() >= 2)
FACTS: list[Fact] = [
    *(order(f"a{number}", START + number * DAY) for number in range(1, 6)),
    order("b", START + DAY, "boris"),
    order("c", START + 90 * DAY, "carla"),
]


def run(*rules: Rule) -> Backtest:
    """Run rules over a month."""
    return backtest(rules, FACTS, start=START, end=START + 30 * DAY)


def test_a_backtest_decides_what_production_decides() -> None:
    """Launched at its start; the end is inclusive."""
    engine = Engine([THANKS, TAG], since=START)
    engine.record(FACTS)
    made = run(THANKS, TAG)
    assert made.decisions == engine.advance(START + 30 * DAY).decisions
    assert (made.start, made.end, made.customers) == (START, START + 30 * DAY, 3)


def test_outcomes_are_counted_by_rule_with_their_reason() -> None:
    """Drops and exits apart by what they were for."""
    waits = Rule("wait", on(orders), WaitFor(orders.count() >= 9, hours(1), on_timeout="exit"), Send("x"))
    assert run(TAG, waits).outcomes() == {
        "tag": {"act": 4, "drop condition_false": 2},
        "wait": {"wait": 6, "exit condition_false": 6},
    }


def test_messages_are_counted_by_customer_and_other_actions_are_none() -> None:
    """Customers without any are in the distribution."""
    made = run(THANKS, TAG)
    assert made.messages() == {ANNA: 5, "boris": 1}
    assert made.distribution() == {0: 1, 1: 1, 5: 1}


def test_over_counts_a_rolling_window() -> None:
    """More than so many within less than a span."""
    made = run(THANKS)
    assert made.over(3) == {ANNA}
    assert made.over(5) == set()
    assert made.over(4, per=days(4)) == set()
    assert made.over(4, per=days(5)) == {ANNA}


def test_a_message_counts_as_sent_at_once() -> None:
    """So that rules which ask about messages see their own."""
    polite = Rule("polite", on(orders), Send("thanks"), when=~messages.within(days(2)).exists())
    acted = [each.occasion for each in run(polite).decisions if each.action is not None]
    assert acted == ["a1", "b", "a3", "a5"]


def test_a_backtest_is_plain_values_for_json() -> None:
    """Instants in ISO 8601, UTC."""
    plain = run(THANKS, TAG).as_dict()
    assert json.loads(json.dumps(plain))["outcomes"] == plain["outcomes"]
    assert plain == {
        "start": "2026-07-01T00:00:00Z",
        "end": "2026-07-31T00:00:00Z",
        "customers": 3,
        "outcomes": {"tag": {"act": 4, "drop condition_false": 2}, "thanks": {"act": 6}},
        "messages_per_customer": {0: 1, 1: 1, 5: 1},
        "over_3_a_week": 1,
    }


def test_the_difference_of_two_rule_sets_is_said_in_one_line() -> None:
    """Messages only; rules that send the same are left out."""
    fewer = Rule("thanks", on(orders), Send("thanks"), re_entry=days(2))
    lapsed = Rule("lapsed", entering(orders.last().age >= days(20)), Send("come-back"))
    changed = difference(run(THANKS, TAG), run(fewer, lapsed, TAG))
    assert str(changed) == "+0 sends, -1 customers over three a week"
    assert changed.sends == {"lapsed": 2, "thanks": -2}
    assert changed.gained == (("lapsed", ANNA, "orders:a5", "come-back"), ("lapsed", "boris", "orders:b", "come-back"))
    assert [name[2] for name in changed.lost] == ["a2", "a4"]
    assert changed.as_dict() == {
        "sends": {"lapsed": 2, "thanks": -2},
        "gained": 2,
        "lost": 2,
        "customers_over_3_a_week": -1,
    }
    assert str(difference(run(TAG), run(TAG, THANKS))) == "+6 sends, +1 customers over three a week"


def test_progress_is_told_and_zones_are_the_shops() -> None:
    """Customers looked at, after each batch."""
    seen: list[int] = []
    backtest([THANKS], FACTS, start=START, end=START + HOUR, zone="Asia/Tokyo", progress=seen.append)
    assert seen == [3]
