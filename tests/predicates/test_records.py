"""Collections are refined by fields, by rolling and calendar windows, since an instant, to gaps; edges are exact."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pendulum
import pytest

from retention_engine.errors import DefinitionError
from retention_engine.predicates import FieldTest, Truth, Verdict, Where, Window, entry, events, item, orders, purchases
from retention_engine.timing import days, hours, microseconds
from tests.predicates._shop import ask, bought, happened, holds, line, on, see

SHOP = [
    bought("a", 0, total=100, channel="app", lines=[line("tea", category="drinks"), line("cup")]),
    bought("b", 3, total=250),
    bought("c", 5, total=400, promo="SPRING"),
]

KEPT = [
    (orders.where(channel="app"), ["a"]),
    (orders.where(item.channel != "app"), []),  # no value is not another value
    (orders.where(item.total >= 250), ["b", "c"]),
    (orders.where(item.total > 250), ["c"]),
    (orders.where(item.total < 250), ["a"]),
    (orders.where(item.total <= 250), ["a", "b"]),
    (orders.where(item.total.is_in(100, 400)), ["a", "c"]),
    (orders.where(item.promo.is_set()), ["c"]),
    (orders.where(item.promo.starts_with("SP")), ["c"]),
    (orders.where(item.promo.contains("RIN")), ["c"]),
    (orders.where(item.id == "b"), ["b"]),
    (orders.where(item.id.is_set()), ["a", "b", "c"]),
    (orders.where(delivered=False), ["a", "b", "c"]),
    (orders.where(item.total >= 200, item.total <= 300, currency="EUR"), ["b"]),
    (purchases.where(category="drinks"), ["a#0000"]),
    (orders.within(days(5)), ["b", "c"]),
    (orders.within(microseconds(1)), ["c"]),
    (orders.before(days(2)), ["a", "b"]),
    (orders.before(days(5)), ["a"]),
    (orders.before(days(2)).within(days(3)), ["b"]),
    (orders.before(days(3)).within(days(2)), []),
    (orders.on_calendar_days(1), ["c"]),
    (orders.on_calendar_days(3), ["b", "c"]),
    (orders.since("2026-03-01T00:00:00+00:00"), ["b", "c"]),
    (orders.since(datetime(2026, 3, 4, tzinfo=UTC)), ["c"]),
    (orders.since(pendulum.datetime(2026, 3, 4, tz="Europe/Berlin")), ["b", "c"]),
    (orders.since(entry), ["c"]),
    (orders.gaps(), ["b", "c"]),
    (orders.where(item.total != 250).gaps(), ["c"]),
    (orders.gaps().where(item.gap > days(2)), ["b"]),
    (orders.gaps().within(days(1)), ["c"]),
    (orders.gaps().where(item.gap.is_set()), ["b", "c"]),
]


@pytest.mark.parametrize(("collection", "expected"), KEPT)
def test_a_refined_collection_keeps_the_records_that_its_words_say(collection: Any, expected: list[str]) -> None:
    """Seen at the instant of the last order, in a journey entered on the day of the second."""
    view = see(*SHOP, day=5, entry=3)
    members = [each.record.id for each in collection.members(view) if each.start <= view.now < each.end]
    assert members == expected


def test_a_window_includes_now_and_excludes_its_older_edge() -> None:
    """``within`` holds until exactly the span has passed, ``before`` from then on."""
    inside, outside = orders.within(days(3)).exists(), orders.before(days(3)).exists()
    assert ask(inside, SHOP[0], day=0) == Verdict(True, on(3))
    assert ask(inside, SHOP[0], day=3) == Verdict(False, None)
    assert ask(outside, SHOP[0], day=0) == Verdict(False, on(3))
    assert ask(outside, SHOP[0], day=3) == Verdict(True, None)


def test_a_calendar_day_ends_at_local_midnight() -> None:
    """An order at 01:00 Berlin time counts for 23 hours, one at 00:00 UTC of that day for as long."""
    today = orders.on_calendar_days(1).exists()
    assert ask(today, SHOP[0], zone="Europe/Berlin") == Verdict(True, on(23 / 24))
    assert ask(today, SHOP[0], zone="UTC") == Verdict(True, on(1))


def test_an_instant_of_since_is_excluded() -> None:
    """``since`` is strict: a record of that very instant does not count."""
    assert not holds(orders.since("2026-03-01T00:00:00Z").exists(), SHOP[0])
    assert holds(orders.since("2026-02-28T23:59:59.999999Z").exists(), SHOP[0])


def test_outside_of_a_journey_nothing_is_since_entry() -> None:
    """Without an entry the collection is empty."""
    assert not holds(orders.since(entry).exists(), *SHOP, day=9)
    assert holds(orders.since(entry).exists(), *SHOP, day=9, entry=4)


def test_gaps_lie_between_neighbours() -> None:
    """Three orders have two gaps, dated by the later order; one has none."""
    gaps = orders.gaps()
    assert holds((gaps.count() == 2) & (gaps.max("gap") >= days(3)) & (gaps.min("gap") <= days(2)), *SHOP, day=5)
    assert holds(gaps.mean("gap") <= hours(60), *SHOP, day=5)
    assert holds(gaps.mean("gap") >= hours(60), *SHOP, day=5)
    assert not holds(gaps.mean("gap").is_set(), SHOP[0], day=5)


QUIZ = [happened("1", 0, score=5, id="own", self="x"), happened("2", 1, score="5"), happened("3", 2, score=None)]
quiz = events("quiz")
FREE = [
    (quiz.where(score=5), 1),
    (quiz.where(score="5"), 1),
    (quiz.where(item.score.is_in(5, 6)), 1),
    (quiz.where(item.score.is_set()), 2),
    (quiz.where(id="1"), 1),
    (quiz.where(id="own"), 0),
    (quiz.where(item.id.is_set()), 3),
    (quiz.where(self="x"), 1),
    (quiz.where(other=1), 0),
]


@pytest.mark.parametrize(("collection", "count"), FREE)
def test_free_fields_pass_only_as_the_kind_asked_for(collection: Any, count: int) -> None:
    """5 and "5" are different values; ``id`` is the event's own, whatever its data say."""
    assert holds(collection.count() == count, *QUIZ, day=9)


