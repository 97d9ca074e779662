"""Rules and policies in one file."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings

from retention_engine import Rule, RuleSet, Send, days, entering, orders, segment, visits
from retention_engine.arbitration import AtMost, HoldWhile, Policy
from retention_engine.engine import Engine, Shop, dump_shop, load_shop
from retention_engine.errors import DefinitionError
from retention_engine.testing.strategies.policies import policy_sets
from retention_engine.testing.strategies.rules import rule_sets

FILE = """policies = [
  "AtMost(3, per=days(7))",
  "HoldWhile(segment('bought'))",
]

[segments]
bought = "orders.within(days(2)).exists()"

[[rules]]
id = "a"
trigger = "entering(orders.exists())"
steps = ["Send('a')"]
"""
RECENT = orders.within(days(2)).exists()
BOUGHT = segment("bought", RECENT)
RULE = Rule("a", entering(orders.exists()), Send("a"))
SHOP = Shop(RuleSet.of([RULE]), (AtMost(3, per=days(7)), HoldWhile(BOUGHT)))


def test_a_file_says_the_same_as_python(tmp_path: Path) -> None:
    """Segments that only a policy names stand in the file, too."""
    (tmp_path / "shop.toml").write_text(FILE, "utf-8")
    assert load_shop(tmp_path / "shop.toml") == load_shop(FILE) == SHOP
    assert dump_shop(SHOP) == FILE
    assert dict(SHOP.rules.segments) == {"bought": RECENT}


@settings(max_examples=250)
@given(rule_sets(nested=True), policy_sets())
def test_every_shop_is_read_back(rules: RuleSet, policies: tuple[Policy, ...]) -> None:
    """Over every rule and every policy there is; writing again gives the same text."""
    shop = Shop(rules, policies)
    text = dump_shop(shop)
    assert load_shop(text) == shop
    assert dump_shop(load_shop(text)) == text


def test_an_engine_takes_both() -> None:
    """The parts are what an engine is made of."""
    shop = load_shop(FILE)
    assert set(shop.policies) < set(Engine(shop.rules, policies=shop.policies).policies)


WRONG = [
    (FILE.replace("AtMost", "Atmost"), r"policies\[0\]: unknown function"),
    (FILE.replace("entering", "entring"), r"rules\[0\].trigger: unknown function"),
    (FILE.replace("segment('bought')", "segment('sold')"), r"policies\[1\]: unknown segment"),
]


@pytest.mark.parametrize(("text", "message"), WRONG)
def test_a_wrong_file_names_the_place(text: str, message: str) -> None:
    """In the policies as in the rules."""
    with pytest.raises(DefinitionError, match=message):
        load_shop(text)


def test_a_segment_means_one_thing() -> None:
    """A policy and a rule cannot mean different predicates by one name."""
    rule = Rule("a", entering(segment("bought", visits.exists())), Send("a"))
    with pytest.raises(DefinitionError, match="two segments are called 'bought'"):
        Shop(RuleSet.of([rule]), (HoldWhile(BOUGHT),))


def test_only_policies_stand_above_rules() -> None:
    """Anything else is refused."""
    with pytest.raises(DefinitionError, match="a policy is needed"):
        Shop(RuleSet.of([RULE]), ("AtMost",))  # type: ignore[arg-type]  # the point of the test


def test_more_than_a_file_holds_is_not_written() -> None:
    """Rules and policies that fit alone may not fit together."""
    rules = RuleSet.of(Rule(f"r{n}", entering(orders.exists()), Send("a"), title="x" * 900) for n in range(800))
    policies = tuple(HoldWhile(orders.where(promo=f"{n}" + "y" * 9_000).exists()) for n in range(60))
    with pytest.raises(DefinitionError, match="cannot be written to one file"):
        dump_shop(Shop(rules, policies))
