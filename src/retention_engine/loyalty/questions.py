"""Questions about an account at other instants."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from retention_engine.loyalty.ledger import replay
from retention_engine.loyalty.lots import Bucket
from retention_engine.loyalty.state import Balance, Journal, State
from retention_engine.loyalty.timeline import run
from retention_engine.loyalty.units import Account
from retention_engine.loyalty.work import Entry


def state_at(account: Account, entries: Iterable[Entry], at: int) -> State:
    """Return an account as it was at an instant, as then known."""
    state = replay(account, (entry for entry in entries if entry.at <= at))
    run(state, at)
    return state


def balance_at(account: Account, entries: Iterable[Entry], at: int) -> Balance:
    """Return what the customer could spend at an instant, as then known; what is recorded later never changes it."""
    return state_at(account, entries, at).balance


def balance_effective(account: Account, entries: Sequence[Entry], at: int) -> Balance:
    """Return what is known today about an instant: each entry counts from when it happened.

    A number may be below zero where an entry was dated before the units it took.
    """
    journal = Journal()
    run(replay(account, entries, journal), max([at, *(entry.at for entry in entries)]))
    sums: dict[Bucket | None, int] = dict.fromkeys([*Bucket, None], 0)
    for move in journal.moves:
        if move.effective_at <= at:
            sums[move.source] -= move.amount
            sums[move.target] += move.amount
    debt = sum(amount for _, happened, amount in journal.debts if happened <= at)
    return Balance(sums[Bucket.PENDING], sums[Bucket.AVAILABLE], sums[Bucket.HELD], debt)
