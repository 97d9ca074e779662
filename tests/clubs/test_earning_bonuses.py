"""Points for anything but orders, gifts, and what a cart would earn: from facts to commands."""

from __future__ import annotations

from contextlib import nullcontext
from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest

from retention_engine import facts as f
from retention_engine import loyalty as lo
from retention_engine.clubs.bonuses import Bonus, YearlyBonus, due_bonuses
from retention_engine.clubs.earning import Earning, per_money
from retention_engine.clubs.preview import gift_command, preview
from retention_engine.clubs.programme import due_commands
from retention_engine.clubs.spending import Gift
from retention_engine.errors import DefinitionError, LedgerError
from retention_engine.loyalty.earning import Limit, Spending
from retention_engine.predicates import customer, item, month_day, orders
from retention_engine.state import apply
from retention_engine.timing import DAY, days, local_days, to_instant, to_text, zone
from retention_engine.view import View
from tests.clubs._till import CENTS, Till, eur, line, programme

REVIEW = Bonus("review", on="reviewed", amount=50, where=[item.score >= 4])


def reviewed(number: int, score: int = 5, at: int = 0) -> f.Reviewed:
    """Return a review."""
    return f.Reviewed(id=f"{number}", customer="anna", at=at or number, score=score, sku="A")


def test_a_fact_earns_its_bonus_once() -> None:
    """B6: told twice, and under another version of the rule, it is one bonus."""
    till = Till(programme(bonuses=[REVIEW]))
    (found,) = till.take(reviewed(1))
    assert found == {"lot": "review:1/0", "granted": 50, "settled": 0}
    till.programme = programme(bonuses=[Bonus("review", on="reviewed", amount=70, version=2)])
    assert till.take(reviewed(1)) == []
    assert till.take(reviewed(2))[0]["granted"] == 70
    assert {stock.lot.source for stock in till.state.lots.values()} == {"review@1:review:1", "review@2:review:2"}


NPS = Bonus("nps", on="answered", amount=5, where=[item.survey == "nps"])
FACTS: list[tuple[Bonus, f.Fact, bool]] = [
    (REVIEW, reviewed(1, 3), False),
    (NPS, f.Answered(id="a", customer="anna", at=1, survey="nps"), True),
    (NPS, f.Answered(id="a", customer="anna", at=1, survey="x"), False),
    (
        Bonus("news", on="consent_given", amount=5, where=[item.topic == "news"]),
        f.ConsentGiven(id="a", customer="anna", at=1, channel="email", topic="news", source="form"),
        True,
    ),
    (Bonus("hello", on="registered", amount=5), f.Registered.of(f.Customer(id="anna", registered=1)), True),
    (Bonus("friend", on="referred", amount=5), f.Referred(id="a", customer="anna", at=1, friend="bob"), True),
    (
        Bonus("wheel", on="spun", amount=5, where=[item.prize == "mug"]),
        f.Event(id="a", customer="anna", at=1, name="spun", data={"prize": "mug"}),
        True,
    ),
    (Bonus("new", on="reviewed", amount=5, when=orders.exists()), reviewed(1), False),
    (Bonus("new", on="reviewed", amount=5, when=~orders.exists()), reviewed(1), True),
]


@pytest.mark.parametrize(("bonus", "fact", "earned"), FACTS, ids=range(len(FACTS)))
def test_any_fact_may_earn(bonus: Bonus, fact: f.Fact, earned: bool) -> None:
    """By kind, its fields, and the customer."""
    till = Till(programme(bonuses=[bonus]))
    assert [each["granted"] for each in till.take(fact)] == [bonus.amount] * earned


def test_a_bonus_vests_expires_and_is_capped_as_it_says() -> None:
    """From the fact, not from when it was told; what is farmed meets the cap."""
    cap = lo.Cap(limit=100, window="day")
    bonus = Bonus(
        "review",
        on="reviewed",
        amount=60,
        vesting=lo.Vesting(after=days(2)),
        validity=lo.Lasts(span=days(5)),
        caps=[cap],
    )
    till = Till(programme(bonuses=[bonus]))
    assert [till.take(reviewed(n))[0]["granted"] for n in (1, 2, 3)] == [60, 40, 0]
    till.take(f.Reviewed(id="late", customer="anna", at=2 * DAY, learned=3 * DAY, score=1))
    stock = till.state.lots["review:late/0"]
    assert (stock.vests_at, stock.expires_at) == (4 * DAY, 9 * DAY)


def test_bonuses_and_orders_share_the_caps_of_the_programme() -> None:
    """One limit for all rules; a fact may be both about an order and a bonus."""
    cap = lo.Cap(limit=55, window="lifetime", whole=True)
    bonus = Bonus("paid", on="order_paid", amount=50)
    till = Till(programme(Earning("base", per_money(1, 100)), bonuses=[bonus], caps=[cap]))
    till.buy(line("A", 1000), paid=False)
    results = till.take(f.OrderPaid(id="p", customer="anna", at=5, order_id="o"))
    assert [each["granted"] for each in results] == [10, 45]


