"""Facts about referrals: links and touches, who brought whom, verdicts, and what friends did, told to the advocate.

The advocate is who invites, the friend is who comes. Kinds called ``friend_...`` are facts of the advocate that the
engine makes out of facts of the friend, so that everything about a customer follows from the customer's own facts.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, ClassVar, TypeVar

from attrs import Attribute, field, frozen

from retention_engine.errors import FactError, nearest, shown
from retention_engine.facts.base import (
    Fact,
    check_count,
    check_optional,
    check_optional_price,
    check_price,
    check_text,
    instance_of,
    instant,
    kind,
    text_list,
)
from retention_engine.facts.commerce import OrderCancelled, OrderPaid, OrderPlaced, OrderRefunded
from retention_engine.facts.words import Order
from retention_engine.keys import fingerprint
from retention_engine.money import Money

_FactType = TypeVar("_FactType", bound=Fact)
FINGERPRINTS = ("address", "device", "email", "ip", "payment", "phone")
"""What a fingerprint can be of."""

_CHANGES = {
    "paid": OrderPaid,
    "cancelled": OrderCancelled,
    "refunded": OrderRefunded,
}
ORDER_CHANGES = tuple(_CHANGES)
"""What the advocate is told about a friend's order after it was placed."""

VERDICTS = ("approved", "rejected", *(f"same_{each}" for each in FINGERPRINTS))
"""What can be said about a referral: the shop's review, and fingerprints that advocate and friend have in common."""


def _one_of(*allowed: str) -> Callable[[object, Attribute[str], object], None]:
    def check(_: object, attribute: Attribute[str], value: object) -> None:
        if value not in allowed:
            raise FactError(f"{attribute.name} {shown(value)} is not known{nearest(value, allowed)}")

    return check


def _said(made: type[_FactType], word: str, at: datetime | int | str, **words: str | None) -> _FactType:
    """Return a fact whose id follows from everything it says."""
    when = instant(at)
    texts = (repr(text) if name in ("source", "channel") else str(text) for name, text in words.items())
    return made(id=f"{word}:{fingerprint(*texts, str(when))}", at=when, **words)


@frozen(kw_only=True)
class _ReferralFact(Fact):
    programme: str = field(validator=check_text)


@kind("referral_linked")
@frozen(kw_only=True)
class ReferralLinked(_ReferralFact):
    """The customer was given a link to invite friends with.

    Attributes:
        token: stands for the customer in the link.
    """

    token: str = field(validator=check_text)

    @classmethod
    def of(cls, programme: str, customer: str, token: str, *, at: datetime | int | str) -> ReferralLinked:
        """Return the fact; its id follows from everything it says."""
        return _said(cls, "linked", at, programme=programme, customer=customer, token=token)


@kind("referral_touched")
@frozen(kw_only=True)
class ReferralTouched(_ReferralFact):
    """The customer came by somebody's link.

    Attributes:
        token: whose link.
        source: the id of the place where it was shared, as signed in the link.
        channel: ``telegram``, ``web`` and so on.
    """

    token: str = field(validator=check_text)
    source: str | None = field(default=None, validator=check_optional)
    channel: str | None = field(default=None, validator=check_optional)

    @classmethod
    def of(
        cls,
        programme: str,
        customer: str,
        token: str,
        *,
        at: datetime | int | str,
        source: str | None = None,
        channel: str | None = None,
    ) -> ReferralTouched:
        """Return the fact; its id follows from everything it says."""
        where = {"source": source, "channel": channel}
        return _said(cls, "touched", at, programme=programme, customer=customer, token=token, **where)


@kind("referral_attributed")
@frozen(kw_only=True)
class ReferralAttributed(_ReferralFact):
    """It is settled who brought the customer; made by the engine at the sign-up, and never changed.

    Attributes:
        advocate: who.
        touched_at: when the customer came by the link.
        refused: the code of what rules a reward out, or None.
        flags: codes of what has to be looked at before a reward.
    """

    MADE_BY_ENGINE: ClassVar[bool] = True
    advocate: str = field(validator=check_text)
    touched_at: int = field(converter=instant)
    source: str | None = field(default=None, validator=check_optional)
    refused: str | None = field(default=None, validator=check_optional)
    flags: tuple[str, ...] = field(default=(), converter=text_list)


@kind("referral_judged")
@frozen(kw_only=True)
class ReferralJudged(_ReferralFact):
    """The shop approved or rejected the customer's referral, or the engine found what both sides have in common.

    Attributes:
        verdict: ``approved``, ``rejected``, ``same_email`` and so on; of the shop's the latest counts.
    """

    verdict: str = field(validator=_one_of(*VERDICTS))

    @classmethod
    def of(cls, programme: str, customer: str, verdict: str, *, at: datetime | int | str) -> ReferralJudged:
        """Return the shop's verdict on the referral of a friend; its id follows from everything it says."""
        return _said(cls, "judged", at, programme=programme, customer=customer, verdict=verdict)


