"""Rows become facts, and every row is accounted for."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from retention_engine import Engine
from retention_engine.errors import DefinitionError, FactConflict, FactError
from retention_engine.facts import OrderPlaced, content
from retention_engine.intake import OrderMapping, Problem, Skip, orders_from_rows
from tests.intake._shop import MAPPING, read, row

FILE = [
    row(),
    row(invoice="101", customer="8"),
    row(invoice="C102"),
    row(invoice="103", customer=None),
    row(code="85048"),
    row(invoice="104", code="TEST"),
    row(invoice="105", code="POST", price="4.50"),
    row(invoice="106", price="-5"),
    row(invoice="106"),
    row(invoice=""),
    FactError("2 cells, but 7 columns", place="line 12"),
    "nonsense",
]


def test_a_file_becomes_facts_and_an_account() -> None:
    """Orders in the order of their first rows; whatever is left out is counted with its reason."""
    facts, report = read(FILE)
    assert [fact.order.id for fact in facts] == ["100", "101"]
    assert (report.rows, report.used, report.facts) == (12, 3, 2)
    assert {reason: (tally.rows, tally.orders) for reason, tally in report.skipped.items()} == {
        Skip.CANCELLATION: (1, 1),
        Skip.GUEST: (1, 1),
        Skip.IGNORED: (1, 1),
        Skip.NO_PRODUCT: (1, 1),
    }
    assert (report.refused.rows, report.refused.orders) == (5, 4)
    assert report.edges == ("100", "106")


def test_an_ignored_row_inside_an_order_is_counted_apart() -> None:
    """The order is made of the rest."""
    facts, report = read([row(), row(code="TEST"), row(code="85048")])
    assert (len(facts[0].order.lines), report.rows, report.used) == (2, 3, 2)
    assert (report.skipped[Skip.IGNORED].rows, report.skipped[Skip.IGNORED].orders) == (1, 1)


def test_problems_name_row_and_column() -> None:
    """Rows without an order are told first, orders as they are made."""
    _, report = read(FILE)
    assert report.problems == [
        Problem(10, "invoice", "order is missing"),
        Problem(11, "", "line 12: 2 cells, but 7 columns"),
        Problem(12, "", "a row is a mapping of columns, not 'nonsense'"),
        Problem(8, "price", "an amount of zero or more is needed, not '-5'"),
    ]


def test_examples_name_row_and_order() -> None:
    """The first of each fate can be looked up in the file."""
    _, report = read(FILE)
    assert report.skipped[Skip.CANCELLATION].examples == ["row 3 (order C102)"]
    assert report.refused.examples == ["row 10", "row 11", "row 12"]


def test_strict_stops_at_the_first_problem() -> None:
    """The error has the place of the problem."""
    with pytest.raises(FactError, match="row 10, field invoice: order is missing"):
        list(orders_from_rows(FILE, MAPPING, strict=True))
    with pytest.raises(FactError, match="row 2, field price"):
        list(orders_from_rows([row(), row(invoice="101", price="x")], MAPPING, strict=True))


def test_facts_are_those_of_placing_an_order() -> None:
    """Ids follow from the order's, so importing twice is harmless."""
    facts, _ = read([row()])
    assert facts == [OrderPlaced.of(facts[0].order)]
    assert facts[0].id == "order:100"


def test_a_column_that_is_not_there_is_told_at_once() -> None:
    """A mapping for another file reads nothing, and the nearest column is named."""
    with pytest.raises(DefinitionError, match=r"no column 'customer' for customer \(did you mean 'customer_id'"):
        read([{"customer_id" if name == "customer" else name: cell for name, cell in row().items()}])
    with pytest.raises(DefinitionError, match="no column"):
        read([{5: "x", None: "y"}])


def test_no_rows_are_no_facts() -> None:
    """An empty file is no error."""
    facts, report = read([])
    assert (facts, report.rows, report.edges) == ([], 0, None)


BY_ROW = OrderMapping(customer="customer", at="date", total="price", currency="GBP", zone="UTC")


