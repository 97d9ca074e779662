"""Commands by hand: let units end later or now, and correct an account, with a reason."""

from __future__ import annotations

from typing import ClassVar

from attrs import field, frozen

from retention_engine.errors import Insufficient, LedgerError, shown
from retention_engine.loyalty.changes import Owed, Timed
from retention_engine.loyalty.granting import grant
from retention_engine.loyalty.lots import Bucket
from retention_engine.loyalty.units import check_amount
from retention_engine.loyalty.validity import Validity
from retention_engine.loyalty.work import Command, Result, Work
from retention_engine.timing import to_instant


@frozen(kw_only=True)
class Extend(Command):
    """Let units expire later: never sooner, and never again those that have expired.

    Attributes:
        lots: which; None: all that would expire sooner.
    """

    KIND: ClassVar[str] = "extend"

    expires_at: int = field(converter=to_instant)
    lots: tuple[str, ...] | None = None

    def perform(self, work: Work) -> Result:
        """Set the later instant on grants with units left; lots that came from others stay as they are."""
        names = self.lots if self.lots is not None else [key[3] for key in work.state.live]
        changed = []
        for stock in [work.stock(name) for name in names]:
            end, fits = stock.expires_at, stock.is_live and stock.lot.parent is None and not stock.is_over(work.at)
            sooner = end is not None and end < self.expires_at
            if self.lots is not None and not (fits and sooner):
                raise LedgerError(f"lot {shown(stock.lot.id)} cannot be prolonged so", code="would_shorten")
            if fits and sooner:
                work.do(Timed(stock.lot.id, stock.vests_at, self.expires_at))
                changed.append(stock.lot.id)
        return {"lots": tuple(changed)}


def _check_reason(reason: str) -> None:
    if not reason.strip():
        raise LedgerError("a correction by hand needs a reason", code="no_reason")


@frozen(kw_only=True)
class ExpireNow(Command):
    """End units by hand before their time, with a reason; what is pending or held stays.

    Attributes:
        lots: which; None: all with available units.
    """

    KIND: ClassVar[str] = "expire_now"

    lots: tuple[str, ...] | None = None

    def __attrs_post_init__(self) -> None:
        """Refuse no reason."""
        _check_reason(self.reason)

    def perform(self, work: Work) -> Result:
        """Expire what is available."""
        names = [each.lot.id for each in work.state.spendable()] if self.lots is None else dict.fromkeys(self.lots)
        found = [work.stock(name) for name in names]
        for stock in found:
            if not stock[Bucket.AVAILABLE]:
                raise LedgerError(f"lot {shown(stock.lot.id)} has nothing available", code="not_available")
            work.move(stock.lot.id, Bucket.AVAILABLE, Bucket.EXPIRED, stock[Bucket.AVAILABLE])
        return {"lots": tuple(one.lot.id for one in found), "expired": sum(one[Bucket.AVAILABLE] for one in found)}


@frozen(kw_only=True)
class Adjust(Command):
    """Correct an account by hand, with a reason.

    Attributes:
        amount: above zero: granted; below: revoked.
        validity: of what is granted.
        allow_debt: what is missing becomes debt.
    """

    KIND: ClassVar[str] = "adjust"

    amount: int
    validity: Validity = None
    allow_debt: bool = False

    def __attrs_post_init__(self) -> None:
        """Refuse no amount, and no reason."""
        check_amount(abs(self.amount) if type(self.amount) is int else self.amount)
        _check_reason(self.reason)

    def perform(self, work: Work) -> Result:
        """Grant, or revoke first-expiring first."""
        if self.amount > 0:
            lot = grant(work, self.amount, work.effective_at, validity=self.validity, source="manual")
            return {"lot": lot, "granted": self.amount, "settled": work.settle([lot])}
        asked, available = -self.amount, work.state.balance.available
        owed = max(0, asked - available)
        room = work.terms.debt_limit
        if owed and (not self.allow_debt or (isinstance(room, int) and work.state.debt + owed > room)):
            raise Insufficient(available, asked)
        work.take(asked - owed, Bucket.REVOKED)
        if owed:
            work.do(Owed(owed))
        return {"revoked": asked - owed, "to_debt": owed}
