"""A club, rules that ask it everything, and random lives of its members."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from attrs import frozen
from hypothesis import strategies as st

from retention_engine import Engine, Line, Money, Order, Rule, Send, after, days, entering, events, item, on, orders
from retention_engine.clubs import (
    Achievement,
    Bonus,
    Club,
    Earning,
    Programme,
    Promotion,
    SpendMetric,
    Streak,
    Tiers,
    YearlyBonus,
    per_money,
)
from retention_engine.errors import LedgerError
from retention_engine.facts import (
    Fact,
    LevelSet,
    OrderCancelled,
    OrderDelivered,
    OrderPaid,
    OrderPlaced,
    OrderRefunded,
    Reviewed,
    Visited,
    to_json,
)
from retention_engine.loyalty import Adjust, Cap, Command, Lasts, OpenHold, Redeem, Unit, Vesting
from retention_engine.loyalty.codes import CodeKeys, Percent
from retention_engine.loyalty.earning import Spending
from retention_engine.loyalty.games import Recurrence
from retention_engine.loyalty.tiers import Calendar, Level, TierProgramme
from retention_engine.predicates import member, month_day, visits
from retention_engine.rules import Grant, IssueCode
from retention_engine.timing import DAY, HOUR, local_days, to_instant

START = to_instant("2026-01-20T00:00:00Z")
LENGTH = 40
PTS = Unit("pts")
CLUB = Club(
    programmes=[
        Programme(
            id="club",
            unit=PTS,
            currency="EUR",
            earning=[
                Earning(
                    "base",
                    per_money(1, 100),
                    multipliers={"gold": Fraction(2)},
                    vesting=Vesting(after=days(3)),
                    validity=Lasts(span=days(9)),
                ),
                Earning("delivered", per_money(1, 200), vesting=Vesting(start="delivered", after=days(1))),
            ],
            bonuses=[Bonus("review", on="reviewed", amount=5, caps=(Cap(limit=10, window="day"),))],
            yearly=[YearlyBonus("carnival", anchor=month_day(2, 5), amount=4, when=orders.exists())],
            spending=Spending(point_value=Fraction(1)),
        )
    ],
    tiers=[
        Tiers(
            programme=TierProgramme(
                name="tiers",
                levels=[Level("base", entry=0), Level("silver", entry=1_000), Level("gold", entry=3_000)],
                window=Calendar("month"),
                grace=local_days(3),
            ),
            metric=SpendMetric("EUR"),
            pending=days(2),
        )
    ],
    promotions=[Promotion(id="spring", discount=Percent(10), valid_for=days(5))],
    achievements=[
        Achievement(id="three", measure=orders.count(), target=3, recurrence=Recurrence.ON_COMPLETION),
    ],
    streaks=[Streak(id="daily", records=visits, period="day")],
    keys=CodeKeys({"a": b"k" * 32}, current="a"),
)
RULES = [
    Rule("rich", entering(member.balance("pts") >= 20), Grant("pts", 7, lasts=days(4), why="rich"), re_entry=days(5)),
    Rule("level", on(events("level_reached")), Grant("pts", 11, name="g"), IssueCode("spring")),
    Rule("soon", entering(member.expiring("pts", days(2)) >= 5), Send("soon", purpose="service"), re_entry="always"),
    Rule("three", on(events("achievement_completed")), Grant("pts", 3)),
    Rule("gold", entering(member.tier("tiers") == "gold"), Send("gold", purpose="service")),
    Rule("streak", entering(member.streak("daily") >= 2), Send("streak", purpose="service"), re_entry="always"),
    Rule("code", entering(member.codes_expiring("spring", days(2)) >= 1), Send("use it", purpose="service")),
    Rule("big", after(orders.where(item.total >= 900), days(1)), Send("big", purpose="service")),
    Rule("near", entering(member.to_next("tiers") <= 500), Send("near", purpose="service"), re_entry="always"),
]
_HOURS = st.integers(1, LENGTH * 24).map(lambda hour: START + hour * HOUR)
_TOTALS = st.sampled_from((100, 250, 500, 900, 1_000, 2_000, 3_000))


@frozen
class Life:
    """What happens to a member, and what they ask at the counter."""

    facts: tuple[Fact, ...]
    commands: tuple[Command, ...]
    end: int


@st.composite
def lives(draw: st.DrawFn, *, customer: str = "anna", most: int = 8) -> Life:
    """Return random lives: orders paid, cancelled, refunded, delivered; reviews, visits, commands at the counter."""
    made: list[Fact] = []
    for number in range(draw(st.integers(1, most))):
        made += draw(_orders(customer, f"o{number}"))
    for number, at in enumerate(draw(st.lists(_HOURS, max_size=6))):
        kind = draw(st.sampled_from((Reviewed, Visited, Visited)))
        more: dict[str, Any] = {"score": 5} if kind is Reviewed else {}
        made.append(kind(id=f"e{number}", customer=customer, at=at, **more))
    if draw(st.integers(0, 3)) == 0:
        until = draw(st.none() | _HOURS)
        gift: dict[str, Any] = {"programme": "tiers", "level": "silver", "until": until, "reason": "gift"}
        made.append(LevelSet(id="level", customer=customer, at=draw(_HOURS), **gift))
    account = CLUB.programmes[0].account(customer)
    commands = [draw(_commands(account, number)) for number in range(draw(st.integers(0, 4)))]
    return Life(tuple(made), tuple(sorted(commands, key=lambda one: one.at)), START + (LENGTH + 30) * DAY)


@st.composite
def _orders(draw: st.DrawFn, customer: str, name: str) -> list[Fact]:
    at = draw(_HOURS)
    line = Line(sku="a", price=Money(draw(_TOTALS), "EUR"), category=draw(st.sampled_from((None, "tea"))))
    order = Order(id=name, customer=customer, at=at, lines=[line])
    paid = draw(st.sampled_from((True, True, False)))
    found: list[Fact] = [OrderPlaced.of(order, paid=paid)]
    for number, kind in enumerate(draw(st.lists(st.sampled_from((0, 1, 2, 2, 3)), max_size=3))):
        later = at + draw(st.integers(0, 12 * 24)) * HOUR
        told: dict[str, Any] = {"id": f"{name}.{number}", "customer": customer, "at": later, "order_id": name}
        amount = draw(st.none() | st.sampled_from((50, 100, 333)).map(lambda each: Money(each, "EUR")))
        told |= {"amount": amount} if kind == 2 else {}
        found.append((OrderPaid, OrderCancelled, OrderRefunded, OrderDelivered)[kind](**told))
    return found


@st.composite
def _commands(draw: st.DrawFn, account: Any, number: int) -> Command:
    at, amount = draw(_HOURS), draw(st.sampled_from((1, 2, 5, 20)))
    words: dict[str, Any] = {"key": f"c{number}", "account": account, "at": at}
    kind = draw(st.sampled_from(("redeem", "hold", "adjust", "redeem")))
    if kind == "redeem":
        return Redeem(**words, amount=amount, purpose=draw(st.sampled_from(("o1", "gift"))))
    if kind == "hold":
        return OpenHold(**words, amount=amount, purpose=draw(st.sampled_from(("o0", "o2"))))
    return Adjust(**words, amount=amount, reason="sorry")


def lived(life: Life, cuts: list[int], *, store: Any = "memory", order: Any = None) -> tuple[list[str], list[str]]:
    """Return the decisions and the facts of a life, with time advanced at ``cuts`` and right before each command."""
    stops = sorted({*cuts, *(command.at for command in life.commands), life.end})
    decisions: list[str] = []
    with Engine(RULES, club=CLUB, since=START, store=store, zone="Europe/Berlin") as engine:
        engine.record(list(life.facts) if order is None else [life.facts[place] for place in order])
        for stop in stops:
            decisions += [str(decision) for decision in engine.advance(stop).decisions]
            for command in (each for each in life.commands if each.at == stop):
                try:
                    engine.cashier.do(command)
                except LedgerError as error:
                    decisions.append(f"{command.key}: {error.code}")
        facts = sorted(map(to_json, engine.store.facts.of(["anna"])["anna"]))
        assert engine.verify() == []
    return sorted(decisions), facts
