"""What the fields of records hold, and how a question reads them."""

from __future__ import annotations

from typing import Any, get_args, get_origin, get_type_hints

from attrs import fields

from retention_engine.errors import DefinitionError, nearest, shown
from retention_engine.state.records import COLLECTIONS, EVENTS, EventRecord, Moment, Record

_KINDS = {int: "number", float: "number", str: "text", bool: "flag"}


def _kinds(cls: type[Record]) -> dict[str, str]:
    hints = get_type_hints(cls)
    kinds = {}
    for each in fields(cls):
        hint = hints[each.name]
        options = () if get_origin(hint) is tuple else get_args(hint) or (hint,)
        plain = next((part for part in options if part in _KINDS), None)
        if plain is not None and each.name != "at":
            kinds[each.name] = _KINDS[plain]
    return kinds


_FIELDS = {name: _kinds(cls) for name, cls in COLLECTIONS.items()}


def fields_of(collection: str) -> dict[str, str] | None:
    """Return field name -> kind (number, text, flag) of a collection; None for events, whose fields are free.

    Raises:
        DefinitionError: there is no such collection.
    """
    if collection.startswith(EVENTS):
        return None
    if collection not in _FIELDS:
        raise DefinitionError(f"unknown collection {shown(collection)}{nearest(collection, COLLECTIONS)}")
    return _FIELDS[collection]


def kind_of_value(value: object) -> str | None:
    """Return number, text, flag or instant; None for a missing value."""
    if isinstance(value, Moment):
        return "instant"
    return next((kind for cls, kind in _KINDS.items() if type(value) is cls), None)


def read_any(record: Record, name: str) -> Any:
    """Return a field of a record, whatever it holds; None for a free field that an event has not."""
    if not isinstance(record, EventRecord) or name == "id":
        return getattr(record, name)
    return record.data.get(name)


def read_field(record: Record, name: str, kind: str) -> Any:
    """Return a field of a record; one of an event counts only when it holds the expected kind."""
    value = read_any(record, name)
    return value if not isinstance(record, EventRecord) or kind_of_value(value) == kind else None