def told(**profile: Any) -> Till:
    """Return a customer with a profile."""
    till = Till(programme())
    at = to_instant("2024-05-10T12:00:00+00:00")
    apply(till.history, f.Registered.of(f.Customer(id="anna", registered=at, **profile)))
    return till


def due(till: Till, bonus: YearlyBonus, after: str, upto: str, where: str = "UTC") -> tuple[list[str], str | None]:
    """Return the instants due, and the next."""
    span = {"after": to_instant(f"{after}T00:00:00+00:00"), "upto": to_instant(f"{upto}T00:00:00+00:00")}
    found, following = due_bonuses((bonus,), till.history, where=zone(where), **span)
    return [to_text(one.at) for one in found], None if following is None else to_text(following)


BIRTHDAY = YearlyBonus("birthday", anchor=customer.birthday, amount=100)


@pytest.mark.parametrize(
    ("bonus", "where", "expected", "following"),
    [
        (BIRTHDAY, "UTC", ["2025-02-28T00:00:00Z", "2026-02-28T00:00:00Z"], "2027-02-28T00:00:00Z"),
        (BIRTHDAY, "Asia/Tokyo", ["2025-02-27T15:00:00Z", "2026-02-27T15:00:00Z"], "2027-02-27T15:00:00Z"),
        (
            YearlyBonus("b", anchor=customer.birthday, amount=1, leap="mar1", before=local_days(2)),
            "UTC",
            ["2025-02-27T00:00:00Z", "2026-02-27T00:00:00Z"],
            "2027-02-27T00:00:00Z",
        ),
        (
            YearlyBonus("joined", anchor=customer.registered, amount=1),
            "UTC",
            ["2025-05-10T00:00:00Z", "2026-05-10T00:00:00Z"],
            "2027-05-10T00:00:00Z",
        ),
        (
            YearlyBonus("march", anchor=month_day(3, 8), amount=1),
            "UTC",
            ["2025-03-08T00:00:00Z", "2026-03-08T00:00:00Z"],
            "2027-03-08T00:00:00Z",
        ),
        (YearlyBonus("none", anchor=customer.nameday, amount=1), "UTC", [], None),
        (YearlyBonus("b", anchor=month_day(3, 8), amount=1, when=orders.exists()), "UTC", [], "2027-03-08T00:00:00Z"),
    ],
    ids=range(7),
)
def test_yearly_bonuses_are_due_at_local_dates(
    bonus: YearlyBonus, where: str, expected: list[str], following: str | None
) -> None:
    """29 February, zones, days ahead, an anniversary from the first year on; any step of time gives the same."""
    till = told(birthday="--02-29")
    assert due(till, bonus, "2024-04-01", "2026-12-31", where) == (expected, following)
    steps = ["2024-04-01", "2025-02-27", "2025-02-28", "2025-03-01", "2026-02-28", "2026-12-31"]
    assert [at for a, b in pairwise(steps) for at in due(till, bonus, a, b, where)[0]] == expected


def test_the_calendar_ends() -> None:
    """No date after the year 9997."""
    assert due(told(birthday="--02-29"), BIRTHDAY, "9997-01-01", "9997-06-01") == (["9997-02-28T00:00:00Z"], None)


def test_a_birthday_is_given_once_a_year_wherever_the_customer_moves() -> None:
    """B28's cousin: another zone, another birthday, the same year: one gift."""
    till = told(birthday="1990-07-01")
    till.programme = programme(yearly=[BIRTHDAY])
    granted = 0
    for day, where in (("2025-07-01", "Asia/Tokyo"), ("2025-07-02", "UTC"), ("2025-12-31", "UTC")):
        at = to_instant(f"{day}T12:00:00+00:00")
        made, following = due_commands(
            till.programme, View(till.history, at, zone(where)), till.state, after=at - 3 * DAY
        )
        granted += sum(till.ledger.post(one).result["granted"] for one in made)  # type: ignore[misc] # numbers
        assert following is not None
        change: dict[str, Any] = {"name": "birthday", "value": "1990-12-30"}
        apply(till.history, f.AttributeChanged(id=day, customer="anna", at=at, **change))
    assert granted == 100
    assert list(till.state.lots) == ["birthday:anna:2025/0"]


