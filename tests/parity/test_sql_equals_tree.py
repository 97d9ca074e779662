"""The SQL reading, run by DuckDB, gives the truths of the tree walk; and the comparison notices planted faults."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlglot import exp

from retention_engine.batch import Columns, Source, Table, query, run
from retention_engine.predicates import Attribute, Records, Truth, bucket, customer, orders
from retention_engine.predicates.sql import aggregates, compare, compiler, literals, records, relations, zones
from retention_engine.state import History, fold
from retention_engine.testing import strategies as drawn
from retention_engine.timing import DAY, HOUR, zone
from tests.parity._sql import CASES, NOW, SHOP, by_sql, by_tree, database, differences, load, order, person, shop

Patch = pytest.MonkeyPatch
World = tuple[list[Truth], list[History], int, str]
IDS = ("customer-7", "anna", "O'Hara", "клиент 1")


def test_the_table_of_cases_agrees() -> None:
    """Every predicate of the table has the same members in both readings."""
    assert list(differences(CASES, shop())) == []


@pytest.mark.parametrize("instant", ["before", "midnight", "leap day", "clock change"])
def test_the_table_agrees_at_awkward_instants(instant: str) -> None:
    """Both readings agree on the edges of windows, at a local midnight, on 29 February, when the clocks change."""
    at = {
        "before": NOW - 1,
        "midnight": NOW + HOUR // 2,
        "leap day": NOW + 365 * 24 * HOUR + HOUR,
        "clock change": NOW + 25 * 24 * HOUR + 3 * HOUR,
    }[instant]
    timed = [case for case in CASES if "days(" in case.text() or "customer.zone" in case.reads()]
    assert list(differences(timed, shop(), at=at)) == []


def test_records_are_ordered_where_no_sequence_is_stored() -> None:
    """An id instead of the sequence gives the same first and last records and gaps."""
    ordered = [case for case in CASES if any(word in case.text() for word in ("last(", "first(", "gaps("))]
    names = {name for case in ordered for name in case.reads() if not name.startswith("customer.")}
    zones_ = load([*ordered, *(Records(name).last("id").is_set() for name in names)], shop())
    source = Source(collections={name: evolve(Source().table(name), sequence=None) for name in names})
    for case in ordered:
        found = run(database(), query({"": case}, at=NOW, source=source, shop_zone=SHOP, zones=zones_))
        assert found == by_tree({"": case}, shop(), at=NOW, shop=SHOP)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Return predicates, customers and an instant near the same awkward moment of a zone."""
    where, around = draw(drawn.corners())
    trees = drawn.expressions(around=around, zone=where, entry=False, max_leaves=4)
    known = [
        fold(History(name), draw(drawn.histories(max_orders=4, max_others=8, customer=name, around=around, zone=where)))
        for name in IDS[: draw(st.integers(1, len(IDS)))]
    ]
    at = draw(drawn.instants(around=around, zone=where)) + draw(st.sampled_from((4, 0, 10, 20, 60))) * 12 * HOUR
    return draw(st.lists(trees, min_size=1, max_size=8)), known, at, draw(st.sampled_from(("UTC", where)))


@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(worlds())
def test_random_trees_agree(world: World) -> None:
    """Whatever the predicates and the histories, both readings have the same members."""
    predicates, people, at, where = world
    assert list(differences(predicates, people, at=at, shop=where)) == []


def replaced(owner: Any, **new: Any) -> Callable[[Patch], None]:
    """Return the fault that puts something else in the place of functions."""

    def plant(patch: Patch) -> None:
        for name, function in new.items():
            patch.setattr(owner, name, function)

    return plant


def bare(truth: Any, *, otherwise: bool = False) -> Any:
    """Leave an unknown truth unknown."""
    return truth


def operators(**change: str) -> Callable[..., Any]:
    """Return ``binary`` with other operators."""
    named = {"above": ">", "up_to": "<=", "from_": ">="}
    changed = {named[name]: op for name, op in change.items()}
    return lambda left, op, right: sound_binary(left, changed.get(op, op), right)


def last_row(fold: str, value: Any, *_: Any) -> Any:
    """Take the last record, whether it has a value or not."""
    return exp.Anonymous(
        this="arg_max_null" if fold == "last" else "arg_min_null", expressions=[value, SEQUENCE.copy()]
    )


def in_time_order(patch: Patch) -> None:
    """Order records by their instants alone."""
    sound = Source.table
    patch.setattr(Source, "table", lambda self, name: evolve(sound(self, name), sequence="at"))


def recent(chosen: relations.Chosen, after: int | None) -> relations.Chosen:
    """Drop what is older than a day."""
    return evolve(chosen, after=NOW - DAY if after is None else after)


