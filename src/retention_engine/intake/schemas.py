"""What pydantic is told about our classes; the one module that needs it loaded.

An object is checked twice: names and types by pydantic, everything else by the class itself; the field that refuses is
found and named.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

from attrs import NOTHING, Attribute, fields
from pydantic import GetCoreSchemaHandler, ValidationError
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError
from pydantic_core import core_schema as core

from retention_engine.errors import FactError, shown
from retention_engine.facts import KINDS, Fact, codec
from retention_engine.facts.base import instant, optional_instant
from retention_engine.facts.words import MOST_LINES

_MOST_NAMES = 100
_MOST_ERRORS = 100
_INSTANTS: dict[object, Any] = {instant: int | datetime, optional_instant: int | datetime | None}


def schema(cls: type[Any], handler: GetCoreSchemaHandler) -> CoreSchema:
    """Return the schema of one of our classes; of a base class of facts, the union of its kinds."""
    many = issubclass(cls, Fact) and not cls.KIND
    return core.no_info_wrap_validator_function(
        _reader(cls),
        _union(cls, handler) if many else _fields(cls, handler),
        serialization=core.plain_serializer_function_ser_schema(codec.to_plain),
        ref=f"{cls.__module__}.{cls.__qualname__}:{id(cls)}",
    )


def _union(cls: type[Any], handler: GetCoreSchemaHandler) -> CoreSchema:
    """Return the union of what may come from outside; a kind that only the engine makes has its schema by name."""
    kinds = {name: kind for name, kind in KINDS.items() if issubclass(kind, cls) and not kind.MADE_BY_ENGINE}
    choices = {name: handler.generate_schema(kind) for name, kind in kinds.items()}
    return core.tagged_union_schema(choices, discriminator="kind")


def _fields(cls: type[Any], handler: GetCoreSchemaHandler) -> CoreSchema:
    hints = get_type_hints(cls)
    parts: dict[str, core.TypedDictField] = {}
    if issubclass(cls, Fact):
        parts["kind"] = core.typed_dict_field(core.literal_schema([cls.KIND]), required=False)
        parts["v"] = core.typed_dict_field(core.int_schema(ge=1, le=codec.VERSION), required=False)
    for part in fields(cls):
        schema = _field(part, hints[part.name], handler)
        parts[part.name] = core.typed_dict_field(schema, required=part.default is NOTHING)
    config = core.CoreConfig(strict=True, title=cls.__name__)
    return core.typed_dict_schema(parts, cls=cls, extra_behavior="forbid", config=config)


def _field(part: Attribute[Any], hint: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
    """Return a strict schema where one type is allowed; where several are, the class itself checks the value."""
    if get_origin(hint) is tuple:
        line = handler.generate_schema(get_args(hint)[0])
        return core.list_schema(line, strict=False, max_length=MOST_LINES, fail_fast=True)
    if part.converter is None and len({*get_args(hint)} - {NoneType}) <= 1:
        return handler.generate_schema(hint)
    described = handler.generate_schema(_INSTANTS.get(part.converter, hint))
    return core.no_info_wrap_validator_function(_as_given, described)


def _as_given(value: object, _: object) -> object:
    return value


def _reader(cls: type[Any]) -> Callable[[Any, Callable[[Any], Any]], Any]:
    """Return the function between input and instance; its ``handler`` checks names and types."""

    def read(value: Any, handler: Callable[[Any], Any]) -> Any:
        if isinstance(value, cls):
            return value
        try:
            found = handler(_object(cls, value))
        except ValidationError as error:
            faults = error.errors(include_url=False, include_context=False)[:_MOST_ERRORS]
            raise _errors(cls, [(each["type"], each["msg"], each["loc"], each["input"]) for each in faults]) from None
        return found if isinstance(found, cls) else _made(cls, found)

    return read


def _object(cls: type[Any], value: Any) -> dict[str, Any]:
    """Return the input when it is an object worth looking at: of few names, its kind and version known."""
    place, lifted = "", value
    try:
        if not isinstance(value, dict) or len(value) > _MOST_NAMES:
            raise FactError(f"an object of at most {_MOST_NAMES} names is needed, not {shown(value)}")
        if issubclass(cls, Fact):
            place = "v"
            lifted = codec.lift(value)
            place = "kind"
            if not cls.KIND:
                codec.kind_from_outside(lifted.get("kind"))
    except FactError as error:
        raise _refused(cls, error, place, value) from None
    return dict(lifted)


def _made(cls: type[Any], given: dict[str, Any]) -> Any:
    given.pop("kind", None)
    try:
        return cls(**given)
    except FactError as error:
        raise _refused(cls, error, codec.culprit(cls, given) or "", given) from None


def _refused(cls: type[Any], error: FactError, place: str, value: Any) -> ValidationError:
    given = value.get(place) if place else value
    return _errors(cls, [("fact_error", str(error), (place,) if place else (), given)])


def _errors(cls: type[Any], faults: list[tuple[str, str, tuple[int | str, ...], object]]) -> ValidationError:
    """Return the error pydantic expects, short and printable whatever the input: it will be sent back and logged."""
    lines = [
        InitErrorDetails(
            type=PydanticCustomError(kind, _short(message, 300)),
            loc=tuple(_short(part, 80) for part in place),
            input=_short(value, 80),
        )
        for kind, message, place, value in faults
    ]
    return ValidationError.from_exception_data(cls.__name__, lines)


def _short(value: Any, limit: int) -> Any:
    """Return a plain printable value as it is, anything else by the beginning of its ``repr``."""
    if value is None or isinstance(value, bool) or (isinstance(value, int) and abs(value) < 2**63):
        return value
    text = value[:limit] if isinstance(value, str) else ""
    return text if text and text.isprintable() else shown(value, limit)
