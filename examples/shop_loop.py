"""A shop's bot in one loop: events come in, due messages go out, outcomes come back as facts. No network.

Run:    python examples/shop_loop.py
Prints: every message at its minute, and what the journal says at the end.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from retention_engine import (
    Action,
    Cart,
    CartUpdated,
    Customer,
    Engine,
    Line,
    Money,
    Order,
    Rule,
    Send,
    after,
    carts,
    hours,
    orders,
)
from retention_engine.facts import MessageSent

RULES = [
    Rule(
        "abandoned-cart",
        after(carts.where(ordered=False, emptied=False), hours(4)),
        Send("you-left-something", channel="telegram", topic="reminders"),
        valid_for=hours(24),
    ),
    Rule("thank-you", after(orders, hours(1)), Send("thank-you", channel="telegram")),
]
TEXTS = {"you-left-something": "Still thinking about it? Your cart is waiting.", "thank-you": "Thank you!"}
START = datetime(2026, 11, 20, 9, tzinfo=UTC)
CREAM = Line(sku="cream-50", price=Money(1990, "EUR"))


def at(hour: float) -> datetime:
    """Return an instant some hours after the start."""
    return START + timedelta(hours=hour)


def incoming() -> list[tuple[datetime, object]]:
    """Return what a webhook would bring, with the instant it comes."""
    return [
        (at(0), Customer(id="anna", registered=at(0))),
        (at(0.5), CartUpdated(id="u1", customer="anna", at=at(0.5), cart=Cart(id="c1", lines=[CREAM]))),
        (at(1), CartUpdated(id="u2", customer="boris", at=at(1), cart=Cart(id="c2", lines=[CREAM]))),
        (at(2), Order(id="812", customer="anna", at=at(2), lines=[CREAM], cart="c1")),
    ]


def send(action: Action, now: datetime) -> MessageSent:
    """Stand in for a messenger: print the message, and return what became of it as a fact."""
    print(f"{now:%H:%M}  to {action.customer}: {TEXTS[action.name]}")
    names = {"rule": action.rule, "step": action.step, "template": action.name, "channel": action.channel}
    return MessageSent(id=f"sent:{action.key}", customer=action.customer, at=now, message=action.key, **names)


def run(engine: Engine, deliver: Callable[[Action, datetime], MessageSent], minutes: int) -> None:
    """Go through a few hours a minute at a time; a real bot would wait until ``engine.next_wakeup()``."""
    waiting = incoming()
    for minute in range(minutes):
        now = START + timedelta(minutes=minute)
        while waiting and waiting[0][0] <= now:
            engine.record(waiting.pop(0)[1])
        for action in engine.advance(now):
            engine.record(deliver(action, now))


if __name__ == "__main__":
    shop = Engine(RULES, since=START)
    run(shop, send, minutes=8 * 60)
    for decision in shop.journal():
        print(f"journal: {decision.rule}, {decision.customer}, {decision.occasion}: {decision.outcome}")
