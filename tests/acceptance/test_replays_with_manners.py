"""Real orders replayed with five competing rules, caps, quiet hours and a holdout of ten percent; checked by SQL."""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from retention_engine import Delay, Engine, Rule, Send, after, days, entering, entry, on, orders
from retention_engine.arbitration import AtMost, CalendarCap, Holdout, QuietHours
from retention_engine.cli.cdnow import data_file, read_orders
from retention_engine.facts import Fact
from retention_engine.intake import orders_from_rows, read_rows
from retention_engine.keys import bucket
from retention_engine.timing import DAY, to_instant, to_utc, zone
from tests.intake._exports import CDNOW, RETAIL

RULES = [
    Rule("thanks", on(orders), Send("thanks"), valid_for=days(2), priority=5),
    Rule("review", after(orders, days(14)), Send("review"), valid_for=days(3), at_cap="drop"),
    Rule("win-back-30", entering(orders.last().age >= days(30)), Send("miss-you"), valid_for=days(7), at_cap="best"),
    Rule("win-back-60", entering(orders.last().age >= days(60)), Send("offer"), valid_for=days(7), priority=2),
    Rule(
        "second-order",
        after(orders, days(28)),
        Send("bonus"),
        Delay(days(3)),
        Send("last-call"),
        when=orders.count() == 1,
        exit_when=orders.since(entry).exists(),
        priority=1,
        value=500,
    ),
]
CAP, DAILY = 2, 1
POLICIES = [
    AtMost(CAP, per=days(21)),
    CalendarCap(DAILY, per="day"),
    QuietHours("22:00", "09:00"),
    Holdout(10, salt="replay"),
]


@pytest.fixture(scope="module", params=["cdnow", "online-retail"])
def shop(request) -> tuple[list[Fact], str, int, int]:
    """Return facts, the shop's zone, the launch and the end; where the data is missing, the test is skipped."""
    if request.param == "cdnow":
        bounds = (to_instant("1997-01-01T00:00:00+00:00") - 1, to_instant("1998-07-01T00:00:00+00:00"))
        try:
            whole: list[Fact] = list(read_orders(data_file()))
            facts = [fact for fact in whole if int(fact.customer or 0) % 8 == 1]
        except FileNotFoundError:
            folder = request.getfixturevalue("shared_data")
            facts = list(orders_from_rows(read_rows(folder / "cdnow" / "cdnow_sample.csv.gz"), CDNOW))
        return facts, "America/New_York", *bounds
    pytest.importorskip("duckdb", reason="the extra duckdb is not installed")
    path = request.getfixturevalue("shared_data") / "online_retail" / "online_retail_2009_2010.parquet"
    bounds = (to_instant("2009-12-01T00:00:00+00:00"), to_instant("2010-12-10T00:00:00+00:00"))
    bought = list(orders_from_rows(read_rows(path), RETAIL))
    return [fact for fact in bought if int(fact.customer or 0) % 3 == 1], "Europe/London", *bounds


@pytest.mark.slow
def test_no_customer_is_above_the_cap_woken_at_night_or_held_out_in_vain(shop, tmp_path: Path) -> None:
    """Sends, deferrals and drops by reason; the journal of the file is asked by SQL that knows nothing of us."""
    facts, where, start, end = shop
    path = tmp_path / "shop.db"
    with Engine(RULES, store=f"sqlite:///{path}", zone=where, since=start, policies=POLICIES) as engine:
        engine.record(facts)
        made = engine.advance(end).decisions
    report = Counter((each.outcome.value, each.reason.value if each.reason else "") for each in made)
    print(*(f"{count:7} {outcome} {reason}" for (outcome, reason), count in sorted(report.items())), sep="\n")

    for outcome in (("act", ""), ("defer", "quiet_hours"), ("defer", "frequency_cap"), ("drop", "holdout")):
        assert report[outcome] > 50, outcome
    with closing(sqlite3.connect(path)) as base:
        sent = base.execute(SENT).fetchall()
        assert len(sent) == report["act", ""]
        assert base.execute(f"WITH sent AS ({SENT}) {OVER}", [21 * DAY, CAP]).fetchall() == []
        assert base.execute(f"WITH sent AS ({SENT}) {OVER}", [21 * DAY, CAP - 1]).fetchall() != []
    local = [(customer, to_utc(at).astimezone(zone(where))) for customer, at in sent]
    assert all(10 <= clock.hour < 21 for _, clock in local)  # their zone is not known: an hour more on both sides
    assert max(Counter((customer, clock.date()) for customer, clock in local).values()) == DAILY
    held_out = {fact.customer for fact in facts if bucket(str(fact.customer), "replay") < 1_000}
    assert held_out
    assert held_out.isdisjoint(customer for customer, _ in sent)


SENT = "SELECT customer, at FROM journal WHERE json_extract(body, '$.action.kind') = 'send' ORDER BY customer, at"
OVER = """
    SELECT one.customer, one.at, count(*) FROM sent AS one
    JOIN sent AS other ON other.customer = one.customer AND other.at > one.at - ? AND other.at <= one.at
    GROUP BY one.customer, one.at HAVING count(*) > ?
"""
