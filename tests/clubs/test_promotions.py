"""What a promotion says, when it counts and for whom; wrong ones are refused where they are written."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve, fields

from retention_engine.clubs.checkouts import Checkout
from retention_engine.clubs.eligibility import ending, expired, refusal
from retention_engine.clubs.promotions import Cancel, Limit, Promotion
from retention_engine.errors import DefinitionError, FactError
from retention_engine.facts import Line, Order, OrderPlaced, Tagged
from retention_engine.loyalty.codes import Gift, Off, Percent, Refusal, Stack
from retention_engine.money import Money
from retention_engine.predicates import item, orders, tags
from retention_engine.state import History, fold
from retention_engine.timing import HOUR, clock_window, days, minutes, to_instant, zone
from retention_engine.view import View

NOW = to_instant("2026-07-01T12:00:00+00:00")  # a Wednesday
BERLIN = zone("Europe/Berlin")


def eur(amount: int) -> Money:
    """Return euro cents."""
    return Money(amount, "EUR")


def line(sku: str = "tea-1", price: int = 1_000, **more: Any) -> Line:
    """Return a line of tea."""
    return Line(**({"sku": sku, "price": eur(price), "category": "tea"} | more))


def checkout(*lines: Line, **more: Any) -> Checkout:
    """Return Anna's basket: a tea of 10 euro, unless told otherwise."""
    return Checkout(**({"order": "o1", "customer": "anna", "lines": lines or (line(),), "channel": "web"} | more))


def promotion(**more: Any) -> Promotion:
    """Return 10 percent off."""
    return Promotion(**({"id": "spring", "discount": Percent(10)} | more))


def view(*facts: Any, at: int = NOW) -> View:
    """Return what is known of Anna."""
    return View(fold(History("anna"), facts), at, BERLIN)


BOUGHT = OrderPlaced.of(Order(id="o0", customer="anna", at=NOW - HOUR, total=eur(5)))
SAME = OrderPlaced.of(Order(id="o1", customer="anna", at=NOW - HOUR, total=eur(5)))
VIP = Tagged(id="t", customer="anna", at=0, tag="vip")

REFUSALS = [
    ("nothing", promotion(), checkout(), view(), None),
    ("hours-in", promotion(hours=clock_window("14:00", "15:00")), checkout(), view(), None),
    ("hours-out", promotion(hours=clock_window("12:00", "14:00")), checkout(), view(), Refusal.OUTSIDE_HOURS),
    ("day-in", promotion(weekdays=["wed"]), checkout(), view(), None),
    ("day-out", promotion(weekdays=["tue", "thu"]), checkout(), view(), Refusal.OUTSIDE_HOURS),
    ("day-is-local", promotion(weekdays=["thu"]), checkout(), view(at=NOW + 10 * HOUR), None),
    ("who-in", promotion(who=tags.where(tag="vip").exists()), checkout(), view(VIP), None),
    ("who-out", promotion(who=tags.where(tag="vip").exists()), checkout(), view(), Refusal.NOT_IN_SEGMENT),
    ("first", promotion(first_order=True), checkout(), view(), None),
    ("first-is-this", promotion(first_order=True), checkout(), view(SAME), None),
    ("not-first", promotion(first_order=True), checkout(), view(BOUGHT), Refusal.NOT_FIRST_ORDER),
    ("channel-in", promotion(channels=["web"]), checkout(), view(), None),
    ("channel-out", promotion(channels=["app"]), checkout(), view(), Refusal.WRONG_CHANNEL),
    ("no-channel", promotion(channels=["app"]), checkout(channel=None), view(), Refusal.WRONG_CHANNEL),
    ("currency", promotion(least=Money(1, "USD")), checkout(), view(), Refusal.WRONG_CURRENCY),
    ("least-1", promotion(least=eur(1_001)), checkout(), view(), Refusal.BASKET_TOO_SMALL),
    ("least", promotion(least=eur(1_000)), checkout(), view(), None),
    ("most", promotion(most=eur(1_000)), checkout(), view(), None),
    ("most+1", promotion(most=eur(999)), checkout(), view(), Refusal.BASKET_TOO_LARGE),
    ("lines-in", promotion(lines=[item.category == "tea"]), checkout(), view(), None),
    (
        "lines-all",
        promotion(lines=[item.category == "tea", item.price > 1_000]),
        checkout(),
        view(),
        Refusal.NO_ELIGIBLE_ITEM,
    ),
    ("lines-out", promotion(lines=[item.sku == "mug"]), checkout(), view(), Refusal.NO_ELIGIBLE_ITEM),
    ("empty", promotion(), Checkout(order="o", customer="anna", lines=()), view(), Refusal.NO_ELIGIBLE_ITEM),
    ("guest", promotion(), checkout(customer=None), view(), None),
]


