"""Laws that compare two histories: order, merging, the order of consumption, frames."""

from __future__ import annotations

import os
import random
from collections import Counter
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from retention_engine import loyalty as lo
from retention_engine.errors import LedgerError
from retention_engine.loyalty import Bucket, Ledger, granting
from retention_engine.timing import microseconds
from tests.loyalty._world import ANNA, BOB, World, terms_of

NIGHTLY = os.environ.get("RETENTION_NIGHTLY") == "1"


def one_command(world: World, key: str) -> lo.Command | None:
    """Return a feasible command for Anna now."""
    state = world.state(ANNA)
    made: list[lo.Command] = []
    given: dict[str, Any] = {"key": key, "account": ANNA, "at": world.now}
    if state.balance.available:
        count = 1 + world.dice.randrange(state.balance.available)
        made += [lo.Redeem(amount=count, **given), lo.OpenHold(amount=count, purpose=key, **given)]
        made += [lo.Adjust(amount=-count, reason="wrong", allow_debt=True, **given)]
    made += [lo.Earn(amount=1 + world.dice.randrange(6), validity=lo.Until(world.now + 5), **given)]
    made += [lo.Void(hold=name, **given) for name in state.holds]
    made += [lo.Capture(hold=name, amount=1, **given) for name in state.holds]
    for one in state.redemptions.values():
        if one.amount > one.restored:
            made.append(
                lo.Restore(redemption=one.id, amount=1 + world.dice.randrange(one.amount - one.restored), **given)
            )
    for name, grant in state.grants.items():
        left = state.lots[name].lot.issued - grant.reversed
        if left and not state.lots[name].is_over(world.now):  # the side condition of the law
            made.append(lo.Reverse(lot=name, amount=1 + world.dice.randrange(left), **given))
    return world.pick(made)


def outcome(ledger: Ledger, commands: list[lo.Command], now: int) -> tuple[int, int] | None:
    """Return (available, debt) after the commands in this order, None when one is refused."""
    copy = evolve(ledger, streams={who: list(some) for who, some in ledger.streams.items()}, states=dict(ledger.states))
    copy._keys = dict(ledger._keys)
    try:
        for command in commands:
            copy.post(command)
    except LedgerError:
        return None
    balance = copy.balance(ANNA, now)
    return balance.available, balance.debt


def test_two_commands_at_one_instant_commute() -> None:
    """COMMUTE: when both orders accept both, (available, debt) is the same; no reversal of an expired lot, no limit."""
    tally: Counter[str] = Counter()
    for number in range(40_000 if NIGHTLY else 500):
        world = World(random.Random(number), laws=False, oracle=False)
        world.ledger.terms = terms_of(None, 4)
        world.run(15)
        first, second = one_command(world, "first"), one_command(world, "second")
        assert first is not None
        assert second is not None
        one, other = (
            outcome(world.ledger, [first, second], world.now),
            outcome(world.ledger, [second, first], world.now),
        )
        if one is None or other is None:
            tally["refused"] += 1
            continue
        tally["accepted"] += 1
        assert one == other, (number, first, second, one, other)
    print(tally)
    assert tally["accepted"] > tally["refused"]


@settings(max_examples=60)
@given(st.integers(0, 10**6))
def test_a_merged_account_goes_on_like_a_pooled_one(number: int) -> None:
    """MERGE: whatever follows, a merged account and one that had everything from the start show the same."""
    dice = random.Random(number)
    books = [Ledger(terms_of(None, 4)), Ledger(terms_of(None, 4))]
    ends = dice.sample(range(2, 60), 10)

    def post(make: Any, owner: lo.Account = ANNA, **rest: Any) -> list[Any]:
        return [book.post(make(account=who, **rest)).result for book, who in zip(books, (owner, ANNA), strict=True)]

    for place, end in enumerate(ends[:6]):
        owner = dice.choice([ANNA, BOB])
        post(lo.Earn, owner, key=f"e{place}", at=0, amount=dice.randrange(1, 9), validity=lo.Until(end))
    books[0].post(lo.Merge(key="m", account=ANNA, at=1, into=BOB))
    now = 1
    for place in range(12):
        now += dice.randrange(4)
        state = books[1].state(ANNA)
        have = lo.advance(state, now).balance.available
        name = dice.choice(list(state.grants))
        left = state.lots[name].lot.issued - state.grants[name].reversed
        if have and dice.random() < 0.5:
            post(lo.Redeem, dice.choice([ANNA, BOB]), key=f"r{place}", at=now, amount=dice.randrange(1, have + 1))
        elif left and dice.random() < 0.5:
            said = post(lo.Reverse, key=f"x{place}", at=now, lot=name, amount=left)
            assert said[0] == said[1]
        elif have:
            post(lo.OpenHold, key=f"h{place}", at=now, amount=1, purpose=f"p{place}", ttl=microseconds(3))
        shown = [books[0].balance(dice.choice([ANNA, BOB]), now), books[1].balance(ANNA, now)]
        assert shown[0] == shown[1]
    assert lo.verify(books[0]) == []
    with pytest.raises(LedgerError, match="part of"):
        books[0].post(lo.Merge(key="m2", account=ANNA, at=now, into=BOB))


