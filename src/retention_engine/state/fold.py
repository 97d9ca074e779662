"""Facts into a history: one small function per kind; any order and any repetition give the same history."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from copy import deepcopy
from typing import Any

import attrs
from attrs import define, field

from retention_engine import facts as f
from retention_engine.state.choices import (
    Latest,
    fold_channels,
    fold_consent,
    fold_contact,
    fold_frequency,
    fold_pause,
)
from retention_engine.state.codes import fold_code
from retention_engine.state.fields import kind_of_value
from retention_engine.state.history import History
from retention_engine.state.ledger import fold_ledger
from retention_engine.state.orders import fold_cart, fold_event, fold_order
from retention_engine.state.records import (
    EVENTS,
    AnswerRecord,
    EventRecord,
    ExposureRecord,
    MessageRecord,
    Moment,
    ReferralRecord,
    ReviewRecord,
    TagRecord,
    ViewRecord,
    VisitRecord,
)
from retention_engine.state.referrals import fold_referral
from retention_engine.state.tiers import fold_level
from retention_engine.state.zones import note_zone
from retention_engine.timing import to_instant

_PROFILE = ("zone", "language", "birthday")
_COMMON = {"id", "customer", "at", "learned"}


def fold(history: History, facts: Iterable[f.Fact]) -> History:
    """Apply facts to a history in place and return it; facts about the catalogue or the shop leave it as it is."""
    for fact in facts:
        apply(history, fact)
    return history


def apply(history: History, fact: f.Fact) -> None:
    """Apply one fact in place; one about the catalogue or the shop changes nothing."""
    if isinstance(fact, f.ShopFact):
        return
    history.stir()
    if history.first is None or fact.at < history.first:
        history.first = fact.at
    name = event_name(fact)
    if history.wanted is None or name in history.wanted:
        history.put(name, as_event(fact))
    step = _STEPS.get(type(fact))
    if step is not None:
        step(history, fact)


def supposed(history: History, placed: f.OrderPlaced) -> History:
    """Return what would be known if an order were placed, too; the history itself stays as it is."""
    found, name = history.copy(), ("order", placed.order.id)
    if name in found.drafts:
        found.drafts[name] = deepcopy(found.drafts[name])
    apply(found, placed)
    return found


def event_name(fact: f.Fact) -> str:
    """Return the collection of events that a fact belongs to: by its kind, or by the name of the shop's own event."""
    return EVENTS + (fact.name if isinstance(fact, f.Event) else fact.KIND)


def as_event(fact: f.Fact) -> EventRecord:
    """Return a fact as a record of ``events(name)``: its plain fields, or the data of the shop's own event."""
    return EventRecord(fact.id, fact.at, fact.data if isinstance(fact, f.Event) else _scalars(fact))


def _scalars(fact: f.Fact) -> dict[str, Any]:
    names = (each.name for each in attrs.fields(type(fact)) if each.name not in _COMMON)
    return {name: value for name in names if kind_of_value(value := getattr(fact, name)) is not None}


def _registered(history: History, fact: f.Registered) -> None:
    profile = fact.profile
    history.hold("registered", Moment(profile.registered), fact.at, fact.id)
    for name in _PROFILE:
        if (value := getattr(profile, name)) is not None:
            history.hold(name, value, fact.at, fact.id)
    if profile.zone is not None:
        note_zone(history, fact, profile.zone)
    for name, value in profile.attributes.items():
        history.hold(name, value, fact.at, fact.id)


def _attribute(history: History, fact: f.AttributeChanged) -> None:
    value: Any = fact.value
    if fact.is_instant and value is not None:
        value = Moment(to_instant(value))
    history.hold(fact.name, value, fact.at, fact.id)
    if fact.name == "zone":
        note_zone(history, fact, value)


def _tagged(history: History, fact: f.Tagged | f.Untagged) -> None:
    draft = history.drafts.setdefault(("tag", fact.tag), Latest())
    (draft.see_on if isinstance(fact, f.Tagged) else draft.see_off)(fact)
    if draft.is_on():
        history.put("tags", TagRecord(fact.tag, draft.on.at, fact.tag))
    else:
        history.drop("tags", fact.tag)


