"""What may be recorded, and what became of it."""

from __future__ import annotations

from collections.abc import Iterable

from attrs import field, frozen

from retention_engine.errors import FactError, shown
from retention_engine.facts import (
    AttributeChanged,
    Customer,
    Fact,
    Order,
    OrderPlaced,
    Registered,
    SendingResumed,
    SendingStopped,
)
from retention_engine.keys import fingerprint
from retention_engine.ports import Store
from retention_engine.timing import NEVER, is_zone

Recordable = Fact | Order | Customer


@frozen
class Recorded:
    """What became of recorded facts.

    Attributes:
        new: how many were not known before.
        repeated: how many were known already, with the same content.
        bad_zones: the customers whose new zone does not exist, by id: the shop's zone counts for them.
    """

    new: int
    repeated: int
    bad_zones: tuple[str, ...] = field(default=(), repr=False)


def as_fact(value: object) -> Fact:
    """Return the fact that a recordable value stands for.

    Raises:
        FactError: it is nothing that can be recorded.
    """
    if isinstance(value, Fact):
        return value
    if isinstance(value, Order):
        return OrderPlaced.of(value)
    if isinstance(value, Customer):
        return Registered.of(value)
    raise FactError(f"record() takes facts, orders and customers, not {shown(value)}")


def bad_zones(facts: Iterable[Fact]) -> tuple[str, ...]:
    """Return the customers whom the facts give a zone that does not exist, by id."""
    named = ((fact.customer, _zone(fact)) for fact in facts)
    return tuple(sorted({customer for customer, zone in named if customer and zone is not None and not is_zone(zone)}))


def _zone(fact: Fact) -> object:
    if isinstance(fact, Registered):
        return fact.profile.zone
    return fact.value if isinstance(fact, AttributeChanged) and fact.name == "zone" else None


def hold_books(store: Store, customers: Iterable[str]) -> None:
    """Let nobody else post to the accounts of customers before this transaction ends; waits for who does.

    Whoever walks through a customer's time holds the customer's wake-up: so does this, and wakes nobody.
    """
    store.wakes.lower(dict.fromkeys(customers, NEVER))


def note_key(store: Store, programme: str, key: str, holder: str) -> bool:
    """Note that a key of a programme is used, by whomever; tell whether it was free.

    What a command makes is named after its key, and accounts may meet: one customer's units go to another, or two turn
    out to be one person.
    """
    name = f"key:{fingerprint(programme, key)}"
    free = store.settings.hold(name, change=True) is None
    if free:
        store.settings.put(name, holder)
    return free


def looked_at(store: Store, customer: str, cursor: int) -> int:
    """Return up to which instant the facts of a customer were looked at.

    That is where time stands, unless the walk through this customer's time is still to come.
    """
    ahead = store.wakes.due(cursor, 1, among=[customer])
    return ahead[0][1] - 1 if ahead else cursor


def wake(store: Store, new: Iterable[Fact], *, needs_news: bool) -> None:
    """Wake whom new facts concern; who is interested in what is noted once any engine on the store needs it.

    Called inside a transaction. A turned switch wakes those whose messages are held.
    """
    told, wakes = list(new), dict[str, int]()
    noted = needs_news or store.settings.get("interests") == "noted"
    for fact in told:
        customers = [fact.customer] if fact.customer is not None else []
        if fact.customer is None and (noted or isinstance(fact, SendingStopped | SendingResumed)):
            customers = list(store.roster.interested(fact.subjects()))
        for customer in customers:
            wakes[customer] = min(fact.effective, wakes.get(customer, fact.effective))
    store.wakes.lower(wakes)
    if noted:
        store.roster.note((subject, f.customer) for f in told if f.customer for subject in f.subjects())
