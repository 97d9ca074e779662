"""How a channel wants to be called: how often, for how long, and how soon again."""

from __future__ import annotations

from typing import Any

from attrs import field, frozen

from retention_engine.errors import DefinitionError, shown
from retention_engine.timing import Span, seconds


def _count(_: object, __: object, value: Any) -> None:
    if type(value) is not int or value < 1:
        raise DefinitionError(f"a rate allows a whole number of calls, 1 or more, not {shown(value)}")


def _length(_: object, __: object, value: Any) -> None:
    if not isinstance(value, Span) or value.micros < 1:
        raise DefinitionError(f"a length of time such as seconds(1) is needed here, not {shown(value)}")


@frozen
class Rate:
    """At most ``most`` calls in any span of this length, wherever it begins."""

    most: int = field(validator=_count)
    per: Span = field(default=seconds(1), validator=_length)


@frozen(kw_only=True)
class Pace:
    """How a channel wants to be called; a transport says it by an attribute ``pace``. None: no limit.

    Attributes:
        overall: how often at all.
        address: how often for one address, such as a chat.
        domain: how often for addresses with the same text behind the ``@``.
        call: how long one call takes at most.
        patience: how long to wait at least before a message that was not sent is tried again.
    """

    overall: Rate | None = None
    address: Rate | None = None
    domain: Rate | None = None
    call: Span = field(default=seconds(30), validator=_length)
    patience: Span = field(default=seconds(1), validator=_length)
