"""The cashier: answers at once, each command one commit, the same command once, and nobody's points from nowhere."""

from __future__ import annotations

from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from retention_engine import Customer, Engine, Line, Money, Order, Rule, entering, orders
from retention_engine.clubs import Club, Earning, Gift, Programme, SpendMetric, Tiers, YearlyBonus, per_money
from retention_engine.engine.cashier import Answer
from retention_engine.errors import DefinitionError, Insufficient, KeyConflict, LedgerError
from retention_engine.facts import LedgerPosted, OrderCancelled, OrderPlaced
from retention_engine.loyalty import AT_ONCE, Adjust, Capture, Merge, OpenHold, Redeem, Transfer, Unit, Void
from retention_engine.loyalty.earning import Spending
from retention_engine.loyalty.tiers import Level, TierProgramme
from retention_engine.predicates import member, month_day
from retention_engine.rules import Grant
from retention_engine.timing import DAY, HOUR, MINUTE, days, hours, to_instant

NOW = to_instant("2026-03-01T10:00:00Z")
PTS = Unit("pts")
PROGRAMME = Programme(
    id="club",
    unit=PTS,
    currency="EUR",
    earning=[Earning("base", per_money(1, 100), vesting=AT_ONCE, multipliers={"gold": Fraction(2)})],
    spending=Spending(point_value=Fraction(1)),
)
LEVELS = [Level("base", entry=0), Level("gold", entry=50_000)]
CLUB = Club(
    programmes=[PROGRAMME],
    tiers=[Tiers(programme=TierProgramme(name="tiers", levels=LEVELS, count_pending=True), metric=SpendMetric("EUR"))],
)


def shop(*rules: Rule, **more: Any) -> Engine:
    """Return a shop with a club."""
    return Engine(rules, club=CLUB, since=NOW - DAY, **more)


def order(name: str, total: int = 10_000, *, at: int = NOW, customer: str = "anna") -> Order:
    """Return an order."""
    return Order(id=name, customer=customer, at=at, lines=[Line(sku="a", price=Money(total, "EUR"))])


def words(engine: Engine, key: str, at: int = NOW + HOUR, customer: str = "anna") -> dict[str, Any]:
    """Return what every command needs."""
    return {"key": key, "account": engine.cashier.account(customer, "pts"), "at": at}


def posted(engine: Engine, customer: str = "anna") -> list[tuple[str, int]]:
    """Return what was posted to a customer's account."""
    facts = engine.store.facts.of([customer])[customer]
    return [(fact.what, fact.amount) for fact in facts if isinstance(fact, LedgerPosted)]


def test_a_command_counts_what_was_recorded_before_it() -> None:
    """Nobody has to advance first; what was taken in is stored with the command, and not again by the walk."""
    engine = shop()
    engine.record(order("o1"))
    assert engine.cashier.balance("anna", "pts", at=NOW - 1).available == 0
    assert engine.cashier.balance("anna", "pts", at=NOW).available == 100
    assert posted(engine) == []
    answer = engine.cashier.do(Redeem(**words(engine, "k"), amount=30, purpose="o2"))
    assert (answer.result["redeemed"], answer.replayed) == (30, False)
    assert posted(engine) == [("order", 100), ("redeem", -30)]
    engine.advance(NOW + DAY)
    assert posted(engine) == [("order", 100), ("redeem", -30)]
    assert engine.verify() == []


def test_the_same_command_is_answered_once_more() -> None:
    """Same key, same content, also later: the first answer; other content: a conflict."""
    engine = shop()
    engine.record(order("o1"))
    command = Redeem(**words(engine, "k"), amount=30, purpose="o2")
    first = engine.cashier.do(command)
    again = engine.cashier.do(evolve(command, at=NOW + 3 * DAY))
    assert (again.result, again.replayed) == (first.result, True)
    with pytest.raises(KeyConflict):
        engine.cashier.do(evolve(command, amount=31))
    assert posted(engine) == [("order", 100), ("redeem", -30)]


