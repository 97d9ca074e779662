"""A program's records follow their history, whatever arrives; both functions of a program say the same."""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention_engine.facts import Fact
from retention_engine.predicates import Truth, customer, events, local, orders
from retention_engine.predicates.cells import Cells
from retention_engine.predicates.columns import Column
from retention_engine.predicates.compiler import Program, compile_predicates
from retention_engine.state import History, apply
from retention_engine.testing.strategies import expressions, histories
from retention_engine.timing import DAY, HOUR, NEVER, days
from tests.predicates._compiled import START, attribute, event, follow, hot_expressions, hot_facts, known, slots


@given(st.lists(expressions(max_leaves=5, around=START, entry=False), min_size=1, max_size=3), st.data())
def test_an_updated_record_equals_one_made_anew(predicates: list[Truth], data: st.DataObject) -> None:
    """After each fact, in any order of arrival."""
    facts = data.draw(histories(max_orders=5, max_others=8, around=START))
    program = compile_predicates(predicates)
    history = History("customer-7", wanted=program.wanted)
    record = program.record(history, "Europe/Berlin")

    for fact in facts:
        apply(history, fact)
        program.update(record)
        fresh = program.record(history, "Europe/Berlin")
        assert slots(program, record) == slots(program, fresh)
        assert (record.columns, record.where) == (fresh.columns, fresh.where)


@given(st.lists(hot_expressions(), min_size=1, max_size=3), hot_facts(), st.lists(st.integers(1, 40 * DAY), max_size=9))
def test_a_record_may_be_asked_at_any_later_instant(
    predicates: list[Truth], facts: list[Fact], steps: list[int]
) -> None:
    """What it keeps from one question never shows in the next: a fresh record says the same."""
    program = compile_predicates(predicates)
    history = known(*facts, wanted=program.wanted)
    record = program.record(history, "UTC")
    now = max((fact.effective for fact in facts), default=START)

    for step in steps:
        now += step
        fresh = program.record(history, "UTC")
        assert program.boolean(record, now) == program.boolean(fresh, now)
        assert program.horizon(record, now) == program.horizon(fresh, now)
        assert program.boolean(record, now) == program.horizon(record, now)[0]


def test_bits_belong_to_the_predicates_in_their_order() -> None:
    """A mask may be wider than a machine word."""
    program = compile_predicates([customer.points >= number for number in range(100)])
    record = program.record(known(attribute("points", 69)), "UTC")

    assert program.boolean(record, START) == 2**70 - 1
    assert program.horizon(record, START) == (2**70 - 1, NEVER)


def test_two_programs_do_not_share_what_they_keep() -> None:
    """Each has its own shifted instants and its own slots."""
    one, two = (compile_predicates([customer.expiry.age >= days(count)]) for count in (1, 2))
    history = known(attribute("expiry", START, instant=True))
    now = START + 36 * HOUR

    first, second = one.record(history, "UTC"), two.record(history, "UTC")

    assert [one.boolean(first, now), two.boolean(second, now), one.boolean(first, now)] == [1, 0, 1]


def test_equal_instants_need_not_be_one_object() -> None:
    """What is kept for an instant is found by identity, and computed again otherwise."""
    program = compile_predicates([customer.expiry.age >= days(1)])
    record = program.record(known(attribute("expiry", START, instant=True)), "UTC")

    found = [program.boolean(record, int(str(now))) for now in (START + DAY, START + DAY, START, START + DAY)]

    assert found == [1, 1, 0, 1]


