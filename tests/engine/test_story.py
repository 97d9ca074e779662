"""Why a rule is or is not due for a customer."""

from __future__ import annotations

import json
from typing import Any

import pytest

from retention_engine import (
    Delay,
    Rule,
    Send,
    WaitFor,
    after,
    days,
    entering,
    entry,
    events,
    every,
    hours,
    leaving,
    local,
    on,
    orders,
    price_drop,
    views,
    weekly,
)
from retention_engine.actions import Decision, Outcome, Reason
from retention_engine.engine import Story, line_of
from retention_engine.facts import Fact
from retention_engine.timing import DAY, HOUR
from tests.engine._shop import ANNA, START, happened, order, shop

ORDER = order("1", START + HOUR)
WIN_BACK = Rule("win-back", entering(orders.last().age >= days(30)), Send("hi"))


def story(rule: Rule, *facts: Fact, at: int, **more: Any) -> Story:
    """Return the story of a rule about anna at an instant to which the engine was advanced."""
    engine = shop(rule, facts=facts, **more)
    engine.advance(at)
    return engine.explain(ANNA, rule.id)


def test_an_edge_shows_its_question_and_when_it_turns() -> None:
    """Not due yet; what was found stands beside it."""
    told = story(WIN_BACK, ORDER, at=START + DAY)
    assert str(told).splitlines() == [
        "win-back: not due",
        "  orders.last().age >= days(30)    no    23 hours; turns true 2026-07-31 01:00 by itself",
    ]
    assert (told.next_due, told.at, told.customer, told.decisions) == (START + HOUR + 30 * DAY, START + DAY, ANNA, ())


def test_an_edge_that_was_acted_on_shows_the_decision() -> None:
    """With its occasion; what it was dropped for is said, too."""
    told = story(WIN_BACK, ORDER, at=START + 40 * DAY)
    assert told.status == "acted on 2026-07-31 01:00 for orders:1"
    assert str(told).splitlines()[-2:] == ["  decided so far:", "    2026-07-31 01:00  act   orders:1  hi"]
    picky = Rule("win-back", entering(orders.last().age >= days(30)), Send("hi"), when=views.exists())
    dropped = story(picky, ORDER, at=START + 40 * DAY)
    assert dropped.status == "dropped (condition_false) 2026-07-31 01:00 for orders:1"
    assert [*dropped.questions] == ["trigger", "when"]
    assert "  when:" in str(dropped)


def test_an_edge_from_before_the_launch_says_so() -> None:
    """The condition holds, and nothing is due."""
    told = story(WIN_BACK, order("1", START - 60 * DAY), at=START + DAY)
    assert told.status == "the condition holds, but it held before the rule was launched"
    assert told.next_due is None


@pytest.mark.parametrize(
    ("trigger", "due"),
    [
        (entering(orders.within(days(5)).exists()), None),
        (leaving(orders.within(days(5)).exists()), START + HOUR + 5 * DAY),
        (leaving(orders.last().age < hours(1)), None),
        (entering(orders.exists() & (local.hour >= 9)), START + DAY + 9 * HOUR),
        (entering(orders.exists() & (orders.last().age >= days(9)) & orders.within(days(3)).exists()), None),
    ],
)
def test_the_next_due_of_an_edge_is_its_next_turn_to_the_side_of_the_trigger(trigger: Any, due: int | None) -> None:
    """The end of what holds already is no due; what comes again after it is."""
    told = story(Rule("r", trigger, Send("hi")), ORDER, at=START + 14 * HOUR)
    assert told.next_due == due


def test_an_edge_that_never_comes_is_not_looked_for_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """After so many horizons the next due counts as unknown."""
    monkeypatch.setattr("retention_engine.engine.story._MOST_HORIZONS", 3)
    hourly = entering((local.hour >= 9) & (local.hour < 10))
    assert story(Rule("r", hourly, Send("hi")), ORDER, at=START + 2 * HOUR).next_due == START + 9 * HOUR
    monkeypatch.setattr("retention_engine.engine.story._MOST_HORIZONS", 0)
    assert story(Rule("r", hourly, Send("hi")), ORDER, at=START + 2 * HOUR).next_due is None


def test_a_timed_trigger_says_when_it_is_due_or_that_nothing_lies_ahead() -> None:
    """As far as the facts known tell."""
    ask = Rule("ask", after(orders, days(3)), Send("ask"))
    assert story(ask, ORDER, at=START + DAY).status == "not due before 2026-07-04 01:00"
    assert story(ask, ORDER, at=START + 9 * DAY).status == "not due: after(orders, days(3)) has nothing ahead"
    assert (
        story(Rule("w", every(weekly("fri")), Send("x")), ORDER, at=START + DAY).next_due == START + 2 * DAY + 10 * HOUR
    )
    drop = story(Rule("drop", price_drop(views), Send("x")), ORDER, at=START + DAY)
    assert (drop.status, drop.next_due) == ("not due: price_drop(views, percent=1) has nothing ahead", None)


def test_a_journey_that_waits_says_where_and_shows_its_exit() -> None:
    """Asked from its own entry."""
    joined = happened("joined", START + 2 * HOUR)
    wait = WaitFor(views.exists(), days(9), name="for a view")
    rule = Rule("j", on(events("joined")), wait, Send("x"), exit_when=orders.since(entry).exists())
    told = story(rule, ORDER, joined, at=START + DAY)
    assert told.status == "waiting at 'for a view'"
    assert "  exit_when:\n  orders.since(entry).exists()    no    none; only a fact about orders changes it" in str(
        told
    )
    assert [*story(rule, ORDER, at=START + DAY).questions] == []
    plain = story(Rule("j", on(events("joined")), Delay(days(9)), Send("x")), joined, at=START + DAY)
    assert (plain.status, [*plain.questions]) == ("waiting at 'delay days(9)'", [])


def test_a_story_is_told_as_of_its_instant() -> None:
    """Later facts and decisions are not in it."""
    engine = shop(WIN_BACK, facts=[ORDER, order("2", START + 50 * DAY)])
    engine.advance(START + 90 * DAY)
    told = engine.explain(ANNA, "win-back", START + 2 * DAY)
    assert (told.status, told.decisions) == ("not due", ())
    assert len(engine.explain(ANNA, "win-back").decisions) == 2


def test_a_story_is_plain_values_for_json() -> None:
    """Instants in ISO 8601, UTC."""
    told = story(WIN_BACK, ORDER, at=START + DAY).as_dict()
    assert json.loads(json.dumps(told)) == told
    assert (told["at"], told["next_due"]) == ("2026-07-02T00:00:00Z", "2026-07-31T01:00:00Z")
    assert told["questions"]["trigger"]["holds"] is False
    done = story(WIN_BACK, ORDER, at=START + 40 * DAY).as_dict()
    assert (done["next_due"], done["decisions"]) == (None, ["2026-07-31 01:00  act   orders:1  hi"])


def test_a_decision_is_one_line() -> None:
    """With the end of a wait, and the reason of a refusal."""
    named: dict[str, Any] = {"at": START, "rule": "r", "customer": ANNA, "occasion": "o", "step": "s"}
    assert line_of(Decision(**named, outcome=Outcome.WAIT, until=START + DAY)) == (
        "2026-07-01 00:00  wait  o  s until 2026-07-02 00:00"
    )
    assert line_of(Decision(**named, outcome=Outcome.DROP, reason=Reason.EXPIRED)).endswith("drop  o  s (expired)")
