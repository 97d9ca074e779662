"""Which column means what: flags, files, and columns that are called like a part of an order."""

from __future__ import annotations

from pathlib import Path

import pytest
from cyclopts import CycloptsError

from retention_engine.cli.orders import Table
from retention_engine.errors import DefinitionError, FactError
from tests.cli._shop import write


def read(folder: Path, text: str, *flags: str) -> list[tuple[str, int]]:
    """Return (order, total) of the orders in a table."""
    write(folder, {"t.csv": text})
    found = Table.of(folder / "t.csv", None, flags, "UTC").read(strict=True)
    return [(fact.order.id, fact.order.total.amount) for fact in found]


TOTALS = "order,customer,at,total,currency\n1,anna,2026-01-01,1.50,EUR\n"
LINES = "order,customer,at,sku,price,quantity,currency\n1,anna,2026-01-01,a,1.50,2,EUR\n"


def test_columns_called_like_a_part_stand_for_it(tmp_path: Path) -> None:
    """Without a mapping, familiar names are enough, the currency in its own column."""
    assert read(tmp_path, TOTALS) == [("1", 150)]
    assert read(tmp_path, LINES) == [("1", 300)]


def test_a_flag_replaces_what_is_guessed(tmp_path: Path) -> None:
    """A flag names another column or a fixed currency."""
    assert read(tmp_path, TOTALS.replace("total", "sum"), "total=sum", "currency=EUR") == [("1", 150)]


def test_a_quantity_without_a_price_is_passed_over(tmp_path: Path) -> None:
    """Where only the total is known, columns that would need a price are not taken for lines."""
    assert read(tmp_path, "order,customer,at,total,quantity\n1,a,2026-01-01,1.50,7\n", "currency=EUR") == [("1", 150)]


def test_lists_and_numbers_are_read_from_flags(tmp_path: Path) -> None:
    """Lists are parted by commas, decimals is a number."""
    text = "order,customer,at,total\n1,0,2026-01-01,15\n2,none,2026-01-01,15\n3,anna,2026-01-01,15\n"
    assert read(tmp_path, text, "currency=JPY", "decimals=0", "guests=0,none") == [("3", 15)]


def test_a_table_without_header_has_its_columns_named(tmp_path: Path) -> None:
    """``columns`` names the columns of a file without a header."""
    flags = ("columns=order,customer,at,total", "currency=EUR")
    assert read(tmp_path, "1,anna,2026-01-01,1.50\n", *flags) == [("1", 150)]


@pytest.mark.parametrize("flag", ["customer", "customer=", "=x", "custommer=x"])
def test_a_wrong_flag_is_a_usage_error(flag: str, tmp_path: Path) -> None:
    """A flag without a name, a value or a known name is refused."""
    with pytest.raises(CycloptsError, match="--map"):
        read(tmp_path, TOTALS, flag)


def test_a_missing_column_is_asked_for(tmp_path: Path) -> None:
    """When nobody says which column is the customer, the columns there are get listed."""
    with pytest.raises(DefinitionError, match="say --map customer=COLUMN; the columns are 'who', 'at', 'total'"):
        read(tmp_path, "who,at,total\nanna,2026-01-01,1\n", "currency=EUR")


def test_a_first_row_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    """A broken first row is reported as such, not as a missing column."""
    with pytest.raises(FactError, match="line 2"):
        read(tmp_path, "customer,at,total\nanna,2026-01-01\n", "currency=EUR")
