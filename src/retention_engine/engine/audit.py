"""The invariants of a store in use: what was decided, what lies in the outbox, and what is recorded of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from attrs import frozen

from retention_engine.actions import Action, Decision, Parcel, ParcelState
from retention_engine.clubs import Club
from retention_engine.clubs.auditing import audited, carried_out
from retention_engine.clubs.clerk import CARRIED_OUT
from retention_engine.facts import Fact, MessageSent
from retention_engine.loyalty import State, global_violations
from retention_engine.ports import Store

_BEGUN = (ParcelState.SENDING, ParcelState.SENT, ParcelState.UNKNOWN)
_OPEN = (ParcelState.PENDING, ParcelState.SENDING)
PAGE = 500


@frozen
class Breach:
    """Something that must never be.

    Attributes:
        law: ``once``, ``outbox``, ``marker``, ``counts``, ``reason``, ``told`` or ``codes``; of accounts ``ledger`` and
            the name of the law.
        key: of the action or the account it is about.
        text: what is wrong, without anything personal.
    """

    law: str
    key: str
    text: str

    def __str__(self) -> str:
        """Return one line for people."""
        return f"{self.law}: {self.key} {self.text}"


def breaches(store: Store, club: Club | None = None) -> Iterator[Breach]:
    """Yield every breach; customers are read by pages, nothing is changed."""
    after, linked = "", list[State]()
    while customers := store.roster.customers(after, PAGE):
        facts, journal = store.facts.of(customers), store.journal.of(customers)
        for customer in customers:
            yield from _of_customer(store, facts[customer], journal[customer], club)
            if club is not None:
                states, found = audited(club, customer, facts[customer])
                linked += states
                yield from (Breach(f"ledger {one.law}", str(one.account), one.text) for one in found)
        after = customers[-1]
    yield from (Breach(f"ledger {one.law}", "all accounts", one.text) for one in global_violations(linked))


def _of_customer(
    store: Store, facts: Sequence[Fact], decisions: Sequence[Decision], club: Club | None
) -> Iterator[Breach]:
    done = set[str]() if club is None else carried_out(facts)
    actions = [one.action for one in decisions if one.action is not None]
    rows = store.parcels.of([action.key for action in actions])
    sent = Counter(fact.message for fact in facts if isinstance(fact, MessageSent))
    for key, count in Counter(action.key for action in actions).items():
        if count > 1:
            yield Breach("once", key, f"was decided {count} times")
    for action in actions:
        row = rows.get(action.key)
        if row is None and club is not None and action.kind in CARRIED_OUT:
            if action.key not in done:
                yield Breach("outbox", action.key, "was decided and the club did not carry it out")
        elif row is None:
            yield Breach("outbox", action.key, "was decided and is not in the outbox")
        else:
            yield from _of_row(action, row, sent[action.key])


def _of_row(action: Action, row: Parcel, sent: int) -> Iterator[Breach]:
    state = row.state.value
    if row.action != action:
        yield Breach("outbox", row.key, "is another one in the outbox than in the journal")
    if row.state in _BEGUN and action.kind == "send" and (row.token < 1 or row.attempt_no < 1):
        yield Breach("marker", row.key, f"is {state} and was never begun")
    if row.state is ParcelState.SENDING and row.lease_until is None:
        yield Breach("marker", row.key, "is being sent without an end of its lease")
    if not 0 <= row.unknowns <= row.counted_attempts <= row.attempt_no:
        counts = f"{row.unknowns} unknown, {row.counted_attempts} counted, {row.attempt_no} begun"
        yield Breach("counts", row.key, f"has counts that cannot be: {counts}")
    if row.state not in _OPEN and not row.reason:
        yield Breach("reason", row.key, f"is {state} for no reason")
    if action.kind == "send" and sent > 1:
        yield Breach("told", row.key, f"was told as sent {sent} times")
    if action.kind == "send" and row.state is ParcelState.SENT and sent == 0:
        yield Breach("told", row.key, "was sent and no fact says so")
