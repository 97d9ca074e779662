"""Entries as JSON text and back, for those who store them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import Enum
from fractions import Fraction
from typing import Any, get_args

from attrs import fields

from retention_engine.errors import LedgerError, RetentionError, shown
from retention_engine.loyalty.changes import Change
from retention_engine.loyalty.lots import Bucket, Grant, Hold, Lot, Redemption, Reversal, Slice, Stock
from retention_engine.loyalty.orders import Basis, Cell, OrderLine, Receipt, Split
from retention_engine.loyalty.reconcile import OrderRecord
from retention_engine.loyalty.units import Account, Unit
from retention_engine.loyalty.validity import Lasts, Until, WhileActive
from retention_engine.loyalty.work import Entry
from retention_engine.timing import Span

_CLASSES: tuple[type, ...] = (
    *(Entry, Account, Unit, Lot, Stock, Slice, Hold, Redemption, Reversal, Grant),
    *(OrderRecord, Receipt, OrderLine, Cell, Lasts, Until, WhileActive, Span),
    *get_args(Change),
)
_KNOWN = {one.__name__: one for one in _CLASSES}
_ENUMS: dict[str, type[Enum]] = {one.__name__: one for one in (Bucket, Basis, Split)}


def to_json(entry: Entry) -> str:
    """Return an entry as one line of JSON; the same entry has the same text."""
    return json.dumps(_plain(entry), separators=(",", ":"), sort_keys=True, ensure_ascii=False)


def _plain(value: object) -> Any:
    if isinstance(value, Enum):
        return {"is": type(value).__name__, "value": value.value}
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    if isinstance(value, Fraction):
        return {"is": "Fraction", "value": str(value)}
    if isinstance(value, Mapping):
        return {"is": "dict", "value": {name: _plain(each) for name, each in value.items()}}
    kind: Any = type(value)
    if kind in _CLASSES:
        return {"is": kind.__name__, **{each.name: _plain(getattr(value, each.name)) for each in fields(kind)}}
    raise LedgerError(f"{shown(value)} has no place in an entry", code="unreadable")


def from_json(text: str) -> Entry:
    """Return the entry that a text holds.

    Raises:
        LedgerError: it is no text of ``to_json``, or of a later version of this library.
    """
    try:
        entry = _value(json.loads(text))
    except (RetentionError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise LedgerError(f"this is no entry: {shown(text)}: {error}", code="unreadable") from error
    if not isinstance(entry, Entry):
        raise LedgerError(f"this is no entry: {shown(text)}", code="unreadable")
    return entry


def _value(plain: Any) -> Any:
    if isinstance(plain, list):
        return tuple(_value(each) for each in plain)
    if not isinstance(plain, dict):
        return plain
    rest = dict(plain)
    name = rest.pop("is")
    if name in _ENUMS:
        return _ENUMS[name](rest["value"])
    if name == "Fraction":
        return Fraction(rest["value"])
    if name == "dict":
        return {key: _value(each) for key, each in rest["value"].items()}
    return _KNOWN[name](**{key: _value(each) for key, each in rest.items()})
