"""Commands that spend units in two phases or at once, and give them back."""

from __future__ import annotations

from typing import ClassVar

from attrs import evolve, field, frozen

from retention_engine.errors import LedgerError, shown
from retention_engine.loyalty.changes import HoldSet, RedemptionSet
from retention_engine.loyalty.lots import Bucket, Hold, Redemption, Slice, Stock
from retention_engine.loyalty.orders import OrderRecord
from retention_engine.loyalty.state import State
from retention_engine.loyalty.terms import Fresh, GiveBack, Grace, Original
from retention_engine.loyalty.units import valid_amount
from retention_engine.loyalty.validity import expiry
from retention_engine.loyalty.work import Command, Result, Work
from retention_engine.timing import Span


@frozen(kw_only=True)
class OpenHold(Command):
    """Promise units to a purpose; the same purpose again has its own hold back, with the new size.

    Attributes:
        purpose: such as the id of the order.
        ttl: how long; None: as the terms say, or as before.
    """

    KIND: ClassVar[str] = "hold"

    amount: int = field(validator=valid_amount)
    purpose: str
    ttl: Span | None = None

    def perform(self, work: Work) -> Result:
        """Hold units, first-expiring first."""
        record = work.state.orders.get(self.purpose)
        if isinstance(record, OrderRecord) and record.is_paid:
            message = (
                f"order {shown(self.purpose)} is paid: what is added to it later is another order's to pay with units"
            )
            raise LedgerError(message, code="order_paid")
        hold, settled = set_hold(work, self.purpose, self.amount, ttl=self.ttl)
        return {"hold": hold.id, "held": hold.amount, "expires_at": hold.expires_at, "settled": settled}


def hold_for(state: State, purpose: str) -> Hold | None:
    """Return the open hold of a purpose."""
    return next((each for each in state.holds.values() if each.purpose == purpose), None)


def promise_to(state: State, purpose: str) -> Hold | None:
    """Return the open hold of a purpose, or the one that timed out: whoever was told of it pays with units."""
    return hold_for(state, purpose) or state.lapsed.get(purpose)


def set_hold(work: Work, purpose: str, amount: int, *, ttl: Span | None = None) -> tuple[Hold, int]:
    """Open or resize the hold of a purpose; return it, and what was settled."""
    span = work.terms.hold if ttl is None else ttl
    if not 0 < span.micros <= work.terms.longest_hold.micros:
        raise LedgerError(f"a hold lasts up to {work.terms.longest_hold}, not {span}", code="bad_window")
    old = hold_for(work.state, purpose)
    if old is None:
        old = Hold(id=work.name, purpose=purpose, expires_at=work.at + span.micros, slices=())
    elif ttl is not None:
        old = evolve(old, expires_at=work.at + span.micros)
    settled = 0
    more = amount - old.amount
    if more < 0:
        kept, rest = split(_joined(work, old.slices), amount)
        settled = work.settle(work.let_go(rest))
    else:
        kept = _joined(work, (*old.slices, *(work.take(more, Bucket.HELD) if more else ())))
    hold = evolve(old, slices=kept)
    work.do(HoldSet(hold))
    return hold, settled


def _joined(work: Work, slices: tuple[Slice, ...]) -> tuple[Slice, ...]:
    """Return one slice a lot, first-expiring first."""
    counts: dict[str, int] = {}
    for each in slices:
        counts[each.lot] = counts.get(each.lot, 0) + each.amount
    return tuple(Slice(name, counts[name]) for name in sorted(counts, key=lambda name: work.state.lots[name].order))


def split(slices: tuple[Slice, ...], amount: int) -> tuple[tuple[Slice, ...], tuple[Slice, ...]]:
    """Return the slices of the first units, and those of the rest."""
    first, rest = [], []
    for each in slices:
        part = min(amount, each.amount)
        amount -= part
        if part:
            first.append(Slice(each.lot, part))
        if part < each.amount:
            rest.append(Slice(each.lot, each.amount - part))
    return tuple(first), tuple(rest)


@frozen(kw_only=True)
class Capture(Command):
    """Spend units of a hold, which ends it; the rest is let go."""

    KIND: ClassVar[str] = "capture"

    hold: str
    amount: int = field(validator=valid_amount)

    def perform(self, work: Work) -> Result:
        """Spend the first units held."""
        return capture(work, work.open_hold(self.hold), self.amount)


