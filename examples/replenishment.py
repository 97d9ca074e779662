"""A reminder when the cream should be used up, unless they bought another one meanwhile.

Run:    python examples/replenishment.py
Prints: who is reminded on which day, who is not and why, and when the next reminder comes by itself.
"""

from retention_engine import Engine, Line, Money, Order, Rule, Send, after, days, purchases
from retention_engine.engine import line_of

CREAMS = purchases.where(sku="cream-50")

# Four weeks after each cream, unless a newer one is less than four weeks old. Three days later it would be too late.
REFILL = Rule(
    "refill", after(CREAMS, days(28)), Send("refill"), when=~CREAMS.within(days(28)).exists(), valid_for=days(3)
)


def bought(number: int, who: str, day: str) -> Order:
    """Return an order of one cream."""
    cream = Line(sku="cream-50", price=Money(1990, "EUR"), category="creams")
    return Order(id=str(number), customer=who, at=f"{day}T12:00:00+00:00", lines=[cream])


if __name__ == "__main__":
    engine = Engine([REFILL], since="2026-01-01T00:00:00+00:00")
    engine.record([bought(1, "anna", "2026-01-05"), bought(2, "boris", "2026-01-05"), bought(3, "boris", "2026-01-25")])
    for decision in engine.advance(to="2026-02-15T00:00:00+00:00").decisions:
        print(f"{decision.customer:<6} {line_of(decision)}")
        print(f"       {'; '.join(decision.because)}")
    print(engine.explain("boris", "refill"))
