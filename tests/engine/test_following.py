"""Codes and referrals are settled when facts are recorded: an engine without the club is kept from recording them."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retention_engine import Customer, Engine, Money, Order, Rule, Send, on, orders
from retention_engine import facts as f
from retention_engine.clubs import Checkout, Club, Earning, Limit, Programme, Promotion, ReferralProgramme, per_money
from retention_engine.engine.club import follow
from retention_engine.engine.following import FOLLOWED
from retention_engine.errors import DefinitionError
from retention_engine.loyalty import Unit
from retention_engine.loyalty.codes import Percent
from retention_engine.loyalty.referrals import ReferralLinks, UnitsReward
from retention_engine.ports import Store
from retention_engine.rules import IssueCode
from retention_engine.stores import MemoryStore
from retention_engine.testing.strategies import facts
from retention_engine.timing import DAY, HOUR, to_instant
from tests.engine._codes import KEYS

NOW = to_instant("2026-02-01T10:00:00Z")
LINKS = ReferralLinks("friends", b"k" * 32)
PROMOTION = Promotion(id="p", discount=Percent(10), vanity=["TEN10"], limits=[Limit(uses=1)])
POINTS = Programme(id="club", unit=Unit("pts"), currency="EUR", earning=[Earning("base", per_money(1, 100))])
FRIENDS = ReferralProgramme(id="friends", advocate=UnitsReward(Unit("pts"), 300))
CLUB = Club(programmes=[POINTS], keys=KEYS, promotions=[PROMOTION], referrals=[FRIENDS])
LINES = [f.Line(sku="tea", price=Money(1_000, "EUR"))]


def shop(store: str | Store, *rules: Rule, club: Club | None = CLUB) -> Engine:
    """Return an engine on a store."""
    return Engine(rules, club=club, store=store, since=NOW - 60 * DAY)


def order(name: str = "1", at: int = NOW, **more: Any) -> Order:
    """Return an order of carl's."""
    return Order(id=name, customer="carl", at=at, lines=LINES, **more)


