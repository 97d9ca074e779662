"""What advocates are told of the facts of their friends, as facts of their own."""

from __future__ import annotations

from typing import Any

from retention_engine.facts.base import Fact
from retention_engine.facts.commerce import OrderCancelled, OrderPaid, OrderPlaced, OrderRefunded
from retention_engine.facts.referrals import (
    Fingerprinted,
    FriendFingerprinted,
    FriendJoined,
    FriendJudged,
    FriendOrderChanged,
    FriendOrdered,
    ReferralAttributed,
    ReferralCovered,
    ReferralJudged,
)
from retention_engine.keys import fingerprint


def told(attributed: ReferralAttributed, cause: Fact) -> Fact | None:
    """Return what the advocate is told of a fact of the friend; None: nothing.

    Its id follows from that of the cause, and it takes effect at the same instant.
    """
    common: dict[str, Any] = {
        "id": f"friend:{fingerprint(attributed.programme, cause.id)}",
        "customer": attributed.advocate,
        "at": cause.at,
        "learned": cause.learned,
        "programme": attributed.programme,
        "friend": attributed.customer,
    }
    match cause:
        case ReferralAttributed() if cause.id == attributed.id:
            common |= {"touched_at": cause.touched_at, "source": cause.source}
            return FriendJoined(**common, refused=cause.refused, flags=cause.flags)
        case _ if attributed.refused is not None:
            return None  # without a chance of a reward the advocate need not know more
        case OrderPlaced():
            order = cause.order
            common |= {"order_id": order.id, "channel": order.channel, "promo": order.promo}
            return FriendOrdered(**common, total=order.total, paid=cause.paid)
        case OrderPaid() | OrderCancelled() | OrderRefunded():
            amount = cause.amount if isinstance(cause, OrderRefunded) else None
            change = cause.KIND.removeprefix("order_")
            return FriendOrderChanged(**common, order_id=cause.order_id, change=change, amount=amount)
        case ReferralJudged() if cause.programme == attributed.programme:
            return FriendJudged(**common, verdict=cause.verdict)
        case ReferralCovered() if cause.programme == attributed.programme and cause.friend == attributed.customer:
            common |= {"order": cause.order, "account": cause.account, "seq": cause.seq}
            return ReferralCovered(**common, amount=cause.amount)
        case Fingerprinted():
            return FriendFingerprinted(**common, sort=cause.sort, digest=cause.digest)
    return None
