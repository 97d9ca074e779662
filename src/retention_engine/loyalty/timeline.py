"""What time alone does: units expire, holds time out, pending units vest, debts are settled; nothing runs for it.

At one instant in this order: lots expire, holds time out, pending units vest, debt is settled. Intervals are half-open:
units are spendable before ``expires_at``, a hold can be captured before its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from retention_engine.loyalty.lots import Bucket, Hold
from retention_engine.loyalty.state import Balance, State
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
        state.lapsed[hold.purpose] = hold
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
    sweep = Sweep(state)
    steps = [Step(state.at, sweep.balance)]
    for at in sweep.walk(until):
        balance = sweep.balance
        if balance != steps[-1].balance:
            steps.append(Step(at, balance))
    return steps


class Sweep:
    """The numbers alone, without lots that change: the same effects as ``run``, in one pass over what is due.

    Attributes:
        ends: the instant at which each live lot is over.
        changes: (instant, lot, available units more or fewer), the first of each lot now.
        expired: units that expire, by instant.
    """

    def __init__(self, state: State) -> None:
        """Start now."""
        self.state = state
        self.at = state.at
        self.pending, self.available, self.held, self.debt = state.balance
        self.left = {key[3]: state.lots[key[3]].buckets[Bucket.AVAILABLE] for key in state.live}
        self.ends = {key[3]: key for key in state.live}
        self.changes = [(state.at, lot, units) for lot, units in self.left.items()]
        self.expired: dict[int, int] = {}
        self.fresh: list[str] = []

    @property
    def balance(self) -> Balance:
        """What is shown."""
        return Balance(self.pending, self.available, self.held, self.debt)

    def walk(self, until: int) -> Iterator[int]:
        """Let everything happen that is due up to an instant; yield each instant at which something did."""
        for at, group in groupby(self._events(until), key=itemgetter(0)):
            self.at = at
            for _, kind, name in group:
                self._step(kind, name)
            if self.debt and self.fresh:
                self._settle()
            yield at

    def _events(self, until: int) -> list[tuple[int, int, str]]:
        found = [(key[0], _EXPIRE, key[3]) for key in self.state.live if self.state.at < key[0] <= until]
        found += [(hold.expires_at, _TIMEOUT, hold.id) for hold in self.state.holds.values()]
        found += [(vests, _VEST, lot) for vests, lot in self.state.waiting]
        return sorted(one for one in found if one[0] <= until and one[0] != NEVER)

    def _step(self, kind: int, name: str) -> None:
        if kind == _EXPIRE:
            if units := self.left[name]:
                self._change(name, -units)
                self.expired[self.at] = self.expired.get(self.at, 0) + units
        elif kind == _VEST:
            amount = self.state.lots[name].buckets[Bucket.PENDING]
            self.pending -= amount
            self._gain(name, amount)
        else:
            for each in self.state.holds[name].slices:
                self.held -= each.amount
                if self.ends[each.lot][0] > self.at:
                    self._gain(each.lot, each.amount)
                else:
                    self.expired[self.at] = self.expired.get(self.at, 0) + each.amount

    def _change(self, lot: str, amount: int) -> None:
        self.available += amount
        self.left[lot] += amount
        self.changes.append((self.at, lot, amount))

    def _gain(self, lot: str, amount: int) -> None:
        self._change(lot, amount)
        self.fresh.append(lot)

    def _settle(self) -> None:
        for lot in sorted(set(self.fresh), key=self.ends.__getitem__):
            paid = min(self.debt, self.left[lot])
            self._change(lot, -paid)
            self.debt -= paid
        self.fresh = []


def expiring(state: State, until: int = NEVER) -> list[tuple[int, int]]:
    """Return (instant, units) of everything that will expire up to an instant, inclusive, if nothing is spent."""
    sweep = Sweep(state)
    for _ in sweep.walk(until):
        pass
    return list(sweep.expired.items())
