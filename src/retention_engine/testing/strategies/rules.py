"""Rules over every trigger, step and manner there is, and whole scenarios: rules, customers, a stretch of time."""

from __future__ import annotations

from typing import Any

from attrs import evolve, field, frozen
from hypothesis import strategies as st

from retention_engine import facts as f
from retention_engine import predicates as p
from retention_engine import rules as r
from retention_engine.testing.strategies.expressions import expressions
from retention_engine.testing.strategies.facts import facts
from retention_engine.testing.strategies.histories import histories
from retention_engine.testing.strategies.times import corners, instants, spans
from retention_engine.testing.strategies.words import CUSTOMER, TEXTS
from retention_engine.timing import DAY, local_date, local_days, microseconds, to_text
from retention_engine.timing import zone as zone_named

_DELAYS = (None, None, None, None, 0, 0, 1, 2, 8, 20)
_TIMES = ("10:00", "00:00", "00:30", "02:30", "23:30")
_ORDERS = (f.OrderPlaced, f.OrderPlaced, f.OrderPlaced, f.OrderPaid, f.OrderCancelled, f.OrderRefunded)
_KINDS: dict[str, tuple[type[f.Fact], ...]] = {
    "orders": _ORDERS,
    "purchases": _ORDERS,
    "deliveries": (f.OrderPlaced, f.OrderDelivered),
    "carts": (f.CartUpdated, f.CartUpdated, f.CartEmptied, f.OrderPlaced),
    "views": (f.Viewed,),
    "reviews": (f.Reviewed,),
    "tags": (f.Tagged, f.Untagged),
    "events:quiz_done": (f.Event,),
    "customer.expiry": (f.AttributeChanged,),
    "customer.birthday": (f.Registered, f.AttributeChanged),
    "customer.zone": (f.Registered, f.AttributeChanged),
}
"""What a rule reads -> kinds of fact that concern it."""

