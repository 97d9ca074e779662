"""Text to predicate: the Python expression itself, read by ``ast`` through a whitelist and never executed."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from typing import Any

from retention_engine.errors import DefinitionError, ExpressionError, nearest, shown
from retention_engine.predicates import kinds
from retention_engine.predicates.attributes import Attribute, bucket
from retention_engine.predicates.base import (
    DEEPEST,
    MOST_NODES,
    Segment,
    Truth,
    all_of,
    any_of,
    at_least,
    within_limits,
)
from retention_engine.predicates.calendars import Local, dates, month_day, yearly
from retention_engine.predicates.compare import Quantity
from retention_engine.predicates.items import Item
from retention_engine.predicates.membership import QUANTITIES, TRUTHS, member
from retention_engine.predicates.records import Refinable, entry
from retention_engine.predicates.syntax import DEEPEST_SYNTAX, position_of, syntax
from retention_engine.state import COLLECTIONS
from retention_engine.timing import days, hours, local_days, microseconds, minutes, seconds

_Calls = Mapping[str, Callable[..., Any]]
_CALLS: _Calls = {
    "at_least": at_least,
    "bucket": bucket,
    "dates": dates,
    "days": days,
    "events": kinds.events,
    "hours": hours,
    "local_days": local_days,
    "microseconds": microseconds,
    "minutes": minutes,
    "month_day": month_day,
    "seconds": seconds,
    "yearly": yearly,
}
_COLLECTION_METHODS = (
    *("before", "count", "distinct", "exists", "first", "gaps", "last", "max", "mean", "min"),
    *("on_calendar_days", "since", "sum", "where", "within"),
)
_TESTS = ("contains", "is_in", "is_set", "starts_with")
_NAMES: dict[str, Any] = {**{name: getattr(kinds, name) for name in COLLECTIONS}, "entry": entry}
_EXAMPLES = {"customer": "city", "item": "price", "local": "hour", "member": "balance('pts')"}
_NAMESPACES = tuple(_EXAMPLES)
_OPERATORS: dict[type[ast.cmpop], str] = {
    ast.Eq: "__eq__",
    ast.NotEq: "__ne__",
    ast.Lt: "__lt__",
    ast.LtE: "__le__",
    ast.Gt: "__gt__",
    ast.GtE: "__ge__",
}


def parse(text: str, *, segments: Mapping[str, Truth] | None = None) -> Truth:
    """Read a predicate from its text form.

    Args:
        text: at most 262,144 characters, 1,000 nodes, depth 32.
        segments: the predicates behind ``segment("name")``.

    Raises:
        ExpressionError: anything wrong, with the position and the nearest valid name.
    """
    reader = _Reader(text, segments={} if segments is None else segments)
    tree = syntax(text)
    found = reader.read(tree, 0)
    if not isinstance(found, Truth):
        raise reader.error(tree, f"a predicate is needed, not {shown(str(found))}: compare it, such as >= 1")
    try:
        return within_limits(found)
    except DefinitionError as error:
        raise ExpressionError(str(error), text=text) from None


def read(
    text: str, wanted: Any, such: str, *, calls: _Calls | None = None, segments: Mapping[str, Truth] | None = None
) -> Any:
    """Read another value of the language, in the same grammar: a span, or what one of ``calls`` returns.

    Args:
        text: at most 262,144 characters; predicates inside are not checked for their size.
        wanted: the class that it has to be of.
        such: what is needed, for the message, such as ``a span is needed, such as days(3)``.
        calls: more functions by their names; they refuse wrong arguments with a ``DefinitionError``.
        segments: the predicates behind ``segment("name")``.

    Raises:
        ExpressionError: anything wrong, with the position and the nearest valid name.
    """
    found = _Reader(text, calls=calls or {}, segments={} if segments is None else segments).read(syntax(text), 0)
    if not isinstance(found, wanted):
        raise ExpressionError(f"{such}, not {shown(found)}", text=text, position=0)
    return found


class _Reader:
    """Walks the syntax tree; each node is either on the list or an error with its position."""

    def __init__(self, text: str, *, segments: Mapping[str, Truth], calls: _Calls | None = None) -> None:
        """Keep the text for messages."""
        self._text = text
        self._more = frozenset(calls or ())
        self._calls = {**_CALLS, **(calls or {})}
        self._made = 0
        self._segments = segments

    def error(self, node: ast.AST, message: str) -> ExpressionError:
        """Return the error of a place in the text."""
        return ExpressionError(message, text=self._text, position=position_of(self._text, node))

    def read(self, node: ast.AST, depth: int) -> Any:
        """Return the value of a syntax node."""
        if depth > DEEPEST_SYNTAX:
            raise self.error(node, f"the expression is deeper than {DEEPEST}")
        handler = _HANDLERS.get(type(node))
        if handler is None:
            raise self.error(node, f"{type(node).__name__} is not part of the language")
        try:
            return handler(self, node, depth + 1)
        except ExpressionError:
            raise
        except (DefinitionError, TypeError, ValueError, OverflowError) as error:
            raise self.error(node, str(error)) from None

    def _count(self, node: ast.AST) -> None:
        """Stop early: each comparison and each call of a method makes a node at least."""
        self._made += 1
        if self._made > MOST_NODES:
            raise self.error(node, f"an expression has at most {MOST_NODES} nodes")

    def _constant(self, node: ast.Constant, _: int) -> Any:
        if type(node.value) in (bool, int, float, str):
            return node.value
        raise self.error(node, f"{shown(node.value)} is no constant of the language: number, text, True or False")

    def _dict(self, node: ast.Dict, _: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in zip(node.keys, node.values, strict=True):
            if not isinstance(key, ast.Constant) or not isinstance(key.value, str) or key.value in found:
                raise self.error(key or value, "a mapping has a different text as the name of each value")
            found[key.value] = None if _is_none(value) else self.read(value, DEEPEST_SYNTAX)
        return found

    def _list(self, node: ast.List, depth: int) -> list[Any]:
        """Read a list; predicates have none, but the functions of others take them."""
        if not self._more:
            raise self.error(node, "List is not part of the language")
        return [self.read(part, min(depth, DEEPEST_SYNTAX)) for part in node.elts]

    def _unary(self, node: ast.UnaryOp, depth: int) -> Any:
        if isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant):
            value = node.operand.value
            if type(value) in (int, float):
                return -value  # type: ignore[operator]  # a number, as just checked
        if not isinstance(node.op, ast.Not | ast.Invert):
            raise self.error(node, "a sign stands only before a number")
        return ~self._truth(node.operand, depth)

    def _bool(self, node: ast.BoolOp, depth: int) -> Truth:
        parts = [self._truth(part, depth) for part in node.values]
        return all_of(*parts) if isinstance(node.op, ast.And) else any_of(*parts)

    def _binary(self, node: ast.BinOp, depth: int) -> Truth:
        if not isinstance(node.op, ast.BitAnd | ast.BitOr):
            raise self.error(node, "arithmetic is not part of the language")
        parts = (self._truth(node.left, depth), self._truth(node.right, depth))
        return all_of(*parts) if isinstance(node.op, ast.BitAnd) else any_of(*parts)

    def _truth(self, node: ast.AST, depth: int) -> Truth:
        found = self.read(node, depth)
        if not isinstance(found, Truth):
            raise self.error(node, f"a predicate is needed here, not {shown(str(found))}")
        return found

    def _compare(self, node: ast.Compare, depth: int) -> Any:
        if len(node.ops) != 1:
            raise self.error(node, "a comparison has two sides: write a <= x and x <= b instead of a <= x <= b")
        operator = _OPERATORS.get(type(node.ops[0]))
        if operator is None:
            raise self.error(node, "the comparisons are == != < <= > >= and .is_in()")
        left, right = self.read(node.left, depth), self.read(node.comparators[0], depth)
        if not isinstance(left, Quantity | Item) or isinstance(right, Quantity | Item | Truth | Refinable):
            raise self.error(node, "a comparison has a quantity on the left and a constant on the right")
        self._count(node)
        return getattr(left, operator)(right)

    def _name(self, node: ast.Name, _: int) -> Any:
        if node.id in _NAMES:
            return _NAMES[node.id]
        allowed = [*_NAMES, *_NAMESPACES, *self._calls, "segment"]
        if node.id in allowed:
            rest = f".{_EXAMPLES[node.id]}" if node.id in _NAMESPACES else "(...)"
            raise self.error(node, f"{node.id!r} does not stand alone: write {node.id}{rest}")
        raise self.error(node, f"unknown name {shown(node.id)}{nearest(node.id, allowed)}")

    def _attribute(self, node: ast.Attribute, depth: int) -> Any:
        if isinstance(node.value, ast.Name) and node.value.id in _NAMESPACES:
            return self._namespace(node, node.value.id)
        owner = self.read(node.value, depth)
        if node.attr in ("age", "ahead") and isinstance(owner, Quantity) and hasattr(type(owner), node.attr):
            return getattr(owner, node.attr)
        known = self._methods(owner)
        raise self.error(node, f"unknown property {shown(node.attr)}{nearest(node.attr, [*known, 'age', 'ahead'])}")

    def _namespace(self, node: ast.Attribute, space: str) -> Any:
        if space == "customer":
            return Attribute(node.attr)
        if space == "item":
            return Item(node.attr)
        if space == "member":
            raise self.error(node, f"member.{node.attr} is called: member.{node.attr}(...)")
        if node.attr not in ("hour", "weekday"):
            raise self.error(node, f"unknown property {shown(node.attr)}{nearest(node.attr, ('hour', 'weekday'))}")
        return Local(node.attr)

    @staticmethod
    def _methods(owner: object) -> tuple[str, ...]:
        if isinstance(owner, Refinable):
            return _COLLECTION_METHODS
        return _TESTS if isinstance(owner, Quantity | Item) else ()

    def _call(self, node: ast.Call, depth: int) -> Any:
        made = self._made
        arguments = [self.read(part, depth) for part in node.args]
        is_more = isinstance(node.func, ast.Name) and node.func.id in self._more
        named = {
            part.arg or "**": None if is_more and _is_none(part.value) else self.read(part.value, depth)
            for part in node.keywords
        }
        if is_more:
            self._made = made + 1  # the predicates in different calls are counted by themselves
        elif any(isinstance(part, list) for part in (*arguments, *named.values())):
            raise self.error(node, "a list has no place here")
        if len(named) != len(node.keywords) or "**" in named:
            raise self.error(node, "each name is given once, and ** is not part of the language")
        if isinstance(node.func, ast.Name):
            return self._function(node.func, arguments, named)
        if not isinstance(node.func, ast.Attribute):
            raise self.error(node, "only named functions can be called")
        if isinstance(node.func.value, ast.Name) and node.func.value.id == "member":
            return self._member(node.func, arguments, named)
        owner = self.read(node.func.value, depth)
        known = self._methods(owner)
        if node.func.attr not in known:
            raise self.error(node.func, f"unknown method {shown(node.func.attr)}{nearest(node.func.attr, known)}")
        if any(isinstance(part, Truth | Quantity | Refinable | Item) for part in arguments):
            raise self.error(node, f"{node.func.attr}() takes constants and conditions")
        self._count(node)
        return getattr(owner, node.func.attr)(*arguments, **named)

    def _member(self, node: ast.Attribute, arguments: list[Any], named: dict[str, Any]) -> Any:
        names = (*QUANTITIES, *TRUTHS)
        if node.attr not in names:
            raise self.error(node, f"unknown quantity {shown(f'member.{node.attr}')}{nearest(node.attr, names)}")
        self._count(node)
        return getattr(member, node.attr)(*arguments, **named)

    def _function(self, name: ast.Name, arguments: list[Any], named: dict[str, Any]) -> Any:
        if name.id == "segment":
            return self._segment(name, arguments, named)
        if name.id not in self._calls:
            raise self.error(name, f"unknown function {shown(name.id)}{nearest(name.id, [*self._calls, 'segment'])}")
        return self._calls[name.id](*arguments, **named)

    def _segment(self, node: ast.AST, arguments: list[Any], named: dict[str, Any]) -> Truth:
        if len(arguments) != 1 or named or not isinstance(arguments[0], str):
            raise self.error(node, "segment() takes one name")
        if arguments[0] not in self._segments:
            raise self.error(node, f"unknown segment {shown(arguments[0])}{nearest(arguments[0], self._segments)}")
        return Segment(arguments[0], self._segments[arguments[0]])


def _is_none(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


_HANDLERS: dict[type[ast.AST], Callable[[_Reader, Any, int], Any]] = {
    ast.Attribute: _Reader._attribute,
    ast.BinOp: _Reader._binary,
    ast.BoolOp: _Reader._bool,
    ast.Call: _Reader._call,
    ast.Compare: _Reader._compare,
    ast.Constant: _Reader._constant,
    ast.Dict: _Reader._dict,
    ast.List: _Reader._list,
    ast.Name: _Reader._name,
    ast.UnaryOp: _Reader._unary,
}
