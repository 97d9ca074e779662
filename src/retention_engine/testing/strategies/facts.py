"""Facts of every kind about one customer, and about the catalogue."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from attrs import evolve
from hypothesis import strategies as st

from retention_engine import facts as f
from retention_engine.testing.strategies.times import corners, instants
from retention_engine.testing.strategies.words import (
    CUSTOMER,
    NUMBERS,
    attributes,
    carts,
    customers,
    data,
    maybe,
    moneys,
    orders,
    texts,
)

Fields = dict[str, st.SearchStrategy[Any]]

EVENT_NAMES = ("quiz_done", "page_seen")
_CHANNELS = st.sampled_from(("tea", "soap"))
_MESSAGES = st.sampled_from(("message-1", "message-2", "message-3"))
_ORDER_IDS = st.sampled_from(("order-1", "order-2", "order-3"))
_CART_IDS = st.sampled_from(("cart-1", "cart-2", "cart-3"))
_COUNTS = st.sampled_from(NUMBERS)

_FIELDS: dict[type[f.Fact], Fields] = {
    f.OrderPaid: {"order_id": _ORDER_IDS},
    f.OrderShipped: {"order_id": _ORDER_IDS},
    f.OrderDelivered: {"order_id": _ORDER_IDS},
    f.OrderCancelled: {"order_id": _ORDER_IDS},
    f.OrderRefunded: {"order_id": _ORDER_IDS, "amount": maybe(moneys() | moneys("USD"))},
    f.CartUpdated: {"cart": carts()},
    f.CartEmptied: {"cart_id": _CART_IDS},
    f.Viewed: {"sku": texts(), "category": maybe(texts()), "brand": maybe(texts()), "price": maybe(moneys())},
    f.Visited: {name: maybe(texts()) for name in ("page", "source", "medium", "campaign")},
    f.Reviewed: {"score": _COUNTS, "sku": maybe(texts()), "order_id": maybe(_ORDER_IDS)},
    f.Answered: {
        "survey": texts(),
        "question": maybe(texts()),
        "score": maybe(_COUNTS | st.sampled_from((0.5, 9.5))),
        "choice": maybe(texts()),
    },
    f.Referred: {"friend": texts(), "source": maybe(texts())},
    f.Event: {"name": st.sampled_from(EVENT_NAMES), "data": data()},
    f.Tagged: {"tag": _CHANNELS},
    f.Untagged: {"tag": _CHANNELS},
    f.ContactAdded: {"channel": _CHANNELS, "address": texts()},
    f.ContactRemoved: {"channel": _CHANNELS},
    f.ConsentGiven: {"channel": _CHANNELS, "topic": _CHANNELS, "source": texts(), "proof": maybe(texts())},
    f.ConsentWithdrawn: {"channel": _CHANNELS, "topic": maybe(_CHANNELS)},
    f.MessageSent: {
        "message": _MESSAGES,
        "rule": texts(),
        "step": texts(),
        "template": texts(),
        "channel": maybe(texts()),
        "topic": maybe(texts()),
    },
    f.MessageDelivered: {"message": _MESSAGES},
    f.MessageOpened: {"message": _MESSAGES},
    f.MessageClicked: {"message": _MESSAGES, "link": maybe(texts())},
    f.MessageFailed: {"message": _MESSAGES, "reason": texts()},
    f.ProductListed: {"product": st.builds(f.Product, sku=texts(), category=maybe(texts()), price=maybe(moneys()))},
    f.PriceChanged: {"sku": texts(), "price": moneys(), "was": moneys()},
    f.StockChanged: {"sku": texts(), "pieces": _COUNTS, "was": _COUNTS},
    f.AvailabilityChanged: {"sku": texts(), "available": st.booleans()},
    f.SaleStarted: {"category": texts(), "percent": st.sampled_from((1, 50, 100)), "name": maybe(texts())},
}
"""Kind of fact -> what its own fields hold; the kinds that build on another value are in ``_fields``."""

OF_CUSTOMER = tuple(cls for cls in f.KINDS.values() if cls.HAS_CUSTOMER)
"""Every kind of fact that concerns a customer."""


def _fields(cls: type[f.Fact], customer: str, around: int, zone: str) -> st.SearchStrategy[dict[str, Any]]:
    if cls is f.Registered:
        made = customers(id=customer, around=around, zone=zone)
        return made.map(lambda each: {"profile": each, "at": each.registered})
    if cls is f.OrderPlaced:
        placed = st.tuples(orders(customer=customer, around=around, zone=zone), st.booleans())
        return placed.map(lambda each: {"order": each[0], "paid": each[1], "at": each[0].at})
    if cls is f.AttributeChanged:
        return attributes(around, zone)
    return st.fixed_dictionaries(_FIELDS[cls])


@st.composite
def facts(
    draw: st.DrawFn,
    *,
    kinds: Collection[type[f.Fact]] = (),
    customer: str = CUSTOMER,
    around: int | None = None,
    zone: str = "UTC",
) -> f.Fact:
    """Return single facts; ids come out of a few, so that two of them may clash.

    Args:
        kinds: the classes wanted; empty: every kind there is, those about the catalogue included.
        customer: whom the facts concern.
        around: the middle of the grid of instants; None: near an awkward moment.
        zone: where the customer lives, mostly.
    """
    if around is None:
        zone, around = draw(corners())
    cls = draw(st.sampled_from(tuple(kinds) or tuple(f.KINDS.values())))
    given = draw(_fields(cls, customer, around, zone))
    given = {"at": draw(instants(around=around, zone=zone))} | given
    learned = draw(st.none() | st.none() | instants(around=around, zone=zone))
    whom = {"customer": customer} if cls.HAS_CUSTOMER else {}
    return cls(id=f"fact-{draw(st.integers(0, 99))}", learned=learned, **whom, **given)


def renamed(fact: f.Fact, id: str) -> f.Fact:
    """Return the same fact under another id."""
    return evolve(fact, id=id)
