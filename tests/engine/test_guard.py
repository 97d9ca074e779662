"""The blast guard stops a rule that wants far more than usual; a switch holds what lies in the outbox, too."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

from retention_engine import Engine, Rule, Send, days, on
from retention_engine.engine import BlastGuard
from retention_engine.errors import DefinitionError
from retention_engine.facts import SendingResumed, SendingStopped
from retention_engine.predicates import events
from retention_engine.rules import Tag
from retention_engine.stores import SqliteStore
from retention_engine.timing import DAY, HOUR
from tests.engine._shop import START, happened

HELLO = Rule("hello", on(events("seen")), Send("hello", topic="news", channel="email"))
OTHER = Rule("other", on(events("bought")), Send("thanks", topic="orders", channel="push"))


def shop(guard: BlastGuard | None = None, **more: Any) -> Engine:
    """Return an engine with two rules."""
    return Engine([HELLO, OTHER], since=START, guard=guard, **more)


def facts_of(name: str, count: int, at: int) -> list[Any]:
    """Return the same event of so many customers."""
    told = (happened(name, at, f"c{number}") for number in range(count))
    return [evolve(fact, id=f"{fact.id}:{fact.customer}") for fact in told]


def test_a_rule_beyond_the_limit_is_stopped_and_nothing_of_it_is_handed_out() -> None:
    """The other rule goes on; what is stopped does not hide it."""
    engine = shop(BlastGuard(5))
    engine.record([*facts_of("seen", 6, START + HOUR), *facts_of("bought", 2, START + HOUR + 1)])
    advance = engine.advance(START + 2 * HOUR)
    assert advance.stopped == ("hello",)
    assert [action.rule for action in engine.due(START + 2 * HOUR + 1, limit=3)] == ["other", "other"]
    assert [action.rule for action in engine.due(START + 2 * HOUR, limit=0)] == []


def test_it_is_let_go_by_a_fact() -> None:
    """The shop looked, and says go on; later messages of the rule wait until then."""
    engine = shop(BlastGuard(5))
    engine.record(facts_of("seen", 6, START + HOUR))
    engine.advance(START + 2 * HOUR)
    engine.record(facts_of("seen", 1, START + 3 * HOUR))
    (held,) = engine.advance(START + 4 * HOUR).decisions
    assert (held.outcome.value, held.reason) == ("defer", "rule_paused")
    engine.record(SendingResumed(id="go", at=START + 5 * HOUR, scope="rule", name="hello"))
    assert len(engine.advance(START + 6 * HOUR).actions) == 1
    assert len(engine.due(START + 6 * HOUR)) == 7


def test_an_hour_is_counted_over_several_advances() -> None:
    """Three and three are six; once stopped it is not stopped again; another hour begins anew."""
    engine = shop(BlastGuard(5))
    found = []
    for at in (START + HOUR + 1, START + HOUR + 2, START + HOUR + 3, START + 2 * HOUR):
        engine.record(facts_of("seen", 3, at))
        found.append(engine.advance(at).stopped)
    assert found == [(), ("hello",), (), ()]


def test_a_declared_broadcast_is_free() -> None:
    """It may reach everybody."""
    engine = shop(BlastGuard(5, free=["hello"]))
    engine.record(facts_of("seen", 9, START + HOUR))
    assert engine.advance(START + 2 * HOUR).stopped == ()


@pytest.mark.parametrize("wrong", [0, -1, True, 2.5, "5"])
def test_a_limit_is_a_whole_number(wrong: Any) -> None:
    """Anything else is refused with what is allowed."""
    with pytest.raises(DefinitionError, match="most is a whole number of messages, 1 or more"):
        BlastGuard(wrong)
    with pytest.raises(DefinitionError, match="free names the rules"):
        BlastGuard(5, free="hello")  # type: ignore[arg-type]  # a text by mistake


@pytest.mark.parametrize(
    ("scope", "name", "left"), [("all", None, set()), ("rule", "hello", {"other"}), ("channel", "push", {"hello"})]
)
def test_a_switch_holds_what_is_decided_and_what_lies_in_the_outbox(
    scope: str, name: str | None, left: set[str]
) -> None:
    """Of all, of a rule, of a channel; other actions than messages go on."""
    engine = shop()
    engine.record([*facts_of("seen", 1, START + HOUR), *facts_of("bought", 1, START + HOUR)])
    engine.advance(START + HOUR)
    engine.record(SendingStopped(id="stop", at=START + HOUR + 1, scope=scope, name=name, reason="test", by="anna"))
    engine.advance(START + 2 * HOUR)
    assert {action.rule for action in engine.due(START + 2 * HOUR)} == left
    engine.record([*facts_of("seen", 1, START + 3 * HOUR), *facts_of("bought", 1, START + 3 * HOUR)])
    assert {action.rule for action in engine.advance(START + 4 * HOUR)} == left


def test_a_tag_is_put_whatever_is_stopped() -> None:
    """Switches stop messages."""
    engine = Engine([Rule("vip", on(events("seen")), Tag("vip"))], since=START)
    engine.record([*facts_of("seen", 1, START + HOUR), SendingStopped(id="s", at=START, scope="all", reason="test")])
    engine.advance(START + DAY)
    assert [action.kind for action in engine.due(START + DAY)] == ["tag"]


def test_a_resumed_switch_wakes_whom_it_held(tmp_path: Any) -> None:
    """Also after a restart; somebody it did not hold is not looked at."""
    store = SqliteStore(tmp_path / "shop.db")
    engine = shop(store=store)
    engine.record([SendingStopped(id="stop", at=START + 1, scope="topic", name="news", reason="test")])
    engine.record([*facts_of("seen", 2, START + HOUR), *facts_of("bought", 3, START + HOUR)])
    engine.advance(START + DAY)
    again = shop(store=store)
    again.record(SendingResumed(id="go", at=START + 2 * DAY, scope="topic", name="news"))
    advance = again.advance(START + 3 * DAY)
    assert (advance.evaluated, len(advance.actions)) == (2, 2)
    assert {decision.at for decision in advance.decisions} == {START + 2 * DAY}
    again.close()


def test_what_nobody_may_be_held_by_is_no_wake_up() -> None:
    """A span of days without anything due looks at nobody."""
    engine = shop()
    engine.record(facts_of("seen", 2, START + HOUR))
    engine.advance(START + DAY)
    engine.record(SendingStopped(id="stop", at=START + 2 * DAY, scope="all", reason="test"))
    assert engine.advance(START + 2 * DAY + days(1).micros).evaluated == 0
