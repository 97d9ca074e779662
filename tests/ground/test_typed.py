"""A declaration takes what its annotations say, and is refused by the name of its field otherwise."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from fractions import Fraction
from typing import Any

import pytest
from attrs import evolve, field, frozen

from retention_engine.errors import DefinitionError, TimeError
from retention_engine.timing import to_instant
from retention_engine.typed import typed


class Colour(Enum):
    """What a thing may look like."""

    RED = "red"
    GREEN = "green"


def _positive(_: Any, attribute: Any, value: Any) -> None:
    if value <= 0:
        raise DefinitionError(f"{attribute.name} lies above zero, not at {value}")


def _names(value: Any) -> frozenset[str]:
    return frozenset(value)


@frozen(kw_only=True, field_transformer=typed)
class Base:
    """What every thing has."""

    name: str = "a"


@frozen(kw_only=True, field_transformer=typed)
class Thing(Base):
    """One field of each kind."""

    count: int = 0
    is_new: bool = False
    share: Fraction | None = None
    colour: Colour = field(default=Colour.RED, converter=Colour)
    parts: tuple[Thing, ...] = field(default=(), converter=tuple)
    names: frozenset[str] = field(default=(), converter=_names)
    pair: tuple[str, int] = ("a", 1)
    table: Mapping[str, int] = field(factory=dict)
    make: Callable[[int], int] = abs
    anything: Any = None
    since: int = field(default=0, converter=to_instant)
    least: int = field(default=1, validator=_positive)
    own: int = field(default=5, init=False)


WRONG: list[tuple[str, object, str]] = [
    ("name", 5, "name of Base is a text, not 5"),
    ("count", "7", "count of Thing is a whole number, not '7'"),
    ("count", True, "count of Thing is a whole number, not True"),
    ("is_new", 1, "is_new of Thing is True or False, not 1"),
    ("share", 0.5, "share of Thing is a Fraction or None, not 0.5"),
    ("colour", "gren", "colour of Thing is Colour.RED or Colour.GREEN, not 'gren' (did you mean 'green'?)"),
    ("colour", 7, "colour of Thing is Colour.RED or Colour.GREEN, not 7"),
    ("parts", Base(), "parts of Thing is a list of Thing, not Base(name='a')"),
    ("parts", [Base()], "parts of Thing is a list of Thing, not [Base(name='a')]"),
    ("parts", "ab", "parts of Thing is a list of Thing, not 'ab'"),
    ("names", [1], "names of Thing is a list of a text, not [1]"),
    ("names", [[]], "names of Thing is a list of a text, not [[]]"),
    ("pair", ("a", "b"), "pair of Thing is (a text, a whole number), not ('a', 'b')"),
    ("pair", ("a",), "pair of Thing is (a text, a whole number), not ('a',)"),
    ("pair", "ab", "pair of Thing is (a text, a whole number), not 'ab'"),
    ("table", {"a": "b"}, "table of Thing is a mapping from a text to a whole number, not {'a': 'b'}"),
    ("table", [1], "table of Thing is a mapping from a text to a whole number, not [1]"),
    ("make", 3, "make of Thing is a function, not 3"),
    ("least", 0, "least lies above zero, not at 0"),
]


@pytest.mark.parametrize(("name", "value", "message"), WRONG, ids=[f"{name}={value!r}" for name, value, _ in WRONG])
def test_what_the_annotation_does_not_allow_is_refused(name: str, value: object, message: str) -> None:
    """With the field, what is allowed, and the value; in every call, the first and the next."""
    for _ in range(2):
        with pytest.raises(DefinitionError) as caught:
            Thing(**{name: value})  # type: ignore[arg-type]  # the fault
        assert str(caught.value) == message


RIGHT: dict[str, Any] = {
    "name": "b",
    "count": 3,
    "is_new": True,
    "share": Fraction(1, 2),
    "colour": Colour.GREEN,
    "parts": (Thing(),),
    "names": frozenset("xy"),
    "pair": ("b", 2),
    "table": {"a": 1},
    "make": len,
    "anything": 1.5,
    "since": 12,
    "least": 9,
}


def test_what_it_allows_is_kept() -> None:
    """Again and again, as it is or as the converter makes it; what is left out has its default."""
    for _ in range(2):
        thing = Thing(**RIGHT)
        assert {name: getattr(thing, name) for name in RIGHT} == RIGHT
        assert evolve(thing, count=4) == Thing(**RIGHT | {"count": 4})
    made = Thing(colour="green", parts=[Thing()], names=["x"])  # type: ignore[arg-type]  # what converters are for
    assert (made.colour, made.parts, made.names, made.own) == (Colour.GREEN, (Thing(),), frozenset("x"), 5)


def test_an_error_with_words_of_its_own_is_kept() -> None:
    """A converter that refuses by itself is not spoken for."""
    with pytest.raises(TimeError, match="naive"):
        Thing(since="2026-01-01T00:00:00")  # type: ignore[arg-type]  # the fault


def test_without_it_a_class_takes_anything() -> None:
    """The planted fault: these tests see a class that is not looked at."""

    @frozen
    class Careless:
        count: int

    assert Careless("7").count == "7"  # type: ignore[arg-type,comparison-overlap]  # the fault
