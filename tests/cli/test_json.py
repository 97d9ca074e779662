"""``--json``: the objects have the documented fields, and standard output holds nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from retention_engine.cli.cdnow import data_file
from tests.cli._shop import EUR, ORDERS, Done, opened, run, write
from tests.cli.test_running import AT, options, shop, unknown
from tests.house._house import ROOT

ROW = re.compile(r"^\| (?P<commands>[a-z, ]+) \| `(?P<type>\w+)` \| (?P<fields>.+) \|$", re.MULTILINE)


def documented() -> dict[str, set[str]]:
    """Return type -> fields as the reference lists them; what stands in brackets describes the field before it."""
    page = (ROOT / "docs" / "reference" / "command-line.md").read_text("utf-8")
    plain = {found["type"]: re.sub(r"\([^)]*\)", "", found["fields"]) for found in ROW.finditer(page)}
    return {kind: set(re.findall(r"`(\w+)`", text)) for kind, text in plain.items()}


def objects(folder: Path) -> list[Done]:
    """Run every command over a small shop."""
    db, rules = opened(folder), folder / "rules.toml"
    write(folder, {"bad.csv": ORDERS.replace("4.50,1", "4.50,x")})
    (folder / "templates" / "en").mkdir(parents=True)
    write(folder / "templates" / "en", {"hello.txt": "Hello {name}"})
    who = ("--customer", "anna", "--rule", "win-back")
    span = ("--orders", folder / "orders.csv", *EUR, "--from", "2026-01-01", "--to", "2026-06-01", "--diff", rules)
    return [
        run("import", folder / "bad.csv", "--db", folder / "bad.db", *EUR, "--json"),
        run("check", rules, "--json"),
        run("advance", rules, "--db", db, "--since", "2026-01-01", "--to", "2026-06-01", "--json"),
        run("segment", "orders.exists()", "--db", db, "--json"),
        run("segment", "orders.exists()", "--at", "2026-02-01", "--show-sql", "spark", "--json"),
        run("explain", rules, "--db", db, *who, "--json"),
        run("backtest", rules, *span, "--json"),
        run("preview", folder / "templates", "hello", "--json"),
    ]


def sent(folder: Path) -> list[Done]:
    """Run the commands that send: a day of work, an outage, and an outcome that nobody knows."""
    folder.mkdir()
    files = shop(folder)
    first, late = ("--at", AT, "--since", "2026-02-15"), ("--at", "2026-04-02T10:00:00+00:00")
    done = [run("run", *options(files, "--once", *span, "--json")) for span in (first, late)]
    (key, *_) = unknown(files[1])
    return [*done, run("unresolved", "--db", files[1], "--sent", key, "--json")]


def test_every_object_has_the_documented_fields(tmp_path: Path) -> None:
    """Each type of object that a command prints is in the reference with exactly its fields."""
    told = [*objects(tmp_path), *sent(tmp_path / "sent")]
    found = {each["type"]: set(each) - {"type"} for done in told for each in done.objects()}
    wanted = documented()
    demo = {"phase", "outcome", "timeline", "size"}

    assert found == {kind: fields for kind, fields in wanted.items() if kind not in demo}


def test_nothing_is_written_to_standard_error(tmp_path: Path) -> None:
    """A command that succeeds with --json is silent on standard error."""
    assert [done.err for done in objects(tmp_path) if done.err] == []


def test_the_demo_has_the_documented_fields() -> None:
    """The objects of the demo are in the reference, too."""
    try:
        data_file()
    except FileNotFoundError as error:
        pytest.skip(str(error))
    found = {each["type"]: set(each) - {"type"} for each in run("demo", "--first", 300, "--json").objects()}
    wanted = documented()

    assert found == {kind: wanted[kind] for kind in ("phase", "outcome", "timeline", "size", "story")}