_SHORT = tuple(microseconds(count * DAY // 2) for count in (1, 2, 3, 4, 6, 10, 20))
_WEEKDAYS = st.sampled_from(("mon", "wed", "fri", "sat", "sun"))


_SPANS = st.sampled_from(_SHORT * 2) | spans()
_BOUGHT = st.sampled_from((p.orders, p.orders, p.carts.where(ordered=False), p.views, p.purchases))
_COUNTS = st.sampled_from((1, 2, 3))
_AT = st.sampled_from(_TIMES)
_PERCENT = st.sampled_from((1, 50))
_LEAPS = st.sampled_from(("feb28", "mar1"))
_LEADS = st.sampled_from((0, 1, 3, 7)).map(local_days)
_KNOWN = st.sampled_from((p.views, p.purchases, p.reviews, p.views.within(microseconds(4 * DAY))))
_RECORDS = st.sampled_from(
    (
        *(p.orders, p.orders, p.carts, p.views, p.purchases, p.deliveries, p.tags, p.events("quiz_done")),
        *(p.orders.where(p.item.total >= 250), p.carts.where(ordered=False), p.purchases.where(sku=TEXTS[0])),
    )
)
_VALID = st.sampled_from([microseconds(count * DAY) for count in (1, 1, 2, 3)])
_OLDER = st.builds(lambda bought, span: bought.last().age >= span, _BOUGHT, _SPANS)
_SINCE = _BOUGHT.map(lambda bought: bought.since(p.entry).exists())
_USUAL = ("age", "older", "count", "none before", "exists", "days", "hour", "gaps", "bought since", "bought since")


@st.composite
def _usual(draw: st.DrawFn, *, entry: bool) -> p.Truth:
    """Return what shops really ask: random expressions rarely turn within a history."""
    bought, span = draw(_BOUGHT), draw(_SPANS)
    match draw(st.sampled_from(_USUAL if entry else _USUAL[:-2])):
        case "age":
            return bought.last().age >= span
        case "older":
            return bought.exists() & (bought.last().age > span)
        case "count":
            return bought.within(span).count() >= draw(_COUNTS)
        case "none before":
            return ~bought.before(span).exists()
        case "days":
            return bought.on_calendar_days(draw(_COUNTS)).exists()
        case "hour":
            return p.local.hour >= draw(st.integers(0, 23))
        case "gaps":
            return bought.gaps().within(span).exists()
        case "bought since":
            return bought.since(p.entry).exists()
    return bought.exists()


@st.composite
def questions(draw: st.DrawFn, *, around: int, zone: str = "UTC", entry: bool = False) -> p.Truth:
    """Return predicates for rules: usual ones, groups of them, and any that the language has.

    Args:
        around: the middle of the grid of instants.
        zone: whose midnights belong to the grid.
        entry: whether ``since(entry)`` may occur.
    """
    kind = draw(st.sampled_from(("usual", "usual", "usual", "and", "or", "any", "any")))
    if kind == "any":
        return draw(expressions(max_leaves=3, around=around, zone=zone, entry=entry))
    one = draw(_usual(entry=entry))
    if kind == "usual":
        return one
    other = draw(_usual(entry=entry))
    return one & other if kind == "and" else one | ~other


@st.composite
def triggers(draw: st.DrawFn, *, around: int, zone: str = "UTC") -> r.Trigger:
    """Return triggers of every kind; edges most often.

    Args:
        around: the middle of the grid of instants.
        zone: whose calendar yearly dates come from.
    """
    match draw(st.sampled_from(("edge", "edge", "edge", "edge", "after", "after", "on", "calendar", "catalogue"))):
        case "edge":
            make = draw(st.sampled_from((r.entering, r.entering, r.leaving)))
            asked = draw(questions(around=around, zone=zone))
            return make(asked, include_current=draw(st.sampled_from((False, False, True))))
        case "after":
            return r.after(draw(_RECORDS), draw(_SPANS))
        case "on":
            return r.on(draw(_RECORDS))
        case "calendar":
            return draw(_calendars(around, zone))
    match draw(st.sampled_from(("price", "stock", "sale"))):
        case "price":
            return r.price_drop(draw(_KNOWN), percent=draw(_PERCENT))
        case "stock":
            return r.back_in_stock(draw(_KNOWN))
    return r.on_sale(draw(st.sampled_from((p.views, p.purchases))), percent=draw(_PERCENT))


@st.composite
def _calendars(draw: st.DrawFn, around: int, zone: str) -> r.Trigger:
    day, at = local_date(around, zone_named(zone)), draw(_AT)
    match draw(st.sampled_from(("yearly", "ahead", "daily", "weekly", "monthly"))):
        case "yearly":
            anchors: tuple[p.Attribute | p.MonthDay, ...] = (
                p.customer.birthday,
                p.customer.expiry,
                p.month_day(day.month, day.day),
            )
            return r.before(draw(st.sampled_from(anchors)), draw(_LEADS), at=at, leap=draw(_LEAPS))
        case "ahead":
            return r.before(p.customer.expiry, draw(_SPANS))
        case "daily":
            return r.every(r.daily(at=at))
        case "weekly":
            return r.every(r.weekly(*draw(st.lists(_WEEKDAYS, min_size=1, max_size=3, unique=True)), at=at))
    return r.every(r.monthly(draw(st.sampled_from((1, 28, 29, 30, 31))), at=at))


def steps(*, around: int, zone: str = "UTC") -> st.SearchStrategy[tuple[r.Step, ...]]:
    """Return the steps of a rule: one message, or up to four actions and waits.

    Args:
        around: the middle of the grid of instants.
        zone: whose midnights belong to the grid.
    """
    waits = st.builds(
        lambda each, span, out: r.WaitFor(each, span, on_timeout=out),
        questions(around=around, zone=zone, entry=True),
        _SPANS,
        st.sampled_from(("continue", "exit")),
    )
    sends = st.just(r.Send("letter", topic="offers")) | st.just(r.Do("tag", "vip", data={"by": "rule"}))
    several = st.lists(st.one_of(sends, _SPANS.map(r.Delay), waits), min_size=1, max_size=4)
    named = several.map(lambda made: tuple(evolve(each, name=f"step {number}") for number, each in enumerate(made)))
    return st.one_of(st.just((r.Send("letter"),)), named, named, named)


@st.composite
def rules(draw: st.DrawFn, *, id: str = "rule-1", around: int | None = None, zone: str = "UTC") -> r.Rule:
    """Return rules of every shape.

    Args:
        id: the rule's id.
        around: the middle of the grid of instants; None: near an awkward moment of a zone.
        zone: whose calendar and midnights belong to the grid.
    """
    if around is None:
        zone, around = draw(corners())
    trigger = draw(triggers(around=around, zone=zone))
    may_be_late = isinstance(trigger, r.After | r.Catalogue)
    return r.Rule(
        id,
        trigger,
        *draw(steps(around=around, zone=zone)),
        when=draw(st.none() | st.none() | questions(around=around, zone=zone)),
        exit_when=draw(st.none() | _SINCE | _SINCE | _OLDER | questions(around=around, zone=zone, entry=True)),
        valid_for=draw(st.none() | _VALID | _VALID if may_be_late else st.none() | _SPANS),
        re_entry=draw(st.sampled_from(("occasion", "occasion", "always", "once")) | _SPANS),
    )


@st.composite
def rule_sets(draw: st.DrawFn, *, max_rules: int = 3, around: int | None = None, zone: str = "UTC") -> r.RuleSet:
    """Return sets of one to ``max_rules`` rules.

    Args:
        around: the middle of the grid of instants; None: near an awkward moment of a zone.
        zone: whose calendar and midnights belong to the grid.
    """
    if around is None:
        zone, around = draw(corners())
    count = draw(st.integers(1, max_rules))
    made = [draw(rules(id=f"rule-{number}", around=around, zone=zone)) for number in range(count)]
    return r.RuleSet.of(made)


@frozen
class Scenario:
    """Rules, what happens to a few customers and in the catalogue, and the stretch of time to decide about.

    Attributes:
        facts: in no particular order, each id once.
        since: the launch of the rules, exclusive, microseconds UTC.
        to: the end, inclusive.
        zone: the shop's.
    """

    rules: r.RuleSet
    facts: list[f.Fact]
    since: int = field(repr=lambda at: f"{at!r} or {to_text(at)!r}")
    to: int = field(repr=lambda at: f"{at!r} or {to_text(at)!r}")
    zone: str = "UTC"


@st.composite
def _customers_facts(
    draw: st.DrawFn, made: r.RuleSet, customer: str, *, around: int, zone: str, limits: tuple[int, int]
) -> list[f.Fact]:
    """Return facts of every kind, more of them of the kinds that the rules ask about."""
    named: dict[str, Any] = {"customer": customer, "around": around, "zone": zone}
    told = draw(histories(max_orders=limits[0], max_others=limits[1], **named))
    asked = sorted(frozenset().union(*(rule.reads() for rule in made)))
    kinds = tuple(kind for name in asked for kind in _KINDS.get(name, ()))
    if kinds:
        more = draw(st.lists(facts(kinds=kinds, **named), min_size=1, max_size=limits[1]))
        told += [evolve(fact, id=f"asked-{number}") for number, fact in enumerate(more)]
    if "customer.expiry" in asked:
        held, at = draw(st.tuples(instants(around=around, zone=zone), instants(around=around, zone=zone)))
        said: dict[str, Any] = {"name": "expiry", "value": to_text(held), "is_instant": True}
        told.append(f.AttributeChanged(id="expiry", customer=customer, at=at, **said))
    imported = draw(instants(around=around, zone=zone))
    delays = draw(st.lists(st.sampled_from(_DELAYS), min_size=len(told), max_size=len(told)))
    return [
        evolve(fact, id=f"{customer}:{fact.id}", learned=_learned(fact, delay, imported))
        for fact, delay in zip(told, delays, strict=True)
    ]


def _learned(fact: f.Fact, delay: int | None, imported: int) -> int | None:
    """Return when a fact is learned: as it says, so many days late, or with all others of an import (0)."""
    if delay is None:
        return fact.learned
    return imported if delay == 0 else fact.at + delay * DAY


@st.composite
def _news(draw: st.DrawFn, told: list[f.Fact], *, around: int, zone: str, most: int) -> list[f.Fact]:
    """Return facts about the catalogue, most of them about something that the customers know."""
    subjects = sorted({subject for fact in told for subject in fact.subjects()}) or ["sku:tea"]
    made: list[f.Fact] = []
    for number in range(draw(st.integers(1, most))):
        kind, _, name = draw(st.sampled_from(subjects)).partition(":")
        kinds = (f.SaleStarted,) if kind == "category" else (f.PriceChanged, f.StockChanged)
        fact = draw(facts(kinds=kinds, around=around, zone=zone))
        made.append(evolve(fact, id=f"news:{number}", **{kind: name}))
    return made


@st.composite
def scenarios(draw: st.DrawFn, *, max_rules: int = 2, max_orders: int = 4, max_others: int = 6) -> Scenario:
    """Return rules with customers and a catalogue near the same awkward moment, so that they meet at its edges.

    Args:
        max_rules: at most so many rules.
        max_orders: at most so many orders of each customer.
        max_others: at most so many facts of other kinds of each customer, and about the catalogue.
    """
    zone, around = draw(corners())
    made = draw(rule_sets(max_rules=max_rules, around=around, zone=zone))
    told: list[f.Fact] = []
    for customer in draw(st.sampled_from(((CUSTOMER,), (CUSTOMER,), (CUSTOMER, "anna")))):
        told += draw(_customers_facts(made, customer, around=around, zone=zone, limits=(max_orders, max_others)))
    if made.needs_catalogue:
        told += draw(_news(told, around=around, zone=zone, most=max_others))
    since = draw(st.just(around - 16 * DAY) | instants(around=around, zone=zone))
    return Scenario(made, told, since, max(since, around) + draw(st.sampled_from((10, 20, 45))) * DAY, zone)
