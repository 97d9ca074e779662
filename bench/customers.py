"""The customers of the population in the forms that are compared: facts, records of ours, plain objects, dicts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import attrs
import numpy as np

from bench.neutral import FIELDS, FLAGS, INSTANTS, NUMBERS, RULES, Tree, derived
from bench.workload import NOW, Column, Population
from retention_engine.facts import AttributeChanged, Customer, Fact, Registered

STATE = (
    *("registered_at", "first_order_at", "last_order_at", "third_last_order_at"),
    *(f"cat{k}_at" for k in range(8)),
    *("cream_at", "next_birthday_at", "next_anniversary_at", "cart_at", "message_at", "visit_at", "delivered_at"),
    *("review_at", "points_expire_at", "nps_at", "escalated_at"),
    *NUMBERS,
    *FLAGS,
)
"""The 33 fields of the canonical state, and the two derived flags."""

State: type[Any] = attrs.make_class("State", {name: attrs.field() for name in STATE}, slots=True)
"""The object a developer would write: slots, plain integers, 0 for never."""


def rows_of(population: Population) -> list[dict[str, Any]]:
    """Return one dict a customer, with the derived flags."""
    return [derived(row) for row in population.rows()]


def facts_of(row: Mapping[str, Any], number: int) -> Iterator[Fact]:
    """Yield the facts that make a history of a row: the registration, and each instant as an attribute."""
    name, at = f"c{number}", row["registered_at"]
    plain = {field: row[field] for field in (*NUMBERS, *FLAGS)}
    yield Registered.of(Customer(id=name, registered=at, attributes=plain))
    for field in INSTANTS:
        if row[field]:
            known = {"id": f"{field}-{number}", "customer": name, "at": at}
            yield AttributeChanged(**known, name=field, value=row[field], is_instant=True)


def states_of(rows: list[dict[str, Any]]) -> list[Any]:
    """Return the plain objects."""
    return [State(**{name: row[name] for name in STATE}) for row in rows]


def dicts_of(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the dicts that other engines get: what the rules read, and ``now``."""
    return [{**{name: row[name] for name in FIELDS}, "now": NOW} for row in rows]


def reference(population: Population) -> Column:
    """Return one mask a customer, computed column by column with NumPy: independent of all that is measured."""
    columns = dict(population.customers)
    columns["review_open"] = columns["review_at"] < columns["delivered_at"]
    columns["nps_open"] = columns["escalated_at"] < columns["nps_at"]
    masks = np.zeros(len(population), np.int64)
    for bit, tree in enumerate(RULES.values()):
        masks |= truth(tree, columns).astype(np.int64) << bit
    return masks


def truth(tree: Tree, columns: Mapping[str, Column]) -> Column:
    """Return which customers a rule holds for at ``NOW``."""
    match tree:
        case ("and", *parts):
            return np.asarray(np.logical_and.reduce([truth(part, columns) for part in parts]))
        case ("or", *parts):
            return np.asarray(np.logical_or.reduce([truth(part, columns) for part in parts]))
        case ("not", part):
            return ~truth(part, columns)
    column = columns[tree[1]]
    match tree:
        case ("age>=", _, span):
            return np.asarray((column > 0) & (NOW - column >= span))
        case ("age<", _, span):
            return np.asarray((column > 0) & (NOW - column < span))
        case ("within", _, span):
            return np.asarray((column > NOW) & (column - NOW <= span))
        case ("flag", _):
            return column.astype(bool)
        case ("in", _, *numbers):
            return np.isin(column, numbers)
    compared = {"<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal, "==": np.equal}
    return np.asarray(compared[tree[2]](column, tree[3]))
