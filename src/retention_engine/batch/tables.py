"""Histories as rows of the default layout: what the SQL reading asks when no warehouse holds the facts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from attrs import asdict, field, frozen

from retention_engine.predicates import Aggregate, Node, Truth, Where
from retention_engine.predicates.sql import Columns, Source
from retention_engine.state import EVENTS, History, Moment, Record, fields_of, kind_of_value
from retention_engine.timing import local_date
from retention_engine.view import zone_of

_LAYOUT = Source()


@frozen
class Rows:
    """One table, column by column.

    Attributes:
        columns: column -> what it holds: whole (64 bits), real, text, flag, instant (microseconds UTC) or day (``MM-DD``).
        values: column -> one value or None per row; all of one length.
    """

    name: str
    columns: dict[str, str] = field(factory=dict)
    values: dict[str, list[Any]] = field(factory=dict)

    def put(self, column: str, slot: str, value: Any) -> None:
        """Append a value to a column."""
        self.columns.setdefault(column, slot)
        self.values.setdefault(column, []).append(value)


def tables(
    histories: Iterable[History], predicates: Iterable[Truth], *, shop_zone: str = "UTC"
) -> dict[str, Rows]:
    """Return the tables that predicates ask for, by their names in the default layout of ``Source``.

    Built-in collections come with all their fields; of the customers and of events only what is asked for.
    """
    asked = Asked.of(predicates)
    people = list(histories)
    ...