def test_debts_add_up_in_a_merge_and_are_paid_at_once() -> None:
    """MERGE: a debt on one side meets units on the other."""
    book = Ledger()
    book.post(lo.Adjust(key="d", account=ANNA, at=0, amount=-5, reason="mistake", allow_debt=True))
    book.post(lo.Earn(key="e", account=BOB, at=0, amount=8))
    assert book.post(lo.Merge(key="m", account=ANNA, at=1, into=BOB)).result["settled"] == 5
    assert book.balance(ANNA, 1) == book.balance(BOB, 1) == lo.Balance(available=3)
    report = lo.roll_forward(book, ANNA.unit, after=-1, to=1)
    assert (report.closes, report.closing, report.settled) == (True, 3, 5)


@settings(max_examples=60)
@given(st.integers(0, 10**6))
def test_first_expiring_first_loses_least(number: int) -> None:
    """FEFO-OPT: any other order of consumption loses as many units to expiry, or more."""
    dice = random.Random(number)
    lots = [(dice.randrange(30), dice.randrange(2, 25), dice.randrange(1, 9)) for _ in range(8)]
    wishes = sorted((dice.randrange(50), dice.randrange(1, 9)) for _ in range(8))
    book = Ledger()
    events = sorted([(at, 0, (life, size)) for at, life, size in lots] + [(at, 1, (0, size)) for at, size in wishes])
    pools: dict[str, list[list[int]]] = {"fifo": [], "lifo": []}
    spent = dict.fromkeys([*pools, "fefo"], 0)
    for place, (at, is_spend, (life, size)) in enumerate(events):
        for pool in pools.values():
            pool[:] = [lot for lot in pool if lot[0] > at]
        if not is_spend:
            for pool in pools.values():
                pool.append([at + life, size])
            book.post(lo.Earn(key=f"{place}", account=ANNA, at=at, amount=size, validity=lo.Until(at + life)))
            continue
        for name, pool in pools.items():
            left = size
            for lot in pool if name == "fifo" else reversed(pool):
                part = min(left, lot[1])
                lot[1] -= part
                left -= part
                spent[name] += part
        if part := min(size, book.balance(ANNA, at).available):
            book.post(lo.Redeem(key=f"{place}", account=ANNA, at=at, amount=part))
            spent["fefo"] += part
    assert spent["fefo"] >= max(spent["fifo"], spent["lifo"])


def test_without_its_side_condition_the_law_of_order_is_false(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reversal of a grant that has expired, and a void that expires units of the same grant: their order decides."""
    book = Ledger(terms_of(None, 0))
    book.post(lo.Earn(key="a", account=ANNA, at=0, amount=4, validity=lo.Until(3)))
    book.post(lo.Earn(key="b", account=ANNA, at=0, amount=9))
    book.post(lo.OpenHold(key="h", account=ANNA, at=0, amount=4, purpose="o"))
    reverse = lo.Reverse(key="x", account=ANNA, at=5, lot="a/0", amount=4)
    void = lo.Void(key="v", account=ANNA, at=5, hold="h")
    assert outcome(book, [reverse, void], 5) == (5, 0)
    assert outcome(book, [void, reverse], 5) == (9, 0)
    monkeypatch.setattr(
        granting, "_unspent", lambda family: sum(each[Bucket.EXPIRED] + each[Bucket.HELD] for each in family)
    )
    assert outcome(book, [reverse, void], 5) == (9, 0)
