"""The second order: a letter with a bonus, then a retargeting list, then a push; all of it ends with the purchase.

Run:    python examples/second_order.py
Prints: the journey as a picture in Mermaid, then the journal of a customer who buys on the fifth day and of one who
        does not, under quiet hours and a cap of two messages a week.
"""

from retention_engine import Customer, Delay, Engine, Money, Order, Rule, Send, after, days, entry, on, orders
from retention_engine.arbitration import AtMost, Consent, QuietHours
from retention_engine.engine import line_of
from retention_engine.facts import ConsentGiven, ContactAdded
from retention_engine.rules import Audience, Goal, to_mermaid

SECOND_ORDER = Rule(
    "second-order",
    after(orders, days(45)),
    Send("come-back", topic="offers", channel="email", data={"bonus": 300}),
    Delay(days(3), name="three days"),
    Audience("one-time-buyers"),
    Delay(days(4), name="four days"),
    Send("last-call", topic="offers", channel="push"),
    when=orders.count() == 1,
    exit_when=orders.since(entry).exists(),
    goal=Goal(orders.since(entry).exists(), within=days(14)),
    priority=5,
)
LEAVE_ADS = Rule("leave-ads", on(orders), Audience("one-time-buyers", leave=True), when=orders.count() >= 2)
POLICIES = [Consent(), AtMost(2, per=days(7)), QuietHours("22:00", "09:00")]


def shop() -> Engine:
    """Return an engine in which two customers have ordered once, late at night, and one of them orders again."""
    engine = Engine([SECOND_ORDER, LEAVE_ADS], policies=POLICIES, zone="Europe/Moscow", since="2026-01-01T00:00:00Z")
    for name in ("anna", "boris"):
        engine.record(Customer(id=name, registered="2026-01-05T09:00:00Z", zone="Europe/Moscow"))
        for channel in ("email", "push"):
            said = {"customer": name, "at": "2026-01-05T09:00:00Z", "channel": channel}
            engine.record(ContactAdded(id=f"{name}:{channel}", address=f"{name} by {channel}", **said))
            engine.record(ConsentGiven(id=f"{name}:{channel}:yes", topic="offers", source="checkout", **said))
        engine.record(Order(id=f"{name}-1", customer=name, at="2026-01-10T20:30:00Z", total=Money(2500, "EUR")))
    engine.record(Order(id="boris-2", customer="boris", at="2026-03-01T12:00:00Z", total=Money(4900, "EUR")))
    return engine


if __name__ == "__main__":
    print(to_mermaid(SECOND_ORDER))
    engine = shop()
    engine.advance(to="2026-04-01T00:00:00Z")
    for name in ("anna", "boris"):
        print(name)
        for decision in engine.journal():
            if decision.customer == name:
                print(f"  {line_of(decision)}")
    for attempt in engine.attempts():
        print(attempt.customer, "reached the goal" if attempt.reached else "did not order again")
