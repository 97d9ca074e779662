"""Two rule sets over the same past orders: what changes when regulars are left in peace for longer?

Run:    python examples/compare_rules.py
Prints: decisions of both, how many messages customers got, and the difference.
"""

from retention_engine import Money, Order, Rule, Send, backtest, days, difference, entering, orders
from retention_engine.engine import Backtest
from retention_engine.facts import Fact, OrderPlaced
from retention_engine.timing import DAY, to_instant

START, END = to_instant("2025-01-01T00:00:00+00:00"), to_instant("2026-01-01T00:00:00+00:00")

TODAY = [
    Rule("win-back", entering(orders.last().age >= days(30)), Send("we-miss-you")),
    Rule("last-call", entering(orders.last().age >= days(37)), Send("last-call")),
]
PATIENT = [
    Rule("win-back", entering(orders.last().age >= days(30)), Send("we-miss-you")),
    Rule("last-call", entering(orders.last().age >= days(60)), Send("last-call"), when=orders.count() >= 2),
]


def past() -> list[Fact]:
    """Return a year of 300 customers: customer n orders every 15 + n % 60 days."""
    made: list[Fact] = []
    for number in range(300):
        for count, day in enumerate(range(number % 40, 365, 15 + number % 60)):
            name = f"c{number:03}"
            order = Order(id=f"{name}-{count}", customer=name, at=START + day * DAY, total=Money(1500, "EUR"))
            made.append(OrderPlaced.of(order))
    return made


def show(name: str, run: Backtest) -> None:
    """Print what a rule set decided."""
    print(f"{name}: {dict(sorted((rule, dict(counts)) for rule, counts in run.outcomes().items()))}")
    print(f"  messages per customer: {dict(sorted(run.distribution().items()))}")


if __name__ == "__main__":
    facts = past()
    first = backtest(TODAY, facts, start=START, end=END)
    second = backtest(PATIENT, facts, start=START, end=END)
    show("today", first)
    show("patient", second)
    found = difference(first, second)
    print(f"patient against today: {found}")
    print(f"by rule: {found.sends}")
    print(f"for example no longer: {found.lost[:2]}")
