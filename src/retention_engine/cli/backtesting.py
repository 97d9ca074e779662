"""``retention-engine backtest``: what rules would have done over past orders, and how other rules differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from retention_engine import Outcome, backtest, difference
from retention_engine.cli.exits import Exit
from retention_engine.cli.importing import Maps
from retention_engine.cli.inputs import club_at, instant_of, shop_in
from retention_engine.cli.orders import Table
from retention_engine.cli.screen import Screen
from retention_engine.engine import Backtest, Difference, Shop
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
    club: str | None = None,
    json: bool = False,
) -> Exit:
    """Replay past orders through the production engine and count what the rules decide.

    Args:
        rules: the rules and policies, a TOML file.
        orders: the orders, as for import.
        from_: launch of the rules: what was due by then is history.
        to: the last instant, with an offset, or a date: its first instant in the shop's zone.
        diff: other rules and policies; show what they do otherwise.
        map_: which column means what, such as customer=CustomerID; may be given several times.
        mapping: the same as a TOML file.
        zone: the shop's time zone, also of times in the file that carry none; UTC unless said otherwise.
        club: the club that rules ask about and grant from, as module:NAME of a Python module.
        json: print JSON lines for programs.
    """
    screen = Screen(json=json)
    shops = [(file, shop_in(file)) for file in (rules, diff) if file is not None]
    start, end = instant_of(from_, "--from", zone), instant_of(to, "--to", zone)
    facts = _facts(screen, Table.of(orders, mapping, map_ or [], zone))
    runs = []
    for file, shop in shops:
        run = _run(screen, shop, facts, start=start, end=end, zone=zone, club=club_at(club))
        _show(screen, file, shop, run)
        runs.append(run)
    if diff is not None:
        _show_difference(screen, (rules, diff), difference(*runs), runs)
    return Exit.OK


def _facts(screen: Screen, table: Table) -> list[Fact]:
    with screen.progress("rows", None) as step:
        reading = table.read(seen=step)
        facts: list[Fact] = list(reading)
    for line in str(reading.report).splitlines():
        screen.say(line)
    return facts


def _run(screen: Screen, shop: Shop, facts: Sequence[Fact], **words: Any) -> Backtest:
    total = len({fact.customer for fact in facts if fact.customer is not None})
    with screen.progress("customers", total) as step:
        return backtest(shop.rules, facts, policies=shop.policies, progress=step, **words)


def _show(screen: Screen, file: Path, shop: Shop, run: Backtest) -> None:
    reasons = _reasons(run)
    screen.emit("backtest", rules=str(file), **run.as_dict(), reasons=reasons)
    counts = run.outcomes()
    outcomes = sorted({outcome for found in counts.values() for outcome in found})
    rows = [[rule.id, *(counts.get(rule.id, Counter())[outcome] or "" for outcome in outcomes)] for rule in shop.rules]
    screen.title(f"{file}: decisions by rule and outcome")
    screen.table(["rule", *outcomes], rows)
    if any(reasons.values()):
        screen.title("Dropped and deferred, by reason")
        screen.table(["reason", *reasons], _by_reason(reasons))
    screen.title("Messages per customer")
    screen.table(["messages", "customers"], _spread(run))
    screen.say(f"{len(run.over(A_WEEK)):,} of {run.customers:,} customers got more than {A_WEEK} in a week.")


def _reasons(run: Backtest) -> dict[str, dict[str, int]]:
    """Return outcome -> reason -> how often, of what was dropped or deferred."""
    counts = {outcome.value: Counter[str]() for outcome in (Outcome.DROP, Outcome.DEFER)}
    for each in run.decisions:
        if each.outcome.value in counts and each.reason is not None:
            counts[each.outcome.value][each.reason.value] += 1
    return {outcome: dict(sorted(found.items())) for outcome, found in counts.items()}


def _by_reason(counts: Mapping[str, Mapping[str, int]], *, sign: str = "") -> list[list[object]]:
    """Return a row for each reason, with its count for each outcome."""
    names = sorted({reason for found in counts.values() for reason in found})
    each = ((name, [found.get(name, 0) for found in counts.values()]) for name in names)
    return [[name, *(f"{count:{sign},}" if count and sign else count or "" for count in row)] for name, row in each]


def _change(first: Backtest, second: Backtest) -> dict[str, dict[str, int]]:
    """Return outcome -> reason -> how many more (or fewer, negative) in the second; equal ones are left out."""
    one, two = _reasons(first), _reasons(second)
    changes = {
        outcome: {name: two[outcome].get(name, 0) - one[outcome].get(name, 0) for name in one[outcome] | two[outcome]}
        for outcome in one
    }
    return {
        outcome: {name: count for name, count in sorted(found.items()) if count} for outcome, found in changes.items()
    }


def _spread(run: Backtest) -> list[list[object]]:
    """Return the distribution; the long tail as one row."""
    spread = sorted(run.distribution().items())
    rows: list[list[object]] = [[str(messages), customers] for messages, customers in spread[:MOST_SHOWN]]
    tail = spread[MOST_SHOWN:]
    return [*rows, [f"{tail[0][0]} or more", sum(customers for _, customers in tail)]] if tail else rows


def _show_difference(screen: Screen, files: tuple[Path, Path], found: Difference, runs: Sequence[Backtest]) -> None:
    first, second = files
    reasons = _change(*runs)
    screen.emit("difference", first=str(first), second=str(second), **found.as_dict(), reasons=reasons)
    screen.title(f"{second} against {first}: {found}")
    screen.table(["rule", "messages"], [[rule, f"{count:+,}"] for rule, count in found.sends.items()])
    screen.table(["dropped and deferred", *reasons], _by_reason(reasons, sign="+"))
    screen.say(f"{len(found.gained):,} messages only the second sends, {len(found.lost):,} only the first.")
