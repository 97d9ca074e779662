"""A segment of your own: a plain function, its text, its answer for one customer, and a test of its laws.

Run:    python examples/own_segment.py      Test: python -m pytest examples/own_segment.py
Prints: the text of the segment, and for one customer: truth, until when, and the evidence.
"""

from retention_engine import Line, Money, Order, days, item, parse, purchases
from retention_engine.facts import Fact, OrderPlaced
from retention_engine.predicates import Truth, explain
from retention_engine.state import History, fold
from retention_engine.testing import check_laws
from retention_engine.timing import Span, to_instant, zone
from retention_engine.view import View

NOW = "2026-03-01T00:00:00+00:00"


def coffee_lovers(span: Span) -> Truth:
    """Bought coffee for at least 60 euros within ``span``, on at least two occasions, and is no reseller."""
    coffee = purchases.where(category="coffee").within(span)
    much = coffee.sum("amount") >= 60_00
    resold = purchases.where(item.quantity >= 50).exists()
    return much & (coffee.distinct("order") >= 2) & ~resold


def history() -> list[Fact]:
    """Return the facts about one customer."""
    bag = Line(sku="beans", price=Money(1700, "EUR"), quantity=2, category="coffee")
    days_of = ("2026-01-10", "2026-02-14")
    placed = [Order(id=day, customer="anna", at=f"{day}T10:00:00+00:00", lines=[bag]) for day in days_of]
    return [OrderPlaced.of(order) for order in placed]


def test_coffee_lovers_keep_the_laws() -> None:
    """The answer lasts as long as it says, and the text parses back."""
    check_laws(coffee_lovers(days(90)), history(), at=NOW)


if __name__ == "__main__":
    lovers = coffee_lovers(days(90))
    print(lovers)
    assert parse(str(lovers)) == lovers
    print(explain(lovers, View(fold(History("anna"), history()), to_instant(NOW), zone("UTC"))).table())
    test_coffee_lovers_keep_the_laws()
    print("keeps the laws")