def capture(work: Work, hold: Hold, amount: int) -> Result:
    """Spend the first units of a hold."""
    if amount > hold.amount:
        raise LedgerError(f"{amount} units are more than the {hold.amount} held", code="exceeds_hold")
    first, rest = split(_joined(work, hold.slices), amount)
    for each in first:
        work.move(each.lot, Bucket.HELD, Bucket.REDEEMED, each.amount)
    work.end(hold, "captured")
    work.do(RedemptionSet(Redemption(id=work.name, purpose=hold.purpose, slices=first)))
    settled = work.settle(work.let_go(rest))
    return {"redemption": work.name, "redeemed": amount, "released": hold.amount - amount, "settled": settled}


@frozen(kw_only=True)
class Void(Command):
    """Let go of a hold: the customer left."""

    KIND: ClassVar[str] = "void"

    hold: str

    def perform(self, work: Work) -> Result:
        """Release all of it."""
        hold = work.open_hold(self.hold)
        return {"released": hold.amount, "settled": void(work, hold)}


def void(work: Work, hold: Hold) -> int:
    """Release a hold, or take back the promise of one that timed out, and return what was settled."""
    is_open = hold.id in work.state.holds
    work.end(hold, "voided")
    return work.settle(work.let_go(hold.slices)) if is_open else 0


@frozen(kw_only=True)
class Redeem(Command):
    """Spend units at once."""

    KIND: ClassVar[str] = "redeem"

    amount: int = field(validator=valid_amount)
    purpose: str = ""

    def perform(self, work: Work) -> Result:
        """Spend first-expiring first."""
        return {"redemption": redeem(work, self.amount, self.purpose).id, "redeemed": self.amount}


def redeem(work: Work, amount: int, purpose: str) -> Redemption:
    """Spend available units."""
    slices = tuple(work.take(amount, Bucket.REDEEMED))
    one = Redemption(id=work.name, purpose=purpose, slices=slices)
    work.do(RedemptionSet(one))
    return one


@frozen(kw_only=True)
class Restore(Command):
    """Give back spent units, because what they paid for was returned.

    Attributes:
        give_back: when their lot has expired; None: as the terms say.
    """

    KIND: ClassVar[str] = "restore"

    redemption: str
    amount: int = field(validator=valid_amount)
    give_back: GiveBack | None = None

    def perform(self, work: Work) -> Result:
        """Put them where they came from, latest-expiring first; then settle."""
        return restore(work, self.redemption, self.amount, give_back=self.give_back)


def restore(work: Work, redemption: str, amount: int, *, give_back: GiveBack | None = None) -> Result:
    """Give back spent units of a redemption."""
    if redemption not in work.state.redemptions:
        raise LedgerError(f"there is no redemption {shown(redemption)}", code="unknown_redemption")
    one = work.state.redemptions[redemption]
    if one.final:
        raise LedgerError(f"redemption {shown(redemption)} was a conversion: nothing comes back", code="not_restorable")
    if one.restored + amount > one.amount:
        message = f"{amount} units, after {one.restored}, are more than the {one.amount} spent"
        raise LedgerError(message, code="exceeds_redemption")
    policy = work.terms.give_back if give_back is None else give_back
    counts: dict[str, int] = {}
    fresh: list[str] = []
    expired = 0
    for each in sorted(one.slices, key=lambda part: work.state.lots[part.lot].order, reverse=True):
        part = min(amount - sum(counts.values()), each.amount - each.restored)
        if part:
            counts[each.lot] = part
            back = _put_back(work, work.state.lots[each.lot], part, policy=policy, place=len(counts) - 1)
            fresh += [back] if back else []
            expired += 0 if back else part
    work.do(RedemptionSet(one.given_back(counts)))
    return {"redemption": redemption, "restored": amount, "expired": expired, "settled": work.settle(fresh)}


def _put_back(work: Work, stock: Stock, amount: int, *, policy: GiveBack, place: int) -> str | None:
    """Give units back to their lot, or to a child of it; return where they are, None when they are expired."""
    name = stock.lot.id
    if not stock.is_over(work.at):
        work.move(name, Bucket.REDEEMED, Bucket.AVAILABLE, amount)
        return name
    if isinstance(policy, Original) or (
        isinstance(policy, Grace) and (stock.lot.grace_child or not policy.span.micros)
    ):
        work.move(name, Bucket.REDEEMED, Bucket.EXPIRED, amount)
        return None
    work.move(name, Bucket.REDEEMED, Bucket.MOVED, amount)
    if isinstance(policy, Fresh):
        end = expiry(policy.validity, vested=work.at, earned=work.at)
        return work.child(stock, amount, place, end, grace=False)
    return work.child(stock, amount, place, work.at + policy.span.micros, grace=True)
