"""What rules give for the lines of an order: exact cells, groups decided line by line, one rounding for all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from fractions import Fraction

from attrs import evolve, field, frozen

from retention_engine.errors import DefinitionError, shown
from retention_engine.loyalty.awards import Award, Basis
from retention_engine.loyalty.orders import Cell, OrderLine, Receipt, Rounding, Split, share_out
from retention_engine.typed import typed
from retention_engine.values import is_printable


class Stack(StrEnum):
    """Which rules of a group pay for a line."""

    SUM = "sum"
    """All of them."""
    BEST = "best"
    """The one that gives most."""
    FIRST = "first"
    """The one with the highest priority that gives anything."""


@frozen(field_transformer=typed)
class Group:
    """Rules that are weighed against each other, line by line; groups add up."""

    name: str = field()
    stack: Stack = field(default=Stack.BEST, converter=Stack)

    @name.validator
    def _check_name(self, _: object, value: object) -> None:
        if not is_printable(value):
            raise DefinitionError(f"a group's name is a printable text of 1 to 200 characters, not {shown(value)}")


@frozen(kw_only=True)
class Offer:
    """A rule that applies to an order.

    Attributes:
        lines: the ids of those it covers; None: all.
        group: it is weighed in; None: it adds up with everything.
        priority: higher before lower; decides first places, ties, and who is cut last by a cap.
    """

    award: Award
    lines: frozenset[str] | None = None
    group: Group | None = None
    priority: int = 0


def exact_cells(lines: Sequence[OrderLine], offers: Iterable[Offer]) -> list[Cell]:
    """Return what each rule gives for each line, before rounding (``exact``); what the groups left out is missing."""
    ranked = sorted(offers, key=lambda one: (-one.priority, one.award.rule))
    found = [(offer, cell) for offer in ranked for cell in _cells(lines, offer)]
    chosen: list[Cell] = []
    best: dict[tuple[str, str], Cell] = {}
    for offer, cell in found:
        place = (offer.group.name if offer.group else "", cell.line)
        if offer.group is None or offer.group.stack is Stack.SUM:
            chosen.append(cell)
        elif place not in best or (offer.group.stack is Stack.BEST and _exact(cell) > _exact(best[place])):
            best[place] = cell
    return [*chosen, *best.values()]


def _exact(cell: Cell) -> Fraction:
    return cell.exact or Fraction(0)


def _cells(lines: Sequence[OrderLine], offer: Offer) -> Iterable[Cell]:
    """Return the cells above zero of one rule."""
    mine = [line for line in lines if offer.lines is None or line.id in offer.lines]
    rate, value = offer.award.rate, sum(line.net for line in mine)
    each = rate.amount * offer.award.multiplier
    for line in mine:
        base: int | Fraction = line.net
        if rate.basis is Basis.MONEY:
            base = line.in_money
        elif rate.basis is Basis.QUANTITY:
            base = line.quantity
        elif rate.basis is Basis.ORDER:
            base = Fraction(line.net, value) if value else Fraction(0)
        if base:
            yield Cell(rule=offer.award.rule, line=line.id, amount=0, basis=rate.basis, exact=each * base)


def whole_cells(lines: Sequence[OrderLine], cells: Sequence[Cell], rounding: Rounding) -> tuple[Cell, ...]:
    """Return the cells with whole amounts: their exact sum is rounded once, the largest fractions get what is missing.

    Each is within 1 of its exact value; ties go by the place of the line, then by the id of the rule.
    """
    places = {line.id: place for place, line in enumerate(lines)}
    ordered = sorted(cells, key=lambda cell: (places[cell.line], cell.rule))
    amounts = [int(_exact(cell)) for cell in ordered]
    missing = rounding.of(sum(map(_exact, ordered), Fraction(0))) - sum(amounts)
    if missing:
        by_fraction = sorted(range(len(ordered)), key=lambda place: amounts[place] - _exact(ordered[place]))
        for place in by_fraction[:missing]:
            amounts[place] += 1
    return tuple(
        Cell(rule=cell.rule, line=cell.line, amount=amount, basis=cell.basis, exact=cell.exact)
        for cell, amount in zip(ordered, amounts, strict=True)
    )


def receipt_for(
    lines: Sequence[OrderLine],
    offers: Iterable[Offer],
    *,
    points: int = 0,
    others: tuple[Sequence[int], Sequence[int]] = ((), ()),
    point_value: Fraction = Fraction(1),
    split: Split = Split.PRO_RATA,
    rounding: Rounding = Rounding.FLOOR,
) -> Receipt:
    """Return the receipt of an order that is paid now, before caps.

    Args:
        lines: without what was paid with points, which is shared over them here.
        points: units it is paid with; no more than the lines are worth are taken.
        others: minor units of money that other programmes pay, of those before this one and of those after it.
    """
    paid = tuple(lines)
    for amount in others[0]:
        paid = _tendered(paid, amount, "with_others")
    if points:
        points = min(points, int(sum(line.in_money for line in paid) / point_value))
        paid = _tendered(paid, int(points * point_value), "with_points")
    for amount in others[1]:
        paid = _tendered(paid, amount, "with_others")
    ranked = sorted(offers, key=lambda one: (-one.priority, one.award.rule))
    return Receipt(
        lines=paid,
        cells=whole_cells(paid, exact_cells(paid, ranked), rounding),
        points=points,
        point_value=point_value,
        split=split,
        awards=tuple(offer.award for offer in ranked),
        rounding=rounding,
    )


def _tendered(lines: tuple[OrderLine, ...], amount: int, name: str) -> tuple[OrderLine, ...]:
    """Return lines with an amount paid with units, in proportion to what is left to pay of each; no more than that."""
    left = [line.in_money for line in lines]
    shares = share_out(min(amount, sum(left)), left)
    return tuple(
        evolve(line, **{name: getattr(line, name) + part}) if part else line
        for line, part in zip(lines, shares, strict=True)
    )


def added(receipt: Receipt, lines: Sequence[OrderLine]) -> tuple[tuple[OrderLine, ...], tuple[OrderLine, ...]]:
    """Return an order that was changed after its payment as (lines of the receipt, lines that came later).

    A line that is gone, or is worth less, counts as returned; what a line is worth more came later, under its id after
    a plus sign.
    """
    now = {line.id: line for line in lines}
    old, new = [], []
    for line in receipt.lines:
        found = now.pop(line.id, None)
        value, pieces = (
            (0, 0) if found is None else (found.net - found.returned, found.quantity - found.quantity_returned)
        )
        kept, left = min(value, line.net), min(pieces, line.quantity)
        old.append(evolve(line, returned=line.net - kept, quantity_returned=line.quantity - left))
        if found is not None and (found.net > line.net or found.quantity > line.quantity):
            net, quantity = max(0, found.net - line.net), max(0, found.quantity - line.quantity)
            new.append(
                OrderLine(
                    id=f"+{line.id}",
                    net=net,
                    returned=net - (value - kept),
                    quantity=quantity,
                    quantity_returned=quantity - (pieces - left),
                )
            )
    return tuple(old), (*new, *now.values())
