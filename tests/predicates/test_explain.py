"""An explanation says what was found, whether it holds, and what would change that; always as the verdict does."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from timeit import repeat
from typing import Any

import pytest
from attrs import frozen
from hypothesis import given

from retention_engine.predicates import (
    Collection,
    Explanation,
    Node,
    Truth,
    Verdict,
    at_least,
    because,
    bucket,
    carts,
    customer,
    dates,
    entry,
    events,
    explain,
    item,
    local,
    month_day,
    orders,
    parse,
    purchases,
    segment,
    yearly,
)
from retention_engine.predicates.explain import inside
from retention_engine.testing import Case, cases
from retention_engine.timing import LATEST, days, hours, microseconds, minutes, seconds
from retention_engine.view import View
from tests.predicates._shop import START, bought, expires, happened, knows, line, see


def told(predicate: Truth, *facts: Any, day: float = 0, **more: Any) -> tuple[str, str]:
    """Return what was found on a day, and what changes it."""
    found = explain(predicate, see(*facts, day=day, **more))
    return found.value, found.turns


def test_the_screen_of_the_architecture_page() -> None:
    """The table says what was found and when it turns by itself, aligned."""
    lapsed = orders.exists() & (orders.last().age >= days(45))
    assert explain(lapsed, see(bought("812", 0.5), day=22.5)).lines() == [
        "orders.exists()                  yes   last 2026-03-01 (order 812); only a fact about orders changes it",
        "orders.last().age >= days(45)    no    22 days; turns true 2026-04-15 12:00 by itself",
    ]


VALUES = [
    (orders.exists(), "last 2026-03-09 (order b)"),
    (carts.exists(), "none"),
    (orders.count() >= 3, "2 of 3"),
    (orders.count() > 2.5, "2 of 3"),
    (orders.count() >= 2, "2"),
    (orders.count() < 9, "2"),
    (orders.last().age >= days(45), "2 days"),
    (orders.first().age >= days(45), "10 days"),
    (carts.last().age >= days(45), "none"),
    (orders.first().is_set(), "2026-03-01 (order a)"),
    (carts.last().is_set(), "none"),
    (orders.sum("total") > 1, "350"),
    (orders.mean("total") > 1, "175"),
    (orders.max("total") > 1, "250"),
    (carts.max("value") > 1, "none"),
    (orders.last("channel") == "shop", "none"),
    (orders.last("currency") == "USD", "'EUR'"),
    (orders.gaps().max("gap") > days(3), "8 days"),
    (orders.gaps().exists(), "last 2026-03-09 (order b)"),
    (purchases.exists(), "last 2026-03-09 (purchase b#0000)"),
    (events("quiz").where(item.score > 1).exists(), "last 2026-03-02 (quiz q)"),
    (events("quiz").last("score") == 3, "7"),
    (customer.city == "Moscow", "'Bath'"),
    (customer.points > 3, "not set"),
    (customer.city > 3, "'Bath'"),
    (customer.expiry.is_set(), "2026-03-21 00:00"),
    (customer.expiry.ahead > days(3), "in 10 days"),
    (customer.expiry.age > days(3), "2026-03-21 00:00, still to come"),
    (customer.past.ahead > days(3), "2026-02-28 00:00, past"),
    (customer.past.age > days(3), "11 days"),
    (customer.points.age > days(3), "not set"),
    (customer.city.age > days(3), "'Bath'"),
    (local.hour >= 9, "0"),
    (local.weekday == "mon", "'wed'"),
    (bucket("s") < 1, "9155"),
    (yearly(month_day(3, 8)), "03-08, today 2026-03-11"),
    (yearly(customer.birthday), "no date"),
    (dates("2026-03-01", "2026-03-02"), "today 2026-03-11"),
    (at_least(1, orders.exists(), carts.exists()), "1 of 2"),
    (~orders.exists(), "last 2026-03-09 (order b)"),
    (segment("s", orders.exists()), ""),
]
FACTS = [
    bought("a", 0, lines=(line(),)),
    bought("b", 8, 250, lines=(line(),)),
    happened("q", 1, score=7),
    *knows(city="Bath"),
    expires("expiry", 20),
    expires("past", -1),
]


@pytest.mark.parametrize(("predicate", "value"), VALUES)
def test_what_was_found_is_shown(predicate: Truth, value: str) -> None:
    """Counts against what is needed, records with their day and id, lengths of time in their largest unit."""
    assert told(predicate, *FACTS, day=10)[0] == value


LENGTHS = [
    (days(400), "400 days"),
    (days(2), "2 days"),
    (days(1), "1 day"),
    (hours(29), "1 day 5 hours"),
    (hours(3), "3 hours"),
    (minutes(61), "1 hour 1 minute"),
    (minutes(1449), "1 day"),
    (seconds(61), "1 minute 1 second"),
    (seconds(1), "1 second"),
    (microseconds(5), "0 seconds"),
]


@pytest.mark.parametrize(("span", "text"), LENGTHS)
def test_a_length_of_time_reads_well(span: Any, text: str) -> None:
    """The largest unit, rounded down, and the next one while the number is small."""
    assert told(orders.last().age < days(1), bought("a", -span.micros / days(1).micros))[0] == text


TURNS = [
    (orders.last().age < days(3), "turns false 2026-03-12 00:00 by itself"),
    (orders.last().age >= days(3), "turns true 2026-03-12 00:00 by itself"),
    (~(orders.last().age >= days(3)), "turns false 2026-03-12 00:00 by itself"),
    (orders.exists(), "only a fact about orders changes it"),
    (events("quiz").exists(), "only a fact about events('quiz') changes it"),
    (orders.since(entry).exists(), "only a fact about orders changes it"),
    (dates("2026-03-01", "2026-03-02"), "only a fact about customer.zone changes it"),
    (orders.exists() | carts.exists(), "only a fact about carts or orders changes it"),
    ((orders.last().age < days(3)) & orders.exists(), "may turn 2026-03-12 00:00 by itself"),
    (bucket("s") < 1, "nothing changes it"),
]


@pytest.mark.parametrize(("predicate", "turns"), TURNS)
def test_what_would_change_it_is_said(predicate: Truth, turns: str) -> None:
    """Either the instant at which it turns by itself, or whose facts would turn it."""
    assert told(predicate, *FACTS, day=10)[1] == turns


def test_a_horizon_beyond_the_calendar_is_said_in_words() -> None:
    """An age counted in centuries ends after the last year there is."""
    never = days(200_000)
    late = expires("late", (LATEST - START) / days(1).micros - 500)
    found = explain(customer.late.age > never, View(see(late).history, LATEST - days(1).micros, see().where))
    assert found.turns == "turns true after the year 9999 by itself"
    assert found.as_dict()["until"] == "9999-12-29T00:00:00Z"


def test_groups_are_indented_below_their_heading() -> None:
    """The outermost "and" has no heading; every other group has one."""
    neither = ~(orders.exists() & carts.exists())
    nested = orders.exists() & (carts.exists() | neither | segment("s", carts.exists()))
    found = explain(nested & at_least(2, *map(parse, ("views.exists()", "visits.exists()", "tags.exists()"))), see())
    assert [re.split(r" {4,}(?=yes|no)", row)[0] for row in found.lines()] == [
        "orders.exists()",
        "at least one of",
        "  carts.exists()",
        "  not all of",
        "    orders.exists()",
        "    carts.exists()",
        "  segment 's'",
        "    carts.exists()",
        "at least 2 of 3",
        "  views.exists()",
        "  visits.exists()",
        "  tags.exists()",
    ]


def test_the_leaves_are_all_the_questions() -> None:
    """A negated question counts as one; the parts of a group stand in their order."""
    asked = ~carts.exists() & segment("s", orders.exists() | ~(local.hour < 9))
    assert [leaf.text for leaf in explain(asked, see()).leaves()] == [
        "not carts.exists()",
        "orders.exists()",
        "not local.hour < 9",
    ]


def test_long_expressions_do_not_push_the_columns_away() -> None:
    """The first column is at most 60 wide; a longer text stands as it is."""
    long = orders.where(channel="x" * 60)
    lines = explain(long.exists() & orders.exists(), see()).lines()
    assert lines[0].startswith(f"{long.exists()}    no ")
    assert lines[1].index("no") == 64


def test_the_dictionary_is_plain() -> None:
    """Instants are ISO 8601 UTC, parts are dictionaries, and JSON can hold it."""
    found = explain(orders.exists() & (orders.last().age >= days(45)), see(bought("a", 0))).as_dict()
    assert json.loads(json.dumps(found)) == found
    assert found["until"] == "2026-04-15T00:00:00Z"
    assert [part["holds"] for part in found["parts"]] == [True, False]
    assert found["parts"][0]["until"] is None


def test_because_is_a_line_per_leaf() -> None:
    """The journal keeps what held and what was found."""
    asked = orders.exists() & ~carts.exists() & segment("old", orders.last().age >= days(45))
    assert because(asked, see(bought("a", 0), day=22)) == (
        "orders.exists(): yes, last 2026-03-01 (order a)",
        "not carts.exists(): yes, none",
        "orders.last().age >= days(45): no, 22 days",
    )


@pytest.mark.bench
def test_because_is_quick() -> None:
    """Three leaves take less than 50 microseconds, at best."""
    asked = parse("orders.exists() and orders.last().age >= days(45) and orders.within(days(365)).count() >= 3")
    view = see(*(bought(f"o{number}", -10 * number) for number in range(20)))
    best = min(repeat(lambda: because(asked, view), number=100, repeat=20)) / 100
    assert best < 50e-6


@frozen
class Moody(Truth):
    """A predicate of somebody else's."""

    parts_: tuple[Truth, ...] = ()

    def parts(self) -> tuple[Node, ...]:
        """Return the parts."""
        return self.parts_

    def verdict(self, _: View) -> Verdict:
        """Hold."""
        return Verdict(holds=True, until=None)

    def write(self, *, python: bool) -> str:
        """Write a word."""
        return "moody"


