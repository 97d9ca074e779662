"""Real exports: every row of two shops is accounted for, and importing again changes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from retention_engine.facts import content
from retention_engine.intake import Report, Row, Skip, orders_from_rows, read_rows
from tests.intake._exports import CDNOW, RETAIL

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def retail(shared_data: Path) -> Path:
    """Return the file with the 525,461 lines of Online Retail."""
    pytest.importorskip("duckdb", reason="the extra duckdb is not installed")
    return shared_data / "online_retail" / "online_retail_2009_2010.parquet"


def contents(rows: Iterable[Row]) -> tuple[dict[str, str], Report]:
    """Return the content of every fact by its id, and the report."""
    reading = orders_from_rows(rows, RETAIL)
    return {fact.id: content(fact) for fact in reading}, reading.report


def sql(query: str, *values: object) -> list[Any]:
    """Return what DuckDB answers: the independent count."""
    import duckdb

    with duckdb.connect(":memory:") as base:
        return list(base.execute(query, values).fetchall())


def test_every_line_is_accounted_for(retail: Path) -> None:
    """Cancellations and guests are as many as SQL counts; nothing is refused, nothing vanishes."""
    counted = """select count(*), count(distinct invoice), count(*) filter (invoice like 'C%'),
        count(distinct invoice) filter (invoice like 'C%'),
        count(*) filter (customer_id is null and invoice not like 'C%' and not list_contains(?, stock_code)),
        count(*) filter (invoice not like 'C%' and list_contains(?, stock_code)) from read_parquet(?)"""
    ignored = list(RETAIL.ignored)
    (expected,) = sql(counted, ignored, ignored, str(retail))
    reading = orders_from_rows(read_rows(retail), RETAIL)
    assert sum(1 for _ in reading) == reading.report.facts == 18_966
    report, skipped = reading.report, reading.report.skipped
    cancelled = skipped[Skip.CANCELLATION]
    found = (cancelled.rows, cancelled.orders, skipped[Skip.GUEST].rows, skipped[Skip.IGNORED].rows)
    assert (report.rows, *found) == (expected[0], *expected[2:])
    assert expected[:4] == (525_461, 28_816, 10_206, 4_592)
    assert report.rows == report.used + sum(tally.rows for tally in skipped.values())
    assert (report.refused.rows, report.problems) == (0, [])


def test_totals_are_those_of_sql(retail: Path) -> None:
    """The money of every order, to the penny, is what DuckDB sums up in exact decimals."""
    summed = """select invoice, sum(cast(price as decimal(12, 3)) * quantity * 100)::bigint
        from (from read_parquet(?) limit 100000)
        where customer_id is not null and not starts_with(invoice, 'C') and not list_contains(?, stock_code)
        group by invoice having count(*) filter (not list_contains(?, stock_code)) > 0"""
    expected = dict(sql(summed, str(retail), list(RETAIL.ignored), list(RETAIL.charges)))
    found = orders_from_rows(islice(read_rows(retail), 100_000), RETAIL)
    assert {fact.order.id: fact.order.total.amount for fact in found} == expected


def since(retail: Path, start: datetime) -> Iterator[Row]:
    """Yield the lines from an instant on."""
    rows: Iterator[Any] = read_rows(retail)
    return (row for row in rows if row["invoice_date"] >= start)


def test_the_last_ten_days_again_are_the_same_facts(retail: Path) -> None:
    """An export that overlaps gives ids and contents that are known already."""
    before, _ = contents(since(retail, datetime(2010, 11, 1)))  # noqa: DTZ001  # as in the file: London's wall
    again, report = contents(since(retail, datetime(2010, 11, 29)))  # noqa: DTZ001  # as above
    assert (report.facts, report.used) == (986, 19_145)
    assert len(before) > len(again)
    assert again.items() <= before.items()


def test_the_order_of_the_lines_does_not_matter(retail: Path) -> None:
    """A tenth of the file read backwards gives the same facts."""
    rows = list(islice(read_rows(retail), 50_000))
    assert contents(reversed(rows))[0] == contents(rows)[0]


def test_a_cut_through_an_invoice_is_seen(retail: Path) -> None:
    """Rows from the middle of an invoice on: its content differs under a known id, and the report names it."""
    whole, _ = contents(islice(read_rows(retail), 3000))
    cut, report = contents(islice(read_rows(retail), 5, 2000))
    differing = {name for name, text in cut.items() if whole[name] != text}
    assert report.edges is not None
    assert f"order:{report.edges[0]}" in differing
    assert differing <= {f"order:{name}" for name in report.edges}


def cdnow(shared_data: Path) -> Iterator[Row]:
    """Return the rows of the CDNOW sample."""
    return read_rows(shared_data / "cdnow" / "cdnow_sample.csv.gz")


def test_a_file_without_order_ids_is_read_row_by_row(shared_data: Path) -> None:
    """CDNOW: 6,919 purchases of 2,357 customers, none lost, ids the same at the second reading."""
    facts = list(orders_from_rows(cdnow(shared_data), CDNOW))
    assert len(facts) == len({fact.id for fact in facts}) == 6_919
    assert len({fact.customer for fact in facts}) == 2_357
    assert facts == list(orders_from_rows(cdnow(shared_data), CDNOW))
