"""Promotions: what is taken off, for whom, from what, when, how often, and what else may be taken off with it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from attrs import field, frozen

from retention_engine.clubs.checkouts import Checkout
from retention_engine.clubs.earning import check_truth, conditions, field_tests
from retention_engine.errors import DefinitionError, FactError, nearest, shown
from retention_engine.facts import Line
from retention_engine.facts.base import instant
from retention_engine.loyalty.codes import Discount, Gift, Off, Offer, Percent, Stack, canonical
from retention_engine.money import Money
from retention_engine.predicates import FieldTest, Truth, Where, purchases
from retention_engine.state.records import PurchaseRecord
from retention_engine.timing import PERIODS, ClockWindow, Span, days, minutes, period_of
from retention_engine.typed import typed
from retention_engine.values import is_printable

PER = ("promotion", "code", "customer")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_HOLD, _LONGEST_HOLD = minutes(60), days(7)


class Cancel(StrEnum):
    """What becomes of a use when its order, paid before, is cancelled. Codes are stored and never renamed."""

    BEFORE_FULFILMENT = "before_fulfilment"
    """It is free again, unless something was shipped or delivered."""
    ALWAYS = "always"
    """It is free again."""
    NEVER = "never"
    """It stays used."""


def _check_id(_: Any, __: Any, value: Any) -> None:
    if not is_printable(value):
        raise DefinitionError(f"id is a printable text of 1 to 200 characters, not {shown(value)}")


def _check_price(_: object, attribute: Any, value: object) -> None:
    if value is not None and not (isinstance(value, Money) and value.amount > 0):
        raise DefinitionError(f"{attribute.name} is Money above zero, or None: no limit; not {shown(value)}")


def _optional_instant(value: Any) -> int | None:
    try:
        return None if value is None else instant(value)
    except FactError as error:
        raise DefinitionError(str(error)) from None


def _words(value: Iterable[str] | None) -> frozenset[str] | None:
    if isinstance(value, str):
        raise DefinitionError(f"a list of names is needed, not the text {shown(value)}")
    return None if value is None else frozenset(value)


def _stacks(value: Iterable[Stack | str]) -> frozenset[Stack]:
    return frozenset(Stack(each) for each in value)


@frozen(kw_only=True, field_transformer=typed)
class Limit:
    """How often a promotion may be used, or for how much money.

    Attributes:
        uses: at most so many, 1 or more; None: any number.
        amount: at most so much taken off; None: any amount.
        per: of the whole ``promotion``, of each ``code``, or of each ``customer``.
        period: in each ``day``, ``week`` or ``month`` of the shop's calendar, wherever customers live; None: ever.
    """

    uses: int | None = field(default=None)
    amount: Money | None = field(default=None, validator=_check_price)
    per: str = field(default="promotion")
    period: str | None = field(default=None)

    @uses.validator
    def _check_uses(self, _: object, value: object) -> None:
        if value is not None and (type(value) is not int or value < 1):
            raise DefinitionError(f"uses is a whole number from 1, or None: no limit; not {shown(value)}")

    @per.validator
    def _check_per(self, _: object, value: object) -> None:
        if value not in PER:
            raise DefinitionError(f"unknown per {shown(value)}{nearest(value, PER)}")

    @period.validator
    def _check_period(self, _: object, value: object) -> None:
        if value is not None and value not in PERIODS:
            raise DefinitionError(f"unknown period {shown(value)}{nearest(value, PERIODS)}")

    def __attrs_post_init__(self) -> None:
        """Refuse a limit of nothing."""
        if self.uses is None and self.amount is None:
            raise DefinitionError("a limit says uses= or amount=; for no limit leave it out")


FIRST_ORDER = Limit(uses=1, per="customer")
"""Of two orders that a customer makes at once, only one is the first."""


@frozen(kw_only=True, field_transformer=typed)
class Promotion:
    """What is taken off an order, under conditions. What is left out limits nothing.

    Attributes:
        id: stored, never changed.
        discount: ``Percent``, ``Off`` or ``Gift``.
        stack: what it is about.
        combines_with: what other promotions it may be combined with; they have to allow it, too.
        exclusive: whether it counts alone only.
        priority: the higher is taken off first.
        automatic: whether it needs no code.
        vanity: codes that anybody may know, such as ``IVAN10``: give it limits.
        prefix: what codes that are issued begin with.
        bound: whether an issued code is good for its customer only.
        valid_for: how long an issued code is valid; None: as long as the promotion.
        limits: how often, and for how much.
        starts: the first instant at which it counts.
        ends: the first instant at which it does not count any more.
        weekdays: the days on which it counts, ``mon`` to ``sun``, of the customer's calendar.
        hours: the part of the day in which it counts.
        lines: conditions on the lines it is about, such as ``item.category == "tea"``.
        who: the customers it is for.
        first_order: whether it is for a customer's first order only: one basket at a time can hold it.
        channels: where it counts.
        least: the least worth of the basket.
        most: the greatest worth of the basket.
        cancel: what becomes of a use when the order is cancelled.
        hold: how long an order in the making holds a use, at most 7 days.
        reissue_grace: how long a code that comes back from a cancelled order may be used, although its time is over.
    """

    id: str = field(validator=_check_id)
    discount: Discount = field()
    stack: Stack = field(default=Stack.ORDER, converter=Stack)
    combines_with: frozenset[Stack] = field(default=(), converter=_stacks)
    exclusive: bool = False
    priority: int = 0
    automatic: bool = False
    vanity: tuple[str, ...] = field(default=(), converter=tuple)
    prefix: str = field(default="")
    bound: bool = True
    valid_for: Span | None = None
    limits: tuple[Limit, ...] = field(default=(), converter=tuple)
    starts: int | None = field(default=None, converter=_optional_instant)
    ends: int | None = field(default=None, converter=_optional_instant)
    weekdays: frozenset[str] | None = field(default=None, converter=_words)
    hours: ClockWindow | None = None
    lines: tuple[FieldTest, ...] = field(default=(), converter=field_tests)
    who: Truth | None = field(default=None, validator=check_truth)
    first_order: bool = False
    channels: frozenset[str] | None = field(default=None, converter=_words)
    least: Money | None = field(default=None, validator=_check_price)
    most: Money | None = field(default=None, validator=_check_price)
    cancel: Cancel = field(default=Cancel.BEFORE_FULFILMENT, converter=Cancel)
    hold: Span = field(default=_HOLD)
    reissue_grace: Span | None = None
    _where: tuple[Where, ...] = field(init=False, eq=False, repr=False)

    @_where.default
    def _conditions(self) -> tuple[Where, ...]:
        return conditions(purchases, self.lines)

    @discount.validator
    def _check_discount(self, _: object, value: object) -> None:
        if not isinstance(value, Percent | Off | Gift):
            raise DefinitionError(f"discount is Percent, Off or Gift, not {shown(value)}")
        if self.stack is Stack.POINTS and not isinstance(value, Gift):
            raise DefinitionError("points on top are a Gift, such as Gift('pts', 100)")

    @prefix.validator
    def _check_prefix(self, _: object, value: str) -> None:
        if value and not (len(value) <= 12 and value.isascii() and value.isalnum() and value.upper() == value):
            raise DefinitionError(f"prefix is at most 12 capital letters and digits, not {shown(value)}")

    @vanity.validator
    def _check_vanity(self, _: object, value: tuple[str, ...]) -> None:
        texts = [canonical(text) for text in value]
        if any(len(text) < 3 for text in texts) or len(set(texts)) < len(texts):
            raise DefinitionError(f"vanity codes are different texts of 3 letters or more, not {shown(list(value))}")

    @weekdays.validator
    def _check_weekdays(self, _: object, value: frozenset[str] | None) -> None:
        for day in sorted(value or (), key=str):
            if day not in WEEKDAYS:
                raise DefinitionError(f"unknown weekday {shown(day)}{nearest(day, WEEKDAYS)}")

    @hold.validator
    def _check_hold(self, _: object, value: object) -> None:
        if not isinstance(value, Span) or not 0 < value.micros <= _LONGEST_HOLD.micros:
            raise DefinitionError(f"hold is a span above zero, at most 7 days, not {shown(value)}")

    def __attrs_post_init__(self) -> None:
        """Refuse what contradicts itself."""
        if self.automatic and self.vanity:
            raise DefinitionError(f"promotion {self.id!r} is automatic, so it has no codes")
        if self.automatic and any(limit.per == "code" for limit in self.limits):
            raise DefinitionError(f"promotion {self.id!r} is automatic, so nothing is counted per code")
        if self.starts is not None and self.ends is not None and self.ends <= self.starts:
            raise DefinitionError(f"promotion {self.id!r} ends before it starts")
        if len(self._currencies()) > 1:
            raise DefinitionError(f"promotion {self.id!r} is in one currency, not in {sorted(self._currencies())}")

    def _currencies(self) -> set[str]:
        amount = {Percent: "most", Off: "amount", Gift: "worth"}[type(self.discount)]
        given = [self.least, self.most, getattr(self.discount, amount), *(limit.amount for limit in self.limits)]
        return {money.currency for money in given if money is not None}

    @property
    def currency(self) -> str | None:
        """The currency of its amounts; None when it has none."""
        return next(iter(self._currencies()), None)

    @property
    def on_top(self) -> tuple[str | None, int]:
        """The code of the unit of points on top, and how many of them; None and 0 of any other promotion."""
        if self.stack is Stack.POINTS and isinstance(self.discount, Gift):
            return self.discount.what, self.discount.quantity
        return None, 0

    def places(self, lines: Sequence[Line]) -> tuple[int, ...]:
        """Return the places of the lines it is about."""
        rows = (
            PurchaseRecord(f"{n}", 0, "", line.sku, line.category, line.brand, line.quantity, line.price.amount, worth)
            for n, line in enumerate(lines)
            for worth in [line.amount.amount]
        )
        return tuple(n for n, row in enumerate(rows) if all(where.passes(row) for where in self._where))

    def offer(self, checkout: Checkout) -> Offer:
        """Return what it offers to an order."""
        return Offer(
            id=self.id,
            discount=self.discount,
            stack=self.stack,
            combines_with=self.combines_with,
            exclusive=self.exclusive,
            priority=self.priority,
            lines=self.places(checkout.lines),
        )

    def keys(
        self, checkout: Checkout, code: str | None, *, at: int, shop: ZoneInfo
    ) -> Iterator[tuple[Limit, tuple[str, ...]]]:
        """Yield each limit with the keys of the counters it looks at; per customer one for each of their names.

        Args:
            shop: whose calendar has the periods: in that of the customers there would be a counter for each zone.
        """
        if self.first_order:
            yield FIRST_ORDER, tuple(f"{self.id}\nfirst_order\n{who}" for who in checkout.people())
        for limit in self.limits:
            start = "" if limit.period is None else str(period_of(limit.period, at, shop)[0])
            whose = {"promotion": ("",), "code": (code or "",), "customer": checkout.people()}[limit.per]
            yield limit, tuple("\n".join((self.id, limit.per, who, limit.period or "", start)) for who in whose)
