"""The fields of a record are the fields of the language; free fields count by the kind of what they hold."""

from __future__ import annotations

from typing import Any

import pytest

from retention_engine.errors import DefinitionError
from retention_engine.state import COLLECTIONS, EventRecord, Moment, fields_of, kind_of_value, read_any, read_field
from retention_engine.state.records import AnswerRecord


@pytest.mark.parametrize("name", sorted(COLLECTIONS))
def test_every_field_has_a_kind(name: str) -> None:
    """Numbers, texts and flags; the instant is no field, the id is one."""
    kinds = fields_of(name)
    assert kinds is not None
    assert kinds["id"] == "text"
    assert "at" not in kinds
    assert set(kinds.values()) <= {"number", "text", "flag"}


def test_the_fields_of_events_are_free() -> None:
    """None says so, whatever the name."""
    assert fields_of("events:quiz") is None


def test_an_unknown_collection_names_the_nearest() -> None:
    """The message helps."""
    with pytest.raises(DefinitionError, match=r"unknown collection 'veiws' \(did you mean 'views'\?\)"):
        fields_of("veiws")


KINDS = [
    (1, "number"),
    (1.5, "number"),
    ("x", "text"),
    (True, "flag"),
    (Moment(5), "instant"),
    (None, None),
    ([], None),
]


@pytest.mark.parametrize(("value", "kind"), KINDS)
def test_a_value_has_one_kind(value: Any, kind: str | None) -> None:
    """True is no number, and an instant neither."""
    assert kind_of_value(value) == kind


EVENT = EventRecord("e", 0, {"a": 1, "b": "x", "id": "own", "c": None})


@pytest.mark.parametrize(
    ("name", "kind", "value"),
    [
        ("a", "number", 1),
        ("a", "text", None),
        ("b", "text", "x"),
        ("c", "text", None),
        ("d", "number", None),
        ("id", "text", "e"),
    ],
)
def test_a_free_field_is_read_as_the_kind_expected(name: str, kind: str, value: Any) -> None:
    """Of another kind it has no value; the id is the event's own."""
    assert read_field(EVENT, name, kind) == value


def test_any_field_can_be_read_as_it_is() -> None:
    """Whatever it holds; None when it is not there."""
    assert [read_any(EVENT, name) for name in ("a", "c", "d", "id")] == [1, None, None, "e"]
    assert read_any(AnswerRecord("r", 0, "nps", None, 9.5, None), "score") == 9.5
    assert read_field(AnswerRecord("r", 0, "nps", None, 9.5, None), "survey", "text") == "nps"


def test_an_instant_is_an_integer_of_its_own_type() -> None:
    """It counts microseconds and is told apart from plain numbers."""
    assert Moment(5) == 5
    assert type(Moment(5)) is not int
