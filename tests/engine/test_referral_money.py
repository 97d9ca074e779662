"""A referral asks for money: what units paid of the friend's order is no money, whoever looks, whenever time is cut."""

from __future__ import annotations

from contextlib import suppress
from fractions import Fraction
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from retention_engine import Customer, Engine, Money, Order, item
from retention_engine import facts as f
from retention_engine.clubs import Bonus, Club, Programme, ReferralProgramme, covering
from retention_engine.clubs.friend_orders import purchases
from retention_engine.engine import referring
from retention_engine.errors import LedgerError
from retention_engine.facts import to_json
from retention_engine.loyalty import Redeem, Unit, Void
from retention_engine.loyalty.earning import Spending
from retention_engine.loyalty.referrals import ReferralLinks, UnitsReward
from retention_engine.timing import DAY, HOUR, MINUTE, to_instant

START = to_instant("2026-01-01T00:00:00Z")
LINKS = ReferralLinks("friends", b"k" * 32)
PTS, CASH, GEMS = Unit("pts"), Unit.cashback("EUR"), Unit("gems")
LEAST = 3_000


def programme(unit: Unit, start: int, value: int | None, currency: str = "EUR") -> Programme:
    """Return a programme that gives units at the sign-up."""
    spending = None if value is None else Spending(point_value=Fraction(value))
    bonus = Bonus("signup", on="registered", amount=start)
    return Programme(id=f"of-{unit.code}", unit=unit, currency=currency, bonuses=[bonus], spending=spending)


CLUB = Club(
    programmes=[programme(PTS, 100, 100), programme(CASH, 5_000, 1), programme(GEMS, 100, None)],
    referrals=[
        ReferralProgramme(
            id="friends", advocate=UnitsReward(PTS, 7), friend=UnitsReward(PTS, 3), order=[item.total >= LEAST]
        )
    ],
)


def joined(*, late: bool = False) -> list[f.Fact]:
    """Return the facts by which ann brings carl; ``late``: it becomes known later whose link it was."""
    link = f.ReferralLinked.of("friends", "ann", LINKS.token("ann"), at=START + (5 if late else 1) * DAY)
    touched = f.ReferralTouched.of("friends", "carl", LINKS.token("ann"), at=START + 2 * DAY)
    return [link, touched, *(f.Registered.of(Customer(id=who, registered=START + 2 * DAY)) for who in ("ann", "carl"))]


def shop(*, late: bool = False) -> Engine:
    """Return a shop that ann has brought carl to."""
    engine = Engine([], club=CLUB, since=START)
    engine.record(joined(late=late))
    return engine


def order(total: int, day: float, name: str = "c1", currency: str = "EUR", *, paid: bool = True) -> f.Fact:
    """Return an order of carl."""
    made = Order(id=name, customer="carl", at=START + int(day * DAY), total=Money(total, currency))
    return f.OrderPlaced.of(made, paid=paid)


def about(kind: Any, day: float, **more: Any) -> f.Fact:
    """Return something about the order."""
    made: f.Fact = kind(id=f"{kind.KIND}:{day}", customer="carl", at=START + int(day * DAY), order_id="c1", **more)
    return made


def rewards(engine: Engine, day: int = 60) -> tuple[int, int]:
    """Return what both sides have of the referral at last, advocate first."""
    engine.advance(START + day * DAY)
    found = []
    for who in ("ann", "carl"):
        state = engine.cashier.state(who, "pts", at=START + day * DAY)
        lots = (lot for name, lot in state.lots.items() if name.startswith("ref:"))
        found.append(sum(lot.lot.issued - state.grants[lot.lot.id].reversed for lot in lots))
    return found[0], found[1]


