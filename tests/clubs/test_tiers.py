"""What counts for a level, read from facts: orders, refunds, cancellations, lines, units, levels given by hand."""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retention_engine import loyalty as lo
from retention_engine.clubs import tiers as c
from retention_engine.errors import DefinitionError, FactError
from retention_engine.facts import (
    Customer,
    Fact,
    LedgerPosted,
    LevelSet,
    LevelUnset,
    Line,
    Order,
    OrderCancelled,
    OrderDelivered,
    OrderPaid,
    OrderPlaced,
    OrderRefunded,
    Registered,
    Returned,
)
from retention_engine.loyalty import tiers as t
from retention_engine.loyalty.tiers import walk
from retention_engine.money import Money
from retention_engine.predicates import item
from retention_engine.state import History, fold
from retention_engine.timing import DAY, days, to_instant

UTC = ZoneInfo("UTC")
LEVELS = (t.Level("Base", 0), t.Level("Silver", 100), t.Level("Gold", 1_000))
START = to_instant("2026-05-10T12:00:00Z")
LATER = START + 300 * DAY
POINTS = lo.Unit("pts")
ANNA = lo.Account("club", POINTS, "anna")
WHO: dict[str, Any] = {"customer": "anna"}


def tiers(metric: c.Metric, pending: int = 14, *, count_pending: bool = False, **options: Any) -> c.Tiers:
    """Return a declaration."""
    programme = t.TierProgramme(name="club", levels=LEVELS, count_pending=count_pending, **options)
    return c.Tiers(programme=programme, metric=metric, pending=days(pending))


def eur(amount: int) -> Money:
    """Return euros."""
    return Money(amount, "EUR")


def placed(
    name: str = "o", at: int = START, *, paid: bool = True, total: int | None = None, **prices: int
) -> OrderPlaced:
    """Return an order of a piece each of some categories: their prices."""
    lines = [Line(sku=each, category=each, price=eur(price)) for each, price in (prices or {"tea": 100}).items()]
    more = {} if total is None else {"total": eur(total)}
    return OrderPlaced.of(Order(id=name, customer="anna", at=at, lines=lines, **more), paid=paid)


def refund(
    amount: int | None, *skus: str, at: int = START + DAY, name: str = "r", learned: int | None = None
) -> OrderRefunded:
    """Return a refund of the order."""
    lines = tuple(Returned(sku=sku) for sku in skus)
    money = None if amount is None else eur(amount)
    return OrderRefunded(id=name, at=at, learned=learned, order_id="o", amount=money, lines=lines, **WHO)


def known(*facts: Fact) -> History:
    """Return what is known."""
    return fold(History("anna"), facts)


def counted(metric: c.Metric, *facts: Fact, at: int = LATER, **options: Any) -> int:
    """Return what counts in 2026."""
    steps = c.tier_steps(tiers(metric, **options), known(*facts), at if at < LATER else START + 200 * DAY, UTC)
    return steps[0][1].metric


SPEND = c.SpendMetric("EUR")
TEA = c.SpendMetric("EUR", item.category == "tea")


def test_spend_is_net_of_refunds_and_of_one_currency() -> None:
    """In part, in all, more than all; of another currency nothing."""
    assert counted(SPEND, placed()) == 100
    assert counted(SPEND, placed(), refund(30)) == 70
    assert counted(SPEND, placed(), refund(30), refund(30)) == 70
    assert counted(SPEND, placed(), refund(30), refund(90, name="r2")) == 0
    assert counted(SPEND, placed(), refund(None)) == 0
    assert counted(c.SpendMetric("RUB"), placed()) == 0
    other = OrderRefunded(id="r", at=START, order_id="o", amount=Money(5, "RUB"), **WHO)
    assert counted(SPEND, placed(), other) == counted(TEA, placed(tea=100), other) == 100


