"""Every named predicate prints its text form in its docstring, and the text parses back."""

from __future__ import annotations

import doctest
import inspect
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import pytest

from retention_engine import segments, timing
from retention_engine.predicates import Truth, parse

MODULES = ("behaviour", "carts", "dates", "engagement", "orders")
NAMED = [getattr(segments, name) for name in segments.__all__]


@pytest.mark.parametrize("name", MODULES)
def test_the_docstrings_print_what_they_say(name: str) -> None:
    """Each example gives exactly its text form."""
    module = import_module(f"retention_engine.segments.{name}")
    result = doctest.testmod(module, extraglobs={each: getattr(timing, each) for each in timing.__all__})
    assert result.failed == 0
    assert result.attempted >= 4


def examples(function: Callable[..., Any]) -> Iterator[Truth]:
    """Yield the predicates of the examples in a docstring."""
    scope = {each: getattr(timing, each) for each in timing.__all__} | {function.__name__: function}
    for example in doctest.DocTestParser().get_examples(function.__doc__ or ""):
        yield eval(example.source.strip().removeprefix("print(").removesuffix(")"), scope)


@pytest.mark.parametrize("function", NAMED, ids=[each.__name__ for each in NAMED])
def test_every_named_predicate_has_an_example_that_parses_back(function: Callable[..., Any]) -> None:
    """A plain lower-case function that returns a predicate."""
    made = list(examples(function))
    assert inspect.isfunction(function)
    assert made
    assert all(parse(str(each)) == each for each in made)
