"""A mapping that contradicts itself is refused where it is written."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from retention_engine.errors import DefinitionError
from retention_engine.intake import OrderMapping

SMALL: dict[str, Any] = {"customer": "who", "at": "when", "total": "sum", "currency": "EUR"}
LINES: dict[str, Any] = {"customer": "who", "at": "when", "price": "each", "sku": "item", "currency": "EUR"}

WRONG: list[tuple[dict[str, Any], str]] = [
    (SMALL | {"customer": ""}, "customer names a column"),
    (SMALL | {"customer": None}, "customer names a column"),
    (SMALL | {"at": 5}, "at names a column"),
    (SMALL | {"order": ""}, "order names a column"),
    (SMALL | {"currency": None}, "give either currency"),
    (SMALL | {"currency_column": "money"}, "give either currency"),
    (SMALL | {"currency": "euro"}, "three capital letters"),
    (SMALL | {"currency": 978}, "three capital letters"),
    (SMALL | {"total": None}, "give total, or price"),
    (SMALL | {"quantity": "n"}, "quantity needs price"),
    (SMALL | {"sku": "item"}, "sku needs price"),
    (SMALL | {"category": "kind"}, "category needs sku"),
    (SMALL | {"charges": ["POST"]}, "charges needs sku"),
    (SMALL | {"ignored": "TEST"}, "ignored needs sku"),
    (SMALL | {"decimals": 7}, "decimals is a whole number"),
    (SMALL | {"decimals": True}, "decimals is a whole number"),
    (SMALL | {"decimal_point": ";"}, "decimal_point is one of"),
    (SMALL | {"rounding": "half_even"}, "rounding is one of"),
    (SMALL | {"zone": "Europe/Londn"}, "did you mean 'Europe/London'"),
    (SMALL | {"time_format": "secnds"}, "did you mean 'seconds'"),
    (SMALL | {"time_format": "%Q"}, "time_format"),
    (SMALL | {"time_format": "%"}, "time_format"),
    (SMALL | {"time_format": None}, "time_format"),
    (SMALL | {"cancelled": "C"}, "needs order"),
    (SMALL | {"order": "id", "cancelled": ""}, "cancelled is the prefix"),
    (SMALL | {"status": "state"}, "together or not at all"),
    (SMALL | {"cancelled_status": ["void"]}, "together or not at all"),
    (SMALL | {"guests": [0]}, "codes are texts"),
    (SMALL | {"guests": ("",)}, "codes are texts"),
]


@pytest.mark.parametrize(("settings", "message"), WRONG, ids=range(len(WRONG)))
def test_a_wrong_setting_is_told(settings: dict[str, Any], message: str) -> None:
    """Each contradiction is a definition error that names the setting."""
    with pytest.raises(DefinitionError, match=message):
        OrderMapping(**settings)


@pytest.mark.parametrize(
    "form", ["iso", "seconds", "milliseconds", "microseconds", "%d.%m.%Y", "%Y%m%d", "%d/%m/%y %I:%M %p"]
)
def test_formats_of_time_are_words_or_patterns(form: str) -> None:
    """Patterns are those of ``strptime``."""
    assert OrderMapping(**SMALL, time_format=form).time_format == form


def test_a_single_code_may_stand_alone() -> None:
    """A text is one code, not its letters."""
    mapping = OrderMapping(**LINES, charges="POST", ignored=["TEST001", "TEST002"])
    assert (mapping.charges, mapping.ignored) == (("POST",), ("TEST001", "TEST002"))


def test_the_columns_are_named_by_their_part() -> None:
    """Only what is read is named."""
    assert OrderMapping(**SMALL).columns() == {"customer": "who", "at": "when", "total": "sum"}


def test_the_zone_is_looked_up() -> None:
    """Without a zone there is none."""
    assert OrderMapping(**SMALL, zone="Europe/London").where() == ZoneInfo("Europe/London")
    assert OrderMapping(**SMALL).where() is None


def test_mappings_are_values() -> None:
    """Equal settings are equal mappings, and the ``repr`` builds one."""
    mapping = OrderMapping(**LINES, guests=["0"])
    assert eval(repr(mapping), {"OrderMapping": OrderMapping}) == mapping
    assert hash(mapping) == hash(OrderMapping(**LINES, guests="0"))
