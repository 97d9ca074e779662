"""Online Retail 2009-10 (UCI, CC BY 4.0) through the engine: guests, cancellations, and an import that overlaps."""

from pathlib import Path

import pytest

from retention_engine import Engine, Rule, Send, after, days, entering, orders
from retention_engine.intake import orders_from_rows, read_rows
from retention_engine.timing import DAY, to_instant
from tests.intake._exports import RETAIL

START, END = to_instant("2009-12-01T00:00:00+00:00"), to_instant("2010-12-10T00:00:00+00:00")
OVERLAP = to_instant("2010-11-29T00:00:00+00:00")
RULES = [
    Rule("win-back", entering(orders.last().age >= days(45)), Send("we-miss-you")),
    Rule("regular", entering(orders.within(days(90)).count() >= 3), Send("club")),
    Rule("review", after(orders, days(14)), Send("review"), re_entry=days(60), valid_for=days(3)),
]


@pytest.fixture(scope="module")
def invoices(shared_data: Path):
    """Return the orders made of 525,461 lines."""
    pytest.importorskip("duckdb", reason="the extra duckdb is not installed")
    return list(orders_from_rows(read_rows(shared_data / "online_retail" / "online_retail_2009_2010.parquet"), RETAIL))


def test_importing_the_last_ten_days_twice_decides_the_same(invoices):
    """18,966 invoices of known customers; the overlap is known already and changes no decision."""
    once, twice = (Engine(RULES, since=START, zone="Europe/London") for _ in range(2))
    for engine in (once, twice):
        assert engine.record(invoices).new == 18_966
    late = [fact for fact in invoices if fact.at >= OVERLAP]
    assert twice.record(late).repeated == len(late) > 900
    first = once.advance(END).decisions
    assert len(first) > 20_000
    assert twice.advance(END).decisions == first


def test_an_overlap_that_comes_after_the_fact_changes_nothing_either(invoices):
    """Live until the last ten days, then a file that covers them, then the same file again."""
    live = Engine(RULES, since=START, zone="Europe/London")
    whole = Engine(RULES, since=START, zone="Europe/London")
    kept = [fact for fact in invoices if int(fact.customer or 0) % 5 == 0]
    whole.record(kept)
    live.record([fact for fact in kept if fact.at < OVERLAP + 5 * DAY])
    made = live.advance(OVERLAP).decisions
    for _ in range(2):
        live.record([fact for fact in kept if fact.at >= OVERLAP])
    assert made + live.advance(END).decisions == whole.advance(END).decisions
