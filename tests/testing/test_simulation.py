"""The laws of the engine, as users call them on their own rules."""

from __future__ import annotations

import json
from typing import Any

import pytest

from retention_engine import Delay, Engine, Rule, Send, days, entering, entry, on, orders
from retention_engine.errors import StoreError
from retention_engine.facts import Fact
from retention_engine.stores import MemoryStore, SqliteStore
from retention_engine.testing import InterruptedStore, decision_lines, once, order_independent_engine, tick_invariant
from retention_engine.testing.simulation import in_time, same
from retention_engine.timing import DAY, HOUR
from tests.engine._shop import ANNA, START, order

RULES = [
    Rule("lapsed", entering(orders.last().age >= days(30)), Send("hi")),
    Rule("ask", on(orders), Delay(days(3)), Send("ask"), exit_when=orders.since(entry).exists()),
]
FACTS: list[Fact] = [order(str(number), START + number * 9 * DAY + HOUR) for number in (0, 1, 2, 9)]
WHERE: dict[str, Any] = {"since": START, "to": START + 200 * DAY}


def test_each_law_gives_the_decisions() -> None:
    """So that a test may go on with them; nothing is left of how they were made."""
    expected = [each.rule for each in tick_invariant(RULES, FACTS, cuts=[START + 5 * DAY], **WHERE)]
    assert expected.count("ask") == 8
    assert expected.count("lapsed") == 2
    for law in (order_independent_engine, once):
        assert [each.rule for each in law(RULES, FACTS, **WHERE)] == expected


def test_the_laws_run_on_any_store(tmp_path: Any) -> None:
    """Each run gets an empty one."""
    numbers = iter(range(1000))
    given: dict[str, Any] = {"store": lambda: SqliteStore(tmp_path / f"{next(numbers)}.db"), **WHERE}
    assert tick_invariant(RULES, FACTS, cuts=["2026-08-01T00:00:00Z"], **given)
    assert once(RULES, FACTS, failures={1, 2, 3, 4}, **given)
    assert order_independent_engine(
        RULES, FACTS, orders=[FACTS[::-1]], runs=[in_time(FACTS, [START, WHERE["to"]])], **given
    )


def test_a_broken_engine_is_told_where_it_differs(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message shows both ways and the first decision in which they differ."""
    sound = Engine.advance

    def forgetful(self: Engine, to: int) -> Any:
        made = sound(self, to)
        return made if to == WHERE["to"] else type(made)(made.to, [], made.evaluated)

    monkeypatch.setattr(Engine, "advance", forgetful)
    with pytest.raises(AssertionError, match=r"decision 0 differs\nin one advance: .*\nin the steps given: "):
        tick_invariant(RULES, FACTS, cuts=[START + 50 * DAY], **WHERE)


def test_an_action_that_is_done_twice_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a store lets through."""
    monkeypatch.setattr(MemoryStore, "__init__", twice(MemoryStore.__init__))
    with pytest.raises(AssertionError, match=r"decision \d+ differs|acted twice"):
        once(RULES, FACTS, **WHERE)


def twice(sound: Any) -> Any:
    """Return the beginning of a store whose journal gives every decision twice."""

    def begin(self: Any) -> None:
        sound(self)
        read = self.journal.read
        self.journal.read = lambda *ends: iter([each for each in read(*ends) for _ in range(2)])

    return begin


def test_lists_of_decisions_are_compared_byte_by_byte() -> None:
    """Their order and length count."""
    with Engine(RULES, since=START) as engine:
        engine.record(FACTS)
        made = engine.advance(WHERE["to"]).decisions
    lines = decision_lines(made)
    assert len(lines) == len(made)
    assert json.loads(lines[0])["customer"] == ANNA
    same("one", made, "other", list(made))
    for other in (made[:-1], made[::-1], [*made, made[0]]):
        with pytest.raises(AssertionError, match=r"differs\none: .*\nother: "):
            same("one", made, "other", other)


def test_a_store_fails_as_told_before_or_after_its_commit() -> None:
    """The odd transactions leave nothing, the even ones everything."""
    store = InterruptedStore(MemoryStore(), {1, 2})
    for number, kept in ((1, None), (2, "two")):
        with pytest.raises(StoreError, match=f"transaction {number} fails"), store.transaction():
            store.settings.put("x", "two")
        assert store.settings.get("x") == kept
    with store.transaction():
        store.settings.put("x", "three")
    store.close()
    assert store.settings.get("x") == "three"


def test_facts_are_told_before_the_step_that_reaches_them() -> None:
    """Those beyond the last step are never told."""
    run = in_time(FACTS, [START + DAY, START + 10 * DAY])
    assert [([fact.id for fact in told], at - START) for told, at in run] == [
        (["order:0"], DAY),
        (["order:1"], 10 * DAY),
    ]
