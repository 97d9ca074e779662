"""Facts of every kind about one customer, about the catalogue and about the shop."""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache
from typing import Any

from hypothesis import strategies as st

from retention_engine import facts as f
from retention_engine.testing.strategies.times import corners, instants
from retention_engine.testing.strategies.words import (
    CUSTOMER,
    NUMBERS,
    SHORT,
    attributes,
    carts,
    customers,
    data,
    moneys,
    optional_texts,
    orders,
    texts,
)
from retention_engine.values import PURPOSES

Fields = dict[str, st.SearchStrategy[Any]]

EVENT_NAMES = ("quiz_done", "page_seen")
_NAMES, _OPTIONAL, _SHORT = texts(), optional_texts(), st.sampled_from(SHORT)
_MESSAGES = st.sampled_from(("message-1", "message-2", "message-3"))
_ORDER_IDS = st.sampled_from(("order-1", "order-2", "order-3"))
_SOME_ORDER = st.sampled_from((None, "order-1", "order-2"))
_CART_IDS = st.sampled_from(("cart-1", "cart-2", "cart-3"))
_COUNTS = st.sampled_from(NUMBERS)
_SCORES = st.sampled_from((None, 0, 9, 10, 0.5, 9.5))
_PRICES, _SOME_PRICE = moneys(), st.none() | moneys()
_IDS = st.integers(0, 99)
_CHANNEL_AND_TOPIC: Fields = {"channel": _OPTIONAL, "topic": _OPTIONAL}
_SCOPE: Fields = dict.fromkeys(("channel", "topic"), st.sampled_from((None, *SHORT)))
_ADDRESSES = st.sampled_from(("a@example.org", "A@example.org", "b@example.org"))
_SECONDS = st.sampled_from((3600, 604_800))
_UNTIL = st.sampled_from((None, None, 0, 1_900_000_000_000_000))
_RETURNED = st.lists(st.builds(f.Returned, sku=_NAMES, quantity=st.sampled_from((1, 2))), max_size=1)
_SWITCHES = st.just(("all", None)) | st.tuples(st.sampled_from(f.SCOPES[1:]), _SHORT)
_PROMOTION: Fields = {"promotion": st.sampled_from(("promotion-1", "promotion-2"))}
_CODE: Fields = {"code": st.sampled_from(("CODE-1", "CODE-2", "CODE-3"))} | _PROMOTION
_CODE_USE: Fields = {
    "order_id": _ORDER_IDS,
    "turn": st.integers(1, 4),
    "user": _OPTIONAL,
    "code": st.sampled_from((None, "CODE-1", "CODE-2")),
    "owner": _OPTIONAL,
    "held_since": _UNTIL.filter(lambda since: since is not None),
    "held_until": _UNTIL.filter(lambda until: until is not None),
    "amount": _COUNTS,
    "counters": st.lists(_NAMES, max_size=2),
    "unit": _OPTIONAL,
    "units": _COUNTS,
} | _PROMOTION

