"""Our classes are pydantic citizens: they parse, nest, dump and describe themselves, and cost nothing until asked."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
from attrs import field, frozen
from hypothesis import given
from pydantic import BaseModel, TypeAdapter, ValidationError

from retention_engine.facts import (
    KINDS,
    Cart,
    CatalogueFact,
    Customer,
    Fact,
    Line,
    Order,
    OrderPlaced,
    Product,
    to_json,
)
from retention_engine.facts.base import check_text, kind
from retention_engine.facts.codec import to_plain
from retention_engine.intake import AnyFact, attach
from retention_engine.money import Money
from tests.facts._facts import LINE, ORDER, facts, plain
from tests.intake._doors import FACTS, OF_THE_ENGINE, door

NOUNS = [
    Money(1999, "EUR"),
    LINE,
    ORDER,
    Cart(id="k1", lines=[LINE]),
    Product(sku="a", name="A", price=Money(5, "EUR")),
    Customer(id="c7", registered=0, birthday="--02-29", attributes={"city": "Riga", "vip": True, "spent": 1.5}),
]


class Basket(BaseModel):
    """A model of the shop's own."""

    order: Order
    customer: Customer | None = None
    facts: list[AnyFact] = []


@pytest.mark.parametrize("noun", NOUNS, ids=lambda noun: type(noun).__name__)
def test_every_noun_goes_out_and_comes_back(noun: Any) -> None:
    """As Python values and as JSON; an instance passes through as it is."""
    adapter = TypeAdapter(type(noun))
    assert adapter.validate_python(adapter.dump_python(noun)) == noun
    assert adapter.validate_json(adapter.dump_json(noun)) == noun
    assert adapter.validate_python(noun) is noun


@given(facts)
def test_every_fact_goes_out_and_comes_back(fact: Fact) -> None:
    """The JSON is that of ``to_json``, and the kind in it picks the class."""
    assert json.loads(FACTS.dump_json(fact)) == json.loads(to_json(fact)) == to_plain(fact)
    reader = door(fact.KIND)
    assert reader.validate_json(to_json(fact)) == fact == reader.validate_python(to_plain(fact))
    assert FACTS.validate_python(fact) is fact


def test_a_model_may_hold_our_classes() -> None:
    """Nested at any depth, in both directions."""
    basket = Basket(order=ORDER, facts=[OrderPlaced.of(ORDER)])
    assert Basket.model_validate_json(basket.model_dump_json()) == basket
    assert basket.model_dump()["order"]["lines"] == [to_plain(LINE)]


def test_parts_may_be_instances_already() -> None:
    """A mapping of fields may hold built values."""
    given_fields = {"id": "812", "customer": "c7", "at": ORDER.at, "lines": (LINE,), "total": ORDER.total}
    assert TypeAdapter(Order).validate_python(given_fields) == ORDER


def test_a_single_kind_needs_no_kind() -> None:
    """Where the class is known the kind may be left out, but not be another."""
    adapter = TypeAdapter(OrderPlaced)
    raw = plain("order_placed")
    assert adapter.validate_python({name: value for name, value in raw.items() if name != "kind"}).order.id == "812"
    with pytest.raises(ValidationError, match="order_placed"):
        adapter.validate_python(raw | {"kind": "tagged"})


def test_a_part_of_the_kinds_is_a_union_too() -> None:
    """A base class stands for its own kinds alone."""
    adapter: TypeAdapter[CatalogueFact] = TypeAdapter(CatalogueFact)
    assert adapter.validate_python(plain("sale_started")).KIND == "sale_started"
    with pytest.raises(ValidationError):
        adapter.validate_python(plain("tagged"))


@pytest.mark.parametrize("kind", OF_THE_ENGINE)
def test_what_only_the_engine_makes_is_refused(kind: str) -> None:
    """In the union by its kind, alone or in a model; the class itself, asked for by name, has its schema."""
    text, refused = json.dumps(plain(kind)), "is not accepted: only the engine makes it"
    with pytest.raises(ValidationError, match=refused) as caught:
        FACTS.validate_json(text)
    assert [error["loc"] for error in caught.value.errors()] == [("kind",)]
    with pytest.raises(ValidationError, match=refused):
        TypeAdapter(list[AnyFact]).validate_json(f"[{text}]")
    with pytest.raises(ValidationError, match=refused):
        Basket.model_validate({"order": ORDER, "facts": [plain(kind)]})
    assert isinstance(door(kind).validate_python(plain(kind)), KINDS[kind])
    assert door(kind).json_schema()["additionalProperties"] is False


@pytest.mark.parametrize("mode", ["validation", "serialization"])
def test_the_schema_describes_every_kind(mode: Any) -> None:
    """JSON Schema tells the kinds apart, names what is required and forbids the rest."""
    found = FACTS.json_schema(mode=mode)
    assert set(found["discriminator"]["mapping"]) == set(KINDS) - set(OF_THE_ENGINE)
    order = found["$defs"]["Order"]
    assert (order["required"], order["additionalProperties"]) == (["id", "customer", "at"], False)
    assert {"type": "integer"} in order["properties"]["at"]["anyOf"]
    assert "per piece" in found["$defs"]["Line"]["description"]


def test_a_kind_of_the_shops_own_is_a_citizen_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is registered later is part of the union from then on."""
    monkeypatch.setattr("retention_engine.facts.base.KINDS", known := KINDS.copy())
    monkeypatch.setattr("retention_engine.intake.schemas.KINDS", known)

    @kind("card_lost")
    @frozen(kw_only=True)
    class CardLost(Fact):
        card: str = field(validator=check_text)

    fact = CardLost(id="f1", customer="c7", at=0, card="4711")
    assert TypeAdapter(AnyFact).validate_json(to_json(fact)) == fact


def test_attaching_twice_is_harmless() -> None:
    """The hook is the same afterwards."""
    attach()
    assert TypeAdapter(Line).validate_python(to_plain(LINE)) == LINE


def test_nothing_heavy_is_loaded_before_it_is_needed() -> None:
    """Importing the edge loads neither pydantic nor DuckDB."""
    heavy = "{'pydantic', 'pydantic_core', 'duckdb'}"
    code = f"import sys, retention_engine.intake; sys.exit(bool({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
