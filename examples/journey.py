"""A welcome journey: help at the second visit or after three days, then an offer; stop at once when they buy.

Run:    python examples/journey.py
Prints: the journal of three customers: one buys early, one comes to look twice and buys then, one does nothing.
"""

from retention_engine import (
    Customer,
    Delay,
    Engine,
    Money,
    Order,
    Rule,
    Send,
    WaitFor,
    customer,
    days,
    entering,
    entry,
    hours,
    orders,
    visits,
)
from retention_engine.engine import line_of
from retention_engine.facts import Visited

WELCOME = Rule(
    "welcome",
    entering(customer.registered.age >= hours(1)),
    Send("hello"),
    WaitFor(visits.since(entry).count() >= 2, days(3), name="second-visit"),
    Send("shall-we-help", topic="offers"),
    Delay(days(4), name="a-few-days"),
    Send("ten-percent", topic="offers"),
    exit_when=orders.since(entry).exists(),
)


def run() -> Engine:
    """Return an engine in which three customers walked through the journey."""
    engine = Engine([WELCOME], since="2026-01-01T00:00:00+00:00")
    for name in ("anna", "boris", "clara"):
        engine.record(Customer(id=name, registered="2026-01-05T09:00:00+00:00"))
    for number, name, day in ((1, "anna", "06"), (2, "boris", "10")):
        total = Money(2500, "EUR")
        engine.record(Order(id=str(number), customer=name, at=f"2026-01-{day}T18:00:00+00:00", total=total))
    for number in (1, 2):
        engine.record(Visited(id=f"v{number}", customer="boris", at=f"2026-01-0{5 + number}T20:00:00+00:00"))
    engine.advance(to="2026-02-01T00:00:00+00:00")
    return engine


if __name__ == "__main__":
    finished = run()
    for name in ("anna", "boris", "clara"):
        print(name)
        for decision in finished.journal():
            if decision.customer == name:
                print(f"  {line_of(decision)}")
