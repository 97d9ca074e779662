"""Where a referral stands: a pure function of what was said about it; time alone does the rest."""

from __future__ import annotations

from enum import StrEnum

from attrs import evolve, frozen


class ReferralState(StrEnum):
    """Where a referral stands. Codes are stored and never renamed."""

    ATTRIBUTED = "attributed"
    """It is known who brought the friend, who has not bought yet."""
    PENDING = "pending"
    """The friend has bought; the order can still be returned."""
    QUALIFIED = "qualified"
    """The order cannot be returned any more; somebody has to look at it before there is a reward."""
    REWARDED = "rewarded"
    """The rewards are the customers' own."""
    REJECTED = "rejected"
    """There is no reward, and a reason."""
    EXPIRED = "expired"
    """The friend did not buy in time."""
    CLAWED_BACK = "clawed_back"
    """There were rewards, and they were taken back."""


@frozen
class Deal:
    """A paid order of the friend.

    Attributes:
        paid_at: when it was paid.
        lost_at: when it stopped being one that qualifies; equal to ``paid_at``: it never was one.
        reason: the code of why.
    """

    paid_at: int
    order: str
    lost_at: int | None = None
    reason: str = ""


@frozen(order=True)
class Objection:
    """Something found out about the referral.

    Attributes:
        final: it also takes back a reward that was paid out already.
    """

    at: int
    reason: str
    final: bool = False


@frozen(kw_only=True)
class Case:
    """Everything said about one referral.

    Attributes:
        touched_at: when the friend came by the link.
        refused: the code of what rules a reward out from the start.
        deals: the friend's paid orders since then.
        objections: whatever speaks against a reward.
        doubts: when something was found that somebody has to look at; the instant of sign-up for what was known then.
        approved_at: when somebody did first, and approved.
    """

    touched_at: int
    refused: str | None = None
    deals: tuple[Deal, ...] = ()
    objections: tuple[Objection, ...] = ()
    doubts: tuple[int, ...] = ()
    approved_at: int | None = None


@frozen(kw_only=True)
class Standing:
    """What follows from a case if nothing more happens.

    Attributes:
        until: when it expires without an order.
        order: the order that qualifies, or None.
        paid_at: when that was paid.
        matures_at: when it cannot be returned any more.
        vests_at: when the rewards become spendable; None: not before somebody has looked at it.
        over: how it ended, None while it has not.
        reason: the code of why.
    """

    until: int
    order: str | None = None
    paid_at: int | None = None
    matures_at: int | None = None
    vests_at: int | None = None
    over: ReferralState | None = None
    reason: str | None = None

    def at(self, instant: int) -> ReferralState:
        """Return where it stands at an instant."""
        if self.over is not None:
            return self.over
        if self.matures_at is None:
            return ReferralState.ATTRIBUTED if instant < self.until else ReferralState.EXPIRED
        if self.vests_at is None:
            return ReferralState.PENDING if instant < self.matures_at else ReferralState.QUALIFIED
        return ReferralState.PENDING if instant < self.vests_at else ReferralState.REWARDED

    def steps(self, start: int) -> list[tuple[int, ReferralState]]:
        """Return where it stands from an instant on, and each instant at which that changes by itself."""
        steps = [(start, self.at(start))]
        edges = {edge for edge in (self.until, self.matures_at, self.vests_at) if edge is not None and edge > start}
        for edge in sorted(edges):
            if self.at(edge) is not steps[-1][1]:
                steps.append((edge, self.at(edge)))
        return steps


def settle(case: Case, *, window: int, hold: int) -> Standing:
    """Return what follows from a case; only what was said counts, not the order in which it was said.

    Args:
        window: from the touch to the payment of the order, microseconds.
        hold: from that payment until the order cannot be returned any more.
    """
    waiting = Standing(until=case.touched_at + window)
    if case.refused is not None:
        return evolve(waiting, over=ReferralState.REJECTED, reason=case.refused)
    found = _by_orders(case, hold, waiting)
    for one in sorted(case.objections):
        found = _objected(found, one)
    return found


def _by_orders(case: Case, hold: int, waiting: Standing) -> Standing:
    reason = None
    for deal in sorted(case.deals, key=lambda each: (each.paid_at, each.order)):
        if deal.paid_at >= waiting.until:
            break
        vests = _vesting(case, deal.paid_at + hold)
        if deal.lost_at is None or (vests is not None and deal.lost_at >= vests):
            over, why = (None, None) if deal.lost_at is None else (ReferralState.CLAWED_BACK, deal.reason)
            matures = deal.paid_at + hold
            found = evolve(waiting, order=deal.order, paid_at=deal.paid_at, matures_at=matures, vests_at=vests)
            return evolve(found, over=over, reason=why)
        reason = deal.reason
        if deal.lost_at <= deal.paid_at:
            break  # the first order decides: a later one is not the first
    return waiting if reason is None else evolve(waiting, over=ReferralState.REJECTED, reason=reason)


def _vesting(case: Case, matures: int) -> int | None:
    """Return when rewards become spendable: a doubt that came in time waits for an approval."""
    if not any(doubt < matures for doubt in case.doubts):
        return matures
    return None if case.approved_at is None else max(matures, case.approved_at)


def _objected(found: Standing, one: Objection) -> Standing:
    if found.over is not None:
        return found
    if found.vests_at is None or one.at < found.vests_at:
        return Standing(until=found.until, over=ReferralState.REJECTED, reason=one.reason)
    return evolve(found, over=ReferralState.CLAWED_BACK, reason=one.reason) if one.final else found
