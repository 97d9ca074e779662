"""The lines of an order as a ledger counts them: net of discounts, with what was returned of each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from heapq import heapify, heapreplace

from attrs import evolve, frozen

from retention_engine import facts as f
from retention_engine.loyalty import OrderLine, share_out
from retention_engine.state import OrderDraft
from retention_engine.state.records import OrderRecord, PurchaseRecord


@frozen
class Bought:
    """An order, or a cart that could become one.

    Attributes:
        lines: net of discounts, with what was returned so far.
        records: what conditions on a line are asked about, by the id of the line; none of an order without lines.
        order: what conditions on the whole are asked about.
    """

    lines: tuple[OrderLine, ...]
    records: dict[str, PurchaseRecord]
    order: OrderRecord


def bought(order: f.Order, *, delivered: bool = False) -> Bought:
    """Return an order as it was placed.

    Lines are named by their item and how often it came before, so that they keep their names when others change. A
    total below the sum of the lines is a discount, which is shared over them; what it is above is no line's.
    """
    items = sum(line.quantity for line in order.lines)
    words = (order.total.currency, items, order.channel, order.promo, delivered)
    record = OrderRecord(order.id, order.at, order.total.amount, *words)
    if not order.lines:
        return Bought((OrderLine(id="0:", net=order.total.amount),), {}, record)
    amounts = [line.price.amount * line.quantity for line in order.lines]
    nets = share_out(order.total.amount, amounts) if order.total.amount < sum(amounts) else amounts
    seen: dict[str, int] = {}
    lines, records = [], {}
    for line, net, amount in zip(order.lines, nets, amounts, strict=True):
        seen[line.sku] = seen.get(line.sku, 0) + 1
        name = f"{seen[line.sku]}:{line.sku}"
        lines.append(OrderLine(id=name, net=net, quantity=line.quantity))
        facets = (line.sku, line.category, line.brand, line.quantity, line.price.amount, amount)
        records[name] = PurchaseRecord(name, order.at, order.id, *facets)
    return Bought(tuple(lines), records, record)


def with_refunds(draft: OrderDraft) -> Bought:
    """Return an order that was placed, with what was returned so far."""
    assert draft.placed is not None
    order = draft.placed.order
    found = bought(order, delivered=draft.delivered is not None)
    if not draft.standing:
        return found
    lines, rest = found.lines, 0
    for refund in draft.standing:
        if refund.amount is None:
            rest = sum(line.net for line in lines)
        elif refund.amount.currency == order.total.currency and not refund.lines:
            rest += refund.amount.amount
        elif refund.amount.currency == order.total.currency:
            lines, over = _less(lines, refund.amount.amount, refund.lines)
            rest += over
    left = [line.net - line.returned for line in lines]
    every = rest >= sum(left)
    parts = _spread(min(rest, sum(left)), left)
    return evolve(found, lines=tuple(_more(line, part, every=every) for line, part in zip(lines, parts, strict=True)))


def _spread(amount: int, weights: Sequence[int]) -> list[int]:
    """Return whole parts of an amount in proportion to weights, none above its weight.

    By the highest average and not by the largest remainder: no part ever falls while the amount grows, so it does not
    matter in how many refunds it came.
    """
    whole = sum(weights)
    parts = [amount * weight // whole if whole else 0 for weight in weights]
    queue = [
        (Fraction(-weight, part + 1), place) for place, (weight, part) in enumerate(zip(weights, parts, strict=True))
    ]
    heapify(queue)
    for _ in range(amount - sum(parts)):
        place = queue[0][1]
        parts[place] += 1
        heapreplace(queue, (Fraction(-weights[place], parts[place] + 1), place))
    return parts


def _less(lines: Sequence[OrderLine], amount: int, back: Sequence[f.Returned]) -> tuple[tuple[OrderLine, ...], int]:
    """Return lines after pieces came back, and what of the amount is beyond the lines they belong to."""
    pieces = _pieces(lines, back)
    skus = {one.sku for one in back}
    left = [line.net - line.returned for line in lines]
    parts = [0] * len(lines)
    worth = [line.net * count // line.quantity for line, count in zip(lines, pieces, strict=True)]
    named = [each * (line.id.partition(":")[2] in skus) for line, each in zip(lines, left, strict=True)]
    for weights in (worth, named):
        room = [min(weight, each - part) for weight, each, part in zip(weights, left, parts, strict=True)]
        share = _spread(min(amount - sum(parts), sum(room)), room)
        parts = [part + more for part, more in zip(parts, share, strict=True)]
    done = tuple(_more(line, part, count) for line, part, count in zip(lines, parts, pieces, strict=True))
    return done, amount - sum(parts)


def _pieces(lines: Sequence[OrderLine], back: Iterable[f.Returned]) -> list[int]:
    """Return how many pieces of each line came back, of the first lines with the item first."""
    counts = [0] * len(lines)
    for one in back:
        wanted = one.quantity
        for place, line in enumerate(lines):
            if line.id.partition(":")[2] == one.sku:
                part = min(wanted, line.quantity - line.quantity_returned - counts[place])
                counts[place] += part
                wanted -= part
    return counts


def _more(line: OrderLine, value: int, pieces: int = 0, *, every: bool = False) -> OrderLine:
    """Return a line with more returned; pieces that nobody named follow the value, and free ones the whole order."""
    returned = line.returned + value
    follow = line.quantity * returned // line.net if line.net else line.quantity * every
    count = max(line.quantity_returned + pieces, follow)
    return evolve(line, returned=returned, quantity_returned=min(line.quantity, count))
