"""Commands between two accounts: a transfer, a conversion, and the merge of two accounts of one customer."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, ClassVar

from attrs import evolve, field, frozen

from retention_engine.errors import LedgerError, shown
from retention_engine.loyalty.changes import Joined, Left, RedemptionSet
from retention_engine.loyalty.lots import Bucket, Redemption
from retention_engine.loyalty.orders import share_out
from retention_engine.loyalty.units import Account, Unit, check_amount, valid_amount
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


def _rate(value: Any) -> Fraction:
    if type(value) not in {int, Fraction} or value <= 0:
        raise LedgerError(f"a rate is a whole number or a Fraction above 0, not {shown(value)}", code="bad_amount")
    return Fraction(value)


@frozen(kw_only=True)
class Convert(Command):
    """Make units of one kind units of another kind of the same holder; they end when they would have.

    Attributes:
        to: the other unit.
        rate: how many of its minor units one minor unit makes.
    """

    KIND: ClassVar[str] = "convert"

    to: Unit
    amount: int = field(validator=valid_amount)
    rate: Fraction = field(converter=_rate)

    def __attrs_post_init__(self) -> None:
        """Refuse the same unit."""
        if self.to == self.account.unit:
            raise LedgerError(f"{self.to.code} cannot be converted into itself", code="other_unit")

    @property
    def partner(self) -> Account:
        """The account that gets them."""
        return evolve(self.account, unit=self.to)

    def perform(self, work: Work) -> Result:
        """Spend units, first-expiring first, and grant the others: one lot an end; the total is rounded down once."""
        exact = self.amount * self.rate
        gained = int(exact)
        if not gained:
            raise LedgerError(f"{self.amount} units are worth {exact} of {self.to.code}", code="bad_amount")
        check_amount(gained)
        slices = tuple(work.take(self.amount, Bucket.REDEEMED))
        work.do(RedemptionSet(Redemption(id=work.name, purpose=f"convert:{self.to.code}", slices=slices, final=True)))
        taken: dict[tuple[int | None, bool], int] = {}
        for each in slices:
            stock = work.state.lots[each.lot]
            end = stock.expires_at, stock.lot.grace_child
            taken[end] = taken.get(end, 0) + each.amount
        parts = tuple(zip(taken, taken.values(), share_out(gained, list(taken.values())), strict=True))
        other = work.partner
        assert other is not None
        lots = [
            other.issue(
                units,
                work.effective_at,
                end,
                place=place,
                source=f"convert:{self.account.unit.code}",
                grace_child=grace,
            )
            for place, ((end, grace), _, units) in enumerate(parts)
            if units
        ]
        return {
            "converted": self.amount,
            "gained": gained,
            "residue": exact - gained,
            "parts": tuple((*end, before, after) for end, before, after in parts),
            "lots": tuple(lots),
            "settled": other.settle(lots),
        }


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
            lapsed=tuple(state.lapsed.values()),
        )
        work.do(Left(other.state.account, sum(work.state.sums)))
        other.do(joined)
        fresh = [stock.lot.id for stock in other.state.spendable()]
        return {"lots": len(joined.stocks), "debt": joined.debt, "settled": other.settle(fresh)}
