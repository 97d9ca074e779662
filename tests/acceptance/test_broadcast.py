"""A broadcast that is interrupted and resumed, as far as it is decided here."""

from __future__ import annotations

from contextlib import suppress

from retention_engine import Customer, Engine, Rule, Send, entering
from retention_engine.errors import StoreError
from retention_engine.predicates import customer
from retention_engine.stores import MemoryStore
from retention_engine.testing import InterruptedStore
from retention_engine.timing import DAY
from tests.engine._shop import START


def test_t5_pause_and_resume_never_sends_again() -> None:
    """1,200 customers in batches, the store fails again and again: one message each, nobody twice, nobody left out.

    https://github.com/knadh/listmonk/issues/2070, https://github.com/knadh/listmonk/issues/2313
    """
    rule = Rule("news", entering(customer.registered.is_set(), include_current=True), Send("news"))
    store = InterruptedStore(MemoryStore(), {3, 4, 6, 9})
    people = [Customer(id=f"c{number:04}", registered=START - DAY) for number in range(1_200)]
    Engine([rule], store=store, since=START).record(people)
    interrupted = 0
    for _ in range(8):
        with suppress(StoreError):
            Engine([rule], store=store, since=START).advance(START + DAY)
            continue
        interrupted += 1
    sent = [action.customer for action in store.outbox.pending(START + DAY, 9_999)]
    assert interrupted >= 3
    assert sorted(sent) == [each.id for each in people]
