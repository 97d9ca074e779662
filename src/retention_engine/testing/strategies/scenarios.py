"""Whole scenarios: rules, what happens to a few customers and in the catalogue, and a stretch of time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from attrs import evolve, field, frozen
from hypothesis import strategies as st

from retention_engine import facts as f
from retention_engine import rules as r
from retention_engine.arbitration import Policy
from retention_engine.testing.strategies.facts import facts
from retention_engine.testing.strategies.histories import histories
from retention_engine.testing.strategies.policies import busy_rules, choices, policy_sets, switches
from retention_engine.testing.strategies.rules import rule_sets
from retention_engine.testing.strategies.times import corners, instants
from retention_engine.testing.strategies.words import CUSTOMER
from retention_engine.timing import DAY, to_text

_DELAYS = (None, None, None, None, 0, 0, 1, 2, 8, 20)
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
    "messages": (f.MessageSent,),
    "customer.expiry": (f.AttributeChanged,),
    "customer.birthday": (f.Registered, f.AttributeChanged),
    "customer.zone": (f.Registered, f.AttributeChanged),
}
"""What a rule reads -> kinds of fact that concern it."""


@frozen
class Scenario:
    """Rules, what happens to a few customers and in the catalogue, and the stretch of time to decide about.

    Attributes:
        facts: in no particular order, each id once.
        since: the launch of the rules, exclusive, microseconds UTC.
        to: the end, inclusive.
        zone: the shop's.
        policies: those that stand besides ``courtesy()``.
    """

    rules: r.RuleSet
    facts: list[f.Fact]
    since: int = field(repr=lambda at: f"{at!r} or {to_text(at)!r}")
    to: int = field(repr=lambda at: f"{at!r} or {to_text(at)!r}")
    zone: str = "UTC"
    policies: tuple[Policy, ...] = ()

    @property
    def where(self) -> dict[str, Any]:
        """The keyword arguments that the laws and the oracle take."""
        return {"since": self.since, "to": self.to, "zone": self.zone, "policies": self.policies}


@st.composite
def _customers_facts(
    draw: st.DrawFn, made: r.RuleSet, customer: str, *, around: int, zone: str, limits: tuple[int, int]
) -> list[f.Fact]:
    """Return facts of every kind, more of them of the kinds that the rules ask about."""
    named: dict[str, Any] = {"customer": customer, "around": around, "zone": zone}
    told = draw(histories(max_orders=limits[0], max_others=limits[1], **named))
    told += draw(choices(most=limits[1], **named))
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
def _rules(draw: st.DrawFn, most: int, around: int, zone: str) -> r.RuleSet:
    """Return rules of every shape, or plain ones that send more."""
    kind = draw(st.sampled_from(("plain", "nested", "busy", "busy")))
    if kind == "busy":
        return draw(busy_rules(most=most + 1))
    return draw(rule_sets(max_rules=most, around=around, zone=zone, nested=kind == "nested"))


@st.composite
def scenarios(
    draw: st.DrawFn,
    *,
    rules: Iterable[r.Rule] | r.RuleSet | st.SearchStrategy[r.RuleSet] | None = None,
    policies: Iterable[Policy] | st.SearchStrategy[tuple[Policy, ...]] | None = None,
    max_rules: int = 2,
    max_orders: int = 4,
    max_others: int = 6,
) -> Scenario:
    """Return rules with customers and a catalogue near the same awkward moment, so that they meet at its edges.

    Args:
        rules: your own, or a strategy for rule sets; None: random ones.
        policies: your own, or a strategy for tuples of them; None: random ones.
        max_rules: at most so many random ones.
        max_orders: at most so many orders of each customer.
        max_others: at most so many facts of other kinds of each customer, and about the catalogue.
    """
    zone, around = draw(corners())
    random = _rules(max_rules, around, zone) if rules is None else rules
    made = draw(random) if isinstance(random, st.SearchStrategy) else r.RuleSet.of(random)
    told: list[f.Fact] = []
    for customer in draw(st.sampled_from(((CUSTOMER,), (CUSTOMER,), (CUSTOMER, "anna")))):
        told += draw(_customers_facts(made, customer, around=around, zone=zone, limits=(max_orders, max_others)))
    if made.needs_catalogue:
        told += draw(_news(told, around=around, zone=zone, most=max_others))
    told += draw(switches(around=around, zone=zone))
    standing = policy_sets() if policies is None else policies
    since = draw(st.just(around - 16 * DAY) | instants(around=around, zone=zone))
    to = max(since, around) + draw(st.sampled_from((10, 20, 45))) * DAY
    given = draw(standing) if isinstance(standing, st.SearchStrategy) else tuple(standing)
    return Scenario(made, told, since, to, zone, given)
