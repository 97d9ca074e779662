"""``retention-engine segment``: for whom a predicate holds, asked customer by customer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from retention_engine import Engine, parse
from retention_engine.cli.exits import Exit
from retention_engine.cli.inputs import moment_of, rules_in, store_at
from retention_engine.cli.screen import Screen
from retention_engine.predicates import Truth, Verdict
from retention_engine.ports import Store
from retention_engine.state import History, fold
from retention_engine.timing import to_text
from retention_engine.view import View, zone_of

BATCH = 1_000
MOST_SHOWN = 100


def segment(
    expression: str,
    /,
    *,
    db: str,
    rules: Path | None = None,
    at: str | None = None,
    zone: str = "UTC",
    all: bool = False,  # noqa: A002 - the name of the option
    json: bool = False,
) -> Exit:
    """List the customers for whom a predicate holds, and until when it does so by itself.

    Args:
        expression: such as 'orders.within(days(365)).count() >= 3'; with --rules also 'segment("name")'.
        db: the store.
        rules: a TOML file with the segments that the expression names.
        at: an instant with an offset, or a date; left out, the instant the store was advanced to.
        zone: the shop's time zone.
        all: list every customer; left out, the first 100.
        json: print JSON lines for programs.
    """
    screen = Screen(json=json)
    predicate = parse(expression, segments={} if rules is None else rules_in(rules).segments)
    with Engine([], store=store_at(db), zone=zone) as engine:
        instant = moment_of(engine, at, zone)
        with screen.progress("customers", None) as step:
            asked = list(_ask(engine.store, predicate, instant, zone))
    members = [(customer, verdict) for customer, verdict in asked if verdict.holds]
    for customer, verdict in members:
        screen.emit("member", customer=customer, until=_until(verdict))
    counts = {"members": len(members), "customers": len(asked)}
    screen.emit("segment", expression=str(predicate), at=to_text(instant), **counts)
    shown = members if all else members[:MOST_SHOWN]
    screen.table(["customer", "until"], [[customer, _until(verdict) or "a new fact"] for customer, verdict in shown])
    more = f"; {len(members) - len(shown):,} more with --all" if len(shown) < len(members) else ""
    screen.say(f"{len(members):,} of {len(asked):,} customers at {to_text(instant)}{more}")
    return Exit.OK


def _ask(store: Store, predicate: Truth, at: int, zone: str) -> Iterator[tuple[str, Verdict]]:
    """Yield each customer known at an instant with the answer."""
    after = ""
    while customers := store.roster.customers(after, BATCH):
        for customer, facts in store.facts.of(customers).items():
            known = [fact for fact in facts if fact.effective <= at]
            history = fold(History(customer), known)
            if known:
                yield customer, predicate.verdict(View(history, at, zone_of(history, zone)))
        after = customers[-1]


def _until(verdict: Verdict) -> str | None:
    return None if verdict.until is None else to_text(verdict.until)
