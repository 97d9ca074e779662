"""The account of an import adds up and reads well."""

from __future__ import annotations

import pytest

from retention_engine.errors import FactError
from retention_engine.facts import Fact, OrderPlaced
from retention_engine.intake import Problem, Reading, Report, Skip
from retention_engine.intake.report import Tally
from tests.facts._facts import ORDER


def test_a_problem_says_where() -> None:
    """Row and field, or the row alone."""
    assert str(Problem(7, "total", "is missing")) == "row 7, field total: is missing"
    assert str(Problem(7, "", "is missing")) == "row 7: is missing"


def test_a_tally_keeps_the_first_examples() -> None:
    """Rows and orders are counted, three examples kept."""
    tally = Tally()
    for number in range(5):
        tally.add(2, f"row {number}")
    assert (tally.rows, tally.orders, tally.examples) == (10, 5, ["row 0", "row 1", "row 2"])


def test_problems_are_kept_up_to_a_hundred() -> None:
    """A file of rubbish does not fill the memory; the rows are counted all the same."""
    report = Report()
    for number in range(300):
        report.refuse([Problem(number, "a", "is wrong"), Problem(number, "b", "is wrong")], 1, f"row {number}")
    assert (len(report.problems), report.refused.rows) == (100, 300)


def test_a_strict_report_raises_the_first_problem() -> None:
    """The error has the place of the problem."""
    with pytest.raises(FactError, match="row 7, field total: is missing") as caught:
        Report(strict=True).refuse([Problem(7, "total", "is missing")], 1, "row 7")
    assert caught.value.place == "row 7, field total"


def test_it_reads_well() -> None:
    """A line per fate, then the first problems."""
    report = Report(rows=1234, used=1230, facts=600)
    report.skip(Skip.GUEST, 3, "row 5 (order 9)")
    report.refuse([Problem(7, "total", "is missing")], 1, "row 7 (order 3)")
    assert str(report).splitlines() == [
        "1,234 rows: 1,230 of them in 600 facts",
        "  skipped, guest: 3 rows in 1 orders, such as row 5 (order 9)",
        "  refused: 1 rows in 1 orders, such as row 7 (order 3)",
        "  row 7, field total: is missing",
    ]


def test_a_reading_counts_what_it_gives() -> None:
    """Facts are counted as they are taken."""
    fact: Fact = OrderPlaced.of(ORDER)
    reading = Reading(Report(), iter([fact, fact]))
    assert next(reading) is fact
    assert reading.report.facts == 1
    assert list(reading) == [fact]
    assert reading.report.facts == 2
