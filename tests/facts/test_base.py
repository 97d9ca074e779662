"""Facts have an id, a customer and two times; whatever else is refused where it is written."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from attrs import frozen

from retention_engine.errors import FactError
from retention_engine.facts import KINDS, Event, PriceChanged, Reviewed, Tagged, kind_of
from retention_engine.facts.base import Fact, kind
from retention_engine.money import Money
from retention_engine.timing import DAY, EARLIEST, LATEST
from tests.facts._facts import HUGE


def tagged(**changed: Any) -> Tagged:
    """Return a small fact with some fields changed."""
    return Tagged(**({"id": "f1", "customer": "c7", "at": 1000, "tag": "vip"} | changed))


WRONG_TEXTS = [
    None,
    "",
    5,
    True,
    b"x",
    "a" * 201,
    "line\nbreak",
    "tab\t",
    "nul\0",
    "\ud800",
    "zero\u200bwidth",
    "rtl\u202e",
    ["x"],
]


@pytest.mark.parametrize("field", ["id", "customer", "tag"])
@pytest.mark.parametrize("value", WRONG_TEXTS)
def test_ids_and_short_texts_are_printable(field: str, value: object) -> None:
    """A text that is empty, too long, unprintable or no text at all is refused by name."""
    with pytest.raises(FactError, match=field):
        tagged(**{field: value})


@pytest.mark.parametrize("value", ["x", "a" * 200, "Жанна д'Арк", "山田", "O'Neil & Söhne"])
def test_ids_may_be_in_any_language(value: str) -> None:
    """Printable texts of 1 to 200 characters are kept as they are."""
    assert tagged(id=value, customer=value).customer == value


INSTANTS = [
    (0, 0),
    ("1970-01-01T00:00:01+00:00", 1_000_000),
    ("1970-01-01T00:00:01Z", 1_000_000),
    ("1970-01-01T03:00:00+03:00", 0),
    (datetime(1970, 1, 1, 0, 0, 0, 7, tzinfo=UTC), 7),
    (datetime(1970, 1, 1, 1, tzinfo=ZoneInfo("Europe/Paris")), 0),
    (EARLIEST, EARLIEST),
    (LATEST - 400 * DAY, LATEST - 400 * DAY),
]


@pytest.mark.parametrize(("given", "held"), INSTANTS)
def test_instants_become_microseconds(given: Any, held: int) -> None:
    """Aware datetimes, ISO texts with an offset and integers are held as microseconds UTC."""
    assert tagged(at=given, learned=given).at == held
    assert tagged(at=given, learned=given).learned == held


WRONG_INSTANTS = [
    None,
    True,
    1.5,
    float("nan"),
    "",
    "yesterday",
    "2026-01-01",
    "2026-01-01T00:00:00",
    datetime(2026, 1, 1),  # noqa: DTZ001  # naive on purpose
    10**30,
    -(10**30),
    EARLIEST - 1,
    LATEST,
    "9999-12-30T00:00:00+00:00",
    "\ud800",
    [0],
]


@pytest.mark.parametrize("value", WRONG_INSTANTS)
def test_what_is_no_instant_is_refused(value: Any) -> None:
    """Naive datetimes, texts without offset, other types and instants without head room are refused."""
    with pytest.raises(FactError):
        tagged(at=value)


def test_a_fact_may_not_have_been_learned_yet() -> None:
    """Without ``learned`` a fact counts as it happens; learned later, from then on; learned before, as it happens."""
    assert tagged().effective == 1000
    assert tagged(learned=5000).effective == 5000
    assert tagged(learned=10).effective == 1000


def test_learning_changes_nothing_else() -> None:
    """``learned_at`` returns the same fact with another instant of learning."""
    assert tagged().learned_at(7) == tagged(learned=7)


def test_most_facts_mention_nothing_of_the_catalogue() -> None:
    """A plain fact has no subjects."""
    assert tagged().subjects() == ()


def test_a_fact_about_a_customer_needs_one() -> None:
    """A fact that is not about the catalogue is refused without a customer."""
    with pytest.raises(FactError, match="customer is missing"):
        tagged(customer=None)


def test_a_fact_about_the_catalogue_has_no_customer() -> None:
    """A fact about the catalogue is refused with a customer."""
    price = Money(5, "EUR")
    with pytest.raises(FactError, match="left out of a fact about the catalogue"):
        PriceChanged(id="f1", customer="c7", at=0, sku="a", price=price, was=price)


def test_facts_are_frozen() -> None:
    """A fact cannot be changed."""
    with pytest.raises(AttributeError):
        tagged().tag = "other"  # type: ignore[misc]  # the refusal is what is tested


@pytest.mark.parametrize("score", [2**63, -(2**63), True, 1.0, "5", None, HUGE])
def test_integers_fit_into_64_bits(score: Any) -> None:
    """A whole number that a database could not hold is refused, and so is what is none."""
    with pytest.raises(FactError, match="score"):
        Reviewed(id="f1", customer="c7", at=0, score=score)


def test_a_kind_is_found_by_its_name() -> None:
    """Stable names lead to classes, and classes know their names."""
    assert kind_of("tagged") is Tagged
    assert {cls.KIND for cls in KINDS.values()} == set(KINDS)


@pytest.mark.parametrize("name", ["Tagged", "tаgged", "", None, 5, ["tagged"], HUGE])
def test_an_unknown_kind_is_refused(name: object) -> None:
    """Whatever is no stable name is refused, look-alike letters included."""
    with pytest.raises(FactError, match="unknown kind of fact"):
        kind_of(name)


def test_a_misspelled_kind_is_told_the_nearest() -> None:
    """The message names the nearest kind."""
    with pytest.raises(FactError, match="did you mean 'order_placed'"):
        kind_of("order_plased")


def test_two_kinds_cannot_share_a_name() -> None:
    """Registering a taken name is refused and leaves the first class in its place."""
    with pytest.raises(FactError, match="two kinds of fact are called 'tagged'"):
        kind("tagged")(Event)
    assert (KINDS["tagged"], Event.KIND) == (Tagged, "event")


def test_a_shop_can_add_a_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    """A class of the shop's own is a kind like ours."""
    monkeypatch.setattr("retention_engine.facts.base.KINDS", KINDS.copy())

    @kind("loyalty_card_lost")
    @frozen(kw_only=True)
    class CardLost(Fact):
        pass

    assert kind_of("loyalty_card_lost") is CardLost
