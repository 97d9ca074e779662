"""A history keeps sorted records, the latest values, and what changed since it was last asked."""

from __future__ import annotations

from retention_engine.state import Change, Held, History
from retention_engine.state.records import TagRecord, ViewRecord


def tag(id: str, at: int, name: str = "vip") -> TagRecord:
    """Return a record."""
    return TagRecord(id, at, name)


def test_records_are_sorted_by_instant_and_id() -> None:
    """Whenever they arrive, ties included."""
    history = History("anna")
    for each in (tag("b", 2), tag("c", 1), tag("a", 2), tag("d", 3)):
        history.put("tags", each)
    assert [each.id for each in history.records("tags")] == ["c", "a", "b", "d"]


def test_a_record_is_replaced_under_its_id() -> None:
    """The new one takes its own place."""
    history = History("anna")
    for each in (tag("a", 1), tag("b", 2), tag("a", 3)):
        history.put("tags", each)
    assert history.records("tags") == [tag("b", 2), tag("a", 3)]
    assert history.find("tags", "a") == tag("a", 3)


def test_an_equal_record_changes_nothing() -> None:
    """Nothing is reported twice."""
    history = History("anna")
    history.put("tags", tag("a", 1))
    history.drain()
    history.put("tags", tag("a", 1))
    assert history.drain() == ([], set())


def test_unwanted_collections_are_not_kept() -> None:
    """A rule set remembers only what it asks for."""
    history = History("anna", wanted=frozenset({"views"}))
    history.put("tags", tag("a", 1))
    history.put("views", ViewRecord("v", 1, "tea", None, None, None))
    assert list(history.lists) == ["views"]


def test_a_dropped_record_is_gone() -> None:
    """Dropping what is not there changes nothing; an empty collection leaves no trace."""
    history = History("anna")
    for each in (tag("a", 1), tag("b", 2)):
        history.put("tags", each)
    for name in ("a", "a", "x"):
        history.drop("tags", name)
    assert history.records("tags") == [tag("b", 2)]
    history.drop("tags", "b")
    assert history == History("anna")


def test_changes_are_told_once_and_in_order() -> None:
    """Came, replaced, went: with the record before and after."""
    history = History("anna")
    history.put("tags", tag("a", 1))
    history.put("tags", tag("a", 2))
    history.drop("tags", "a")
    history.hold("city", "Riga", 1, "f")
    came, moved, went = [(None, tag("a", 1)), (tag("a", 1), tag("a", 2)), (tag("a", 2), None)]
    assert history.drain() == ([Change("tags", *each) for each in (came, moved, went)], {"city"})
    assert history.drain() == ([], set())


def test_the_latest_fact_holds_an_attribute() -> None:
    """By instant and id, whatever arrives last."""
    history = History("anna")
    for value, at, fact in (("Riga", 5, "b"), ("Oslo", 4, "z"), ("Bonn", 5, "a")):
        history.hold("city", value, at, fact)
    assert history.attributes == {"city": Held("Riga", 5, "b")}
    assert history.value("city") == "Riga"


def test_what_nobody_set_has_no_value() -> None:
    """None for an unknown attribute, the customer's own for the id."""
    history = History("anna")
    assert history.value("city") is None
    assert history.value("id") == "anna"
    assert history.find("tags", "a") is None
    assert history.records("tags") == []
