"""One order is put together from its rows, or refused with the reasons."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve

from retention_engine.errors import FactError
from retention_engine.intake import OrderMapping
from retention_engine.intake.draft import Cells, Draft, Values
from retention_engine.money import Money
from tests.intake._shop import MAPPING, row

BY_ROW = OrderMapping(customer="customer", at="date", total="price", currency="GBP", zone="UTC")


def draft(*rows: dict[str, Any], mapping: OrderMapping = MAPPING) -> Draft:
    """Return an order made of rows."""
    values, made = Values(mapping), Draft("100" if mapping.order else None, 1)
    for number, cells in enumerate(rows, 1):
        made.take(Cells(number, cells, mapping.columns()), values)
    return made


def problems(*rows: dict[str, Any], mapping: OrderMapping = MAPPING) -> list[str]:
    """Return why there is no order."""
    made = draft(*rows, mapping=mapping)
    assert made.order(mapping, Counter()) is None
    return [str(problem) for problem in made.problems]


def test_rows_become_lines() -> None:
    """Two rows are two lines, their sum the total, the earlier time the order's."""
    made = draft(row(date="2010-01-04 09:31:00"), row(code="85048", price=6.95, quantity=12)).order(MAPPING, Counter())
    assert made is not None
    assert [(line.sku, line.price.amount, line.quantity) for line in made.lines] == [
        ("22041", 210, 3),
        ("85048", 695, 12),
    ]
    assert (made.id, made.customer, made.total) == ("100", "7", Money(8970, "GBP"))
    assert made.at == draft(row()).held["at"]


def test_equal_rows_are_two_lines() -> None:
    """A shop that sells the same twice writes it twice."""
    made = draft(row(), row()).order(MAPPING, Counter())
    assert made is not None
    assert (len(made.lines), made.total.amount) == (2, 1260)


def test_charges_count_in_the_total_alone() -> None:
    """Postage is paid, a discount is taken off, neither is a purchase."""
    made = draft(row(), row(code="POST", price="4.50", quantity=1), row(code="D", price="-1.00", quantity="1"))
    order = made.order(MAPPING, Counter())
    assert order is not None
    assert (len(order.lines), order.total.amount) == (1, 630 + 450 - 100)


def test_ignored_rows_say_nothing() -> None:
    """Not even their errors count."""
    made = draft(row(), row(code="TEST", price="rubbish", date="never"))
    assert (made.rows, made.ignored, made.problems) == (2, 1, [])


def test_a_customer_may_stand_on_one_row_only() -> None:
    """Exports that fill the first row of an order alone are read as they are meant."""
    order = draft(row(), row(customer=None, date="")).order(MAPPING, Counter())
    assert order is not None
    assert order.customer == "7"


@pytest.mark.parametrize("customer", [None, "", "  ", float("nan"), "0", 0, 0.0])
def test_an_order_without_customer_is_a_guests(customer: Any) -> None:
    """Missing ids and those that mean nobody are guests."""
    assert draft(row(customer=customer)).is_guest(MAPPING)


def test_a_wrong_customer_is_no_guest() -> None:
    """An id that cannot be read is an error, not nobody."""
    assert not draft(row(customer="a\nb")).is_guest(MAPPING)


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"customer": "8"}, "row 2, field customer: one order has customer '7' and '8'"),
    ({"customer": True}, "row 2, field customer"),
    ({"date": "soon"}, "row 2, field date: no time as iso: 'soon'"),
    ({"date": 20100104}, "row 2, field date"),
    ({"code": ""}, "row 2, field code: sku is missing"),
    ({"code": ["22041"]}, "row 2, field code"),
    ({"price": None}, "row 2, field price: price is missing"),
    ({"price": "-5.00"}, "row 2, field price: an amount of zero or more"),
    ({"price": "0.001"}, "row 2, field price: at most 2 decimals wanted, not '0.001'"),
    ({"price": "1.5E+400"}, "row 2, field price"),
    ({"price": True}, "row 2, field price"),
    ({"price": float("inf")}, "row 2, field price"),
    ({"price": 10**15}, "row 2, field price: an amount has at most"),
    ({"price": "9999999999999", "quantity": 10**6}, "row 2, field price: price times quantity"),
    ({"quantity": None}, "row 2, field quantity: quantity is missing"),
    ({"quantity": 0}, "row 2, field quantity: a quantity from 1"),
    ({"quantity": "-1"}, "row 2, field quantity: a quantity from 1"),
    ({"quantity": 1.5}, "row 2, field quantity: a whole number wanted"),
    ({"quantity": 10**7}, "row 2, field quantity"),
    ({"kind": {"a": 1}}, "row 2, field kind"),
    ({"code": "D", "price": "-100"}, "row 1: total is zero or more"),
]


