"""One order in the making: what its rows say, part by part, until it is made or refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from attrs import define, field

from retention_engine.errors import FactError, shown
from retention_engine.facts import Line, Order
from retention_engine.intake.cells import is_missing, moment, name, scaled, text, whole
from retention_engine.intake.mapping import OrderMapping
from retention_engine.intake.report import Problem
from retention_engine.keys import fingerprint
from retention_engine.money import Money

_Value = TypeVar("_Value")
_LARGEST = 10**15


@define
class Cells:
    """One row by the parts of an order; what is wrong with a cell is added to ``problems``, never raised."""

    number: int
    row: Mapping[str, object]
    columns: dict[str, str]
    problems: list[Problem] = field(factory=list)

    def get(self, part: str, read: Callable[[object], _Value]) -> _Value | None:
        """Return what the cell holds; None when it is missing or wrong, or the part has no column."""
        column = self.columns.get(part)
        if column is None:
            return None
        value = self.row.get(column)
        try:
            return None if is_missing(value) else read(value)
        except FactError as error:
            self.wrong(part, str(error))
            return None

    def need(self, part: str, read: Callable[[object], _Value]) -> _Value | None:
        """Return what the cell holds; a missing one is wrong, too."""
        known = len(self.problems)
        value = self.get(part, read)
        if value is None and len(self.problems) == known:
            self.wrong(part, f"{part} is missing")
        return value

    def agree(self, part: str, value: object, held: dict[str, Any]) -> None:
        """Keep what all rows of an order say alike; another value is wrong."""
        if value is not None and held.setdefault(part, value) != value:
            self.wrong(part, f"one order has {part} {shown(held[part])} and {shown(value)}")

    def wrong(self, part: str, message: str) -> None:
        """Note a problem with a part."""
        self.problems.append(Problem(self.number, self.columns.get(part, part), message))


@define
class Values:
    """How the cells of an order are read; amounts are remembered, because they repeat."""

    mapping: OrderMapping
    zone: ZoneInfo | None = field(init=False)
    _known: dict[object, int] = field(factory=dict)

    def __attrs_post_init__(self) -> None:
        """Look the zone up once."""
        self.zone = self.mapping.where()

    def customer(self, value: object) -> str | None:
        """Return the customer's id, None for the ids that mean nobody."""
        found = text(value)
        return None if found in self.mapping.guests else found

    def moment(self, value: object) -> int:
        """Return an instant, microseconds UTC."""
        return moment(value, self.mapping.time_format, self.zone)

    def amount(self, value: object) -> int:
        """Return an amount in minor units, which may be negative."""
        known = self._known.get((type(value), value)) if isinstance(value, str | float | Decimal) else None
        if known is None:
            mapping = self.mapping
            known = scaled(value, mapping.decimals, point=mapping.decimal_point, rounding=mapping.rounding)
            if abs(known) > _LARGEST:
                raise FactError(f"an amount has at most {_LARGEST} minor units, not {shown(value)}")
            if isinstance(value, str | float | Decimal) and len(self._known) < 10**5:
                self._known[type(value), value] = known
        return known

    def price(self, value: object) -> int:
        """Return an amount of zero or more."""
        found = self.amount(value)
        if found < 0:
            raise FactError(f"an amount of zero or more is needed, not {shown(value)}")
        return found

    def pieces(self, value: object) -> int:
        """Return a quantity."""
        found = whole(value)
        if not 1 <= found <= 10**6:
            raise FactError(f"a quantity from 1 to 10**6 is needed, not {shown(value)}")
        return found

    def currency(self, value: object) -> str:
        """Return a currency code."""
        return Money(0, text(value) or "").currency


@lru_cache(maxsize=65536)
def _line(sku: str, price: int, currency: str, *words: Any) -> Line:
    quantity, category, brand = words
    return Line(sku=sku, price=Money(price, currency), quantity=quantity, category=category, brand=brand)


