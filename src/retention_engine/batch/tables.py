"""Histories as rows of the default layout: what the SQL reading asks when no warehouse holds the facts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any
from zoneinfo import ZoneInfo

from attrs import asdict, frozen

from retention_engine.predicates import Aggregate, Node, Truth, Where
from retention_engine.predicates.sql import Columns, Source
from retention_engine.state import EventRecord, History, Moment, Record, fields_of
from retention_engine.timing import local_date
from retention_engine.view import zone_of

_LAYOUT = Source()
_SLOTS = {bool: "flag", int: "whole", float: "real", str: "text", Moment: "instant"}


@frozen
class Rows:
    """One table, column by column.

    Attributes:
        kinds: column -> what it holds: whole (64 bits), real, text, flag, instant (microseconds UTC), day (``MM-DD``).
        values: column -> one value or None per row; all of one length.
    """

    name: str
    kinds: dict[str, str]
    values: dict[str, list[Any]]

    def add(self, **cells: Any) -> None:
        """Append a row; columns that are not named are None."""
        for name, column in self.values.items():
            column.append(cells.get(name))


def tables(histories: Iterable[History], predicates: Iterable[Truth], *, shop_zone: str = "UTC") -> dict[str, Rows]:
    """Return the tables that predicates ask for, by their names in the default layout of ``Source``.

    Built-in collections come with all their fields; of customers and events there is only what is asked for.

    Args:
        shop_zone: the calendar of customers without a zone, in which an instant has its day.
    """
    people = list(histories)
    collections, attributes = _asked(predicates)
    found = [_customers(people, sorted(attributes), shop_zone)]
    found += [_records(people, name, sorted(names)) for name, names in sorted(collections.items())]
    return {each.name: each for each in found}


def _asked(predicates: Iterable[Truth]) -> tuple[dict[str, set[str]], set[str]]:
    """Return collection -> fields, and the attributes, that predicates ask for."""
    collections: dict[str, set[str]] = {}
    attributes = {"zone"}
    for node in _walk(predicates):
        reads = {name for name in node.reads() if name != "entry"}
        attributes |= {name.removeprefix("customer.") for name in reads if name.startswith("customer.")} - {"id"}
        for name in reads:
            if not name.startswith("customer."):
                collections.setdefault(name, set()).update(fields_of(name) or ())
                collections[name] |= _free_fields(node)
    return collections, attributes


def _walk(nodes: Iterable[Node]) -> Iterator[Node]:
    for node in nodes:
        yield node
        yield from _walk(node.parts())


def _free_fields(node: Node) -> set[str]:
    """Return the field of an event that one node names itself."""
    if isinstance(node, Where):
        return {node.test.field} if node.inner.kinds() is None else set()
    if isinstance(node, Aggregate) and node.field is not None:
        return {node.field} if node.records.kinds() is None else set()
    return set()


def _customers(people: list[History], names: list[str], shop_zone: str) -> Rows:
    columns = {name: _LAYOUT.attribute(name) for name in names}
    rows = _empty("customers", {"customer": "text"}, columns)
    for history in people:
        cells = {"customer": history.customer}
        where = zone_of(history, shop_zone)
        for name, held in columns.items():
            cells |= _cells(held, history.value(name), where)
        rows.add(**cells)
    return rows


def _records(people: list[History], collection: str, names: list[str]) -> Rows:
    columns = {name: _LAYOUT.field(collection, name) for name in names if name != "id"}
    fixed = {"customer": "text", "id": "text", "at": "instant", "sequence": "whole"}
    rows = _empty(_LAYOUT.table(collection).name, fixed, columns)
    for history in people:
        for sequence, record in enumerate(history.records(collection)):
            cells = {"customer": history.customer, "id": record.id, "at": record.at, "sequence": sequence}
            for name, held in columns.items():
                cells |= _cells(held, _value(record, name))
            rows.add(**cells)
    return rows


def _empty(name: str, fixed: dict[str, str], columns: dict[str, Columns]) -> Rows:
    kinds = fixed | {column: slot for held in columns.values() for slot, column in asdict(held).items() if column}
    return Rows(name, kinds, {column: [] for column in kinds})


def _value(record: Record, name: str) -> Any:
    return record.data.get(name) if isinstance(record, EventRecord) else getattr(record, name)


def _cells(columns: Columns, value: Any, where: ZoneInfo | None = None) -> dict[str, Any]:
    """Put a value into the column of its kind; an instant also has a day in the customer's calendar."""
    slot = _SLOTS.get(type(value))
    column = None if slot is None else getattr(columns, slot)
    cells = {} if column is None else {column: value}
    if isinstance(value, Moment) and where is not None and columns.day is not None:
        day = local_date(value, where)
        cells[columns.day] = f"{day.month:02}-{day.day:02}"
    return cells
