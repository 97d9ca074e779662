"""Who left something in a cart. A cart is open until it is ordered or emptied."""

from __future__ import annotations

from retention_engine.predicates import Refinable, Truth, carts, item
from retention_engine.timing import Span


def _open() -> Refinable:
    return carts.where(ordered=False).where(emptied=False)


def open_cart() -> Truth:
    """Has an open cart.

    >>> print(open_cart())
    carts.where(ordered=False).where(emptied=False).exists()
    """
    return _open().exists()


def abandoned_cart(span: Span) -> Truth:
    """Has an open cart that was not touched for ``span``.

    >>> print(abandoned_cart(hours(3)))
    carts.where(ordered=False).where(emptied=False).before(hours(3)).exists()
    """
    return _open().before(span).exists()


def cart_worth(amount: int) -> Truth:
    """Has an open cart of ``amount`` minor units or more.

    >>> print(cart_worth(100_00))
    carts.where(ordered=False).where(emptied=False).where(item.value >= 10000).exists()
    """
    return _open().where(item.value >= amount).exists()


def recovered_cart(*, within: Span) -> Truth:
    """Ordered a cart that was touched last within the span.

    >>> print(recovered_cart(within=days(30)))
    carts.where(ordered=True).within(days(30)).exists()
    """
    return carts.where(ordered=True).within(within).exists()
