"""Facts about promo codes: given to a customer, taken back, held by an order, used, free again. Made by the engine."""

from __future__ import annotations

from typing import ClassVar

from attrs import field, frozen

from retention_engine.facts.base import (
    Fact,
    check_count,
    check_optional,
    check_text,
    instance_of,
    instant,
    kind,
    optional_instant,
    text_list,
)
from retention_engine.keys import fingerprint


@frozen(kw_only=True)
class _CodeFact(Fact):
    """About one code of the customer.

    Attributes:
        code: its symbols, without prefix and dashes.
        promotion: the id of the promotion it is for.
    """

    MADE_BY_ENGINE: ClassVar[bool] = True
    code: str = field(validator=check_text)
    promotion: str = field(validator=check_text)


@kind("code_issued")
@frozen(kw_only=True)
class CodeIssued(_CodeFact):
    """A code was given to a customer.

    Attributes:
        text: the code as people read it.
        occasion: what it was given for: a batch, or the occasion of a rule.
        bound: whether nobody else may use it.
        ends: the first instant at which it is not valid any more; None: as long as the promotion.
    """

    text: str = field(validator=check_text)
    occasion: str = field(validator=check_text)
    bound: bool = field(default=True, validator=instance_of(bool))
    ends: int | None = field(default=None, converter=optional_instant)


@kind("code_revoked")
@frozen(kw_only=True)
class CodeRevoked(_CodeFact):
    """A code was taken back from a customer; an order that holds it may still use it."""


@frozen(kw_only=True)
class _Use(Fact):
    """About the use of a promotion by an order; who gave the code away is told, too.

    Attributes:
        order_id: the order.
        promotion: the id of the promotion.
        turn: how often this use has changed; the latest turn counts, whenever it became known.
        user: the customer of the order, when it is somebody else's.
        code: the symbols of the code, or the text of a vanity code; None: the promotion needs none.
        owner: the customer to whom the code was given, if any.
        held_since: when it was held first: the instant that decides its period.
        held_until: when the hold ends by itself.
        amount: what it costs the shop, minor units.
        counters: names of the counters that count it.
        unit: the code of the unit of points on top; None: it brings none.
        units: how many of them, when the order is paid.
    """

    MADE_BY_ENGINE: ClassVar[bool] = True
    order_id: str = field(validator=check_text)
    promotion: str = field(validator=check_text)
    turn: int = field(validator=check_count)
    user: str | None = field(default=None, validator=check_optional)
    code: str | None = field(default=None, validator=check_optional)
    owner: str | None = field(default=None, validator=check_optional)
    held_since: int = field(converter=instant)
    held_until: int = field(converter=instant)
    amount: int = field(validator=check_count)
    counters: tuple[str, ...] = field(default=(), converter=text_list)
    unit: str | None = field(default=None, validator=check_optional)
    units: int = field(default=0, validator=check_count)

    @staticmethod
    def name(order: str, promotion: str, customer: str, turn: int) -> str:
        """Return the id: nobody can tell two things about one turn."""
        return f"code_use:{fingerprint(order, promotion, customer)}:{turn:06}"


@kind("code_held")
@frozen(kw_only=True)
class CodeHeld(_Use):
    """An order holds a use: it counts while ``now < until``."""


@kind("code_used")
@frozen(kw_only=True)
class CodeUsed(_Use):
    """The order was paid: the use counts for good."""


@kind("code_released")
@frozen(kw_only=True)
class CodeReleased(_Use):
    """The use does not count any more.

    Attributes:
        final: whether a payment of the order will not bring it back: the customer took the code out.
        grace: the code may be used until then, although its time is over.
    """

    final: bool = field(default=False, validator=instance_of(bool))
    grace: int | None = field(default=None, converter=optional_instant)
