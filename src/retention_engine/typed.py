"""Fields that take what their annotation says: a declaration is refused where it is written, not when it is used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from fractions import Fraction
from functools import cached_property
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from attrs import Attribute

from retention_engine.errors import DefinitionError, RetentionError, nearest, shown

_WORDS: dict[Any, str] = {
    NoneType: "None",
    bool: "True or False",
    int: "a whole number",
    str: "a text",
    Fraction: "a Fraction",
}


def typed(owner: type, found: list[Attribute[Any]]) -> list[Attribute[Any]]:
    """Let every field of a class refuse what its annotation does not allow: ``@frozen(field_transformer=typed)``.

    A converter comes first; what it stumbles over is refused the same way. A field with a validator of its own and
    no converter is left to that one, which says more.
    """
    return [_guarded(owner, each) for each in found]


def _guarded(owner: type, each: Attribute[Any]) -> Attribute[Any]:
    inherited: bool = each.inherited  # type: ignore[attr-defined]  # its stubs do not know it
    if inherited or not each.init or (each.validator is not None and each.converter is None):
        return each
    return each.evolve(converter=_Door(owner, each))


class _Door:
    """What a value passes before it is in a field."""

    def __init__(self, owner: type, what: Attribute[Any]) -> None:
        self.owner, self.name = owner, what.name
        self.convert: Any = what.converter
        self.known = set[type]()

    @cached_property
    def kind(self) -> Any:
        """The annotation; names in it may be defined after the class."""
        return get_type_hints(self.owner)[self.name]

    @cached_property
    def by_class(self) -> bool:
        """Whether the class of a value decides: what passed once passes again, fast enough for entries of accounts."""
        origins = {get_origin(each) for each in (self.kind, *get_args(self.kind))}
        return (self.convert is None or _is_enum(self.convert)) and origins <= {None, Union, UnionType}

    @cached_property
    def allows(self) -> Callable[[Any], bool]:
        return _test(self.kind)

    def __call__(self, value: Any) -> Any:
        if type(value) in self.known:
            return value
        made = value if self.convert is None else self.converted(value)
        if not self.allows(made):
            raise self.refusal(value)
        if made is value and self.by_class:
            self.known.add(type(value))
        return made

    def converted(self, value: Any) -> Any:
        """Return what the converter makes of it; a text is no list of its letters."""
        if self.convert in (tuple, frozenset) and isinstance(value, str | bytes):
            raise self.refusal(value)
        try:
            return self.convert(value)
        except RetentionError:
            raise
        except (TypeError, ValueError, AttributeError) as error:
            raise self.refusal(value) from error

    def refusal(self, value: Any) -> DefinitionError:
        options = [str(one.value) for one in self.kind] if _is_enum(self.kind) else []
        near = nearest(value, options) if options and isinstance(value, str) else ""
        return DefinitionError(
            f"{self.name} of {self.owner.__name__.lstrip('_')} is {_words(self.kind)}, not {shown(value)}{near}"
        )


def _is_enum(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Enum)


def _test(kind: Any) -> Callable[[Any], bool]:
    """Return what tells whether a value is of a kind."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        tests = [_test(each) for each in inner]
        return lambda value: any(test(value) for test in tests)
    if kind is int:  # True is no number
        return lambda value: type(value) is int
    if kind is Any:
        return lambda _: True
    if origin in (tuple, frozenset) and (origin is frozenset or inner[-1] is ...):
        every = _test(inner[0])
        return lambda value: isinstance(value, origin) and all(map(every, value))
    if origin is tuple:
        places = [_test(each) for each in inner]
        return lambda value: (
            isinstance(value, tuple)
            and len(value) == len(places)
            and all(test(each) for test, each in zip(places, value, strict=True))
        )
    if origin is not None and issubclass(origin, Mapping):
        key, held = map(_test, inner)
        return lambda value: isinstance(value, origin) and all(key(name) and held(value[name]) for name in value)
    wanted = origin or kind
    return lambda value: isinstance(value, wanted)


def _words(kind: Any) -> str:
    """Return what is allowed, for people."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        return " or ".join(_words(each) for each in inner)
    if origin in (tuple, frozenset) and (origin is frozenset or inner[-1] is ...):
        return f"a list of {_words(inner[0])}"
    if origin is tuple:
        return f"({', '.join(map(_words, inner))})"
    if origin is not None and issubclass(origin, Mapping):
        return f"a mapping from {_words(inner[0])} to {_words(inner[1])}"
    if origin is not None:
        return "a function"
    if _is_enum(kind):
        return " or ".join(f"{kind.__name__}.{one.name}" for one in kind)
    return _WORDS.get(kind) or str(kind.__name__)
