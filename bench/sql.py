"""The SQL reading on DuckDB: 20 rules for everybody, over raw tables beside hand-written SQL, then a prepared table."""

from __future__ import annotations

from typing import Any

import numpy as np

from bench import sql_shop as shop
from bench.customers import reference
from bench.measure import Row, Side, in_turn, ratio
from bench.workload import NOW, Column, generate
from retention_engine.batch import query

PART = "sql"
THREADS = 2


def run(*, quick: bool = False) -> list[Row]:
    """Check every answer customer by customer, then measure."""
    import duckdb

    customers, rounds = (10_000, 3) if quick else (1_000_000, 7)
    connection = duckdb.connect(config={"threads": THREADS})
    population = generate(customers)
    shop.load(connection, population)
    expected = reference(population)
    raw = query(shop.rules(), at=NOW, source=shop.RAW).sql
    prepared = query(shop.prepared_rules(), at=NOW, source=shop.PREPARED).sql
    texts = {"raw": raw, "hand": shop.BY_HAND, "prepared": prepared, "mask": masked(prepared)}
    for name, text in texts.items():
        found = masks(connection, text if name == "mask" else masked(text))
        assert np.array_equal(found, expected), f"{name} is wrong for {int((found != expected).sum())} customers"
    sides: dict[str, Side] = {name: stored(connection, text) for name, text in texts.items()}
    sides["text"] = lambda: query(shop.rules(), at=NOW, source=shop.RAW)
    times = in_turn(sides, rounds)
    connection.close()
    return _rows(times, customers, len(population.orders["at"]))


def stored(connection: Any, text: str) -> Side:
    """Return the side that runs a query and keeps its answer in a table."""
    return lambda: connection.execute(f"CREATE OR REPLACE TEMP TABLE answer AS {text}")


def masked(text: str) -> str:
    """Return the query with one integer per customer in place of 20 booleans."""
    bits = " + ".join(f"CASE WHEN {name} THEN {1 << bit} ELSE 0 END" for bit, name in enumerate(shop.NAMES))
    return f"SELECT customer, {bits} AS mask FROM ({text})"


def masks(connection: Any, text: str) -> Column:
    """Return one mask per customer, in the order of their numbers."""
    ordered = f"SELECT CAST(mask AS BIGINT) AS mask FROM ({text}) ORDER BY CAST(substr(customer, 2) AS INTEGER)"
    found: Column = connection.execute(ordered).fetchnumpy()["mask"]
    return found


def _rows(times: dict[str, list[float]], customers: int, orders: int) -> list[Row]:
    seconds = {name: sorted(each)[len(each) // 2] for name, each in times.items()}
    beside = f"{customers:,} customers, {orders:,} orders: {seconds['raw']:.2f} s against {seconds['hand']:.2f} s CPU"
    rate = customers * len(shop.NAMES) / seconds["prepared"] / 1e6
    return [
        Row(
            PART, "20 rules over raw tables vs hand-written SQL", ratio(times, "raw", "hand"), "x", ("<=", 1.5), beside
        ),
        Row(PART, "20 rules over a prepared table", rate, "M evaluations/CPU s", (">=", 30.0), "answers stored"),
        Row(PART, "one bitmask vs 20 boolean columns", ratio(times, "mask", "prepared"), "x", None, "prepared table"),
        Row(PART, "text of 20 rules", seconds["text"] * 1e3, "ms CPU"),
    ]
