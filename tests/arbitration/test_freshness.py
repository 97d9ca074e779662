"""Nothing is offered that is gone or dearer again."""

from __future__ import annotations

from typing import Any

import pytest

from retention_engine import Money
from retention_engine.arbitration import Fresh
from retention_engine.facts import AvailabilityChanged, Fact, PriceChanged, StockChanged
from retention_engine.timing import HOUR
from tests.arbitration._desk import NOW, ask, asked, letter, seen

TEA = letter(items=("tea",), occasion="drop")


def stock(pieces: int, at: int = NOW, sku: str = "tea") -> Fact:
    """Return how many there are."""
    return StockChanged(id=f"s{at}{sku}{pieces}", at=at, sku=sku, pieces=pieces, was=5)


def available(now: bool, at: int = NOW) -> Fact:
    """Return whether tea can be bought."""
    return AvailabilityChanged(id=f"a{at}{now}", at=at, sku="tea", available=now)


def price(amount: int, at: int, name: str = "") -> Fact:
    """Return a price of tea."""
    return PriceChanged(id=name or f"p{at}", at=at, sku="tea", price=Money(amount, "EUR"), was=Money(100, "EUR"))


@pytest.mark.parametrize(
    ("news", "word"),
    [
        ([], "allow"),
        ([stock(0)], "drop"),
        ([stock(0, NOW + 1)], "allow"),
        ([stock(0, sku="jar")], "allow"),
        ([stock(0, NOW - HOUR), stock(1)], "allow"),
        ([stock(1, NOW - HOUR), stock(0)], "drop"),
        ([available(False)], "drop"),
        ([available(False, NOW - HOUR), available(True)], "allow"),
        ([stock(0, NOW - HOUR), available(True)], "allow"),
        ([stock(3, NOW - HOUR), available(False)], "drop"),
    ],
)
def test_what_is_gone_is_not_shown(news: list[Fact], word: str) -> None:
    """The latest word about the item counts."""
    assert asked(Fresh(), TEA, seen(news=news))[0] == word


@pytest.mark.parametrize(
    ("prices", "word"),
    [
        ([price(80, NOW - HOUR, "drop")], "allow"),
        ([price(80, NOW - HOUR, "drop"), price(70, NOW)], "allow"),
        ([price(80, NOW - HOUR, "drop"), price(80, NOW)], "allow"),
        ([price(80, NOW - HOUR, "drop"), price(81, NOW)], "drop"),
        ([price(80, NOW - HOUR, "drop"), price(99, NOW - HOUR + 1), price(79, NOW)], "allow"),
        ([price(80, NOW - HOUR, "another"), price(99, NOW)], "allow"),
    ],
)
def test_a_bargain_that_is_over_is_not_announced(prices: list[Fact], word: str) -> None:
    """Dearer than what caused the message is too dear; the same price is not."""
    assert asked(Fresh(), TEA, seen(news=prices))[0] == word


@pytest.mark.parametrize(
    ("news", "why"),
    [
        ([stock(0)], "tea: out of stock since 2026-07-15T12:00:00Z"),
        ([available(False)], "tea: not available since 2026-07-15T12:00:00Z"),
        ([price(80, NOW - HOUR, "drop"), price(99, NOW)], "tea: dearer again since 2026-07-15T12:00:00Z"),
    ],
)
def test_it_says_since_when(news: list[Fact], why: str) -> None:
    """The item and the instant."""
    ruling: Any = ask(Fresh(), TEA, seen(news=news))
    assert (ruling.reason, ruling.because) == ("item_unavailable", (why,))


def test_a_message_without_items_is_always_fresh() -> None:
    """And it is the only policy that asks for news of the catalogue."""
    assert asked(Fresh(), letter(), seen(news=[stock(0)])) == ("allow",)
    assert Fresh().needs_news
    assert Fresh().reads() == frozenset()