def test_predicates_of_others_are_explained_as_far_as_they_go() -> None:
    """A leaf of an unknown type has a truth and no value; a group of one shows its parts."""
    assert because(Moody() & orders.exists(), see()) == ("moody: yes", "orders.exists(): no, none")
    assert explain(Moody((orders.exists(),)), see()).lines()[0].split() == ["parts", "yes"]


def nodes(node: Node) -> Iterator[Node]:
    """Yield a node and everything inside of it."""
    yield node
    for part in node.parts():
        yield from nodes(part)


def assert_same(found: Explanation, predicate: Truth, view: View) -> None:
    """Compare every part with its verdict."""
    verdict = predicate.verdict(view)
    assert (found.holds, found.until, found.text) == (verdict.holds, verdict.until, predicate.text())
    parts = [part for part in predicate.parts() if isinstance(part, Truth)]
    for one, other in zip(found.parts, parts, strict=True):
        assert_same(one, other, view)


@given(cases())
def test_every_part_is_explained_as_its_verdict(case: Case) -> None:
    """Truth and horizon of every part are those of the tree walk, and each leaf has a line with its truth."""
    for view in case.moments(case.predicate, 3):
        found = explain(case.predicate, view)
        assert_same(found, case.predicate, view)
        for line_, leaf in zip(because(case.predicate, view), found.leaves(), strict=True):
            assert line_.startswith(f"{leaf.text}: {'yes' if leaf.holds else 'no'}")
            assert line_.endswith(leaf.value)


@given(cases())
def test_the_quick_way_to_the_records_finds_the_members(case: Case) -> None:
    """What explanations read of a collection is what ``members`` says."""
    view = case.view()
    for node in nodes(case.predicate):
        if isinstance(node, Collection):
            members = [each.record for each in node.members(view) if each.start <= view.now < each.end]
            assert inside(node, view) == members


def test_no_journey_has_nothing_since_entry() -> None:
    """Outside of a journey ``since(entry)`` is empty."""
    assert told(orders.since(entry).exists(), bought("a", 0), day=1) == ("none", "only a fact about orders changes it")
    assert told(orders.since(entry).exists(), bought("a", 1), day=2, entry=0.5)[0] == "last 2026-03-02 (order a)"


def test_what_is_no_group_of_all_is_one_row_or_has_a_heading() -> None:
    """A leaf is one row; "or" is a heading with its rows."""
    assert explain(orders.exists(), see()).table().startswith("orders.exists()    no    none")
    assert len(explain(orders.exists() | carts.exists(), see()).lines()) == 3
