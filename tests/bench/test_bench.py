"""The benchmarks run with tiny sizes and check their own answers; nothing here looks at a time."""

from __future__ import annotations

import json
from importlib import import_module
from itertools import product
from typing import Any

import pytest

pytestmark = pytest.mark.bench
for needed in ("numpy", "datalogic_py", "zen", "rule_engine", "duckdb"):
    pytest.importorskip(needed, reason=f"the dependency group 'bench' is not installed: no {needed}")

from bench.__main__ import PARTS, main  # noqa: E402 - after the look at what is installed
from bench.customers import dicts_of, facts_of, reference, rows_of, states_of  # noqa: E402 - as above
from bench.measure import Row, in_turn, micros, ratio, table  # noqa: E402 - as above
from bench.neutral import DUE_AT_10K, FIELDS, RULES, leaves  # noqa: E402 - as above
from bench.readings import json_logic, ours, over_record, python, words  # noqa: E402 - as above
from bench.workload import NOW, generate  # noqa: E402 - as above
from retention_engine.predicates.compiler import compile_predicates  # noqa: E402 - as above
from retention_engine.state import History, fold  # noqa: E402 - as above
from retention_engine.view import View, zone_of  # noqa: E402 - as above


@pytest.mark.parametrize("part", PARTS)
def test_each_part_runs_and_its_answers_are_right(part: str) -> None:
    """Every part checks what it measures before it measures it."""
    rows = import_module(f"bench.{part}").run(quick=True)

    assert rows
    assert {row.part for row in rows} == {part}
    assert all(row.value >= 0 for row in rows)
    assert len({row.what for row in rows}) == len(rows)


def test_the_population_has_the_published_check_sums() -> None:
    """Orders and due pairs at 10,000 customers, by a reference that knows nothing of our library."""
    population = generate(10_000)
    masks = reference(population)

    assert len(population.orders["at"]) == 115_109
    assert tuple(int((masks >> bit & 1).sum()) for bit in range(20)) == DUE_AT_10K
    assert sum(DUE_AT_10K) == 9_964


def test_the_rules_are_those_of_the_workload() -> None:
    """20 rules of 74 leaves; they read every field that is handed to the engines."""
    assert len(RULES) == 20
    assert sum(len(leaves(tree)) for tree in RULES.values()) == 74
    assert {leaf[1] for tree in RULES.values() for leaf in leaves(tree)} == set(FIELDS)


def test_the_tree_walk_agrees_with_the_reference() -> None:
    """The neutral tree means the same in our language, uncompiled."""
    population = generate(10_000)
    expected = reference(population)[:100].tolist()
    predicates = [ours(tree) for tree in RULES.values()]

    for number, row in enumerate(rows_of(population)[:100]):
        history = fold(History(f"c{number}"), facts_of(row, number))
        view = View(history, NOW, zone_of(history, "UTC"))
        assert sum(each.verdict(view).holds << bit for bit, each in enumerate(predicates)) == expected[number]


def test_every_reading_of_a_tree_has_its_parts() -> None:
    """Each engine's text names the same fields."""
    for tree in RULES.values():
        fields = {leaf[1] for leaf in leaves(tree)}
        texts = [python(tree, str), over_record(tree, str), words(tree), json.dumps(json_logic(tree)), str(ours(tree))]
        assert all(field in text for field, text in product(fields, texts))


def test_plain_objects_and_dicts_hold_what_the_rules_read() -> None:
    """With 0 for what never happened."""
    rows = rows_of(generate(50))
    states, dicts = states_of(rows), dicts_of(rows)

    assert all(
        getattr(state, name) == given[name] for state, given in zip(states, dicts, strict=True) for name in FIELDS
    )
    assert all(given["now"] == NOW for given in dicts)


def test_a_wrong_engine_fails_instead_of_being_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Speed without equality is worthless."""
    rules20 = import_module("bench.rules20")
    monkeypatch.setattr(rules20, "python", lambda tree, place: python(RULES["winback_30"], place))

    with pytest.raises(AssertionError, match="lambdas: wrong answers"):
        rules20.run(quick=True)


def test_sides_are_taken_in_turn() -> None:
    """Each round begins with another one; the first call of each is not counted."""
    calls: list[str] = []
    sides = {name: lambda name=name: calls.append(name) for name in "abc"}

    times = in_turn(sides, 2)

    assert calls == ["a", "b", "c", "a", "b", "c", "b", "c", "a"]
    assert {name: len(each) for name, each in times.items()} == {"a": 2, "b": 2, "c": 2}


def test_a_ratio_is_the_median_over_the_rounds() -> None:
    """Not the ratio of two medians."""
    times = {"slow": [2.0, 9.0, 4.0], "fast": [1.0, 1.0, 4.0]}

    assert ratio(times, "slow", "fast") == 2.0
    assert micros(times["fast"], 10) == 100_000


@pytest.mark.parametrize(
    ("goal", "verdict"),
    [((">=", 1.5), "met"), ((">=", 1.6), "missed"), (("<=", 1.5), "met"), (("==", 0), "missed"), (None, "-")],
)
def test_a_row_knows_whether_its_goal_is_met(goal: Any, verdict: str) -> None:
    """At the goal itself it is."""
    row = Row("part", "what", 1.5, "x", goal)

    assert row.verdict == row.as_dict()["verdict"] == verdict
    assert verdict in table([row]).splitlines()[-1]


def test_the_table_shows_figures_without_false_precision() -> None:
    """Whole numbers in full, others with three digits."""
    shown = table([Row("p", f"w{value}", value, "us") for value in (0, 1234567, 12345.678, 123.456, 1.23456)])

    assert [line.split()[2] for line in shown.splitlines()[2:]] == ["0", "1,234,567", "12,346", "123", "1.23"]


def test_the_command_prints_json_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    """One object a line."""
    assert main(["wakeups", "--quick", "--json"]) == 0

    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert rows[0]["what"] == "wake-ups vs true changes"
    assert set(rows[0]) == {"part", "what", "value", "unit", "goal", "verdict", "note"}


def test_an_unknown_part_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """With the names there are."""
    with pytest.raises(SystemExit):
        main(["rules2"])

    assert "rules20, wakeups" in capsys.readouterr().err


def test_the_compiled_rules_ask_nothing_of_the_tree_walk() -> None:
    """What is measured is generated code alone."""
    assert "ask" not in compile_predicates([ours(tree) for tree in RULES.values()]).source
