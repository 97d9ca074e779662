"""Money is whole minor units of one currency."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention_engine.errors import FactError
from retention_engine.money import Money, decimals_of

amounts = st.integers(-(10**14), 10**14)


@given(amounts, amounts)
def test_adding_and_subtracting_undo_each_other(first: int, second: int) -> None:
    """Nothing is rounded, ever."""
    one, two = Money(first, "EUR"), Money(second, "EUR")
    assert (one + two) - two == one
    assert (one + two).amount == first + second


@given(st.integers(-(10**9), 10**9), st.integers(0, 10**6))
def test_a_multiple_is_exact(amount: int, quantity: int) -> None:
    """Price times quantity in whole units."""
    assert Money(amount, "JPY").times(quantity) == Money(amount * quantity, "JPY")


@given(amounts, st.sampled_from(["EUR", "USD"]))
def test_equal_amounts_are_equal_values(amount: int, currency: str) -> None:
    """Money can be compared, hashed, and read back from its ``repr``."""
    money = Money(amount, currency)
    assert hash(money) == hash(Money(amount, currency))
    assert eval(repr(money), {"Money": Money}) == money


def test_currencies_never_mix() -> None:
    """Adding, subtracting and ordering across currencies, or with bare numbers, is refused."""
    euro: Any = Money(1, "EUR")
    for other in (Money(1, "USD"), 1, "1 EUR", None):
        assert euro != other
        with pytest.raises(FactError, match="cannot mix EUR"):
            _ = euro + other
        with pytest.raises(FactError, match="cannot mix EUR"):
            _ = euro - other
    with pytest.raises(TypeError):
        _ = euro < euro


WRONG_AMOUNTS = [1.0, 1.5, float("nan"), "1", True, None, 10**15 + 1, -(10**15) - 1, pytest.param(10**5000, id="huge")]


@pytest.mark.parametrize("amount", WRONG_AMOUNTS)
def test_an_amount_is_a_whole_number(amount: Any) -> None:
    """Floats, texts, yes/no and numbers no shop has are refused."""
    with pytest.raises(FactError, match="amount"):
        Money(amount, "EUR")


def test_a_result_that_is_too_large_is_refused() -> None:
    """The limit holds for sums and products, too."""
    largest = Money(10**15, "EUR")
    with pytest.raises(FactError, match="amount"):
        _ = largest + Money(1, "EUR")
    with pytest.raises(FactError, match="amount"):
        largest.times(2)


@pytest.mark.parametrize("currency", ["", "eur", "EU", "EURO", "E R", "ЕUR", "EU1", "ＥＵＲ", None, 978, ["EUR"]])
def test_a_currency_is_three_capital_letters(currency: Any) -> None:
    """Other spellings, other alphabets and numeric codes are refused."""
    with pytest.raises(FactError, match="currency"):
        Money(1, currency)


PLACES = {
    0: ("CLP", "DJF", "ISK", "JPY", "KRW", "PYG", "RWF", "UGX", "VND", "XAF", "XOF", "XPF"),
    2: ("EUR", "USD", "GBP", "RUB", "HUF", "IDR", "MGA", "CVE", "CNY", "XXZ"),
    3: ("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"),
    4: ("CLF", "UYW"),
}


@pytest.mark.parametrize(("places", "currency"), [(n, each) for n, names in PLACES.items() for each in names])
def test_minor_units_have_the_decimals_of_iso_4217(places: int, currency: str) -> None:
    """As its table says; a currency that is not in it has two."""
    assert decimals_of(currency) == places
