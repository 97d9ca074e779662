"""Tick invariance and an independent oracle on real purchases: CDNOW, 1997-98 (Fader and Hardie)."""

import random

import pytest

from retention_engine import Delay, Engine, Rule, Send, after, days, entering, entry, on, orders
from retention_engine.cli.cdnow import data_file, read_orders
from retention_engine.intake import orders_from_rows, read_rows
from retention_engine.stores.codec import decision_text
from retention_engine.testing import essence, oracle
from retention_engine.timing import DAY, to_instant
from tests.intake._exports import CDNOW

START, END = to_instant("1997-01-01T00:00:00+00:00") - 1, to_instant("1998-07-01T00:00:00+00:00")
SPANS = (30, 60, 90)
WIN_BACK = [Rule(f"win-back-{span}", entering(orders.last().age >= days(span)), Send("we-miss-you")) for span in SPANS]
JOURNEY = [
    Rule("thanks", on(orders), Send("thanks"), when=orders.count() == 1),
    Rule(
        "second-order",
        after(orders, days(45)),
        Send("bonus"),
        Delay(days(3)),
        Send("last-call"),
        when=orders.count() == 1,
        exit_when=orders.since(entry).exists(),
    ),
]


@pytest.fixture(scope="module")
def purchases(request):
    """Return the 69,659 orders of 23,570 customers as facts; where they are not installed, a tenth of them."""
    try:
        return list(read_orders(data_file()))
    except FileNotFoundError:
        folder = request.getfixturevalue("shared_data")
    return list(orders_from_rows(read_rows(folder / "cdnow" / "cdnow_sample.csv.gz"), CDNOW))


@pytest.fixture(scope="module")
def sample(purchases):
    """Return the orders of about twelve hundred customers."""
    customers = sorted({fact.customer for fact in purchases})
    kept = set(customers[:: max(1, len(customers) // 1_200)])
    return [fact for fact in purchases if fact.customer in kept]


def decided(facts, cuts) -> list[str]:
    """Return the decisions as text, of an engine that is told everything and advanced from cut to cut."""
    engine = Engine([*WIN_BACK, *JOURNEY], since=START)
    engine.record(facts)
    return [decision_text(each) for cut in cuts for each in engine.advance(cut).decisions]


def test_win_back_instants_equal_an_independent_sql_query(purchases):
    """All customers in one advance: each silence of 30, 60 and 90 days is met at its instant, and no other."""
    duckdb = pytest.importorskip("duckdb", reason="the extra duckdb is not installed")
    rows = [(fact.customer, fact.order.at) for fact in purchases]
    with duckdb.connect(":memory:") as base:
        base.execute("CREATE TABLE bought (customer TEXT, moment BIGINT)")
        base.execute(
            "INSERT INTO bought SELECT unnest(?), unnest(?)", [[row[0] for row in rows], [row[1] for row in rows]]
        )
        query = """
            WITH silence AS (
                SELECT customer, moment, LEAD(moment) OVER (PARTITION BY customer ORDER BY moment) AS following
                FROM (SELECT DISTINCT customer, moment FROM bought)
            )
            SELECT customer, 'win-back-' || span, moment + span * ?::BIGINT
            FROM silence, (SELECT unnest([30, 60, 90]) AS span)
            WHERE moment + span * ?::BIGINT <= ?::BIGINT
              AND (following IS NULL OR following > moment + span * ?::BIGINT)
        """
        expected = set(base.execute(query, [DAY, DAY, END, DAY]).fetchall())
    engine = Engine(WIN_BACK, since=START)
    engine.record(purchases)
    advance = engine.advance(END)
    found = [(each.customer, each.rule, each.at) for each in advance.decisions]
    customers = {fact.customer for fact in purchases}
    assert advance.evaluated >= len(customers) > 2_000
    assert len(found) == len(set(found)) > 3 * len(customers)
    assert set(found) == expected


def test_days_and_random_steps_decide_the_same_bytes_as_one_advance(sample):
    """However time is cut, the journal is the same to the byte."""
    whole = decided(sample, [END])
    chance = random.Random(1998)
    cuts = sorted(chance.randrange(START, END) for _ in range(40))
    assert len(whole) > 4_000
    assert decided(sample, [*range(START, END, DAY), END]) == whole
    assert decided(sample, [*cuts, END]) == whole


def test_the_order_of_recording_and_repeats_change_nothing(sample):
    """Shuffled, in pieces, and a third of it twice: the same decisions."""
    engine = Engine([*WIN_BACK, *JOURNEY], since=START)
    shuffled = random.Random(97).sample(sample, len(sample))
    for place in range(0, len(shuffled), 700):
        engine.record(shuffled[place : place + 700])
    repeated = engine.record(sample[: len(sample) // 3])
    assert repeated.new == 0
    assert [decision_text(each) for each in engine.advance(END).decisions] == decided(sample, [END])


def test_the_brute_force_oracle_decides_the_same(sample):
    """Every rule asked at every instant that could matter, for a few dozen customers."""
    few = set(sorted({fact.customer for fact in sample})[::40])
    facts = [fact for fact in sample if fact.customer in few]
    engine = Engine([*WIN_BACK, *JOURNEY], since=START)
    engine.record(facts)
    made = engine.advance(END).decisions
    assert len(made) > 3 * len(few) > 60
    assert essence(made) == essence(oracle([*WIN_BACK, *JOURNEY], facts, since=START, to=END))