def test_a_key_is_one_request_whoever_the_customer_is() -> None:
    """In the whole programme: what a command makes is named after its key, and accounts may meet later."""
    engine = shop()
    engine.record([order("o1"), order("o2", customer="bob"), order("o3", customer="carla")])
    bob = engine.cashier.account("bob", "pts")
    gift = Transfer(**words(engine, "t"), to=bob, amount=30)
    engine.cashier.do(gift)
    engine.cashier.do(Redeem(**words(engine, "mug"), amount=30))
    for other in (
        Transfer(**words(engine, "t", customer="carla"), to=bob, amount=30),
        Redeem(**words(engine, "t", customer="bob"), amount=30),
        Redeem(**words(engine, "mug", customer="bob"), amount=30),
    ):
        with pytest.raises(KeyConflict):
            engine.cashier.do(other)
    assert posted(engine, "bob") == [("order", 100), ("transfer", 30)]
    assert posted(engine, "carla") == []
    assert engine.cashier.do(gift).replayed
    engine.cashier.do(Merge(**words(engine, "m"), into=bob))
    assert engine.cashier.balance("bob", "pts", at=NOW + DAY).available == 170
    assert engine.verify() == []


def test_a_refused_command_leaves_its_key_to_anybody() -> None:
    """Nothing was done under it."""
    engine = shop()
    engine.record([order("o1"), order("o2", customer="bob")])
    with pytest.raises(Insufficient):
        engine.cashier.do(Redeem(**words(engine, "k"), amount=101))
    assert not engine.cashier.do(Redeem(**words(engine, "k", customer="bob"), amount=30)).replayed


def test_the_keys_of_a_backup_are_known() -> None:
    """Recorded elsewhere, the same facts answer the same command, and refuse its key to others."""
    engine, restored = shop(), shop()
    engine.record([order("o1"), order("o2", customer="bob")])
    command = Redeem(**words(engine, "k"), amount=30)
    first = engine.cashier.do(command)
    restored.record(fact for facts in engine.store.facts.of(["anna", "bob"]).values() for fact in facts)
    again = restored.cashier.do(command)
    assert (again.result, again.replayed) == (first.result, True)
    with pytest.raises(KeyConflict):
        restored.cashier.do(Redeem(**words(engine, "k", customer="bob"), amount=30))


def test_a_refused_command_changes_nothing() -> None:
    """Not even what was taken in for it is stored; the message says both numbers."""
    engine = shop()
    engine.record(order("o1"))
    with pytest.raises(Insufficient, match="101 units are asked for, 100 are available"):
        engine.cashier.do(Redeem(**words(engine, "k"), amount=101, purpose="o2"))
    assert posted(engine) == []


def test_a_hold_pays_the_order_it_was_opened_for() -> None:
    """Hold at the till, order paid: captured by the order's own fact; cancelled: given back."""
    engine = shop()
    engine.record(order("o1"))
    hold = engine.cashier.do(OpenHold(**words(engine, "h"), amount=40, purpose="o2")).result["hold"]
    assert engine.cashier.balance("anna", "pts", at=NOW + HOUR) == (0, 60, 40, 0)
    engine.record(order("o2", at=NOW + HOUR + 5 * MINUTE))
    assert engine.cashier.balance("anna", "pts", at=NOW + 2 * HOUR) == (0, 60 + 99, 0, 0)
    engine.record(OrderCancelled(id="c", customer="anna", at=NOW + DAY, order_id="o2"))
    assert engine.cashier.balance("anna", "pts", at=NOW + DAY) == (0, 100, 0, 0)
    with pytest.raises(LedgerError, match="not open: captured"):
        engine.cashier.do(Capture(**words(engine, "late", NOW + DAY), hold=str(hold), amount=1))


def test_a_hold_ends_by_itself() -> None:
    """An hour later the units are free again, and nothing ran for it."""
    engine = shop()
    engine.record(order("o1"))
    hold = str(engine.cashier.do(OpenHold(**words(engine, "h"), amount=40, purpose="o2")).result["hold"])
    assert engine.cashier.balance("anna", "pts", at=NOW + 2 * HOUR - 1).held == 40
    assert engine.cashier.balance("anna", "pts", at=NOW + 2 * HOUR).available == 100
    with pytest.raises(LedgerError, match="timed_out"):
        engine.cashier.do(Void(**words(engine, "v", NOW + 2 * HOUR), hold=hold))


