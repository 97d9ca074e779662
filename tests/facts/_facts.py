"""Random facts of every kind, and one plain example of each; used by the tests of codecs and bridges."""

from __future__ import annotations

from types import NoneType
from typing import Any, get_args, get_type_hints

import pytest
from attrs import evolve, fields
from hypothesis import strategies as st

from retention_engine.facts import (
    FINGERPRINTS,
    KINDS,
    ORDER_CHANGES,
    SCOPES,
    VERDICTS,
    Cart,
    Customer,
    Fact,
    Line,
    Order,
    OrderPlaced,
    OrderRefunded,
    Product,
    Registered,
    Returned,
    ShopFact,
)
from retention_engine.money import Money
from retention_engine.timing import DAY, EARLIEST, LATEST
from retention_engine.values import PURPOSES

LAST = LATEST - 400 * DAY
ids = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=20).filter("*".__ne__)
names = st.from_regex(r"[a-z][a-z0-9_]{0,20}", fullmatch=True).filter(lambda name: name not in KINDS)
instants = st.integers(EARLIEST, LAST)
numbers = st.floats(-1e299, 1e299, allow_nan=False)
texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=50)
scalars = st.none() | st.booleans() | st.integers(-(2**63) + 1, 2**63 - 1) | numbers | texts
data = st.dictionaries(names, scalars, max_size=5)
money = st.builds(Money, st.integers(0, 10**9), st.sampled_from(["EUR", "RUB", "JPY"]))
birthdays = st.dates().map(str) | st.dates().map(lambda day: f"--{day:%m-%d}")


def lines(currency: str = "EUR") -> st.SearchStrategy[Line]:
    """Return lines in one currency."""
    price = st.builds(Money, st.integers(0, 10**8), st.just(currency))  # four lines stay within the largest amount
    return st.builds(Line, sku=ids, price=price, quantity=st.integers(1, 10**6), category=st.none() | ids)


orders = st.builds(
    Order, id=ids, customer=ids, at=instants, lines=st.lists(lines(), min_size=1, max_size=4), cart=st.none() | ids
)
carts = st.builds(Cart, id=ids, lines=st.lists(lines(), max_size=4))
products = st.builds(Product, sku=ids, name=st.none() | ids, price=st.none() | money)
customers = st.builds(
    Customer, id=ids, registered=instants, zone=st.none() | ids, birthday=st.none() | birthdays, attributes=data
)

BY_NAME: dict[str, st.SearchStrategy[Any]] = {
    "at": instants,
    "learned": st.none() | instants,
    "name": names,
    "data": data,
    "value": scalars,
    "score": st.integers(-(2**63) + 1, 2**63 - 1),
    "percent": st.integers(1, 100),
    "cart": carts,
    "product": products,
    "is_instant": st.just(False),
    "expires": st.none() | instants,
    "until": st.none() | instants,
    "seconds": st.integers(1, 10**8),
    "count": st.none() | st.integers(0, 10**12),
    "channels": st.lists(ids, max_size=3, unique=True),
    "items": st.lists(ids, max_size=3),
    "counters": st.lists(ids, max_size=3),
    "purpose": st.sampled_from(PURPOSES),
    "sort": st.sampled_from(FINGERPRINTS),
    "verdict": st.sampled_from(VERDICTS),
    "change": st.sampled_from(ORDER_CHANGES),
    "flags": st.lists(ids, max_size=3),
}
BY_HINT: dict[type, st.SearchStrategy[Any]] = {
    str: ids,
    int: st.integers(0, 10**12),
    bool: st.booleans(),
    Money: money,
    NoneType: st.none(),
}


def of_kind(cls: type[Fact]) -> st.SearchStrategy[Fact]:
    """Return random facts of one kind, every field drawn."""
    learned = st.none() | instants
    if cls is OrderPlaced:
        return st.builds(_learned, st.builds(OrderPlaced.of, orders, paid=st.booleans()), learned)
    if cls is Registered:
        return st.builds(_learned, st.builds(Registered.of, customers), learned)
    if cls is OrderRefunded:
        return _refunds(learned)
    hints = get_type_hints(cls)
    named = [(each.name, hints[each.name]) for each in fields(cls)]
    parts = {name: BY_NAME[name] if name in BY_NAME else _by_hint(hint) for name, hint in named}
    if "scope" in parts:
        return _switches(cls, parts)
    parts["customer"] = st.none() if issubclass(cls, ShopFact) else ids
    return st.builds(cls, **parts)


