"""The records a question may ask for: one class per collection; its fields are the fields of the language.

Amounts are minor units of the order's currency; ``at`` is microseconds UTC. Fields that hold instants or lists are
there for policies and pages; the language does not ask for them.
"""

from __future__ import annotations

from typing import Any

from attrs import define


class Moment(int):
    """An instant held by an attribute: microseconds UTC, told apart from plain numbers by its type."""


@define
class Record:
    """A dated record; ``(at, id)`` orders the records of a collection."""

    id: str
    at: int


@define
class OrderRecord(Record):
    """A paid order that was not cancelled; ``total`` is net of refunds, ``items`` counts pieces."""

    total: int
    currency: str
    items: int
    channel: str | None
    promo: str | None
    delivered: bool


@define
class PurchaseRecord(Record):
    """A line of such an order; ``price`` per piece and ``amount`` as sold, before refunds."""

    order: str
    sku: str
    category: str | None
    brand: str | None
    quantity: int
    price: int
    amount: int


@define
class DeliveryRecord(Record):
    """The delivery of such an order, under the order's id."""

    total: int
    items: int
    channel: str | None


@define
class CartRecord(Record):
    """A cart since its last update; ``ordered``: an order of it, or one that names no cart, came then or later."""

    value: int
    items: int
    ordered: bool
    emptied: bool


@define
class ViewRecord(Record):
    """A look at a product."""

    sku: str
    category: str | None
    brand: str | None
    price: int | None


@define
class VisitRecord(Record):
    """A visit of the site or the bot, with the UTM values of its link."""

    page: str | None
    source: str | None
    medium: str | None
    campaign: str | None


@define
class MessageRecord(Record):
    """A message of ours that was sent, under the key of its action."""

    rule: str
    step: str
    template: str
    channel: str | None
    topic: str | None
    delivered: bool
    opened: bool
    clicked: bool
    failed: bool
    purpose: str = "marketing"
    items: tuple[str, ...] = ()


@define
class ReviewRecord(Record):
    """A review by the customer."""

    score: int
    sku: str | None
    order: str | None


@define
class AnswerRecord(Record):
    """An answer to a survey, quiz or poll."""

    survey: str
    question: str | None
    score: float | None
    choice: str | None


@define
class ReferralRecord(Record):
    """A friend brought by the customer."""

    friend: str
    source: str | None


@define
class PointsRecord(Record):
    """An entry of an account; ``amount`` is by how much the units that the customer has became more or fewer."""

    programme: str
    unit: str
    what: str
    amount: int


@define
class TagRecord(Record):
    """A tag the customer has, since it was put on."""

    tag: str


@define
class ContactRecord(Record):
    """A channel on which the customer can be reached."""

    channel: str


@define
class ConsentRecord(Record):
    """A consent that was not withdrawn, since it was given; whether it expired depends on when you ask."""

    channel: str
    topic: str
    source: str
    confirmed: bool = False
    expires: Moment | None = None


@define
class RefusalRecord(Record):
    """A withdrawal of consent, ``*`` for every channel or topic, not followed by a consent to exactly the same."""

    channel: str
    topic: str


@define
class PauseRecord(Record):
    """A pause the customer asked for, ``*`` for every channel or topic; ``until`` may have passed."""

    channel: str
    topic: str
    until: Moment | None


@define
class FrequencyRecord(Record):
    """At most ``count`` messages in ``seconds``, chosen by the customer; ``*`` for every channel or topic."""

    channel: str
    topic: str
    count: int
    seconds: int


@define
class ChannelOrderRecord(Record):
    """The channels the customer likes, best first."""

    channels: tuple[str, ...]


@define
class SuppressionRecord(Record):
    """A channel whose present address must not be used; ``reason`` is a stable code."""

    channel: str
    reason: str


@define
class ExposureRecord(Record):
    """A meeting with a variant of an experiment."""

    experiment: str
    variant: str
    rule: str | None


@define
class EventRecord(Record):
    """An event of the shop's own, or any kind of fact by its stable name."""

    data: dict[str, Any]


COLLECTIONS: dict[str, type[Record]] = {
    "answers": AnswerRecord,
    "carts": CartRecord,
    "consents": ConsentRecord,
    "contacts": ContactRecord,
    "deliveries": DeliveryRecord,
    "exposures": ExposureRecord,
    "messages": MessageRecord,
    "orders": OrderRecord,
    "points": PointsRecord,
    "purchases": PurchaseRecord,
    "referrals": ReferralRecord,
    "refusals": RefusalRecord,
    "reviews": ReviewRecord,
    "suppressions": SuppressionRecord,
    "tags": TagRecord,
    "views": ViewRecord,
    "visits": VisitRecord,
}
"""Every built-in collection by its name in the language."""

CHOICES: dict[str, type[Record]] = {
    "channel_order": ChannelOrderRecord,
    "frequencies": FrequencyRecord,
    "pauses": PauseRecord,
}
"""The collections that policies and pages read besides; they are no names of the language."""

EVERY = "*"
"""Stands for every channel, or every topic, in the records of choices."""

EVENTS = "events:"
"""Prefix of the collections behind ``events(name)``."""