def test_an_order_counts_from_payment_until_it_is_cancelled() -> None:
    """And again when it is paid again; what is not paid is none."""
    paid, again = (OrderPaid(id=f"p{each}", at=START + each * DAY, order_id="o", **WHO) for each in (1, 5))
    cancelled = OrderCancelled(id="x", at=START + 3 * DAY, order_id="o", **WHO)
    order = placed(paid=False)
    assert counted(SPEND, order) == 0
    assert counted(SPEND, order, paid) == 100
    assert counted(SPEND, order, paid, cancelled) == 0
    assert counted(SPEND, order, paid, cancelled, again) == 100
    found = c.contributions(tiers(SPEND), known(order, paid, cancelled, again), LATER, UTC)
    assert [(one.known_at, one.placed_at, one.amount, one.counts_from) for one in found] == [
        (START + 1 * DAY, START, 100, START + 15 * DAY),
        (START + 3 * DAY, START, -100, START + 15 * DAY),
        (START + 5 * DAY, START, 100, START + 19 * DAY),
    ]


def test_the_return_window_opens_with_payment_or_delivery() -> None:
    """Late news count from when they are known; what is never delivered never counts."""

    def opens(declaration: c.Tiers, *facts: Fact) -> list[int | None]:
        return [one.counts_from for one in c.contributions(declaration, known(*facts), LATER, UTC)]

    delivered = OrderDelivered(id="d", at=START + 2 * DAY, order_id="o", **WHO)
    late = OrderDelivered(id="d", at=START + 2 * DAY, learned=START + 40 * DAY, order_id="o", **WHO)
    by_delivery = c.Tiers(programme=tiers(SPEND).programme, metric=SPEND, counts_from=c.CountsFrom.DELIVERED)
    assert opens(tiers(SPEND), placed(), delivered) == [START + 14 * DAY]
    assert opens(tiers(SPEND, 3), placed(), delivered) == [START + 3 * DAY]
    assert opens(by_delivery, placed()) == [None]
    assert opens(by_delivery, placed(), delivered) == [START + 16 * DAY]
    assert opens(by_delivery, placed(), late) == [START + 40 * DAY]


def test_eligible_lines_have_their_share() -> None:
    """Of a discount and of a refund without lines alike; a refund of pieces lowers their own share."""
    order = placed(tea=60, mug=40)
    assert counted(TEA, order) == 60
    assert counted(TEA, placed(tea=60, mug=40, total=50)) == 30
    assert counted(TEA, order, refund(10)) == 54
    assert counted(TEA, order, refund(40, "mug")) == 60
    assert counted(TEA, order, refund(60, "tea")) == 0
    assert counted(TEA, order, refund(40, "mug"), refund(30, "tea", name="r2")) == 30
    assert counted(TEA, order, refund(10, "hat")) == 54
    assert counted(TEA, order, refund(None)) == 0
    assert counted(TEA, placed(mug=5)) == counted(TEA, placed(tea=0, mug=0, total=9)) == 0
    assert counted(c.SpendMetric("EUR", item.category == "tea", item.price > 60), order) == 0
    assert counted(TEA, placed(tea=1, mug=2, total=2)) == 0, "two thirds of a cent are none"


def test_orders_are_counted_unless_returned_as_a_whole() -> None:
    """With conditions, those that have such a line."""
    metric = c.OrderMetric()
    assert counted(metric, placed(), placed("o2")) == 2
    assert counted(metric, placed(), refund(99)) == 1
    assert counted(metric, placed(), refund(100)) == 0
    assert counted(metric, placed(tea=0)) == 1
    teas = c.OrderMetric(item.category == "tea", item.quantity >= 1)
    assert counted(teas, placed(tea=1, mug=5), placed("o2", mug=5)) == 1


def test_a_custom_metric_is_asked_with_history_instant_and_zone() -> None:
    """What it says counts."""
    asked: list[tuple[Any, ...]] = []

    def reduce(history: History, at: int, where: ZoneInfo) -> Iterable[t.Contribution]:
        asked.append((history.customer, at, where))
        return [t.Contribution(START, START, 123, START)]

    steps = c.tier_steps(tiers(c.CustomMetric(reduce)), known(), START, UTC)
    assert (steps[0][1].metric, asked) == (123, [("anna", START, UTC)])


