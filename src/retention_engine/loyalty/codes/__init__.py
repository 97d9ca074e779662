"""Promo codes: how they are made, written and read; what promotions take off; counters of uses; reasons of refusal."""

from retention_engine.loyalty.codes.counters import GUESSES, Counter, Held, guessed, is_locked
from retention_engine.loyalty.codes.deriving import CodeKeys
from retention_engine.loyalty.codes.discounts import (
    MOST_OFFERS,
    Applied,
    Discount,
    Gift,
    Off,
    Offer,
    Percent,
    Stack,
    best,
)
from retention_engine.loyalty.codes.refusals import WORDS, Refusal
from retention_engine.loyalty.codes.spelling import (
    ALPHABET,
    BEARER,
    BOUND,
    Spelling,
    body_of,
    canonical,
    check_symbol,
    is_code,
    read,
    spell,
    value_of,
)
from retention_engine.loyalty.codes.uses import OrderUses, Stage, Use, counted, rebuilt

__all__ = [
    "ALPHABET",
    "BEARER",
    "BOUND",
    "GUESSES",
    "MOST_OFFERS",
    "WORDS",
    "Applied",
    "CodeKeys",
    "Counter",
    "Discount",
    "Gift",
    "Held",
    "Off",
    "Offer",
    "OrderUses",
    "Percent",
    "Refusal",
    "Spelling",
    "Stack",
    "Stage",
    "Use",
    "best",
    "body_of",
    "canonical",
    "check_symbol",
    "counted",
    "guessed",
    "is_code",
    "is_locked",
    "read",
    "rebuilt",
    "spell",
    "value_of",
]
