"""Hostile input, a thousand times: one kind of error, which names the place, soon, and nothing half done."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from retention_engine.errors import FactError
from retention_engine.facts import KINDS, Fact, from_json
from retention_engine.facts.codec import from_plain
from retention_engine.intake import orders_from_rows
from tests.facts._facts import facts
from tests.intake._doors import FACTS, OF_THE_ENGINE, door
from tests.intake._hostile import CELLS, large, texts, with_literal
from tests.intake._shop import MAPPING, read, row

HUNDREDS = [TEXTS[start : start + 500] for TEXTS in [list(texts())] for start in range(0, len(TEXTS), 500)]


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Fail when the block takes more time of the processor; what others do on the machine does not count."""
    start = time.process_time()
    yield
    assert time.process_time() - start < seconds


def test_there_are_more_than_a_thousand_of_them() -> None:
    """The tables below are as long as they claim, and none is there twice."""
    found = [text for group in HUNDREDS for _, text in group]
    assert len(found) > 5000
    assert len(set(found)) > 4000


@pytest.mark.parametrize("group", HUNDREDS, ids=range(len(HUNDREDS)))
def test_a_hostile_fact_is_refused(group: list[tuple[str, str]]) -> None:
    """Each is a ``FactError`` that names the field, or the place where the text is no JSON."""
    known = KINDS.copy()
    with within(10):
        for name, text in group:
            with pytest.raises(FactError) as caught:
                from_json(text)
            assert any(part in str(caught.value) for part in (name, "not JSON", "given twice")), text
    assert known == KINDS


@pytest.mark.parametrize("group", HUNDREDS, ids=range(len(HUNDREDS)))
def test_a_hostile_fact_is_refused_by_pydantic(group: list[tuple[str, str]]) -> None:
    """Each is a ``ValidationError``; names given twice alone are beyond what a parser tells."""
    with within(10):
        for _, text in group:
            if text.endswith('"id": "f1"}') or '{"a": 1, "a": 2}' in text:
                continue
            named = OF_THE_ENGINE.get("".join(re.findall(r'^{"kind": "(\w+)"', text)))
            for reader in (FACTS, named) if named else (FACTS,):
                with pytest.raises(ValidationError) as caught:
                    reader.validate_json(text)
                assert caught.value.error_count() <= 100


@pytest.mark.slow
def test_a_megabyte_of_nonsense_is_refused_soon() -> None:
    """Deep, wide and long texts: each is refused within a tenth of a second of the processor, on the whole."""
    found = list(large())
    with within(0.1 * len(found)):
        for text in found:
            with pytest.raises(FactError):
                from_json(text)
    with within(0.2 * len(found)):
        for text in found:
            with pytest.raises(ValidationError):
                FACTS.validate_json(text)


@pytest.mark.parametrize("column", sorted(row()))
def test_a_hostile_cell_is_refused_with_row_and_column(column: str) -> None:
    """The order with the cell is refused, its neighbour is not, and strict reading raises at the same place."""
    with within(5):
        for cell in CELLS:
            rows = [row(invoice="1"), row(**{"invoice": "2", column: cell})]
            made, report = read(rows)
            assert made[0].order.id == "1"
            if len(made) == 1:
                assert report.problems[0].place == f"row 2, field {column}"
                with pytest.raises(FactError, match=f"^row 2, field {column}: "):
                    list(orders_from_rows(rows, MAPPING, strict=True))


def test_one_hostile_cell_leaves_nothing_of_its_order() -> None:
    """An order is imported whole or not at all, wherever the bad row stands."""
    for position in range(3):
        rows = [row(code=f"sku-{number}") for number in range(3)]
        rows[position]["price"] = "1.5E+400"
        made, report = read(rows)
        assert (made, report.refused.rows, report.used) == ([], 3, 0)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()) | st.binary() | st.decimals(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(), max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
names = st.sampled_from(
    sorted({"kind", "v", "id", "customer", "at", "learned", "order", "lines", "total", "data", "nope"})
)


@given(facts, names, anything)
def test_one_odd_value_makes_an_equal_fact_or_an_error(fact: Fact, name: str, value: Any) -> None:
    """Whatever stands at one name of a good fact, there is no third outcome, and both doors agree."""
    raw = json.loads(FACTS.dump_json(fact)) | {name: value}
    try:
        made = from_plain(raw)
    except FactError:
        with pytest.raises(ValidationError):
            door(fact.KIND).validate_python(raw)
    else:
        assert door(fact.KIND).validate_python(raw) == made


@given(st.text(st.characters()) | st.binary())
def test_any_text_is_a_fact_or_an_error(text: str | bytes) -> None:
    """Reading never fails in another way."""
    with pytest.raises(FactError):
        from_json(text)


@given(facts, st.data())
def test_a_fact_with_a_letter_changed_is_a_fact_or_an_error(fact: Fact, draw: st.DataObject) -> None:
    """Damage to the text on its way is noticed or harmless."""
    text = FACTS.dump_json(fact).decode()
    place = draw.draw(st.integers(0, len(text) - 1))
    broken = text[:place] + draw.draw(st.characters()) + text[place + 1 :]
    try:
        made = from_json(broken)
    except FactError:
        return
    assert from_json(FACTS.dump_json(made)) == made


@given(
    st.lists(
        st.dictionaries(st.sampled_from(sorted(row())), anything).map(lambda cells: row(**cells)) | anything, max_size=5
    )
)
def test_any_rows_are_facts_or_accounted_for(rows: list[Any]) -> None:
    """No cell and no row makes the import fail."""
    made, report = read([row(invoice="0"), *rows])
    skipped = sum(tally.rows for tally in report.skipped.values())
    assert report.rows == len(rows) + 1 == report.used + skipped + report.refused.rows
    assert len(made) == report.facts >= 0


def test_literals_are_put_where_they_belong() -> None:
    """The helper of these tests does what it says."""
    assert with_literal({"a": 1}, "b", "NaN") == '{"a": 1, "b": NaN}'
