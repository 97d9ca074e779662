"""Facts about our own messages: what became of each of them, and which variant of an experiment was met."""

from __future__ import annotations

from attrs import field, frozen

from retention_engine.errors import FactError, nearest, shown
from retention_engine.facts.base import Fact, check_optional, check_text, kind, text_list
from retention_engine.values import PURPOSES


@kind("message_sent")
@frozen(kw_only=True)
class MessageSent(Fact):
    """A message was handed to the customer's channel.

    Attributes:
        message: the key of the action it came from.
        purpose: marketing, service or transactional.
        items: what it was about or offered, such as skus.
        digest: of what it said: the same words have the same digest.
    """

    message: str = field(validator=check_text)
    rule: str = field(validator=check_text)
    step: str = field(validator=check_text)
    template: str = field(validator=check_text)
    channel: str | None = field(default=None, validator=check_optional)
    topic: str | None = field(default=None, validator=check_optional)
    purpose: str = field(default="marketing")
    items: tuple[str, ...] = field(default=(), converter=text_list)
    digest: str | None = field(default=None, validator=check_optional)

    @purpose.validator
    def _one_of(self, _: object, value: object) -> None:
        if value not in PURPOSES:
            raise FactError(f"unknown purpose {shown(value)}{nearest(value, PURPOSES)}")


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


@kind("exposed")
@frozen(kw_only=True)
class Exposed(Fact):
    """The customer met a variant of an experiment; ``rule`` is the one that showed it, if one did."""

    experiment: str = field(validator=check_text)
    variant: str = field(validator=check_text)
    rule: str | None = field(default=None, validator=check_optional)