def _viewed(history: History, fact: f.Viewed) -> None:
    price = None if fact.price is None else fact.price.amount
    history.put("views", ViewRecord(fact.id, fact.at, fact.sku, fact.category, fact.brand, price))


def _visited(history: History, fact: f.Visited) -> None:
    history.put("visits", VisitRecord(fact.id, fact.at, fact.page, fact.source, fact.medium, fact.campaign))


def _reviewed(history: History, fact: f.Reviewed) -> None:
    history.put("reviews", ReviewRecord(fact.id, fact.at, fact.score, fact.sku, fact.order_id))


def _answered(history: History, fact: f.Answered) -> None:
    history.put("answers", AnswerRecord(fact.id, fact.at, fact.survey, fact.question, fact.score, fact.choice))


def _referred(history: History, fact: f.Referred) -> None:
    history.put("referrals", ReferralRecord(fact.id, fact.at, fact.friend, fact.source))


@define
class _Message:
    """What is known of a message: its sending, and the kinds of outcome seen."""

    sent: f.MessageSent | None = None
    seen: set[str] = field(factory=set)


def _message(history: History, fact: Any) -> None:
    draft = history.drafts.setdefault(("message", fact.message), _Message())
    if isinstance(fact, f.MessageSent):
        if draft.sent is None or (fact.at, fact.id) < (draft.sent.at, draft.sent.id):
            draft.sent = fact
    else:
        draft.seen.add(fact.KIND.removeprefix("message_"))
    sent, seen = draft.sent, draft.seen
    if sent is not None:
        flags = ("delivered" in seen, "opened" in seen, "clicked" in seen, "failed" in seen)
        words = (sent.rule, sent.step, sent.template, sent.channel, sent.topic)
        history.put("messages", MessageRecord(sent.message, sent.at, *words, *flags, sent.purpose, sent.items))


def _exposed(history: History, fact: f.Exposed) -> None:
    history.put("exposures", ExposureRecord(fact.id, fact.at, fact.experiment, fact.variant, fact.rule))


_STEPS: dict[type[f.Fact], Callable[[History, Any], None]] = {
    f.Registered: _registered,
    f.AttributeChanged: _attribute,
    f.Tagged: _tagged,
    f.Untagged: _tagged,
    f.ContactAdded: fold_contact,
    f.ContactRemoved: fold_contact,
    f.AddressSuppressed: fold_contact,
    f.AddressRestored: fold_contact,
    f.ConsentGiven: fold_consent,
    f.ConsentConfirmed: fold_consent,
    f.ConsentWithdrawn: fold_consent,
    f.Paused: fold_pause,
    f.Resumed: fold_pause,
    f.FrequencyChosen: fold_frequency,
    f.ChannelsChosen: fold_channels,
    f.Exposed: _exposed,
    f.OrderPlaced: fold_order,
    f.OrderPaid: fold_order,
    f.OrderDelivered: fold_order,
    f.OrderCancelled: fold_order,
    f.OrderRefunded: fold_order,
    f.Event: fold_event,
    f.CartUpdated: fold_cart,
    f.CartEmptied: fold_cart,
    f.Viewed: _viewed,
    f.Visited: _visited,
    f.Reviewed: _reviewed,
    f.Answered: _answered,
    f.Referred: _referred,
    f.ReferralLinked: fold_referral,
    f.ReferralTouched: fold_referral,
    f.ReferralAttributed: fold_referral,
    f.ReferralJudged: fold_referral,
    f.AdvocateBanned: fold_referral,
    f.FriendJoined: fold_referral,
    f.FriendOrdered: fold_referral,
    f.FriendOrderChanged: fold_referral,
    f.FriendJudged: fold_referral,
    f.ReferralCovered: fold_referral,
    f.LedgerPosted: fold_ledger,
    f.LevelSet: fold_level,
    f.LevelUnset: fold_level,
    f.CodeIssued: fold_code,
    f.CodeRevoked: fold_code,
    f.CodeHeld: fold_code,
    f.CodeUsed: fold_code,
    f.CodeReleased: fold_code,
    f.MessageSent: _message,
    f.MessageDelivered: _message,
    f.MessageOpened: _message,
    f.MessageClicked: _message,
    f.MessageFailed: _message,
}
