"""Facts about the shop as a whole: they concern no customer and are found by what they switch."""

from __future__ import annotations

from typing import Any

import pytest

from retention_engine.errors import FactError
from retention_engine.facts import SCOPES, CatalogueFact, SendingResumed, SendingStopped, ShopFact, switch_subject
from retention_engine.stores import MemoryStore

COMMON: dict[str, Any] = {"id": "s1", "at": 0}


@pytest.mark.parametrize("scope", SCOPES)
def test_a_switch_is_found_by_its_scope_and_name(scope: str) -> None:
    """Stopping and resuming have the same subject; the log gives both."""
    name = None if scope == "all" else "win-back"
    subject = "switch:all" if scope == "all" else f"switch:{scope}:win-back"
    stop = SendingStopped(**COMMON, scope=scope, name=name, reason="wrong prices")
    go = SendingResumed(id="s2", at=1, scope=scope, name=name)
    assert stop.subjects() == go.subjects() == (subject,) == (switch_subject(scope, name),)
    assert (stop.customer, stop.by) == (None, None)
    store = MemoryStore()
    with store.transaction():
        store.facts.append([go, stop])
    assert store.facts.about([subject]) == [stop, go]
    assert store.roster.customers("", 10) == []


def test_switches_are_facts_of_the_shop_but_not_of_the_catalogue() -> None:
    """Those of the catalogue are facts of the shop, too."""
    assert issubclass(SendingStopped, ShopFact)
    assert not issubclass(SendingStopped, CatalogueFact)
    assert issubclass(CatalogueFact, ShopFact)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"scope": "everything"}, r"unknown scope 'everything' \(allowed: all, channel, rule, topic"),
        ({"scope": ["all"]}, "unknown scope"),
        ({"scope": "rul", "name": "x"}, r"unknown scope 'rul' \(did you mean 'rule'"),
        ({"scope": "all", "name": "x"}, "name is left out for scope 'all', not 'x'"),
        ({"scope": "rule"}, "name is needed for scope 'rule', not None"),
        ({"scope": "all", "customer": "c7"}, "customer is left out"),
    ],
)
def test_a_switch_names_what_it_switches(words: dict[str, Any], message: str) -> None:
    """Everything has no name, anything else has one."""
    with pytest.raises(FactError, match=message):
        SendingStopped(**(COMMON | {"reason": "r"} | words))
