"""What counts for a level: money spent, orders, units earned, or whatever a function makes of the facts."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from zoneinfo import ZoneInfo

from attrs import field, frozen

from retention_engine import facts as f
from retention_engine.clubs.earning import conditions, field_tests
from retention_engine.loyalty.tiers import Contribution
from retention_engine.money import Money
from retention_engine.predicates import FieldTest, Where, purchases
from retention_engine.state import History
from retention_engine.state.orders import OrderDraft
from retention_engine.state.records import PurchaseRecord
from retention_engine.typed import typed


@frozen(init=False)
class SpendMetric:
    """Money spent in one currency, net of refunds; with conditions on lines, their share of it.

    A refund that says which pieces came back lowers the share of those, any other that of all lines alike.
    """

    currency: str
    lines: tuple[FieldTest, ...]
    _wanted: tuple[Where, ...] = field(eq=False, repr=False)

    def __init__(self, currency: str, *lines: FieldTest) -> None:
        """Name the currency, and which lines count: those that pass every condition such as ``item.brand == "A"``."""
        Money(0, currency)
        self.__attrs_init__(currency, lines, conditions(purchases, field_tests(lines)))

    def of(self, draft: OrderDraft, order: f.Order) -> int:
        """Return what an order counts."""
        if order.total.currency != self.currency:
            return 0
        return _share(draft, order, self._wanted)


@frozen(init=False)
class OrderMetric:
    """The number of orders that were not returned as a whole; with conditions, of those with such lines."""

    lines: tuple[FieldTest, ...]
    _wanted: tuple[Where, ...] = field(eq=False, repr=False)

    def __init__(self, *lines: FieldTest) -> None:
        """Say which lines an order must have: one or more that pass every condition."""
        self.__attrs_init__(lines, conditions(purchases, field_tests(lines)))

    def of(self, draft: OrderDraft, order: f.Order) -> int:
        """Return 1 for an order that counts, else 0."""
        if order.total.amount and not draft.total(order):
            return 0
        return int(any(_passing(order, self._wanted)) if self._wanted else True)


@frozen(field_transformer=typed)
class EarnedMetric:
    """Units earned, less those taken back because of refunds; spending and expiry change nothing.

    Attributes:
        programme: of the account.
        unit: the code of its unit.
    """

    programme: str
    unit: str


@frozen(field_transformer=typed)
class CustomMetric:
    """Whatever a function makes of a customer's facts: (history, instant, zone) -> contributions, as known then."""

    reduce: Callable[[History, int, ZoneInfo], Iterable[Contribution]]


Metric = SpendMetric | OrderMetric | EarnedMetric | CustomMetric


def _passing(order: f.Order, wanted: tuple[Where, ...]) -> list[bool]:
    """Return of each line whether it passes every condition."""
    rows = (
        PurchaseRecord(
            id=f"{order.id}#{number:04}",
            at=order.at,
            order=order.id,
            sku=line.sku,
            category=line.category,
            brand=line.brand,
            quantity=line.quantity,
            price=line.price.amount,
            amount=line.amount.amount,
        )
        for number, line in enumerate(order.lines)
    )
    return [all(each.passes(row) for each in wanted) for row in rows]


def _share(draft: OrderDraft, order: f.Order, wanted: tuple[Where, ...]) -> int:
    """Return what an order net of refunds counts: the share of the lines that pass, rounded down once."""
    net = draft.total(order)
    if not wanted or not net:
        return net
    passing = list(zip(order.lines, _passing(order, wanted), strict=True))
    whole = _ratio([(line.amount.amount, passes) for line, passes in passing])
    if whole is None:
        return 0
    left = whole * order.total.amount
    for refund in draft.refunds.values():
        if refund.amount is not None and refund.amount.currency == order.total.currency:
            back = {line.sku: line.quantity for line in refund.lines}
            part = _ratio([(line.price.amount * back.get(line.sku, 0), passes) for line, passes in passing])
            left -= (whole if part is None else part) * refund.amount.amount
    return min(net, max(0, int(left)))


def _ratio(parts: list[tuple[int, bool]]) -> Fraction | None:
    """Return the share of the amounts that pass, None when there are none."""
    total = sum(amount for amount, _ in parts)
    return Fraction(sum(amount for amount, passes in parts if passes), total) if total else None