@kind("advocate_banned")
@frozen(kw_only=True)
class AdvocateBanned(_ReferralFact):
    """The customer gets no more rewards for friends, pending ones included; the latest word counts.

    Attributes:
        banned: False lifts it.
    """

    banned: bool = field(default=True, validator=instance_of(bool))


@kind("fingerprinted")
@frozen(kw_only=True)
class Fingerprinted(Fact):
    """Something by which two accounts of one person give themselves away; once, and again when it changed.

    Attributes:
        sort: ``address``, ``device``, ``email``, ``ip``, ``payment`` or ``phone``.
        digest: a hash of it, never the thing itself.
    """

    sort: str = field(validator=_one_of(*FINGERPRINTS))
    digest: str = field(validator=check_text, repr=False)

    @classmethod
    def of(cls, customer: str, sort: str, digest: str, *, at: datetime | int | str) -> Fingerprinted:
        """Return the fact; its id follows from everything it says."""
        return _said(cls, "seen", at, customer=customer, sort=sort, digest=digest)


@frozen(kw_only=True)
class _FriendFact(_ReferralFact):
    MADE_BY_ENGINE: ClassVar[bool] = True
    friend: str = field(validator=check_text)


@kind("friend_joined")
@frozen(kw_only=True)
class FriendJoined(_FriendFact):
    """A friend of the customer signed up; told by the engine.

    Attributes:
        touched_at: when the friend came by the link.
        refused: the code of what rules a reward out, or None.
        flags: codes of what has to be looked at before a reward.
    """

    touched_at: int = field(converter=instant)
    source: str | None = field(default=None, validator=check_optional)
    refused: str | None = field(default=None, validator=check_optional)
    flags: tuple[str, ...] = field(default=(), converter=text_list)


@kind("friend_ordered")
@frozen(kw_only=True)
class FriendOrdered(_FriendFact):
    """A friend of the customer placed an order; told by the engine, without what is in it.

    Attributes:
        paid: whether it counts as paid at once.
    """

    order_id: str = field(validator=check_text)
    total: Money = field(validator=check_price)
    channel: str | None = field(default=None, validator=check_optional)
    promo: str | None = field(default=None, validator=check_optional)
    paid: bool = field(default=True, validator=instance_of(bool))

    def original(self) -> OrderPlaced:
        """Return what the friend's own fact said, as far as it was told."""
        words: dict[str, Any] = {"channel": self.channel, "promo": self.promo}
        order = Order(id=self.order_id, customer=self.friend, at=self.at, total=self.total, **words)
        return OrderPlaced(id=self.id, customer=self.friend, at=self.at, order=order, paid=self.paid)


@kind("friend_order_changed")
@frozen(kw_only=True)
class FriendOrderChanged(_FriendFact):
    """An order of a friend of the customer was paid, cancelled or refunded; told by the engine.

    Attributes:
        change: ``paid``, ``cancelled`` or ``refunded``.
        amount: of a refund; None: the whole total.
    """

    order_id: str = field(validator=check_text)
    change: str = field(validator=_one_of(*ORDER_CHANGES))
    amount: Money | None = field(default=None, validator=check_optional_price)

    def original(self) -> Fact:
        """Return what the friend's own fact said."""
        more: dict[str, Any] = {"amount": self.amount} if self.change == "refunded" else {}
        return _CHANGES[self.change](id=self.id, customer=self.friend, at=self.at, order_id=self.order_id, **more)


@kind("friend_judged")
@frozen(kw_only=True)
class FriendJudged(_FriendFact):
    """What was said about the referral of a friend of the customer; told by the engine."""

    verdict: str = field(validator=_one_of(*VERDICTS))


@kind("friend_fingerprinted")
@frozen(kw_only=True)
class FriendFingerprinted(_FriendFact):
    """A fingerprint of a friend of the customer, to be compared; told by the engine."""

    sort: str = field(validator=_one_of(*FINGERPRINTS))
    digest: str = field(validator=check_text, repr=False)


@kind("referral_covered")
@frozen(kw_only=True)
class ReferralCovered(_FriendFact):
    """Units were promised to an order of a friend, or spent on it; told by the engine to the friend and the advocate.

    Attributes:
        order: its id.
        account: of the units, such as ``club/pts``.
        seq: of the entry; of two tellings about one account and order the later entry is right.
        amount: what all of them are worth from now on.
    """

    order: str = field(validator=check_text)
    account: str = field(validator=check_text)
    seq: int = field(validator=check_count)
    amount: Money = field(validator=check_price)
