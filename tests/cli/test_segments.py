"""``segment``: the same members one by one and by SQL, each with its horizon."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli._shop import is_one_error, opened, run

REGULARS = "orders.within(days(60)).count() >= 2"


def members(*arguments: object) -> list[str]:
    """Return the customers that the command lists."""
    return [each["customer"] for each in run("segment", *arguments, "--json").objects() if each["type"] == "member"]


def test_members_are_listed_with_their_horizon(tmp_path: Path) -> None:
    """A member comes with the instant at which it stops being one by itself, and the counts come last."""
    done = run("segment", REGULARS, "--db", opened(tmp_path), "--at", "2026-02-15", "--json")

    assert done.objects() == [
        {"type": "member", "customer": "anna", "until": "2026-03-04T10:00:00Z"},
        {
            "type": "segment",
            "expression": REGULARS,
            "at": "2026-02-15T00:00:00Z",
            "reading": "customer",
            "members": 1,
            "customers": 2,
        },
    ]


@pytest.mark.parametrize(
    "expression",
    [
        REGULARS,
        "orders.exists()",
        "not orders.last().age >= days(3)",
        "purchases.where(sku='soap').sum('quantity') >= 2",
    ],
)
def test_sql_finds_the_same(expression: str, tmp_path: Path) -> None:
    """The reading by SQL lists the same customers."""
    pytest.importorskip("duckdb", reason="--sql needs the extra duckdb")
    asked = (expression, "--db", opened(tmp_path), "--at", "2026-02-12T00:00:00+00:00")

    assert members(*asked) == members(*asked, "--sql")


def test_segments_of_a_rule_file_have_names(tmp_path: Path) -> None:
    """With --rules an expression may name the segments of the file."""
    db = opened(tmp_path)
    found = members('segment("lapsed")', "--rules", tmp_path / "rules.toml", "--db", db, "--at", "2026-03-28")

    assert found == ["anna"]


def test_only_the_first_hundred_are_shown_to_people(tmp_path: Path) -> None:
    """A long list is cut for people, and --all shows the rest."""
    rows = "".join(f"{n},c{n:03},2026-01-01T00:00:00Z,1.00\n" for n in range(150))
    (tmp_path / "many.csv").write_text(f"order,customer,at,total\n{rows}", "utf-8")
    db = tmp_path / "s.db"
    run("import", tmp_path / "many.csv", "--db", db, "--map", "currency=EUR")
    short = run("segment", "orders.exists()", "--db", db, "--at", "2026-02-01").out
    whole = run("segment", "orders.exists()", "--db", db, "--at", "2026-02-01", "--all").out

    assert "150 of 150 customers at 2026-02-01T00:00:00Z; 50 more with --all" in short
    assert (short.count("\nc"), whole.count("\nc")) == (100, 150)


def test_the_query_is_shown_in_a_dialect() -> None:
    """--show-sql prints the query and needs no store."""
    done = run("segment", REGULARS, "--at", "2026-02-15", "--show-sql", "postgres")

    assert done.code == 0
    assert done.out.startswith("SELECT")
    shown = run("segment", REGULARS, "--at", "2026-02-15", "--show-sql", "postgres", "--json").only("sql")
    assert done.out.strip() == shown["sql"]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("orders.exists()", "--at", "2026-02-15"), 2),
        (("orders.exists()", "--show-sql", "postgres"), 2),
        (("orders.exists()", "--show-sql", "mysql", "--at", "2026-02-15"), 2),
        (("orders.exists()", "--show-sql", "postgres", "--at", "2026-02-15T00:00:00"), 2),
        (("orders.exist()", "--show-sql", "postgres", "--at", "2026-02-15"), 3),
        (("orders.since(entry).exists()", "--show-sql", "postgres", "--at", "2026-02-15"), 3),
        (("local.hour > 3", "--show-sql", "postgres", "--at", "2026-02-15"), 3),
        (("orders.exists()", "--db", "nowhere.db", "--at", "2026-02-15"), 4),
    ],
)
def test_what_cannot_be_asked_is_one_line(arguments: tuple[str, ...], code: int) -> None:
    """Each mistake ends in one line and its exit code."""
    assert is_one_error(run("segment", *arguments), code)


def test_a_store_that_was_never_advanced_has_no_now(tmp_path: Path) -> None:
    """Without --at the store's own time counts, once it has one."""
    db = opened(tmp_path)

    assert is_one_error(run("segment", "orders.exists()", "--db", db), 2)
    run("advance", tmp_path / "rules.toml", "--db", db, "--to", "2026-02-01")
    assert members("orders.exists()", "--db", db) == ["anna"]
