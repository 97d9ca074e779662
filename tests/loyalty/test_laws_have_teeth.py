"""The laws of the ledger bite: each planted fault is found by the laws or by the oracle, over the same histories.

The first eleven are faults of other systems, numbered as in the design notes; the others are ours.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
from attrs import evolve

from retention_engine import loyalty as lo
from retention_engine.loyalty import Bucket, granting, sharing, spending, timeline
from retention_engine.loyalty.changes import Owed
from retention_engine.loyalty.lots import Stock
from retention_engine.loyalty.state import State
from retention_engine.loyalty.work import Work
from tests.loyalty._history import check_history
from tests.loyalty._world import World

Patch = pytest.MonkeyPatch
ROUNDS = 500
STEPS = 40


def clamped(patch: Patch) -> None:
    """X1: a claw-back takes what is there and forgets the rest (Odoo: ``max(points - x, 0)``)."""

    def charge(work: Work, one: lo.Reversal, left: int) -> lo.Reversal:
        other = min(left, work.state.balance.available)
        work.take(other, Bucket.REVOKED)
        return evolve(one, from_other=other)

    patch.setattr(granting, "_charge", charge)


def restores_all(patch: Patch) -> None:
    """X2: a partial return gives everything back (ERPNext)."""
    sound = spending.restore

    def restore(work: Work, name: str, amount: int, **rest: Any) -> Any:
        one = work.state.redemptions.get(name)
        left = one.amount - one.restored if one else amount
        return sound(work, name, left if amount <= left else amount, **rest)

    patch.setattr(spending, "restore", restore)


def never_settles(patch: Patch) -> None:
    """X3: debt is not settled by units that vest later."""
    patch.setattr(timeline, "settle", lambda state, fresh: None)


def revives(patch: Patch) -> None:
    """X4: what is given back to an expired lot can be spent."""

    def put_back(work: Work, stock: Stock, amount: int, **_: Any) -> str:
        work.move(stock.lot.id, Bucket.REDEEMED, Bucket.AVAILABLE, amount)
        return stock.lot.id

    patch.setattr(spending, "_put_back", put_back)


def forgets_keys(patch: Patch) -> None:
    """X5: the same request is carried out again."""
    sound, numbers = lo.Ledger.post, count()
    patch.setattr(lo.Ledger, "post", lambda self, one: sound(self, evolve(one, key=f"{one.key}~{next(numbers)}")))


def first_made(patch: Patch) -> None:
    """X6: the first made is taken first, not the first-expiring (an ORDER BY that was lost in a rewrite of ERPNext)."""
    sound = State.spendable
    patch.setattr(State, "spendable", lambda self: sorted(sound(self), key=lambda each: each.lot.seq))


def keeps_started(patch: Patch) -> None:
    """X7: lots that were partly used never expire (Odoo)."""
    sound = timeline._happens

    def happens(state: State, kind: int, name: str) -> Any:
        if kind == timeline._EXPIRE and state.lots[name][Bucket.AVAILABLE] < state.lots[name].lot.issued:
            return ()
        return sound(state, kind, name)

    patch.setattr(timeline, "_happens", happens)


def releases_dead(patch: Patch) -> None:
    """X8: what a hold releases can be spent although it expired meanwhile."""

    def let_go(work: Work, slices: Any) -> list[str]:
        for each in slices:
            work.move(each.lot, Bucket.HELD, Bucket.AVAILABLE, each.amount)
        return [each.lot for each in slices]

    patch.setattr(Work, "let_go", let_go)


def counts_held(patch: Patch) -> None:
    """X9: the check of a spend counts held units, and less is taken than was asked for."""
    sound = Work.take

    def take(work: Work, amount: int, target: Bucket) -> Any:
        balance = work.state.balance
        short = balance.available < amount <= balance.current
        return sound(work, balance.available if short else amount, target)

    patch.setattr(Work, "take", take)


def charges_expired(patch: Patch) -> None:
    """X10: units of the grant that expired unspent are charged again."""
    patch.setattr(granting, "_unspent", lambda family: 0)


def renews(patch: Patch) -> None:
    """X11: a transfer makes units last longer."""
    sound = Work.child

    def child(work: Work, parent: Stock, amount: int, place: int, expires_at: int | None, **rest: Any) -> str:
        later = expires_at if rest.get("given_back", True) or expires_at is None else expires_at + 5
        return sound(work, parent, amount, place, later, **rest)

    patch.setattr(Work, "child", child)


def owes_beside(patch: Patch) -> None:
    """X21: with ``own_only`` the rest becomes debt beside units that could be spent."""

    def charge(work: Work, one: lo.Reversal, left: int) -> lo.Reversal:
        if not work.terms.own_only or not left:
            return sound(work, one, left)
        work.do(Owed(left))
        return evolve(one, to_debt=left)

    sound = granting._charge
    patch.setattr(granting, "_charge", charge)


def inclusive(patch: Patch) -> None:
    """X23: units can still be given back at the very instant at which they are over."""
    patch.setattr(Stock, "is_over", lambda self, at: self.expires_at is not None and self.expires_at < at)


def second_grace(patch: Patch) -> None:
    """Units that were given a grace get another one."""
    sound = Work.child
    patch.setattr(Work, "child", lambda *args, **rest: sound(*args, **{**rest, "grace": False}))


def moot_twice(patch: Patch) -> None:
    """A unit that expired unspent excuses two reversals."""
    patch.setattr(granting, "_unspent", lambda family: 2 * sum(each[Bucket.EXPIRED] for each in family))


def oldest_back(patch: Patch) -> None:
    """Units are given back to the lot that expires first."""
    patch.setattr(spending, "sorted", lambda items, key, reverse=False: sorted(items, key=key), raising=False)


def hold_twice(patch: Patch) -> None:
    """The same purpose holds again instead of having its own hold back."""
    patch.setattr(spending, "hold_for", lambda work, purpose: None)


def no_timeout(patch: Patch) -> None:
    """A hold is never let go by time."""
    sound = timeline._agenda

    def agenda(state: State, to: int) -> Any:
        found = sound(state, to)
        return [(at, [one for one in group if one[0] != timeline._TIMEOUT]) for at, group in found]

    patch.setattr(timeline, "_agenda", agenda)


def outlives(patch: Patch) -> None:
    """A conversion makes units that never expire."""
    sound = Work.issue

    def issue(work: Work, amount: int, vests_at: int | None, expires_at: int | None, **rest: Any) -> str:
        end = None if rest.get("source", "").startswith("convert:") else expires_at
        return sound(work, amount, vests_at, end, **rest)

    patch.setattr(Work, "issue", issue)


def launders_grace(patch: Patch) -> None:
    """Units that were given a grace get another one after a conversion."""
    sound = Work.issue
    patch.setattr(Work, "issue", lambda *args, **rest: sound(*args, **{**rest, "grace_child": False}))


def rounds_each_lot(patch: Patch) -> None:
    """A conversion rounds every lot down, and a part of the total is lost."""
    patch.setattr(sharing, "share_out", lambda total, units: [total * each // sum(units) for each in units])


def converts_back(patch: Patch) -> None:
    """What was converted can be given back as well."""
    sound = lo.Redemption
    patch.setattr(sharing, "Redemption", lambda **rest: sound(**{**rest, "final": False}))


def forgets_started(patch: Patch) -> None:
    """To end units by hand forgets those that were used in part."""

    def perform(self: lo.ExpireNow, work: Work) -> Any:
        found = [each for each in work.state.spendable() if each[Bucket.AVAILABLE] == each.lot.issued]
        for each in found:
            work.move(each.lot.id, Bucket.AVAILABLE, Bucket.EXPIRED, each.lot.issued)
        return {"lots": (), "expired": sum(each.lot.issued for each in found)}

    patch.setattr(lo.ExpireNow, "perform", perform)


FAULTS = [
    clamped,
    restores_all,
    never_settles,
    revives,
    forgets_keys,
    first_made,
    keeps_started,
    releases_dead,
    counts_held,
    charges_expired,
    renews,
    owes_beside,
    inclusive,
    second_grace,
    moot_twice,
    oldest_back,
    hold_twice,
    no_timeout,
    outlives,
    launders_grace,
    rounds_each_lot,
    converts_back,
    forgets_started,
]


def killed(*, laws: bool, oracle: bool, rounds: int = ROUNDS) -> int | None:
    """Return after how many histories a fault shows, or None."""
    for number in range(rounds):
        try:
            check_history(World(random.Random(number), laws=laws, oracle=oracle).run(STEPS))
        except (Exception, pytest.fail.Exception):  # noqa: BLE001 - any way to fail is a kill
            return number + 1
    return None


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_a_planted_fault_is_found(fault: Callable[[Patch], None], monkeypatch: Patch) -> None:
    """Laws and oracle together find it within their budget; printed is how soon each of them does."""
    fault(monkeypatch)
    together = killed(laws=True, oracle=True)
    assert together is not None
    most = 3 * together + 20
    print(
        fault.__name__,
        together,
        killed(laws=True, oracle=False, rounds=most),
        killed(laws=False, oracle=True, rounds=most),
    )


def test_a_sound_ledger_is_not_found() -> None:
    """Nothing is found where nothing was planted."""
    assert killed(laws=True, oracle=True, rounds=20) is None
