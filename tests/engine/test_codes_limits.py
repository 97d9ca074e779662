"""Limits of promotions hold wherever customers live, whatever they change, and after the order is paid."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from retention_engine import Customer, Engine, Money, Order
from retention_engine.clubs import Checkout, Club, Limit, Promotion
from retention_engine.facts import AttributeChanged, Line
from retention_engine.loyalty.codes import Discount, Off, Percent, Refusal
from retention_engine.predicates import member
from retention_engine.timing import DAY, HOUR, MINUTE, to_instant, to_utc, zone
from tests.engine._codes import KEYS, eur

NOW = to_instant("2026-02-10T10:00:00Z")
TENTH = Percent(10)
ZONES = {"anna": "Europe/Berlin", "bob": "Europe/Moscow", "carl": "Asia/Tokyo", "dana": "Pacific/Honolulu"}


def shop(limit: Limit, discount: Discount = TENTH, where: str = "UTC") -> Engine:
    """Return a shop with one code that everybody knows, and customers all over the world."""
    promotion = Promotion(id="p", discount=discount, vanity=["TEN10"], limits=[limit])
    engine = Engine([], club=Club(promotions=[promotion], keys=KEYS), zone=where, since=NOW - DAY)
    engine.record([Customer(id=name, registered=NOW - DAY, zone=each) for name, each in ZONES.items()])
    return engine


def basket(order: str, customer: str = "anna", price: int = 1_000) -> Checkout:
    """Return a checkout of one line."""
    return Checkout(order=order, customer=customer, lines=[Line(sku="a", price=eur(price))])


def take(engine: Engine, order: str, customer: str, at: int) -> int:
    """Hold the code and pay; return what was taken off."""
    wanted = basket(order, customer)
    found = engine.codes.hold(wanted, ["TEN10"], at=at).discount
    if found:
        engine.record(Order(id=order, customer=customer, at=at, lines=wanted.lines, total=eur(1_000 - found)))
    return found


def moved(customer: str, where: str, at: int) -> AttributeChanged:
    """Return the fact that somebody changed their zone."""
    return AttributeChanged(id=f"zone:{customer}:{at}", customer=customer, at=at, name="zone", value=where)


@pytest.mark.parametrize("words", [{"uses": 1}, {"amount": Money(100, "EUR")}], ids=["uses", "budget"])
def test_a_limit_of_the_whole_promotion_is_one_for_all_zones(words: dict[str, Any]) -> None:
    """Loyalty 12.3: used + held is within the limit at all times; there is one month, that of the shop."""
    engine = shop(Limit(**words, period="month"))
    assert [take(engine, f"o-{name}", name, NOW) for name in ZONES] == [100, 0, 0, 0]
    assert take(engine, "later", "bob", to_instant("2026-03-01T00:00:00Z")) == 100
    assert engine.verify() == []


def test_a_new_zone_is_no_new_month() -> None:
    """Once a customer and month stays once, however often the zone in the profile is changed; held or paid."""
    engine = shop(Limit(uses=1, per="customer", period="month"))
    assert take(engine, "o1", "anna", NOW) == 100
    for number, where in enumerate(("Asia/Tokyo", "Pacific/Honolulu", "Europe/Berlin")):
        engine.record(moved("anna", where, NOW + number))
        found = engine.codes.hold(basket("o2"), ["TEN10"], at=NOW + number)
        assert found.refused == {"TEN10": Refusal.USED_BY_CUSTOMER}


def test_an_order_keeps_its_hold_in_another_zone() -> None:
    """The counters of a hold that goes on are those it has."""
    engine = shop(Limit(uses=1, per="customer", period="day"))
    first = engine.codes.hold(basket("o1"), ["TEN10"], at=NOW)
    engine.record(moved("anna", "Pacific/Kiritimati", NOW + 1))
    assert engine.codes.hold(basket("o1"), ["TEN10"], at=NOW + MINUTE) == first
    assert engine.verify() == []


@pytest.mark.parametrize("per", ["promotion", "customer"])
@pytest.mark.parametrize("seed", range(6))
def test_no_day_of_the_shop_has_more_uses_than_its_limit(seed: int, per: str) -> None:
    """A plain list of uses by the shop's own dates, with people who move all the time, says the same of each try."""
    chance, where = Random(seed), "Europe/Berlin"
    engine, used, at = shop(Limit(uses=2, per=per, period="day"), where=where), list[tuple[str, str]](), NOW
    tried = set[bool]()
    for number in range(40):
        at += chance.choice((MINUTE, HOUR, 5 * HOUR))
        customer = chance.choice(list(ZONES))
        if chance.random() < 0.5:
            engine.record(moved(customer, chance.choice(list(ZONES.values())), at))
        today = to_utc(at).astimezone(zone(where)).date().isoformat()
        mine = [who for day, who in used if day == today and (per == "promotion" or who == customer)]
        tried.add(len(mine) < 2)
        assert (take(engine, f"o{number}", customer, at) > 0) == (len(mine) < 2), number
        used += [(today, customer)] * (len(mine) < 2)
    assert tried == {True, False}
    assert engine.verify() == []


def test_own_codes_are_usable_by_the_days_of_the_shop() -> None:
    """What a rule asks is what the till says, on both sides of the shop's midnight and of the customer's own."""
    promotion = Promotion(id="p", discount=Percent(10), limits=[Limit(uses=1, per="customer", period="day")])
    club = Club(promotions=[promotion], keys=KEYS)
    engine = Engine([], club=club, zone="Europe/Berlin", since=NOW - DAY)
    engine.record(Customer(id="carl", registered=NOW - DAY, zone="Asia/Tokyo"))
    text = engine.codes.issue("p", "carl", "x", at=NOW)
    order = Order(id="o1", customer="carl", at=NOW, lines=basket("o1").lines, total=eur(900))
    assert engine.codes.hold(basket("o1", "carl"), [text], at=NOW).discount == 100
    engine.record(order)
    for at, usable in (("14:59", False), ("15:00", False), ("22:59", False), ("23:00", True)):
        instant = to_instant(f"2026-02-10T{at}:00Z")
        asked = engine.members(member.codes("p") >= 1, at=instant)
        quoted = engine.codes.quote(basket("o2", "carl"), [text], at=instant)
        assert (bool(asked), quoted.discount > 0) == (usable, usable), at
    assert club == engine.club


@pytest.mark.parametrize("discount", [TENTH, Off(Money(10_000, "EUR"))], ids=["percent", "amount"])
@pytest.mark.parametrize(("price", "wanted"), [(100_000, 100), (1_001, 100), (1_000, 100), (500, 50), (0, 0)])
def test_a_paid_order_gets_no_larger_discount_uncounted(discount: Discount, price: int, wanted: int) -> None:
    """The order is edited: what it used is counted for good, and no more than that is taken off the new basket."""
    small = 1_000 if isinstance(discount, Percent) else 100
    engine = shop(Limit(amount=Money(100, "EUR")), discount)
    lines = basket("o1", price=small).lines
    assert engine.codes.hold(basket("o1", price=small), ["TEN10"], at=NOW).discount == 100
    engine.record(Order(id="o1", customer="anna", at=NOW, lines=lines, total=eur(small - 100)))
    found = engine.codes.hold(basket("o1", price=price), ["TEN10"], at=NOW + HOUR)
    assert found.discount == (wanted if isinstance(discount, Percent) else min(price, 100))
    assert sum(part for one in found.applied for part in one.parts) == found.discount
    assert engine.verify() == []
