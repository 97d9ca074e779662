"""What goes wrong around a club: refusals, interrupted walks, merged customers, clocks, loops, unreadable accounts."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest
from attrs import evolve

from retention_engine import Customer, Engine, Line, Money, Order, Rule, on
from retention_engine.clubs import (
    Achievement,
    Bonus,
    Club,
    Earning,
    Programme,
    ReferralProgramme,
    Spending,
    UnitsReward,
    YearlyBonus,
    per_money,
)
from retention_engine.engine import cashier
from retention_engine.errors import DefinitionError, LedgerError, StoreError
from retention_engine.facts import (
    LedgerPosted,
    LedgerRefused,
    OrderPaid,
    OrderPlaced,
    OrderRefunded,
    ReferralLinked,
    ReferralTouched,
    Visited,
)
from retention_engine.loyalty import AT_ONCE, OWN_REVERSAL, Adjust, Convert, Lasts, Merge, Redeem, Terms, Unit
from retention_engine.loyalty.games import Recurrence
from retention_engine.predicates import events, member, month_day, points
from retention_engine.rules import Grant
from retention_engine.stores import MemoryStore
from retention_engine.timing import DAY, HOUR, days, to_instant

NOW = to_instant("2026-03-01T10:00:00Z")
PTS = Unit("pts")
BASE = Earning("base", per_money(1, 100), vesting=AT_ONCE)
SPENDING = Spending(point_value=Fraction(1))
PROGRAMME = Programme(id="club", unit=PTS, currency="EUR", earning=[BASE], spending=SPENDING)
CLUB = Club(programmes=[PROGRAMME])


def shop(*rules: Rule, club: Club = CLUB, **more: Any) -> Engine:
    """Return a shop with a club."""
    return Engine(rules, club=club, **({"since": NOW - DAY} | more))


def order(name: str, total: int = 10_000, *, at: int = NOW, customer: str = "anna") -> Order:
    """Return an order."""
    return Order(id=name, customer=customer, at=at, lines=[Line(sku="a", price=Money(total, "EUR"))])


def words(engine: Engine, key: str, at: int = NOW + HOUR, customer: str = "anna") -> dict[str, Any]:
    """Return what every command needs."""
    return {"key": key, "account": engine.cashier.account(customer, "pts"), "at": at}


def made(engine: Engine, kind: type[Any], customer: str = "anna") -> list[Any]:
    """Return the facts of a kind."""
    return [fact for fact in engine.store.facts.of([customer])[customer] if isinstance(fact, kind)]


def available(engine: Engine, customer: str = "anna", at: int = NOW + 5 * DAY) -> int:
    """Return what can be spent."""
    return engine.cashier.balance(customer, "pts", at=at).available


def refused_shop() -> Engine:
    """Return a shop in which an order is paid with points that were spent elsewhere after its hold had ended."""
    engine = shop()
    engine.record(order("o1"))
    engine.advance(NOW)
    engine.cashier.hold("anna", "pts", 60, order="o2", at=NOW + 1)
    engine.record(OrderPlaced.of(order("o2", at=NOW + 2), paid=False))
    engine.cashier.do(Redeem(**words(engine, "r1", NOW + 2 * HOUR), amount=60, purpose="gift"))
    engine.record(OrderPaid(id="p", customer="anna", at=NOW + 3 * HOUR, order_id="o2"))
    return engine


def test_a_refusal_is_told_once_and_stands() -> None:
    """Whoever comes first, the counter or the walk, tells of it; what the customer has later changes nothing."""
    found = []
    for asked in (False, True):
        engine = refused_shop()
        if asked:
            engine.advance(NOW + 3 * HOUR)
        for number in range(2):
            engine.cashier.do(
                Redeem(**words(engine, f"s{number}", NOW + (4 + number) * HOUR), amount=10, purpose="gift")
            )
        engine.cashier.do(Adjust(**words(engine, "a", NOW + 6 * HOUR), amount=1_000, reason="sorry"))
        engine.advance(NOW + DAY)
        assert [fact.code for fact in made(engine, LedgerRefused)] == ["insufficient"]
        assert engine.verify() == []
        found.append([(fact.what, fact.amount) for fact in made(engine, LedgerPosted)])
    assert found[0] == found[1]


def interrupted() -> Engine:
    """Return a shop whose walk failed after time was moved on: a refund was not taken in."""
    engine = shop()
    engine.record(order("o1"))
    engine.advance(NOW)
    engine.record(OrderRefunded(id="r", customer="anna", at=NOW + HOUR, order_id="o1"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Engine, "_walk", broken)
        with pytest.raises(StoreError):
            engine.advance(NOW + 2 * HOUR)
    return engine


def broken(*_: Any) -> Any:
    """Fail as a store does."""
    raise StoreError("gone")


def test_the_counter_knows_who_was_not_looked_at() -> None:
    """Time stands further on than this customer: the refund counts at the counter all the same."""
    engine = interrupted()
    assert available(engine, at=NOW + 2 * HOUR) == 0
    with pytest.raises(LedgerError, match="0 are available"):
        engine.cashier.do(Redeem(**words(engine, "k", NOW + 2 * HOUR), amount=100, purpose="gift"))


def test_a_counter_that_trusts_the_cursor_is_found_out() -> None:
    """The planted fault: points that were taken back can be spent."""
    engine = interrupted()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cashier, "looked_at", lambda store, customer, cursor: cursor)
        assert available(engine, at=NOW + 2 * HOUR) == 100


def test_nothing_comes_from_nowhere_after_a_merge() -> None:
    """Orders, refunds and grants of the former customer are refused and told: record them under the new one."""
    engine = shop(Rule("gift", on(events("visited")), Grant("pts", 7)))
    engine.record([order("o1"), order("o2", customer="bob")])
    engine.advance(NOW + 1)
    engine.cashier.do(Merge(**words(engine, "m"), into=engine.cashier.account("bob", "pts")))
    back = OrderRefunded(id="r", customer="anna", at=NOW + DAY, order_id="o1", amount=Money(1_000, "EUR"))
    engine.record([back, order("o3", at=NOW + DAY), Visited(id="v", customer="anna", at=NOW + DAY)])
    engine.advance(NOW + 2 * DAY)
    assert [fact.amount for fact in made(engine, LedgerPosted)] == [100, -100]
    assert {fact.code for fact in made(engine, LedgerRefused)} == {"merged"}
    assert available(engine, "bob") == available(engine, "anna") == 200
    assert engine.verify() == []


def test_a_club_that_was_added_counts_nothing_before_it() -> None:
    """The counter says so before the first advance, and the walk afterwards."""
    found = []
    for first in ("advance", "counter"):
        store = MemoryStore()
        old = Engine([], store=store, since=NOW - DAY)
        old.record(order("o1"))
        old.advance(NOW + DAY)
        engine = shop(store=store)
        engine.record(OrderRefunded(id="r", customer="anna", at=NOW + 2 * DAY, order_id="o1", amount=Money(9, "EUR")))
        if first == "advance":
            engine.advance(NOW + 3 * DAY)
        engine.cashier.do(Adjust(**words(engine, "k", NOW + 3 * DAY), amount=1, reason="hello"))
        engine.advance(NOW + 4 * DAY)
        found.append(available(engine))
    assert found == [1, 1]


def test_an_account_of_no_programme_is_refused() -> None:
    """Units converted into it would be read by nobody; two programmes of one id would meet in their keys."""
    engine = shop()
    engine.record(order("o1"))
    with pytest.raises(LedgerError, match=r"the club has no account anna \(coins, club\)"):
        engine.cashier.do(Convert(**words(engine, "c"), to=Unit("coins"), amount=50, rate=1))
    assert available(engine) == 100
    with pytest.raises(DefinitionError, match="two programmes have one id"):
        Club(programmes=[PROGRAMME, evolve(PROGRAMME, unit=Unit("coins"))])


def test_a_command_of_a_wrong_clock_takes_nothing_from_today() -> None:
    """What is dated next year is not there today, and what it let expire is."""
    club = Club(programmes=[evolve(PROGRAMME, earning=[evolve(BASE, validity=Lasts(span=days(90)))])])
    engine = shop(club=club)
    engine.record(order("o1"))
    engine.advance(NOW)
    engine.cashier.do(Adjust(**words(engine, "k", NOW + 400 * DAY), amount=1, reason="sorry"))
    assert available(engine, at=NOW + DAY) == 100
    assert available(engine, at=NOW + 400 * DAY) == 1


def test_what_feeds_itself_is_stopped() -> None:
    """Achievements that a grant completes again, a bonus on what it posts itself: one error, no end of it."""
    done = Achievement(id="a", measure=points.count(), target=1, recurrence=Recurrence.ON_COMPLETION)
    club = Club(programmes=[PROGRAMME], achievements=[done])
    rules = [Rule(kind, on(events(kind)), Grant("pts", 1)) for kind in ("achievement_completed", "visited")]
    engine = shop(*rules, club=club)
    engine.record(Visited(id="v", customer="anna", at=NOW))
    with pytest.raises(DefinitionError, match="feeds itself"):
        engine.advance(NOW + DAY)
    with pytest.raises(DefinitionError, match="a bonus on 'ledger_posted' would be given for itself"):
        Bonus("b", on="ledger_posted", amount=1)


def test_a_club_that_feeds_itself_is_stopped_at_the_counter() -> None:
    """A bonus for what it completes: the counter has the same limit as the walk."""
    done = Achievement(id="a", measure=points.count(), target=1, recurrence=Recurrence.ON_COMPLETION)
    bonus = Bonus("b", on="achievement_completed", amount=1)
    engine = shop(club=Club(programmes=[evolve(PROGRAMME, bonuses=[bonus])], achievements=[done]))
    engine.record(order("o1"))
    with pytest.raises(DefinitionError, match="the club feeds itself"):
        available(engine)


def test_history_that_is_imported_late_earns_no_bonus() -> None:
    """What happened before the launch is history, whenever it becomes known."""
    engine = shop(club=Club(programmes=[evolve(PROGRAMME, bonuses=[Bonus("hello", on="registered", amount=5)])]))
    engine.advance(NOW)
    engine.record(Customer(id="anna", registered="2019-01-02T10:00:00+00:00"))
    engine.record(Customer(id="bob", registered=NOW + 1))
    engine.advance(NOW + DAY)
    assert (available(engine), available(engine, "bob")) == (0, 5)


def test_a_link_may_be_recorded_last() -> None:
    """Whose it is becomes known after the friend has signed up: the same comes out."""
    facts = [
        ReferralLinked.of("ref", "anna", "TOK", at=NOW),
        ReferralTouched.of("ref", "bob", "TOK", at=NOW + 1),
        Customer(id="bob", registered=NOW + 2),
        order("o1", customer="bob", at=NOW + 3),
    ]
    club = Club(programmes=[PROGRAMME], referrals=[ReferralProgramme(id="ref", advocate=UnitsReward(PTS, 50))])
    for places in ((0, 1, 2, 3), (1, 2, 3, 0), (1, 2, 0, 3)):
        engine = shop(club=club)
        for place in places:
            engine.record(facts[place])
        engine.advance(NOW + 60 * DAY)
        assert available(engine, at=NOW + 60 * DAY) == 50


def unreadable(engine: Engine) -> None:
    """Record an entry that is none."""
    place = {"programme": "club", "unit": "pts", "seq": 1, "key": "k", "what": "earn", "amount": 5, "entry": "x"}
    engine.record(LedgerPosted(id="x", customer="eve", at=NOW, **place))


def too_much(engine: Engine) -> None:
    """Record an order that earns more than an account may hold."""
    engine.record(order("huge", 10**15, customer="eve"))


@pytest.mark.parametrize("poison", [unreadable, too_much])
def test_one_customer_does_not_stop_the_others(poison: Callable[[Engine], None]) -> None:
    """What cannot be is refused and told; everybody else earns; a question about it finds nothing."""
    rich = Rule("rich", on(events("visited")), Grant("pts", 1), when=member.balance("pts") >= 0)
    rates = evolve(PROGRAMME, earning=[Earning("base", per_money(10**6, 100), vesting=AT_ONCE)])
    engine = shop(rich, club=Club(programmes=[rates]))
    poison(engine)
    engine.record([order("o1", 100), order("o2", 100, customer="eve"), Visited(id="v", customer="eve", at=NOW + 1)])
    engine.advance(NOW + DAY)
    assert available(engine) == 10**6
    assert made(engine, LedgerRefused, "eve")


def cashback(**more: Any) -> Programme:
    """Return a programme of cashback money: 3 % of what is paid."""
    base = Earning("back", per_money(3, 100), vesting=AT_ONCE)
    words = {"id": "cash", "unit": Unit.cashback("EUR"), "currency": "EUR", "earning": [base], "spending": SPENDING}
    return Programme(**words | more)  # type: ignore[arg-type]  # of any type


def test_one_programme_does_not_stop_the_other() -> None:
    """An order that one cannot count is refused under its name, and earns in the other, whichever comes first."""
    huge = evolve(PROGRAMME, earning=[Earning("base", per_money(10**6, 1), vesting=AT_ONCE)])
    for programmes in ([huge, cashback()], [cashback(), huge]):
        engine = shop(club=Club(programmes=programmes))
        engine.record(order("o1", 10**10))
        engine.advance(NOW + DAY)
        assert engine.cashier.balance("anna", "cashback-EUR", at=NOW + DAY).available == 3 * 10**8
        assert [(one.programme, one.unit, one.what) for one in made(engine, LedgerRefused)] == [
            ("club", "pts", "order_placed")
        ]
        assert engine.verify() == []


def test_an_account_that_cannot_be_read_keeps_no_date_from_the_other() -> None:
    """A yearly bonus of one programme is due although nobody can read the account of the other."""
    yearly = [YearlyBonus("spring", anchor=month_day(3, 2), amount=5)]
    engine = shop(club=Club(programmes=[evolve(PROGRAMME, yearly=yearly), cashback(yearly=yearly)]))
    unreadable(engine)
    engine.record(Visited(id="v", customer="eve", at=NOW + 1))
    engine.advance(NOW + 2 * DAY)
    assert engine.cashier.balance("eve", "cashback-EUR", at=NOW + 2 * DAY).available == 5


@pytest.mark.parametrize(("terms", "debt"), [({}, 0), ({"debt_limit": OWN_REVERSAL}, 300), ({"debt_limit": 100}, 100)])
def test_cashback_money_makes_no_debt_unless_somebody_says_so(terms: dict[str, Any], debt: int) -> None:
    """The shop bears what was spent and is taken back; for points the customer owes it."""
    for programme, unit, owed in ((cashback(), "cashback-EUR", debt), (PROGRAMME, "pts", debt if terms else 100)):
        engine = shop(club=Club(programmes=[evolve(programme, terms=Terms(**terms))]))
        engine.record(order("o1"))
        units = engine.cashier.balance("anna", unit, at=NOW + HOUR).available
        engine.cashier.hold("anna", unit, units, order="o2", at=NOW + HOUR)
        engine.record(order("o2", units, at=NOW + 2 * HOUR))
        engine.record(OrderRefunded(id="r", customer="anna", at=NOW + 3 * HOUR, order_id="o1"))
        assert engine.cashier.balance("anna", unit, at=NOW + DAY).debt == min(owed, units)
        engine.advance(NOW + DAY)
        assert engine.verify() == []


def test_an_order_that_is_known_goes_on_in_its_own_currency() -> None:
    """Refunds of old orders are taken when the programme has another one; a new order in the old one is not."""
    store = MemoryStore()
    before = evolve(PROGRAMME, spending=Spending(point_value=Fraction(100)))
    engine = shop(club=Club(programmes=[before]), store=store)
    engine.record(order("o0"))
    engine.cashier.hold("anna", "pts", 20, order="o1", at=NOW + HOUR)
    engine.record(order("o1", at=NOW + HOUR + 1))
    assert available(engine) == 160
    engine = shop(club=Club(programmes=[evolve(before, currency="USD")]), store=store)
    engine.record([OrderRefunded(id="r", customer="anna", at=NOW + DAY, order_id="o1"), order("o2", at=NOW + DAY)])
    engine.advance(NOW + 2 * DAY)
    assert available(engine) == 100
    assert engine.verify() == []
