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
from retention_engine.timing import DAY, Span, local_date, local_days, microseconds, to_text
from retention_engine.timing import zone as zone_named

_DELAYS = (None, None, None, None, None, 1, 8, 20)
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

_SHORT = tuple(microseconds(count * DAY // 2) for count in (1, 2, 3, 4, 6, 10))
_WEEKDAYS = st.sampled_from(("mon", "wed", "fri", "sat", "sun"))


def _short() -> st.SearchStrategy[Span]:
    return st.one_of(st.sampled_from(_SHORT), st.sampled_from(_SHORT), spans())


def _usual(*, entry: bool) -> st.SearchStrategy[p.Truth]:
    """Return what shops really ask; random expressions rarely turn within a history."""
    bought = st.sampled_from((p.orders, p.orders, p.carts.where(ordered=False), p.views, p.purchases))
    usual = [
        st.builds(lambda each, span: each.last().age >= span, bought, _short()),
        st.builds(lambda each, span: each.exists() & (each.last().age > span), bought, _short()),
        st.builds(lambda each, span, count: each.within(span).count() >= count, bought, _short(), st.integers(1, 3)),
        st.builds(lambda each, span: ~each.before(span).exists(), bought, _short()),
        bought.map(lambda each: each.exists()),
        st.integers(1, 3).map(lambda count: p.orders.on_calendar_days(count).exists()),
        st.integers(0, 23).map(lambda hour: p.local.hour >= hour),
        st.builds(lambda each, span: each.gaps().within(span).exists(), bought, _short()),
    ]
    return st.one_of(*usual, *([bought.map(lambda each: each.since(p.entry).exists())] * 4 if entry else []))


def questions(*, around: int, zone: str = "UTC", entry: bool = False) -> st.SearchStrategy[p.Truth]:
    """Return predicates for rules: usual ones, groups of them, and any that the language has.

    Args:
        around: the middle of the grid of instants.
        zone: whose midnights belong to the grid.
        entry: whether ``since(entry)`` may occur.
    """
    usual = _usual(entry=entry)
    groups = st.builds(lambda one, two, both: one & two if both else one | ~two, usual, usual, st.booleans())
    return st.one_of(usual, groups, expressions(max_leaves=3, around=around, zone=zone, entry=entry))


def _collections() -> st.SearchStrategy[p.Refinable]:
    kinds = (p.orders, p.orders, p.carts, p.views, p.purchases, p.deliveries, p.tags, p.events("quiz_done"))
    refined = (p.orders.where(p.item.total >= 250), p.carts.where(ordered=False), p.purchases.where(sku=TEXTS[0]))
    return st.sampled_from((*kinds, *refined))


def _catalogue_triggers() -> st.SearchStrategy[r.Catalogue]:
    interest = st.sampled_from((p.views, p.purchases, p.reviews, p.views.within(microseconds(4 * DAY))))
    percent = st.sampled_from((1, 50))
    return st.one_of(
        st.builds(lambda each, least: r.price_drop(each, percent=least), interest, percent),
        interest.map(r.back_in_stock),
        st.builds(lambda each, least: r.on_sale(each, percent=least), st.sampled_from((p.views, p.purchases)), percent),
    )


def _calendars(around: int, zone: str) -> st.SearchStrategy[r.Trigger]:
    day = local_date(around, zone_named(zone))
    anchors = st.sampled_from((p.customer.birthday, p.customer.expiry, p.month_day(day.month, day.day)))
    leads = st.sampled_from((0, 1, 3, 7)).map(local_days)
    at = st.sampled_from(_TIMES)
    schedules = st.one_of(
        at.map(lambda each: r.daily(at=each)),
        st.builds(lambda days, each: r.weekly(*days, at=each), st.lists(_WEEKDAYS, min_size=1, max_size=3), at),
        st.builds(lambda number, each: r.monthly(number, at=each), st.sampled_from((1, 28, 29, 30, 31)), at),
    )
    yearly = st.builds(
        lambda anchor, lead, each, leap: r.before(anchor, lead, at=each, leap=leap),
        anchors,
        leads,
        at,
        st.sampled_from(("feb28", "mar1")),
    )
    return st.one_of(yearly, _short().map(lambda span: r.before(p.customer.expiry, span)), schedules.map(r.every))


def triggers(*, around: int, zone: str = "UTC") -> st.SearchStrategy[r.Trigger]:
    """Return triggers of every kind; edges most often.

    Args:
        around: the middle of the grid of instants.
        zone: whose calendar yearly dates come from.
    """
    asked = questions(around=around, zone=zone)
    current = st.sampled_from((False, False, True))
    edges = [st.builds(make, asked, include_current=current) for make in (r.entering, r.entering, r.leaving)]
    delayed = st.builds(r.after, _collections(), _short())
    others = (_collections().map(r.on), _calendars(around, zone), _catalogue_triggers())
    return st.one_of(*edges, *edges, delayed, delayed, *others)


def steps(*, around: int, zone: str = "UTC") -> st.SearchStrategy[tuple[r.Step, ...]]:
    """Return the steps of a rule: one message, or up to four actions and waits.

    Args:
        around: the middle of the grid of instants.
        zone: whose midnights belong to the grid.
    """
    waits = st.builds(
        lambda each, span, out: r.WaitFor(each, span, on_timeout=out),
        questions(around=around, zone=zone, entry=True),
        _short(),
        st.sampled_from(("continue", "exit")),
    )
    sends = st.just(r.Send("letter", topic="offers")) | st.just(r.Do("tag", "vip", data={"by": "rule"}))
    several = st.lists(st.one_of(sends, _short().map(r.Delay), waits), min_size=1, max_size=4)
    named = several.map(lambda made: tuple(evolve(each, name=f"step {number}") for number, each in enumerate(made)))
    return st.one_of(st.just((r.Send("letter"),)), named, named)


@st.composite
def rules(
    draw: st.DrawFn, *, id: str = "rule-1", around: int | None = None, zone: str = "UTC", effect: bool = True
) -> r.Rule:
    """Return rules of every shape.

    Args:
        id: the rule's id.
        around: the middle of the grid of instants; None: near an awkward moment of a zone.
        zone: whose calendar and midnights belong to the grid.
        effect: whether conditions, exits and other manners are drawn, too.
    """
    if around is None:
        zone, around = draw(corners())
    manners: dict[str, Any] = {}
    if effect:
        manners = {
            "when": draw(st.none() | st.none() | questions(around=around, zone=zone)),
            "exit_when": draw(st.none() | questions(around=around, zone=zone, entry=True)),
            "valid_for": draw(st.none() | _short()),
            "re_entry": draw(st.sampled_from(("occasion", "occasion", "always", "once")) | _short()),
        }
    return r.Rule(id, draw(triggers(around=around, zone=zone)), *draw(steps(around=around, zone=zone)), **manners)


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
    draw: st.DrawFn, made: r.RuleSet, customer: str, around: int, zone: str, limits: tuple[int, int]
) -> list[f.Fact]:
    """Return facts of every kind, more of them of the kinds that the rules ask about."""
    named = {"customer": customer, "around": around, "zone": zone}
    told = draw(histories(max_orders=limits[0], max_others=limits[1], **named))
    asked = sorted(frozenset().union(*(rule.reads() for rule in made)))
    kinds = tuple(kind for name in asked for kind in _KINDS.get(name, ()))
    if kinds:
        more = draw(st.lists(facts(kinds=kinds, **named), min_size=1, max_size=limits[1]))
        told += [evolve(fact, id=f"asked-{number}") for number, fact in enumerate(more)]
    if "customer.expiry" in asked:
        held, at = draw(st.tuples(instants(around=around, zone=zone), instants(around=around, zone=zone)))
        said = {"name": "expiry", "value": to_text(held), "is_instant": True}
        told.append(f.AttributeChanged(id="expiry", customer=customer, at=at, **said))
    delays = draw(st.lists(st.sampled_from(_DELAYS), min_size=len(told), max_size=len(told)))
    return [
        evolve(fact, id=f"{customer}:{fact.id}", learned=fact.learned if delay is None else fact.at + delay * DAY)
        for fact, delay in zip(told, delays, strict=True)
    ]


@st.composite
def _news(draw: st.DrawFn, told: list[f.Fact], around: int, zone: str, most: int) -> list[f.Fact]:
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
        told += draw(_customers_facts(made, customer, around, zone, (max_orders, max_others)))
    if made.needs_catalogue:
        told += draw(_news(told, around, zone, max_others))
    since = draw(st.just(around - 16 * DAY) | instants(around=around, zone=zone))
    return Scenario(made, told, since, max(since, around) + draw(st.sampled_from((10, 20, 45))) * DAY, zone)
