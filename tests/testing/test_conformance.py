"""The suite for stores catches what breaks a promise: each planted fault fails the test that is named after it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import pytest
from attrs import evolve

from retention_engine.errors import FactConflict, StoreError
from retention_engine.ports import Store
from retention_engine.stores import MemoryStore
from retention_engine.testing.conformance import StoreConformance

Make = Callable[[], Store]


class Port:
    """A sound port with some methods replaced; those take the sound port first."""

    def __init__(self, sound: Any, methods: dict[str, Callable[..., Any]]) -> None:
        self._sound = sound
        self._methods = methods

    def __getattr__(self, name: str) -> Any:
        method = self._methods.get(name)
        return (
            getattr(self._sound, name)
            if method is None
            else lambda *given, **words: method(self._sound, *given, **words)
        )


def broken(name: str, **methods: Callable[..., Any]) -> Make:
    """Return how to make a store with a fault in one port."""

    def make() -> Store:
        store = MemoryStore()
        setattr(store, name, Port(getattr(store, name), methods))
        return store

    return make


def apart(name: str, *changes: str) -> Make:
    """Return how to make a store one port of which commits each change at once."""

    def make() -> Store:
        store, other = MemoryStore(), MemoryStore()

        def committed(change: str) -> Callable[..., Any]:
            def call(port: Any, *given: Any) -> Any:
                with other.transaction():
                    return getattr(port, change)(*given)

            return call

        setattr(store, name, Port(getattr(other, name), {change: committed(change) for change in changes}))
        return store

    return make


def one_by_one(name: str, change: str) -> Make:
    """Return how to make a store where what stood before a refused value is kept, when the block goes on."""

    def call(port: Any, values: Any) -> Any:
        store = stores[-1]
        found = []
        for value in values:
            try:
                found.extend(getattr(port, change)([value]) or [])
            except (FactConflict, StoreError):
                store._undo._failed = False  # the planted fault: a failed change no longer ends the transaction
                raise
        return found

    stores: list[Any] = []

    def make() -> Store:
        stores.append(broken(name, **{change: call})())
        return stores[-1]

    return make


def everywhere(**methods: Callable[..., Any]) -> Make:
    """Return how to make a store with a fault of its own; methods take the store first."""
    return lambda: type("Unsound", (MemoryStore,), methods)()


def by_at(port: Any, names: Any) -> Any:
    return {name: sorted(port.of([name])[name], key=lambda one: one.at) for name in names}


def known_only(port: Any, names: Any) -> Any:
    return {name: facts for name, facts in port.of(names).items() if facts}


def returning_all(port: Any, facts: Any) -> Any:
    port.append(facts)
    return list(facts)


def forgiving(port: Any, facts: Any) -> Any:
    known = {fact.id for found in port.of(["ann", "bob"]).values() for fact in found}
    return port.append({fact.id: fact for fact in facts if fact.id not in known}.values())


def once_each(method: str) -> Callable[..., Any]:
    return lambda port, names: [one for name in names for one in getattr(port, method)([name])]


def from_and_with(port: Any, after: str, limit: int) -> Any:
    return [name for name in port.customers("", 99) if name >= after][:limit]


def ties_reversed(port: Any, to: int, limit: int) -> Any:
    return sorted(sorted(port.due(to, 99), reverse=True), key=lambda wake: wake[1])[:limit]


def limited_by_name(port: Any, to: int, limit: int) -> Any:
    return sorted(sorted(port.due(to, 99))[:limit], key=lambda wake: (wake[1], wake[0]))


def never_removed(port: Any, wakes: Any) -> None:
    port.set({name: instant for name, instant in wakes.items() if instant is not None})


def by_rule(port: Any, start: int, end: int) -> Any:
    return iter(sorted(port.read(start, end), key=lambda one: (one.at, one.customer, one.step)))


def new_only(port: Any, decisions: Any) -> None:
    known = {one.action.key for one in port.read(-99, 99) if one.action}
    port.add([one for one in decisions if one.action is None or one.action.key not in known])


def replacing(port: Any, actions: Any) -> None:
    known = {action.key for action in port.pending(99, 99)}
    port.put({action.key: action for action in actions if action.key not in known}.values())


def expired_too(port: Any, at: int, limit: int) -> Any:
    return [action for action in port.pending(at - 1, limit) if action.due <= at]


def valid_only(port: Any, at: int, limit: int) -> Any:
    return [row for row in port.waiting(at, 99) if (row.action.valid_until or 99) > at][:limit]


def all_channels(port: Any, at: int, limit: int, *, without: Any = (), **words: Any) -> Any:
    return port.waiting(at, limit, **words)


def named_only(port: Any, at: int, limit: int, *, without: Any = (), **words: Any) -> Any:
    found = port.waiting(at, 99, without=without, **words)
    return [row for row in found if not without or row.action.channel is not None][:limit]


def cut_first(port: Any, at: int, limit: int, *, without: Any = (), **words: Any) -> Any:
    return [row for row in port.waiting(at, limit, **words) if row.action.channel not in without]


def messages_only(port: Any, at: int, limit: int, *, kinds: Any = (), **words: Any) -> Any:
    return port.waiting(at, limit, **words)


def whenever(port: Any, keys: Any, at: int, lease_until: int) -> Any:
    return port.begin(keys, at + 99, lease_until)


def too_early(port: Any, at: int, limit: int) -> Any:
    return port.recover(at + 1, limit)


def anyhow(method: str) -> Callable[..., Any]:
    return lambda port, parcel: getattr(port, method)(parcel) or True


def unnoticed(port: Any, parcel: Any) -> Any:
    return port.settle(evolve(parcel, reason=None))


FAULTS: dict[str, list[Make]] = {
    "test_messages_wait_in_order": [broken("parcels", waiting=valid_only)],
    "test_channels_and_kinds_wait_apart": [
        broken("parcels", waiting=all_channels),
        broken("parcels", waiting=named_only),
        broken("parcels", waiting=cut_first),
        broken("parcels", waiting=messages_only),
    ],
    "test_a_row_is_taken_once": [broken("deliveries", begin=whenever)],
    "test_who_took_a_row_settles_it": [
        broken("deliveries", settle=anyhow("settle")),
        broken("deliveries", settle=unnoticed),
    ],
    "test_a_row_that_comes_back_has_another_token": [broken("deliveries", settle=anyhow("settle"))],
    "test_a_lease_that_ended_is_recovered": [broken("deliveries", recover=too_early)],
    "test_who_decides_about_a_free_row_takes_it_from_all": [broken("outbox", overrule=anyhow("overrule"))],
    "test_facts_come_back_by_effective_at_and_id": [broken("facts", of=by_at)],
    "test_each_customer_has_their_own_facts": [broken("facts", of=known_only)],
    "test_appending_returns_what_is_new": [broken("facts", append=returning_all)],
    "test_another_content_is_a_conflict": [broken("facts", append=forgiving)],
    "test_facts_about_the_catalogue_are_found_by_subject": [broken("facts", about=once_each("about"))],
    "test_customers_are_listed_in_pages": [broken("roster", customers=from_and_with)],
    "test_interests_are_remembered_once": [broken("roster", interested=once_each("interested"))],
    "test_wakes_are_due_in_order": [
        broken("wakes", due=ties_reversed),
        broken("wakes", due=limited_by_name),
        broken("wakes", due=lambda port, to, limit: port.due(to - 1, limit)),
    ],
    "test_lowering_keeps_the_earlier_wake": [broken("wakes", lower=lambda port, wakes: port.set(wakes))],
    "test_setting_moves_and_removes_a_wake": [
        broken("wakes", set=never_removed),
        broken("wakes", set=lambda port, wakes: port.lower({k: v for k, v in wakes.items() if v is not None})),
    ],
    "test_decisions_come_back_in_the_order_they_were_added": [broken("journal", of=by_at)],
    "test_the_journal_is_read_by_instant_and_customer": [
        broken("journal", read=by_rule),
        broken("journal", read=lambda port, start, end: port.read(start, end + 1)),
        broken("journal", read=lambda port, start, end: port.read(start + 1, end)),
    ],
    "test_a_long_journal_is_read_whole": [broken("journal", read=lambda port, *ends: iter([*port.read(*ends)][:2000]))],
    "test_an_action_is_in_the_journal_once": [broken("journal", add=new_only)],
    "test_pending_actions_are_those_valid_now": [broken("outbox", pending=expired_too)],
    "test_an_action_is_in_the_outbox_once": [broken("outbox", put=replacing)],
    "test_settings_keep_the_last_text": [
        broken("settings", get=lambda port, name: port.get(name) or None),
        broken("settings", hold=lambda port, name, **_: None),
    ],
    "test_an_exception_takes_everything_back": [
        everywhere(transaction=lambda store: nullcontext()),
        apart("facts", "append"),
        apart("roster", "note"),
        apart("wakes", "set", "lower"),
        apart("journal", "add"),
        apart("outbox", "put"),
        apart("settings", "put"),
    ],
    "test_a_swallowed_conflict_keeps_nothing": [
        one_by_one("facts", "append"),
        one_by_one("journal", "add"),
        one_by_one("outbox", "put"),
    ],
    "test_changes_need_a_transaction": [apart("settings", "put")],
}


def fails(name: str, make: Make) -> bool:
    """Tell whether a store fails one test of the suite."""
    suite = type("Suite", (StoreConformance,), {"make_store": lambda _: make()})()
    try:
        getattr(suite, name)()
    except (AssertionError, StoreError, FactConflict):
        return True
    return False


CASES = [
    pytest.param(name, make, id=f"{name}-{number}") for name, all_ in FAULTS.items() for number, make in enumerate(all_)
]


@pytest.mark.parametrize(("name", "make"), CASES)
def test_a_planted_fault_is_caught(name: str, make: Make) -> None:
    """A store that breaks one promise fails the test of that promise."""
    assert fails(name, make)


def test_a_sound_store_fails_nothing() -> None:
    """The same way of running the suite finds nothing wrong with a sound store."""
    names = [name for name in dir(StoreConformance) if name.startswith("test_")]
    assert len(names) >= 25
    assert [name for name in names if fails(name, MemoryStore)] == []


def test_a_file_that_forgets_is_caught() -> None:
    """A store that claims to be durable and is not fails."""
    suite = type("Suite", (StoreConformance,), {"durable": True, "make_store": lambda _: MemoryStore()})()
    with pytest.raises(AssertionError, match="promised"):
        suite.test_a_file_keeps_what_was_committed()


def test_a_suite_without_a_store_says_what_is_missing() -> None:
    """Forgetting to say how to make a store names the method."""
    with pytest.raises(NotImplementedError, match="make_store"):
        StoreConformance().make_store()
