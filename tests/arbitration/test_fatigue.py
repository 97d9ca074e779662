"""Customers who do not react."""

from __future__ import annotations

from typing import Any

import pytest

from retention_engine import Money, Order, OrderPlaced, days, hours, local_days
from retention_engine.arbitration import Fatigue, Said
from retention_engine.errors import DefinitionError
from retention_engine.facts import Fact, Visited
from retention_engine.timing import DAY, HOUR
from tests.arbitration._desk import ANNA, NOW, ask, asked, letter, seen, told

TIRED = Fatigue(2, pause=days(14))
IGNORED = [told(NOW - 9 * DAY), told(NOW - 5 * DAY)]


def visited(at: int) -> Fact:
    """Return a visit."""
    return Visited(id=f"v{at}", customer=ANNA, at=at)


def bought(at: int) -> Fact:
    """Return an order."""
    return OrderPlaced.of(Order(id=f"o{at}", customer=ANNA, at=at, total=Money(1, "EUR")))


def test_after_ignored_messages_there_is_a_pause() -> None:
    """Two in a row: fourteen days after the last one, to the microsecond."""
    assert asked(TIRED, situation=seen(said=IGNORED)) == ("defer", "fatigue", NOW + 9 * DAY)
    assert asked(TIRED, situation=seen(said=IGNORED, at=NOW + 9 * DAY - 1))[0] == "defer"
    assert asked(TIRED, situation=seen(said=IGNORED, at=NOW + 9 * DAY)) == ("allow",)


def test_one_ignored_message_is_none() -> None:
    """Fewer than the number are forgiven, whatever came long before."""
    assert asked(TIRED, situation=seen(said=IGNORED[1:])) == ("allow",)


def test_without_a_pause_it_is_the_end() -> None:
    """A sunset: every further message is dropped until there is a reaction; the evidence names the ignored ones."""
    sunset = Fatigue(2, pause=None)
    assert asked(sunset, situation=seen(said=IGNORED, at=NOW + 999 * DAY)) == ("drop", "fatigue")
    ruling = ask(sunset, situation=seen(said=IGNORED))
    assert ruling.because == ("'news' 2026-07-06T12:00:00Z ignored", "'news' 2026-07-10T12:00:00Z ignored")  # type: ignore[union-attr]  # it is dropped
    assert asked(sunset, situation=seen(visited(NOW), said=IGNORED)) == ("allow",)


@pytest.mark.parametrize("reaction", [visited, bought])
def test_a_visit_or_an_order_is_a_reaction(reaction: Any) -> None:
    """After the first of the ignored messages, not at its very instant."""
    assert asked(TIRED, situation=seen(reaction(NOW - 9 * DAY + 1), said=IGNORED)) == ("allow",)
    assert asked(TIRED, situation=seen(reaction(NOW - 9 * DAY), said=IGNORED))[0] == "defer"


@pytest.mark.parametrize("place", [0, 1])
def test_an_opened_message_is_a_reaction(place: int) -> None:
    """Any of the row."""
    said = [told(NOW - 9 * DAY, noticed=place == 0), told(NOW - 5 * DAY, noticed=place == 1)]
    assert asked(TIRED, situation=seen(said=said)) == ("allow",)


def test_a_young_message_is_not_ignored_yet() -> None:
    """It counts once it is a day old, or as old as one says."""
    said = [told(NOW - 9 * DAY), told(NOW - 23 * HOUR)]
    assert asked(TIRED, situation=seen(said=said)) == ("allow",)
    assert asked(TIRED, situation=seen(said=said, at=NOW + HOUR))[0] == "defer"
    assert asked(Fatigue(2, pause=days(14), grace=hours(0)), situation=seen(said=said))[0] == "defer"


def test_opening_a_young_message_is_a_reaction_all_the_same() -> None:
    """And one that is not opened prolongs the pause."""
    young = told(NOW - HOUR)
    assert asked(TIRED, situation=seen(said=[*IGNORED, young])) == ("defer", "fatigue", young.at + 14 * DAY)
    opened: list[Said] = [*IGNORED, told(NOW - HOUR, noticed=True)]
    assert asked(TIRED, situation=seen(said=opened)) == ("allow",)


def test_receipts_tire_nobody() -> None:
    """By default it is about marketing: others are neither counted nor held."""
    receipts = [told(NOW - 9 * DAY, purpose="transactional"), told(NOW - 5 * DAY)]
    assert asked(TIRED, situation=seen(said=receipts)) == ("allow",)
    assert asked(TIRED, letter(purpose="service"), seen(said=IGNORED)) == ("allow",)
    assert asked(Fatigue(2, pause=days(14), purpose=None), letter(purpose="service"), seen(said=IGNORED))[0] == "defer"


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"ignored": 0}, "Fatigue counts 1 ignored message or more, not 0"),
        ({"ignored": True}, "Fatigue counts 1 ignored message or more"),
        ({"pause": days(0)}, "pause is a span above zero, or None to stop writing"),
        ({"pause": 14}, "pause is a span above zero"),
        ({"grace": local_days(1)}, r"grace is a span such as days\(1\)"),
    ],
)
def test_wrong_numbers_are_refused(wrong: dict[str, Any], message: str) -> None:
    """Each by its name."""
    with pytest.raises(DefinitionError, match=message):
        Fatigue(**{"ignored": 2, "pause": days(14), **wrong})


def test_it_looks_at_messages_and_signs_of_life() -> None:
    """Nothing else is kept for it."""
    assert TIRED.reads() == {"messages", "orders", "visits"}