def test_threads_may_ask_one_program_at_different_instants() -> None:
    """Each with a record of its own."""
    program = compile_predicates([customer.expiry.age >= days(count) for count in range(1, 9)])
    found: list[set[int]] = []

    def ask(day: int) -> None:
        record = program.record(known(attribute("expiry", START, instant=True)), "UTC")
        found.append({program.boolean(record, START + day * DAY + step) for step in range(2_000)})

    threads = [Thread(target=ask, args=(day,)) for day in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(found, key=min) == [{2**day - 1} for day in range(1, 5)]


def test_a_new_zone_moves_the_customers_clock() -> None:
    """Kept verdicts about the clock are asked again."""
    program = compile_predicates([local.hour >= 12])
    history = known()
    record = program.record(history, "UTC")
    noon = START - START % DAY + 12 * HOUR

    before = program.horizon(record, noon)
    apply(history, attribute("zone", "America/New_York"))
    program.update(record)

    assert (before[0], program.horizon(record, noon)[0], program.boolean(record, noon)) == (1, 0, 0)
    assert record.where.key == "America/New_York"


def test_an_update_returns_the_changes_of_records() -> None:
    """Of the collections the program wants; attributes are no records."""
    program = compile_predicates([events("played").exists()])
    history = History("customer-7", wanted=program.wanted)
    record = program.record(history, "UTC")
    for fact in (event("played", START), event("stopped", START), attribute("city", "Omsk")):
        apply(history, fact)

    changes = program.update(record)

    assert [(change.collection, change.old is None) for change in changes] == [("events:played", True)]
    assert program.update(record) == []


def test_a_verdict_is_kept_until_its_horizon(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tree walk is asked once an hour at most, by whichever function comes first."""
    predicate = local.hour >= 12
    program = compile_predicates([predicate, ~predicate])
    record = program.record(known(), "UTC")
    asked: list[int] = []
    verdict = type(predicate).verdict
    monkeypatch.setattr(type(predicate), "verdict", lambda self, view: (asked.append(view.now), verdict(self, view))[1])

    midnight = START - START % DAY
    for minute in range(0, 26 * 60, 10):
        program.boolean(record, midnight + minute * HOUR // 60)
        program.horizon(record, midnight + minute * HOUR // 60)

    assert asked == [midnight, midnight + 12 * HOUR, midnight + 24 * HOUR]


def test_the_source_is_shown_to_people() -> None:
    """It is the text that runs."""
    program = compile_predicates([customer.points > 5])

    assert "def boolean(r, now):" in program.source
    assert "if r.c0 > 5: m |= 1" in program.source


def test_a_program_says_what_a_history_has_to_keep() -> None:
    """Attributes are always kept."""
    assert compile_predicates([orders.exists() & (customer.points > 5)]).wanted == {"orders"}


LATE: list[Fact] = [
    *(event("played", START + at * DAY, score=at) for at in (5, 9, 7)),
    *(attribute("points", value, START + at * DAY) for at, value in ((1, 5), (6, 50), (8, None))),
    *(attribute("zone", zone, START + at * DAY) for at, zone in ((2, "Asia/Tokyo"), (7, "America/New_York"))),
    *(attribute("expiry", START + (at + 9) * DAY, START + at * DAY, instant=True) for at in (3, 10)),
]
PREDICATES = [
    customer.points > 10,
    customer.expiry.ahead < days(4),
    events("played").count() >= 2,
    events("played").sum("score") >= 12,
    events("played").within(days(3)).count() >= 2,
    events("played").within(days(3)).sum("score") >= 12,
    events("played").last("score") >= 7,
    local.hour >= 12,
]


def forgetful(self: Program, record: Any, _update: Callable[..., Any] = Program.update) -> Any:
    """Bring the columns up to date, but not the slots."""
    history = record.history
    changes, _ = history.drain()
    for change in changes:
        for column in record.columns:
            if column.spec.base == change.collection:
                column.take(change, history)
    return changes


def twice(self: Column, change: Any, history: History, _take: Callable[..., Any] = Column.take) -> None:
    """Take each change twice."""
    _take(self, change, history)
    if change.new is not None:
        self._append(change.new)


def never_doubted(self: Cells, node: Truth, _answer: Callable[..., Any] = Cells.answer) -> Any:
    """Forget that facts touch what a kept verdict reads."""
    found = _answer(self, node)
    for names in self.stale.values():
        names[:] = [name for name in names if name != found[2]]
    return found


FAULTS: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "stale cells": lambda patch: patch.setattr(Program, "update", forgetful),
    "a record counted twice": lambda patch: patch.setattr(Column, "take", twice),
    "a kept verdict that facts do not touch": lambda patch: patch.setattr(Cells, "answer", never_doubted),
    "a record in the order of arrival": lambda patch: patch.setattr(
        Column, "take", lambda self, change, history: None if change.new is None else self._append(change.new)
    ),
}


def test_without_a_fault_the_facts_are_followed() -> None:
    """The example by which planted faults are caught is sound by itself."""
    follow(PREDICATES, [*LATE, event("played", START + 4 * DAY, score=4)])


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_caught(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The comparison with the tree walk bites."""
    FAULTS[fault](monkeypatch)
    learned_late = event("played", START + 6 * DAY, score=6).learned_at(START + 11 * DAY)

    with pytest.raises(AssertionError):
        follow(PREDICATES, [*LATE, learned_late])
