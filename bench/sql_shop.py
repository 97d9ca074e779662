"""The canonical shop as raw tables in DuckDB, its 20 rules in the language, and the best SQL we could write by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from bench.neutral import FIELDS, FLAGS, INSTANTS, RULES
from bench.readings import ours
from bench.workload import DAY, HOUR, NOW, Column, Population
from retention_engine.batch import Columns, Source, Table
from retention_engine.predicates import (
    Compare,
    Quantity,
    Truth,
    answers,
    carts,
    customer,
    deliveries,
    events,
    messages,
    orders,
    purchases,
    reviews,
    visits,
)
from retention_engine.timing import days, hours

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

NAMES = tuple(RULES)
PEOPLE = ("next_birthday_at", "next_anniversary_at", "points_expire_at", "points", "tier", "fav_cat", *FLAGS[:3])
DATED = {
    "carts": ("cart_at", {"worth": "cart_value"}),
    "messages": ("message_at", {}),
    "visits": ("visit_at", {}),
    "deliveries": ("delivered_at", {}),
    "reviews": ("review_at", {}),
    "answers": ("nps_at", {"score": "nps"}),
    "escalations": ("escalated_at", {}),
}
"""Table -> the instant of its one row per customer, and its other columns."""


def load(connection: DuckDBPyConnection, population: Population) -> None:
    """Create the raw tables, and the prepared table ``features`` with one row per customer."""
    held = dict(population.customers)
    held["review_open"] = held["review_at"] < held["delivered_at"]
    held["nps_open"] = held["escalated_at"] < held["nps_at"]
    number = np.arange(len(population))
    everybody = np.ones(len(population), bool)
    bought = "'c' || customer AS customer, instant, amount, 'cat' || category AS category, 'p' || product AS sku"
    _create(connection, "orders", bought, {**population.orders, "instant": population.orders["at"]}, slice(None))
    for table, (at, more) in DATED.items():
        columns = {"customer": number, "instant": held[at], **{name: held[field] for name, field in more.items()}}
        also = "".join(f", {name}" for name in more) + (", 'nps' AS survey" if table == "answers" else "")
        _create(connection, table, f"'c' || customer AS customer, instant{also}", columns, held[at] > 0)
    for table, fields in (("customers", PEOPLE), ("features", FIELDS)):
        columns = {"customer": number, **{name: held[name] for name in fields}}
        chosen = ", ".join(f"nullif({name}, 0) AS {name}" if name.endswith("_at") else name for name in fields)
        _create(connection, table, f"'c' || customer AS customer, {chosen}", columns, everybody)


def _create(
    connection: DuckDBPyConnection, table: str, select: str, columns: Mapping[str, Column], rows: Column | slice
) -> None:
    connection.register("columns", {name: np.ascontiguousarray(column[rows]) for name, column in columns.items()})
    connection.execute(f"CREATE OR REPLACE TABLE {table} AS SELECT {select} FROM columns")
    connection.unregister("columns")


def _flag(name: str) -> Truth:
    return Compare(getattr(customer, name), "==", constant=True)


def _between(age: Quantity, young: int, old: int) -> Truth:
    return (age >= days(young)) & (age < days(old))


def _bought(category: int) -> Quantity:
    return purchases.where(category=f"cat{category}").last().age


def rules() -> dict[str, Truth]:
    """Return the 20 rules over the raw tables, in the order and with the conjuncts of the workload."""
    last, spend, count = orders.last().age, orders.sum("total"), orders.count()
    quiet, known = ~(messages.last().age < days(7)), ~_flag("unsubscribed")
    reach = (_flag("consent_email") | _flag("consent_tg")) & known
    cart, sent, survey = carts.last(), deliveries.last().age, answers.where(survey="nps")
    escalated = events("escalated").within(days(2)).exists()
    found = (
        (last >= days(45)) & (spend > 1_500_000) & quiet,
        _between(last, 30, 45) & quiet & reach,
        _between(last, 60, 90) & (count >= 2) & quiet,
        _between(last, 90, 120) & (spend > 3_000_000),
        (_bought(0) < days(90)) & ~(_bought(1) < days(90)) & reach,
        (_bought(2) < days(90)) & ~(_bought(3) < days(90)) & (count >= 3),
        (customer.next_birthday.ahead <= days(7)) & reach,
        Compare(count, "==", 1) & _between(last, 30, 60),
        (last < days(30)) & (count >= 10) & (spend >= 4_000_000),
        (last >= days(90)) & (count >= 8) & (spend >= 3_000_000) & quiet,
        _between(purchases.where(sku="p50").last().age, 28, 35) & known,
        (cart.age >= hours(1)) & (cart.age < days(3)) & (carts.last("value") >= 100_000) & known,
        quiet & (visits.last().age < days(3)) & (last >= days(14)),
        _between(sent, 3, 10) & ~reviews.within(days(10)).exists(),
        (customer.points_expire.ahead <= days(14)) & (customer.points >= 500),
        (customer.next_anniversary.ahead <= days(1)) & reach,
        (orders.within(days(90)).count() >= 3) & (customer.tier < 2),
        (survey.last("score") >= 0) & (survey.last("score") <= 6) & (survey.last().age < days(2)) & ~escalated,
        customer.fav_cat.is_in(0, 3, 5) & _between(last, 14, 21) & quiet & reach,
        customer.tier.is_in(2, 3) & ((visits.last().age >= days(21)) | (last >= days(60))) & known,
    )
    return dict(zip(NAMES, found, strict=True))


def _dated(name: str, **fields: str) -> Table:
    return Table(name=name, at="instant", sequence="instant", fields=fields)


RAW = Source(
    customers=Table(
        name="customers",
        id="customer",
        fields={
            **{name.removesuffix("_at"): Columns(instant=name) for name in PEOPLE[:3]},
            **{name: Columns(whole=name) for name in PEOPLE[3:6]},
            **{name: Columns(flag=name) for name in PEOPLE[6:]},
        },
    ),
    collections={
        "orders": _dated("orders", total="amount"),
        "purchases": _dated("orders", category="category", sku="sku"),
        "carts": _dated("carts", value="worth"),
        "answers": _dated("answers", survey="survey", score="score"),
        "events:escalated": _dated("escalations"),
        **{name: _dated(name) for name in ("messages", "visits", "deliveries", "reviews")},
    },
)
"""Where the raw tables hold what the rules ask for; an order is a row, which is also the one line of its purchase."""

PREPARED = Source(
    customers=Table(
        name="features",
        id="customer",
        fields={
            name: Columns(**{"instant" if name in INSTANTS else "flag" if name in FLAGS else "whole": name})
            for name in FIELDS
        },
    )
)
"""The prepared table: every field of the neutral rules is an attribute."""


def prepared_rules() -> dict[str, Truth]:
    """Return the 20 rules over the prepared table."""
    return {name: ours(tree) for name, tree in RULES.items()}


def _ago(count: float) -> int:
    return int(NOW - count * DAY)


def _grouped(table: str, since: float | None, columns: str = "max(instant) AS instant", where: str = "true") -> str:
    after = "" if since is None else f" AND instant > {_ago(since)}"
    return f"(SELECT customer, {columns} FROM {table} WHERE instant <= {NOW}{after} AND {where} GROUP BY customer)"


_ORDERS = f"""max(instant) AS last_at, count(*) AS n, sum(amount) AS spend,
    count(*) FILTER (instant > {_ago(90)}) AS n90,
    max(instant) FILTER (category = 'cat0') AS cat0, max(instant) FILTER (category = 'cat1') AS cat1,
    max(instant) FILTER (category = 'cat2') AS cat2, max(instant) FILTER (category = 'cat3') AS cat3,
    max(instant) FILTER (sku = 'p50') AS cream"""

_CONDITIONS = (
    f"last_at <= {_ago(45)} AND spend > 1500000 AND quiet",
    f"last_at <= {_ago(30)} AND last_at > {_ago(45)} AND quiet AND reach",
    f"last_at <= {_ago(60)} AND last_at > {_ago(90)} AND n >= 2 AND quiet",
    f"last_at <= {_ago(90)} AND last_at > {_ago(120)} AND spend > 3000000",
    f"cat0 > {_ago(90)} AND (cat1 IS NULL OR cat1 <= {_ago(90)}) AND reach",
    f"cat2 > {_ago(90)} AND (cat3 IS NULL OR cat3 <= {_ago(90)}) AND n >= 3",
    f"next_birthday_at > {NOW} AND next_birthday_at <= {NOW + 7 * DAY} AND reach",
    f"n = 1 AND last_at <= {_ago(30)} AND last_at > {_ago(60)}",
    f"last_at > {_ago(30)} AND n >= 10 AND spend >= 4000000",
    f"last_at <= {_ago(90)} AND n >= 8 AND spend >= 3000000 AND quiet",
    f"cream <= {_ago(28)} AND cream > {_ago(35)} AND NOT unsubscribed",
    f"cart_at <= {NOW - HOUR} AND cart_at > {_ago(3)} AND worth >= 100000 AND NOT unsubscribed",
    f"quiet AND visit_at > {_ago(3)} AND last_at <= {_ago(14)}",
    f"delivered_at <= {_ago(3)} AND delivered_at > {_ago(10)} AND NOT reviewed",
    f"points_expire_at > {NOW} AND points_expire_at <= {NOW + 14 * DAY} AND points >= 500",
    f"next_anniversary_at > {NOW} AND next_anniversary_at <= {NOW + DAY} AND reach",
    "n90 >= 3 AND tier < 2",
    f"score BETWEEN 0 AND 6 AND nps_at > {_ago(2)} AND NOT escalated",
    f"fav_cat IN (0, 3, 5) AND last_at <= {_ago(14)} AND last_at > {_ago(21)} AND quiet AND reach",
    f"tier IN (2, 3) AND (visit_at <= {_ago(21)} OR last_at <= {_ago(60)}) AND NOT unsubscribed",
)

BY_HAND = f"""WITH facts AS (
  SELECT c.*, o.* EXCLUDE (customer), v.instant AS visit_at, k.instant AS cart_at, k.worth, d.instant AS delivered_at,
    r.customer IS NOT NULL AS reviewed, a.instant AS nps_at, a.score, e.customer IS NOT NULL AS escalated,
    m.customer IS NULL AS quiet, (consent_email OR consent_tg) AND NOT unsubscribed AS reach
  FROM customers AS c
  LEFT JOIN {_grouped("orders", None, _ORDERS)} AS o USING (customer)
  LEFT JOIN {_grouped("messages", 7)} AS m USING (customer)
  LEFT JOIN {_grouped("visits", None)} AS v USING (customer)
  LEFT JOIN {_grouped("carts", 3, "max(instant) AS instant, arg_max(worth, instant) AS worth")} AS k USING (customer)
  LEFT JOIN {_grouped("deliveries", 10)} AS d USING (customer)
  LEFT JOIN {_grouped("reviews", 10)} AS r USING (customer)
  LEFT JOIN {_grouped("answers", 2, "max(instant) AS instant, arg_max(score, instant) AS score", "survey = 'nps'")} AS a
    USING (customer)
  LEFT JOIN {_grouped("escalations", 2)} AS e USING (customer)
)
SELECT customer, {", ".join(f"coalesce({truth}, false) AS {NAMES[bit]}" for bit, truth in enumerate(_CONDITIONS))}
FROM facts"""
"""One grouped sub-query per table, read only as far back as its rules look; one scan of the orders. Joining the tables
by UNION ALL and grouping once was 1.8 times slower, leaving out the bounds on ``instant`` 1.2 times."""
