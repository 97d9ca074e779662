"""``retention-engine import``: orders or facts from a file into a store."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from retention_engine import Engine
from retention_engine.cli.exits import Exit
from retention_engine.cli.inputs import club_at, store_at
from retention_engine.cli.orders import Table
from retention_engine.cli.screen import Screen
from retention_engine.facts import Fact
from retention_engine.intake import Report

BATCH = 2_000
Maps = Annotated[list[str] | None, Parameter(name="--map")]


def import_(
    file: Path,
    /,
    *,
    db: str,
    map_: Maps = None,
    mapping: Path | None = None,
    zone: str | None = None,
    strict: bool = False,
    club: str | None = None,
    json: bool = False,
) -> Exit:
    """Put the orders of a file into a store. Safe to repeat, and to interrupt and run again.

    Args:
        file: .csv, .tsv, .txt (parted by blanks), each also .gz; .parquet; or .jsonl with one fact a line.
        db: the SQLite file, made when there is none.
        map_: which column means what, such as customer=CustomerID or currency=EUR; may be given several times.
        mapping: the same as a TOML file.
        zone: of times that carry none, such as Europe/London.
        strict: stop at the first bad row; what was committed before it stays.
        club: the club whose promo codes and referrals orders settle, as module:NAME of a Python module.
        json: print JSON lines for programs.
    """
    screen = Screen(json=json)
    table, members = Table.of(file, mapping, map_ or [], zone), club_at(club)
    with screen.progress("rows", None) as step:
        reading = table.read(strict=strict, seen=step)
        with Engine([], store=store_at(db, new=True), club=members) as engine:
            new, repeated = _record(engine, reading)
    _tell(screen, file, reading.report, (new, repeated))
    return Exit.FOUND if reading.report.refused.rows else Exit.OK


def _record(engine: Engine, facts: Iterator[Fact]) -> tuple[int, int]:
    new = repeated = 0
    while batch := list(islice(facts, BATCH)):
        recorded = engine.record(batch)
        new, repeated = new + recorded.new, repeated + recorded.repeated
    return new, repeated


def _tell(screen: Screen, file: Path, report: Report, recorded: tuple[int, int]) -> None:
    for problem in report.problems:
        screen.emit("problem", row=problem.row, field=problem.field, message=problem.message)
    new, repeated = recorded
    skipped = {
        reason.value: {"rows": tally.rows, "orders": tally.orders} for reason, tally in sorted(report.skipped.items())
    }
    refused = {"rows": report.refused.rows, "orders": report.refused.orders}
    counts = {"rows": report.rows, "used": report.used, "facts": report.facts, "new": new, "repeated": repeated}
    screen.emit("import", file=str(file), **counts, skipped=skipped, refused=refused)
    screen.say(f"{file}: {report.rows:,} rows, {report.used:,} of them in {report.facts:,} facts")
    screen.say(f"  {new:,} new, {repeated:,} known already")
    screen.table(["rows", "orders", "left out because", "such as"], list(_left_out(report)))
    if report.problems:
        screen.title("The first problems")
        screen.table(
            ["row", "column", "what is wrong"], [[each.row, each.field, each.message] for each in report.problems[:10]]
        )


def _left_out(report: Report) -> Iterable[list[object]]:
    for reason, tally in sorted(report.skipped.items()):
        yield [tally.rows, tally.orders, reason.value, ", ".join(tally.examples)]
    if report.refused.rows:
        yield [report.refused.rows, report.refused.orders, "refused", ", ".join(report.refused.examples)]
