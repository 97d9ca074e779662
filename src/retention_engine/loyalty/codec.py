"""Entries as JSON text and back, for those who store them.

A field that has its default is not written, so the default of a stored field is never changed. What a later version
of this library added to a known object is kept and written again; a change of an unknown kind is kept too, but
refuses to be applied.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from fractions import Fraction
from json.encoder import encode_basestring
from operator import itemgetter
from typing import Any, get_args

from attrs import NOTHING, evolve, fields

from retention_engine.errors import LedgerError, RetentionError, shown
from retention_engine.loyalty.awards import Award, Basis, Rate, Vesting
from retention_engine.loyalty.caps import Cap, Room
from retention_engine.loyalty.changes import Change, Unknown
from retention_engine.loyalty.lots import Bucket, Grant, Hold, Lot, Redemption, Reversal, Slice, Stock
from retention_engine.loyalty.orders import Cell, OrderLine, OrderRecord, Receipt, Rounding, Split, Status
from retention_engine.loyalty.units import Account, Unit
from retention_engine.loyalty.validity import Lasts, Until, WhileActive
from retention_engine.loyalty.work import Entry
from retention_engine.timing import Span

_CLASSES: tuple[type, ...] = (
    *(Entry, Account, Unit, Lot, Stock, Slice, Hold, Redemption, Reversal, Grant),
    *(Award, Rate, Vesting, Cap, Room),
    *(OrderRecord, Receipt, OrderLine, Cell, Lasts, Until, WhileActive, Span),
    *get_args(Change),
)
_CHANGES = frozenset(one.__name__ for one in get_args(Change) if one is not Unknown)
_KNOWN: dict[str, Any] = {one.__name__: one for one in _CLASSES}
_ENUMS: dict[str, type[Enum]] = {one.__name__: one for one in (Bucket, Basis, Split, Rounding, Status)}
_FIELDS = {
    one: tuple((each.name, each.default) for each in fields(one) if (one, each.name) != (Entry, "later"))
    for one in _CLASSES
}
_ROWS: dict[type, list[tuple[str, str | None, Any]]] = {
    one: sorted(
        [(f'"is":"{one.__name__}"', None, NOTHING), *((f'"{name}":', name, default) for name, default in row)],
        key=itemgetter(0),
    )
    for one, row in _FIELDS.items()
    if one is not Unknown
}
"""How each field of a class begins, its name and its default, in the order of the names; ``is`` is no field."""
_WRITTEN = {
    **{one.__name__: {"is", *(name for name, _ in _FIELDS[one])} for one in _CLASSES},
    **{name: {"is", "value"} for name in (*_ENUMS, "Fraction", "dict")},
}
_SIMPLE = frozenset({str, int, bool, type(None)})


def to_json(entry: Entry) -> str:
    """Return an entry as one line of JSON; the same entry has the same text."""
    if not entry.later:
        return _text(entry, full=False)
    plain = json.loads(_text(entry, full=True))
    for path, text in entry.later:
        place = plain
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = json.loads(text)
    return _dumps(plain)


_dumps = json.JSONEncoder(separators=(",", ":"), sort_keys=True, ensure_ascii=False).encode


_PLAIN: dict[type, Callable[[Any], str]] = {
    str: encode_basestring,
    int: str,
    bool: {True: "true", False: "false"}.__getitem__,
    type(None): lambda _: "null",
    Unknown: lambda value: _dumps(json.loads(value.text)),
    Fraction: lambda value: f'{{"is":"Fraction","value":"{value}"}}',
}


def _text(value: Any, *, full: bool) -> str:
    """Return the JSON text of a value, its fields in the order of their names.

    Args:
        full: write every field, whatever its default.
    """
    row = _ROWS.get(type(value))
    if row is None:
        return _other(value, full=full)
    parts = []
    for head, name, default in row:
        if name is None:
            parts.append(head)
            continue
        one = getattr(value, name)
        kind = type(one)
        if full or not (one is default or (kind is type(default) and one == default)):
            write = _PLAIN.get(kind)
            parts.append(head + (_text(one, full=full) if write is None else write(one)))
    return f"{{{','.join(parts)}}}"


def _other(value: Any, *, full: bool) -> str:
    kind = type(value)
    write = _PLAIN.get(kind)
    if write is not None:
        return write(value)
    if kind is tuple:
        return f"[{','.join([_text(each, full=full) for each in value])}]"
    if isinstance(value, Enum):
        return f'{{"is":"{kind.__name__}","value":{_dumps(value.value)}}}'
    if isinstance(value, Mapping):
        parts = [f"{encode_basestring(name)}:{_text(value[name], full=full)}" for name in sorted(value)]
        return f'{{"is":"dict","value":{{{",".join(parts)}}}}}'
    raise LedgerError(f"{shown(value)} has no place in an entry", code="unreadable")


def from_json(text: str) -> Entry:
    """Return the entry that a text holds.

    Raises:
        LedgerError: it is no text of ``to_json``.
    """
    try:
        plain = json.loads(text)
        plain["changes"] = [_change(each) for each in plain["changes"]]
        reader = _Reader()
        entry = reader.value(plain)
        if reader.strange and isinstance(entry, Entry):
            entry = evolve(entry, later=tuple(sorted(_later(plain, ()))))
    except (RetentionError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise LedgerError(f"this is no entry: {shown(text)}: {error}", code="unreadable") from error
    if not isinstance(entry, Entry):
        raise LedgerError(f"this is no entry: {shown(text)}", code="unreadable")
    return entry


def _change(plain: Any) -> Any:
    name = plain["is"]
    if name in _WRITTEN and name not in _CHANGES:
        raise ValueError(f"{name} is no change")
    return plain if name in _CHANGES else {"is": "Unknown", "text": _dumps(plain)}


class _Reader:
    """Makes values of plain ones; ``strange`` tells whether something was passed over."""

    strange = False

    def value(self, plain: Any) -> Any:
        kind = type(plain)
        if kind is list:
            return tuple([self.value(each) for each in plain])
        if kind is not dict:
            return plain
        name = plain["is"]
        written = _WRITTEN[name]
        if not plain.keys() <= written:
            self.strange = True
            plain = {key: each for key, each in plain.items() if key in written}
        if name in _KNOWN:
            given = {key: each if type(each) in _SIMPLE else self.value(each) for key, each in plain.items()}
            del given["is"]
            return _KNOWN[name](**given)
        one = plain["value"]
        if name == "dict":
            return {key: self.value(each) for key, each in one.items()}
        return Fraction(one) if name == "Fraction" else _ENUMS[name](one)


def _later(plain: Any, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield the place and the text of everything that this version does not know."""
    if isinstance(plain, list):
        for place, each in enumerate(plain):
            yield from _later(each, (*path, place))
    elif isinstance(plain, dict):
        known = _WRITTEN[plain["is"]] if "is" in plain else plain.keys()
        for key, each in plain.items():
            if key in known:
                yield from _later(each, (*path, key))
            else:
                yield (*path, key), _dumps(each)