WRITTEN = [
    (orders.where(channel="a'b"), 'orders.where(channel="a\'b")'),
    (orders.where(item.total >= 5, delivered=True), "orders.where(item.total >= 5).where(delivered=True)"),
    (orders.where(item.id.is_in("a", "b")), "orders.where(item.id.is_in('a', 'b'))"),
    (orders.where(item.promo.is_set()), "orders.where(item.promo.is_set())"),
    (orders.within(days(3)).before(hours(36)), "orders.within(days(3)).before(hours(36))"),
    (orders.on_calendar_days(7), "orders.on_calendar_days(7)"),
    (orders.since(entry), "orders.since(entry)"),
    (orders.since("2026-03-01T02:00:00+02:00"), "orders.since('2026-03-01T00:00:00Z')"),
    (orders.gaps(), "orders.gaps()"),
    (events("quiz"), "events('quiz')"),
]


@pytest.mark.parametrize(("collection", "text"), WRITTEN)
def test_a_collection_is_written_as_it_is_built(collection: Any, text: str) -> None:
    """Text and ``repr`` of a collection are the same."""
    assert str(collection) == repr(collection) == text


WRONG = [
    (lambda: orders.where(), "where() needs a condition, such as category='cosmetics' or item.price >= 1000"),
    (lambda: orders.where(total=1).where(), "where() needs a condition"),
    (lambda: orders.where(item.total), "where() takes conditions such as item.price >= 1000, not item.total"),
    (lambda: orders.where(True), "where() takes conditions such as item.price >= 1000, not True"),
    (lambda: orders.where(totl=5), "orders has no field 'totl' (did you mean 'total'?)"),
    (lambda: orders.where(total="5"), "item.total == needs a number, not '5'"),
    (lambda: orders.where(item.delivered >= True), "item.delivered is a yes/no and has no '>='"),
    (lambda: quiz.where(item.score >= days(3)), "item.score is no age"),
    (lambda: orders.where(total=orders.count()), "not orders.count()"),
    (lambda: Where(orders, FieldTest("total", "~", 5)), "item.total is a number and has no '~'"),
    (lambda: orders.within(5), "within() takes a span above zero such as days(30), not 5"),
    (lambda: orders.within(days(0)), "within() takes a span above zero such as days(30), not days(0)"),
    (lambda: orders.before("days"), "before() takes a span above zero such as days(30), not 'days'"),
    (lambda: orders.on_calendar_days(0), "on_calendar_days() takes 1 to 366, not 0"),
    (lambda: orders.on_calendar_days(367), "on_calendar_days() takes 1 to 366, not 367"),
    (lambda: orders.on_calendar_days(True), "on_calendar_days() takes 1 to 366, not True"),
    (lambda: orders.since("2026-03-01"), "since() takes entry or an aware datetime: naive datetime"),
    (lambda: orders.since("soon"), "not an ISO 8601 instant: 'soon'"),
    (lambda: orders.since(None), "since() takes entry or an aware datetime"),
    (lambda: orders.within(days(3)).gaps(), "take gaps() before the window: orders.within(days(3)) changes with time"),
    (lambda: orders.within(days(3)).where(total=1).gaps(), "take gaps() before the window"),
    (lambda: orders.gaps().gaps(), "take gaps() before the window"),
    (lambda: orders.gaps().where(total=1), "orders.gaps() has no field 'total'"),
]


@pytest.mark.parametrize(("build", "message"), WRONG)
def test_a_wrong_refinement_fails_where_it_is_written(build: Any, message: str) -> None:
    """Each names what is allowed and what was given."""
    with pytest.raises(DefinitionError) as caught:
        build()
    assert message in str(caught.value)


READS = [
    (orders.within(days(3)).exists(), {"orders"}),
    (quiz.where(score=1).exists(), {"events:quiz"}),
    (orders.since(entry).exists(), {"orders", "entry"}),
    (orders.since("2026-03-01T00:00:00Z").exists(), {"orders"}),
    (orders.on_calendar_days(3).exists(), {"orders"}),
]


@pytest.mark.parametrize(("predicate", "names"), READS)
def test_a_collection_reads_its_records(predicate: Truth, names: set[str]) -> None:
    """The engine learns what a rule set has to remember."""
    assert predicate.reads() - {"customer.zone"} == names


def test_collections_are_values() -> None:
    """Equal collections are equal and hash equal; ``True`` and 1 stay apart."""
    assert orders.within(days(1)) == Window(orders, "within", hours(24))
    assert len({orders.where(total=1), orders.where(total=1.0), orders.where(item.total == 1), orders}) == 3
    assert repr(entry) == "entry"
