"""What is known: pure folds of facts into the history of a customer."""

from retention_engine.state.choices import pair_id
from retention_engine.state.codes import CodesKnown, codes_known
from retention_engine.state.fields import fields_of, kind_of_value, read_any, read_field
from retention_engine.state.fold import apply, as_event, event_name, fold, supposed
from retention_engine.state.history import EVERYTHING, Change, Held, History, Steps, Teller
from retention_engine.state.ledger import posted_to
from retention_engine.state.orders import FACTS_OF_ORDERS, OrderDraft
from retention_engine.state.records import (
    CHOICES,
    COLLECTIONS,
    EVENTS,
    EVERY,
    EventRecord,
    Moment,
    Record,
)
from retention_engine.state.referrals import ReferralDraft, referral_of
from retention_engine.state.tiers import levels_set
from retention_engine.state.zones import zones_of

__all__ = [
    "CHOICES",
    "COLLECTIONS",
    "EVENTS",
    "EVERY",
    "EVERYTHING",
    "FACTS_OF_ORDERS",
    "Change",
    "CodesKnown",
    "EventRecord",
    "Held",
    "History",
    "Moment",
    "OrderDraft",
    "Record",
    "ReferralDraft",
    "Steps",
    "Teller",
    "apply",
    "as_event",
    "codes_known",
    "event_name",
    "fields_of",
    "fold",
    "kind_of_value",
    "levels_set",
    "pair_id",
    "posted_to",
    "read_any",
    "read_field",
    "referral_of",
    "supposed",
    "zones_of",
]