def test_a_hold_lasts_as_long_as_is_said() -> None:
    """From the instant of the call, or as before when nothing is said; a retry prolongs nothing."""
    engine = shop()
    engine.record(order("o1"))
    hold = partial(engine.cashier.hold, "anna", "pts", order="o2")
    first = hold(40, at=NOW + HOUR, ttl=hours(5))
    assert hold(40, at=NOW + HOUR, ttl=hours(5)).replayed
    assert first.result["expires_at"] == NOW + 6 * HOUR
    assert hold(50, at=NOW + 2 * HOUR).result["expires_at"] == NOW + 6 * HOUR
    assert hold(50, at=NOW + 2 * HOUR, ttl=hours(1)).result["expires_at"] == NOW + 3 * HOUR
    assert engine.cashier.balance("anna", "pts", at=NOW + 3 * HOUR - 1).held == 50
    assert engine.cashier.balance("anna", "pts", at=NOW + 3 * HOUR).held == 0
    with pytest.raises(LedgerError, match="a hold lasts up to"):
        hold(10, at=NOW + 4 * HOUR, ttl=days(8))
    assert engine.verify() == []


def test_a_hold_is_let_go() -> None:
    """Safe to repeat; the order then spends nothing. What is over by itself is a promise until it is held anew."""
    engine = shop()
    engine.record(order("o1"))
    release, at = partial(engine.cashier.release, "anna", "pts", order="o2"), NOW + HOUR
    assert release(at=at) == Answer({"released": 0, "settled": 0})
    engine.cashier.hold("anna", "pts", 40, order="o2", at=at)
    engine.cashier.hold("anna", "pts", 50, order="o2", at=at + 1)
    engine.cashier.hold("anna", "pts", 5, order="o3", at=at + 1)
    assert release(at=at + 2).result["released"] == 50
    assert release(at=at + 3).result["released"] == 0
    assert engine.cashier.balance("anna", "pts", at=at + 3) == (0, 95, 5, 0)
    engine.cashier.hold("anna", "pts", 20, order="o2", at=at + 4)
    with pytest.raises(LedgerError, match="timed_out"):
        release(at=at + 2 * HOUR)
    engine.cashier.hold("anna", "pts", 1, order="o2", at=at + 2 * HOUR)
    assert release(at=at + 2 * HOUR).result["released"] == 1
    engine.record(order("o2", at=at + 3 * HOUR))
    assert engine.cashier.balance("anna", "pts", at=at + 4 * HOUR) == (0, 200, 0, 0)
    with pytest.raises(LedgerError, match="paid"):
        engine.cashier.hold("anna", "pts", 1, order="o2", at=at + 4 * HOUR)
    assert release(at=at + 4 * HOUR).result["released"] == 0
    assert engine.verify() == []


def test_units_go_to_another_customer() -> None:
    """Both accounts in one commit; a rule of the receiver sees it."""
    engine = shop(Rule("rich", entering(member.balance("pts") >= 50), Grant("pts", 1)))
    engine.record([order("o1"), order("o2", 100, customer="bob")])
    anna, bob = (engine.cashier.account(name, "pts") for name in ("anna", "bob"))
    engine.cashier.do(Transfer(key="t", account=anna, at=NOW + HOUR, to=bob, amount=60))
    engine.advance(NOW + DAY)
    assert posted(engine) == [("order", 100), ("transfer", -60), ("earn", 1)]
    assert posted(engine, "bob") == [("order", 1), ("transfer", 60), ("earn", 1)]
    assert engine.verify() == []


def test_a_merged_account_is_that_of_its_owner() -> None:
    """Asked under either name; commands under the old one are told where to go."""
    engine = shop()
    engine.record([order("o1"), order("o2", customer="bob")])
    anna, bob = (engine.cashier.account(name, "pts") for name in ("anna", "bob"))
    engine.cashier.do(Merge(key="m", account=anna, at=NOW + HOUR, into=bob))
    assert engine.cashier.balance("anna", "pts", at=NOW + HOUR).available == 200
    assert engine.cashier.balance("bob", "pts", at=NOW + HOUR).available == 200
    with pytest.raises(LedgerError, match="belongs to bob"):
        engine.cashier.do(Redeem(**words(engine, "k", NOW + DAY), amount=1, purpose="x"))
    assert [each for each in engine.verify() if "ledger" in each.law] == []
    assert sum(amount for name in ("anna", "bob") for _, amount in posted(engine, name)) == 200


def test_a_clock_behind_is_carried_along() -> None:
    """Entries follow each other: a command dated before the last one is recorded at its instant."""
    engine = shop()
    engine.record(order("o1"))
    engine.cashier.do(Adjust(**words(engine, "a", NOW + DAY), amount=5, reason="sorry"))
    engine.cashier.do(Redeem(**words(engine, "k", NOW + HOUR), amount=1, purpose="x"))
    state = engine.cashier.state("anna", "pts", at=NOW + DAY)
    assert (state.version, state.at) == (3, NOW + DAY)
    assert engine.verify() == []


