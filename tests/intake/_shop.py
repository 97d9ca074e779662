"""A small shop's export: rows, and the mapping that reads them."""

from __future__ import annotations

from typing import Any

from retention_engine.facts import OrderPlaced
from retention_engine.intake import OrderMapping, Report, orders_from_rows

MAPPING = OrderMapping(
    order="invoice",
    customer="customer",
    at="date",
    zone="Europe/London",
    sku="code",
    price="price",
    quantity="quantity",
    category="kind",
    currency="GBP",
    cancelled="C",
    charges=("POST", "D"),
    ignored=("TEST",),
    guests=("0",),
)


def row(**changed: Any) -> dict[str, Any]:
    """Return one line of an invoice, some cells changed."""
    cells: dict[str, Any] = {
        "invoice": "100",
        "customer": "7",
        "date": "2010-01-04 09:30:00",
        "code": "22041",
        "price": "2.10",
        "quantity": "3",
        "kind": "frames",
    }
    return cells | changed


def read(rows: Any, mapping: OrderMapping = MAPPING) -> tuple[list[OrderPlaced], Report]:
    """Return the facts of some rows and the account."""
    reading = orders_from_rows(rows, mapping)
    return list(reading), reading.report
