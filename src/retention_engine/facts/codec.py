"""Facts as JSON: stable names, a version per kind, strict at the door, quick for our own log.

A fact is one flat object: ``{"kind": "order_placed", "v": 1, "id": ..., "customer": ..., "at": ..., ...}``. Instants
are written as integer microseconds UTC and read as such or as ISO 8601 with offset. Fields that hold their default are
left out. An older version is lifted by its entry in ``UPCASTERS`` before it is read.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import lru_cache
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

from attrs import NOTHING, Factory, fields, frozen, has

from retention_engine.errors import FactError, nearest, shown
from retention_engine.facts.base import Fact, kind_of
from retention_engine.facts.words import MOST_LINES
from retention_engine.money import Money

VERSION = 1
UPCASTERS: dict[tuple[str, int], Callable[[dict[str, Any]], dict[str, Any]]] = {}
"""(kind, version) -> function that lifts the object by one version."""

LONGEST_JSON = 1_000_000


def to_json(fact: Fact) -> str:
    """Return the fact as one line of JSON with sorted keys; the same fact always gives the same text."""
    return _dump(to_plain(fact))


def content(fact: Fact) -> str:
    """Return the JSON of what the fact says, without when we learned it: repeats are compared by this text."""
    plain = to_plain(fact)
    plain.pop("learned", None)
    return _dump(plain)


def to_plain(value: Any) -> dict[str, Any]:
    """Return a fact, or a noun inside one, as the plain values of its JSON; a fact with its kind and version."""
    plain = _plain(value)
    return {"kind": value.KIND, "v": VERSION, **plain} if isinstance(value, Fact) else plain


def from_json(text: str | bytes) -> Fact:
    """Read one fact from untrusted JSON.

    Raises:
        FactError: not JSON, over 1,000,000 characters, NaN, duplicate or unknown or missing names, wrong values.
    """
    if not isinstance(text, str | bytes):
        raise FactError(f"a fact is read from a text, not {shown(text)}")
    if len(text) > LONGEST_JSON:
        raise FactError(f"a fact has at most {LONGEST_JSON} characters, this text has {len(text)}")
    try:
        raw = json.loads(text, object_pairs_hook=_unique)  # NaN passes here: the field that holds it refuses it
    except FactError:
        raise
    except (ValueError, RecursionError) as error:
        raise FactError(f"not JSON: {shown(str(error))}") from None
    return from_plain(raw)


def from_outside(text: str | bytes) -> Fact:
    """Read one fact that somebody outside the process tells us: as ``from_json``, without the kinds of the engine.

    Raises:
        FactError: as of ``from_json``, or a kind that only the engine makes.
    """
    fact = from_json(text)
    kind_from_outside(fact.KIND)
    return fact


def kind_from_outside(name: object) -> type[Fact]:
    """Return the fact class of a name that came from outside.

    Raises:
        FactError: the name is unknown, or only the engine makes facts of this kind.
    """
    found = kind_of(name)
    if found.MADE_BY_ENGINE:
        raise FactError(f"kind of fact {shown(name)} is not accepted: only the engine makes it")
    return found


def from_plain(raw: object) -> Fact:
    """Build a fact from untrusted plain values (as of parsed JSON), checking everything.

    Raises:
        FactError: unknown or missing names, wrong values; its place names the field.
    """
    if not isinstance(raw, dict):
        raise FactError(f"a fact is an object with a kind, not {shown(raw)}")
    raw = lift(raw)
    cls = kind_of(raw.pop("kind", None))
    fact = _build(cls, raw, cls.KIND)
    assert isinstance(fact, Fact)
    return fact


def from_log(text: str) -> Fact:
    """Read a fact that ``to_json`` wrote, without checking it again: for our own log only."""
    raw = json.loads(text)
    if raw["v"] != VERSION:
        raw = lift(raw)
    fact = _trusted(kind_of(raw["kind"]), raw)
    assert isinstance(fact, Fact)
    return fact


def lift(raw: dict[str, Any]) -> dict[str, Any]:
    """Return a copy of the object in today's version, without its version number.

    Raises:
        FactError: the version is unknown.
    """
    raw = dict(raw)
    version = raw.pop("v", VERSION)
    if type(version) is not int or not 1 <= version <= VERSION:
        raise FactError(f"version {shown(version)} is unknown; this library reads 1 to {VERSION}")
    for step in range(version, VERSION):
        raw = UPCASTERS[str(raw.get("kind")), step](raw)
    return raw


def culprit(cls: type[Any], values: dict[str, Any]) -> str | None:
    """Return the first field of an attrs class that refuses its value; None when only the whole is refused."""
    made: Any = object.__new__(cls)
    for part in fields(cls):
        try:
            value = values[part.name] if part.name in values else _default(part.default, made)
            object.__setattr__(made, part.name, part.converter(value) if part.converter else value)
        except FactError:
            return str(part.name)
    for part in fields(cls):
        try:
            if part.validator:
                part.validator(made, part, getattr(made, part.name))
        except FactError:
            return str(part.name)
    return None


_ENCODE = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode  # made once: dear


def _dump(plain: dict[str, Any]) -> str:
    return _ENCODE(plain)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise FactError(f"name given twice: {shown(name)}")
        found[name] = value
    return found


@frozen
class _Part:
    """A field of an attrs class: what is inside (an attrs class or None), whether a tuple of it, and the default."""

    name: str
    inner: type[Any] | None
    many: bool
    default: Any
    made: bool


_SHAPES: dict[type[Any], tuple[_Part, ...]] = {}


def _shape(cls: type[Any]) -> tuple[_Part, ...]:
    found = _SHAPES.get(cls)
    if found is None:
        hints = get_type_hints(cls)
        found = _SHAPES[cls] = tuple(_part(each.name, hints[each.name], each.default) for each in fields(cls))
    return found


def _part(name: str, hint: Any, default: Any) -> _Part:
    many = get_origin(hint) is tuple
    options = get_args(hint) if many or isinstance(hint, UnionType) else (hint,)
    inner = next((option for option in options if isinstance(option, type) and has(option)), None)
    return _Part(name, inner, many, default, type(default) is Factory)


def _plain(value: Any) -> dict[str, Any]:
    plain: dict[str, Any] = {}
    for part in _shape(type(value)):
        held = getattr(value, part.name)
        if held is part.default or (not held and (part.made or part.many)):
            continue
        if part.many:
            plain[part.name] = list(held) if part.inner is None else [_plain(inside) for inside in held]
        elif part.inner is not None and held is not None:
            plain[part.name] = _plain(held)
        elif held != part.default:
            plain[part.name] = held
    return plain


def _build(cls: type[Any], raw: object, place: str) -> Any:
    if not isinstance(raw, dict):
        raise FactError(f"an object is needed, not {shown(raw)}", place=place)
    shape = _shape(cls)
    names = [part.name for part in shape]
    for name in raw:
        if name not in names:
            near = nearest(name if isinstance(name, str) else "", names)
            raise FactError(f"unknown name {shown(name)}{near}", place=place)
    values = {}
    for part in shape:
        if part.name in raw:
            values[part.name] = _value(part, raw[part.name], f"{place}.{part.name}")
        elif part.default is NOTHING:
            raise FactError(f"{part.name} is missing", place=place)
    try:
        return cls(**values)
    except FactError as error:
        name = culprit(cls, values)
        raise FactError(str(error), place=f"{place}.{name}" if name else place) from None


def _value(part: _Part, raw: object, place: str) -> Any:
    if not part.many:
        return raw if part.inner is None or raw is None else _build(part.inner, raw, place)
    if not isinstance(raw, list):
        raise FactError(f"a list is needed, not {shown(raw)}", place=place)
    if len(raw) > MOST_LINES:
        raise FactError(f"a list has at most {MOST_LINES} parts, this one {len(raw)}", place=place)
    if part.inner is None:
        return raw
    return [_build(part.inner, one, f"{place}[{number}]") for number, one in enumerate(raw)]


_money = lru_cache(maxsize=65536)(Money)  # amounts repeat: facts read from the log share them


def _trusted(cls: type[Any], raw: dict[str, Any]) -> Any:
    if cls is Money:
        return _money(raw["amount"], raw["currency"])
    made: Any = object.__new__(cls)
    put = object.__setattr__
    for part in _shape(cls):
        held = raw.get(part.name, NOTHING)
        if held is NOTHING:
            held = _default(part.default, made)
        elif part.many:
            held = tuple(held if part.inner is None else [_trusted(part.inner, one) for one in held])
        elif part.inner is not None and held is not None:
            held = _trusted(part.inner, held)
        put(made, part.name, held)
    return made


def _default(default: Any, made: object) -> object:
    if type(default) is not Factory:
        return default
    return default.factory(made) if default.takes_self else default.factory()