sound_binary, sound_text = compare.binary, literals.text
SLOTS: dict[type, str] = sys.modules["retention_engine.batch.tables"]._SLOTS
SEQUENCE = exp.column("sequence", table="t", quoted=True)
FAULTS: dict[str, tuple[str, Callable[[Patch], None]]] = {
    "no coalesce at attributes": ("not customer", replaced(compiler, settled=bare)),
    "no coalesce at aggregates, so NOT of nothing is false": ("not orders.last", replaced(aggregates, settled=bare)),
    "a missing count is not 0": ("count()", replaced(aggregates, zero=lambda number: number)),
    "within with >= for >": ("within", replaced(records, binary=operators(above=">="))),
    "before with < for <=": ("before", replaced(records, binary=operators(up_to="<"))),
    "calendar days with > for >=": ("on_calendar_days", replaced(records, binary=operators(from_=">"))),
    "the future counts": ("orders", replaced(relations, _until=lambda at, _: compare.known(at.copy()))),
    "the last by time alone": ("last(", in_time_order),
    "the last record even without a value": ("last(", replaced(relations, edge=last_row)),
    "a bucket without salt": (
        "bucket",
        replaced(compiler, text=lambda given: sound_text("" if given[-1] == ":" else given)),
    ),
    "True is 1": ("customer", lambda patch: patch.setitem(SLOTS, bool, "whole")),
    "1.0 is no 1": (
        "distinct",
        replaced(
            aggregates, _number_keys=lambda cells: [cells[slot] for slot in ("whole", "real", "flag") if slot in cells]
        ),
    ),
    "an age counts the other way": ("age", replaced(compare, FLIPPED={op: op for op in compare.FLIPPED})),
    "the shop's zone for all": (
        "",
        replaced(zones.Clock, by_zone=lambda self, _, answer: (answer(zone(self.shop)), {})),
    ),
    "29 February in every year": ("yearly", replaced(zones, _exists=lambda cell: compare.known(cell.copy()))),
    "the extreme of either column": (
        "events",
        replaced(aggregates, compare_extreme=lambda cells, _, op, constant: compare.compare(cells, op, constant)),
    ),
    "a mean in floating point": ("mean", replaced(aggregates, wide=lambda value, _: exp.cast(value, "DOUBLE"))),
    "older records are left out": ("age > days(29)", replaced(relations.Chosen, needed=recent)),
}
"""Fault -> a word of the predicates that must notice it, and how to plant it."""


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_noticed(name: str, monkeypatch: Patch) -> None:
    """Each fault changes the members of some predicate of the table."""
    word, plant = FAULTS[name]
    cases = [case for case in CASES if word in case.text()]
    plant(monkeypatch)
    assert next(differences(cases, shop()), None) is not None


WORDS = (
    "'",
    "\\",
    "${env:HOME}",
    "%s",
    "--",
    "/*",
    ";",
    "\n",
    "🎁",
    "COPY c TO 'x'",
    '"',
    "$$",
    "чай",
    "?",
    ":a",
    "{{x}}",
)
HOSTILE = [" ".join(words) for words in itertools.product(WORDS, repeat=3)][::4][:1000]
"""A thousand texts that tempt consoles, drivers and parsers."""


def test_a_thousand_hostile_texts_mean_themselves(tmp_path: Path, monkeypatch: Patch) -> None:
    """As constants, values, ids and names of predicates they find exactly their customers, and no file appears."""
    monkeypatch.chdir(tmp_path)
    assert len(set(HOSTILE)) == 1000
    people = [person(text, order("a", 1, channel=text), city=text) for text in HOSTILE]
    zones_ = load([customer.city.is_set()], people)
    for start in range(0, 1000, 100):
        texts = HOSTILE[start : start + 100]
        named = {text: (customer.id if place % 2 else customer.city) == text for place, text in enumerate(texts)}
        assert by_sql(named, zones_) == {text: [text] for text in texts}
    bought = [orders.where(channel=text).exists() & customer.city.contains(text[1:]) for text in HOSTILE[::50]]
    salted = [bucket(text) < 5000 for text in HOSTILE[::50] if text.isprintable() and ":" not in text]
    asked = [*bought, *salted, orders.last("channel").is_in(*HOSTILE[::7])]
    assert list(differences(asked, people)) == []
    assert list(tmp_path.iterdir()) == []


def quoted(name: str) -> str:
    """Return a name as SQL writes it."""
    return '"{}"'.format(name.replace('"', '""'))


@pytest.mark.parametrize("start", range(0, 1000, 250))
def test_a_thousand_hostile_names_are_only_names(start: int, tmp_path: Path, monkeypatch: Patch) -> None:
    """Columns and tables of any name are read, nothing of a name is executed, and no file appears."""
    monkeypatch.chdir(tmp_path)
    names, table = HOSTILE[start : start + 250], HOSTILE[start]
    columns = ", ".join(f"{number} AS {quoted(name)}" for number, name in enumerate(names))
    database().execute(f"CREATE OR REPLACE TABLE {quoted(table)} AS SELECT 7 AS customer, {columns}")
    fields = {f"a{number}": Columns(whole=quoted(name)) for number, name in enumerate(names)}
    source = Source(customers=Table(name=table, fields=fields))
    asked: dict[str, Truth] = {
        name: customer_attribute == number
        for number, (name, customer_attribute) in enumerate(zip(names, map(Attribute, fields), strict=True))
    }
    assert run(database(), query(asked, at=NOW, source=source)) == {name: [7] for name in names}
    assert list(tmp_path.iterdir()) == []