def test_a_cart_shows_what_it_earns_and_what_may_pay() -> None:
    """This cart earns 120 and can spend up to 300; the order that it becomes earns the same."""
    rules = [
        Earning("base", per_money(1, 1000)),
        Earning("more", per_money(2, 1000), vesting=lo.Vesting(start="delivered")),
    ]
    one = programme(*rules, spending=Spending(point_value=CENTS, max_coverage=Fraction(3, 4)), gifts=[Gift("mug", 300)])
    till = Till(one, start=500)
    found = preview(one, till.view, [line("A", 40_000)], till.state)
    assert (found.total, found.earns) == (120, {"base": 40, "more": 80})
    assert found.vests_at == {"base": 14 * DAY, "more": None}
    assert found.spend is not None
    assert (found.spend.units, found.spend.limit) == (300, Limit.COVERAGE)
    assert found.gifts == ("mug",)
    assert till.buy(line("A", 40_000))["granted"] == 120


def test_a_preview_takes_in_discount_other_money_points_and_the_own_hold() -> None:
    """Each argument changes the answer."""
    one = programme(Earning("base", per_money(1, 100), multipliers={"gold": Fraction(2)}))
    till = Till(one, start=50)
    cart = [line("A", 10_000)]

    def ask(**rest: Any) -> tuple[int, int]:
        found = preview(one, till.view, cart, till.state, **rest)
        assert found.spend is not None
        return found.total, found.spend.units

    assert ask() == (100, 50)
    assert ask(total=eur(4000)) == (40, 40)
    assert ask(paid=9000) == (100, 10)
    assert ask(points=30) == (70, 50)
    assert ask(asked=7) == (100, 7)
    assert ask(tier="gold") == (200, 50)
    till.hold(20, "42")
    assert ask() == (100, 30)
    assert ask(order_id="42") == (100, 50)
    with pytest.raises(DefinitionError, match="USD"):
        preview(programme(currency="USD"), till.view, cart, till.state)
    bare = preview(programme(spending=None), till.view, cart, till.state)
    assert (bare.spend, bare.earns, bare.gifts) == (None, {}, ())


def test_a_gift_is_taken_once_for_each_wish_or_refused_in_words() -> None:
    """Price, condition, unknown."""
    one = programme(gifts=[Gift("mug", 30), Gift("vip", 1, when=orders.exists())])
    till = Till(one, start=50)
    for _ in range(2):
        till.ledger.post(gift_command(one, till.view, "mug", till.state, request="w1"))
    assert till.balance.available == 20
    with pytest.raises(LedgerError, match="mug costs 30, 20 are available"):
        gift_command(one, till.view, "mug", till.state, request="w2")
    with pytest.raises(LedgerError, match=r"vip is for customers with orders.exists"):
        gift_command(one, till.view, "vip", till.state, request="w3")
    with pytest.raises(DefinitionError, match="mug"):
        gift_command(one, till.view, "mag", till.state, request="w4")


def test_a_gift_that_was_taken_stays_what_it_was() -> None:
    """Asked again when it has another price, is out of reach, is for others, or is not there any more."""
    till = Till(programme(gifts=[Gift("mug", 30)]), start=100)
    first = gift_command(till.programme, till.view, "mug", till.state, request="w1")
    till.ledger.post(first)
    for gifts in ([Gift("mug", 40)], [Gift("mug", 500)], [Gift("mug", 30, when=orders.exists())], []):
        changed = programme(gifts=gifts)
        again = gift_command(changed, till.view, "mug", till.state, request="w1")
        assert again == first
        assert till.ledger.post(again).replayed
        with pytest.raises((LedgerError, DefinitionError)) if gifts != [Gift("mug", 40)] else nullcontext():
            gift_command(changed, till.view, "mug", till.state, request="w2")
    assert till.balance.available == 70


def test_units_that_do_not_pay_for_orders_leave_holds_alone() -> None:
    """Without ``spending`` an order is paid in money."""
    till = Till(programme(Earning("base", per_money(1, 100)), spending=None), start=30)
    assert till.buy(line("A", 1000))["granted"] == 10
    assert till.balance.available == 30


@pytest.mark.parametrize(
    "make",
    [
        lambda: Bonus("a", on="reviewed", amount=0),
        lambda: Bonus("a", on="price_changed", amount=1),
        lambda: Bonus("a", on="reviewed", amount=1, vesting=lo.Vesting(start="delivered")),
        lambda: YearlyBonus("a", anchor="birthday", amount=1),  # type: ignore[arg-type] # what a shop may write
        lambda: YearlyBonus("a", anchor=customer.birthday, amount=1, leap="never"),
        lambda: programme(bonuses=[Bonus("a", on="reviewed", amount=1)], gifts=[Gift("a", 1)]),
        lambda: Gift("a", 0),
    ],
    ids=range(7),
)
def test_wrong_declarations_are_refused(make: Any) -> None:
    """Where they are written."""
    with pytest.raises((DefinitionError, LedgerError)):
        make()