@define
class Draft:
    """What the rows read so far say about one order.

    Attributes:
        id: the shop's, or None when every row is an order.
        row: number of its first row.
        rows: how many rows it has; ignored: how many of them are no part of it.
        extra: money beside the lines, minor units.
        held: the parts said once for the whole order.
    """

    id: str | None
    row: int
    rows: int = 0
    ignored: int = 0
    cancelled: bool = False
    extra: int = 0
    held: dict[str, Any] = field(factory=dict)
    lines: list[Line] = field(factory=list)
    problems: list[Problem] = field(factory=list)

    @property
    def example(self) -> str:
        """Where it was found."""
        return f"row {self.row}" if self.id is None else f"row {self.row} (order {self.id})"

    def is_guest(self, mapping: OrderMapping) -> bool:
        """Tell whether no row names a customer, not even wrongly."""
        return "customer" not in self.held and all(problem.field != mapping.customer for problem in self.problems)

    def take(self, cells: Cells, values: Values) -> None:
        """Add one row."""
        mapping = values.mapping
        self.rows += 1
        cells.problems = self.problems
        self.cancelled |= (
            mapping.cancelled is not None and self.id is not None and self.id.startswith(mapping.cancelled)
        ) or cells.get("status", text) in mapping.cancelled_status
        sku = None if mapping.sku is None else cells.need("sku", text)
        if self.cancelled or sku in mapping.ignored:
            self.ignored += not self.cancelled
            return
        at = cells.get("at", values.moment)
        if at is not None:
            self.held["at"] = min(at, self.held.get("at", at))
        for part, read in (("customer", values.customer), ("total", values.price), ("channel", name), ("promo", name)):
            if part in cells.columns:
                cells.agree(part, cells.get(part, read), self.held)
        currency = mapping.currency or cells.need("currency_column", values.currency)
        cells.agree("currency_column", currency, self.held)
        if mapping.price is not None and currency is not None:
            self._take_line(cells, values, sku, currency)

    def _take_line(self, cells: Cells, values: Values, sku: str | None, currency: str) -> None:
        mapping = values.mapping
        charge = sku in mapping.charges
        price = cells.need("price", values.amount if charge else values.price)
        quantity = 1 if mapping.quantity is None else cells.need("quantity", whole if charge else values.pieces)
        if price is None or quantity is None:
            return
        if charge or mapping.sku is None:
            self.extra += price * quantity
        elif sku is not None:
            words = (quantity, cells.get("category", name), cells.get("brand", name))
            try:
                self.lines.append(_line(sku, price, currency, *words))
            except FactError as error:
                cells.wrong("price", str(error))

    def order(self, mapping: OrderMapping, repeats: Counter[str]) -> Order | None:
        """Return the order; None, with the reason among the problems, when there is none.

        Args:
            repeats: how often each content was met, where ids are made of it.
        """
        held = self.held
        for part in ("at", "total"):
            if getattr(mapping, part) is not None and part not in held and not self.problems:
                self.problems.append(Problem(self.row, getattr(mapping, part), f"{part} is missing"))
        if self.problems:
            return None
        lines = sorted(self.lines, key=_by_content)
        amount = held["total"] if mapping.total is not None else sum(map(_amount, lines)) + self.extra
        words: dict[str, Any] = {part: held.get(part) for part in ("customer", "at", "channel", "promo")}
        try:
            total = Money(amount, held["currency_column"])
            known = self.id or _content_id(words, total, lines, repeats)
            return Order(id=known, lines=lines, total=total, **words)
        except FactError as error:
            self.problems.append(Problem(self.row, "", str(error)))
            return None


def _by_content(line: Line) -> tuple[object, ...]:
    return line.sku, line.price.amount, line.quantity, line.category or "", line.brand or ""


def _amount(line: Line) -> int:
    return line.price.amount * line.quantity


def _content_id(words: dict[str, Any], total: Money, lines: list[Line], repeats: Counter[str]) -> str:
    texts = [str(words[name]) for name in sorted(words)]
    inside = [str(part) for line in lines for part in _by_content(line)]
    content = fingerprint(*texts, str(total.amount), total.currency, *inside)[:24]
    repeats[content] += 1
    return f"row-{content}" if repeats[content] == 1 else f"row-{content}-{repeats[content]}"