@pytest.mark.parametrize(("changed", "message"), WRONG, ids=range(len(WRONG)))
def test_a_bad_cell_is_told_with_row_and_column(changed: dict[str, Any], message: str) -> None:
    """One bad row refuses the order, and the first problem names the cell."""
    assert problems(row(), row(**changed))[0].startswith(message)


def test_every_bad_cell_is_told() -> None:
    """A row may have several problems."""
    assert len(problems(row(date="soon", price="much", quantity="many"))) == 3


def test_an_order_needs_a_time() -> None:
    """No row with a time is told at the first row."""
    assert problems(row(date=None)) == ["row 1, field date: at is missing"]


def test_too_many_lines_are_refused() -> None:
    """The limit of an order holds here, too."""
    assert problems(*[row()] * 10_001) == ["row 1: lines are at most 10000, not 10001"]


def test_a_total_stands_beside_the_lines() -> None:
    """A column of totals decides what was paid; it may be filled on one row only, but not twice differently."""
    mapping = evolve(MAPPING, total="paid")
    order = draft(row(paid="5.00"), row(paid=None), mapping=mapping).order(mapping, Counter())
    assert order is not None
    assert (order.total.amount, len(order.lines)) == (500, 2)
    assert problems(row(paid="5"), row(paid="6"), mapping=mapping) == [
        "row 2, field paid: one order has total 500 and 600"
    ]
    assert problems(row(paid=""), mapping=mapping) == ["row 1, field paid: total is missing"]
    assert problems(row(paid="-5"), mapping=mapping)[0].startswith("row 1, field paid: an amount of zero or more")


def test_prices_without_items_are_summed_up() -> None:
    """Without a sku there are no lines, but a total."""
    mapping = OrderMapping(order="invoice", customer="customer", at="date", price="price", currency="GBP", zone="UTC")
    order = draft(row(), row(), mapping=mapping).order(mapping, Counter())
    assert order is not None
    assert (order.lines, order.total.amount) == ((), 420)


def test_the_currency_may_be_a_column() -> None:
    """It is needed on every row, and one order has one currency."""
    mapping = evolve(MAPPING, currency=None, currency_column="money")
    order = draft(row(money="USD"), mapping=mapping).order(mapping, Counter())
    assert order is not None
    assert order.total.currency == "USD"
    assert problems(row(money=""), mapping=mapping) == ["row 1, field money: currency_column is missing"]
    assert problems(row(money="usd"), mapping=mapping)[0].startswith("row 1, field money: currency is three capital")
    assert "one order has" in problems(row(money="USD"), row(money="EUR"), mapping=mapping)[0]


def test_a_status_can_cancel() -> None:
    """One row with such a status is enough."""
    mapping = evolve(MAPPING, status="state", cancelled_status=("void",))
    assert not draft(row(state="paid"), mapping=mapping).cancelled
    assert draft(row(state="paid"), row(state=" void "), mapping=mapping).cancelled


def test_channel_and_promo_are_taken_along() -> None:
    """They are said once for the order, with ordinary blanks."""
    mapping = evolve(MAPPING, channel="via", promo="code2")
    order = draft(row(via="web\u00a0shop", code2=None), row(via=None, code2="MAY10"), mapping=mapping).order(
        mapping, Counter()
    )
    assert order is not None
    assert (order.channel, order.promo) == ("web shop", "MAY10")


def test_an_id_follows_from_the_content() -> None:
    """Equal rows have numbered ids, any difference has another id, and neither depends on the other rows."""
    repeats: Counter[str] = Counter()
    rows = [row(), row(), row(price="2.11"), row(customer="8"), row(date="2010-01-05")]
    ids = [order.id for cells in rows if (order := draft(cells, mapping=BY_ROW).order(BY_ROW, repeats))]
    assert len(set(ids)) == 5
    assert ids[1] == f"{ids[0]}-2"
    assert ids[0] == "row-aa03026c84632fe59bd59ad7"  # stored by whoever imported: it never changes


def test_amounts_are_remembered_by_type() -> None:
    """Yes is not one, and a float is not the text of it."""
    values = Values(MAPPING)
    assert values.amount(1.0) == values.amount("1") == values.amount(Decimal(1)) == values.amount(1) == 100
    assert values.amount(1.0) == 100
    with pytest.raises(FactError):
        values.amount(True)