def _switches(cls: type[Fact], parts: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[Fact]:
    """Return switches of everything, and of what has a name."""
    rest = {name: each for name, each in parts.items() if name not in ("customer", "scope", "name")}
    named = st.builds(cls, scope=st.sampled_from(SCOPES[1:]), name=ids, **rest)
    return named | st.builds(cls, scope=st.just("all"), **rest)


def _refunds(learned: st.SearchStrategy[int | None]) -> st.SearchStrategy[Fact]:
    """Return refunds of everything, and of amounts with and without their pieces."""
    back = st.lists(st.builds(Returned, sku=ids, quantity=st.integers(1, 10**6)), max_size=3)
    parts = {"id": ids, "customer": ids, "at": instants, "learned": learned, "order_id": ids}
    return st.builds(OrderRefunded, **parts) | st.builds(OrderRefunded, **parts, amount=money, lines=back)


def _learned(fact: Fact, learned: int | None) -> Fact:
    return evolve(fact, learned=learned)


def _by_hint(hint: Any) -> st.SearchStrategy[Any]:
    return st.one_of([BY_HINT[option] for option in get_args(hint) or (hint,)])


every_kind: list[type[Fact]] = sorted(KINDS.values(), key=lambda cls: cls.KIND)
facts = st.one_of([of_kind(cls) for cls in every_kind])

HUGE = pytest.param(10**5000, id="huge")
"""An integer so long that Python refuses to write it out."""

LINE = Line(sku="cream-50", price=Money(1999, "EUR"), quantity=2, category="face", brand="Nordic")
ORDER = Order(id="812", customer="c7", at="2026-10-30T09:12:00+00:00", lines=[LINE])
EXAMPLES: dict[str, dict[str, Any]] = {
    "achievement_completed": {"achievement": "buyer", "instance": 1},
    "address_restored": {"channel": "email"},
    "address_suppressed": {"channel": "email", "reason": "hard_bounce", "address": "a@example.org"},
    "advocate_banned": {"programme": "friends"},
    "answered": {"survey": "nps", "score": 9, "choice": "yes"},
    "attribute_changed": {"name": "city", "value": "Riga"},
    "availability_changed": {"sku": "a", "available": True},
    "cart_emptied": {"cart_id": "k1"},
    "cart_updated": {"cart": {"id": "k1", "lines": [{"sku": "a", "price": {"amount": 5, "currency": "EUR"}}]}},
    "channels_chosen": {"channels": ["telegram", "email"]},
    "code_held": {
        "order_id": "o1",
        "promotion": "p1",
        "turn": 1,
        "held_since": 0,
        "held_until": 60,
        "amount": 500,
        "counters": ["n1"],
    },
    "code_issued": {"code": "C1", "promotion": "p1", "text": "SPRING-C1", "occasion": "batch", "ends": 60},
    "code_released": {
        "order_id": "o1",
        "promotion": "p1",
        "turn": 1,
        "held_since": 0,
        "held_until": 60,
        "amount": 500,
        "final": True,
    },
    "code_revoked": {"code": "C1", "promotion": "p1"},
    "code_used": {
        "order_id": "o1",
        "promotion": "p1",
        "turn": 1,
        "held_since": 0,
        "held_until": 60,
        "amount": 500,
        "code": "C1",
        "owner": "anna",
    },
    "consent_confirmed": {"channel": "email", "topic": "offers"},
    "consent_given": {"channel": "email", "topic": "offers", "source": "checkout", "expires": 5, "confirmed": True},
    "consent_withdrawn": {"channel": "email"},
    "contact_added": {"channel": "email", "address": "a@example.org"},
    "contact_removed": {"channel": "email"},
    "event": {"name": "spun_wheel", "data": {"prize": "mug", "tries": 3}},
    "exposed": {"experiment": "subject-line", "variant": "b"},
    "fingerprinted": {"sort": "email", "digest": "5f1a"},
    "frequency_chosen": {"count": 1, "seconds": 86_400},
    "friend_fingerprinted": {"programme": "friends", "friend": "c8", "sort": "email", "digest": "5f1a"},
    "friend_joined": {"programme": "friends", "friend": "c8", "touched_at": 0, "flags": ["source"]},
    "friend_judged": {"programme": "friends", "friend": "c8", "verdict": "approved"},
    "friend_order_changed": {"programme": "friends", "friend": "c8", "order_id": "813", "change": "paid"},
    "friend_ordered": {
        "programme": "friends",
        "friend": "c8",
        "order_id": "813",
        "total": {"amount": 5, "currency": "EUR"},
    },
    "ledger_posted": {
        "programme": "club",
        "unit": "pts",
        "seq": 1,
        "key": "k",
        "what": "earn",
        "amount": 5,
        "entry": "{}",
    },
    "ledger_refused": dict.fromkeys(("programme", "unit", "key", "what", "code", "text"), "a"),
    "level_reached": {"programme": "club", "level": "gold", "period": "2026-01-01"},
    "level_set": {"programme": "club", "level": "gold", "until": 5, "reason": "a present"},
    "level_unset": {"programme": "club", "reason": "by mistake", "by": "olga"},
    "message_clicked": {"message": "m1", "link": "https://example.org"},
    "message_delivered": {"message": "m1"},
    "message_failed": {"message": "m1", "reason": "blocked"},
    "message_opened": {"message": "m1"},
    "message_sent": {"message": "m1", "rule": "r", "step": "send", "template": "t", "items": ["a"]},
    "order_cancelled": {"order_id": "812"},
    "order_delivered": {"order_id": "812"},
    "order_paid": {"order_id": "812"},
    "order_placed": {
        "order": {
            "id": "812",
            "customer": "c7",
            "at": 0,
            "lines": [{"sku": "a", "price": {"amount": 5, "currency": "EUR"}, "quantity": 2}],
        }
    },
    "order_refunded": {
        "order_id": "812",
        "amount": {"amount": 5, "currency": "EUR"},
        "lines": [{"sku": "a", "quantity": 2}],
    },
    "order_shipped": {"order_id": "812"},
    "paused": {"until": 5, "topic": "offers"},
    "price_changed": {
        "sku": "a",
        "price": {"amount": 5, "currency": "EUR"},
        "was": {"amount": 9, "currency": "EUR"},
    },
    "product_listed": {"product": {"sku": "a", "name": "A", "price": {"amount": 5, "currency": "EUR"}}},
    "quiz_started": {"quiz": "autumn"},
    "referral_attributed": {"programme": "friends", "advocate": "c8", "touched_at": 0, "flags": ["source"]},
    "referral_covered": {
        "programme": "friends",
        "friend": "c8",
        "order": "813",
        "account": "club/pts",
        "seq": 3,
        "amount": {"amount": 5, "currency": "EUR"},
    },
    "referral_judged": {"programme": "friends", "verdict": "approved"},
    "referral_linked": {"programme": "friends", "token": "0123456789"},
    "referral_touched": {"programme": "friends", "token": "0123456789", "source": "story7"},
    "referred": {"friend": "c8"},
    "registered": {"profile": {"id": "c7", "registered": 0, "birthday": "--02-29", "attributes": {"city": "Riga"}}},
    "resumed": {"topic": "offers"},
    "reviewed": {"score": 5, "sku": "a"},
    "sale_started": {"category": "face", "percent": 20},
    "sending_resumed": {"scope": "all"},
    "sending_stopped": {"scope": "rule", "name": "win-back", "reason": "wrong prices"},
    "stock_changed": {"sku": "a", "pieces": 0, "was": 4},
    "tagged": {"tag": "vip"},
    "untagged": {"tag": "vip"},
    "viewed": {"sku": "a", "price": {"amount": 5, "currency": "EUR"}},
    "visited": {"page": "/", "source": "ads"},
}
"""The own fields of one fact of each kind, as plain values."""


def plain(kind: str) -> dict[str, Any]:
    """Return a whole fact of a kind as plain values."""
    common: dict[str, Any] = {"kind": kind, "id": "f1", "at": 0}
    if not issubclass(KINDS[kind], ShopFact):
        common["customer"] = "c7"
    return common | EXAMPLES[kind]
