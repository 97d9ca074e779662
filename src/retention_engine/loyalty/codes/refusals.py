"""Why a code or a promotion does not count: stable reasons, in words, and the one answer that may be told."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Refusal(StrEnum):
    """Why it does not count. Codes are stored and never renamed."""

    UNKNOWN = "unknown"
    """There is no such code."""
    LOCKED = "locked"
    """Too many wrong codes were tried."""
    REVOKED = "revoked"
    """It was taken back."""
    BOUND = "bound"
    """It belongs to another customer."""
    USED_UP = "used_up"
    """It was used as often as it may be."""
    HELD = "held"
    """Another order holds the last use."""
    USED_BY_CUSTOMER = "used_by_customer"
    """This customer used it as often as one may."""
    BUDGET_SPENT = "budget_spent"
    """The money set aside for it is spent."""
    NOT_STARTED = "not_started"
    """It does not count yet."""
    EXPIRED = "expired"
    """It does not count any more."""
    OUTSIDE_HOURS = "outside_hours"
    """It counts at other hours or on other days."""
    NEEDS_IDENTITY = "needs_identity"
    """It needs a customer who is known."""
    NOT_IN_SEGMENT = "not_in_segment"
    """It is for other customers."""
    NOT_FIRST_ORDER = "not_first_order"
    """It is for a first order."""
    WRONG_CHANNEL = "wrong_channel"
    """It is for another channel."""
    WRONG_CURRENCY = "wrong_currency"
    """It is for another currency."""
    BASKET_TOO_SMALL = "basket_too_small"
    """The basket is worth too little."""
    BASKET_TOO_LARGE = "basket_too_large"
    """The basket is worth too much."""
    NO_ELIGIBLE_ITEM = "no_eligible_item"
    """Nothing in the basket is meant."""
    NOT_COMBINABLE = "not_combinable"
    """It does not go together with a better one."""
    ZERO_DISCOUNT = "zero_discount"
    """It would take nothing off."""

    @property
    def public(self) -> Refusal:
        """What a customer may be told: unknown, used and foreign codes are all ``unknown``."""
        return Refusal.UNKNOWN if self in _SECRET else self

    def words(self, language: str | None = None) -> str:
        """Return it in a language such as ``ru`` or ``en-GB``; in English when there is none."""
        return WORDS.get((language or "en").replace("_", "-").split("-")[0].lower(), WORDS["en"])[self]


_SECRET = frozenset(
    {Refusal.LOCKED, Refusal.REVOKED, Refusal.BOUND, Refusal.USED_UP, Refusal.HELD, Refusal.USED_BY_CUSTOMER}
)
_R = Refusal
WORDS: Mapping[str, Mapping[Refusal, str]] = {
    "en": {
        _R.UNKNOWN: "This code is not valid.",
        _R.LOCKED: "Too many wrong codes: try again in an hour.",
        _R.REVOKED: "This code was taken back.",
        _R.BOUND: "This code belongs to another customer.",
        _R.USED_UP: "This code was used already.",
        _R.HELD: "Another order holds this code.",
        _R.USED_BY_CUSTOMER: "You used this code already.",
        _R.BUDGET_SPENT: "This offer is over.",
        _R.NOT_STARTED: "This code is not valid yet.",
        _R.EXPIRED: "This code is not valid any more.",
        _R.OUTSIDE_HOURS: "This code is valid on other days or at other hours.",
        _R.NEEDS_IDENTITY: "Please sign in to use this code.",
        _R.NOT_IN_SEGMENT: "This offer is for other customers.",
        _R.NOT_FIRST_ORDER: "This code is for a first order.",
        _R.WRONG_CHANNEL: "This code is not valid here.",
        _R.WRONG_CURRENCY: "This code is for another currency.",
        _R.BASKET_TOO_SMALL: "The basket is too small for this code.",
        _R.BASKET_TOO_LARGE: "The basket is too large for this code.",
        _R.NO_ELIGIBLE_ITEM: "Nothing in the basket takes part in this offer.",
        _R.NOT_COMBINABLE: "This code does not combine with a better offer.",
        _R.ZERO_DISCOUNT: "This code would take nothing off.",
    },
    "ru": {
        _R.UNKNOWN: "Такой промокод не действует.",
        _R.LOCKED: "Слишком много неверных промокодов: попробуйте через час.",
        _R.REVOKED: "Промокод отозван.",
        _R.BOUND: "Промокод выдан другому покупателю.",
        _R.USED_UP: "Промокод уже использован.",
        _R.HELD: "Промокод занят другим заказом.",
        _R.USED_BY_CUSTOMER: "Вы уже использовали этот промокод.",
        _R.BUDGET_SPENT: "Акция закончилась.",
        _R.NOT_STARTED: "Промокод ещё не действует.",
        _R.EXPIRED: "Срок действия промокода истёк.",
        _R.OUTSIDE_HOURS: "Промокод действует в другие дни или часы.",
        _R.NEEDS_IDENTITY: "Войдите, чтобы использовать промокод.",
        _R.NOT_IN_SEGMENT: "Это предложение для других покупателей.",
        _R.NOT_FIRST_ORDER: "Промокод действует только на первый заказ.",
        _R.WRONG_CHANNEL: "Здесь этот промокод не действует.",
        _R.WRONG_CURRENCY: "Промокод для другой валюты.",
        _R.BASKET_TOO_SMALL: "Сумма заказа слишком мала для этого промокода.",
        _R.BASKET_TOO_LARGE: "Сумма заказа слишком велика для этого промокода.",
        _R.NO_ELIGIBLE_ITEM: "В корзине нет товаров, участвующих в акции.",
        _R.NOT_COMBINABLE: "Промокод не сочетается с более выгодным предложением.",
        _R.ZERO_DISCOUNT: "Промокод не даёт скидки на этот заказ.",
    },
}
"""Language -> reason -> words; both languages have all of them."""
