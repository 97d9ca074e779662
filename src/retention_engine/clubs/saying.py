"""Declarations as texts that say the same in every process: to see whether a shop has changed them."""

from __future__ import annotations

from collections.abc import Mapping, Set
from enum import Enum
from typing import Any

from attrs import fields, has

from retention_engine.predicates import Node


def said(value: Any) -> str:
    """Return what a declaration says; equal ones say the same."""
    if isinstance(value, Node):
        return value.text()
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, Mapping):
        return _joined("{", sorted(f"{said(key)}:{said(each)}" for key, each in value.items()))
    if isinstance(value, Set):
        return _joined("<", sorted(map(said, value)))
    if isinstance(value, tuple | list):
        return _joined("[", map(said, value))
    if has(type(value)):
        parts = (f"{each.name}={said(getattr(value, each.name))}" for each in fields(type(value)) if each.eq)
        return _joined(f"{type(value).__name__}(", parts)
    if callable(value):  # what it does is not seen; its address would be another in every process
        return f"{getattr(value, '__module__', '')}.{getattr(value, '__qualname__', type(value).__qualname__)}"
    return repr(value)


def _joined(opening: str, parts: Any) -> str:
    return f"{opening}{','.join(parts)}|"
