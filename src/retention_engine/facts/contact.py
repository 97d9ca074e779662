"""Facts about the customer: registration, attributes, tags, contact points, consent."""

from __future__ import annotations

from attrs import field, frozen

from retention_engine.errors import FactError, shown
from retention_engine.facts.base import (
    Fact,
    check_address,
    check_optional,
    check_scope,
    check_text,
    check_word,
    instance_of,
    instant,
    kind,
    optional_instant,
)
from retention_engine.facts.words import Customer
from retention_engine.values import Scalar, check_scalar


@kind("registered")
@frozen(kw_only=True)
class Registered(Fact):
    """A customer became known; their attributes count as set at this instant."""

    profile: Customer = field(validator=instance_of(Customer))

    def __attrs_post_init__(self) -> None:
        """Refuse a fact whose customer is not that of the profile."""
        if self.profile.id != self.customer:
            raise FactError(f"customer {shown(self.customer)} differs from that of the profile, {self.profile.id!r}")

    @classmethod
    def of(cls, customer: Customer) -> Registered:
        """Return the fact of a registration; its id follows from the customer's."""
        return cls(id=f"registered:{customer.id}", customer=customer.id, at=customer.registered, profile=customer)


@kind("attribute_changed")
@frozen(kw_only=True)
class AttributeChanged(Fact):
    """An attribute got a value; None removes it. The latest by (at, id) counts.

    Attributes:
        name: letters, digits and ``_``; ``zone``, ``language`` and ``birthday`` are the built-in ones.
        value: a text, a finite number, yes/no, or None; instants as ISO text when ``is_instant`` is set.
        is_instant: the value is an instant (such as an expiry) that rules may ask the age of.
    """

    name: str = field(validator=check_text)
    value: Scalar = field(default=None)
    is_instant: bool = field(default=False, validator=instance_of(bool))

    @name.validator
    def _identifier(self, _: object, value: str) -> None:
        if not value.isascii() or not value.isidentifier() or value.startswith("_"):
            raise FactError(f"name is letters, digits and _, not {shown(value)}")

    @value.validator
    def _plain(self, _: object, value: object) -> None:
        check_scalar(f"attribute {self.name}", value)
        if self.is_instant is True and value is not None:
            instant(value)  # type: ignore[arg-type]  # it refuses whatever is no instant


@kind("tagged")
@frozen(kw_only=True)
class Tagged(Fact):
    """The shop put a tag on the customer."""

    tag: str = field(validator=check_text)


@kind("untagged")
@frozen(kw_only=True)
class Untagged(Fact):
    """The shop took a tag off the customer."""

    tag: str = field(validator=check_text)


@kind("contact_added")
@frozen(kw_only=True)
class ContactAdded(Fact):
    """The customer can be reached at an address of a channel; the latest address of a channel counts."""

    channel: str = field(validator=check_text)
    address: str = field(validator=check_address, repr=False)


@kind("contact_removed")
@frozen(kw_only=True)
class ContactRemoved(Fact):
    """The address of a channel is gone (blocked, bounced, withdrawn)."""

    channel: str = field(validator=check_text)


@kind("consent_given")
@frozen(kw_only=True)
class ConsentGiven(Fact):
    """The customer agreed to messages of a topic on a channel.

    Attributes:
        source: where they said so, such as ``checkout``.
        proof: reference to the evidence, or None.
        expires: the instant from which it holds no longer, microseconds UTC; None: it does not end by itself.
        confirmed: it was confirmed already when it was told, as of an import; otherwise ``ConsentConfirmed`` says so.
    """

    channel: str = field(validator=check_word)
    topic: str = field(validator=check_word)
    source: str = field(validator=check_text)
    proof: str | None = field(default=None, validator=check_optional)
    expires: int | None = field(default=None, converter=optional_instant)
    confirmed: bool = field(default=False, validator=instance_of(bool))


@kind("consent_confirmed")
@frozen(kw_only=True)
class ConsentConfirmed(Fact):
    """The customer confirmed the consent given before, such as by the link of a double opt-in.

    It counts for the latest ``ConsentGiven`` of exactly this channel and topic if it came later by (at, id).
    """

    channel: str = field(validator=check_word)
    topic: str = field(validator=check_word)
    proof: str | None = field(default=None, validator=check_optional)


@kind("consent_withdrawn")
@frozen(kw_only=True)
class ConsentWithdrawn(Fact):
    """The customer withdrew consent; no channel means every channel, no topic every topic: with neither, stop all."""

    channel: str | None = field(default=None, validator=check_scope)
    topic: str | None = field(default=None, validator=check_scope)
