"""Launching rules: whom a change wakes, and what it is remembered by."""

from __future__ import annotations

from retention_engine import Rule, RuleSet, Send, days, entering, on, orders, price_drop, views
from retention_engine.engine.launch import launch
from retention_engine.engine.plan import Plan
from retention_engine.facts import Viewed
from retention_engine.ports import Store
from retention_engine.stores import MemoryStore
from tests.engine._shop import ANNA, START, order

THANKS = Rule("thanks", on(orders), Send("thanks"))
DROP = Rule("drop", price_drop(views), Send("cheaper"))


def launched(store: Store, *rules: Rule, zone: str = "UTC", origin: int = START) -> dict[str, int]:
    """Launch rules in a transaction of their own."""
    with store.transaction():
        return launch(store, Plan.of(RuleSet.of(rules)), zone, origin)


def asleep() -> MemoryStore:
    """Return a store whose two customers have no wake-up."""
    store = MemoryStore()
    with store.transaction():
        store.facts.append([order("1", START), Viewed(id="v", customer="boris", at=START, sku="tea")])
    return store


def woken(store: Store) -> list[tuple[str, int]]:
    """Return who is to be looked at, and let them sleep again."""
    found = store.wakes.due(START + 10**9, 9)
    with store.transaction():
        store.wakes.set(dict.fromkeys(dict(found)))
    return found


def test_the_first_launch_wakes_everybody_at_its_origin() -> None:
    """And keeps the instant for good."""
    store = asleep()
    assert launched(store, THANKS) == {"thanks": START}
    assert woken(store) == [(ANNA, START), ("boris", START)]
    assert launched(store, THANKS, origin=START + 5) == {"thanks": START}
    assert woken(store) == []


def test_new_rules_new_texts_and_a_new_zone_wake_everybody_once() -> None:
    """A new title does not."""
    store = asleep()
    launched(store, THANKS)
    woken(store)
    edited = Rule("thanks", on(orders), Send("thanks"), when=orders.count() == 1)
    renamed = Rule("thanks", on(orders), Send("thanks"), when=orders.count() == 1, title="Merci")
    lapsed = Rule("lapsed", entering(orders.last().age >= days(9)), Send("hi"))
    assert launched(store, edited, origin=START + 1) == {"thanks": START}
    assert len(woken(store)) == 2
    launched(store, renamed, origin=START + 2)
    assert woken(store) == []
    assert launched(store, renamed, lapsed, origin=START + 3) == {"thanks": START, "lapsed": START + 3}
    assert woken(store) == [(ANNA, START + 3), ("boris", START + 3)]
    launched(store, renamed, lapsed, zone="Asia/Tokyo", origin=START + 4)
    assert woken(store) == [(ANNA, START + 4), ("boris", START + 4)]


def test_a_rule_that_comes_back_keeps_its_launch() -> None:
    """Taking it away forgets nothing."""
    store = asleep()
    launched(store, THANKS)
    assert launched(store, origin=START + 1) == {"thanks": START}
    assert launched(store, THANKS, origin=START + 2) == {"thanks": START}


def test_interest_of_the_past_is_noted_when_a_rule_first_needs_it() -> None:
    """And again after a time without such rules, in which it was not kept."""
    store = asleep()
    launched(store, THANKS)
    assert store.roster.interested(["sku:tea"]) == []
    launched(store, DROP)
    assert store.roster.interested(["sku:tea"]) == ["boris"]
    launched(store, THANKS)
    with store.transaction():
        store.facts.append([Viewed(id="w", customer="carla", at=START, sku="tea")])
    launched(store, DROP)
    assert store.roster.interested(["sku:tea"]) == ["boris", "carla"]
