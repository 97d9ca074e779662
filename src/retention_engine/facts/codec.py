"""Facts as JSON: stable names, a version per kind, strict at the door, quick for our own log.

A fact is one flat object: ``{"kind": "order_placed", "v": 1, "id": ..., "customer": ..., "at": ..., ...}``. Instants are
written as integer microseconds UTC and read as such or as ISO 8601 with offset. Fields that hold their default are left
out. An older version is lifted by its entry in ``UPCASTERS`` before it is read.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

from attrs import NOTHING, Factory, fields, has

from retention_engine.errors import FactError, RetentionError, nearest, shown
from retention_engine.facts.base import Fact, kind_of

VERSION = 1
UPCASTERS: dict[tuple[str, int], Callable[[dict[str, Any]], dict[str, Any]]] = {}
"""(kind, version) -> function that lifts the object by one version."""

LONGEST_JSON = 1_000_000


def to_json(fact: Fact) -> str:
    """Return the fact as one line of JSON with sorted keys; equal facts give equal text."""
    return _dump({"kind": fact.KIND, "v": VERSION, **_plain(fact)})


def content(fact: Fact) -> str:
    """Return the JSON of what the fact says, without when we learned it: repeats are compared by this text."""
    plain = _plain(fact)
    plain.pop("learned", None)
    return _dump({"kind": fact.KIND, "v": VERSION, **plain})


def from_json(text: str | bytes) -> Fact:
    """Read one fact from untrusted JSON.

    Raises:
        FactError: not JSON, over 1,000,000 characters, NaN, duplicate or unknown or missing names, wrong values.
    """
    if len(text) > LONGEST_JSON:
        raise FactError(f"a fact has at most {LONGEST_JSON} characters, this text has {len(text)}")
    try:
        raw = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
    except RetentionError:
        raise
    except (ValueError, RecursionError) as error:
        raise FactError(f"not JSON: {shown(str(error))}") from None
    return from_plain(raw)


def from_plain(raw: object) -> Fact:
    """Build a fact from untrusted plain values (as of parsed JSON), checking everything.

    Raises:
        FactError: unknown or missing names, wrong values.
    """
    if not isinstance(raw, dict):
        raise FactError(f"a fact is an object with a kind, not {shown(raw)}")
    raw = _lift(dict(raw))
    cls = kind_of(raw.pop("kind", None))
    fact = _build(cls, raw, cls.KIND)
    assert isinstance(fact, Fact)
    return fact


def from_log(text: str) -> Fact:
    """Read a fact that ``to_json`` wrote, without checking it again: for our own log only."""
    raw = json.loads(text)
    if raw["v"] != VERSION:
        raw = _lift(raw)
    fact = _trusted(kind_of(raw["kind"]), raw)
    assert isinstance(fact, Fact)
    return fact


def _dump(plain: dict[str, Any]) -> str:
    return json.dumps(plain, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        raise FactError(f"name given twice: {shown(next(name for name in names if names.count(name) > 1))}")
    return found


def _no_constant(name: str) -> object:
    raise FactError(f"{name} is no number; write null for a missing value")


def _lift(raw: dict[str, Any]) -> dict[str, Any]:
    version = raw.pop("v", VERSION)
    if type(version) is not int or not 1 <= version <= VERSION:
        raise FactError(f"version {shown(version)} is unknown; this library reads 1 to {VERSION}")
    for step in range(version, VERSION):
        raw = UPCASTERS[str(raw.get("kind")), step](raw)
    return raw


@cache
def _shape(cls: type[Any]) -> tuple[tuple[str, type[Any] | None, bool, object], ...]:
    """Return (name, attrs class inside or None, is a tuple, default) of each field."""
    hints = get_type_hints(cls)
    shape = []
    for each in fields(cls):
        hint, many = hints[each.name], get_origin(hints[each.name]) is tuple
        parts = get_args(hint) if many or isinstance(hint, UnionType) else (hint,)
        inner = next((part for part in parts if isinstance(part, type) and has(part)), None)
        shape.append((each.name, inner, many, each.default))
    return tuple(shape)


def _plain(value: Any) -> dict[str, Any]:
    plain: dict[str, Any] = {}
    for name, inner, many, default in _shape(type(value)):
        held = getattr(value, name)
        if held is default or (not many and held == default) or (isinstance(default, Factory) and not held):  # type: ignore[arg-type]  # Factory is a class at run time
            continue
        if many:
            if held:
                plain[name] = [_plain(part) for part in held]
        else:
            plain[name] = held if inner is None or held is None else _plain(held)
    return plain


def _build(cls: type[Any], raw: object, place: str) -> Any:
    if not isinstance(raw, dict):
        raise FactError(f"an object is needed, not {shown(raw)}", place=place)
    shape = _shape(cls)
    names = [name for name, *_ in shape]
    for name in raw:
        if name not in names:
            raise FactError(f"unknown name {shown(name)}{nearest(name, names)}", place=place)
    values = {}
    for name, inner, many, default in shape:
        if name in raw:
            values[name] = _value(inner, many=many, raw=raw[name], place=f"{place}.{name}")
        elif default is NOTHING:
            raise FactError(f"{name} is missing", place=place)
    try:
        return cls(**values)
    except FactError as error:
        raise error if error.place else FactError(str(error), place=place) from None


def _value(inner: type[Any] | None, *, many: bool, raw: object, place: str) -> Any:
    if inner is None:
        return raw
    if not many:
        return None if raw is None else _build(inner, raw, place)
    if not isinstance(raw, list):
        raise FactError(f"a list is needed, not {shown(raw)}", place=place)
    return [_build(inner, part, f"{place}[{number}]") for number, part in enumerate(raw)]


def _trusted(cls: type[Any], raw: dict[str, Any]) -> Any:
    made = cls.__new__(cls)
    put = object.__setattr__
    for name, inner, many, default in _shape(cls):
        held = raw.get(name, NOTHING)
        if held is NOTHING:
            held = _default(default, made)
        elif inner is not None and held is not None:
            held = tuple(_trusted(inner, part) for part in held) if many else _trusted(inner, held)
        put(made, name, held)
    return made


def _default(default: object, made: object) -> object:
    if not isinstance(default, Factory):  # type: ignore[arg-type]  # Factory is a class at run time
        return default
    return default.factory(made) if default.takes_self else default.factory()  # type: ignore[attr-defined]  # as above
