"""What a friend bought, as far as a referral asks: each order from its payment to its cancellation, in money."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from attrs import frozen

from retention_engine.clubs.referrals import ReferralProgramme
from retention_engine.facts import (
    Fact,
    Order,
    OrderCancelled,
    OrderPaid,
    OrderPlaced,
    OrderRefunded,
    ReferralCovered,
)
from retention_engine.loyalty.referrals import Deal
from retention_engine.money import Money
from retention_engine.state.records import OrderRecord
from retention_engine.timing import EARLIEST


@frozen(kw_only=True)
class Purchase:
    """An order from its payment to its cancellation; paid again, it is another one.

    Attributes:
        refunds: what went back meanwhile, None: everything, and when.
        covered: what units paid of it, minor units of money.
    """

    order: Order
    paid_at: int
    cancelled_at: int | None
    refunds: tuple[tuple[int, Money | None], ...]
    covered: int = 0

    def was_bought(self, instant: int) -> bool:
        """Tell whether it made somebody a customer before an instant."""
        return self.paid_at < instant and not (self.cancelled_at is not None and self.cancelled_at < instant)

    def deal(self, programme: ReferralProgramme) -> Deal:
        """Return whether it qualifies, and until when."""
        left, lost = self.order.total.amount, []
        if self.cancelled_at is not None:
            lost.append((self.cancelled_at, "order_cancelled"))
        if self._fails(programme, left):
            lost.append((self.paid_at, "order_unfit" if self._money(left) else "nothing_paid"))
        for at, amount in self.refunds:
            if amount is None:
                left = 0
            elif amount.currency == self.order.total.currency:
                left = max(0, left - amount.amount)
            if self._fails(programme, left):
                lost.append((max(at, self.paid_at), "order_refunded"))
        lost_at, reason = min(lost, default=(None, ""))
        return Deal(self.paid_at, self.order.id, lost_at, reason)

    def _money(self, left: int) -> int:
        """Return the money in what is left of the order: what went back was money and units in proportion."""
        total = self.order.total.amount
        return left * (total - self.covered) // total if self.covered else left

    def _fails(self, programme: ReferralProgramme, left: int) -> bool:
        order, money = self.order, self._money(left)
        words: dict[str, Any] = {"channel": order.channel, "promo": order.promo, "delivered": False}
        record = OrderRecord(order.id, order.at, money, currency=order.total.currency, items=0, **words)
        return money == 0 or not programme.fits(record)


def purchases(told: Iterable[Fact], covers: Iterable[ReferralCovered]) -> Iterator[Purchase]:
    """Yield an order as often as it was paid: one that was cancelled can be paid again, later.

    Then it spends the units that were promised since, or what it spent before.

    Args:
        told: the facts about the order.
        covers: what is known of units for orders of the customer.
    """
    facts = list(told)
    placed = max((each for each in facts if isinstance(each, OrderPlaced)), key=_said, default=None)
    if placed is None:
        return
    units = [each for each in covers if each.order == placed.order.id]
    paid = sorted(each.at for each in facts if _is_paid(each))
    cancelled = sorted(each.at for each in facts if isinstance(each, OrderCancelled))
    refunds = sorted((each.at, repr(each.amount), each.amount) for each in facts if isinstance(each, OrderRefunded))
    since, worth = EARLIEST - 1, 0
    for end in [*cancelled, None]:
        start = next((at for at in paid if at > since and (end is None or at < end)), None)
        if start is not None:
            back = tuple((at, amount) for at, _, amount in refunds if since < at and (end is None or at < end))
            fresh = [each for each in units if since < each.at <= start]
            worth = _covered(placed.order, fresh) if fresh else worth
            yield Purchase(order=placed.order, paid_at=start, cancelled_at=end, refunds=back, covered=worth)
        since = since if end is None else end


def _covered(order: Order, units: Iterable[ReferralCovered]) -> int:
    """Return what units pay of an order, by the last word on each account."""
    last = {each.account: each.amount for each in sorted(units, key=lambda each: each.seq)}
    worth = sum(each.amount for each in last.values() if each.currency == order.total.currency)
    return min(worth, order.total.amount)


def _is_paid(fact: Fact) -> bool:
    return isinstance(fact, OrderPaid) or (isinstance(fact, OrderPlaced) and fact.paid)


def _said(fact: OrderPlaced) -> tuple[object, ...]:
    """Return what puts two words on one order into the same sequence on both sides, whatever their ids."""
    return fact.at, fact.order.total.amount, fact.paid, repr(fact.order.channel), repr(fact.order.promo)