_REFERRAL: Fields = {"programme": _SHORT}
_FRIEND: Fields = _REFERRAL | {"friend": st.sampled_from(("friend-1", "friend-2"))}
_FOUND: Fields = {"sort": st.sampled_from(f.FINGERPRINTS), "digest": _SHORT}
_JOINED: Fields = {"touched_at": st.just(0), "source": _OPTIONAL, "refused": _OPTIONAL} | {
    "flags": st.lists(_NAMES, max_size=1)
}
_REFERRED: dict[type[f.Fact], Fields] = {
    f.ReferralLinked: _REFERRAL | {"token": _NAMES},
    f.ReferralTouched: _REFERRAL | {"token": _NAMES, "source": _OPTIONAL, "channel": _OPTIONAL},
    f.ReferralAttributed: _REFERRAL | _JOINED | {"advocate": _SHORT},
    f.ReferralJudged: _REFERRAL | {"verdict": st.sampled_from(f.VERDICTS)},
    f.AdvocateBanned: _REFERRAL | {"banned": st.booleans()},
    f.Fingerprinted: _FOUND,
    f.FriendJoined: _FRIEND | _JOINED,
    f.FriendOrdered: _FRIEND
    | {"order_id": _ORDER_IDS, "total": _PRICES, "channel": _OPTIONAL, "promo": _OPTIONAL, "paid": st.booleans()},
    f.FriendOrderChanged: _FRIEND
    | {"order_id": _ORDER_IDS, "change": st.sampled_from(f.ORDER_CHANGES), "amount": _SOME_PRICE},
    f.FriendJudged: _FRIEND | {"verdict": st.sampled_from(f.VERDICTS)},
    f.FriendFingerprinted: _FRIEND | _FOUND,
    f.ReferralCovered: _FRIEND | {"order": _ORDER_IDS, "account": _SHORT, "seq": _COUNTS, "amount": _PRICES},
}
_FIELDS: dict[type[f.Fact], Fields] = {
    f.OrderPaid: {"order_id": _ORDER_IDS},
    f.OrderShipped: {"order_id": _ORDER_IDS},
    f.OrderDelivered: {"order_id": _ORDER_IDS},
    f.OrderCancelled: {"order_id": _ORDER_IDS},
    f.OrderRefunded: {"order_id": _ORDER_IDS, "amount": _SOME_PRICE, "lines": _RETURNED},
    f.CartUpdated: {"cart": carts()},
    f.CartEmptied: {"cart_id": _CART_IDS},
    f.Viewed: {"sku": _NAMES, "category": _OPTIONAL, "brand": _OPTIONAL, "price": _SOME_PRICE},
    f.Visited: dict.fromkeys(("page", "source", "medium", "campaign"), _OPTIONAL),
    f.Reviewed: {"score": _COUNTS, "sku": _OPTIONAL, "order_id": _SOME_ORDER},
    f.Answered: {"survey": _NAMES, "question": _OPTIONAL, "score": _SCORES, "choice": _OPTIONAL},
    f.Referred: {"friend": _NAMES, "source": _OPTIONAL},
    f.AchievementCompleted: {"achievement": _NAMES, "instance": _COUNTS},
    f.QuizStarted: {"quiz": _NAMES},
    f.Event: {"name": st.sampled_from(EVENT_NAMES), "data": data()},
    f.Tagged: {"tag": _SHORT},
    f.Untagged: {"tag": _SHORT},
    f.ContactAdded: {"channel": _SHORT, "address": _ADDRESSES},
    f.ContactRemoved: {"channel": _SHORT},
    f.AddressSuppressed: {"channel": _SHORT, "reason": _NAMES, "address": st.none() | _ADDRESSES},
    f.AddressRestored: {"channel": _SHORT},
    f.ConsentGiven: {"channel": _SHORT, "topic": _SHORT, "source": _NAMES, "proof": _OPTIONAL}
    | {"expires": _UNTIL, "confirmed": st.sampled_from((False, False, True))},
    f.ConsentConfirmed: {"channel": _SHORT, "topic": _SHORT, "proof": _OPTIONAL},
    f.ConsentWithdrawn: _SCOPE,
    f.Paused: {"until": _UNTIL} | _SCOPE,
    f.Resumed: _SCOPE,
    f.FrequencyChosen: {"count": st.sampled_from((None, 0, 1, 3)), "seconds": _SECONDS} | _SCOPE,
    f.ChannelsChosen: {"channels": st.permutations(SHORT) | st.lists(_SHORT, max_size=1)},
    f.Exposed: {"experiment": _SHORT, "variant": _SHORT, "rule": _OPTIONAL},
    f.MessageSent: {"message": _MESSAGES, "purpose": st.sampled_from(PURPOSES), "items": st.lists(_NAMES, max_size=2)}
    | dict.fromkeys(("rule", "step", "template"), _NAMES)
    | _CHANNEL_AND_TOPIC,
    f.LedgerPosted: {"programme": _SHORT, "unit": _SHORT, "seq": st.integers(1, 3), "entry": st.just("{}")}
    | {"key": _NAMES, "what": st.sampled_from(("earn", "redeem")), "amount": st.integers(-300, 300)},
    f.LevelReached: {"programme": _SHORT, "level": _SHORT, "period": _NAMES},
    f.LevelSet: {"programme": _SHORT, "level": _SHORT, "until": _UNTIL, "reason": _NAMES, "by": _OPTIONAL},
    f.LevelUnset: {"programme": _SHORT, "reason": _NAMES, "by": _OPTIONAL},
    f.LedgerRefused: dict.fromkeys(("programme", "unit", "key", "what", "code", "text"), _NAMES),
    f.MessageDelivered: {"message": _MESSAGES},
    f.MessageOpened: {"message": _MESSAGES},
    f.MessageClicked: {"message": _MESSAGES, "link": _OPTIONAL},
    f.MessageFailed: {"message": _MESSAGES, "reason": _NAMES},
    f.CodeIssued: _CODE | {"text": _NAMES, "occasion": _NAMES, "bound": st.booleans(), "ends": _UNTIL},
    f.CodeRevoked: _CODE,
    f.CodeHeld: _CODE_USE,
    f.CodeUsed: _CODE_USE,
    f.CodeReleased: _CODE_USE | {"final": st.booleans(), "grace": _UNTIL},
    **_REFERRED,
    f.ProductListed: {"product": st.builds(f.Product, sku=_NAMES, category=_OPTIONAL, price=_SOME_PRICE)},
    f.PriceChanged: {"sku": _NAMES, "price": _PRICES, "was": _PRICES},
    f.StockChanged: {"sku": _NAMES, "pieces": _COUNTS, "was": _COUNTS},
    f.AvailabilityChanged: {"sku": _NAMES, "available": st.booleans()},
    f.SaleStarted: {"category": _NAMES, "percent": st.sampled_from((1, 50, 100)), "name": _OPTIONAL},
    f.SendingStopped: {"switch": _SWITCHES, "reason": _NAMES, "by": _OPTIONAL},
    f.SendingResumed: {"switch": _SWITCHES},
}
"""Kind of fact -> what its own fields hold; the kinds that build on another value are in ``_fields``."""

