"""Which column of a shop's export means what."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from attrs import field, frozen

from retention_engine.errors import DefinitionError, RetentionError, nearest, shown
from retention_engine.money import Money
from retention_engine.timing import zone

EPOCHS = {"seconds": 6, "milliseconds": 3, "microseconds": 0}
"""Time formats that count from 1970, with the decimal places down to a microsecond."""


def _codes(value: Iterable[str]) -> tuple[str, ...]:
    codes = (value,) if isinstance(value, str) else tuple(value)
    if not all(isinstance(code, str) and code for code in codes):
        raise DefinitionError(f"codes are texts, not {shown(value)}")
    return codes


@frozen(kw_only=True)
class OrderMapping:
    """How the rows of orders are to be read; every name of a column is spelled as in the file.

    One row is one line of an order, or one order. Either ``total`` names what the customer paid (the same on all rows
    of an order, or on one of them), or the total is the sum of ``price`` times ``quantity``. Lines are made when there
    is a ``sku``; exact duplicates are two lines, because that is how shops sell two.

    Attributes:
        customer: column of the customer's id; rows without one are skipped as guests.
        at: column of the instant; of several in one order the earliest counts.
        order: column of the order's id; None: every row is an order, its id made of its content.
        price: column of the price per piece; quantity: of the pieces, without it one.
        currency: of all amounts, such as ``GBP``; otherwise ``currency_column`` names where it stands.
        zone: IANA name of the zone of times that carry none; without it they are refused.
        time_format: ``iso``; ``seconds``, ``milliseconds`` or ``microseconds`` since 1970; or a pattern such as
            ``%d.%m.%Y``.
        decimals: places of the currency: 2 makes 19.99 into 1999.
        decimal_point: ``.`` or ``,``.
        rounding: None refuses amounts finer than ``decimals``; ``half_up`` rounds each of them, half away from zero.
        cancelled: prefix of the ids of orders that cancel others.
        status: column of the order's status; cancelled_status: its values that mean the order does not stand.
        guests: customer ids that mean nobody, such as ``0``.
        charges: skus that are paid, but no product (postage, discounts): in the total, not among the lines.
        ignored: skus of rows that are no part of an order (tests, bank charges).
    """

    customer: str
    at: str
    order: str | None = None
    total: str | None = None
    price: str | None = None
    quantity: str | None = None
    sku: str | None = None
    category: str | None = None
    brand: str | None = None
    channel: str | None = None
    promo: str | None = None
    currency: str | None = None
    currency_column: str | None = None
    zone: str | None = None
    time_format: str = "iso"
    decimals: int = 2
    decimal_point: str = "."
    rounding: str | None = None
    cancelled: str | None = None
    status: str | None = None
    cancelled_status: tuple[str, ...] = field(default=(), converter=_codes)
    guests: tuple[str, ...] = field(default=(), converter=_codes)
    charges: tuple[str, ...] = field(default=(), converter=_codes)
    ignored: tuple[str, ...] = field(default=(), converter=_codes)

    def __attrs_post_init__(self) -> None:
        """Refuse what contradicts itself.

        Raises:
            DefinitionError: the message names the setting.
        """
        for name, value in self.columns().items():
            if not isinstance(value, str) or not value:
                raise DefinitionError(f"{name} names a column, not {shown(value)}")
        self._check_amounts()
        self._check_time()
        if (self.status is None) != (not self.cancelled_status):
            raise DefinitionError("status and cancelled_status are given together or not at all")
        if self.cancelled is not None and (self.order is None or not self.cancelled):
            raise DefinitionError(
                f"cancelled is the prefix of an order id and needs order, not {shown(self.cancelled)}"
            )

    def columns(self) -> dict[str, str]:
        """Return the columns that are read, by their part in the order."""
        parts = ("customer", "at", "order", "total", "price", "quantity", "sku", "category", "brand")
        more = ("channel", "promo", "currency_column", "status")
        named = {name: getattr(self, name) for name in (*parts, *more)}
        return {name: value for name, value in named.items() if value is not None or name in parts[:2]}

    def where(self) -> ZoneInfo | None:
        """Return the zone of times that carry none."""
        return None if self.zone is None else zone(self.zone)

    def _check_amounts(self) -> None:
        if (self.currency is None) == (self.currency_column is None):
            raise DefinitionError("give either currency, such as 'EUR', or currency_column")
        try:
            Money(0, self.currency or "EUR")
        except RetentionError as error:
            raise DefinitionError(str(error)) from None
        if self.total is None and self.price is None:
            raise DefinitionError("give total, or price (with quantity) from which it follows")
        for name in ("quantity", "sku"):
            if getattr(self, name) is not None and self.price is None:
                raise DefinitionError(f"{name} needs price: a line is made of both")
        for name in ("category", "brand", "charges", "ignored"):
            if getattr(self, name) and self.sku is None:
                raise DefinitionError(f"{name} needs sku")
        if type(self.decimals) is not int or not 0 <= self.decimals <= 6:
            raise DefinitionError(f"decimals is a whole number from 0 to 6, not {shown(self.decimals)}")
        for name, allowed in (("decimal_point", (".", ",")), ("rounding", (None, "half_up"))):
            if getattr(self, name) not in allowed:
                raise DefinitionError(f"{name} is one of {allowed}, not {shown(getattr(self, name))}")

    def _check_time(self) -> None:
        try:
            self.where()
        except RetentionError as error:
            raise DefinitionError(f"zone: {error}") from None
        if self.time_format in {"iso", *EPOCHS}:
            return
        if not _is_pattern(self.time_format):
            near = nearest(self.time_format, {"iso", *EPOCHS})
            message = f"time_format is a word or a pattern such as '%d.%m.%Y', not {shown(self.time_format)}{near}"
            raise DefinitionError(message)


def _is_pattern(form: object) -> bool:
    """Tell whether the pattern reads back what it writes."""
    if not isinstance(form, str) or "%" not in form:
        return False
    try:
        datetime.strptime(datetime(2001, 2, 3, 4, 5, 6, tzinfo=UTC).strftime(form), form)  # noqa: DTZ007  # not kept
    except ValueError:
        return False
    return True
