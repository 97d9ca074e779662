"""How the public exports are read: Online Retail line by line, the sample of CDNOW row by row."""

from __future__ import annotations

from retention_engine.intake import OrderMapping

RETAIL = OrderMapping(
    order="invoice",
    customer="customer_id",
    at="invoice_date",
    zone="Europe/London",
    sku="stock_code",
    price="price",
    quantity="quantity",
    currency="GBP",
    cancelled="C",
    charges=("POST", "DOT", "C2", "C3", "D", "M"),
    ignored=("TEST001", "TEST002", "ADJUST", "ADJUST2", "BANK CHARGES", "AMAZONFEE", "S", "B", "PADS"),
)
CDNOW = OrderMapping(customer="customer_id", at="date", total="spend", currency="USD", zone="UTC", time_format="%Y%m%d")
