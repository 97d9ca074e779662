"""Facts about what customers do besides buying, and any event of the shop's own."""

from __future__ import annotations

from attrs import field, frozen

from retention_engine.errors import FactError, shown
from retention_engine.facts.base import (
    KINDS,
    Fact,
    check_integer,
    check_optional,
    check_optional_price,
    check_text,
    kind,
)
from retention_engine.money import Money
from retention_engine.values import Scalar, check_data, check_scalar


@kind("viewed")
@frozen(kw_only=True)
class Viewed(Fact):
    """The customer looked at a product."""

    sku: str = field(validator=check_text)
    category: str | None = field(default=None, validator=check_optional)
    brand: str | None = field(default=None, validator=check_optional)
    price: Money | None = field(default=None, validator=check_optional_price)

    def subjects(self) -> tuple[str, ...]:
        """Return the item and its category."""
        return (f"sku:{self.sku}",) if self.category is None else (f"sku:{self.sku}", f"category:{self.category}")


@kind("visited")
@frozen(kw_only=True)
class Visited(Fact):
    """The customer came to the site or wrote to the bot; UTM values as in the link."""

    page: str | None = field(default=None, validator=check_optional)
    source: str | None = field(default=None, validator=check_optional)
    medium: str | None = field(default=None, validator=check_optional)
    campaign: str | None = field(default=None, validator=check_optional)


@kind("reviewed")
@frozen(kw_only=True)
class Reviewed(Fact):
    """The customer wrote a review; the score is on the shop's own scale."""

    score: int = field(validator=check_integer)
    sku: str | None = field(default=None, validator=check_optional)
    order_id: str | None = field(default=None, validator=check_optional)

    def subjects(self) -> tuple[str, ...]:
        """Return the item when it is named."""
        return () if self.sku is None else (f"sku:{self.sku}",)


@kind("answered")
@frozen(kw_only=True)
class Answered(Fact):
    """The customer answered a question of a survey, quiz or poll.

    Attributes:
        score: the numeric part (an NPS of 0 to 10, points of a quiz), or None.
        choice: the text chosen, or None.
    """

    survey: str = field(validator=check_text)
    question: str | None = field(default=None, validator=check_optional)
    score: int | float | None = field(default=None)
    choice: str | None = field(default=None, validator=check_optional)

    @score.validator
    def _number(self, _: object, value: object) -> None:
        if isinstance(value, bool | str) or check_scalar("score", value) != value:
            raise FactError(f"score is a finite number or None, not {shown(value)}")


@kind("referred")
@frozen(kw_only=True)
class Referred(Fact):
    """The customer brought a friend, who is another customer now."""

    friend: str = field(validator=check_text)
    source: str | None = field(default=None, validator=check_optional)


@kind("event")
@frozen(kw_only=True)
class Event(Fact):
    """Anything else the shop wants to ask about, read as ``events(name)``.

    Attributes:
        name: letters, digits and ``_``; not the stable name of a built-in kind of fact.
        data: flat mapping of plain values.
    """

    name: str = field(validator=check_text)
    data: dict[str, Scalar] = field(factory=dict, converter=check_data)

    @name.validator
    def _identifier(self, _: object, value: str) -> None:
        if not value.isascii() or not value.isidentifier() or value.startswith("_"):
            raise FactError(f"name is letters, digits and _, not {shown(value)}")
        if value in KINDS:
            raise FactError(f"name {value!r} is a kind of fact already: record that, or take another name")
