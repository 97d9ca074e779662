"""The laws of a whole history, after the last step."""

from __future__ import annotations

from collections import Counter
from copy import deepcopy
from itertools import pairwise

import pytest
from attrs import evolve

from retention_engine import loyalty as lo
from retention_engine.errors import KeyConflict, VersionConflict
from tests.loyalty._world import ANNA, BOB, POINTS, World

AHEAD = 16


def check_history(world: World) -> None:
    """Check everything."""
    assert not world.laws or lo.verify(world.ledger) == []
    for entry in (entries[-1] for entries in world.ledger.streams.values()):
        assert lo.from_json(lo.to_json(entry)) == entry, "CODEC"
    tick(world)
    doubles(world)
    prefix(world)
    rolls_forward(world)
    for account in (ANNA, BOB):
        future(world, account)
        effective(world, account)


def tick(world: World) -> None:
    """TICK: looking at an account at any instants, or never, gives the same state."""
    for account, entries in world.ledger.streams.items():
        state = lo.State(account=account)
        for entry in entries:
            for instant in range(max(state.at, 0), entry.at):
                state = lo.advance(state, instant)
            state = lo.apply(state, entry)
        assert state == world.ledger.state(account), "TICK"


def doubles(world: World) -> None:
    """DUP: no entry can be appended twice, and nothing changes by trying."""
    kept = dict(world.ledger.states)
    for account, entries in world.ledger.streams.items():
        last = entries[-1]
        with pytest.raises(VersionConflict):
            world.ledger.append([(account, last.seq - 1, [last])])
        with pytest.raises(KeyConflict):
            world.ledger.append([(account, last.seq, [evolve(last, seq=last.seq + 1)])])
    assert kept == world.ledger.states, "DUP"


def prefix(world: World) -> None:
    """PREFIX: what was shown once is what is said about that instant for ever, until the last entry of that instant."""
    for account, at, balance in world.shown:
        entries = [one for one in world.ledger.streams[account] if one.at < at]
        known = [one for one in world.ledger.streams[account] if one.at <= at]
        if entries == known:
            assert lo.balance_at(account, world.ledger.streams[account], at) == balance, "PREFIX"


def future(world: World, account: lo.Account) -> None:
    """PROJECT: the steps are what the oracle sees when every instant passes; each step really changes something."""
    state = world.state(account)
    steps = lo.project(state)
    assert all(one.balance != other.balance for one, other in pairwise(steps)), "PROJECT tight"
    due = dict(lo.expiring(state))
    if world.oracle is None:
        return
    oracle = deepcopy(world.oracle)
    oracle.pass_to(world.now)
    for instant in range(world.now, world.now + AHEAD):
        gone = sum(p.state == "expired" and p.owner == account.holder for p in oracle.points)
        oracle.pass_to(instant)
        counts = Counter(p.state for p in oracle.points if p.owner == account.holder)
        seen = lo.Balance(counts["pending"], counts["available"], counts["held"], oracle.debt[account.holder])
        assert [one.balance for one in steps if one.at <= instant][-1] == seen, "PROJECT"
        if instant > world.now:
            assert counts["expired"] - gone == due.get(instant, 0), "EXPIRING"
    assert steps[-1].at < world.now + AHEAD


def rolls_forward(world: World) -> None:
    """ROLLFWD: every period closes, periods chain, and the last closing is the sum of the balances."""
    edges = [-1, world.now // 3, 2 * world.now // 3, world.now]
    periods = [lo.roll_forward(world.ledger, POINTS, after=a, to=b) for a, b in pairwise(edges)]
    assert all(one.closes for one in periods), "ROLLFWD"
    assert [one.closing for one in periods[:-1]] == [one.opening for one in periods[1:]], "ROLLFWD chain"
    shown = [world.ledger.balance(account, world.now) for account in (ANNA, BOB)]
    assert periods[-1].closing == sum(one.pending + one.current for one in shown), "ROLLFWD sum"
    assert sum(one.transferred_in - one.transferred_out for one in periods) == 0


def effective(world: World, account: lo.Account) -> None:
    """As of now both questions about the past have one answer; without late entries they agree at every instant."""
    entries = world.ledger.streams[account]
    now = world.now
    assert lo.balance_effective(account, entries, now) == lo.balance_at(account, entries, now), "EFFECTIVE now"
    if all(entry.effective_at == entry.at for entry in entries):
        for instant in range(0, now, 5):
            said = lo.balance_effective(account, entries, instant)
            assert said == lo.balance_at(account, entries, instant), "EFFECTIVE"