class Book:
    """A ledger that keeps what it has written."""

    def __init__(self) -> None:
        self.ledger = lo.Ledger()
        self.entries: list[lo.Entry] = []

    def post(self, command: lo.Command) -> Any:
        """Carry out a command and return the answer."""
        done = self.ledger.post(command)
        self.entries += done.entries
        return done.result

    def earn(self, key: str, amount: int, at: int = START, **more: Any) -> str:
        """Grant units and return the lot."""
        return str(self.post(lo.Earn(key=key, account=ANNA, at=at, amount=amount, **more))["lot"])


def posted(book: Book) -> list[Fact]:
    """Return what a ledger has written as facts."""
    found: list[Fact] = []
    for entry in book.entries:
        words = {"seq": entry.seq, "key": entry.key, "what": entry.kind, "entry": lo.to_json(entry)}
        found.append(
            LedgerPosted(id=f"l{entry.seq}", at=entry.at, programme="club", unit="pts", amount=0, **words, **WHO)
        )
    return found


EARNED = c.EarnedMetric("club", "pts")


def test_units_earned_less_those_taken_back() -> None:
    """At the instant of the activity, from vesting on; a reversal is one of its grant, whatever pays it."""
    ledger = Book()
    first = ledger.earn("a", 80, vests_at=START + 14 * DAY)
    ledger.earn("b", 40)
    assert counted(EARNED, *posted(ledger)) == 120
    ledger.post(lo.Reverse(key="c", account=ANNA, at=START + 20 * DAY, lot=first, amount=30))
    found = c.contributions(tiers(EARNED), known(*posted(ledger)), LATER, UTC)
    assert [(one.known_at, one.amount, one.counts_from) for one in found] == [
        (START, 80, START + 14 * DAY),
        (START, 40, START),
        (START + 20 * DAY, -30, START + 14 * DAY),
    ]
    assert c.contributions(tiers(c.EarnedMetric("club", "other")), known(*posted(ledger)), LATER, UTC) == ()


def test_units_that_wait_for_a_fact_count_when_it_is_known() -> None:
    """A vesting told late counts from then."""
    ledger = Book()
    lot = ledger.earn("a", 80, waits=True)
    assert counted(EARNED, *posted(ledger)) == 0
    ledger.post(lo.VestNow(key="v", account=ANNA, at=START + 9 * DAY, lot=lot))
    (one,) = c.contributions(tiers(EARNED), known(*posted(ledger)), LATER, UTC)
    assert one.counts_from == START + 9 * DAY


@settings(max_examples=40)
@given(st.randoms(use_true_random=True))
def test_tier_redeem(dice: random.Random) -> None:
    """Spending, expiry and debt change nothing; only grants and what is taken back of them do."""
    assert_redeem_changes_nothing(dice)


def assert_redeem_changes_nothing(dice: random.Random) -> int:
    """Compare a customer who spends with one who does not; return how much was spent."""
    saver, spender, spent = Book(), Book(), 0
    for number in range(8):
        at, amount = START + number * 10 * DAY, dice.randrange(1, 300)
        end = at + dice.randrange(5, 100) * DAY
        lots = [each.earn(f"e{number}", amount, at, validity=lo.Until(end)) for each in (saver, spender)]
        available = spender.ledger.balance(ANNA, at).available
        if available and dice.randrange(3):
            spent += (redeemed := dice.randrange(available) + 1)
            spender.post(lo.Redeem(key=f"r{number}", account=ANNA, at=at, amount=redeemed))
        if dice.randrange(4) == 0:
            for ledger, lot in zip((saver, spender), lots, strict=True):
                ledger.post(lo.Reverse(key=f"x{number}", account=ANNA, at=at + DAY, lot=lot, amount=amount))
    shown = [c.tier_steps(tiers(EARNED), known(*posted(each)), START, UTC) for each in (saver, spender)]
    later = [c.tier_steps(tiers(EARNED), known(*posted(each)), LATER, UTC) for each in (saver, spender)]
    assert shown[0] == shown[1]
    assert later[0] == later[1]
    return spent


