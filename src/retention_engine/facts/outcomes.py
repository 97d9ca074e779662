"""Facts about our own messages: what became of each of them."""

from __future__ import annotations

from attrs import field, frozen

from retention_engine.facts.base import Fact, check_optional, check_text, kind


@kind("message_sent")
@frozen(kw_only=True)
class MessageSent(Fact):
    """A message was handed to the customer's channel.

    Attributes:
        message: the key of the action it came from.
    """

    message: str = field(validator=check_text)
    rule: str = field(validator=check_text)
    step: str = field(validator=check_text)
    template: str = field(validator=check_text)
    channel: str | None = field(default=None, validator=check_optional)
    topic: str | None = field(default=None, validator=check_optional)


@frozen(kw_only=True)
class _Outcome(Fact):
    message: str = field(validator=check_text)


@kind("message_delivered")
@frozen(kw_only=True)
class MessageDelivered(_Outcome):
    """The channel says the message arrived."""


@kind("message_opened")
@frozen(kw_only=True)
class MessageOpened(_Outcome):
    """The message was opened; weak evidence, since mail clients load pictures by themselves."""


@kind("message_clicked")
@frozen(kw_only=True)
class MessageClicked(_Outcome):
    """A link or button of the message was used."""

    link: str | None = field(default=None, validator=check_optional)


@kind("message_failed")
@frozen(kw_only=True)
class MessageFailed(_Outcome):
    """The message will not be delivered; ``reason`` is a stable code."""

    reason: str = field(validator=check_text)