OF_CUSTOMER = tuple(cls for cls in f.KINDS.values() if cls.HAS_CUSTOMER)
"""Every kind of fact that concerns a customer."""


@lru_cache(maxsize=2048)
def _fields(kind: str, customer: str, around: int, zone: str) -> st.SearchStrategy[dict[str, Any]]:
    cls = f.KINDS[kind]
    if cls is f.Registered:
        made = customers(id=customer, around=around, zone=zone)
        return made.map(lambda each: {"profile": each, "at": each.registered})
    if cls is f.OrderPlaced:
        placed = st.tuples(orders(customer=customer, around=around, zone=zone), st.booleans())
        return placed.map(lambda each: {"order": each[0], "paid": each[1], "at": each[0].at})
    if cls is f.AttributeChanged:
        return attributes(around, zone)
    drawn = st.fixed_dictionaries(_FIELDS[cls])
    if cls is f.OrderRefunded:  # pieces come with an amount only
        return drawn.map(lambda each: each if each["amount"] is not None else each | {"lines": ()})
    return drawn.map(_switched) if "switch" in _FIELDS[cls] else drawn


def _switched(given: dict[str, Any]) -> dict[str, Any]:
    scope, name = given.pop("switch")
    return given | {"scope": scope, "name": name}


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
    given = draw(_fields(cls.KIND, customer, around, zone))
    when = instants(around=around, zone=zone)
    given = given if "at" in given else given | {"at": draw(when)}
    learned = draw(when) if draw(st.integers(0, 3)) == 3 else None
    whom = {"customer": customer} if cls.HAS_CUSTOMER else {}
    return cls(id=f"fact-{draw(_IDS)}", learned=learned, **whom, **given)
