"""What arbitration costs: the same decisions with and without policies, per customer, and in an idle hour.

Both sides walk the same customers through a year of orders under five rules. One side has no policies at all, not even
those that always stand; the other has what a polite shop has: consent, reachability, suppression, choices, two caps,
cool-down, quiet hours and the kill switch. In the first workload hardly anything is in the way, so that both sides make
the same decisions and the ratio is the price of asking. In the second one, a third of the messages is deferred by caps
and quiet hours and one customer in ten is held out: more is decided there, so the ratio is also given per journal line.
"""

from __future__ import annotations

from random import Random
from statistics import median

from attrs import frozen

from bench.measure import Row, in_turn
from bench.workload import DAY, HOUR, NOW
from retention_engine import (
    Delay,
    Engine,
    Money,
    Order,
    Rule,
    RuleSet,
    Send,
    after,
    days,
    decide,
    entering,
    entry,
    hours,
    orders,
)
from retention_engine.arbitration import (
    Arbiter,
    AtMost,
    CalendarCap,
    Consent,
    CoolDown,
    Holdout,
    Policy,
    QuietHours,
    Reachable,
    courtesy,
)
from retention_engine.engine import Plan
from retention_engine.facts import ConsentGiven, ContactAdded, Fact, OrderPlaced
from retention_engine.timing import to_instant

PART = "manners"
YEAR = 365 * DAY
RULES = [
    Rule("thanks", after(orders, days(1)), Send("thanks", topic="offers", channel="email")),
    Rule("review", after(orders, days(14)), Send("review", topic="offers", channel="email"), valid_for=days(3)),
    Rule("win-back", entering(orders.last().age >= days(45)), Send("miss-you", topic="offers", channel="email")),
    Rule("regular", entering(orders.within(days(90)).count() >= 3), Send("club", topic="offers", channel="email")),
    Rule(
        "second-order",
        after(orders, days(30)),
        Send("bonus", topic="offers", channel="email"),
        Delay(days(3)),
        Send("last-call", topic="offers", channel="email"),
        exit_when=orders.since(entry).exists(),
    ),
]
POLITE = [
    *(Reachable(), Consent(), AtMost(5, per=days(7)), CalendarCap(4, per="day")),
    *(CoolDown(hours(1)), QuietHours("22:00", "09:00")),
]
STRICT = [
    *(Reachable(), Consent(), Holdout(10, salt="bench"), AtMost(3, per=days(7)), CalendarCap(1, per="day")),
    *(CoolDown(days(1)), QuietHours("22:00", "09:00")),
]


def customers(count: int, *, by_day: bool) -> list[list[Fact]]:
    """Return the facts of customers who agreed to offers and order about eight times a year, by day or at any hour."""
    chance = Random(19)
    made: list[list[Fact]] = []
    for number in range(count):
        name, start = f"c{number}", NOW - YEAR
        facts: list[Fact] = [
            ContactAdded(id=f"{name}:mail", customer=name, at=start, channel="email", address=f"{name}@example.com"),
            ConsentGiven(id=f"{name}:yes", customer=name, at=start, channel="email", topic="offers", source="shop"),
        ]
        at = start
        for place in range(chance.randrange(2, 15)):
            at += int(chance.expovariate(1 / 40) * DAY)
            at = at // DAY * DAY + (chance.randrange(12, 18) if by_day else chance.randrange(24)) * HOUR
            order = Order(id=f"{name}-{place}", customer=name, at=at, total=Money(1_000, "EUR"))
            facts.append(OrderPlaced.of(order))
        made.append([fact for fact in facts if fact.at < NOW])
    return made


def run(*, quick: bool = False) -> list[Row]:
    """Return the rows of this part."""
    count = 50 if quick else 1_000
    calm = ratio({"without": (), "always": courtesy(), "polite": (*courtesy(), *POLITE)}, count, by_day=True)
    busy = ratio({"without": (), "polite": (*courtesy(), *STRICT)}, count, by_day=False)
    lines = f"{busy['polite'].lines:,} journal lines against {busy['without'].lines:,}"
    same = f"{calm['polite'].lines:,} journal lines against {calm['without'].lines:,}"
    each = busy["polite"].ratio * busy["without"].lines / busy["polite"].lines
    return [
        Row(PART, "decide: what always stands / no policies", calm["always"].ratio, goal=("<=", 1.5)),
        Row(
            PART, "decide: nine policies, nothing in the way / none", calm["polite"].ratio, goal=("<=", 1.5), note=same
        ),
        Row(PART, "decide: ten policies that hold a third / none", busy["polite"].ratio, note=lines),
        Row(PART, "the same per journal line", each),
        Row(PART, "customer years a second, ten policies, one core", count / busy["polite"].seconds, "/s"),
        Row(PART, "idle time with ten policies: customers looked at", idle_time(count), "", goal=("==", 0)),
    ]


@frozen
class Side:
    """One set of policies: its median CPU seconds, beside those without policies, and its journal lines."""

    seconds: float
    ratio: float
    lines: int


def ratio(sets: dict[str, tuple[Policy, ...]], count: int, *, by_day: bool) -> dict[str, Side]:
    """Return what each set of policies costs beside the one without."""
    people, rules = customers(count, by_day=by_day), RuleSet.of(RULES)
    plans = {name: Plan.of(rules, Arbiter(policies)) for name, policies in sets.items()}
    lines = {name: sum(map(len, decided(plan, people))) for name, plan in plans.items()}
    sides = {name: (lambda plan=plan: decided(plan, people)) for name, plan in plans.items()}
    seconds = {name: median(found) for name, found in in_turn(sides, 5).items()}
    return {name: Side(seconds[name], seconds[name] / seconds["without"], lines[name]) for name in plans}


def decided(plan: Plan, people: list[list[Fact]]) -> list[list[object]]:
    """Decide about everybody, from a year ago to now."""
    return [list(decide(plan, facts, since=NOW - YEAR, to=NOW).decisions) for facts in people]


def idle_time(count: int) -> int:
    """Return how many customers are looked at until the moment before the next wake-up."""
    engine = Engine(RULES, since=NOW - YEAR, policies=STRICT)
    engine.record(fact for facts in customers(count, by_day=False) for fact in facts)
    engine.advance(NOW)
    wake = engine.next_wakeup()
    assert wake is not None
    return engine.advance(max(NOW, to_instant(wake) - 1)).evaluated
