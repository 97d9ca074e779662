"""Cells hold what the generated code reads: missing values, kinds, places in a column; and what makes them stale."""

from __future__ import annotations

from typing import Any

import pytest

from retention_engine.facts import Fact, Line, Order, OrderPlaced
from retention_engine.money import Money
from retention_engine.predicates import Quantity, bucket, customer, events, item, local, orders, purchases
from retention_engine.predicates.cells import MISSING, UNKNOWN, Cells, new_columns
from retention_engine.predicates.columns import unwindowed
from retention_engine.state import History
from retention_engine.timing import DAY, LATEST, NEVER, days
from tests.predicates._compiled import START, attribute, event, known


def order(number: int, at: int, total: int) -> OrderPlaced:
    """Return a paid order of one line."""
    line = Line(sku="soap", price=Money(total, "RUB"))
    return OrderPlaced.of(Order(id=f"o{number}", customer="customer-7", at=at, lines=(line,)))


def filled(cells: Cells, cell: str | None, history: History) -> Any:
    """Return what a cell would hold for a customer."""
    assert cell is not None
    columns = new_columns(cells)
    for column in columns:
        column.rebuild(history)
    return cells.fills[cell](history, columns)


ORDERS: list[Fact] = [order(number, START + number * DAY, 100 * number) for number in (1, 2, 3)]
PLAYED: list[Fact] = [event("played", START, score=None, won=True), event("played", START + 1, score=7, level="hard")]


@pytest.mark.parametrize(
    ("quantity", "expected"),
    [
        (orders.first(), START + DAY),
        (orders.last(), START + 3 * DAY),
        (orders.where(item.total < 300).last(), START + 2 * DAY),
        (orders.where(item.total > 300).last(), MISSING),
        (customer.expiry, START),
        (customer.city, MISSING),
        (customer.nothing, MISSING),
        (customer.id, MISSING),
    ],
)
def test_an_instant_is_an_integer_or_missing(quantity: Quantity, expected: int) -> None:
    """A text in its place is as good as nothing."""
    cells = Cells()
    history = known(*ORDERS, attribute("expiry", START, instant=True), attribute("city", "Omsk"))

    assert filled(cells, cells.moment(quantity), history) == expected
    assert type(filled(cells, cells.moment(quantity), history)) is int


def test_a_missing_instant_lies_beyond_every_horizon() -> None:
    """Whatever span is added or taken away."""
    longest = days(200_000).micros

    assert MISSING - longest >= NEVER > LATEST + longest


@pytest.mark.parametrize(
    ("quantity", "constant", "expected"),
    [
        (customer.points, 1, 50),
        (customer.points, (1, 2.5), 50),
        (customer.points, "a", None),
        (customer.points, True, None),
        (customer.points, None, 50),
        (customer.rate, 1, 2.5),
        (customer.vip, True, True),
        (customer.vip, None, True),
        (customer.city, "a", "Omsk"),
        (customer.id, "a", "customer-7"),
        (customer.nothing, "a", None),
        (customer.nothing, None, None),
        (orders.count(), 1, 3),
        (orders.where(item.total > 100).count(), 1, 2),
        (orders.sum("total"), 1, 600),
        (orders.first("total"), 1, 100),
        (orders.last("total"), 1, 300),
        (orders.last("channel"), "a", None),
        (orders.last("delivered"), True, False),
        (events("played").first("score"), 1, 7),
        (events("played").last("level"), "a", "hard"),
        (events("played").last("won"), True, True),
    ],
)
def test_a_quantity_that_only_facts_change_has_its_value(quantity: Quantity, constant: Any, expected: Any) -> None:
    """It counts when it is of the constant's kind; records without a value are passed over."""
    cells = Cells()
    stated = [attribute("points", 50), attribute("rate", 2.5), attribute("vip", True), attribute("city", "Omsk")]

    found = filled(cells, cells.value(quantity, constant), known(*ORDERS, *PLAYED, *stated))

    assert (type(found), found) == (type(expected), expected)


