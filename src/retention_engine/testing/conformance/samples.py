"""Facts, decisions and actions to fill a store with, and the whole of what it answers."""

from __future__ import annotations

from attrs import evolve

from retention_engine.actions import Action, Decision, Outcome, ParcelState, Reason
from retention_engine.facts import Fact, SaleStarted, StockChanged, Viewed
from retention_engine.ports import Store

ODD = ["'; DROP TABLE facts; --", '"%_\\', "анна", "éa\u0301", "\U0001f600", "\uffee", "a" * 200, "A", "a", "b/%2F"]
"""Ids that a store may stumble over; as texts they sort by code points, not by UTF-16 or a language's rules."""

_ACTION = Action(
    rule="refill",
    customer="ann",
    occasion="o1",
    step="send",
    kind="send",
    name="refill",
    channel="email",
    topic="offers",
    data={"f": 1.0, "i": 1, "no": None, "text": "a'\"\\\n\u2028\U0001f600", "yes": True},
    due=0,
    reason="28 days after the purchase",
    because=("orders.exists()  yes", "", "цена"),
)


def viewed(id: str, *, customer: str = "ann", at: int = 0, learned: int | None = None, sku: str = "a") -> Fact:
    """Return a fact of a customer."""
    return Viewed(id=id, customer=customer, at=at, learned=learned, sku=sku)


def sale(id: str, *, at: int = 0) -> Fact:
    """Return a fact about the category ``soap``."""
    return SaleStarted(id=id, at=at, category="soap", percent=10)


def stock(id: str, *, at: int = 0, sku: str = "a") -> Fact:
    """Return a fact about an item."""
    return StockChanged(id=id, at=at, sku=sku, pieces=1, was=0)


def action(
    *,
    customer: str = "ann",
    occasion: str = "o1",
    name: str = "refill",
    due: int = 0,
    valid_until: int | None = None,
) -> Action:
    """Return an action with every other field filled."""
    return evolve(_ACTION, customer=customer, occasion=occasion, name=name, due=due, valid_until=valid_until)


def decision(*, at: int = 0, customer: str = "ann", step: str = "send") -> Decision:
    """Return a decision without an action, every other field filled."""
    return Decision(
        at=at,
        rule="refill",
        customer=customer,
        occasion="o1",
        step=step,
        outcome=Outcome.DROP,
        until=at + 1,
        reason=Reason.QUIET_HOURS,
        because=("local.hour == 23",),
    )


def acted(*, at: int = 0, customer: str = "ann", occasion: str = "o1") -> Decision:
    """Return a decision to act, with its action."""
    made = action(customer=customer, occasion=occasion, due=at)
    return Decision(
        at=at, rule=made.rule, customer=customer, occasion=occasion, step=made.step, outcome=Outcome.ACT, action=made
    )


def append(store: Store, *facts: Fact) -> list[Fact]:
    """Append facts in a transaction of their own."""
    with store.transaction():
        return store.facts.append(facts)


def add(store: Store, *decisions: Decision) -> None:
    """Add decisions to the journal in a transaction of their own."""
    with store.transaction():
        store.journal.add(decisions)


def put(store: Store, *actions: Action) -> None:
    """Put actions into the outbox in a transaction of their own."""
    with store.transaction():
        store.outbox.put(actions)


def fill(store: Store) -> None:
    """Put something into every port, inside a transaction."""
    store.facts.append([viewed("1"), viewed("2", customer="bob"), sale("s")])
    store.roster.note([("sku:a", "ann")])
    store.wakes.set({"ann": 10, "bob": 20, "cid": 30, "dan": 40})
    store.journal.add([decision(), acted()])
    store.outbox.put([action()])
    store.settings.put("cursor", "1")


def change(store: Store) -> None:
    """Change everything ``fill`` made in every way there is, inside a transaction."""
    store.facts.append([viewed("1"), viewed("0", at=-1), viewed("3", customer="cid"), stock("t"), sale("r", at=-1)])
    store.roster.note([("sku:a", "ann"), ("sku:a", "eve"), ("sku:b", "ann")])
    store.wakes.lower({"ann": 5, "bob": 25, "eve": 50})
    store.wakes.set({"bob": 15, "cid": None, "dan": 45, "eve": 55, "fay": 60})
    store.wakes.lower({"fay": 58, "cid": 35})
    store.journal.add([decision(at=-1), acted(occasion="o2"), acted(occasion="o3", customer="cid")])
    store.outbox.put([action(occasion="o2"), action(occasion="o3", customer="cid")])
    store.outbox.overrule(evolve(store.parcels.of([action().key])[action().key], due_at=1, reason="later"))
    taken = store.deliveries.begin([action(occasion="o2").key, action().key], 9, 20)
    store.deliveries.settle(evolve(taken[0], state=ParcelState.SENT, transport_message_id="m"))
    store.deliveries.recover(20, 9)
    store.settings.put("cursor", "2")
    store.settings.put("rules", "x")


def contents(store: Store) -> dict[str, object]:
    """Return copies of the answers of every port."""
    names = ["ann", "bob", "cid", "dan", "eve", "fay"]
    return {
        "facts.of": {name: tuple(found) for name, found in store.facts.of(names).items()},
        "facts.about": tuple(store.facts.about(["sku:a", "category:soap"])),
        "roster.customers": tuple(store.roster.customers("", 99)),
        "roster.interested": [tuple(store.roster.interested([subject])) for subject in ("sku:a", "sku:b")],
        "wakes.due": tuple(store.wakes.due(99, 99)),
        "journal.of": {name: tuple(found) for name, found in store.journal.of(names).items()},
        "journal.read": tuple(store.journal.read(-9, 99)),
        "outbox.pending": tuple(store.outbox.pending(99, 99)),
        "parcels.waiting": tuple(store.parcels.waiting(99, 99)),
        "parcels.listed": {state: tuple(store.parcels.listed(state, "", 99)) for state in ParcelState},
        "settings.get": {name: store.settings.get(name) for name in ("cursor", "rules")},
    }
