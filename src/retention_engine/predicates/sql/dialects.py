"""What the databases do differently: the few places where one expression is not printed alike for all of them."""

from __future__ import annotations

from sqlglot import ErrorLevel, exp

from retention_engine.predicates.sql.literals import integer

_WIDE = {"clickhouse": "INT128", "duckdb": "INT128"}


def render(tree: exp.Expr, dialect: str) -> str:
    """Return the text of a query; every name is quoted, whatever a dialect cannot say is an error."""
    return tree.sql(dialect, identify=True, comments=False, pretty=True, unsupported_level=ErrorLevel.RAISE)


def wide(value: exp.Expr, dialect: str) -> exp.Expr:
    """Return an integer in a type that products of 64 bits by 64 bits do not overflow."""
    return exp.cast(value, _WIDE.get(dialect, "DECIMAL(38, 0)"))


def bytewise(value: exp.Expr, dialect: str) -> exp.Expr:
    """Return a text that is ordered by code points; only PostgreSQL orders by the language of the database."""
    if dialect != "postgres":
        return value
    return exp.Collate(this=value, expression=exp.to_identifier("C", quoted=True))


def nullable(value: exp.Expr, dialect: str) -> exp.Expr:
    """Return a value whose aggregate over nothing is NULL; ClickHouse gives 0 for a column that cannot be NULL."""
    return exp.Anonymous(this="toNullable", expressions=[value]) if dialect == "clickhouse" else value


def edge(fold: str, value: exp.Expr, key: exp.Expr, dialect: str) -> exp.Expr:
    """Return the value beside the smallest (``first``) or largest (``last``) key that is not NULL."""
    if dialect != "postgres":
        return (exp.ArgMin if fold == "first" else exp.ArgMax)(this=value, expression=key)
    order = exp.Ordered(this=key, desc=fold == "last", nulls_first=False)
    every = exp.ArrayAgg(this=exp.Order(this=value, expressions=[order]))
    return exp.Bracket(this=exp.Paren(this=every), expressions=[integer(1)], offset=1)
