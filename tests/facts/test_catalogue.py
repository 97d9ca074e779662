"""Facts about the catalogue concern no customer and name what they are about."""

from __future__ import annotations

from typing import Any

import pytest

from retention_engine.errors import FactError
from retention_engine.facts import (
    AvailabilityChanged,
    CatalogueFact,
    PriceChanged,
    Product,
    ProductListed,
    SaleStarted,
    StockChanged,
)
from retention_engine.money import Money

COMMON: dict[str, Any] = {"id": "f1", "at": 0}
EUR = Money(500, "EUR")
ABOUT: list[tuple[type[CatalogueFact], dict[str, Any], str]] = [
    (ProductListed, {"product": Product(sku="a")}, "sku:a"),
    (PriceChanged, {"sku": "a", "price": EUR, "was": EUR}, "sku:a"),
    (StockChanged, {"sku": "a", "pieces": 0, "was": 4}, "sku:a"),
    (AvailabilityChanged, {"sku": "a", "available": False}, "sku:a"),
    (SaleStarted, {"category": "face", "percent": 20}, "category:face"),
]


@pytest.mark.parametrize(("cls", "own", "subject"), ABOUT)
def test_it_mentions_one_subject_and_no_customer(cls: type[CatalogueFact], own: dict[str, Any], subject: str) -> None:
    """The subject is the item or the category; a customer is refused."""
    fact = cls(**COMMON, **own)
    assert (fact.subjects(), fact.customer) == ((subject,), None)
    with pytest.raises(FactError, match="catalogue"):
        cls(**COMMON, **own, customer="c7")


@pytest.mark.parametrize("field", ["price", "was"])
@pytest.mark.parametrize("value", [None, 5, Money(-1, "EUR")])
def test_prices_are_money_of_zero_or_more(field: str, value: Any) -> None:
    """Both prices are needed, and neither is negative."""
    with pytest.raises(FactError, match=field):
        PriceChanged(**{**COMMON, "sku": "a", "price": EUR, "was": EUR, field: value})


DROPS = [(90, 100, 10, True), (91, 100, 10, False), (100, 100, 0, False), (0, 0, 1, False), (0, 1, 100, True)]


@pytest.mark.parametrize(("price", "was", "percent", "dropped"), DROPS)
def test_a_drop_is_measured_on_the_old_price(price: int, was: int, percent: int, dropped: bool) -> None:
    """At least so many percent, exactly; in another currency there is no drop."""
    fact = PriceChanged(**COMMON, sku="a", price=Money(price, "EUR"), was=Money(was, "EUR"))
    assert fact.dropped_by(percent) is dropped
    other = PriceChanged(**COMMON, sku="a", price=Money(price, "USD"), was=Money(was, "EUR"))
    assert not other.dropped_by(percent)


@pytest.mark.parametrize("field", ["pieces", "was"])
@pytest.mark.parametrize("value", [-1, True, 1.0, "1", None, 10**12 + 1])
def test_stock_is_counted_in_whole_pieces(field: str, value: Any) -> None:
    """Negative stock, fractions and other types are refused."""
    with pytest.raises(FactError, match=field):
        StockChanged(**{**COMMON, "sku": "a", "pieces": 0, "was": 4, field: value})


@pytest.mark.parametrize("percent", [0, 101, True, 20.0, "20"])
def test_a_sale_takes_off_one_to_a_hundred_percent(percent: Any) -> None:
    """Whole percents in that range, nothing else."""
    with pytest.raises(FactError, match="percent"):
        SaleStarted(**COMMON, category="face", percent=percent)


@pytest.mark.parametrize("available", [1, "yes", None])
def test_available_is_yes_or_no(available: Any) -> None:
    """Nothing else will do."""
    with pytest.raises(FactError, match="available"):
        AvailabilityChanged(**COMMON, sku="a", available=available)
