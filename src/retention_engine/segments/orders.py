"""Who bought: how recently, how often, how much, what."""

from __future__ import annotations

from retention_engine.predicates import Truth, customer, deliveries, orders, purchases
from retention_engine.timing import Span


def bought() -> Truth:
    """Bought at least once.

    >>> print(bought())
    orders.exists()
    """
    return orders.exists()


def never_bought() -> Truth:
    """Has no order that counts: none at all, or all unpaid or cancelled.

    >>> print(never_bought())
    not orders.exists()
    """
    return ~bought()


def bought_within(span: Span) -> Truth:
    """Bought in the last ``span`` of elapsed time.

    >>> print(bought_within(days(30)))
    orders.within(days(30)).exists()
    """
    return orders.within(span).exists()


def lapsed(span: Span) -> Truth:
    """Bought before, and not for ``span`` since the last order.

    >>> print(lapsed(days(45)))
    orders.exists() and orders.last().age >= days(45)
    """
    return orders.exists() & (orders.last().age >= span)


def quiet_for(span: Span) -> Truth:
    """Has not bought for ``span`` since the last order or, without one, since the registration.

    False for who registered less than ``span`` ago, and for who has neither an order nor a registration.

    >>> print(quiet_for(days(90)))
    orders.last().age >= days(90) or not orders.exists() and customer.registered.age >= days(90)
    """
    return (orders.last().age >= span) | (never_bought() & (customer.registered.age >= span))


def one_time_buyers() -> Truth:
    """Bought exactly once, whenever that was.

    >>> print(one_time_buyers())
    orders.count() == 1
    """
    found: Truth = orders.count() == 1
    return found


def first_time_buyer(span: Span) -> Truth:
    """Bought for the first time in the last ``span``, and not again yet.

    >>> print(first_time_buyer(days(14)))
    orders.count() == 1 and orders.first().age < days(14)
    """
    return one_time_buyers() & (orders.first().age < span)


def repeat_buyers() -> Truth:
    """Bought twice or more, over all time.

    >>> print(repeat_buyers())
    orders.count() >= 2
    """
    return orders.count() >= 2


def regulars(count: int, span: Span) -> Truth:
    """Bought ``count`` times or more in the last ``span``.

    >>> print(regulars(3, days(365)))
    orders.within(days(365)).count() >= 3
    """
    return orders.within(span).count() >= count


def spent_at_least(amount: int, *, within: Span | None = None) -> Truth:
    """Spent ``amount`` minor units or more, net of refunds: in all, or in the last span.

    >>> print(spent_at_least(500_00, within=days(365)))
    orders.within(days(365)).sum('total') >= 50000
    """
    counted = orders if within is None else orders.within(within)
    return counted.sum("total") >= amount


def average_order_at_least(amount: int) -> Truth:
    """Spends ``amount`` minor units or more an order on average; false without an order.

    >>> print(average_order_at_least(50_00))
    orders.mean('total') >= 5000
    """
    return orders.mean("total") >= amount


def last_order_at_least(amount: int) -> Truth:
    """Paid ``amount`` minor units or more for the last order, net of refunds.

    >>> print(last_order_at_least(100_00))
    orders.last('total') >= 10000
    """
    return orders.last("total") >= amount


def used_promo(code: str) -> Truth:
    """Bought with a promo code.

    >>> print(used_promo("SPRING"))
    orders.where(promo='SPRING').exists()
    """
    return orders.where(promo=code).exists()


def bought_category(category: str, *, within: Span | None = None) -> Truth:
    """Bought something of a category: ever, or in the last span.

    >>> print(bought_category("cosmetics", within=days(180)))
    purchases.where(category='cosmetics').within(days(180)).exists()
    """
    lines = purchases.where(category=category)
    return (lines if within is None else lines.within(within)).exists()


def bought_brand(brand: str, *, within: Span | None = None) -> Truth:
    """Bought something of a brand: ever, or in the last span.

    >>> print(bought_brand("Aurora"))
    purchases.where(brand='Aurora').exists()
    """
    lines = purchases.where(brand=brand)
    return (lines if within is None else lines.within(within)).exists()


def bought_item(sku: str, *, within: Span | None = None) -> Truth:
    """Bought an item: ever, or in the last span.

    >>> print(bought_item("cream-50"))
    purchases.where(sku='cream-50').exists()
    """
    lines = purchases.where(sku=sku)
    return (lines if within is None else lines.within(within)).exists()


def used_up(sku: str, span: Span) -> Truth:
    """Bought an item, and ``span`` or more has passed since the last time: it may be used up.

    >>> print(used_up("cream-50", days(28)))
    purchases.where(sku='cream-50').last().age >= days(28)
    """
    return purchases.where(sku=sku).last().age >= span


def bought_categories(count: int) -> Truth:
    """Bought in ``count`` different categories or more.

    >>> print(bought_categories(3))
    purchases.distinct('category') >= 3
    """
    return purchases.distinct("category") >= count


def received_within(span: Span) -> Truth:
    """Received an order in the last ``span``.

    >>> print(received_within(days(7)))
    deliveries.within(days(7)).exists()
    """
    return deliveries.within(span).exists()
