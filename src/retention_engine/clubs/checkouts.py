"""An order in the making: what promotions are asked about."""

from __future__ import annotations

from collections.abc import Iterable

from attrs import field, frozen

from retention_engine.errors import FactError
from retention_engine.facts import Cart, Line
from retention_engine.facts.base import check_optional, check_optional_price, check_text, text_list
from retention_engine.money import Money


def _checked(value: Iterable[Line]) -> tuple[Line, ...]:
    return Cart(id="checkout", lines=value).lines


@frozen(kw_only=True)
class Checkout:
    """An order that is being made.

    Attributes:
        order: its id.
        customer: their id; None: nobody knows.
        lines: what is in the basket.
        shipping: what is paid for shipping; None: nothing.
        identities: other names of the same person, such as e-mail addresses and phone numbers.
    """

    order: str = field(validator=check_text)
    customer: str | None = field(default=None, validator=check_optional)
    lines: tuple[Line, ...] = field(converter=_checked)
    shipping: Money | None = field(default=None, validator=check_optional_price)
    channel: str | None = field(default=None, validator=check_optional)
    identities: tuple[str, ...] = field(default=(), converter=text_list)

    def __attrs_post_init__(self) -> None:
        """Refuse two currencies."""
        found = {line.price.currency for line in self.lines}
        if self.shipping is not None:
            found.add(self.shipping.currency)
        if len(found) > 1:
            raise FactError(f"a checkout is in one currency, not in {sorted(found)}")

    @property
    def currency(self) -> str | None:
        """The currency; None for an empty basket."""
        if self.lines:
            return self.lines[0].price.currency
        return None if self.shipping is None else self.shipping.currency

    @property
    def amounts(self) -> tuple[int, ...]:
        """What each line costs, minor units."""
        return tuple(line.amount.amount for line in self.lines)

    def people(self) -> tuple[str, ...]:
        """Return the names under which the customer's uses are counted; none of somebody unknown."""
        ids = [] if self.customer is None else [f"id:{self.customer}"]
        return tuple(dict.fromkeys([*ids, *(_identity(each) for each in self.identities)]))


def _identity(text: str) -> str:
    """Return an address or number without what people write differently."""
    if "@" in text:
        return f"mail:{text.strip().casefold()}"
    digits = "".join(letter for letter in text if letter.isdecimal())
    return f"phone:{digits}" if digits else f"name:{text.strip().casefold()}"
