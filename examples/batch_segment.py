"""Two segments over 10,000 customers as one SQL query in DuckDB, and the same answers customer by customer.

Run:    python examples/batch_segment.py    (needs the extra duckdb)
Prints: the size of each segment in both readings, and the query for a warehouse.
"""

from retention_engine import Money, Order, days, orders
from retention_engine.batch import members, query
from retention_engine.facts import OrderPlaced
from retention_engine.state import History, fold
from retention_engine.timing import DAY, to_instant, zone
from retention_engine.view import View

NOW = to_instant("2026-06-01T00:00:00+00:00")
SEGMENTS = {
    "regulars": orders.within(days(180)).count() >= 3,
    "lapsed": orders.last().age >= days(90),
}


def shop(customers: int) -> list[History]:
    """Return made-up histories: customer n orders every 20 + n % 100 days, n % 7 times, last n % 150 days ago."""
    histories = []
    for number in range(customers):
        name, pace = f"customer-{number}", 20 + number % 100
        ages = range(number % 150, number % 150 + pace * (number % 7), pace)
        total = Money(1000 + number, "EUR")
        placed = [Order(id=f"{name}-{age}", customer=name, at=NOW - age * DAY, total=total) for age in ages]
        histories.append(fold(History(name), [OrderPlaced.of(order) for order in placed]))
    return histories


if __name__ == "__main__":
    known = shop(10_000)
    found = members(SEGMENTS, known, at=NOW)
    for name, predicate in SEGMENTS.items():
        asked = [each.customer for each in known if predicate.verdict(View(each, NOW, zone("UTC"))).holds]
        print(f"{name}: {len(found[name])} by SQL, {len(asked)} one by one, the same: {found[name] == sorted(asked)}")
    print(query(SEGMENTS["lapsed"], at=NOW, dialect="clickhouse").sql)
