"""A view shows one customer at one instant, in their own zone or the shop's."""

from __future__ import annotations

from typing import Any

import pytest

from retention_engine.errors import TimeError
from retention_engine.facts import AttributeChanged
from retention_engine.state import History, fold
from retention_engine.view import View, zone_of

ZONES = [
    ("Asia/Tokyo", "Asia/Tokyo"),
    (None, "Europe/Berlin"),
    ("Mars/Olympus_Mons", "Europe/Berlin"),
    (7, "Europe/Berlin"),
]


@pytest.mark.parametrize(("own", "expected"), ZONES)
def test_the_shops_zone_stands_in_for_an_unknown_one(own: Any, expected: str) -> None:
    """A missing, invented or nonsensical zone hurts nobody but its customer."""
    fact = AttributeChanged(id="1", customer="anna", at=0, name="zone", value=own)
    assert zone_of(fold(History("anna"), [fact]), "Europe/Berlin").key == expected


def test_the_shop_needs_a_zone_that_exists() -> None:
    """A wrong zone of the shop is an error."""
    with pytest.raises(TimeError, match="unknown time zone 'Mars/Olympus_Mons'"):
        zone_of(History("anna"), "Mars/Olympus_Mons")


def test_outside_of_a_journey_there_is_no_entry() -> None:
    """``entry`` is None unless it is given."""
    history = History("anna")
    assert View(history, 0, zone_of(history, "UTC")).entry is None
