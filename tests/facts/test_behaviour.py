"""Facts about what customers do besides buying."""

from __future__ import annotations

from typing import Any

import pytest

from retention_engine.errors import FactError
from retention_engine.facts import KINDS, Answered, Event, Reviewed, Viewed
from retention_engine.money import Money


def event(**parts: Any) -> Event:
    """Return an event of the shop's own."""
    return Event(**({"id": "f1", "customer": "c7", "at": 0, "name": "spun_wheel"} | parts))


def test_a_view_mentions_the_item_and_its_category() -> None:
    """The category counts when it is known."""
    assert Viewed(id="f1", customer="c7", at=0, sku="a").subjects() == ("sku:a",)
    assert Viewed(id="f1", customer="c7", at=0, sku="a", category="face").subjects() == ("sku:a", "category:face")


@pytest.mark.parametrize("price", [5, "5", Money(-1, "EUR")])
def test_the_price_seen_is_money_of_zero_or_more(price: Any) -> None:
    """A bare number or a negative amount is refused."""
    with pytest.raises(FactError, match="price"):
        Viewed(id="f1", customer="c7", at=0, sku="a", price=price)


def test_a_review_mentions_the_item_when_it_names_one() -> None:
    """A review of the shop mentions nothing."""
    assert Reviewed(id="f1", customer="c7", at=0, score=5).subjects() == ()
    assert Reviewed(id="f1", customer="c7", at=0, score=5, sku="a").subjects() == ("sku:a",)


@pytest.mark.parametrize("score", [None, 0, 10, -1, 9.5])
def test_an_answer_may_have_a_score(score: Any) -> None:
    """Whole and broken numbers are scores; none is no score."""
    assert Answered(id="f1", customer="c7", at=0, survey="nps", score=score).score == score


@pytest.mark.parametrize("score", [True, "9", float("nan"), float("inf"), 2**63, [9]])
def test_what_is_no_finite_number_is_no_score(score: Any) -> None:
    """Yes/no, texts and endless numbers are refused."""
    with pytest.raises(FactError, match="score"):
        Answered(id="f1", customer="c7", at=0, survey="nps", score=score)


def test_an_event_carries_plain_data() -> None:
    """The data is a flat mapping, copied."""
    given: dict[str, Any] = {"prize": "mug", "tries": 3, "won": True, "note": None, "odds": 0.5}
    assert event(data=given).data == given
    assert event(data=given).data is not given


WRONG_DATA = [
    None,
    [],
    [("a", 1)],
    "a",
    {"a": [1]},
    {"a": {"b": 1}},
    {"a": float("nan")},
    {"": 1},
    {"a b": 1},
    {"_a": 1},
    {"1a": 1},
    {"а": 1},
    {"\ud800": 1},
    {1: 1},
    {f"a{number}": number for number in range(201)},
]


@pytest.mark.parametrize("data", WRONG_DATA)
def test_data_that_is_not_flat_or_not_named_is_refused(data: Any) -> None:
    """Nested values, odd names, too many names and other types are refused."""
    with pytest.raises(FactError):
        event(data=data)


@pytest.mark.parametrize("name", ["", "9lives", "_private", "two words", "Ünicode", None, 5])
def test_an_event_is_named_like_a_variable(name: Any) -> None:
    """Other names could not be asked about."""
    with pytest.raises(FactError, match="name is"):
        event(name=name)


@pytest.mark.parametrize("name", sorted(KINDS))
def test_an_event_cannot_pass_for_a_kind_of_fact(name: str) -> None:
    """``events(name)`` of a built-in kind means that kind, so no other event may carry its name."""
    with pytest.raises(FactError, match="is a kind of fact already"):
        event(name=name)
