"""The nouns: customers, orders with lines, carts; one small vocabulary, so that conditions often meet their values."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from retention_engine.facts import Cart, Customer, Line, Order
from retention_engine.money import Money
from retention_engine.testing.strategies.times import grid, instants, zones
from retention_engine.timing import to_text
from retention_engine.values import Scalar

CUSTOMER = "customer-7"
TEXTS = ("tea", "soap", "teapot", "O'Hara", 'say "tea"', "50%_\\", "чай 🎁", "TEA")
"""Names of anything: items, categories, channels; some tempt whoever quotes or compares carelessly."""

NUMBERS = (1, 0, 2, 3, 100, 250, 1000)
FLOATS = (0.5, 2.0, 0.1, 249.75, -1.25)
BIRTHDAYS = ("1990-03-01", "1992-02-29", "--02-29", "1985-02-28", "--12-31", "2000-01-01", "1970-11-03")
BAD_ZONE = "Mars/Olympus_Mons"
CURRENCIES = ("EUR", "EUR", "EUR", "USD")


def texts() -> st.SearchStrategy[str]:
    """Return printable names out of a small vocabulary."""
    return st.sampled_from(TEXTS)


def maybe(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Return the values, or None."""
    return st.none() | values


def moneys(currency: str = "EUR") -> st.SearchStrategy[Money]:
    """Return amounts of zero or more of a currency."""
    return st.sampled_from([Money(amount, currency) for amount in (100, 0, 1, 250, 999, 1000)])


def scalars() -> st.SearchStrategy[Scalar]:
    """Return what an attribute or an event may hold: numbers, texts, yes/no, None."""
    return st.sampled_from((*NUMBERS[:5], *FLOATS, *TEXTS[:5], "", "2024-02-29", True, False, None))


def data() -> st.SearchStrategy[dict[str, Scalar]]:
    """Return flat mappings whose names hold values of several kinds."""
    return st.dictionaries(st.sampled_from(("score", "label", "flag", "id", "self")), scalars(), max_size=3)


def lines(*, currency: str = "EUR") -> st.SearchStrategy[Line]:
    """Return lines of an order or a cart."""
    return st.builds(
        Line,
        sku=texts(),
        price=moneys(currency),
        quantity=st.sampled_from((1, 2, 3)),
        category=maybe(texts()),
        brand=maybe(texts()),
    )


def carts(*, id: str | None = None) -> st.SearchStrategy[Cart]:
    """Return carts, some of them empty; under an id of their own unless one is given."""
    ids = st.sampled_from(("cart-1", "cart-2", "cart-3")) if id is None else st.just(id)
    return st.builds(Cart, id=ids, lines=st.lists(lines(), max_size=2))


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
    currency = draw(st.sampled_from(CURRENCIES))
    bought = draw(st.lists(lines(currency=currency), max_size=2))
    given: dict[str, Any] = {} if bought and draw(st.booleans()) else {"total": draw(moneys(currency))}
    return Order(
        id=draw(st.sampled_from(("order-1", "order-2", "order-3"))) if id is None else id,
        customer=customer,
        at=draw(instants(around=around, zone=zone)),
        lines=bought,
        cart=draw(st.sampled_from((None, None, "cart-1", "cart-2", "another-cart"))),
        channel=draw(maybe(texts())),
        promo=draw(maybe(texts())),
        **given,
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
    registered = draw(instants(around=around))
    home = zones() if zone is None else st.just(zone)
    names = (CUSTOMER, "anna", "O'Hara", "клиент 1")
    return Customer(
        id=draw(st.sampled_from(names)) if id is None else id,
        registered=registered,
        zone=draw(st.none() | home | st.just(BAD_ZONE)),
        language=draw(st.sampled_from((None, "en", "ru"))),
        birthday=draw(maybe(st.sampled_from(BIRTHDAYS))),
        attributes=draw(st.dictionaries(st.sampled_from(("city", "points", "vip")), scalars(), max_size=2)),
    )


def attributes(around: int, zone: str) -> st.SearchStrategy[dict[str, Any]]:
    """Return the fields of an attribute's change: values of every kind, most of the kind the name suggests."""
    instant = st.sampled_from([to_text(at) for at in grid(around, zone)[:40]])
    held = {
        "zone": st.sampled_from((zone, None, BAD_ZONE, 7)) | zones(),
        "birthday": st.sampled_from((*BIRTHDAYS, "2024-W01-1", "yesterday", None, 229)),
        "city": texts() | scalars(),
        "points": st.sampled_from(NUMBERS) | scalars(),
        "vip": st.booleans() | scalars(),
        "expiry": instant | scalars(),
    }
    changes = [
        st.fixed_dictionaries({"name": st.just(name), "value": value, "is_instant": st.just(value=False)})
        for name, value in held.items()
    ]
    moments = st.fixed_dictionaries(
        {"name": st.sampled_from(("expiry", "expiry", "birthday")), "value": instant, "is_instant": st.just(value=True)}
    )
    return st.one_of(*changes, moments)
