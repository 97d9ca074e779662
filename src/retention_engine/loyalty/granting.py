"""Commands that grant units, change when they may be spent, or take grants back."""

from __future__ import annotations

from typing import ClassVar

from attrs import evolve, field, frozen
from attrs.converters import optional

from retention_engine.errors import LedgerError, shown
from retention_engine.loyalty.caps import Cap, fit
from retention_engine.loyalty.changes import Owed, Reversed, Timed
from retention_engine.loyalty.lots import Bucket, Reversal, Stock
from retention_engine.loyalty.units import valid_amount
from retention_engine.loyalty.validity import Lasts, Until, Validity, expiry
from retention_engine.loyalty.work import Command, Result, Work
from retention_engine.timing import to_instant


@frozen(kw_only=True)
class Earn(Command):
    """Grant units.

    Attributes:
        vests_at: when they become spendable; None: with ``waits`` at a later fact, else at once.
        waits: for ``VestAt`` or ``VestNow``; with ``vests_at`` that is the latest instant.
        validity: how long they may be spent; None: for ever.
        source: what for, such as ``order:812``; ``rule@version:cause`` when a rule with caps grants them.
        caps: of the rule; only what fits is granted.
    """

    KIND: ClassVar[str] = "earn"

    amount: int = field(validator=valid_amount)
    vests_at: int | None = field(default=None, converter=optional(to_instant))
    waits: bool = False
    validity: Validity = None
    source: str = ""
    caps: tuple[Cap, ...] = ()

    def perform(self, work: Work) -> Result:
        """Place a new lot and settle."""
        rule = self.source.partition("@")[0]
        amount = fit(self.amount, self.caps, work.state, rule=rule, at=work.effective_at)
        if not amount:
            return {"lot": None, "granted": 0, "settled": 0}
        vests = self.vests_at if self.vests_at is not None or self.waits else work.effective_at
        lot = grant(work, amount, vests, validity=self.validity, source=self.source)
        return {"lot": lot, "granted": amount, "settled": work.settle([lot])}


def grant(
    work: Work,
    amount: int,
    vests_at: int | None,
    *,
    validity: Validity,
    source: str,
    earned_at: int | None = None,
) -> str:
    """Place a new lot and return its id; the activity was at the instant of the command unless another is given."""
    earned = work.effective_at if earned_at is None else earned_at
    if vests_at is not None:
        end = expiry(validity, vested=vests_at, earned=earned)
        return work.issue(amount, vests_at, end, source=source, validity=validity, earned_at=earned)
    if isinstance(validity, Until) or (isinstance(validity, Lasts) and validity.from_earning):
        message = f"{validity} may end before the units vest: name the latest instant of vesting"
        raise LedgerError(message, code="bad_window")
    return work.issue(amount, None, None, source=source, validity=validity, earned_at=earned)


@frozen(kw_only=True)
class VestAt(Command):
    """Say when units that wait for a fact become spendable: two weeks after the delivery."""

    KIND: ClassVar[str] = "vest_at"

    lot: str
    vests_at: int = field(converter=to_instant)

    def perform(self, work: Work) -> Result:
        """Set the instant and, with it, the expiry."""
        stock = work.stock(self.lot)
        if stock.vests_at is not None or not stock[Bucket.PENDING]:
            raise LedgerError(f"lot {shown(self.lot)} does not wait for a fact", code="not_waiting")
        end = let_vest(work, self.lot, self.vests_at)
        return {"lot": self.lot, "vests_at": self.vests_at, "expires_at": end, "settled": work.settle([self.lot])}


def let_vest(work: Work, lot: str, vests_at: int) -> int | None:
    """Set when pending units vest, and their expiry unless it was known; return it."""
    stock = work.stock(lot)
    end = stock.expires_at
    if stock.vests_at is None:
        end = expiry(stock.lot.validity, vested=vests_at, earned=stock.lot.earned_at)
    work.do(Timed(lot, vests_at, end))
    if vests_at <= work.at:
        work.move(lot, Bucket.PENDING, Bucket.AVAILABLE, work.stock(lot)[Bucket.PENDING])
        work.drop_dead(lot)
    return end


