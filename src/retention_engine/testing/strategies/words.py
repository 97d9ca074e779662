"""The nouns: customers, orders with lines, carts; one small vocabulary, so that conditions often meet their values."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from hypothesis import strategies as st

from retention_engine.facts import Cart, Customer, Line, Order
from retention_engine.money import Money
from retention_engine.testing.strategies.times import corners, grid, instants, zones
from retention_engine.timing import to_text
from retention_engine.values import Scalar

CUSTOMER = "customer-7"
TEXTS = ("tea", "soap", "teapot", "O'Hara", 'say "tea"', "50%_\\", "чай 🎁", "TEA")
"""Names of anything: items, categories, channels; some tempt whoever quotes or compares carelessly."""

NUMBERS = (1, 0, 2, 3, 100, 250, 1000)
FLOATS = (0.5, 2.0, 0.1, 249.75, -1.25)
BIRTHDAYS = ("1990-03-01", "1992-02-29", "--02-29", "1985-02-28", "--12-31", "2000-01-01", "1970-11-03")
BAD_ZONE = "Mars/Olympus_Mons"
SHORT = ("tea", "soap")
"""The names of what is switched on and off, such as tags: few, so that the switches meet."""

_TEXTS = st.sampled_from((*TEXTS, *TEXTS[:2] * 3))
_OPTIONAL = st.sampled_from((None, *TEXTS, *TEXTS[:2] * 3))
_SCALARS = st.sampled_from((*NUMBERS[:5], *FLOATS, *TEXTS[:5], "", "2024-02-29", True, False, None))
_DATA = st.dictionaries(st.sampled_from(("score", "label", "flag", "id", "self")), _SCALARS, max_size=3)
_CURRENCIES = st.sampled_from(("EUR", "EUR", "EUR", "USD"))
_CUSTOMERS = st.sampled_from((CUSTOMER, "anna", "O'Hara", "клиент 1"))
_ORDER_IDS = st.sampled_from(("order-1", "order-2", "order-3"))
_CART_IDS = st.sampled_from(("cart-1", "cart-2", "cart-3"))
_NAMED_CARTS = st.sampled_from((None, None, "cart-1", "cart-2", "another-cart"))
_LANGUAGES = st.sampled_from((None, "en", "ru"))
_BIRTHDAYS = st.sampled_from((None, *BIRTHDAYS))
_MORE = st.dictionaries(st.sampled_from(("city", "points", "vip")), _SCALARS, max_size=2)


def texts() -> st.SearchStrategy[str]:
    """Return printable names out of a small vocabulary."""
    return _TEXTS


def optional_texts() -> st.SearchStrategy[str | None]:
    """Return printable names out of a small vocabulary, or None."""
    return _OPTIONAL


@lru_cache
def moneys(currency: str = "EUR") -> st.SearchStrategy[Money]:
    """Return amounts of zero or more of a currency."""
    return st.sampled_from([Money(amount, currency) for amount in (100, 0, 1, 250, 999, 1000)])


def scalars() -> st.SearchStrategy[Scalar]:
    """Return what an attribute or an event may hold: numbers, texts, yes/no, None."""
    return _SCALARS


def data() -> st.SearchStrategy[dict[str, Scalar]]:
    """Return flat mappings whose names hold values of several kinds."""
    return _DATA


@lru_cache
def lines(*, currency: str = "EUR") -> st.SearchStrategy[Line]:
    """Return lines of an order or a cart."""
    quantities = st.sampled_from((1, 2, 3))
    price = moneys(currency)
    return st.builds(Line, sku=_TEXTS, price=price, quantity=quantities, category=_OPTIONAL, brand=_OPTIONAL)


@lru_cache
def _bought(currency: str) -> st.SearchStrategy[list[Line]]:
    return st.lists(lines(currency=currency), max_size=2)


@lru_cache
def carts(*, id: str | None = None) -> st.SearchStrategy[Cart]:
    """Return carts, some of them empty; under one of a few ids unless one is given."""
    return st.builds(Cart, id=_CART_IDS if id is None else st.just(id), lines=_bought("EUR"))


@st.composite
def orders(
    draw: st.DrawFn, *, id: str | None = None, customer: str = CUSTOMER, around: int | None = None, zone: str = "UTC"
) -> Order:
    """Return orders of one customer, with or without lines, of a cart or of none.

    Args:
        id: the order's id; None: one out of a few.
        customer: whose orders.
        around: the middle of the grid of instants; None: near an awkward moment.
        zone: whose midnights belong to the grid.
    """
    currency = draw(_CURRENCIES)
    bought = draw(_bought(currency))
    total = draw(moneys(currency)) if not bought or draw(st.booleans()) else None
    return Order(
        id=draw(_ORDER_IDS) if id is None else id,
        customer=customer,
        at=draw(instants(around=around, zone=zone)),
        lines=bought,
        cart=draw(_NAMED_CARTS),
        channel=draw(_OPTIONAL),
        promo=draw(_OPTIONAL),
        **({} if total is None else {"total": total}),
    )


@st.composite
def customers(
    draw: st.DrawFn, *, id: str | None = None, around: int | None = None, zone: str | None = None
) -> Customer:
    """Return customers: zones awkward, missing or invented, birthdays on 29 February, attributes of every kind.

    Args:
        id: the customer's id; None: one out of a few.
        around: the middle of the grid of instants; None: near an awkward moment.
        zone: the zone most of them live in; None: any.
    """
    if around is None:
        zone, around = draw(corners()) if zone is None else (zone, draw(corners())[1])
    homes = (None, zone, zone, BAD_ZONE) if zone is not None else (None, BAD_ZONE)
    home = draw(st.sampled_from(homes))
    return Customer(
        id=draw(_CUSTOMERS) if id is None else id,
        registered=draw(instants(around=around)),
        zone=draw(zones()) if home is None and draw(st.booleans()) else home,
        language=draw(_LANGUAGES),
        birthday=draw(_BIRTHDAYS),
        attributes=draw(_MORE),
    )


@lru_cache(maxsize=256)
def attributes(around: int, zone: str) -> st.SearchStrategy[dict[str, Any]]:
    """Return the fields of an attribute's change: values of every kind, most of the kind the name suggests."""
    instant = st.sampled_from([to_text(at) for at in grid(around, zone)[:40]])
    plain: dict[str, st.SearchStrategy[Any]] = {
        "zone": st.sampled_from((zone, None, BAD_ZONE, 7, *zones_but(zone))),
        "birthday": st.sampled_from((*BIRTHDAYS, "2024-W01-1", "yesterday", None, 229)),
        "city": _TEXTS | _SCALARS,
        "points": st.sampled_from(NUMBERS) | _SCALARS,
        "vip": st.booleans() | _SCALARS,
        "expiry": _SCALARS,
    }
    changes = [_change(name, value, is_instant=False) for name, value in plain.items()]
    moments = [_change(name, instant, is_instant=True) for name in ("expiry", "expiry", "birthday", "registered")]
    return st.one_of(*changes, *moments)


def zones_but(zone: str) -> tuple[str, ...]:
    """Return two other zones."""
    return tuple(name for name in ("America/Havana", "Pacific/Apia", "UTC") if name != zone)[:2]


def _change(name: str, value: st.SearchStrategy[Any], *, is_instant: bool) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({"name": st.just(name), "value": value, "is_instant": st.just(is_instant)})
