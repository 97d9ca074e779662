"""What is known: pure folds of facts into the history of a customer."""

from retention_engine.state.fold import apply, fold
from retention_engine.state.history import Change, Held, History
from retention_engine.state.records import (
    COLLECTIONS,
    EVENTS,
    EventRecord,
    Moment,
    Record,
    fields_of,
    kind_of_value,
    read_any,
    read_field,
)

__all__ = [
    "COLLECTIONS",
    "EVENTS",
    "Change",
    "EventRecord",
    "Held",
    "History",
    "Moment",
    "Record",
    "apply",
    "fields_of",
    "fold",
    "kind_of_value",
    "read_any",
    "read_field",
]
