"""What an order means for a ledger: parts of lines paid in money and with points, and cumulative targets of refunds."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from fractions import Fraction
from math import ceil, floor
from typing import Any

from attrs import evolve, field, frozen

from retention_engine.errors import LedgerError, shown
from retention_engine.loyalty.awards import Award, Basis
from retention_engine.loyalty.caps import fitting, rooms
from retention_engine.loyalty.state import State


class Split(StrEnum):
    """Which part of a returned line was paid in money. Codes are stored and never renamed."""

    PRO_RATA = "pro_rata"
    """In proportion."""
    MONEY_FIRST = "money_first"
    """Money comes back first."""
    POINTS_FIRST = "points_first"
    """Points come back first."""


class Rounding(StrEnum):
    """How the units of an order become whole: once for all of them. Codes are stored and never renamed."""

    FLOOR = "floor"
    """Down."""
    HALF_UP = "half_up"
    """To the nearest, a half up."""
    HALF_EVEN = "half_even"
    """To the nearest, a half to the even one."""
    CEIL = "ceil"
    """Up."""

    def of(self, exact: Fraction) -> int:
        """Return the whole number."""
        if self is Rounding.HALF_EVEN:
            return round(exact)
        if self is Rounding.CEIL:
            return ceil(exact)
        return floor(exact + Fraction(1, 2)) if self is Rounding.HALF_UP else floor(exact)


class Status(StrEnum):
    """Where an order stands. Codes are stored and never renamed."""

    PLACED = "placed"
    """Not paid yet."""
    PAID = "paid"
    """Paid, delivered or partly returned."""
    CANCELLED = "cancelled"
    """Over, before or after payment."""


def _count(_: Any, attribute: Any, value: Any) -> None:
    if type(value) is not int or not 0 <= value <= 10**15:
        name = getattr(attribute, "name", "an amount")
        raise LedgerError(f"{name} is a whole number from 0 to 10**15, not {shown(value)}", code="bad_amount")


@frozen(kw_only=True)
class OrderLine:
    """One line of an order, in minor units of money.

    Attributes:
        net: after discounts.
        with_points: the part of it paid with points.
        with_others: the part of it paid with units of other programmes.
        returned: how much of ``net`` was returned so far.
        quantity: pieces.
        quantity_returned: pieces returned so far.
    """

    id: str
    net: int = field(validator=_count)
    with_points: int = field(default=0, validator=_count)
    with_others: int = field(default=0, validator=_count)
    returned: int = field(default=0, validator=_count)
    quantity: int = field(default=1, validator=_count)
    quantity_returned: int = field(default=0, validator=_count)

    def __attrs_post_init__(self) -> None:
        """Refuse parts larger than the line."""
        if max(self.in_units, self.returned) > self.net or self.quantity_returned > self.quantity:
            raise LedgerError(f"a part of line {shown(self.id)} is larger than the line: {self}", code="exceeds_line")

    @property
    def in_units(self) -> int:
        """The part paid with units of any programme."""
        return self.with_points + self.with_others

    @property
    def in_money(self) -> int:
        """The rest."""
        return self.net - self.in_units

    def money_back(self, split: Split) -> Fraction:
        """Return the part of what was returned that had been paid in money."""
        if split is Split.MONEY_FIRST:
            return Fraction(min(self.returned, self.in_money))
        if split is Split.POINTS_FIRST:
            return Fraction(max(0, self.returned - self.in_units))
        return Fraction(self.in_money * self.returned, self.net) if self.net else Fraction(0)

    def points_back(self, split: Split) -> Fraction:
        """Return the part of what was returned that had been paid with points of this programme."""
        if not self.with_points:
            return Fraction(0)
        return (self.returned - self.money_back(split)) * Fraction(self.with_points, self.in_units)


@frozen(kw_only=True)
class Cell:
    """The units of a grant that belong to one rule and one line.

    Attributes:
        exact: before rounding and caps; None: it is not known.
    """

    rule: str
    line: str
    amount: int = field(validator=_count)
    basis: Basis = Basis.MONEY
    exact: Fraction | None = None

    def kept(self, line: OrderLine, split: Split) -> int:
        """Return the units that the customer keeps after what was returned so far, rounded down."""
        base: int = line.net
        back: int | Fraction = line.returned
        if self.basis is Basis.QUANTITY:
            base, back = line.quantity, line.quantity_returned
        elif self.basis is Basis.MONEY:
            base, back = line.in_money, line.money_back(split) if line.returned else 0
        return int(self.amount * (base - back) // base) if base else 0


@frozen(kw_only=True)
class Receipt:
    """What an order was granted and paid with, frozen when it was paid: refunds read it, never the rules of today.

    Attributes:
        points: units it was paid with.
        point_value: minor units of money that one of them paid.
        awards: on which conditions each rule gives its cells.
        rounding: of all exact cells together.
    """

    lines: tuple[OrderLine, ...]
    cells: tuple[Cell, ...] = ()
    points: int = field(default=0, validator=_count)
    point_value: Fraction = Fraction(1)
    split: Split = Split.PRO_RATA
    awards: tuple[Award, ...] = ()
    rounding: Rounding = Rounding.FLOOR

    def __attrs_post_init__(self) -> None:
        """Refuse double lines, cells without a line, and points that are worth nothing."""
        names = [line.id for line in self.lines]
        if len(set(names)) != len(names) or {cell.line for cell in self.cells} - set(names):
            raise LedgerError(f"lines are not unique, or a cell has none: {names}", code="unknown_line")
        if self.point_value <= 0:
            raise LedgerError(f"a point is worth more than nothing, not {self.point_value}", code="bad_amount")
        worth = self.points * self.point_value if self.points else Fraction(0)
        paid = sum([line.with_points for line in self.lines])
        if abs(worth - paid) >= 1:
            raise LedgerError(f"{self.points} points are worth {worth}, the lines say {paid}", code="bad_amount")

    def returning(self, lines: Sequence[OrderLine], cells: Sequence[Cell] = ()) -> Receipt:
        """Return it with what was returned so far, as other lines of the same ids say, and lines that came later.

        Args:
            cells: those of lines that came later count, where the receipt knows their rule.
        """
        given = {line.id: line for line in lines}
        names = {line.id for line in self.lines}
        if not names <= given.keys():
            raise LedgerError(f"the lines are not those that were paid: {sorted(given)}", code="unknown_line")
        if any(line.in_units for name, line in given.items() if name not in names):
            raise LedgerError("a line that came after the payment is not paid with points", code="exceeds_line")
        old = tuple(_returning(line, given[line.id]) for line in self.lines)
        new = tuple(line for line in lines if line.id not in names)
        more = tuple(cell for cell in cells if cell.line not in names and self.award(cell.rule) is not None)
        if not (new or more) and old == self.lines:
            return self
        return evolve(self, lines=(*old, *new), cells=(*self.cells, *more))

    def award(self, rule: str) -> Award | None:
        """Return the conditions of a rule."""
        return next((each for each in self.awards if each.rule == rule), None)

    def capped(self, state: State, at: int) -> Receipt:
        """Return it with cells cut to what fits under the caps of an account at an instant."""
        awards, cells = [], self.cells
        taken = 0
        for award in self.awards:
            mine = [cell for cell in cells if cell.rule == award.rule]
            asked = sum(cell.amount for cell in mine)
            left = tuple(
                evolve(room, units=max(0, room.units - taken * room.cap.whole))
                for room in rooms(award.caps, state, award.rule, at)
            )
            units = fitting(asked, left)
            taken += units
            awards.append(evolve(award, asked=asked, rooms=left))
            if units < asked:
                cells = _recut(cells, award.rule, units)
        return evolve(self, awards=tuple(awards), cells=cells)

    @property
    def kept(self) -> dict[str, int]:
        """The units that the customer keeps, by rule."""
        lines = {line.id: line for line in self.lines}
        found: dict[str, int] = {}
        for cell in self.cells:
            found[cell.rule] = found.get(cell.rule, 0) + cell.kept(lines[cell.line], self.split)
        return found

    @property
    def points_back(self) -> int:
        """The units spent that are given back by now, rounded down; all of them once everything was returned."""
        if all(line.returned == line.net for line in self.lines):
            return self.points
        back = sum(line.points_back(self.split) for line in self.lines if line.returned)
        return min(self.points, int(back / self.point_value))

    @property
    def money_back(self) -> int:
        """The money refunded by now, rounded down."""
        return int(sum(line.money_back(self.split) for line in self.lines if line.returned))


@frozen(kw_only=True)
class OrderRecord:
    """What was posted about an order so far.

    Attributes:
        receipt: as it was paid first, or paid again with other points; None: never paid.
        grants: (rule, cycle, lot).
        redemptions: that paid for it.
        status: as it stood then.
    """

    revision: int
    receipt: Receipt | None = None
    grants: tuple[tuple[str, int, str], ...] = ()
    redemptions: tuple[str, ...] = ()
    status: Status = Status.PLACED

    @property
    def is_paid(self) -> bool:
        """Whether it stood as paid."""
        return self.status is Status.PAID


def _recut(cells: tuple[Cell, ...], rule: str, units: int) -> tuple[Cell, ...]:
    """Share fewer units over the cells of a rule."""
    weights = [cell.amount if cell.exact is None else cell.exact for cell in cells if cell.rule == rule]
    parts = iter(share_out(units, weights))
    return tuple(evolve(cell, amount=next(parts)) if cell.rule == rule else cell for cell in cells)


def _returning(line: OrderLine, given: OrderLine) -> OrderLine:
    if (line.returned, line.quantity_returned) == (given.returned, given.quantity_returned):
        return line
    return evolve(line, returned=given.returned, quantity_returned=given.quantity_returned)


def share_out(total: int, weights: Sequence[int | Fraction]) -> list[int]:
    """Return whole parts of a total in proportion to weights: by largest remainder, ties to the first.

    Raises:
        LedgerError: the total or a weight is negative, or there is nothing to share it over.
    """
    whole = sum(weights)
    if total < 0 or any(weight < 0 for weight in weights) or (total and not whole):
        raise LedgerError(f"cannot share {total} over {shown(list(weights))}", code="bad_amount")
    if not total:
        return [0] * len(weights)
    exact = [Fraction(total) * weight / whole for weight in weights]
    parts = [int(part) for part in exact]
    order = sorted(range(len(parts)), key=lambda place: (parts[place] - exact[place], place))
    for place in order[: total - sum(parts)]:
        parts[place] += 1
    return parts
