"""A counter that went ahead: what it took in already is neither done again nor taken back by the walk that follows."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

from retention_engine import Engine, Line, Money, Order, item
from retention_engine import facts as f
from retention_engine.clubs import Checkout, Club, Earning, Programme, Promotion, ReferralProgramme, per_money
from retention_engine.clubs.books import Books
from retention_engine.loyalty import AT_ONCE, Adjust, Unit, Vesting
from retention_engine.loyalty.codes import CodeKeys, Gift
from retention_engine.loyalty.referrals import UnitsReward
from retention_engine.timing import DAY, days
from tests.engine import test_referral_money as friends

START = friends.START
LINES = [Line(sku="tea", price=Money(4_000, "EUR"))]
KEYS = CodeKeys({"a": b"k" * 32}, current="a")
PROMOTION = Promotion(id="p", stack="points", discount=Gift("pts", 100), vanity=["TOP"])


def posted(engine: Engine, customer: str) -> list[tuple[str, str, int]]:
    """Return the key, the kind and the amount of every entry but those of the counter itself."""
    found = [one for one in engine.store.facts.of([customer])[customer] if isinstance(one, f.LedgerPosted)]
    return sorted((one.key, one.what, one.amount) for one in found if one.what != "adjust")


def lived(engine: Engine, facts: list[f.Fact], who: str, ahead: int | None) -> list[tuple[str, str, int]]:
    """Return the entries of a customer for whom the counter does something on a day ahead of the first advance."""
    engine.record(facts)
    if ahead is not None:
        account, at = engine.cashier.account(who, "pts"), START + ahead * DAY
        engine.cashier.do(Adjust(key="till", account=account, at=at, amount=1, reason="greetings"))
    engine.advance(START + 90 * DAY)
    assert engine.verify() == []
    assert not [one for one in engine.store.facts.of([who])[who] if isinstance(one, f.LedgerRefused)]
    return posted(engine, who)


def of_friends(who: str, ahead: int | None) -> list[tuple[str, str, int]]:
    """Let a friend buy twice and return a part."""
    refund = friends.about(f.OrderRefunded, 9, amount=Money(100, "EUR"))
    bought = [friends.order(9_000, 5), refund, friends.order(5_000, 20, "c2")]
    return lived(friends.shop(), bought, who, ahead)


@pytest.mark.parametrize("who", ["ann", "carl"])
def test_rewards_are_given_once(who: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """On both sides; with the account as it is at last they would be taken back, and given again."""
    usual = of_friends(who, None)
    assert any(key.startswith("ref:") for key, _, _ in usual)
    assert [of_friends(who, ahead) for ahead in (4, 6, 10, 30, 60)] == [usual] * 5
    monkeypatch.setattr(Books, "state_by", lambda self, account, at: self.state(account))
    assert of_friends(who, 60) != usual


def on_top(ahead: int | None) -> list[tuple[str, str, int]]:
    """Let a customer use points on top, cancel and pay again."""
    points = Programme(
        id="club", unit=Unit("pts"), currency="EUR", earning=[Earning("base", per_money(1, 100), vesting=AT_ONCE)]
    )
    club = Club(programmes=[points], promotions=[PROMOTION], keys=KEYS)
    engine = Engine([], club=club, since=START)
    engine.codes.hold(Checkout(order="o1", customer="anna", lines=LINES), ["TOP"], at=START + DAY)
    told: list[f.Fact] = [f.OrderPlaced.of(Order(id="o1", customer="anna", at=START + DAY, lines=LINES))]
    about = {"customer": "anna", "order_id": "o1"}
    told.append(f.OrderCancelled(id="c", at=START + 3 * DAY, **about))
    told.append(f.OrderPaid(id="p", at=START + 5 * DAY, **about))
    return lived(engine, told, "anna", ahead)


def test_points_on_top_come_and_go_once() -> None:
    """Nor is it told that an order came with a merged account, whose code is known before it is placed."""
    usual = on_top(None)
    assert len(usual) > 3
    assert [on_top(ahead) for ahead in (2, 4, 6)] == [usual] * 3


def test_a_new_version_of_the_club_at_the_counter(tmp_path: Any) -> None:
    """What it grants by itself is granted by the next thing that happens, and no entry is lost meanwhile."""
    url = f"sqlite:///{tmp_path}/shop.db"
    points = Programme(id="club", unit=Unit("pts"), currency="EUR")
    waits = evolve(points, earning=[Earning("base", per_money(1, 100), vesting=Vesting(start="delivered"))])
    words: dict[str, Any] = {"promotions": [PROMOTION], "keys": KEYS}
    with Engine([], store=url, club=Club(programmes=[waits], **words), since=START) as engine:
        engine.codes.hold(Checkout(order="o1", customer="anna", lines=LINES), ["TOP"], at=START + DAY)
        engine.record(Order(id="o1", customer="anna", at=START + DAY, lines=LINES))
        engine.advance(START + 2 * DAY)
    rewards = ReferralProgramme(id="friends", advocate=UnitsReward(Unit("pts"), 7))
    with Engine([], store=url, club=Club(programmes=[points], referrals=[rewards], **words)) as engine:
        account = engine.cashier.account("anna", "pts")
        for day in (3, 4):
            adjust = Adjust(key=f"{day}", account=account, at=START + day * DAY, amount=1, reason="greetings")
            engine.cashier.do(adjust)
        engine.advance(START + 5 * DAY)
        assert engine.cashier.balance("anna", "pts", at=START + 5 * DAY).available == 2
        assert engine.verify() == []


def test_points_on_top_vest_by_what_the_order_earns() -> None:
    """A rule for other goods, which wait for a delivery, keeps nobody waiting; and nothing is refused as told twice."""
    sofa = Earning("sofa", per_money(1, 100), vesting=Vesting(start="delivered"), lines=[item.category == "sofa"])
    base = Earning("base", per_money(1, 100), vesting=AT_ONCE)
    points = Programme(id="club", unit=Unit("pts"), currency="EUR", earning=[base, sofa])
    engine = Engine([], club=Club(programmes=[points], promotions=[PROMOTION], keys=KEYS), since=START)
    engine.codes.hold(Checkout(order="o1", customer="anna", lines=LINES), ["TOP"], at=START + DAY)
    account = engine.cashier.account("anna", "pts")
    engine.cashier.do(Adjust(key="till", account=account, at=START + 3 * DAY, amount=1, reason="greetings"))
    engine.record(Order(id="o1", customer="anna", at=START + DAY, lines=LINES))
    engine.record(f.OrderDelivered(id="d", customer="anna", at=START + 2 * DAY, order_id="o1"))
    engine.advance(START + 4 * DAY)
    assert engine.cashier.balance("anna", "pts", at=START + 4 * DAY).available == 141
    assert not [one for one in engine.store.facts.of(["anna"])["anna"] if isinstance(one, f.LedgerRefused)]


def test_what_a_counter_ahead_has_done_is_not_refused_as_told_twice() -> None:
    """The delivery that the points wait for comes behind it: they are granted once, and vest when time is there."""
    base = Earning("base", per_money(1, 100), vesting=Vesting(start="delivered", after=days(0)))
    points = Programme(id="club", unit=Unit("pts"), currency="EUR", earning=[base])
    engine = Engine([], club=Club(programmes=[points], promotions=[PROMOTION], keys=KEYS), since=START)
    engine.advance(START + DAY // 2)
    account = engine.cashier.account("anna", "pts")
    engine.cashier.do(Adjust(key="till", account=account, at=START + 3 * DAY, amount=1, reason="greetings"))
    engine.codes.hold(Checkout(order="o1", customer="anna", lines=LINES), ["TOP"], at=START + DAY)
    engine.record(Order(id="o1", customer="anna", at=START + DAY, lines=LINES))
    engine.record(f.OrderDelivered(id="d", customer="anna", at=START + 2 * DAY, order_id="o1"))
    engine.advance(START + 9 * DAY)
    assert not [one for one in engine.store.facts.of(["anna"])["anna"] if isinstance(one, f.LedgerRefused)]
    assert engine.cashier.balance("anna", "pts", at=START + 9 * DAY).available == 141


def test_a_reward_that_a_new_club_adds_is_stored_when_it_is_given() -> None:
    """The friend is at the counter before anybody advances with it: no entry may be posted and forgotten."""
    before = [evolve(one, friend=None) for one in friends.CLUB.referrals]
    engine = Engine([], club=evolve(friends.CLUB, referrals=before), since=START)
    engine.record([*friends.joined(), friends.order(9_000, 5)])
    engine.advance(START + 6 * DAY)
    later = Engine([], club=friends.CLUB, store=engine.store)
    account = later.cashier.account("carl", "pts")
    for day in (7, 8):
        later.cashier.do(Adjust(key=f"{day}", account=account, at=START + day * DAY, amount=1, reason="greetings"))
    assert friends.rewards(later) == (7, 3)
    assert later.verify() == []
