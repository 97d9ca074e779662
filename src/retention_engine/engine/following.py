"""Stores whose facts mean something for codes and referrals: only an engine with the club may record those facts."""

from __future__ import annotations

from collections.abc import Iterable

from retention_engine.clubs import Club
from retention_engine.errors import DefinitionError
from retention_engine.facts import (
    Fact,
    Fingerprinted,
    OrderCancelled,
    OrderPaid,
    OrderPlaced,
    OrderRefunded,
    ReferralJudged,
    ReferralLinked,
    ReferralTouched,
    Registered,
)
from retention_engine.ports import Settings

FOLLOWED: tuple[type[Fact], ...] = (
    Fingerprinted,
    OrderCancelled,
    OrderPaid,
    OrderPlaced,
    OrderRefunded,
    ReferralJudged,
    ReferralLinked,
    ReferralTouched,
    Registered,
)
"""The kinds of fact that settle codes or are told to others, in the commit that records them and never later."""

_NAME = "club"


def is_followed(settings: Settings) -> bool:
    """Tell whether an engine whose club has promotions or referrals has used the store."""
    return settings.get(_NAME) is not None


def keep_followed(settings: Settings, club: Club | None, facts: Iterable[Fact] = ()) -> None:
    """Remember that a club follows what is recorded; refuse an engine without one, which would not.

    Called inside a transaction.

    Raises:
        DefinitionError: there is no club, and one of the facts has to be followed.
    """
    if club is not None:
        if (club.promotions or club.referrals) and not is_followed(settings):
            settings.put(_NAME, "followed")
        return
    kinds = sorted({fact.KIND for fact in facts if isinstance(fact, FOLLOWED)})
    if kinds and is_followed(settings):
        raise DefinitionError(
            f"this store has a club whose promo codes and referrals are settled when {', '.join(kinds)} is recorded: "
            "Engine(..., club=Club(...)), or --club on the command line"
        )