def test_what_comes_late_is_posted_after_what_is_known() -> None:
    """An order recorded behind the last entry earns at its own instant, and is recorded after it."""
    engine = shop()
    engine.cashier.do(Adjust(**words(engine, "a", NOW + DAY), amount=5, reason="sorry"))
    engine.record(order("o1"))
    engine.advance(NOW + 2 * DAY)
    entries = [fact for fact in engine.store.facts.of(["anna"])["anna"] if isinstance(fact, LedgerPosted)]
    assert [(fact.seq, fact.what, fact.at) for fact in entries] == [
        (1, "adjust", NOW + DAY),
        (2, "order", NOW + DAY),
    ]
    assert engine.verify() == []


def test_previews_and_standings() -> None:
    """What a cart would earn at the level of now, what may pay for it, and how far the next level is."""
    engine = shop()
    engine.record(order("o1", 45_000))
    cart = [Line(sku="a", price=Money(10_000, "EUR"))]
    plain = engine.cashier.preview("anna", "pts", cart, at=NOW)
    assert (plain.earns, plain.spend and plain.spend.units) == ({"base": 100}, 450)
    assert engine.cashier.standing("anna", "tiers", at=NOW).to_next == 5_000
    engine.record(order("o2", 5_000, at=NOW + HOUR))
    assert engine.cashier.standing("anna", "tiers", at=NOW + HOUR).level.name == "gold"
    assert engine.cashier.preview("anna", "pts", cart, at=NOW + HOUR).earns == {"base": 200}
    assert engine.cashier.standing("anna", "tiers", at=NOW + HOUR - 1).level.name == "base"


def test_who_has_units() -> None:
    """Every customer with units to spend, whether or not anything was posted yet."""
    engine = shop()
    engine.record([order("o1"), order("o2", 300, customer="bob"), order("o3", 50, customer="cara")])
    assert engine.cashier.holders("pts", at=NOW) == {"anna": 100, "bob": 3}
    assert engine.cashier.holders("pts", at=NOW - 1) == {}


def test_unknown_units_are_named() -> None:
    """With the nearest."""
    with pytest.raises(DefinitionError, match=r"no 'ptz' among its programmes \(did you mean 'pts'\?\)"):
        shop().cashier.balance("anna", "ptz", at=NOW)
    with pytest.raises(DefinitionError, match="no 'x' among its tiers"):
        shop().cashier.standing("anna", "x", at=NOW)


def test_the_level_before_the_order_multiplies() -> None:
    """The order that reaches gold earns as base, the next one as gold."""
    engine = shop()
    engine.record([order("o1", 50_000), order("o2", 10_000, at=NOW + HOUR)])
    engine.advance(NOW + DAY)
    assert posted(engine) == [("order", 500), ("order", 200)]


def test_a_crash_between_record_and_advance_loses_nothing(tmp_path: Path) -> None:
    """What facts mean is taken in from the facts: another process does it."""
    path = f"sqlite:///{tmp_path}/shop.db"
    with shop(store=path) as engine:
        engine.record(order("o1"))
    with shop(store=path) as engine:
        assert engine.cashier.balance("anna", "pts", at=NOW).available == 100
        engine.advance(NOW + DAY)
        assert posted(engine) == [("order", 100)]


def test_an_order_that_is_not_paid_earns_nothing_and_holds_what_it_was_promised() -> None:
    """Placed: the hold stays; paid later than the hold lasts: what is there is redeemed."""
    engine = shop(Rule("x", entering(orders.exists()), Grant("pts", 1)))
    engine.cashier.do(Adjust(**words(engine, "a", NOW), amount=50, reason="start"))
    engine.cashier.do(OpenHold(**words(engine, "h", NOW), amount=40, purpose="o1"))
    engine.record(OrderPlaced.of(order("o1", at=NOW + MINUTE), paid=False))
    assert engine.cashier.balance("anna", "pts", at=NOW + MINUTE) == (0, 10, 40, 0)
    assert engine.advance(NOW + DAY).actions == []


def test_what_cannot_be_printed_is_kept(tmp_path: Path) -> None:
    """A purpose with a letter that turns writing around is no reason to lose an entry."""
    with shop(store=f"sqlite:///{tmp_path}/shop.db") as engine:
        engine.record(order("o1"))
        engine.cashier.do(Redeem(**words(engine, "k"), amount=30, purpose="x\u202ey\n💥"))
        (one,) = engine.cashier.state("anna", "pts", at=NOW + DAY).redemptions.values()
        assert one.purpose == "x\u202ey\n💥"
        assert engine.verify() == []