def opened(store: str | Store) -> None:
    """Let anna have a link and carl's order hold the only code, with the club."""
    with shop(store) as engine:
        engine.record(Customer(id="anna", registered=NOW - 30 * DAY))
        engine.record(f.ReferralLinked.of("friends", "anna", LINKS.token("anna"), at=NOW - 20 * DAY))
        assert engine.codes.hold(checkout(), ["TEN10"], at=NOW - HOUR // 2).discount == 100


def checkout(name: str = "1", customer: str = "carl") -> Checkout:
    """Return a basket."""
    return Checkout(order=name, customer=customer, lines=LINES)


TOLD: list[Any] = [
    f.ReferralTouched.of("friends", "carl", LINKS.token("anna"), at=NOW - 5 * DAY),
    Customer(id="carl", registered=NOW - 4 * DAY),
    order(total=Money(900, "EUR")),
]


@pytest.mark.parametrize("advanced", [True, False], ids=["advanced", "used"])
def test_orders_recorded_without_the_club_are_refused(tmp_path: Path, advanced: bool) -> None:
    """Nothing of the batch is stored, the message says what to do, and recorded with the club everything is settled."""
    store = f"sqlite:///{tmp_path}/shop.db"
    opened(store)
    if advanced:
        with shop(store) as engine:
            engine.advance(NOW - 6 * DAY)
    with shop(store, club=None) as worker:
        for given in (TOLD, TOLD[-1]):
            with pytest.raises(DefinitionError, match=r"order_placed.* club=Club\(\.\.\.\)\), or --club"):
                worker.record(given)
        assert worker.store.facts.of(["carl"])["carl"][0].KIND == "code_held"
        assert len(worker.store.facts.of(["carl"])["carl"]) == 1
    with shop(store) as engine:
        engine.record(TOLD)
        engine.advance(NOW + 30 * DAY)
        assert engine.cashier.balance("anna", "pts", at=NOW + 30 * DAY).available == 300
        again = engine.codes.quote(checkout("2", "bob"), ["TEN10"], at=NOW + 30 * DAY)
        assert again.refused["TEN10"].value == "used_up"
        assert engine.verify() == []


def test_a_store_that_was_used_with_a_club_is_not_advanced_without_it(tmp_path: Path) -> None:
    """Also when it was never advanced: the friends of today would bring nothing."""
    store = f"sqlite:///{tmp_path}/shop.db"
    opened(store)
    with shop(store, club=None) as worker, pytest.raises(DefinitionError, match="this store has a club"):
        worker.advance(NOW)


def test_codes_that_a_rule_gives_are_followed(tmp_path: Path) -> None:
    """Nothing was recorded with the club yet: advancing with it is enough."""
    store = f"sqlite:///{tmp_path}/shop.db"
    with shop(store, club=None) as worker:
        worker.record(order("0"))
    with shop(store, Rule("thanks", on(orders), IssueCode("p"))) as engine:
        assert len(engine.advance(NOW).decisions) == 1
    with shop(store, club=None) as worker, pytest.raises(DefinitionError, match="order_placed"):
        worker.record(order())


def test_a_club_of_points_alone_is_left_to_the_walk() -> None:
    """What such a club makes of an order it makes when time is advanced, whoever recorded it."""
    store, points = MemoryStore(), Club(programmes=[POINTS])
    shop(store, club=points).advance(NOW - DAY)
    shop(store, club=None).record(order())
    engine = shop(store, club=points)
    engine.advance(NOW + 30 * DAY)
    assert engine.cashier.balance("carl", "pts", at=NOW + 30 * DAY).available == 10


def test_what_settles_nothing_may_be_recorded_by_anybody() -> None:
    """A delivery tells of its messages, and a person can stop everything, without knowing the club."""
    store = MemoryStore()
    opened(store)
    words: dict[str, Any] = {"message": "m", "rule": "r", "step": "s", "template": "t", "purpose": "service"}
    told = [
        f.Visited(id="v", customer="carl", at=NOW),
        f.MessageSent(id="m", customer="carl", at=NOW, **words),
        f.SendingStopped(id="stop", at=NOW, scope="all", reason="fire"),
    ]
    assert shop(store, club=None).record(told).new == len(told)
    assert shop(store, Rule("r", on(orders), Send("hi")), club=None).due(NOW) == []


def about(kind: type[Any], **more: Any) -> f.Fact:
    """Return a fact about carl's order."""
    made: f.Fact = kind(id=f"new:{kind.KIND}", customer="carl", at=NOW + HOUR, order_id="1", **more)
    return made


MEANT: dict[type[f.Fact], f.Fact] = {
    f.Fingerprinted: f.Fingerprinted.of("carl", "email", "x", at=NOW),
    f.OrderCancelled: about(f.OrderCancelled),
    f.OrderPaid: about(f.OrderPaid),
    f.OrderPlaced: f.OrderPlaced.of(order(at=NOW - 1)),
    f.OrderRefunded: about(f.OrderRefunded),
    f.ReferralJudged: f.ReferralJudged.of("friends", "carl", "approved", at=NOW),
    f.ReferralLinked: f.ReferralLinked.of("friends", "dana", LINKS.token("dana"), at=NOW - 8 * DAY),
    f.ReferralTouched: f.ReferralTouched.of("friends", "eve", LINKS.token("anna"), at=NOW - 8 * DAY),
    f.Registered: f.Registered.of(Customer(id="finn", registered=NOW)),
}


def brought() -> Engine:
    """Return a shop in which anna has brought carl, and more is about to be known."""
    store = MemoryStore()
    opened(store)
    engine = shop(store)
    engine.record(TOLD[:2])
    engine.record(f.ReferralTouched.of("friends", "bob", LINKS.token("dana"), at=NOW - 7 * DAY))
    engine.record(f.ReferralTouched.of("friends", "finn", LINKS.token("anna"), at=NOW - 7 * DAY))
    engine.record([Customer(id=name, registered=NOW - 6 * DAY) for name in ("bob", "eve")])
    return engine


def count(engine: Engine) -> int:
    """Return how many facts are known of everybody."""
    return sum(map(len, engine.store.facts.of(["anna", "bob", "carl", "dana", "eve", "finn"]).values()))


@pytest.mark.parametrize("kind", FOLLOWED, ids=lambda kind: str(kind.KIND))
def test_each_kind_that_is_refused_means_something(kind: type[f.Fact]) -> None:
    """With the club, more comes of it than the fact itself; without, it is refused."""
    engine = brought()
    before = count(engine)
    engine.record(MEANT[kind])
    assert count(engine) > before + 1
    store = MemoryStore()
    opened(store)
    with pytest.raises(DefinitionError, match=kind.KIND):
        shop(store, club=None).record(MEANT[kind])


brought_once = cache(brought)
OTHERS = [kind for kind in f.KINDS.values() if kind not in FOLLOWED and not kind.MADE_BY_ENGINE]
PEOPLE = st.sampled_from(("carl", "finn"))


@settings(max_examples=150, deadline=None)
@given(PEOPLE.flatmap(lambda customer: facts(kinds=OTHERS, customer=customer)))
def test_no_other_kind_means_anything(fact: f.Fact) -> None:
    """Of what a shop tells, nothing else is told on or settles a code."""
    engine = brought_once()
    with engine.store.transaction():
        assert follow(engine.store, CLUB, engine.codes.desk, [fact]) == []
