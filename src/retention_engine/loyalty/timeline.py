"""What time alone does: units expire, holds time out, pending units vest, debts are settled; nothing runs for it.

At one instant in this order: lots expire, holds time out, pending units vest, debt is settled. Intervals are half-open:
units are spendable before ``expires_at``, a hold can be captured before its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from retention_engine.loyalty.lots import Bucket, Hold
from retention_engine.loyalty.state import Balance, Journal, State
from retention_engine.timing import NEVER

_EXPIRE, _TIMEOUT, _VEST = range(3)


class Step(NamedTuple):
    """What an account shows from an instant on, until the next step."""

    at: int
    balance: Balance


def advance(state: State, to: int) -> State:
    """Return the state at an instant, with no other command in between; an earlier instant changes nothing."""
    later = state.copy()
    run(later, to)
    return later


def run(state: State, to: int) -> None:
    """Let the time pass, in place."""
    if state.next_change <= to:
        for instant, group in _agenda(state, to):
            state.at = max(instant, state.at)
            fresh = [lot for kind, name in group for lot in _happens(state, kind, name)]
            settle(state, fresh)
    state.at = max(state.at, to)


def _agenda(state: State, to: int) -> list[tuple[int, list[tuple[int, str]]]]:
    """Return what is due up to an instant; nothing that happens adds to it."""
    found: dict[int, list[tuple[int, str]]] = {}
    for expires, _, _, lot in state.live:
        if expires > to or expires == NEVER:
            break
        if expires > state.at:
            found.setdefault(expires, []).append((_EXPIRE, lot))
    for hold in state.holds.values():
        if hold.expires_at <= to:
            found.setdefault(hold.expires_at, []).append((_TIMEOUT, hold.id))
    for vests, lot in state.waiting:
        if vests > to:
            break
        found.setdefault(vests, []).append((_VEST, lot))
    return [(instant, sorted(found[instant])) for instant in sorted(found)]


def _happens(state: State, kind: int, name: str) -> Iterable[str]:
    """Let one thing happen and return the lots that became spendable."""
    if kind == _TIMEOUT:
        hold = state.holds.pop(name)
        state.ended[name] = "timed_out"
        return release(state, hold)
    stock = state.lots[name]
    if kind == _EXPIRE:
        if stock[Bucket.AVAILABLE]:
            state.move(name, Bucket.AVAILABLE, Bucket.EXPIRED, stock[Bucket.AVAILABLE])
        return ()
    state.move(name, Bucket.PENDING, Bucket.AVAILABLE, stock[Bucket.PENDING])
    return (name,)


def release(state: State, hold: Hold) -> list[str]:
    """Let go of the units of a hold and return the lots that have them back."""
    alive = []
    for each in hold.slices:
        over = state.lots[each.lot].is_over(state.at)
        state.move(each.lot, Bucket.HELD, Bucket.EXPIRED if over else Bucket.AVAILABLE, each.amount)
        if not over:
            alive.append(each.lot)
    return alive


def settle(state: State, fresh: Iterable[str]) -> None:
    """Pay the debt from lots that just became spendable, first-expiring first."""
    if not state.debt:
        return
    for stock in sorted({name: state.lots[name] for name in fresh}.values(), key=lambda each: each.order):
        paid = min(state.debt, stock[Bucket.AVAILABLE])
        if paid:
            state.move(stock.lot.id, Bucket.AVAILABLE, Bucket.SETTLED, paid)


def project(state: State, until: int = NEVER) -> list[Step]:
    """Return the future with no new fact as steps: the first is now, the last holds for ever (or up to ``until``)."""
    sweep = _Sweep(state)
    steps = [Step(state.at, sweep.balance)]
    for at, group in groupby(sweep.events(until), key=itemgetter(0)):
        for _, kind, name in group:
            sweep.step(at, kind, name)
        if sweep.debt and sweep.fresh:
            sweep.settle()
        balance = sweep.balance
        if balance != steps[-1].balance:
            steps.append(Step(at, balance))
    return steps


class _Sweep:
    """The numbers alone, without lots that change: the same effects as ``run``, in one pass over what is due."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.pending, self.available, self.held, self.debt = state.balance
        self.left = {key[3]: state.lots[key[3]].buckets[Bucket.AVAILABLE] for key in state.live}
        self.ends = {key[3]: key for key in state.live}
        self.fresh: list[str] = []

    @property
    def balance(self) -> Balance:
        return Balance(self.pending, self.available, self.held, self.debt)

    def events(self, until: int) -> list[tuple[int, int, str]]:
        found = [(key[0], _EXPIRE, key[3]) for key in self.state.live if self.state.at < key[0] <= until]
        found += [(hold.expires_at, _TIMEOUT, hold.id) for hold in self.state.holds.values()]
        found += [(vests, _VEST, lot) for vests, lot in self.state.waiting]
        return sorted(one for one in found if one[0] <= until and one[0] != NEVER)

    def step(self, at: int, kind: int, name: str) -> None:
        if kind == _EXPIRE:
            self.available -= self.left[name]
            self.left[name] = 0
        elif kind == _VEST:
            amount = self.state.lots[name].buckets[Bucket.PENDING]
            self.pending -= amount
            self._gain(name, amount)
        else:
            for each in self.state.holds[name].slices:
                self.held -= each.amount
                if self.ends[each.lot][0] > at:
                    self._gain(each.lot, each.amount)

    def _gain(self, lot: str, amount: int) -> None:
        self.available += amount
        self.left[lot] += amount
        self.fresh.append(lot)

    def settle(self) -> None:
        for lot in sorted(set(self.fresh), key=self.ends.__getitem__):
            paid = min(self.debt, self.left[lot])
            self.left[lot] -= paid
            self.available -= paid
            self.debt -= paid
        self.fresh = []


def expiring(state: State, until: int = NEVER) -> list[tuple[int, int]]:
    """Return (instant, units) of everything that will expire up to an instant, inclusive, if nothing is spent."""
    later = state.copy()
    later.journal = Journal()
    run(later, until)
    found: dict[int, int] = {}
    for move in later.journal.moves:
        if move.target is Bucket.EXPIRED:
            found[move.at] = found.get(move.at, 0) + move.amount
    return sorted(found.items())