@pytest.mark.parametrize(
    "quantity", [customer.points, customer.city, customer.vip, orders.last("total"), events("played").first("level")]
)
def test_a_missing_number_compares_false_with_every_number(quantity: Quantity) -> None:
    """So the code needs no test for it."""
    cells = Cells()
    history = known(attribute("city", "Omsk"), attribute("vip", True), PLAYED[1])

    found = filled(cells, cells.value(quantity, 1), history)

    assert [found < 1, found <= 1, found > 1, found >= 1, found == 1, found in {1, 2.5}] == [False] * 6


def test_a_bucket_is_the_customers_own() -> None:
    """It is computed once for a record."""
    cells = Cells()

    assert filled(cells, cells.value(bucket("spring"), 1), known()) in range(10_000)
    assert not cells.stale


@pytest.mark.parametrize(
    ("quantity", "constant"),
    [
        (orders.within(days(9)).sum("total"), 1),
        (orders.max("total"), 1),
        (orders.distinct("channel"), 1),
        (orders.last("total"), None),
        (orders.last(), None),
        (orders.gaps().last("gap"), days(9)),
        (local.hour, 9),
    ],
)
def test_what_time_changes_or_nobody_writes_has_no_cell(quantity: Quantity, constant: Any) -> None:
    """The tree walk answers such a question."""
    assert Cells().value(quantity, constant) is None


def test_an_instant_in_a_window_has_no_cell() -> None:
    """Time alone changes which record is the last one in a window."""
    assert Cells().moment(orders.within(days(9)).last()) is None


@pytest.mark.parametrize(("place", "expected"), [(0, 1), (2, 3), (3, None), (-1, 3), (-3, 1), (-4, None)])
def test_a_place_in_a_column_is_counted_as_in_a_list(place: int, expected: int | None) -> None:
    """Beyond its ends the instant is missing."""
    cells, spec = Cells(), unwindowed(orders)
    assert spec is not None

    found = filled(cells, cells.nth(spec, place), known(*ORDERS))

    assert found == (MISSING if expected is None else START + expected * DAY)


def test_equal_questions_share_a_cell() -> None:
    """By value; numbers, texts and flags of one attribute are different questions."""
    cells = Cells()

    same = {cells.value(customer.points, 1), cells.value(customer.points, 2.5), cells.value(customer.points, (7, 8))}
    others = {cells.value(customer.points, "a"), cells.value(customer.points, True), cells.moment(customer.points)}

    assert len(same) == 1
    assert len(same | others) == 4
    assert cells.moment(orders.last()) == cells.moment(orders.last()) != cells.moment(orders.first())


def test_columns_gather_the_fields_that_are_summed() -> None:
    """One column for one collection, with a prefix sum for each field asked for."""
    cells = Cells()
    for quantity in (orders.count(), orders.sum("total"), orders.sum("items"), purchases.count()):
        cells.value(quantity, 1)

    assert [sorted(column.sums) for column in new_columns(cells)] == [["items", "total"], []]


def test_a_cell_is_stale_when_what_it_reads_changes() -> None:
    """By the name of the collection or attribute."""
    cells = Cells()
    points, last = cells.value(customer.points, 1), cells.moment(orders.last())

    assert cells.stale == {"customer.points": [points], "orders": [last]}


def test_a_kept_verdict_is_doubted_when_what_it_reads_changes_or_the_zone() -> None:
    """Its horizon becomes unknown; its truth is never read before it is asked again."""
    cells = Cells()
    window = orders.within(days(9)).sum("total") >= 5

    number, holds, until = cells.answer(window)

    assert (number, cells.answers[0].holds, cells.answers[0].until) == (0, holds, until)
    assert cells.stale == {"orders": [until], "customer.zone": [until]}
    assert filled(cells, until, known()) == UNKNOWN
    assert filled(cells, holds, known()) is False


def test_equal_kept_verdicts_are_one() -> None:
    """Several rules ask the same; a window knows its column, anything else has none."""
    cells = Cells()
    window, clock = orders.within(days(9)).sum("total") >= 5, local.hour >= 9

    found = [cells.answer(node)[0] for node in (window, clock, ~clock, window, clock)]

    assert found == [0, 1, 2, 0, 1]
    assert [answer.column for answer in cells.answers] == [0, -1, -1]
