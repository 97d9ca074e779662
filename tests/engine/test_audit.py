"""A store in use keeps its invariants, and every breach of one is found."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

from retention_engine import Engine, Event, Rule, Send, events, on
from retention_engine.actions import Parcel, ParcelState
from retention_engine.envelopes import Rejected, Sent, Unknown
from retention_engine.facts import ContactAdded, MessageSent
from tests.delivery._shop import DAY, SECOND, START, sending
from tests.delivery._world import World

RULE = Rule("news", on(events("post")), Send("hello", topic="news", channel="telegram"))


def delivered() -> tuple[Engine, list[Parcel]]:
    """Return an engine with four messages of which each ended in another way, one of them still open."""
    engine = Engine([RULE], since=START - DAY)
    names = ("ann", "bob", "cid", "dan")
    engine.record(
        ContactAdded(id=one, customer=one, at=START - DAY, channel="telegram", address=f"chat of {one}")
        for one in names
    )
    engine.record(Event(id=f"p{one}", customer=one, at=START, name="post") for one in names)
    engine.advance(START)
    delivery, _ = sending(engine, Sent("m"), Unknown("timeout"), Rejected("bad"))
    delivery.deliver(START + SECOND, limit=3)
    next(delivery.calls(START + SECOND))
    rows = [row for state in ParcelState for row in engine.store.parcels.listed(state, "", 9)]
    return engine, rows


def test_a_store_in_use_is_sound() -> None:
    """Sent, unknown, dead and being sent: nothing is to be said."""
    engine, rows = delivered()
    assert {row.state for row in rows} == {ParcelState.SENT, ParcelState.UNKNOWN, ParcelState.DEAD, ParcelState.SENDING}
    assert engine.verify() == []


@pytest.mark.parametrize("seed", range(20))
def test_the_worlds_of_the_simulation_are_sound(seed: int) -> None:
    """Whatever happened to workers and the channel."""
    assert World.of(seed).run().engine.verify() == []


PLANTS: list[tuple[ParcelState, dict[str, Any], str]] = [
    (ParcelState.SENT, {"token": 0}, "marker"),
    (ParcelState.UNKNOWN, {"attempt_no": 0, "counted_attempts": 0, "unknowns": 0}, "marker"),
    (ParcelState.SENDING, {"lease_until": None}, "marker"),
    (ParcelState.SENT, {"counted_attempts": 2}, "counts"),
    (ParcelState.UNKNOWN, {"unknowns": 2}, "counts"),
    (ParcelState.DEAD, {"reason": None}, "reason"),
    (ParcelState.DEAD, {"state": ParcelState.SENT}, "told"),
]


@pytest.mark.parametrize(("state", "words", "law"), PLANTS)
def test_a_row_that_cannot_be_is_found(state: ParcelState, words: dict[str, Any], law: str) -> None:
    """One planted fault a law."""
    engine, rows = delivered()
    row = next(row for row in rows if row.state is state)
    store: Any = engine.store
    of = store.parcels.of
    store.parcels.of = lambda keys: {
        key: evolve(one, **words) if key == row.key else one for key, one in of(keys).items()
    }
    (found,) = engine.verify()
    assert (found.law, found.key) == (law, row.key)
    assert str(found).startswith(f"{law}: {row.key} ")


def test_what_was_decided_twice_or_lost_or_swapped_is_found() -> None:
    """The journal and the outbox say the same, once."""
    engine, rows = delivered()
    store: Any = engine.store
    journal, of = store.journal.of, store.parcels.of
    store.journal.of = lambda names: {name: [*found, *found] for name, found in journal(names).items()}
    assert {found.law for found in engine.verify()} == {"once"}
    store.journal.of = journal
    store.parcels.of = lambda keys: {}
    assert [found.law for found in engine.verify()] == ["outbox"] * 4
    store.parcels.of = lambda keys: {key: evolve(one, action=rows[0].action) for key, one in of(keys).items()}
    assert "outbox" in {found.law for found in engine.verify()}


def test_a_message_that_is_told_twice_is_found() -> None:
    """Two facts of one message."""
    engine, rows = delivered()
    action = next(row.action for row in rows if row.state is ParcelState.SENT)
    engine.record(
        MessageSent(
            id="again",
            customer=action.customer,
            at=START,
            message=action.key,
            rule="news",
            step="hello",
            template="hello",
        )
    )
    assert [found.law for found in engine.verify()] == ["told"]
