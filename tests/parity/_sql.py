"""What the SQL parity tests share: a small shop full of ties and gaps, a table of predicates, and the comparison."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

from retention_engine.batch import connect, fill, query, run, tables
from retention_engine.predicates import Truth, parse
from retention_engine.state import EventRecord, History, Moment, Steps
from retention_engine.state.records import (
    AnswerRecord,
    CartRecord,
    MessageRecord,
    OrderRecord,
    PurchaseRecord,
    TagRecord,
)
from retention_engine.timing import DAY, HOUR, to_instant
from retention_engine.view import View, zone_of

NOW = to_instant("2023-02-28T22:30:00Z")  # 1 March in Tokyo and Apia already
SHOP = "Europe/Berlin"


@cache
def database() -> Any:
    """Return the one hardened DuckDB of this process."""
    return connect()


def by_tree(predicates: Mapping[str, Truth], people: Iterable[History], *, at: int, shop: str) -> dict[str, list[str]]:
    """Return name -> sorted ids, asked customer by customer."""
    views = [View(history, at, zone_of(history, shop)) for history in people]
    return {
        name: sorted(view.history.customer for view in views if predicate.verdict(view).holds)
        for name, predicate in predicates.items()
    }


def load(predicates: Iterable[Truth], people: list[History], *, shop: str = SHOP) -> list[object]:
    """Put what predicates ask for into the database; return the zones that customers have."""
    for rows in tables(people, predicates, at=NOW - 400 * DAY, shop_zone=shop).values():
        fill(database(), rows)
    return [history.value("zone") for history in people]


def by_sql(predicates: Mapping[str, Truth], zones: list[object], *, at: int = NOW, shop: str = SHOP) -> dict[str, Any]:
    """Return name -> sorted ids of those that were loaded, by one query."""
    return run(database(), query(predicates, at=at, shop_zone=shop, zones=zones))


def differences(
    predicates: Iterable[Truth], people: list[History], *, at: int = NOW, shop: str = SHOP
) -> Iterator[str]:
    """Yield a line for every predicate whose two readings differ; a few share a query."""
    waiting = list(predicates)
    zones = load(waiting, people, shop=shop)
    for start in range(0, len(waiting), 25):
        named = {str(number): predicate for number, predicate in enumerate(waiting[start : start + 25])}
        tree, sql = by_tree(named, people, at=at, shop=shop), by_sql(named, zones, at=at, shop=shop)
        for name in (name for name in named if tree[name] != sql[name]):
            yield f"{named[name]} at {at}: tree {tree[name]}, sql {sql[name]}"


def order(id: str, days: float, total: int = 100, **more: Any) -> tuple[str, OrderRecord]:
    """Return an order so many days ago."""
    held = {"currency": "EUR", "items": 1, "channel": None, "promo": None, "delivered": False} | more
    return "orders", OrderRecord(id, NOW - int(days * DAY), total, **held)


def event(name: str, id: str, days: float, **data: Any) -> tuple[str, EventRecord]:
    """Return an event so many days ago."""
    return f"events:{name}", EventRecord(id, NOW - int(days * DAY), data)


def person(name: str, *records: tuple[str, Any], **attributes: Any) -> History:
    """Return the history of a customer."""
    history = History(name)
    for collection, record in records:
        history.put(collection, record)
    for attribute, value in attributes.items():
        history.hold(attribute, value, 0, "a")
    return history


class Told:
    """Tells fixed steps: of ``balance``, ``tier`` and ``in_grace``, whatever they are asked of."""

    def __init__(self, *steps: tuple[float, int | None, str | None, bool | None]) -> None:
        """Take (days ago, balance, tier, in grace)."""
        self.given = steps

    def steps(self, history: History, name: str, arguments: tuple[Any, ...], *, at: int, where: Any) -> Steps:
        """Return what was given, whatever the instant."""
        place = ("balance", "tier", "in_grace").index(name) + 1
        return [(NOW - int(each[0] * DAY), each[place]) for each in self.given]


def member(name: str, *steps: tuple[float, int | None, str | None, bool | None]) -> History:
    """Return a member of the club."""
    return History(name, teller=Told(*steps))


def line(id: str, days: float, category: str | None, amount: int = 10) -> tuple[str, PurchaseRecord]:
    """Return a line of an order so many days ago."""
    return "purchases", PurchaseRecord(id, NOW - int(days * DAY), "o", "sku", category, None, 1, amount, amount)


def score(id: str, days: float, value: float | None) -> tuple[str, AnswerRecord]:
    """Return an answer so many days ago."""
    return "answers", AnswerRecord(id, NOW - int(days * DAY), "nps", None, value, None)


def cart(id: str, days: float, **flags: bool) -> tuple[str, CartRecord]:
    """Return a cart so many days ago."""
    return "carts", CartRecord(id, NOW - int(days * DAY), 500, 1, **({"ordered": False, "emptied": False} | flags))


def sent(id: str, days: float, topic: str | None, **flags: bool) -> tuple[str, MessageRecord]:
    """Return a message so many days ago."""
    held = {"delivered": False, "opened": False, "clicked": False, "failed": False} | flags
    return "messages", MessageRecord(id, NOW - int(days * DAY), "rule", "step", "template", None, topic, **held)


def shop() -> list[History]:
    """Return the customers: ties, missing values, several kinds under one name, awkward zones and dates."""
    tick = 1 / DAY
    return [
        person("nobody"),
        person("one", order("a", 30), cart("k", 1), line("a#0", 30, "tea"), city="Berlin", points=1, vip=True),
        person("edge", order("a", 30 - tick), order("b", 30 + tick), sent("m", 30, "news", opened=True), points=True),
        person(
            "tie", order("b", 5, 700), order("a", 5, 900), order("c", 9, 50), line("b", 5, "tea"), line("a", 5, "nut")
        ),
        person("gaps", order("a", 40), order("b", 20), order("c", 20), order("d", 1), zone="Asia/Tokyo", points=1.0),
        person("future", order("a", -1, 5_000), order("b", 3, 1), cart("k", -2), zone="Pacific/Apia", points="1"),
        person("none", order("a", 3, channel="app"), order("b", 2), line("b", 2, None), line("a", 3, "tea"), city=""),
        person(
            "kinds",
            *(event("x", str(n), n, v=v) for n, v in enumerate([1, True, 1.0, "1", 0.5, None, False, 2**53 + 1])),
        ),
        person(
            "newer", event("x", "a", 2, v=2.5), event("x", "b", 1, v=3), event("x", "c", 0, v="text"), zone="Mars/Base"
        ),
        person("older", event("x", "a", 2, v=3), event("x", "b", 1, v=2.5), event("x", "c", 1, w=True), zone=7),
        person("nps", score("a", 3, 9), score("b", 2, 6.5), score("c", 1, None), vip=False, zone="America/Havana"),
        person("leap", birthday="1992-02-29", expiry=Moment(NOW + 7 * DAY), zone="UTC"),
        person("leap?", birthday="--02-29", expiry=Moment(NOW), registered=Moment(NOW - 366 * DAY)),
        person("no leap", birthday="1991-02-29", expiry=Moment(NOW + 1), registered=Moment(NOW - 365 * DAY)),
        person("century", birthday="1900-02-29", expiry=Moment(NOW - 7 * DAY), points=2**62),
        person("march", birthday="2000-03-01", expiry=NOW, zone="Pacific/Kiritimati", points=-5),
        person("week", birthday="2024-W09-5", zone="Pacific/Apia", city="O'Hara\\"),
        person("short", birthday="03-01", zone="America/Los_Angeles", city="berlin", vip=1),
        *(
            person(text, birthday=text)
            for text in ("--abc02-28", "1902-28", "2000202-28", "---02-28", "2000-02-28 ", "x02-28")
        ),
        person("zero", birthday="0000-02-28", city="Бeрлин 🎁", vip="True"),
        person("mean", order("a", 1, 0), *(order(str(n), 2, 0) for n in range(9)), order("z", 3, 1), points=0.1),
        person("big", order("a", 2, 2**62), order("b", 1, 2**62 - 1), event("x", "a", 1, v=2**60), points=2.0**53),
        person("moscow", order("a", 1 / 24), order("b", 1.5 / 24), order("c", 3), zone="Europe/Moscow"),
        person("tokyo", order("a", 7 / 24), order("b", 7.4 / 24), order("c", 8 / 24), zone="Asia/Tokyo"),
        person("berlin", order("a", 23 / 24), order("b", 24 / 24), zone="Europe/Berlin"),
        person(
            "tagged", ("tags", TagRecord("vip", NOW - HOUR, "vip")), sent("m", 1, None), sent("n", 1, "news"), city=None
        ),
        member("gold", (500, 0, "silver", False), (0, 300, "gold", True), (-1, 20, None, False)),
        member("was gold", (500, 300, "gold", True), (1 / DAY, 20, None, None), (0, None, "silver", False)),
        member("will be", (0, 299, "gold", None), (-1 / DAY, 301, "goldfish", True)),
    ]


TEXTS = """
orders.exists()
not orders.exists()
orders.count() == 0
orders.count() < 2.5
orders.count() != 2
orders.count() != 0.5
orders.sum("total") != 0.5
orders.count().is_in(1, 2.5, 3)
orders.count().is_set()
orders.sum("total") >= 1600
orders.sum("total") < 0.5
orders.sum("total") > 4611686018427387903
orders.mean("total") >= 0.1
orders.mean("total") == 100
orders.mean("total").is_in(100, 550)
not orders.mean("total").is_set()
orders.mean("total") < 4611686018427387900
orders.mean("total") == 4611686018427387903
orders.min("total") <= 50
not orders.max("total") >= 900
orders.max("total").is_set()
orders.distinct("total") == 2
orders.distinct("channel") == 0
orders.first("total") == 50
orders.last("total") == 700
orders.last("total") != 700
not orders.last("total") > 5
orders.last("channel") == "app"
orders.last("channel").is_set()
orders.last("delivered") == False
orders.last("id") == "b"
orders.last().is_set()
orders.last().age >= days(30)
orders.last().age > days(29)
orders.last().age < days(30)
not orders.last().age <= days(5)
orders.first().age <= days(30)
orders.within(days(30)).count() == 1
orders.before(days(30)).count() >= 1
not orders.before(days(30)).exists()
orders.within(days(9)).before(days(5)).count() == 2
orders.before(days(2)).within(days(30)).last("total") >= 1
orders.since("2023-02-23T22:30:00Z").exists()
orders.since("2023-02-25T22:30:00Z").count() == 0
orders.on_calendar_days(1).exists()
orders.on_calendar_days(1).count() == 2
orders.on_calendar_days(2).first("total") == 100
orders.gaps().exists()
orders.gaps().count() == 3
orders.gaps().last("gap") <= days(0)
orders.gaps().last("gap") < days(1)
orders.gaps().first("gap") >= days(20)
orders.gaps().where(item.gap > days(0)).sum("gap") >= days(19)
orders.gaps().mean("gap") <= days(13)
orders.gaps().within(days(10)).max("gap") > days(10)
orders.where(item.total >= 50.5).gaps().min("gap") < days(1)
orders.gaps().distinct("gap") == 3
orders.gaps().last().age < days(2)
orders.where(channel="app").exists()
orders.where(item.channel != "app").exists()
orders.where(item.channel.is_set()).exists()
orders.where(item.total.is_in(100, 700.0)).last().age < days(10)
orders.where(delivered=False).within(days(5)).exists()
orders.where(id="a").count() == 1
purchases.last("category") == "tea"
purchases.first("category") == "nut"
not purchases.last("category") == "tea"
purchases.where(item.category.contains("e")).sum("amount") == 10
purchases.where(item.category.starts_with("n")).exists()
purchases.where(item.category.starts_with("t")).exists()
purchases.distinct("category") == 2
carts.last("ordered") == False
carts.where(ordered=False).exists()
messages.where(opened=True).exists()
messages.last("topic") == "news"
messages.where(topic="news", opened=False).count() == 1
tags.where(tag="vip").exists()
answers.last("score") == 6.5
answers.last("score") > 6
answers.first("score") == 9
answers.min("score") < 7
answers.max("score") >= 9
answers.sum("score") == 9
answers.mean("score") == 9
answers.distinct("score") == 2
answers.where(item.score >= 6.5).count() == 2
member.balance("pts") >= 300
not member.balance("pts") > 299.5
member.balance("pts") != 20
member.balance("pts").is_in(299, 20)
member.balance("pts").is_set()
member.tier("club") == "gold"
member.tier("club") != "gold"
member.tier("club").is_set()
member.tier("club").starts_with("gold") and member.balance("other") < 300
member.in_grace("club")
not member.in_grace("club")
events("x").count() == 8
events("x").distinct("v") == 5
events("x").sum("v") >= 3
events("x").sum("v") == 9007199254740994
events("x").max("v") == 9007199254740993
events("x").max("v") > 9007199254740992
events("x").min("v") == 0.5
events("x").min("v") != 2.5
events("x").min("v") <= 2.5
events("x").max("v").is_in(3, 4)
events("x").first("v") == 9007199254740993
events("x").last("v") == 1
events("x").last("v") == 2.5
events("x").last("v") == 3
events("x").last("v") < 3
events("x").last("v") == "text"
events("x").last("v") == True
events("x").last("v").is_set()
events("x").last("w") == True
events("x").where(v=1).count() == 2
events("x").where(v=True).count() == 1
events("x").where(v="1").count() == 1
events("x").where(item.v != 1).count() >= 1
events("x").where(item.v.is_set()).count() == 7
events("x").where(item.v > 9007199254740992).exists()
events("x").where(id="a").exists()
events("x").last("id") == "c"
events("x").distinct("id") == 3
events("y").exists()
customer.city == "Berlin"
customer.city != "Berlin"
not customer.city == "Berlin"
customer.city.is_set()
customer.city == ""
customer.city.contains("O'")
customer.city.starts_with("Б")
customer.city.is_in("Berlin", "O'Hara\\\\")
customer.points == 1
customer.points != 1
customer.points == True
customer.points == "1"
customer.points > 0.1
customer.points == 0.1
customer.points >= 4611686018427387903
customer.points <= 9007199254740992
customer.points.is_in(1, 0.1)
customer.vip == True
customer.vip != True
customer.vip == 1
not customer.vip == False
customer.id == "leap?"
customer.id.contains("a")
customer.expiry.ahead < days(7)
customer.expiry.ahead <= days(7)
customer.expiry.ahead >= days(7)
customer.expiry.ahead > days(0)
not customer.expiry.ahead <= days(7)
customer.expiry.age >= days(0)
customer.expiry.age > days(0)
customer.expiry.age <= days(7)
customer.expiry.is_set()
yearly(customer.birthday)
yearly(customer.birthday, leap="mar1")
yearly(customer.birthday, before=local_days(1), lasting=local_days(2))
not yearly(customer.birthday, before=local_days(7), lasting=local_days(8))
yearly(customer.registered)
yearly(customer.registered, before=local_days(1), lasting=local_days(365))
yearly(month_day(3, 1))
yearly(month_day(2, 29), lasting=local_days(2))
dates("2023-03-01", "2023-03-01")
dates("2023-02-20", "2023-02-28")
not dates("2023-02-28", "2023-02-28")
local.hour >= 13
local.hour == 7
local.weekday == "wed"
local.weekday.is_in("mon", "tue")
bucket("spring") < 5000
bucket("autumn") < 5000
bucket("autumn") >= 2500.5
bucket("autumn") > 9998
bucket("autumn") >= 0
bucket("autumn") <= -1
bucket("autumn") != 4711
bucket("O'Hara") == 9001
bucket("O'Hara") != 9001
bucket("O'Hara").is_in(7, 645, 153)
bucket("spring").is_set()
at_least(2, orders.exists(), customer.city.is_set(), customer.points.is_set())
at_least(1, orders.last("total") > 800, not customer.vip == True)
segment("buyers") and not bucket("spring") >= 5000
orders.exists() and (customer.city == "Berlin" or orders.last().age < days(3)) and not bucket("a") < 5000
"""
SEGMENTS = {"buyers": parse("orders.exists()")}
CASES: list[Truth] = [parse(text, segments=SEGMENTS) for text in TEXTS.strip().splitlines()]
"""Predicates over every node type, aimed at the shop above; nearly all are true of some of its customers only."""
