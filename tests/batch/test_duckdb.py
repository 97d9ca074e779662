"""Members through DuckDB: one of our own that can reach nothing, or the user's connection and tables."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from retention_engine.batch import Columns, Rows, Source, Table, connect, fill, members, members_in, query, run
from retention_engine.errors import MissingExtra
from retention_engine.predicates import Truth, customer, events, item, local, orders, yearly
from retention_engine.state import History
from retention_engine.state.records import OrderRecord
from retention_engine.timing import DAY, days, to_instant

NOW = to_instant("2024-03-01T12:00:00Z")


def buyer(name: str, *ages: int, **attributes: object) -> History:
    """Return a customer with orders so many days ago."""
    made = History(name)
    for number, age in enumerate(ages):
        made.put("orders", OrderRecord(str(number), NOW - age * DAY, 100, "EUR", 1, None, None, delivered=False))
    for attribute, value in attributes.items():
        made.hold(attribute, value, 0, "a")
    return made


def test_members_of_several_predicates_come_at_once() -> None:
    """Each name has the sorted ids of its members; nobody is an empty list."""
    people = [buyer("zoe", 50, 400), buyer("anna", 3, zone="Asia/Tokyo"), buyer("ben")]
    asked: dict[str, Truth] = {
        "lapsed": orders.last().age >= days(45),
        "not lapsed": ~(orders.last().age >= days(45)),
        "late in the day": local.hour >= 20,
        "regulars": orders.count() >= 3,
    }
    expected = {"lapsed": ["zoe"], "not lapsed": ["anna", "ben"], "late in the day": ["anna"], "regulars": []}
    assert members(asked, people, at="2024-03-01T12:00:00Z") == expected


def test_nobody_has_no_members() -> None:
    """No histories at all are no error, nor are collections that nobody has."""
    assert members({"a": events("x").exists(), "b": ~orders.exists()}, [], at=NOW) == {"a": [], "b": []}


@pytest.fixture
def warehouse() -> Iterator[Any]:
    """Return the database of a shop that is not laid out as ours."""
    connection = duckdb.connect()
    connection.execute("CREATE SCHEMA shop")
    connection.execute("CREATE TABLE shop.client (no BIGINT, tz VARCHAR, born DATE, joined TIMESTAMP, gone BOOLEAN)")
    connection.execute(
        "INSERT INTO shop.client VALUES (1, 'Asia/Tokyo', '1990-03-01', '2024-02-01', false),"
        " (2, NULL, '1992-02-29', '2023-03-02', false), (3, 'Mars/Base', NULL, NULL, NULL),"
        " (4, 'UTC', NULL, NULL, true)"
    )
    connection.execute("CREATE TABLE shop.orders (client BIGINT, ts TIMESTAMP, amount DECIMAL(9, 2), status VARCHAR)")
    connection.execute(
        "INSERT INTO shop.orders VALUES (1, '2024-02-28 12:00:00', 19.99, 'paid'), (1, '2024-02-29', 5, 'open'),"
        " (2, '2023-02-28', 100, 'paid'), (4, '2024-02-28', 100, 'paid'), (2, '2024-03-01 12:00:00.000001', 7, 'paid')"
    )
    yield connection
    connection.close()


SHOP = Source(
    customers=Table(
        name="shop.client",
        customer="no",
        where="gone is not true",
        fields={
            "zone": "tz",
            "birthday": Columns(day="strftime(born, '%m-%d')"),
            "joined": Columns(instant="epoch_us(joined)"),
        },
    ),
    collections={
        "orders": Table(
            name="shop.orders",
            customer="client",
            at="epoch_us(ts)",
            where="status = 'paid'",
            fields={"total": "CAST(amount * 100 AS BIGINT)"},
        )
    },
)
QUESTIONS: list[tuple[Truth, list[int]]] = [
    (orders.exists(), [1, 2]),
    (orders.within(days(2)).exists(), []),
    (orders.within(days(3)).sum("total") == 1999, [1]),
    (orders.on_calendar_days(3).exists(), [1]),
    (orders.where(item.total >= 2000).last().age >= days(366), [2]),
    (~orders.exists(), [3]),
    (orders.count() == 1, [1, 2]),
    (yearly(customer.birthday), [1]),
    (customer.joined.age < days(60), [1]),
    (~customer.joined.is_set(), [3]),
    (customer.birthday.is_set(), [1, 2]),
    (customer.id == "2", [2]),
    (local.hour == 21, [1]),
    (local.hour == 12, [2, 3]),
]


def test_the_users_own_tables_answer(warehouse: Any) -> None:
    """Timestamps, decimals, dates, schemas and a key that is a number are read where they lie."""
    asked = {str(number): question for number, (question, _) in enumerate(QUESTIONS)}
    expected = {str(number): found for number, (_, found) in enumerate(QUESTIONS)}
    assert members_in(warehouse, asked, at=NOW, source=SHOP) == expected


def test_a_query_of_one_predicate_runs_too(warehouse: Any) -> None:
    """Its one name is its text."""
    asked = query(orders.count() > 0, at=NOW, source=SHOP)
    assert run(warehouse, asked) == {"orders.count() > 0": [1, 2]}


def test_a_source_without_zones_lives_in_the_shops(warehouse: Any) -> None:
    """Nothing is asked about zones when the source has none."""
    plain = Source(customers=Table(name="shop.client", customer="no", fields={}))
    assert members_in(warehouse, {"a": local.hour == 21}, at=NOW, source=plain, shop_zone="Asia/Tokyo") == {
        "a": [1, 2, 3, 4]
    }


def test_the_users_database_is_only_read(warehouse: Any) -> None:
    """No table, view or setting is left behind."""
    before = (
        warehouse.execute("SELECT * FROM duckdb_tables()").fetchall(),
        warehouse.execute("SHOW ALL TABLES").fetchall(),
    )
    members_in(warehouse, {"a": orders.exists(), "b": local.hour > 3}, at=NOW, source=SHOP)
    after = (
        warehouse.execute("SELECT * FROM duckdb_tables()").fetchall(),
        warehouse.execute("SHOW ALL TABLES").fetchall(),
    )
    assert before == after


REACHING = [
    "COPY (SELECT 1) TO 'x.csv'",
    "SELECT * FROM read_csv('/etc/passwd')",
    "ATTACH 'x.db'",
    "INSTALL httpfs",
    "SET enable_external_access = true",
    "SET lock_configuration = false",
]


@pytest.mark.parametrize("statement", REACHING)
def test_our_own_database_reaches_nothing(statement: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither files nor network nor its own settings can be touched."""
    monkeypatch.chdir(tmp_path)
    connection = connect()
    with pytest.raises(duckdb.Error):
        connection.execute(statement)
    connection.close()
    assert list(tmp_path.iterdir()) == []


def test_rows_replace_a_table_and_keep_every_value() -> None:
    """Large integers, None, quotes and characters of any plane come back as they were."""
    values = {"customer": ["O'Hara 🎁", "x"], "n": [2**63 - 1, None], "f": [True, None]}
    rows = Rows('t"; --', {"customer": "text", "n": "whole", "f": "flag"}, values)
    connection = connect()
    for _ in range(2):
        fill(connection, rows)
    assert connection.execute('SELECT * FROM "t""; --"').fetchall() == [
        ("O'Hara 🎁", 2**63 - 1, True),
        ("x", None, None),
    ]
    connection.close()


def test_a_missing_duckdb_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the extra the error says what to install."""
    monkeypatch.setitem(sys.modules, "duckdb", None)
    with pytest.raises(MissingExtra, match=r"pip install \"retention-engine\[duckdb\]\""):
        members({"a": orders.exists()}, [], at=NOW)
