"""The CDNOW purchases: real orders for the demo, read from a data file of another package without importing it."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution
from itertools import islice
from pathlib import Path

from retention_engine.errors import FactError
from retention_engine.facts import OrderPlaced
from retention_engine.intake import OrderMapping, Reading, Row, orders_from_rows, read_rows

PACKAGE, FILE = "lifetimes", "lifetimes/datasets/CDNOW_master.txt"
INSTALL = "pip install --no-deps lifetimes==0.11.3"

MAPPING = OrderMapping(
    customer="customer_id",
    at="date",
    order="order",
    total="dollar_value",
    currency="USD",
    time_format="%Y%m%d",
    zone="UTC",
)


def data_file() -> Path:
    """Return where the purchases are installed.

    Raises:
        FileNotFoundError: they are not; the message says how to get them.
    """
    try:
        path = Path(str(distribution(PACKAGE).locate_file(FILE)))
    except PackageNotFoundError:
        path = None
    if path is None or not path.is_file():
        raise FileNotFoundError(f"the purchases of CDNOW are missing: {INSTALL}")
    return path


def read_orders(path: Path, *, first: int | None = None) -> Reading[OrderPlaced]:
    """Return the orders in the file, or the ``first`` so many; an order's id is made of the number of its row."""
    return orders_from_rows(islice(_numbered(read_rows(path)), first), MAPPING, strict=True)


def _numbered(rows: Iterator[Row]) -> Iterator[Row]:
    for number, row in enumerate(rows, 1):
        yield row if isinstance(row, FactError) else {**row, "order": f"cdnow-{number}"}
