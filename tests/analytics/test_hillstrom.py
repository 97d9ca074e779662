"""The Hillstrom e-mail test (Kevin Hillstrom, MineThatData, 2008): 64,000 customers, two mailings, and no e-mail."""

from __future__ import annotations

import csv
import gzip
import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from retention_engine.analytics import Arm, Comparison, Spend, compare, cuped

pytest.importorskip("scipy", reason="the extra analytics is not installed")
ARMS = ("No E-Mail", "Mens E-Mail", "Womens E-Mail")


@pytest.fixture(scope="module")
def rows(shared_data: Path) -> dict[str, list[dict[str, str]]]:
    """Return the customers by what they were sent."""
    file = shared_data / "hillstrom" / "hillstrom.csv.gz"
    if not file.is_file():
        pytest.skip(f"no Hillstrom data at {file}")
    found = defaultdict(list)
    with gzip.open(file, "rt", encoding="utf-8") as opened:
        for row in csv.DictReader(opened):
            found[row["segment"]].append(row)
    return dict(found)


def read(rows: dict[str, list[dict[str, str]]], outcome: str) -> Comparison:
    """Compare both mailings with no e-mail by one outcome."""
    return compare(*(_arm(name, rows[name], outcome) for name in ARMS))


def _arm(name: str, rows: list[dict[str, str]], outcome: str) -> Arm:
    spends = Spend.of(float(row["spend"]) for row in rows if float(row["spend"]))
    return Arm(name, len(rows), sum(int(row[outcome]) for row in rows), spends)


def test_the_split_and_the_rates_are_as_published(rows: dict[str, Any], shared_data: Path) -> None:
    """Arms and visit rates are those of the reference figures; the split is sound, p = .904."""
    published = json.loads((shared_data / "reference_values_published.json").read_text("utf-8"))["hillstrom"]
    found = read(rows, "visit")
    arms = [found.effects[0].control, *(effect.treatment for effect in found.effects)]
    assert {arm.name: arm.customers for arm in arms} == published["n"]
    assert {arm.name: round(arm.rate, 4) for arm in arms} == published["visit"]
    assert not found.sample_ratio.flagged
    assert found.sample_ratio.p == pytest.approx(0.904, abs=0.0005)


def test_visits_rise_as_published(rows: dict[str, Any]) -> None:
    """By 7.66 percentage points (7.00 to 8.32) and 4.52; both are better however often one looks."""
    mens, womens = read(rows, "visit").effects
    found = [round(100 * one, 2) for one in (mens.conversion.estimate, mens.conversion.low, mens.conversion.high)]
    assert found == [7.66, 7.00, 8.32]
    assert round(100 * womens.conversion.estimate, 2) == 4.52
    assert [effect.verdict for effect in (mens, womens)] == ["better", "better"]


def test_conversions_rise_as_published(rows: dict[str, Any]) -> None:
    """By 0.681 and 0.311 percentage points."""
    effects = read(rows, "conversion").effects
    assert [round(100 * effect.conversion.estimate, 3) for effect in effects] == [0.681, 0.311]
    assert not any(effect.conversion.low <= 0 for effect in effects)


def test_spend_rises_as_published(rows: dict[str, Any]) -> None:
    """By 0.770 and 0.424 dollars a customer; Welch and the bootstrap agree to within some cents."""
    for effect, published in zip(read(rows, "conversion").effects, (0.770, 0.424), strict=True):
        assert effect.spend is not None
        assert effect.resampled is not None
        assert round(effect.spend.estimate, 3) == published
        assert effect.spend.low > 0 < effect.resampled.low
        assert effect.resampled.low == pytest.approx(effect.spend.low, abs=0.05)
        assert effect.resampled.high == pytest.approx(effect.spend.high, abs=0.1)


def test_history_that_foretells_little_helps_little(rows: dict[str, Any]) -> None:
    """Last year's spend hardly foretells two weeks: the adjusted interval is no wider, and not much narrower."""
    pairs = [[(float(row["history"]), float(row["spend"])) for row in rows[name]] for name in ARMS[:2]]
    found = cuped(*pairs)
    widths = [one.high - one.low for one in (found.plain, found.adjusted)]
    assert 0.99 < widths[1] / widths[0] < 1
    assert found.adjusted.estimate == pytest.approx(0.770, abs=0.01)