def test_b10_a_redemption_is_no_spend() -> None:
    """https://github.com/PrimeOpt/POSpire/issues/75"""
    ledger = Book()
    ledger.earn("a", 99)
    ledger.post(lo.Redeem(key="r", account=ANNA, at=START, amount=99))
    assert counted(EARNED, *posted(ledger)) == 99
    assert c.tier_steps(tiers(EARNED), known(*posted(ledger)), LATER, UTC)[0][1].level.name == "Base"


def redeemed_counts(entries: Iterable[lo.Entry]) -> list[t.Contribution]:
    """X27: the rows of a redemption are counted like those of a grant."""
    moved = [(entry, change) for entry in entries for change in entry.changes if hasattr(change, "amount")]
    return [t.Contribution(entry.at, entry.at, change.amount, entry.at) for entry, change in moved]


def balance_counts(entries: Iterable[lo.Entry]) -> list[t.Contribution]:
    """X27: the tier follows the balance."""
    found = []
    for entry in entries:
        for change in entry.changes:
            amount = change.lot.issued if hasattr(change, "lot") and hasattr(change.lot, "issued") else 0
            amount -= getattr(change, "amount", 0)
            found.append(t.Contribution(entry.at, entry.at, amount, entry.at))
    return found


@pytest.mark.parametrize("fault", [redeemed_counts, balance_counts])
def test_x27_is_found(fault: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the law above."""
    assert sum(assert_redeem_changes_nothing(random.Random(seed)) > 0 for seed in range(20)) >= 10
    monkeypatch.setattr(c, "_earned", fault)
    with pytest.raises(AssertionError):
        [assert_redeem_changes_nothing(random.Random(seed)) for seed in range(20)]


def given_by_hand(level: str, at: int, until: int | None = None, name: str = "s", **more: Any) -> LevelSet:
    """Return a level given by hand."""
    return LevelSet(
        id=name, at=at, programme=more.pop("programme", "club"), level=level, until=until, reason="gift", **more, **WHO
    )


def names(*facts: Fact, at: int = START) -> list[tuple[int, str]]:
    """Return the level as steps, in days from the start."""
    steps = c.tier_steps(tiers(SPEND), known(*facts), at, UTC)
    return [((max(when, START) - START) // DAY, name) for when, name in t.told(steps, lambda each: each.level.name)]


def test_levels_given_by_hand() -> None:
    """For a while or until they are taken back; of another programme, or unknown, or to come: nothing."""
    assert names(given_by_hand("Gold", START, START + 7 * DAY)) == [(0, "Gold"), (7, "Base")]
    assert names(given_by_hand("Gold", START)) == [(0, "Gold")]
    taken = LevelUnset(id="u", at=START + 3 * DAY, programme="club", reason="mistake", **WHO)
    both = (given_by_hand("Gold", START), taken)
    assert names(*both) == names(*reversed(both)) == [(0, "Gold")]
    assert names(*both, at=START + 3 * DAY) == [(3, "Base")]
    again = given_by_hand("Silver", START + 5 * DAY, name="s2")
    assert names(*both, again, at=START + 6 * DAY) == [(5, "Silver")]
    assert (
        names(given_by_hand("Gold", START, programme="vip")) == names(given_by_hand("Diamond", START)) == [(0, "Base")]
    )
    late = given_by_hand("Gold", START, learned=START + 2 * DAY)
    assert names(late) == [(0, "Base")]
    assert names(late, at=START + 2 * DAY) == [(2, "Gold")]


def test_a_level_needs_a_reason() -> None:
    """Those who ask why get an answer."""
    with pytest.raises(FactError, match="reason is a printable text"):
        LevelSet(id="s", at=0, programme="club", level="Gold", reason="", **WHO)


def test_years_of_membership_begin_with_registration() -> None:
    """Or with the first fact, or (without any) on a day of its own."""
    yearly = tiers(SPEND, window=t.Anniversary(), count_pending=True)
    profile = Customer(id="anna", registered=to_instant("2020-02-29T10:00:00Z"))
    facts = [Registered.of(profile), placed(tea=1_000)]
    steps = c.tier_steps(yearly, known(*facts), START, UTC)
    assert steps[0][1].valid_until == to_instant("2028-02-29T00:00:00Z")
    steps = c.tier_steps(yearly, known(placed(tea=1_000)), START, UTC)
    assert steps[0][1].valid_until == to_instant("2028-05-10T00:00:00Z")
    assert c.tier_steps(yearly, known(), START, UTC)[0][1].level.name == "Base"


def test_rewards_of_levels() -> None:
    """Once, with a key."""
    (one,) = c.tier_rewards(tiers(SPEND), known(placed(tea=1_000)), LATER, UTC)
    assert (one.level, one.period, one.at) == ("Gold", "2026-01-01", START + 14 * DAY)
    assert one.key.startswith("tier:Gold:2026-01-01:")
    assert c.tier_rewards(tiers(SPEND), known(placed(tea=1_000)), START + 13 * DAY, UTC) == []


def test_declarations_are_checked() -> None:
    """Where they are written; what is hardly meant is told."""
    with pytest.raises(DefinitionError, match="metric is one of SpendMetric"):
        tiers("spend")  # type: ignore[arg-type]  # the fault
    with pytest.raises(DefinitionError, match="conditions such as"):
        c.SpendMetric("EUR", "tea")  # type: ignore[arg-type]  # the fault
    with pytest.raises(FactError, match="three capital letters"):
        c.SpendMetric("euro")
    with pytest.raises(DefinitionError, match="did you mean 'category'"):
        c.OrderMetric(item.categry == "tea")
    assert tiers(SPEND).check() == []
    assert len(tiers(SPEND, pending=31).check()) == 1


@settings(max_examples=60)
@given(st.randoms(use_true_random=True))
def test_tier_rebuild_from_facts(dice: random.Random) -> None:
    """Any order and repetition; what becomes known later changes no past answer; the parts sum to the whole."""
    order = placed(paid=bool(dice.randrange(2)), tea=dice.randrange(200), mug=dice.randrange(200))
    facts: list[Fact] = [order]
    for number in range(dice.randrange(6)):
        at = START + dice.randrange(20) * DAY
        learned = at + dice.choice([0, 0, 5]) * DAY
        common: dict[str, Any] = {"id": f"f{number}", "at": at, "learned": learned, "order_id": "o", "customer": "anna"}
        make = dice.choice([OrderPaid, OrderPaid, OrderCancelled, OrderDelivered, None])
        amount = dice.choice([None, 1, 50, 500])
        facts.append(refund(amount, at=at, learned=learned, name=f"f{number}") if make is None else make(**common))
    shuffled = [*facts, *dice.sample(facts, 1)]
    dice.shuffle(shuffled)
    for metric in (SPEND, TEA, c.OrderMetric()):
        declaration = tiers(metric)
        history = known(*facts)
        assert c.contributions(declaration, known(*shuffled), LATER, UTC) == c.contributions(
            declaration, history, LATER, UTC
        )
        at = START + dice.randrange(40) * DAY
        early = known(*(fact for fact in facts if fact.effective <= at))
        assert c.tier_steps(declaration, history, at, UTC) == c.tier_steps(declaration, early, at, UTC)
        whole = walk.Walk(
            declaration.programme, c.contributions(declaration, history, LATER, UTC), at=LATER, joined=c._UNKNOWN
        )
        past = [standing for since, standing in whole.run(-(2**61)) if since <= at][-1]
        assert past == c.tier_steps(declaration, history, at, UTC)[0][1]
    if history.records("orders"):
        assert counted(SPEND, *facts, count_pending=True) == history.records("orders")[0].total
