"""``import``: every row is accounted for, and repeating it changes nothing."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from retention_engine import Engine, Order
from retention_engine.facts import OrderPlaced
from retention_engine.stores import open_store
from tests.cli._shop import EUR, ORDERS, is_one_error, run, write

MAPPING = """
order = "No"
customer = "Client"
at = "Day"
total = "Sum"
currency = "EUR"
decimal_point = ","
time_format = "%d.%m.%Y"
zone = "Europe/Berlin"
cancelled = "C"
guests = ["0"]
"""
EXPORT = """No;Client;Day;Sum
1;anna;05.01.2026;19,90
2;0;06.01.2026;5,00
C1;anna;07.01.2026;19,90
3;boris;08.01.2026;x
"""


def placed(db: Path, customer: str) -> list[Order]:
    """Return the orders of a customer in a store."""
    store = open_store(f"sqlite:///{db}")
    facts = store.facts.of([customer])[customer]
    store.close()
    return [fact.order for fact in facts if isinstance(fact, OrderPlaced)]


def test_orders_become_facts_once(tmp_path: Path) -> None:
    """The first import makes facts, the second finds them all known."""
    write(tmp_path, {"orders.csv": ORDERS})
    first, second = (run("import", tmp_path / "orders.csv", "--db", tmp_path / "s.db", *EUR, "--json") for _ in "ab")

    counts = {"rows": 5, "used": 5, "facts": 4}
    assert first.only("import").items() >= {**counts, "new": 4, "repeated": 0}.items()
    assert second.only("import").items() >= {**counts, "new": 0, "repeated": 4}.items()
    assert [order.total.amount for order in placed(tmp_path / "s.db", "anna")] == [2890, 1990]


def test_every_row_has_a_fate(tmp_path: Path) -> None:
    """Guests and cancellations are skipped by reason, bad orders refused with row and column; the exit code is 1."""
    write(tmp_path, {"export.csv": EXPORT, "map.toml": MAPPING})
    done = run(
        "import", tmp_path / "export.csv", "--db", tmp_path / "s.db", "--mapping", tmp_path / "map.toml", "--json"
    )

    assert done.code == 1
    one = {"rows": 1, "orders": 1}
    assert done.only("import").items() >= {"skipped": {"cancellation": one, "guest": one}, "refused": one}.items()
    assert done.only("problem").items() >= {"row": 4, "field": "Sum"}.items()


def test_people_see_the_same(tmp_path: Path) -> None:
    """The table names what was left out, with an example, and the first problems."""
    write(tmp_path, {"export.csv": EXPORT, "map.toml": MAPPING})
    done = run("import", tmp_path / "export.csv", "--db", tmp_path / "s.db", "--mapping", tmp_path / "map.toml")

    assert "4 rows, 1 of them in 1 facts" in done.out
    assert "guest" in done.out
    assert "a plain number is needed, not 'x'" in done.out
    assert "\x1b" not in done.out


def test_strict_stops_at_the_first_bad_row(tmp_path: Path) -> None:
    """With --strict a bad row is an error with its place."""
    write(tmp_path, {"export.csv": EXPORT, "map.toml": MAPPING})
    files = (tmp_path / "export.csv", "--db", tmp_path / "s.db", "--mapping", tmp_path / "map.toml")
    done = run("import", *files, "--strict")

    assert is_one_error(done, 3)
    assert "row 4, field Sum" in done.err


def test_a_flag_goes_before_the_file(tmp_path: Path) -> None:
    """--map replaces a setting of the mapping file."""
    write(tmp_path, {"export.csv": EXPORT, "map.toml": MAPPING})
    files = (tmp_path / "export.csv", "--db", tmp_path / "s.db", "--mapping", tmp_path / "map.toml")
    run("import", *files, "--map", "currency=USD")

    assert [order.total.currency for order in placed(tmp_path / "s.db", "anna")] == ["USD"]


def test_packed_files_and_json_lines_are_read(tmp_path: Path) -> None:
    """A .csv.gz is a table, a .jsonl holds facts of any kind."""
    (tmp_path / "orders.csv.gz").write_bytes(gzip.compress(ORDERS.encode()))
    fact = '{"kind":"visited","id":"v1","customer":"anna","at":"2026-01-01T00:00:00Z"}'
    write(tmp_path, {"facts.jsonl": f"{fact}\n\n{fact}\nnonsense\n"})
    db = tmp_path / "s.db"

    assert run("import", tmp_path / "orders.csv.gz", "--db", db, *EUR, "--json").only("import")["new"] == 4
    done = run("import", tmp_path / "facts.jsonl", "--db", db, "--json")
    assert done.only("import").items() >= {"rows": 3, "new": 1, "repeated": 1}.items()
    assert done.only("problem")["row"] == 4


def test_parquet_is_read(tmp_path: Path) -> None:
    """A Parquet file with typed columns gives the same orders as the CSV."""
    duckdb = pytest.importorskip("duckdb", reason="Parquet needs the extra duckdb")
    write(tmp_path, {"orders.csv": ORDERS})
    with duckdb.connect() as base:
        base.execute(f"copy (from read_csv('{tmp_path}/orders.csv')) to '{tmp_path}/orders.parquet'")
    for name, db in (("orders.csv", "a.db"), ("orders.parquet", "b.db")):
        assert run("import", tmp_path / name, "--db", tmp_path / db, *EUR).code == 0

    assert placed(tmp_path / "a.db", "anna") == placed(tmp_path / "b.db", "anna")


def test_times_without_a_zone_need_one(tmp_path: Path) -> None:
    """A time without an offset is refused until --zone says where it was told."""
    write(tmp_path, {"orders.csv": "customer,at,total\nanna,2026-07-01 12:00,1.00\n"})
    naive = run("import", tmp_path / "orders.csv", "--db", tmp_path / "s.db", *EUR)
    told = run("import", tmp_path / "orders.csv", "--db", tmp_path / "s.db", *EUR, "--zone", "Europe/Berlin")

    assert (naive.code, told.code) == (1, 0)
    assert placed(tmp_path / "s.db", "anna")[0].at == 1782900000000000


def test_a_contradiction_leaves_the_batch_out(tmp_path: Path) -> None:
    """An order id that comes with another content is an error, and what was known stays."""
    write(tmp_path, {"orders.csv": ORDERS, "other.csv": ORDERS.replace("19.90", "18.90")})
    db = tmp_path / "s.db"
    run("import", tmp_path / "orders.csv", "--db", db, *EUR)

    assert is_one_error(run("import", tmp_path / "other.csv", "--db", db, *EUR), 3)
    assert [order.total.amount for order in placed(db, "anna")] == [2890, 1990]


def test_imported_history_sends_nothing(tmp_path: Path) -> None:
    """Years of orders that are imported before the first advance fire no rule."""
    write(tmp_path, {"orders.csv": ORDERS})
    run("import", tmp_path / "orders.csv", "--db", tmp_path / "s.db", *EUR)
    rules = tmp_path / "rules.toml"
    rules.write_text('[[rules]]\nid = "a"\ntrigger = "on(orders)"\nsteps = ["Send(\'x\')"]\n', "utf-8")

    done = run("advance", rules, "--db", tmp_path / "s.db", "--to", "2026-06-01", "--json")
    assert done.only("advance")["actions"] == 0


def test_what_an_engine_recorded_is_known_to_import(tmp_path: Path) -> None:
    """The ids made from a file are those of the orders themselves."""
    write(tmp_path, {"orders.csv": "order,customer,at,total\n1,anna,2026-01-01T00:00:00Z,1.00\n"})
    db = tmp_path / "s.db"
    run("import", tmp_path / "orders.csv", "--db", db, *EUR)
    with Engine([], store=f"sqlite:///{db}") as engine:
        assert engine.record(placed(db, "anna")).repeated == 1