Holds = list[tuple[str, int]]
HELD: list[tuple[Holds, int, bool]] = [
    ([], 3_000, True),
    ([("pts", 100)], 10_000, False),
    ([("pts", 20)], 4_000, False),
    ([("pts", 10)], 4_000, True),
    ([("pts", 20), ("pts", 10)], 4_000, True),
    ([("pts", 10), ("cashback-EUR", 1_000)], 5_000, True),
    ([("pts", 10), ("cashback-EUR", 1_001)], 5_000, False),
    ([("pts", 100)], 3_000, False),
    ([("gems", 100)], 3_000, True),
]


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize(("holds", "total", "brings"), HELD, ids=str)
def test_only_money_brings_a_reward(holds: Holds, total: int, brings: bool, late: bool) -> None:
    """Units of any programme that pays for orders count; of the last hold, if it was changed; known early or late."""
    engine = shop(late=late)
    for number, (unit, amount) in enumerate(holds):
        at = START + 3 * DAY + number * MINUTE
        if unit == "gems":
            account = engine.cashier.account("carl", unit)
            engine.cashier.do(Redeem(key="g", account=account, at=at, amount=amount, purpose="c1"))
        else:
            engine.cashier.hold("carl", unit, amount, order="c1", at=at)
    engine.record(order(total, 3.01))
    assert rewards(engine) == ((7, 3) if brings else (0, 0))
    assert engine.verify() == []


