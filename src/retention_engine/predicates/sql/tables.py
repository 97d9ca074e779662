"""Names and expressions of a source as syntax trees."""

from __future__ import annotations

import re
from collections.abc import Mapping

from attrs import asdict, frozen
from sqlglot import exp
from sqlglot.errors import SqlglotError

from retention_engine.errors import DefinitionError, shown
from retention_engine.predicates.sql.compare import Cells
from retention_engine.predicates.sql.source import Columns, Source

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_FORBIDDEN = (exp.AggFunc, exp.Parameter, exp.Placeholder, exp.Query, exp.Star, exp.Window)


def column(name: str, alias: str) -> exp.Expr:
    """Return a column of ours."""
    return exp.column(name, table=alias, quoted=True)


def table(name: str, alias: str) -> exp.Expr:
    """Return a table by its dotted name; whatever stands between the dots is a name and nothing else."""
    parts = [exp.to_identifier(part, quoted=True) for part in name.split(".")]
    if not 1 <= len(parts) <= 3 or not all(part.name for part in parts):
        raise DefinitionError(f"a table is called name, schema.name or database.schema.name, not {shown(name)}")
    slots = dict(zip(("this", "db", "catalog"), reversed(parts), strict=False))
    return exp.Table(**slots, alias=exp.TableAlias(this=exp.to_identifier(alias, quoted=True)))


@frozen
class Reader:
    """Reads the strings of a source: a plain name is a column as stored, anything else an expression."""

    source: Source
    dialect: str

    def expression(self, given: str, alias: str) -> exp.Expr:
        """Return an expression over the columns of one table.

        Raises:
            DefinitionError: it is no single expression of one row in the source's dialect.
        """
        if _PLAIN.fullmatch(given):
            return column(given, alias)
        try:
            found = exp.maybe_parse(given, into=exp.Condition, dialect=self.source.dialect or self.dialect)
        except SqlglotError:
            raise DefinitionError(f"no SQL expression: {shown(given)}") from None
        if found.find(*_FORBIDDEN):
            raise DefinitionError(f"an expression over one row is needed, not {shown(given)}")
        placed = found.transform(_placed, alias)
        closed = isinstance(placed, exp.Func | exp.Column) and not isinstance(placed, exp.Binary)
        return placed if closed else exp.Paren(this=placed)

    def cells(self, columns: Columns, alias: str) -> Cells:
        """Return kind -> expression of the columns that are mapped; ``day`` is among them."""
        given: Mapping[str, str | None] = asdict(columns)
        return {slot: self.expression(text, alias) for slot, text in given.items() if text is not None}

    def attribute(self, name: str, alias: str) -> Cells:
        """Return the cells of a customer's attribute; the id is a text whatever the key is."""
        if name == "id":
            return {"text": self.customer_id(alias)}
        return self.cells(self.source.attribute(name), alias)

    def customer_id(self, alias: str) -> exp.Expr:
        """Return the customer's id as a text."""
        customers = self.source.customers
        if customers.id is not None:
            return self.expression(customers.id, alias)
        return exp.cast(self.expression(customers.customer, alias), "TEXT")


def _placed(node: exp.Expr, alias: str) -> exp.Expr:
    """Put the table in front of a column; what follows a dot is a part of the column's value."""
    if not isinstance(node, exp.Column):
        return node
    name, *inner = (part.name for part in node.parts)
    placed = column(name, alias)
    for part in inner:
        placed = exp.Dot(this=placed, expression=exp.to_identifier(part, quoted=True))
    return placed