@frozen(kw_only=True)
class VestNow(Command):
    """Make pending units spendable at once."""

    KIND: ClassVar[str] = "vest_now"

    lot: str

    def perform(self, work: Work) -> Result:
        """Let them vest; an expiry that is known stays."""
        pending = work.stock(self.lot)[Bucket.PENDING]
        if not pending:
            raise LedgerError(f"lot {shown(self.lot)} has nothing pending", code="not_pending")
        end = let_vest(work, self.lot, work.at)
        return {"lot": self.lot, "vested": pending, "expires_at": end, "settled": work.settle([self.lot])}


@frozen(kw_only=True)
class CancelPending(Command):
    """Take back units of a grant before they become spendable; counts as a reversal of the grant."""

    KIND: ClassVar[str] = "cancel_pending"

    lot: str
    amount: int = field(validator=valid_amount)

    def perform(self, work: Work) -> Result:
        """Revoke pending units."""
        pending = work.stock(self.lot)[Bucket.PENDING]
        if self.amount > pending:
            raise LedgerError(f"{self.amount} of {pending} pending units cannot be taken", code="exceeds_pending")
        work.move(self.lot, Bucket.PENDING, Bucket.REVOKED, self.amount)
        work.do(Reversed(Reversal(lot=self.lot, amount=self.amount, from_pending=self.amount)))
        return {"lot": self.lot, "revoked": self.amount}


@frozen(kw_only=True)
class Reverse(Command):
    """Take back units of a grant, because what they were granted for was returned; never refused for being spent.

    Attributes:
        lot: the grant.
    """

    KIND: ClassVar[str] = "reverse"

    lot: str
    amount: int = field(validator=valid_amount)

    def perform(self, work: Work) -> Result:
        """Charge pending units, what expired unspent, the grant, other units, the debt and the shop, in this order."""
        one = reverse(work, self.lot, self.amount)
        parts = ("from_pending", "moot", "from_lot", "from_other", "to_debt", "absorbed")
        return {"lot": self.lot, **{name: getattr(one, name) for name in parts}}


def reverse(work: Work, lot: str, amount: int) -> Reversal:
    """Take back units of a grant and return the parts."""
    state = work.state
    if lot not in state.grants:
        raise LedgerError(f"{state.account} has no grant {shown(lot)}", code="unknown_grant")
    known, issued = state.grants[lot], state.lots[lot].lot.issued
    if known.reversed + amount > issued:
        message = f"{amount} units, after {known.reversed}, are more than the {issued} granted"
        raise LedgerError(message, code="exceeds_grant")
    pending = min(amount, state.lots[lot][Bucket.PENDING])
    work.move(lot, Bucket.PENDING, Bucket.REVOKED, pending)
    family = state.family(lot)
    moot = min(amount - pending, _unspent(family) - known.moot)
    left = amount - pending - moot
    own = 0
    for each in family:
        part = min(left - own, each[Bucket.AVAILABLE])
        work.move(each.lot.id, Bucket.AVAILABLE, Bucket.REVOKED, part)
        own += part
    one = Reversal(lot=lot, amount=amount, from_pending=pending, moot=moot, from_lot=own)
    one = _charge(work, one, left - own)
    work.do(Reversed(one))
    return one


def _unspent(family: list[Stock]) -> int:
    """Return the units of a grant that expired: the customer never used them, so there is nothing to take."""
    return sum(each[Bucket.EXPIRED] for each in family)


def _charge(work: Work, one: Reversal, left: int) -> Reversal:
    """Charge what the grant itself could not pay."""
    if work.terms.own_only:
        return evolve(one, absorbed=left)
    other = min(left, work.state.balance.available)
    work.take(other, Bucket.REVOKED)
    left -= other
    limit = work.terms.most_debt(work.state.account.unit)
    owed = left if limit is None else min(left, max(0, limit - work.state.debt))
    if owed:
        work.do(Owed(owed))
    return evolve(one, from_other=other, to_debt=owed, absorbed=left - owed)
