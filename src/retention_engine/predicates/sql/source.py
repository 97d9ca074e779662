"""Where the facts lie: tables and columns of the user's warehouse, or the default layout that ``batch`` fills."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import get_args, get_type_hints

from attrs import fields, frozen

from retention_engine.errors import DefinitionError, nearest, shown
from retention_engine.state import COLLECTIONS, EVENTS, fields_of

DIALECTS = ("bigquery", "clickhouse", "duckdb", "postgres", "snowflake", "spark")
_PLAIN_ATTRIBUTES = ("birthday", "language", "zone")
_ESCAPED = re.compile(r".*_x[0-9a-f]+")


@frozen(kw_only=True)
class Columns:
    """SQL expressions for one value, by what they hold; a kind that does not occur is left out.

    In a row at most one of them is not NULL; ``day`` may stand beside ``instant``. A plain name is a column exactly as
    stored; anything else is an expression in the dialect of the source.

    Attributes:
        whole: integers of 64 bits, such as money in minor units; only these are summed and averaged.
        real: floating-point numbers.
        text: texts.
        flag: booleans.
        instant: microseconds UTC as an integer, such as ``epoch_us(ts)`` in DuckDB.
        day: month and day of a date, or of the instant in the customer's calendar, as a text ``MM-DD``; for ``yearly``.
    """

    whole: str | None = None
    real: str | None = None
    text: str | None = None
    flag: str | None = None
    instant: str | None = None
    day: str | None = None


@frozen(kw_only=True)
class Table:
    """A collection, or the customers, as a table; the strings are names exactly as stored, or expressions.

    Attributes:
        name: the table; dots separate it from its schema and database. Names only, no expression.
        customer: the customer's key; it joins the tables and is what a query returns.
        at: the instant of a record, microseconds UTC; not used for the customers.
        id: the text id of a record or customer. None: the key itself for a customer; for a record, none.
        sequence: an integer that orders the records of a customer by (at, id). None: computed where it is needed.
        where: a condition that keeps the rows which count, such as ``status = 'paid'``.
        fields: field or attribute -> its columns; a bare string holds the kind the field has in the language.
            None: every field lies where the default layout has it.
    """

    name: str
    customer: str = "customer"
    at: str = "at"
    id: str | None = None
    sequence: str | None = None
    where: str | None = None
    fields: Mapping[str, Columns | str] | None = None


_CUSTOMERS = Table(name="customers", id="customer")


@frozen(kw_only=True)
class Source:
    """The tables that stand for customers and collections; without arguments the default layout.

    Attributes:
        customers: one row per customer; only these are ever returned. ``fields`` holds the attributes.
        collections: collection (``orders``, ``events:signup``) -> table. None: the default layout.
        dialect: in which the expressions are written; None: that of the query.
    """

    customers: Table = _CUSTOMERS
    collections: Mapping[str, Table] | None = None
    dialect: str | None = None

    def table(self, collection: str) -> Table:
        """Return the table of a collection.

        Raises:
            DefinitionError: it is not mapped; the message names the nearest one.
        """
        if self.collections is None:
            return Table(name=table_name(collection), id="id", sequence="sequence")
        if collection not in self.collections:
            raise DefinitionError(f"the source has no {shown(collection)}{nearest(collection, self.collections)}")
        return self.collections[collection]

    def field(self, collection: str, name: str) -> Columns:
        """Return the columns of a field of a collection.

        Raises:
            DefinitionError: it is not mapped; the message names the nearest one.
        """
        table = self.table(collection)
        if name == "id":
            return Columns(text=_needed(table.id, collection, name))
        if table.fields is None:
            return field_columns(collection, name)
        kinds = fields_of(collection)
        return _mapped(table.fields, name, collection, None if kinds is None else kinds[name])

    def attribute(self, name: str) -> Columns:
        """Return the columns of an attribute; ``customer.id`` is none.

        Raises:
            DefinitionError: it is not mapped; the message names the nearest one.
        """
        if self.customers.fields is None:
            return attribute_columns(name)
        if name == "zone" and name not in self.customers.fields:
            return Columns()  # nobody has a zone of their own: the shop's
        return _mapped(self.customers.fields, name, "customer", "text" if name in _PLAIN_ATTRIBUTES else None)


def _needed(expression: str | None, collection: str, name: str) -> str:
    if expression is None:
        raise DefinitionError(f"the source does not say where {collection} has {shown(name)}")
    return expression


def _mapped(given: Mapping[str, Columns | str], name: str, what: str, kind: str | None) -> Columns:
    if name not in given:
        raise DefinitionError(f"the source has no {what}.{name}{nearest(name, given)}")
    found = given[name]
    if isinstance(found, Columns):
        return found
    if kind is None:
        raise DefinitionError(f"{what}.{name} has no kind of its own: say Columns(text={found!r}) or another kind")
    return Columns(whole=found) if kind == "number" else Columns(text=found) if kind == "text" else Columns(flag=found)


def stored_name(name: str) -> str:
    """Return the column name of an attribute or free field: capitals are marked, since many databases ignore them."""
    mask = sum(1 << place for place, letter in enumerate(name) if letter.isupper())
    return f"{name.lower()}_x{mask:x}" if mask or _ESCAPED.fullmatch(name) else name


def table_name(collection: str) -> str:
    """Return the table of a collection in the default layout."""
    return f"events_{stored_name(collection.removeprefix(EVENTS))}" if collection.startswith(EVENTS) else collection


def field_columns(collection: str, name: str) -> Columns:
    """Return the columns of a field in the default layout; those of a free field carry the kind in their name."""
    kinds = fields_of(collection)
    stored = stored_name(name)
    if kinds is None:
        return Columns(whole=f"{stored}_whole", real=f"{stored}_real", text=f"{stored}_text", flag=f"{stored}_flag")
    if kinds[name] != "number":
        return Columns(text=stored) if kinds[name] == "text" else Columns(flag=stored)
    return (
        Columns(whole=f"{stored}_whole", real=f"{stored}_real") if _is_real(collection, name) else Columns(whole=stored)
    )


def attribute_columns(name: str) -> Columns:
    """Return the columns of an attribute in the default layout: one for each kind of value it may hold."""
    stored = stored_name(name)
    return Columns(**{each.name: f"{stored}_{each.name}" for each in fields(Columns)})


def _is_real(collection: str, name: str) -> bool:
    hint = get_type_hints(COLLECTIONS[collection])[name]
    return hint is float or float in get_args(hint)