def test_whoever_knows_an_entry_knows_all_before_it() -> None:
    """What an order earns is known a microsecond later; what is spent of it at that instant, no sooner."""
    engine = shop(Rule("asks", entering(member.balance("pts") >= 50), Grant("pts", 1)))
    engine.record(order("o1"))
    engine.cashier.do(Redeem(**words(engine, "k", NOW), amount=30, purpose="gift"))
    facts = [fact for fact in engine.store.facts.of(["anna"])["anna"] if isinstance(fact, LedgerPosted)]
    assert [(fact.seq, fact.at, fact.effective) for fact in facts] == [(1, NOW, NOW + 1), (2, NOW, NOW + 1)]
    assert [action.name for action in engine.advance(NOW + HOUR)] == ["pts"]


def test_what_time_alone_grants_is_there_at_the_counter() -> None:
    """A yearly bonus nobody has advanced to: counted at its own instant, and posted once."""
    march = YearlyBonus("march", anchor=month_day(3, 3), amount=50)
    club = evolve(CLUB, programmes=[evolve(PROGRAMME, yearly=[march])])
    rule = Rule("rich", entering(member.balance("pts") >= 140), Grant("pts", 1))
    engine = Engine([rule], club=club, since=NOW - DAY)
    engine.record(order("o1"))
    assert engine.cashier.balance("anna", "pts", at=NOW + 9 * DAY).available == 150
    engine.cashier.do(Redeem(**words(engine, "k", NOW + 9 * DAY), amount=30, purpose="gift"))
    due = [action.due for action in engine.advance(NOW + 20 * DAY)]
    assert posted(engine) == [("order", 100), ("earn", 50), ("redeem", -30), ("earn", 1)]
    assert due == [to_instant("2026-03-03T00:00:00Z") + 1]
    assert engine.verify() == []


def test_the_usual_wishes_have_words_of_their_own() -> None:
    """A hold for an order, again with another amount; a gift; the statement and the reasons, in two languages."""
    mug = Gift("mug", 60)
    engine = Engine([], club=evolve(CLUB, programmes=[evolve(PROGRAMME, gifts=[mug])]), since=NOW - DAY)
    engine.record([Customer(id="anna", registered=NOW - 1, zone="Asia/Tokyo"), order("o1")])
    cashier = engine.cashier
    first = cashier.hold("anna", "pts", 40, order="o2", at=NOW + HOUR)
    assert cashier.hold("anna", "pts", 40, order="o2", at=NOW + HOUR).replayed
    second = cashier.hold("anna", "pts", 30, order="o2", at=NOW + HOUR + MINUTE)
    assert (first.result["held"], second.result["held"], first.result["hold"]) == (40, 30, second.result["hold"])
    assert cashier.balance("anna", "pts", at=NOW + HOUR + MINUTE) == (0, 70, 30, 0)
    for _ in range(2):
        cashier.gift("anna", "pts", "mug", request="wish-1", at=NOW + HOUR + MINUTE)
    assert cashier.balance("anna", "pts", at=NOW + HOUR + MINUTE).available == 10
    with pytest.raises(LedgerError, match="60"):
        cashier.gift("anna", "pts", "mug", request="wish-2", at=NOW + HOUR + MINUTE)
    assert "60 spent: gift mug" in cashier.why("anna", "pts", at=NOW + DAY)
    assert "60 списано: подарок mug" in cashier.why("anna", "pts", at=NOW + DAY, language="ru")
    cup = cashier.why("anna", "pts", at=NOW + DAY, causes={"gift": "a cup", "order": "{rest}"}, forms=("star", "stars"))
    assert cup[:3] == ["You have 40 stars.", "100 earned: o1", "60 spent: a cup"]
    dearer = Engine(
        [], club=Club(programmes=[evolve(PROGRAMME, gifts=[Gift("mug", 70)])], tiers=CLUB.tiers), store=engine.store
    )
    assert dearer.cashier.gift("anna", "pts", "mug", request="wish-1", at=NOW + 2 * HOUR).replayed
    assert "order 1" in cashier.statement("anna", "pts", at=NOW + DAY).replace("o1", "1")
    assert cashier.why("anna", "pts", at=NOW + DAY)[0] != cashier.why("anna", "pts", at=NOW + DAY, language="ru")[0]
    assert engine.verify() == []
