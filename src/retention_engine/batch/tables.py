"""Histories as rows of the default layout: what the SQL reading asks when no warehouse holds the facts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from attrs import asdict, frozen

from retention_engine.errors import DefinitionError
from retention_engine.predicates import MEMBERSHIP, Aggregate, Membership, MembershipTruth, Node, Truth, Where
from retention_engine.predicates.sql import Columns, Source
from retention_engine.state import History, Moment, fields_of, read_any
from retention_engine.timing import NEVER, local_date, to_instant
from retention_engine.view import zone_of

_LAYOUT = Source()
_SLOTS: dict[type, str] = {bool: "flag", int: "whole", float: "real", str: "text", Moment: "instant"}


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

    @classmethod
    def empty(cls, name: str, kinds: dict[str, str]) -> Rows:
        """Return a table without rows."""
        return cls(name, kinds, {column: [] for column in kinds})


def tables(
    histories: Iterable[History],
    predicates: Iterable[Truth],
    *,
    at: datetime | int | str | None = None,
    shop_zone: str = "UTC",
) -> dict[str, Rows]:
    """Return the tables that predicates ask for, by their names in the default layout of ``Source``.

    There is only what is asked for: of records their order, instant and the fields named, of customers the attributes,
    of the membership the steps from an instant on.

    Args:
        at: the first instant that will be asked about; needed by questions about the membership.
        shop_zone: the calendar of customers without a zone, in which an instant has its day.

    Raises:
        DefinitionError: a question about the membership without ``at``.
    """
    people, asked = list(histories), list(predicates)
    collections, attributes = _asked(asked)
    found = [_customers(people, sorted(attributes), shop_zone)]
    found += [_records(people, name, sorted(names)) for name, names in sorted(collections.items())]
    members = dict.fromkeys(node for node in _walk(asked) if isinstance(node, Membership | MembershipTruth))
    if members:
        found.append(_membership(people, list(members), at, shop_zone))
    return {each.name: each for each in found}


def _membership(
    people: list[History], asked: list[Membership | MembershipTruth], at: datetime | int | str | None, zone: str
) -> Rows:
    """Return the steps of every quantity: from when until when it has a value; yes and no are 1 and 0."""
    if at is None:
        raise DefinitionError(f"{asked[0]} is asked from an instant on: give at=")
    since = to_instant(at)
    fixed = {"customer": "text", "quantity": "text", "at": "instant", "until": "instant"}
    rows = Rows.empty(_LAYOUT.table(MEMBERSHIP).name, {**fixed, "whole": "whole", "text": "text"})
    for history in people:
        for node in asked:
            steps = history.steps(node.name, node.arguments, at=since, where=zone_of(history, zone))
            ends = [start for start, _ in steps[1:]] + [NEVER]
            for (start, value), end in zip(steps, ends, strict=False):
                kept = (value, None) if isinstance(value, str) else (None, value)
                row = (history.customer, node.text(), start, end, None if kept[1] is None else int(kept[1]), kept[0])
                for column, held in zip(rows.values, row, strict=True):
                    rows.values[column].append(held)
    return rows


def _asked(predicates: Iterable[Truth]) -> tuple[dict[str, set[str]], set[str]]:
    """Return collection -> fields, and the attributes, that predicates ask for."""
    collections: dict[str, set[str]] = {}
    attributes = {"zone"}
    for node in _walk(predicates):
        for name in node.reads() - {"entry", "customer.id", MEMBERSHIP}:
            if name.startswith("customer."):
                attributes.add(name.removeprefix("customer."))
            else:
                kinds = fields_of(name)
                fields = {field for field in _fields(node) if kinds is None or field in kinds}
                collections.setdefault(name, set()).update(fields)
    return collections, attributes


def _walk(nodes: Iterable[Node]) -> Iterator[Node]:
    for node in nodes:
        yield node
        yield from _walk(node.parts())


def _fields(node: Node) -> set[str]:
    """Return the field that a node names itself: of a record, or ``gap``, which no table holds."""
    found = node.test.field if isinstance(node, Where) else node.field if isinstance(node, Aggregate) else None
    return set() if found is None else {found}


def _customers(people: list[History], names: list[str], shop_zone: str) -> Rows:
    columns = {name: _kinds(_LAYOUT.attribute(name)) for name in names}
    rows = _empty("customers", {"customer": "text"}, columns)
    rows.values["customer"] += [history.customer for history in people]
    zones = [zone_of(history, shop_zone) for history in people]
    for name, kinds in columns.items():
        found = [history.value(name) for history in people]
        _spread(rows, kinds, found)
        for column in (column for column, kind in kinds.items() if kind == "day"):
            rows.values[column] += [_day(value, where) for value, where in zip(found, zones, strict=True)]
    return rows


def _records(people: list[History], collection: str, names: list[str]) -> Rows:
    columns = {name: _kinds(_LAYOUT.field(collection, name)) for name in names}
    fixed = {"customer": "text", "at": "instant", "sequence": "whole"}
    rows = _empty(_LAYOUT.table(collection).name, fixed, columns)
    values = rows.values
    for history in people:
        records = history.records(collection)
        values["customer"] += [history.customer] * len(records)
        values["at"] += [record.at for record in records]
        values["sequence"] += range(len(records))
        for name, kinds in columns.items():
            _spread(rows, kinds, [read_any(record, name) for record in records])
    return rows


def _kinds(columns: Columns) -> dict[str, str]:
    return {column: kind for kind, column in asdict(columns).items() if column is not None}


def _empty(name: str, fixed: dict[str, str], columns: dict[str, dict[str, str]]) -> Rows:
    return Rows.empty(name, fixed | {column: kind for kinds in columns.values() for column, kind in kinds.items()})


def _spread(rows: Rows, kinds: dict[str, str], found: list[Any]) -> None:
    """Put each value into the column of its kind, None into those of the others."""
    for column, kind in kinds.items():
        if kind != "day":
            rows.values[column] += [value if _SLOTS.get(type(value)) == kind else None for value in found]


def _day(value: Any, where: ZoneInfo) -> str | None:
    if not isinstance(value, Moment):
        return None
    day = local_date(value, where)
    return f"{day.month:02}-{day.day:02}"
