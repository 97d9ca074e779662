"""Rules over every trigger, step and manner there is."""

from __future__ import annotations

from itertools import count
from typing import Any

from attrs import evolve
from hypothesis import strategies as st

from retention_engine import predicates as p
from retention_engine import rules as r
from retention_engine.testing.strategies.expressions import expressions
from retention_engine.testing.strategies.times import corners, spans
from retention_engine.testing.strategies.words import TEXTS
from retention_engine.timing import DAY, local_date, local_days, microseconds
from retention_engine.timing import zone as zone_named

_TIMES = ("10:00", "00:00", "00:30", "02:30", "23:30")
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
_USUAL = (
    "age",
    "older",
    "count",
    "none before",
    "exists",
    "days",
    "hour",
    "gaps",
    "quiet",
    "bought since",
    "bought since",
)


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
        case "quiet":
            return ~p.messages.within(span).exists()
        case "bought since":
            return bought.since(p.entry).exists()
    return bought.exists()


_SCHEDULES = st.one_of(
    st.builds(lambda at: r.daily(at=at), _AT),
    st.builds(lambda on, at: r.weekly(*on, at=at), st.lists(_WEEKDAYS, min_size=1, max_size=3, unique=True), _AT),
    st.builds(lambda day, at: r.monthly(day, at=at), st.sampled_from((1, 28, 29, 30, 31)), _AT),
)
_SHOWN = st.sampled_from((None, p.carts.where(ordered=False), p.purchases.since(p.entry), p.events("comment")))
_ACTS = st.one_of(
    st.builds(lambda channel: r.Send("letter", topic="offers", channel=channel), st.sampled_from((None, "email"))),
    st.builds(
        lambda channels, purpose, items: r.Send("note", channels=channels, purpose=purpose, items=items),
        st.sampled_from((("email", "sms"), ("sms",), ())),
        st.sampled_from(("marketing", "service", "transactional")),
        _SHOWN,
    ),
    st.sampled_from((r.Tag("vip"), r.Untag("vip"), r.Do("wrap", "box", data={"by": "rule", "size": 5}))),
    st.builds(lambda leave, channel: r.Audience("lost", leave=leave, channel=channel), st.booleans(), st.just("ads")),
    st.sampled_from((r.Escalate("ann"), r.Escalate("ann", about="a call", data={"a": 1}), r.Call("crm"))),
)
_MANNERS = st.fixed_dictionaries(
    {},
    optional={
        "priority": st.integers(-2, 2),
        "value": st.sampled_from((0, 1, 500)),
        "at_cap": st.sampled_from(("defer", "drop", "best")),
        "goal": st.builds(lambda asked, span: r.Goal(asked, within=span), _SINCE | _OLDER, _SPANS),
    },
)
_DEEPEST, _MANY = 3, 12


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


def steps(*, around: int, zone: str = "UTC", nested: bool = False) -> st.SearchStrategy[tuple[r.Step, ...]]:
    """Return the steps of a rule: one message, or up to four actions and waits.

    Args:
        around: the middle of the grid of instants.
        zone: whose midnights belong to the grid.
        nested: whether there are branches, splits, waits for the calendar and every kind of action, too.
    """
    if nested:
        return st.one_of(st.just((r.Send("letter"),)), *[_trees(around, zone)] * 3)
    sends = st.just(r.Send("letter", topic="offers")) | st.just(r.Do("tag", "vip", data={"by": "rule"}))
    several = st.lists(st.one_of(sends, _SPANS.map(r.Delay), _waits(around, zone)), min_size=1, max_size=4)
    named = several.map(lambda made: tuple(evolve(each, name=f"step {number}") for number, each in enumerate(made)))
    return st.one_of(st.just((r.Send("letter"),)), named, named, named)


def _waits(around: int, zone: str) -> st.SearchStrategy[r.Step]:
    return st.builds(
        lambda each, span, out: r.WaitFor(each, span, on_timeout=out),
        questions(around=around, zone=zone, entry=True),
        _SPANS,
        st.sampled_from(("continue", "exit")),
    )


@st.composite
def _trees(draw: st.DrawFn, around: int, zone: str) -> tuple[r.Step, ...]:
    """Return steps with paths inside them, at most three deep; each has a number for a name."""
    numbers = count()
    leaves = st.one_of(_ACTS, _ACTS, _SPANS.map(r.Delay), _waits(around, zone), _SCHEDULES.map(r.WaitUntil))

    def several(depth: int, least: int) -> tuple[r.Step, ...]:
        return tuple(step(depth) for _ in range(draw(st.integers(least, 2 if depth else 4))))

    def step(depth: int) -> r.Step:
        number = next(numbers)
        may_part = depth < _DEEPEST and number < _MANY
        kind = draw(st.sampled_from(("leaf", "leaf", "branch", "split"))) if may_part else "leaf"
        name = f"step {number}"
        if kind == "branch":
            asked = draw(st.lists(questions(around=around, zone=zone, entry=True), min_size=1, max_size=2))
            ways = [r.When(each, *several(depth + 1, 0)) for each in asked]
            return r.Branch(*ways, otherwise=several(depth + 1, 0), name=name)
        if kind == "split":
            weights = draw(st.sampled_from(((1, 1), (3, 1), (0, 1), (1, 1, 2))))
            paths = zip("abc", weights, strict=False)
            variants = [r.Variant(each, *several(depth + 1, 0), weight=weight) for each, weight in paths]
            return r.Split(*variants, id=draw(st.sampled_from(("subject line", "gift"))), name=name)
        return evolve(draw(leaves), name=name)

    return several(0, 1)


@st.composite
def rules(
    draw: st.DrawFn, *, id: str = "rule-1", around: int | None = None, zone: str = "UTC", nested: bool = False
) -> r.Rule:
    """Return rules of every shape.

    Args:
        id: the rule's id.
        around: the middle of the grid of instants; None: near an awkward moment of a zone.
        zone: whose calendar and midnights belong to the grid.
        nested: whether there are steps inside steps, priorities and goals, too.
    """
    if around is None:
        zone, around = draw(corners())
    trigger = draw(triggers(around=around, zone=zone))
    may_be_late = isinstance(trigger, r.After | r.Catalogue)
    manners: dict[str, Any] = draw(_MANNERS) if nested else {}
    return r.Rule(
        id,
        trigger,
        *draw(steps(around=around, zone=zone, nested=nested)),
        when=draw(st.none() | st.none() | questions(around=around, zone=zone)),
        exit_when=draw(st.none() | _SINCE | _SINCE | _OLDER | questions(around=around, zone=zone, entry=True)),
        valid_for=draw(st.none() | _VALID | _VALID if may_be_late else st.none() | _SPANS),
        re_entry=draw(st.sampled_from(("occasion", "occasion", "always", "once")) | _SPANS),
        **manners,
    )


@st.composite
def rule_sets(
    draw: st.DrawFn, *, max_rules: int = 3, around: int | None = None, zone: str = "UTC", nested: bool = False
) -> r.RuleSet:
    """Return sets of one to ``max_rules`` rules.

    Args:
        around: the middle of the grid of instants; None: near an awkward moment of a zone.
        zone: whose calendar and midnights belong to the grid.
        nested: whether there are steps inside steps, priorities and goals, too.
    """
    if around is None:
        zone, around = draw(corners())
    amount = draw(st.integers(1, max_rules))
    made = [draw(rules(id=f"rule-{each}", around=around, zone=zone, nested=nested)) for each in range(amount)]
    return r.RuleSet.of(made)
