"""``retention-engine backtest``: what rules would have done over past orders, and how other rules differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from retention_engine import RuleSet, backtest, difference
from retention_engine.cli.exits import Exit
from retention_engine.cli.importing import Maps
from retention_engine.cli.inputs import instant_of, rules_in
from retention_engine.cli.orders import Table
from retention_engine.cli.screen import Screen
from retention_engine.engine import Backtest, Difference
from retention_engine.facts import Fact

MOST_SHOWN = 12
A_WEEK = 3


def backtest_(
    rules: Path,
    /,
    *,
    orders: Path,
    from_: Annotated[str, Parameter(name="--from")],
    to: str,
    diff: Path | None = None,
    map_: Maps = None,
    mapping: Path | None = None,
    zone: str = "UTC",
    json: bool = False,
) -> Exit:
    """Replay past orders through the production engine and count what the rules decide.

    Args:
        rules: the rules, a TOML file.
        orders: the orders, as for import.
        from_: launch of the rules: what was due by then is history.
        to: the last instant, with an offset, or a date: its first instant in the shop's zone.
        diff: other rules; show what they do otherwise.
        map_: which column means what, such as customer=CustomerID; may be given several times.
        mapping: the same as a TOML file.
        zone: the shop's time zone, also of times in the file that carry none; UTC unless said otherwise.
        json: print JSON lines for programs.
    """
    screen = Screen(json=json)
    sets = [(rules, rules_in(rules))] + ([] if diff is None else [(diff, rules_in(diff))])
    start, end = instant_of(from_, "--from", zone), instant_of(to, "--to", zone)
    facts = _facts(screen, Table.of(orders, mapping, map_ or [], zone))
    runs = []
    for file, rule_set in sets:
        run = _run(screen, rule_set, facts, start=start, end=end, zone=zone)
        _show(screen, file, rule_set, run)
        runs.append(run)
    if diff is not None:
        _show_difference(screen, rules, diff, difference(*runs))
    return Exit.OK


def _facts(screen: Screen, table: Table) -> list[Fact]:
    with screen.progress("rows", None) as step:
        reading = table.read(seen=step)
        facts: list[Fact] = list(reading)
    for line in str(reading.report).splitlines():
        screen.say(line)
    return facts


def _run(screen: Screen, rules: RuleSet, facts: Sequence[Fact], *, start: int, end: int, zone: str) -> Backtest:
    total = len({fact.customer for fact in facts if fact.customer is not None})
    with screen.progress("customers", total) as step:
        return backtest(rules, facts, start=start, end=end, zone=zone, progress=step)


def _show(screen: Screen, file: Path, rules: RuleSet, run: Backtest) -> None:
    screen.emit("backtest", rules=str(file), **run.as_dict())
    counts = run.outcomes()
    outcomes = sorted({outcome for found in counts.values() for outcome in found})
    rows = [[rule.id, *(counts.get(rule.id, Counter())[outcome] or "" for outcome in outcomes)] for rule in rules]
    screen.title(f"{file}: decisions by rule and outcome")
    screen.table(["rule", *outcomes], rows)
    screen.title("Messages per customer")
    screen.table(["messages", "customers"], _spread(run))
    screen.say(f"{len(run.over(A_WEEK)):,} of {run.customers:,} customers got more than {A_WEEK} in a week.")


def _spread(run: Backtest) -> list[list[object]]:
    """Return the distribution; the long tail as one row."""
    spread = sorted(run.distribution().items())
    rows: list[list[object]] = [[str(messages), customers] for messages, customers in spread[:MOST_SHOWN]]
    tail = spread[MOST_SHOWN:]
    return [*rows, [f"{tail[0][0]} or more", sum(customers for _, customers in tail)]] if tail else rows


def _show_difference(screen: Screen, first: Path, second: Path, found: Difference) -> None:
    screen.emit("difference", first=str(first), second=str(second), **found.as_dict())
    screen.title(f"{second} against {first}: {found}")
    screen.table(["rule", "messages"], [[rule, f"{count:+,}"] for rule, count in found.sends.items()])
    screen.say(f"{len(found.gained):,} messages only the second sends, {len(found.lost):,} only the first.")
