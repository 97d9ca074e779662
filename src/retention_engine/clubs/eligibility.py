"""Whether a promotion counts for an order, and if not, why; counters are not asked here."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from retention_engine.clubs.checkouts import Checkout
from retention_engine.clubs.promotions import WEEKDAYS, Promotion
from retention_engine.loyalty.codes import Refusal
from retention_engine.state import History
from retention_engine.timing import local_date
from retention_engine.view import View


def expired(promotion: Promotion, at: int, *, ends: int | None = None, grace: int | None = None) -> Refusal | None:
    """Return why it does not count at an instant any more, or not yet.

    Args:
        ends: the end of the code.
        grace: until when the code counts, although its time is over.
    """
    if promotion.starts is not None and at < promotion.starts:
        return Refusal.NOT_STARTED
    last = ending(promotion, ends=ends, grace=grace)
    return Refusal.EXPIRED if last is not None and last <= at else None


def ending(promotion: Promotion, *, ends: int | None = None, grace: int | None = None) -> int | None:
    """Return the first instant at which a code does not count any more; None: it always does."""
    last = min((end for end in (promotion.ends, ends) if end is not None), default=None)
    return last if last is None or grace is None else max(last, grace)


def open_hours(promotion: Promotion, at: int, where: ZoneInfo) -> bool:
    """Tell whether an instant lies in its hours and on one of its days."""
    day = WEEKDAYS[local_date(at, where).weekday()]
    return day in (promotion.weekdays or WEEKDAYS) and (promotion.hours is None or promotion.hours.holds(at, where))


def refusal(promotion: Promotion, checkout: Checkout, view: View) -> Refusal | None:
    """Return why a promotion is not for an order now, if so; neither ``expired`` nor counters are asked."""
    if not open_hours(promotion, view.now, view.where):
        return Refusal.OUTSIDE_HOURS
    return _whose(promotion, checkout, view) or _what(promotion, checkout)


def _whose(promotion: Promotion, checkout: Checkout, view: View) -> Refusal | None:
    per_customer = any(limit.per == "customer" for limit in promotion.limits)
    asked = promotion.who is not None or promotion.first_order
    if (asked and checkout.customer is None) or (per_customer and not checkout.people()):
        return Refusal.NEEDS_IDENTITY
    if promotion.who is not None and not promotion.who.verdict(view).holds:
        return Refusal.NOT_IN_SEGMENT
    if promotion.first_order and _ordered(view.history, checkout.order):
        return Refusal.NOT_FIRST_ORDER
    wrong = promotion.channels is not None and checkout.channel not in promotion.channels
    return Refusal.WRONG_CHANNEL if wrong else None


def _ordered(history: History, order: str) -> bool:
    return any(record.id != order for record in history.records("orders"))


def _what(promotion: Promotion, checkout: Checkout) -> Refusal | None:
    if promotion.currency not in (None, checkout.currency):
        return Refusal.WRONG_CURRENCY
    worth = sum(checkout.amounts)
    if promotion.least is not None and worth < promotion.least.amount:
        return Refusal.BASKET_TOO_SMALL
    if promotion.most is not None and worth > promotion.most.amount:
        return Refusal.BASKET_TOO_LARGE
    return None if promotion.places(checkout.lines) else Refusal.NO_ELIGIBLE_ITEM
