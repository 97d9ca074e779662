"""Facts about what customers want to get: pauses, how often, on which channels; and addresses not to be used."""

from __future__ import annotations

from datetime import datetime

from attrs import Attribute, field, frozen
from attrs.validators import optional

from retention_engine.errors import FactError, shown
from retention_engine.facts.base import (
    Fact,
    check_address,
    check_optional_count,
    check_scope,
    check_text,
    check_word,
    kind,
    optional_instant,
    text_list,
)
from retention_engine.timing import DAY, SECOND, Span, days

_LONGEST = 366 * 10 * DAY // SECOND


@kind("paused")
@frozen(kw_only=True)
class Paused(Fact):
    """The customer wants no messages for a while; of a channel and topic the latest pause or resumption counts.

    Attributes:
        until: the instant from which messages are welcome again; None: until ``Resumed``.
        channel: None: every channel.
        topic: None: every topic.
    """

    until: int | None = field(default=None, converter=optional_instant)
    channel: str | None = field(default=None, validator=check_scope)
    topic: str | None = field(default=None, validator=check_scope)


@kind("resumed")
@frozen(kw_only=True)
class Resumed(Fact):
    """The customer ended the pause of exactly this channel (None: the pause of all) and topic."""

    channel: str | None = field(default=None, validator=check_scope)
    topic: str | None = field(default=None, validator=check_scope)


@kind("frequency_chosen")
@frozen(kw_only=True)
class FrequencyChosen(Fact):
    """The customer wants at most so many messages in such a time; of a channel and topic the latest choice counts.

    Attributes:
        count: 0 is a pause without end; None lifts the choice.
        seconds: the time, 1 second to 10 years.
        channel: None: every channel.
        topic: None: every topic.
    """

    count: int | None = field(validator=check_optional_count)
    seconds: int = field(default=7 * DAY // SECOND)
    channel: str | None = field(default=None, validator=check_scope)
    topic: str | None = field(default=None, validator=check_scope)

    @seconds.validator
    def _some_time(self, _: object, value: object) -> None:
        if type(value) is not int or not 1 <= value <= _LONGEST:
            raise FactError(f"seconds is a whole number from 1 to {_LONGEST}, not {shown(value)}")

    @classmethod
    def of(
        cls,
        count: int | None,
        per: Span = days(7),  # noqa: B008  # frozen
        *,
        id: str,
        customer: str,
        at: datetime | int | str,
        channel: str | None = None,
        topic: str | None = None,
    ) -> FrequencyChosen:
        """Return the choice of ``count`` messages per span, such as ``days(7)``.

        Raises:
            FactError: the span is none, or not of whole seconds.
        """
        if not isinstance(per, Span) or per.micros % SECOND:
            raise FactError(f"per is a span of whole seconds such as days(7), not {shown(per)}")
        where = {"channel": channel, "topic": topic}
        return cls(id=id, customer=customer, at=at, count=count, seconds=per.micros // SECOND, **where)


@kind("channels_chosen")
@frozen(kw_only=True)
class ChannelsChosen(Fact):
    """The channels the customer likes, best first; the latest choice counts, an empty one lifts it."""

    channels: tuple[str, ...] = field(default=(), converter=text_list)

    @channels.validator
    def _each_once(self, attribute: Attribute[tuple[str, ...]], value: tuple[str, ...]) -> None:
        for one in value:
            check_word(self, attribute, one)  # type: ignore[arg-type]  # same rule, attribute of another type
        if len(set(value)) != len(value):
            raise FactError(f"channels name each channel once, not {shown(value)}")


@kind("address_suppressed")
@frozen(kw_only=True)
class AddressSuppressed(Fact):
    """An address must not be written to any more: hard bounce, complaint, bot blocked.

    Attributes:
        reason: a stable code such as ``hard_bounce``.
        address: the one meant, compared without regard to case; None: the channel, whatever the address.
    """

    channel: str = field(validator=check_word)
    reason: str = field(validator=check_text)
    address: str | None = field(default=None, validator=optional(check_address), repr=False)


@kind("address_restored")
@frozen(kw_only=True)
class AddressRestored(Fact):
    """Whatever was suppressed on this channel before may be written to again."""

    channel: str = field(validator=check_word)
