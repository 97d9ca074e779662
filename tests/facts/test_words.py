"""The nouns: customers, products, lines, orders and carts hold what they promise."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from retention_engine.errors import FactError
from retention_engine.facts import Cart, Customer, Line, Order, Product
from retention_engine.money import Money
from tests.facts._facts import HUGE

EUR = Money(500, "EUR")


def line(**changed: Any) -> Line:
    """Return a line with some fields changed."""
    return Line(**({"sku": "a", "price": EUR} | changed))


def order(**changed: Any) -> Order:
    """Return an order with some fields changed."""
    return Order(**({"id": "812", "customer": "c7", "at": 0, "lines": [line()]} | changed))


BIRTHDAYS = [
    (None, None),
    ("1990-05-17", "1990-05-17"),
    ("--05-17", "--05-17"),
    ("--02-29", "--02-29"),
    ("2000-02-29", "2000-02-29"),
    (date(1990, 5, 17), "1990-05-17"),
    (datetime(1990, 5, 17, 23, tzinfo=UTC), "1990-05-17"),
]


@pytest.mark.parametrize(("given", "held"), BIRTHDAYS)
def test_a_birthday_is_a_date_or_a_day_of_the_year(given: Any, held: str | None) -> None:
    """Dates are held as text; the year may be unknown."""
    assert Customer(id="c7", registered=0, birthday=given).birthday == held


WRONG_BIRTHDAYS = [
    "",
    "17.05.1990",
    "1990-5-17",
    "19900517",
    "2024-W01-1",
    "1990-02-29",
    "--02-30",
    "--2-29",
    "----",
    "1990-05-17T00:00",
    "１９９０-05-17",
    "\ud800",
    b"1990-05-17",
    19900517,
    True,
    ["--02-29"],
    "a" * 10**6,
]


@pytest.mark.parametrize("value", WRONG_BIRTHDAYS)
def test_what_is_no_date_is_no_birthday(value: Any) -> None:
    """Other spellings, impossible dates and other types are refused."""
    with pytest.raises(FactError, match="birthday"):
        Customer(id="c7", registered=0, birthday=value)


def test_the_repr_of_a_customer_shows_the_id_alone() -> None:
    """Personal data does not get into logs by way of ``repr``."""
    person = Customer(id="c7", registered=0, birthday="1990-05-17", attributes={"phone": "zzPIIzz"})
    assert repr(person) == "Customer(id='c7')"


def test_attributes_are_copied() -> None:
    """Changing the mapping that was given changes no customer."""
    given: dict[str, Any] = {"city": "Riga"}
    person = Customer(id="c7", registered=0, attributes=given)
    given["city"] = "Tartu"
    assert person.attributes == {"city": "Riga"}


@pytest.mark.parametrize("price", ["5", 5, Money(-1, "EUR"), True])
def test_the_price_of_a_product_is_money_of_zero_or_more(price: Any) -> None:
    """A price may be missing, but not negative and not a bare number."""
    assert Product(sku="a").price is None
    with pytest.raises(FactError, match="price"):
        Product(sku="a", price=price)


@pytest.mark.parametrize("price", [None, 5, "5", Money(-1, "EUR")])
def test_the_price_of_a_line_is_money_of_zero_or_more(price: Any) -> None:
    """Free items exist, negative prices do not."""
    assert line(price=Money(0, "EUR")).amount == Money(0, "EUR")
    with pytest.raises(FactError, match="price"):
        line(price=price)


@pytest.mark.parametrize("quantity", [0, -1, 10**6 + 1, True, 1.0, "1", None, HUGE])
def test_the_quantity_of_a_line_is_a_number_of_pieces(quantity: Any) -> None:
    """Less than one piece, more than a million and other types are refused."""
    with pytest.raises(FactError, match="quantity"):
        line(quantity=quantity)


def test_the_amount_of_a_line_is_price_times_quantity() -> None:
    """Three pieces at 5.00 are 15.00."""
    assert line(quantity=3).amount == Money(1500, "EUR")


def test_a_line_whose_amount_would_be_too_large_is_refused_at_once() -> None:
    """No line can be built whose amount fails later, in the middle of a fold."""
    with pytest.raises(FactError, match="price times quantity"):
        line(price=Money(10**15, "EUR"), quantity=2)


def test_the_total_of_an_order_is_the_sum_of_its_lines() -> None:
    """Left out, the total follows from the lines; given, it stands."""
    assert order(lines=[line(), line(quantity=2)]).total == Money(1500, "EUR")
    assert order(total=Money(1, "EUR")).total == Money(1, "EUR")


def test_an_order_without_lines_needs_a_total() -> None:
    """Nothing to sum up and no total is refused."""
    assert order(lines=[], total=EUR).lines == ()
    with pytest.raises(FactError, match="without lines"):
        order(lines=[])


WRONG_ORDERS: list[tuple[dict[str, Any], str]] = [
    ({"total": Money(-1, "EUR")}, "total is zero or more"),
    ({"total": 500}, "total is a Money"),
    ({"total": Money(500, "USD")}, "line 'a' is in EUR"),
    ({"lines": [line(), line(price=Money(5, "USD"))]}, "cannot mix"),
    ({"lines": None}, "lines are Line values"),
    ({"lines": 5}, "lines are Line values"),
    ({"lines": "abc"}, "lines are Line values"),
    ({"lines": [None]}, "lines are Line values"),
    ({"lines": [{"sku": "a"}]}, "lines are Line values"),
    ({"lines": [line()] * 10_001}, "lines are at most 10000"),
    ({"lines": [line(price=Money(10**15, "EUR"))] * 2}, "lines amount to"),
    ({"id": ""}, "id is"),
    ({"customer": None}, "customer is"),
    ({"cart": ""}, "cart is"),
]


@pytest.mark.parametrize(("changed", "message"), WRONG_ORDERS)
def test_an_order_that_contradicts_itself_is_refused(changed: dict[str, Any], message: str) -> None:
    """Each contradiction is told by name."""
    with pytest.raises(FactError, match=message):
        order(**changed)


def test_lines_are_held_as_a_tuple() -> None:
    """A list or a generator of lines is read once and cannot be changed later."""
    assert order(lines=(one for one in [line()])).lines == (line(),)


def test_the_value_of_a_cart_is_the_sum_of_its_lines() -> None:
    """An empty cart is worth nothing."""
    assert Cart(id="k1").value == 0
    assert Cart(id="k1", lines=[line(), line(quantity=2)]).value == 1500