@pytest.mark.parametrize(
    ("made", "basket", "seen", "why"), [row[1:] for row in REFUSALS], ids=[row[0] for row in REFUSALS]
)
def test_why_it_does_not_count(made: Promotion, basket: Checkout, seen: View, why: Refusal | None) -> None:
    """Each condition has its reason."""
    assert refusal(made, basket, seen) is why


@pytest.mark.parametrize(
    "needs",
    [{"first_order": True}, {"who": orders.exists()}, {"limits": [Limit(uses=1, per="customer")]}],
    ids=["first", "who", "limit"],
)
def test_b25_a_guest_is_told_and_nothing_raises(needs: dict[str, Any]) -> None:
    """A guest's basket with a code per customer has a reason. https://github.com/medusajs/medusa/issues/15823"""
    guest = checkout(customer=None)
    assert refusal(promotion(**needs), guest, view()) is Refusal.NEEDS_IDENTITY
    by_mail = refusal(promotion(**needs), checkout(customer=None, identities=["a@example.org"]), view())
    assert by_mail is (None if "limits" in needs else Refusal.NEEDS_IDENTITY)


def test_the_window_is_half_open() -> None:
    """From ``starts`` on, not at ``ends``; a code may end earlier, and has a grace."""
    made = promotion(starts=10, ends=20)
    assert [expired(made, at) for at in (9, 10, 19, 20)] == [Refusal.NOT_STARTED, None, None, Refusal.EXPIRED]
    assert [expired(made, at, ends=15) for at in (14, 15)] == [None, Refusal.EXPIRED]
    assert [expired(made, at, ends=15, grace=30) for at in (9, 29, 30)] == [Refusal.NOT_STARTED, None, Refusal.EXPIRED]
    assert ending(promotion()) is None
    assert ending(promotion(), grace=7) is None
    assert ending(made, ends=40) == 20


def test_people_are_counted_under_all_their_names() -> None:
    """Addresses without case and blanks, numbers by their digits, anything else as it is."""
    basket = checkout(identities=[" A@Example.org", "+49 (170) 1", "0049-170-1", "a@example.org ", "Card X"])
    assert basket.people() == ("id:anna", "mail:a@example.org", "phone:491701", "phone:00491701", "name:card x")
    assert checkout(customer=None).people() == ()


def test_keys_of_counters() -> None:
    """One for the promotion, one for the code, one for each name of the customer; a period has its start in it."""
    limits = [Limit(uses=1), Limit(amount=eur(5), per="code"), Limit(uses=1, per="customer", period="day")]
    made = promotion(limits=limits, vanity=["IVAN10"])
    found = made.keys(checkout(identities=["a@b"]), "C", at=NOW, shop=BERLIN)
    keys = [key for _, keys in found for key in keys]
    assert [key.split("\n")[:4] for key in keys] == [
        ["spring", "promotion", "", ""],
        ["spring", "code", "C", ""],
        ["spring", "customer", "id:anna", "day"],
        ["spring", "customer", "mail:a@b", "day"],
    ]
    assert keys[2].endswith(str(to_instant("2026-06-30T22:00:00+00:00")))
    assert len(set(keys)) == 4


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"id": ""}, "id is a printable"),
    ({"discount": 10}, "Percent, Off or Gift"),
    ({"discount": Percent(5), "stack": "points"}, "points on top are a Gift"),
    ({"stack": "everything"}, "everything"),
    ({"prefix": "spring"}, "capital letters"),
    ({"prefix": "SPRING SALE"}, "capital letters"),
    ({"vanity": ["AB"]}, "3 letters or more"),
    ({"vanity": ["IVAN10", "ivan-1o"]}, "different texts"),
    ({"weekdays": ["monday"]}, "did you mean 'mon'"),
    ({"weekdays": "mon"}, "list of names"),
    ({"hold": days(8)}, "at most 7 days"),
    ({"hold": 60}, "at most 7 days"),
    ({"automatic": True, "vanity": ["IVAN10"]}, "no codes"),
    ({"automatic": True, "limits": [Limit(uses=1, per="code")]}, "per code"),
    ({"starts": 5, "ends": 5}, "ends before"),
    ({"starts": "soon"}, "instant"),
    ({"least": Money(0, "EUR")}, "above zero"),
    ({"most": 5}, "above zero"),
    ({"least": eur(5), "discount": Off(Money(5, "USD"))}, "one currency"),
    ({"lines": ["tea"]}, "item.category"),
    ({"lines": [item.colour == "red"]}, "no field 'colour'"),
]


