"""``retention-engine segment``: for whom a predicate holds, asked customer by customer or as one SQL query."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from cyclopts import CycloptsError, Parameter

from retention_engine import Engine, parse
from retention_engine.batch import DIALECTS, Query, query
from retention_engine.batch import members as members_of
from retention_engine.cli.exits import Exit
from retention_engine.cli.inputs import club_at, instant_of, moment_of, one_of, shop_in, store_at
from retention_engine.cli.screen import Screen
from retention_engine.engine import Member, check_asked, histories, members
from retention_engine.predicates import Truth
from retention_engine.state import History
from retention_engine.timing import to_text

MOST_SHOWN = 100


def segment(
    expression: str,
    /,
    *,
    db: str | None = None,
    rules: Path | None = None,
    at: str | None = None,
    zone: str = "UTC",
    club: str | None = None,
    sql: bool = False,
    show_sql: str | None = None,
    zones: str | None = None,
    every: Annotated[bool, Parameter(name="--all")] = False,
    json: bool = False,
) -> Exit:
    """List the customers for whom a predicate holds, and until when it does so by itself.

    Args:
        expression: such as 'orders.within(days(365)).count() >= 3'; with --rules also 'segment("name")'.
        db: the store.
        rules: a TOML file with the segments that the expression names.
        at: an instant with an offset, or a date; left out, the instant the store was advanced to.
        zone: the shop's time zone, UTC unless said otherwise.
        club: the club that member.* asks about, as module:NAME of a Python module.
        sql: ask all customers with one SQL query in DuckDB.
        show_sql: print the query over your own tables in this dialect instead, such as postgres; needs --at.
        zones: with --show-sql, the zones that customers have, parted by commas, where their calendar is asked for.
        every: list every customer; left out, the first 100.
        json: print JSON lines for programs.
    """
    screen = Screen(json=json)
    predicate = parse(expression, segments={} if rules is None else shop_in(rules).rules.segments)
    if show_sql is not None:
        if at is None:
            raise CycloptsError("--show-sql needs --at, the instant to ask about")
        one_of(show_sql, "--show-sql", DIALECTS)
        known = None if zones is None else zones.split(",")
        instant = instant_of(at, "--at", zone)
        return _tell_sql(screen, query(predicate, at=instant, dialect=show_sql, shop_zone=zone, zones=known), instant)
    if db is None:
        raise CycloptsError("--db is needed: the store whose customers are asked")
    asked_club = club_at(club)
    check_asked([predicate], asked_club)
    with Engine([], store=store_at(db), zone=zone, club=asked_club) as engine, screen.progress("customers", None):
        instant = moment_of(engine, at, zone)
        known_then = list(histories(engine.store, instant, engine.club))
    found = (_as_query if sql else _one_by_one)(predicate, known_then, instant, zone)
    _tell(screen, found, every=every)
    counts = {"members": len(found), "customers": len(known_then)}
    screen.emit(
        "segment", expression=str(predicate), at=to_text(instant), reading="sql" if sql else "customer", **counts
    )
    more = "" if every or len(found) <= MOST_SHOWN else f"; {len(found) - MOST_SHOWN:,} more with --all"
    screen.say(f"{len(found):,} of {len(known_then):,} customers at {to_text(instant)}{more}")
    return Exit.OK


def _one_by_one(predicate: Truth, asked: Sequence[History], at: int, zone: str) -> list[Member]:
    return list(members(predicate, asked, at=at, zone=zone))


def _as_query(predicate: Truth, histories: Sequence[History], at: int, zone: str) -> list[Member]:
    found = members_of({"members": predicate}, histories, at=at, shop_zone=zone)
    return [Member(customer, None) for customer in found["members"]]


def _tell(screen: Screen, found: Sequence[Member], *, every: bool) -> None:
    for member in found:
        screen.emit("member", customer=member.customer, until=None if member.until is None else to_text(member.until))
    shown = found if every else found[:MOST_SHOWN]
    rows = [[each.customer, "" if each.until is None else to_text(each.until)] for each in shown]
    screen.table(["customer", "may turn by itself"], rows)


def _tell_sql(screen: Screen, asked: Query, at: int) -> Exit:
    screen.emit("sql", expression=asked.predicates[0], at=to_text(at), dialect=asked.dialect, sql=asked.sql)
    screen.say(asked.sql)
    return Exit.OK
