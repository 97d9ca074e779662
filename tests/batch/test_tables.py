"""Histories become rows: one table per collection, fields from the record classes, values by their kinds."""

from __future__ import annotations

import pytest
from attrs import fields

from retention_engine.batch import tables
from retention_engine.errors import DefinitionError
from retention_engine.predicates import Records, customer, events, item, member, orders, yearly
from retention_engine.state import COLLECTIONS, EventRecord, History, Moment, fields_of
from retention_engine.state.records import AnswerRecord, OrderRecord
from retention_engine.timing import days, to_instant

NEW_YEAR = to_instant("2023-12-31T18:00:00Z")  # already the first of January in Tokyo


def history(**attributes: object) -> History:
    """Return a customer with attributes and two orders of one instant."""
    made = History("anna")
    for name, value in attributes.items():
        made.hold(name, value, 0, "a")
    for id in ("b", "a"):
        made.put("orders", OrderRecord(id, 5, 100, "EUR", 1, None, None, delivered=False))
    return made


@pytest.mark.parametrize("collection", COLLECTIONS)
def test_a_collection_has_the_fields_of_its_record_class(collection: str) -> None:
    """There is no second list of fields: a new field of a record can be asked for, and is a column then."""
    names = set(fields_of(collection) or ())
    assert names <= {each.name for each in fields(COLLECTIONS[collection])} - {"at"}
    found = tables([], [Records(collection).last(name).is_set() for name in names])[collection]
    columns = set(found.kinds) - {"customer", "at", "sequence"}
    assert {column.removesuffix("_whole").removesuffix("_real") for column in columns} == names
    assert found.values == {column: [] for column in found.kinds}


def test_records_come_in_the_order_that_last_and_first_mean() -> None:
    """The sequence counts records by instant and id."""
    found = tables([history()], [orders.last("id") == "b", orders.first("channel").is_set()])["orders"]
    assert [found.values[name] for name in ("id", "sequence", "at")] == [["a", "b"], [0, 1], [5, 5]]
    assert [found.values[name] for name in ("customer", "channel")] == [["anna"] * 2, [None] * 2]


def test_gaps_need_no_column() -> None:
    """The distance between records is computed by the query."""
    found = tables([history()], [orders.gaps().where(item.gap > days(1)).mean("gap") < days(2)])["orders"]
    assert set(found.kinds) == {"customer", "at", "sequence"}


KINDS = [
    (1, "points_whole", 1),
    (1.0, "points_real", 1.0),
    (True, "points_flag", True),
    ("1", "points_text", "1"),
    (Moment(NEW_YEAR), "points_instant", NEW_YEAR),
]


@pytest.mark.parametrize(("value", "column", "stored"), KINDS)
def test_a_value_lies_in_the_column_of_its_kind_only(value: object, column: str, stored: object) -> None:
    """True is not 1, 1.0 is not 1, an instant is no number."""
    found = tables([history(points=value)], [customer.points.is_set()])["customers"]
    held = {
        name: values[0] for name, values in found.values.items() if name.startswith("points") and values[0] is not None
    }
    assert held.pop("points_day", None) in (None, "12-31")
    assert held == {column: stored}
    assert type(held[column]) is type(value)


def test_an_instant_has_its_day_in_the_customers_calendar() -> None:
    """Month and day are local; an unknown zone means the shop's."""
    people = [history(zone="Asia/Tokyo", birthday=Moment(NEW_YEAR)), history(zone="?", birthday=Moment(NEW_YEAR))]
    found = tables([*people, history(birthday="1990-05-01")], [yearly(customer.birthday)], shop_zone="America/Lima")
    assert found["customers"].values["birthday_day"] == ["01-01", "12-31", None]
    assert found["customers"].values["zone_text"] == ["Asia/Tokyo", "?", None]


def test_only_what_is_asked_for_is_there() -> None:
    """Attributes, events and their fields that no predicate names are left out; an absent table is empty."""
    asked = [events("Quiz").where(item.score >= 1).last("Mood") == "good", customer.city == "Rome"]
    quiz = history(city="Rome", points=5)
    quiz.put("events:Quiz", EventRecord("e", 1, {"score": 1.5, "Mood": "good", "other": 2}))
    found = tables([quiz], asked)
    assert set(found) == {"customers", "events_quiz_x1"}
    assert {name.rpartition("_")[0] for name in found["customers"].kinds} == {"", "city", "zone"}
    answers = found["events_quiz_x1"].values
    assert (answers["score_real"], answers["score_whole"], answers["mood_x1_text"]) == ([1.5], [None], ["good"])
    assert not any("other" in name for name in answers)


def test_a_score_may_be_whole_or_not() -> None:
    """A field that holds both kinds of numbers has a column for each."""
    made = History("anna")
    made.put("answers", AnswerRecord("a", 1, "nps", None, 9, None))
    made.put("answers", AnswerRecord("b", 2, "nps", None, 9.5, None))
    found = tables([made], [Records("answers").max("score") > 9])["answers"].values
    assert (found["score_whole"], found["score_real"]) == ([9, None], [None, 9.5])


def test_an_event_without_a_field_leaves_its_columns_empty() -> None:
    """Missing values are None, whatever the kind."""
    made = History("anna")
    made.put("events:x", EventRecord("a", 1, {}))
    found = tables([made], [events("x").last("v") == 1, events("x").last("id") == "a"])["events_x"]
    assert [found.values[name] for name in ("v_whole", "v_real", "v_text", "v_flag")] == [[None]] * 4


def test_a_membership_is_asked_from_an_instant_on() -> None:
    """Without it there is nothing to tell: the steps of the past are not kept."""
    with pytest.raises(DefinitionError, match=r"member.balance\('pts'\) is asked from an instant on: give at="):
        tables([history()], [member.balance("pts") >= 1])
