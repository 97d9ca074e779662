"""What new facts mean beyond the customer they are about: friends who brought them, codes that their orders use."""

from __future__ import annotations

from collections.abc import Sequence

from retention_engine.clubs import Club
from retention_engine.engine.codes.desk import CodeDesk
from retention_engine.engine.referring import refer
from retention_engine.facts import Fact, OrderCancelled, OrderPaid, OrderPlaced, OrderRefunded
from retention_engine.loyalty import Status
from retention_engine.ports import Store

SETTLING = "codes:settling"
"""Held alone by whoever settles the codes of several orders at once."""


def follow(store: Store, club: Club, codes: CodeDesk | None, new: Sequence[Fact]) -> list[Fact]:
    """Return the facts that have to be recorded with new ones, which the store has already; settle their codes.

    Called inside a transaction.
    """
    if codes is not None:
        ended = [fact for fact in new if _settles(fact)[1] is not None]
        if len(ended) > 1:
            store.settings.hold(SETTLING, change=True)  # two who settle several orders would wait for each other
        for fact in sorted(ended, key=lambda one: (one.effective, one.at, one.id)):
            order, status = _settles(fact)
            assert status is not None
            codes.settle({order: status}, at=fact.effective)
    return refer(store, club.referrals, new)


def _settles(fact: Fact) -> tuple[str, Status | None]:
    """Return the order that a fact brings to an end for the codes it uses, and how."""
    match fact:
        case OrderPlaced(paid=True):
            return fact.order.id, Status.PAID
        case OrderPaid():
            return fact.order_id, Status.PAID
        case OrderCancelled() | OrderRefunded(amount=None):
            return fact.order_id, Status.CANCELLED
    return "", None
