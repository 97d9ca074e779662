"""The neutral tree in every engine's syntax."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bench.neutral import Tree
from retention_engine.predicates import Attribute, Compare, Truth, all_of, any_of
from retention_engine.timing import microseconds

Place = Callable[[str], str]


def ours(tree: Tree) -> Truth:
    """Return our predicate: instants, numbers and flags are attributes of the customer."""
    match tree:
        case ("and", *parts):
            return all_of(*map(ours, parts))
        case ("or", *parts):
            return any_of(*map(ours, parts))
        case ("not", part):
            return ~ours(part)
    field = Attribute(tree[1])
    match tree:
        case ("age>=", _, span):
            return field.age >= microseconds(span)
        case ("age<", _, span):
            return field.age < microseconds(span)
        case ("within", _, span):
            return field.ahead <= microseconds(span)
        case ("flag", _):
            return Compare(field, "==", constant=True)
        case ("in", _, *numbers):
            return field.is_in(*numbers)
    return Compare(field, tree[2], tree[3])


def python(tree: Tree, place: Place) -> str:
    """Return the Python expression that a developer would write by hand; an instant of 0 never happened."""
    match tree:
        case ("and" | "or" as word, *parts):
            return f" {word} ".join(_joined(part, word, place) for part in parts)
        case ("not", ("flag", field)):
            return f"not {place(field)}"
        case ("not", part):
            return f"not ({python(part, place)})"
    field = place(tree[1])
    match tree:
        case ("age>=", _, span):
            return f"{field} > 0 and now - {field} >= {span}"
        case ("age<", _, span):
            return f"{field} > 0 and now - {field} < {span}"
        case ("within", _, span):
            return f"{field} > now and {field} - now <= {span}"
        case ("flag", _):
            return field
        case ("in", _, *numbers):
            return f"{field} in {tuple(numbers)}"
    return f"{field} {tree[2]} {tree[3]}"


def _joined(part: Tree, word: str, place: Place) -> str:
    inner = python(part, place)
    binds = part[0] in ("and", "age>=", "age<", "within")
    loose = part[0] == "or" or (binds and word == "or")
    return f"({inner})" if loose else inner


def over_record(tree: Tree, place: Place) -> str:
    """Return the same over our record, where an instant that never happened lies beyond every other one."""
    match tree:
        case ("and" | "or" as word, *parts):
            inner = [over_record(part, place) for part in parts]
            return f" {word} ".join(
                f"({text})" if part[0] == "or" else text for part, text in zip(parts, inner, strict=True)
            )
        case ("not", part):
            return f"not ({over_record(part, place)})"
        case ("age>=", field, span):
            return f"now - {place(field)} >= {span}"
        case ("age<", field, span):
            return f"{place(field)} <= now and now - {place(field)} < {span}"
        case ("within", field, span):
            return f"now < {place(field)} and {place(field)} - now <= {span}"
    return python(tree, place)


def json_logic(tree: Tree) -> Any:
    """Return the rule as JsonLogic; the data have a key ``now``."""
    match tree:
        case ("and" | "or" as word, *parts):
            return {word: [json_logic(part) for part in parts]}
        case ("not", part):
            return {"!": [json_logic(part)]}
    field, now = {"var": tree[1]}, {"var": "now"}
    match tree:
        case ("age>=", _, span):
            return {"and": [{">": [field, 0]}, {">=": [{"-": [now, field]}, span]}]}
        case ("age<", _, span):
            return {"and": [{">": [field, 0]}, {"<": [{"-": [now, field]}, span]}]}
        case ("within", _, span):
            return {"and": [{">": [field, now]}, {"<=": [{"-": [field, now]}, span]}]}
        case ("flag", _):
            return field
        case ("in", _, *numbers):
            return {"in": [field, numbers]}
    return {tree[2]: [field, tree[3]]}


def words(tree: Tree) -> str:
    """Return the rule in the syntax that zen-engine and rule-engine share."""
    match tree:
        case ("and" | "or" as word, *parts):
            return "(" + f" {word} ".join(words(part) for part in parts) + ")"
        case ("not", part):
            return f"not ({words(part)})"
        case ("in", field, *numbers):
            return f"{field} in {numbers}"
    return python(tree, str)
