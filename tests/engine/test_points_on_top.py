"""Points on top: a promotion of the stack ``points`` gives them when the order is paid, and takes them back with it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retention_engine import Engine, Line, Money, Order
from retention_engine import facts as f
from retention_engine.clubs import Checkout, Club, Earning, Programme, Promotion, club, per_money, points_on_top
from retention_engine.facts import to_json
from retention_engine.loyalty import AT_ONCE, Adjust, Lasts, Unit, Vesting, statement
from retention_engine.loyalty.codes import CodeKeys, Gift, Percent
from retention_engine.timing import DAY, HOUR, days, to_instant

START = to_instant("2026-01-01T00:00:00Z")
LINES = [Line(sku="tea", price=Money(4_000, "EUR"))]
SOON, LATER = Vesting(after=days(3)), Vesting(start="delivered", after=days(1))


def shop(*vesting: Vesting, launched: int = START, **more: Any) -> Engine:
    """Return a shop whose promotion gives 100 points on top of an order."""
    rules = [Earning(f"r{n}", per_money(1, 1_000), vesting=one) for n, one in enumerate(vesting)]
    lasts = Lasts(span=days(50))
    points = Programme(id="club", unit=Unit("pts"), currency="EUR", earning=rules, grants_last=lasts)
    other = Programme(id="other", unit=Unit("gems"), currency="EUR")
    words = {"id": "p", "stack": "points", "discount": Gift("pts", 100), "vanity": ["TOP"]} | more
    club = Club(
        programmes=[other, points], promotions=[Promotion(**words)], keys=CodeKeys({"a": b"k" * 32}, current="a")
    )
    return Engine([], club=club, since=launched)


def held(engine: Engine, name: str = "o1", customer: str = "anna", at: int = START + DAY) -> None:
    """Let an order hold the code."""
    checkout = Checkout(order=name, customer=customer, lines=LINES)
    assert engine.codes.hold(checkout, ["TOP"], at=at).applied


def order(at: int, name: str = "o1", *, paid: bool = True) -> f.Fact:
    """Return an order of anna."""
    return f.OrderPlaced.of(Order(id=name, customer="anna", at=at, lines=LINES), paid=paid)


def about(kind: Any, at: int, **more: Any) -> f.Fact:
    """Return something about it."""
    made: f.Fact = kind(id=f"{kind.KIND}:{at}", customer="anna", at=at, order_id="o1", **more)
    return made


def on_top(engine: Engine, at: int, customer: str = "anna") -> int:
    """Return the points on top that were granted and not taken back."""
    state = engine.cashier.state(customer, "pts", at=at)
    lots = [stock.lot for stock in state.lots.values() if stock.lot.source.startswith("code:")]
    return sum(lot.issued - state.grants[lot.id].reversed for lot in lots)


@pytest.mark.parametrize(
    ("vesting", "at"), [([AT_ONCE], 0), ([AT_ONCE, SOON], 3 * DAY), ([], 14 * DAY)], ids=["now", "last", "none"]
)
def test_they_vest_with_the_last_of_what_the_order_earns(vesting: list[Vesting], at: int) -> None:
    """Without rules after two weeks; from then on they last as grants of rules do; the statement says what for."""
    engine, paid = shop(*vesting), START + DAY + HOUR // 2
    held(engine)
    assert on_top(engine, paid - 1) == 0
    engine.record(order(paid))
    engine.advance(START + 20 * DAY)
    state = engine.cashier.state("anna", "pts", at=START + 20 * DAY)
    (line,) = [one for one in statement(state) if one.source == "code:p:o1"]
    assert (line.issued, line.earned_at, line.vests_at) == (100, paid, paid + at)
    assert line.expires_at == paid + at + 50 * DAY
    assert "100 earned: promo code" in engine.cashier.why("anna", "pts", at=START + 20 * DAY)
    assert "100 начислено: промокод" in engine.cashier.why("anna", "pts", at=START + 20 * DAY, language="ru")
    assert engine.cashier.balance("anna", "gems", at=START + 20 * DAY).available == 0
    assert engine.verify() == []


def test_they_wait_for_what_the_rules_wait_for() -> None:
    """A day after the delivery."""
    engine = shop(AT_ONCE, LATER)
    held(engine)
    engine.record([order(START + DAY), about(f.OrderDelivered, START + 9 * DAY)])
    assert engine.cashier.balance("anna", "pts", at=START + 8 * DAY).pending == 104
    assert engine.cashier.balance("anna", "pts", at=START + 10 * DAY).available == 108
    engine.record(about(f.OrderDelivered, START + 11 * DAY))
    engine.advance(START + 12 * DAY)
    assert engine.cashier.balance("anna", "pts", at=START + 12 * DAY).available == 108


OFF = [
    [about(f.OrderCancelled, START + 5 * DAY)],
    [about(f.OrderRefunded, START + 5 * DAY)],
    [about(f.OrderRefunded, START + (4 + n) * DAY, amount=Money(2_000, "EUR")) for n in range(2)],
]


@pytest.mark.parametrize("off", OFF, ids=["cancelled", "refunded", "halves"])
@pytest.mark.parametrize("policy", ["always", "never", "before_fulfilment"])
@pytest.mark.parametrize("vesting", [AT_ONCE, Vesting(), LATER], ids=["spendable", "pending", "waiting"])
def test_they_go_with_the_order(off: list[f.Fact], policy: str, vesting: Vesting) -> None:
    """Whatever becomes of the code; a part of the order leaves them."""
    engine = shop(vesting, cancel=policy)
    held(engine)
    engine.record([order(START + DAY), about(f.OrderShipped, START + 2 * DAY)])
    engine.record(about(f.OrderRefunded, START + 3 * DAY, amount=Money(1, "EUR")))
    assert on_top(engine, START + 3 * DAY) == 100
    engine.record(off)
    assert on_top(engine, START + 6 * DAY) == 0
    engine.advance(START + 7 * DAY)
    assert on_top(engine, START + 7 * DAY) == 0
    assert engine.verify() == []


def test_paid_again_they_come_again() -> None:
    """With the code, which the order uses again."""
    for policy in ("always", "never"):
        engine = shop(AT_ONCE, cancel=policy)
        held(engine)
        engine.record(
            [order(START + DAY), about(f.OrderCancelled, START + 2 * DAY), about(f.OrderPaid, START + 3 * DAY)]
        )
        assert [on_top(engine, START + day * DAY) for day in (1, 2, 3)] == [100, 0, 100]


def test_they_belong_to_the_customer_of_the_order() -> None:
    """And not to whom the code was given."""
    engine = shop(AT_ONCE, vanity=(), bound=False)
    text = engine.codes.issue("p", "bob", "july", at=START)
    checkout = Checkout(order="o1", customer="anna", lines=LINES)
    assert engine.codes.hold(checkout, [text], at=START + DAY).applied
    engine.record(order(START + DAY))
    engine.advance(START + 2 * DAY)
    assert (on_top(engine, START + 2 * DAY), on_top(engine, START + 2 * DAY, "bob")) == (100, 0)


def test_a_code_that_is_captured_by_hand_gives_them() -> None:
    """As soon as the order is recorded as paid; not once more by another word on its payment."""
    engine = shop(AT_ONCE)
    held(engine)
    engine.codes.capture("o1", at=START + DAY)
    assert on_top(engine, START + 2 * DAY) == 0
    engine.record([order(START + DAY - 1, paid=False), about(f.OrderPaid, START + DAY - 1)])
    assert on_top(engine, START + 2 * DAY) == 100
    engine.record(
        [
            about(f.OrderPaid, START + 3 * DAY),
            f.Event(id="e", customer="anna", at=START + 4 * DAY, name="packed", data={"order": "o1"}),
        ]
    )
    engine.advance(START + 5 * DAY)
    assert on_top(engine, START + 5 * DAY) == 100
    engine.codes.void("o1", at=START + 6 * DAY)
    assert on_top(engine, START + 6 * DAY) == 0
    engine.codes.capture("o1", at=START + 7 * DAY)
    assert on_top(engine, START + 7 * DAY) == 100


def test_what_was_done_at_the_counter_is_not_done_again() -> None:
    """The counter looked at the payment and the cancellation, before any advance comes by the payment."""
    engine = shop(AT_ONCE, cancel="never")
    held(engine)
    engine.record([order(START + DAY), about(f.OrderCancelled, START + 2 * DAY)])
    account = engine.cashier.account("anna", "pts")
    engine.cashier.do(Adjust(key="a", account=account, at=START + 3 * DAY, amount=5, reason="sorry"))
    engine.advance(START + 4 * DAY)
    facts = engine.store.facts.of(["anna"])["anna"]
    posted = [fact.what for fact in facts if isinstance(fact, f.LedgerPosted) and fact.what != "order"]
    assert posted == ["earn", "reverse", "adjust"]


def test_orders_of_former_times_bring_nothing() -> None:
    """What is told later of an order from before the launch is no reason."""
    engine = shop(AT_ONCE, launched=START + 5 * DAY)
    held(engine)
    engine.record([order(START + DAY), about(f.OrderDelivered, START + 6 * DAY), about(f.OrderPaid, START + 7 * DAY)])
    engine.advance(START + 8 * DAY)
    assert on_top(engine, START + 8 * DAY) == 0


def test_an_item_on_top_is_for_the_shop() -> None:
    """No account has a unit for it; a discount brings no points."""
    assert Promotion(id="p", discount=Gift("mug", 2)).on_top == (None, 0)
    assert Promotion(id="p", discount=Percent(5)).on_top == (None, 0)


MOVES = st.lists(
    st.tuples(
        st.integers(25, 12 * 24),
        st.sampled_from(
            (f.OrderPaid, f.OrderPaid, f.OrderCancelled, f.OrderCancelled, f.OrderRefunded, f.OrderDelivered)
        ),
        st.sampled_from((None, 2_000, 1_500)),
    ),
    max_size=6,
    unique_by=lambda move: move[0],
).map(lambda moves: sorted(moves, key=lambda move: move[0]))
Moves = list[tuple[int, Any, int | None]]
END = START + 40 * DAY


def lived(vesting: Vesting, moves: Moves, cuts: list[int], *, mixed: bool = False) -> tuple[list[str], int]:
    """Return the facts of a life of one order, and the points on top at its end."""
    engine = shop(vesting, cancel="always")
    held(engine)
    told = [order(START + DAY, paid=False)]
    for hour, kind, amount in moves:
        more = {"amount": amount and Money(amount, "EUR")} if kind is f.OrderRefunded else {}
        told.append(about(kind, START + hour * HOUR, **more))
    for fact in reversed(told) if mixed else told:
        engine.record(fact)
    for cut in [*sorted(cuts), (END - START) // HOUR]:
        engine.advance(START + cut * HOUR)
    assert engine.verify() == []
    return sorted(map(to_json, engine.store.facts.of(["anna"])["anna"])), on_top(engine, END)


def expected(moves: Moves) -> int:
    """Return the points on top, told move by move: paid, and neither cancelled nor paid back since."""
    paid = off = False
    back = 0
    for _, kind, amount in moves:
        if kind is f.OrderPaid:
            back = 0 if off else back
            paid, off = True, False
        elif kind is f.OrderCancelled:
            off = True
        elif kind is f.OrderRefunded:
            back += 4_000 if amount is None else amount
    return 100 if paid and not off and back < 4_000 else 0


@settings(max_examples=60)
@given(st.sampled_from((AT_ONCE, SOON, LATER)), MOVES, st.lists(st.integers(24, 30 * 24), max_size=3))
def test_they_are_there_while_the_order_counts(vesting: Vesting, moves: Moves, cuts: list[int]) -> None:
    """The same facts, byte by byte, however time is cut; the same points, whatever was recorded first."""
    facts, found = lived(vesting, moves, [])
    assert found == expected(moves)
    assert lived(vesting, moves, cuts) == (facts, found)
    assert lived(vesting, moves, [], mixed=True)[1] == found


def test_the_law_bites() -> None:
    """Who asks the code alone leaves the points of an order that was sent and then cancelled."""
    moves: Moves = [(25, f.OrderPaid, None), (30, f.OrderRefunded, None), (40, f.OrderPaid, None)]
    assert lived(AT_ONCE, moves, [])[1] == expected(moves) == 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(points_on_top.OrderDraft, "is_returned", property(lambda draft: False))
        assert lived(AT_ONCE, moves, [])[1] == 100
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(club, "gift_commands", lambda *_, **__: ())
        assert lived(AT_ONCE, moves[:1], [])[1] == 0 != expected(moves[:1])