def test_without_order_ids_every_row_is_an_order_at_once() -> None:
    """Facts come as the rows are read, and only so many are read as are asked for."""
    rows = iter([row(), row(), row(customer=None), row(price="x")])
    reading = orders_from_rows(rows, BY_ROW)
    first = next(reading)
    assert reading.report.rows == 1
    assert next(reading).id == f"{first.id}-2"
    assert list(reading) == []
    assert (reading.report.skipped[Skip.GUEST].rows, reading.report.refused.rows) == (1, 1)


def test_an_order_cut_in_two_differs_in_content() -> None:
    """The ids agree and the contents do not, so that recording both is refused; the edges name the order."""
    rows = [row(), row(invoice="101"), row(invoice="101", code="85048")]
    (_, whole), _ = read(rows)
    (_, half), report = read(rows[:2])
    assert whole.id == half.id
    assert content(whole) != content(half)
    assert report.edges == ("100", "101")
    with Engine([]) as engine:
        engine.record([whole])
        engine.record([whole])
        with pytest.raises(FactConflict, match="order:101"):
            engine.record([half])


cells = st.sampled_from(
    [
        "",
        None,
        "7",
        "8",
        "C1",
        "2.10",
        "-1",
        "3",
        "0",
        "soon",
        "2010-01-04",
        "2010-03-28 01:30",
        "POST",
        "TEST",
        5,
        True,
    ]
)
random_rows = st.lists(st.fixed_dictionaries(dict.fromkeys(row(), cells)) | st.just(row()), max_size=12)


@given(random_rows)
def test_no_row_vanishes(rows: list[dict[str, Any]]) -> None:
    """Rows read are rows used, skipped or refused."""
    for mapping in (MAPPING, BY_ROW):
        facts, report = read(rows, mapping)
        skipped = sum(tally.rows for tally in report.skipped.values())
        assert report.rows == len(rows) == report.used + skipped + report.refused.rows
        assert report.facts == len(facts) == len({fact.id for fact in facts})


good = st.builds(
    row,
    invoice=st.sampled_from(["1", "2", "C3"]),
    date=st.sampled_from(["2010-01-04", "2010-01-05"]),
    code=st.sampled_from(["a", "b", "POST"]),
    price=st.sampled_from(["1.00", "2.50"]),
)


@given(st.lists(good, max_size=10).flatmap(lambda rows: st.tuples(st.just(rows), st.permutations(rows))))
def test_the_order_of_the_rows_does_not_matter(both: tuple[list[Any], list[Any]]) -> None:
    """Shuffled rows give the same facts."""
    for mapping in (MAPPING, BY_ROW):
        first, second = (read(rows, mapping)[0] for rows in both)
        assert {content(fact) for fact in first} == {content(fact) for fact in second}


@given(st.lists(good, max_size=10), st.integers(0, 10), st.integers(0, 10))
def test_days_that_overlap_give_the_same_facts(rows: list[Any], start: int, end: int) -> None:
    """Two files cut between invoices agree on what both hold."""
    whole = {fact.id: content(fact) for fact in read(rows)[0]}
    chosen = {cells["invoice"] for cells in rows[start:end]}
    part = {fact.id: content(fact) for fact in read([cells for cells in rows if cells["invoice"] in chosen])[0]}
    assert part.items() <= whole.items()


def test_customers_are_never_merged() -> None:
    """An invoice of two customers is refused, whichever row comes first."""
    for rows in ([row(), row(customer="8")], [row(customer="8"), row()]):
        facts, report = read(rows)
        assert facts == []
        assert "one order has customer" in report.problems[0].message


def test_a_total_alone_needs_no_lines() -> None:
    """Exports of whole orders are read row by row."""
    mapping = evolve(BY_ROW, order="invoice")
    facts, _ = read([row(), row(invoice="101", price="7")], mapping)
    assert [(fact.order.id, fact.order.total.amount, fact.order.lines) for fact in facts] == [
        ("100", 210, ()),
        ("101", 700, ()),
    ]
