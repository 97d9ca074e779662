"""A shop whose messages are in the outbox: customers with an address, a rule, a renderer that always has a text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from retention_engine import Engine, Event, Rule, Send, events, on, orders
from retention_engine.actions import Action, Parcel
from retention_engine.arbitration import Policy
from retention_engine.delivery import Delivery, Limits
from retention_engine.envelopes import Content, SendOutcome
from retention_engine.facts import ContactAdded
from retention_engine.ports import Store
from retention_engine.timing import DAY, HOUR, MINUTE, SECOND, to_instant
from retention_engine.transports import RecordingTransport

START = to_instant("2026-07-01T12:00:00+00:00")
RULE = Rule("news", on(events("post")), Send("hello", topic="news"), exit_when=orders.exists())


class Plain:
    """A renderer that says the name of the template."""

    def render(self, template: str, channel: str | None, language: str | None, data: Mapping[str, Any]) -> Content:
        """Return the name of the template and of the customer, and the number of the message."""
        return Content(text=f"{template} {data['customer']['id']} {data.get('number', '')}".strip())


def shop(
    *actions: Action,
    store: str | Store = "memory",
    policies: Iterable[Policy] = (),
    customers: Iterable[str] = ("ann",),
) -> Engine:
    """Return an engine with customers known for a day, and actions in its outbox."""
    engine = Engine([RULE], store=store, since=START - DAY, policies=policies)
    engine.record(
        ContactAdded(id=f"c:{one}", customer=one, at=START - DAY, channel="telegram", address=f"chat of {one}")
        for one in customers
    )
    with engine.store.transaction():
        engine.store.outbox.put(actions)
    return engine


def message(number: int = 1, *, customer: str = "ann", valid: int | None = 10 * MINUTE, **words: Any) -> Action:
    """Return a message that is due at START."""
    given = {"rule": "news", "step": "hello", "kind": "send", "name": "hello", "channel": "telegram", "topic": "news"}
    words = {"data": {"number": number}} | words
    until = None if valid is None else START + valid
    return Action(customer=customer, occasion=f"o{number}", due=START, valid_until=until, **given | words)


def sending(engine: Engine, *outcomes: SendOutcome, **words: Any) -> tuple[Delivery, RecordingTransport]:
    """Return a delivery by a transport that answers with these outcomes, then with ``Sent``, and the transport."""
    transport = RecordingTransport(outcomes)
    return Delivery(engine, {"telegram": transport}, **{"renderer": Plain()} | words), transport


def row(engine: Engine, action: Action) -> Parcel:
    """Return the row of an action."""
    return engine.store.parcels.of([action.key])[action.key]


def kinds(engine: Engine, customer: str = "ann") -> list[str]:
    """Return the kinds of the facts of a customer after the first one."""
    return [fact.KIND for fact in engine.store.facts.of([customer])[customer]][1:]


def post(at: int, customer: str = "ann") -> Event:
    """Return the event that the rule waits for."""
    return Event(id=f"post:{at}:{customer}", customer=customer, at=at, name="post")


__all__ = [
    "DAY",
    "HOUR",
    "MINUTE",
    "SECOND",
    "START",
    "Limits",
    "Plain",
    "kinds",
    "message",
    "post",
    "row",
    "sending",
    "shop",
]
