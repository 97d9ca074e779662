"""What an entry changes: primitive facts; to apply them again gives the same state, under any terms."""

from __future__ import annotations

from attrs import evolve, frozen

from retention_engine.errors import LedgerError, shown
from retention_engine.loyalty.lots import Bucket, Grant, Hold, Lot, Redemption, Reversal, Stock
from retention_engine.loyalty.orders import OrderRecord
from retention_engine.loyalty.state import State
from retention_engine.loyalty.units import Account


@frozen
class Issued:
    """A new lot."""

    lot: Lot

    def apply(self, state: State, effective_at: int) -> None:
        """Place it."""
        state.issue(self.lot, effective_at)


@frozen
class Moved:
    """Units of a lot went to another bucket."""

    lot: str
    source: Bucket
    target: Bucket
    amount: int

    def apply(self, state: State, effective_at: int) -> None:
        """Move them."""
        state.move(self.lot, self.source, self.target, self.amount, effective_at=effective_at)


@frozen
class Timed:
    """A lot vests or expires at other instants than before."""

    lot: str
    vests_at: int | None
    expires_at: int | None

    def apply(self, state: State, effective_at: int) -> None:
        """Set them."""
        state.put(state.lots[self.lot].timed(self.vests_at, self.expires_at))


@frozen
class Owed:
    """The customer owes more."""

    amount: int

    def apply(self, state: State, effective_at: int) -> None:
        """Raise the debt."""
        state.change_debt(self.amount, effective_at)
        state.totals = evolve(state.totals, owed=state.totals.owed + self.amount)


@frozen
class HoldSet:
    """A hold was opened, or has another size or end."""

    hold: Hold

    def apply(self, state: State, effective_at: int) -> None:
        """Keep it."""
        state.holds[self.hold.id] = self.hold
        state.lapsed.pop(self.hold.purpose, None)


@frozen
class HoldEnded:
    """A hold was ``captured`` or ``voided``; one that had timed out is no promise any more.

    Voided for an order that was placed before, it leaves the promise of no units at all.
    """

    hold: str
    how: str

    def apply(self, state: State, effective_at: int) -> None:
        """Close it."""
        held = state.holds.pop(self.hold, None)
        if held is not None and self.how == "voided" and held.purpose in state.orders:
            state.lapsed[held.purpose] = evolve(held, slices=())
        elif held is None:
            state.lapsed = {name: one for name, one in state.lapsed.items() if one.id != self.hold}
        state.ended[self.hold] = self.how


@frozen
class RedemptionSet:
    """Units were spent, or some of them given back."""

    redemption: Redemption

    def apply(self, state: State, effective_at: int) -> None:
        """Keep it."""
        if self.redemption.id not in state.redemptions:
            state.lapsed.pop(self.redemption.purpose, None)
        state.redemptions[self.redemption.id] = self.redemption


@frozen
class Reversed:
    """A grant was taken back, and these are the parts."""

    reversal: Reversal

    def apply(self, state: State, effective_at: int) -> None:
        """Count it."""
        one = self.reversal
        known = state.grants[one.lot]
        state.grants[one.lot] = Grant(reversed=known.reversed + one.amount, moot=known.moot + one.moot)
        state.totals = evolve(state.totals, absorbed=state.totals.absorbed + one.absorbed)


@frozen
class OrderKnown:
    """What ``reconcile_order`` has done about an order so far."""

    order: str
    record: object

    def apply(self, state: State, effective_at: int) -> None:
        """Keep it; what is paid is promised nothing any more."""
        state.orders[self.order] = self.record
        if isinstance(self.record, OrderRecord) and self.record.is_paid:
            state.lapsed.pop(self.order, None)


@frozen(kw_only=True)
class Joined:
    """Everything of another account, which was merged into this one."""

    stocks: tuple[Stock, ...]
    holds: tuple[Hold, ...]
    ended: tuple[tuple[str, str], ...]
    redemptions: tuple[Redemption, ...]
    grants: tuple[tuple[str, Grant], ...]
    orders: tuple[tuple[str, object], ...]
    debt: int
    seq: int
    lapsed: tuple[Hold, ...] = ()

    def apply(self, state: State, effective_at: int) -> None:
        """Take it over."""
        state.seq = max(state.seq, self.seq)
        for stock in self.stocks:
            state.put(stock)
            for bucket in Bucket:
                state.note(stock.lot.id, None, bucket, stock[bucket])
        state.holds.update((hold.id, hold) for hold in self.holds)
        state.ended.update(self.ended)
        state.lapsed.update((hold.purpose, hold) for hold in self.lapsed)
        state.redemptions.update((one.id, one) for one in self.redemptions)
        state.grants.update(self.grants)
        state.orders.update(self.orders)
        state.joined |= {order for order, _ in self.orders}
        state.change_debt(self.debt)
        state.totals = evolve(state.totals, joined=state.totals.joined + self.debt)


@frozen
class Left:
    """Everything of this account belongs to another one from now on.

    Attributes:
        units: those pending, available and held that went with it.
    """

    into: Account
    units: int = 0

    def apply(self, state: State, effective_at: int) -> None:
        """Hand it over; what comes later for this account goes there."""
        state.totals = evolve(state.totals, left=state.totals.left + state.debt)
        for stock in state.lots.values():
            for bucket in Bucket:
                state.note(stock.lot.id, bucket, None, stock[bucket])
        books = (state.lots, state.holds, state.ended, state.lapsed, state.redemptions, state.grants, state.orders)
        for held in books:
            held.clear()
        state.joined = frozenset()
        state.live.clear()
        state.waiting.clear()
        state.sums = (0, 0, 0)
        state.change_debt(-state.debt)
        state.alias = self.into


@frozen
class Unknown:
    """A change of a later version of this library: kept as it was written, but nothing can be counted with it."""

    text: str

    def apply(self, state: State, effective_at: int) -> None:
        """Refuse: a balance without it would be wrong."""
        message = f"{state.account} has a change that only a later version can apply: {shown(self.text)}"
        raise LedgerError(message, code="later_version")


Change = (
    Issued
    | Moved
    | Timed
    | Owed
    | HoldSet
    | HoldEnded
    | RedemptionSet
    | Reversed
    | OrderKnown
    | Joined
    | Left
    | Unknown
)
