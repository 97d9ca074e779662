"""Commands between two accounts: a transfer, and the merge of two accounts of one customer."""

from __future__ import annotations

from typing import ClassVar

from attrs import field, frozen

from retention_engine.errors import LedgerError
from retention_engine.loyalty.changes import Joined, Left
from retention_engine.loyalty.lots import Bucket
from retention_engine.loyalty.units import Account, valid_amount
from retention_engine.loyalty.work import Command, Result, Work


def _check_partner(one: Command, other: Account) -> None:
    if other == one.account:
        raise LedgerError(f"{other} cannot be both sides", code="self_transfer")
    if (other.programme, other.unit) != (one.account.programme, one.account.unit):
        raise LedgerError(f"{one.account} and {other} do not hold the same unit", code="other_unit")


@frozen(kw_only=True)
class Transfer(Command):
    """Give units to another account; they expire when they would have."""

    KIND: ClassVar[str] = "transfer"

    to: Account
    amount: int = field(validator=valid_amount)

    def __attrs_post_init__(self) -> None:
        """Refuse oneself and another unit."""
        _check_partner(self, self.to)

    @property
    def partner(self) -> Account:
        """The account that gets them."""
        return self.to

    def perform(self, work: Work) -> Result:
        """Move units, first-expiring first, into lots of the other account; then settle there."""
        limit = work.terms.transfer_limit
        if limit is not None and self.amount > limit:
            raise LedgerError(f"{self.amount} units are more than the {limit} of one transfer", code="transfer_limit")
        other = work.partner
        if other is None or other.state.account == work.state.account:
            raise LedgerError(f"{self.account} and {self.to} are one account", code="self_transfer")
        children = []
        for place, each in enumerate(work.take(self.amount, Bucket.MOVED)):
            stock = work.state.lots[each.lot]
            grace = stock.lot.grace_child
            end = stock.expires_at
            children.append(other.child(stock, each.amount, place, end, grace=grace, given_back=False))
        return {"moved": self.amount, "lots": tuple(children), "settled": other.settle(children)}


@frozen(kw_only=True)
class Merge(Command):
    """Make an account a part of another one: two customers were one person."""

    KIND: ClassVar[str] = "merge"

    into: Account

    def __attrs_post_init__(self) -> None:
        """Refuse oneself and another unit."""
        _check_partner(self, self.into)

    @property
    def partner(self) -> Account:
        """The account that takes over."""
        return self.into

    def perform(self, work: Work) -> Result:
        """Hand over lots, holds, redemptions, orders and debt; then settle."""
        other, state = work.partner, work.state
        if other is None or other.state.account == state.account:
            raise LedgerError(f"{self.account} is a part of {self.into} already", code="already_merged")
        purposes = {hold.purpose for hold in other.state.holds.values()}
        double = sorted(
            {hold.purpose for hold in state.holds.values()} & purposes | state.orders.keys() & other.state.orders
        )
        if double:
            raise LedgerError(f"both accounts have a hold or an order {double[0]!r}", code="double_purpose")
        joined = Joined(
            stocks=tuple(state.lots.values()),
            holds=tuple(state.holds.values()),
            ended=tuple(state.ended.items()),
            redemptions=tuple(state.redemptions.values()),
            grants=tuple(state.grants.items()),
            orders=tuple(state.orders.items()),
            debt=state.debt,
            seq=state.seq,
        )
        work.do(Left(other.state.account))
        other.do(joined)
        fresh = [stock.lot.id for stock in other.state.spendable()]
        return {"lots": len(joined.stocks), "debt": joined.debt, "settled": other.settle(fresh)}