def test_what_was_held_for_another_order_or_currency_is_not_counted() -> None:
    """Nor what was given free again before the payment."""
    engine = shop()
    cashier = engine.cashier
    cashier.hold("carl", "pts", 50, order="c2", at=START + 3 * DAY)
    held = cashier.hold("carl", "pts", 30, order="c1", at=START + 3 * DAY).result["hold"]
    void = Void(key="v", account=cashier.account("carl", "pts"), at=START + 3 * DAY + HOUR // 2, hold=str(held))
    cashier.do(void)
    engine.record(order(LEAST, 3.03))
    assert rewards(engine) == (7, 3)
    told = {"id": "x", "customer": "carl", "at": START, "programme": "friends", "friend": "carl"}
    cover = f.ReferralCovered(**told, order="c1", account="club/pts", seq=1, amount=Money(100, "USD"))
    assert [each.covered for each in purchases([order(LEAST, 3)], [cover])] == [0]
    assert [each.covered for each in purchases([order(LEAST, 3, currency="USD")], [cover])] == [100]


def test_what_goes_back_is_money_and_units_in_proportion() -> None:
    """40.00 in money and 10.00 in points: after 12.50 went back 30.00 of money are left, after one cent more not."""
    for back, brings in ((1_250, True), (1_251, False)):
        engine = shop()
        engine.cashier.hold("carl", "pts", 10, order="c1", at=START + 3 * DAY)
        engine.record([order(5_000, 3.01), about(f.OrderRefunded, 5, amount=Money(back, "EUR"))])
        assert rewards(engine) == ((7, 3) if brings else (0, 0))


def test_paid_again_it_is_what_was_held_since_then() -> None:
    """Where nothing was, it spends what it spent before."""
    for held, units, brings in (([], 0, True), ([3.0], 20, False), ([3.0, 4.5], 1, True), ([4.5], 20, False)):
        engine = shop()
        back = about(f.OrderRefunded, 6, amount=Money(2_400, "EUR"))
        engine.record([order(5_500, 3.01), about(f.OrderCancelled, 4), about(f.OrderPaid, 4.51), back])
        for day in held:
            at = START + int(day * DAY)
            engine.cashier.hold("carl", "pts", units if day == held[-1] else 20, order="c1", at=at)
        assert rewards(engine) == ((7, 3) if brings else (0, 0))


def test_an_order_that_is_paid_later_counts_what_is_held_for_it_by_then() -> None:
    """Placed, then the units, then the money."""
    engine = shop()
    engine.record(order(4_000, 3, paid=False))
    engine.cashier.do(
        Redeem(key="r", account=engine.cashier.account("carl", "pts"), at=START + 4 * DAY, amount=20, purpose="c1")
    )
    engine.record(about(f.OrderPaid, 5))
    assert rewards(engine) == (0, 0)


MOVES = st.lists(
    st.tuples(
        st.integers(3 * 24, 20 * 24),
        st.sampled_from(("hold", "hold", "redeem", "order", "order", "paid", "cancel", "refund", "look")),
        st.sampled_from((1, 5, 10, 30)),
    ),
    max_size=8,
    unique_by=lambda move: move[0],
).map(sorted)
CUTS = st.lists(st.integers(2 * 24, 50 * 24), max_size=3)


def lived(
    moves: list[tuple[int, str, int]], cuts: list[int], *, mixed: bool = False, ahead: bool = True
) -> tuple[list[str], Any]:
    """Return everybody's facts after a life of carl, and the rewards.

    Args:
        mixed: what happens is recorded in the opposite order.
        ahead: the engine is advanced before anything is done at the counter.
    """
    engine = shop()
    waiting: list[f.Fact] = []
    for hour, kind, number in sorted([*moves, *((cut, "look", 0) for cut in cuts)]):
        at, day = START + hour * HOUR, hour / 24
        told: dict[str, Any] = {
            "order": lambda day=day, number=number: order(number * 500, day),
            "paid": lambda day=day: about(f.OrderPaid, day),
            "cancel": lambda day=day: about(f.OrderCancelled, day),
            "refund": lambda day=day, number=number: about(f.OrderRefunded, day, amount=Money(number * 100, "EUR")),
        }
        if kind in told:
            fact = told[kind]()
            waiting += [fact] if all(each.id != fact.id for each in waiting) else []
    for fact in reversed(waiting) if mixed else waiting:
        engine.record(fact)
    for hour, kind, number in sorted([*moves, *((cut, "look", 0) for cut in cuts)]):
        at = START + hour * HOUR
        if kind == "look" or (ahead and kind in ("hold", "redeem")):
            engine.advance(at)
        with suppress(LedgerError):
            if kind == "hold":
                engine.cashier.hold("carl", "pts", number, order="c1", at=at)
            elif kind == "redeem":
                account = engine.cashier.account("carl", "pts")
                engine.cashier.do(Redeem(key=f"r{hour}", account=account, at=at, amount=number, purpose="c1"))
    found = rewards(engine)
    assert engine.verify() == []
    facts = engine.store.facts.of(["ann", "carl"])
    return sorted(to_json(fact) for each in facts.values() for fact in each), found


@settings(max_examples=60)
@given(MOVES, CUTS)
def test_both_sides_agree_however_time_is_cut(moves: list[tuple[int, str, int]], cuts: list[int]) -> None:
    """The same facts, byte by byte, in whatever order they were recorded; and both get something, or nobody does."""
    facts, found = lived(moves, [])
    assert found in ((7, 3), (0, 0))
    assert lived(moves, cuts) == (facts, found)
    assert lived(moves, [], mixed=True) == (facts, found)


def test_what_orders_spend_is_left_out() -> None:
    """It follows from what was held, and is known only when somebody has looked: at the counter, or at an advance."""
    moves, cuts = [(72, "hold", 10), (73, "order", 10), (75, "redeem", 5)], [74]

    def covers(cuts: list[int]) -> list[str]:
        return [text for text in lived(moves, cuts, ahead=False)[0] if '"referral_covered"' in text]

    assert covers(cuts) == covers([])
    assert len(covers([])) == 4
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(covering, "ReconcileOrder", type("Nothing", (), {"KIND": ""}))
        assert covers(cuts) != covers([])


def test_the_law_bites() -> None:
    """An advocate who is not told of the units is paid for an order without money."""
    moves = [(72, "hold", 30), (73, "order", 10)]
    assert lived(moves, [])[1] == (0, 0)
    with pytest.MonkeyPatch.context() as patch:
        tell = referring.told
        patch.setattr(
            referring, "told", lambda one, cause: None if isinstance(cause, f.ReferralCovered) else tell(one, cause)
        )
        assert lived(moves, [])[1] == (7, 0)


def test_an_account_that_cannot_be_read_stops_nobody() -> None:
    """An entry of a later version pays nothing: ``verify`` tells of it."""
    engine = shop()
    engine.cashier.hold("carl", "pts", 10, order="c1", at=START + 3 * DAY)
    facts = engine.store.facts.of(["carl"])["carl"]
    broken = [evolve(fact, entry="{}") if isinstance(fact, f.LedgerPosted) else fact for fact in facts]
    assert covering.coverings(CLUB.programmes, broken, {fact.id for fact in facts}) == []