@pytest.mark.parametrize(("given", "says"), WRONG, ids=range(len(WRONG)))
def test_a_wrong_promotion_is_refused(given: dict[str, Any], says: str) -> None:
    """Where it is written, saying what is allowed."""
    with pytest.raises((DefinitionError, ValueError), match=says):
        promotion(**given)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({}, "uses= or amount="),
        ({"uses": 0}, "from 1"),
        ({"uses": True}, "from 1"),
        ({"amount": eur(0)}, "above zero"),
        ({"uses": 1, "per": "custmer"}, "did you mean 'customer'"),
        ({"uses": 1, "period": "year"}, "unknown period"),
    ],
    ids=range(6),
)
def test_b22_a_limit_is_a_limit(given: dict[str, Any], says: str) -> None:
    """No limit is None, never 0. https://github.com/saleor/saleor/issues/4988
    https://github.com/saleor/saleor/issues/14661"""
    with pytest.raises(DefinitionError, match=says):
        Limit(**given)


def test_a_wrong_checkout_is_refused() -> None:
    """Two currencies, shipping below zero, no lines at all, names that are none."""
    for given in (
        {"lines": [line(), Line(sku="x", price=Money(1, "USD"))]},
        {"shipping": Money(1, "USD")},
        {"shipping": eur(-1)},
        {"lines": ["tea"]},
        {"order": ""},
        {"identities": "anna"},
    ):
        with pytest.raises(FactError):
            checkout(**given)  # type: ignore[arg-type]  # that is the point
    assert checkout(shipping=eur(5), lines=()).currency == "EUR"
    assert Checkout(order="o", lines=()).currency is None


def test_an_offer_is_about_the_lines_it_means() -> None:
    """Everything that decides how it is combined goes along."""
    made = promotion(
        lines=[item.category == "tea"], stack="product", combines_with=["order"], exclusive=True, priority=3
    )
    offer = made.offer(checkout(line("mug", category=None), line()))
    assert offer.lines == (1,)
    assert (offer.stack, offer.combines_with) == (Stack.PRODUCT, frozenset({Stack.ORDER}))
    assert (offer.exclusive, offer.priority, offer.discount, offer.id) == (True, 3, Percent(10), "spring")


def test_the_currency_of_a_promotion() -> None:
    """That of any of its amounts; none without."""
    assert promotion().currency is None
    for given in (
        {"discount": Percent(5, eur(9))},
        {"discount": Gift("mug", worth=eur(9))},
        {"limits": [Limit(amount=eur(5))]},
        {"most": eur(5)},
    ):
        assert promotion(**given).currency == "EUR"


def test_every_option_is_tested_somewhere() -> None:
    """OPTIONS: a new field of a promotion is added here with the test that shows its effect."""
    here = {"id", "discount", "stack", "combines_with", "exclusive", "priority", "starts", "ends", "weekdays", "hours"}
    here |= {"lines", "who", "first_order", "channels", "least", "most", "_where"}
    service = {"automatic", "vanity", "prefix", "bound", "valid_for", "limits", "cancel", "hold", "reissue_grace"}
    assert {each.name for each in fields(Promotion)} == here | service
    assert promotion(cancel="never").cancel is Cancel.NEVER
    assert evolve(promotion(), hold=minutes(5)) == promotion(hold=minutes(5))
