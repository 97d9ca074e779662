"""What is known: pure folds of facts into the history of a customer."""

from retention_engine.state.choices import pair_id
from retention_engine.state.fold import apply, fold
from retention_engine.state.history import Change, Held, History
from retention_engine.state.records import (
    CHOICES,
    COLLECTIONS,
    EVENTS,
    EVERY,
    EventRecord,
    Moment,
    Record,
    fields_of,
    kind_of_value,
    read_any,
    read_field,
)

__all__ = [
    "CHOICES",
    "COLLECTIONS",
    "EVENTS",
    "EVERY",
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
    "pair_id",
    "read_any",
    "read_field",
]
