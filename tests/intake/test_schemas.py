"""What pydantic lets in is strict, and what it says is short and names the field."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from retention_engine.facts import Fact, Order
from retention_engine.intake import AnyFact
from tests.facts._facts import HUGE, plain

FACTS: TypeAdapter[Fact] = TypeAdapter(AnyFact)


def faults(value: Any) -> list[Any]:
    """Return the errors of a refused value; they can be written as JSON."""
    with pytest.raises(ValidationError) as caught:
        FACTS.validate_python(value)
    found = caught.value.errors()
    json.dumps(found, allow_nan=False, ensure_ascii=False).encode()
    return found


def line(**changed: Any) -> dict[str, Any]:
    """Return a cart with one line, some parts of it changed."""
    inside = {"sku": "a", "price": {"amount": 5, "currency": "EUR"}} | changed
    return plain("cart_updated") | {"cart": {"id": "k1", "lines": [inside]}}


LINES = ("cart_updated", "cart", "lines")
REFUSED: list[tuple[Any, tuple[Any, ...]]] = [
    (None, ()),
    ([], ()),
    ("{}", ()),
    ({}, ("kind",)),
    ({"kind": "taged"}, ("kind",)),
    ({"kind": ["tagged"]}, ("kind",)),
    (plain("tagged") | {"v": 2}, ("v",)),
    (plain("tagged") | {"v": True}, ("v",)),
    (plain("tagged") | {"id": 5}, ("tagged", "id")),
    (plain("tagged") | {"id": ""}, ("tagged", "id")),
    (plain("tagged") | {"id": "\ud800"}, ("tagged", "id")),
    (plain("tagged") | {"id": "a" * 10**6}, ("tagged", "id")),
    (plain("tagged") | {"tаg": "vip"}, ("tagged", "tаg")),
    (plain("tagged") | {"at": True}, ("tagged", "at")),
    (plain("tagged") | {"at": "0"}, ("tagged", "at")),
    (plain("tagged") | {"at": 1.0}, ("tagged", "at")),
    (plain("tagged") | {"at": float("nan")}, ("tagged", "at")),
    (plain("tagged") | {"at": "2026-01-01T00:00:00"}, ("tagged", "at")),
    (plain("tagged") | {"learned": "soon"}, ("tagged", "learned")),
    (plain("tagged") | {"customer": None}, ("tagged", "customer")),
    (plain("reviewed") | {"score": True}, ("reviewed", "score")),
    (plain("reviewed") | {"score": 2**63}, ("reviewed", "score")),
    (plain("answered") | {"score": float("inf")}, ("answered", "score")),
    (plain("event") | {"data": {"a": [1]}}, ("event", "data")),
    (plain("attribute_changed") | {"value": {"a": 1}}, ("attribute_changed", "value")),
    (plain("availability_changed") | {"available": 1}, ("availability_changed", "available")),
    (plain("registered") | {"profile": {"id": "c7", "registered": "0"}}, ("registered", "profile", "registered")),
    (line(price={"amount": True, "currency": "EUR"}), (*LINES, 0, "price", "amount")),
    (line(price={"amount": 5.0, "currency": "EUR"}), (*LINES, 0, "price", "amount")),
    (line(price={"amount": "5", "currency": "EUR"}), (*LINES, 0, "price", "amount")),
    (line(price={"amount": 5, "currency": "eur"}), (*LINES, 0, "price", "currency")),
    (line(price={"amount": -5, "currency": "EUR"}), (*LINES, 0, "price")),
    (line(quantity=0), (*LINES, 0, "quantity")),
    (line(nope=1), (*LINES, 0, "nope")),
    (plain("cart_updated") | {"cart": {"id": "k1", "lines": {}}}, LINES),
    (plain("cart_updated") | {"cart": {"id": "k1", "lines": [{}] * 10_001}}, (*LINES, 0, "sku")),
]


@pytest.mark.parametrize(("value", "place"), REFUSED, ids=range(len(REFUSED)))
def test_the_field_is_named(value: Any, place: tuple[Any, ...]) -> None:
    """The first error leads to the field."""
    assert faults(value)[0]["loc"] == place


def test_every_wrong_field_is_named_at_once() -> None:
    """Names and types are checked together, so that one round is enough."""
    places = [error["loc"][-1] for error in faults(plain("tagged") | {"id": 5, "tag": None, "nope": 1})]
    assert places == ["id", "tag", "nope"]


def test_a_fault_of_the_whole_names_no_field() -> None:
    """An order of another customer is told where the fact stands."""
    found = faults(plain("order_placed") | {"customer": "c8"})
    assert found[0]["loc"] == ("order_placed",)
    assert "differs from that of the order" in found[0]["msg"]


def test_a_misspelled_kind_is_told_the_nearest() -> None:
    """The message is our own."""
    assert "did you mean 'order_placed'?" in faults({"kind": "order_plased"})[0]["msg"]


def test_an_error_repeats_little_of_the_input() -> None:
    """What was given comes back shortened, in the message and beside it."""
    for error in faults(plain("tagged") | {"id": "zzPIIzz" * 10**5, "x" * 10**5: "y" * 10**5}):
        assert len(json.dumps(error)) < 1000


def test_there_are_never_many_errors() -> None:
    """Neither a huge object nor a long list of bad lines floods the answer."""
    assert len(faults({str(number): 1 for number in range(10**5)})) == 1
    assert len(faults(plain("tagged") | {f"x{number}": 1 for number in range(90)})) <= 100
    assert len(faults(plain("cart_updated") | {"cart": {"id": "k1", "lines": [{}] * 9_000}})) == 2


def deep(depth: int) -> Any:
    """Return a list in a list in a list ..."""
    found: list[Any] = []
    for _ in range(depth):
        found = [found]
    return found


@pytest.mark.parametrize("name", ["kind", "v", "id", "at", "customer", "tag", "nope"])
def test_deep_nesting_is_refused_everywhere(name: str) -> None:
    """10,000 levels at any name are one short error."""
    assert len(faults(plain("tagged") | {name: deep(10_000)})) == 1


@pytest.mark.parametrize("value", [float("nan"), "\ud800", HUGE, b"x", {1, 2}, object()])
def test_what_json_cannot_say_is_refused(value: Any) -> None:
    """The errors can be sent back all the same."""
    for name in ("id", "at", "tag"):
        assert faults(plain("tagged") | {name: value})


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_anything_else_is_a_validation_error(value: Any) -> None:
    """No input makes the bridge fail in another way."""
    assert faults(value)
    for name in ("at", "lines", "total"):
        with pytest.raises(ValidationError):
            TypeAdapter(Order).validate_python({"id": "1", "customer": "c7", "at": 0, name: value, "nope": 1})
