"""Levels of a programme: a pure fold of what counts and what was given by hand; nothing is stored, nothing is run."""

from retention_engine.loyalty.tiers.programme import Drop, Level, OnRefund, TierProgramme
from retention_engine.loyalty.tiers.questions import (
    Reward,
    review_within,
    rewarded,
    rewards,
    standing,
    standings,
    told,
    walked,
)
from retention_engine.loyalty.tiers.standing import Contribution, Overlay, Reached, Standing
from retention_engine.loyalty.tiers.walk import Walk
from retention_engine.loyalty.tiers.windows import Anniversary, Calendar, Lifetime, Months, Rolling, Valid
from retention_engine.loyalty.tiers.words import keep_text, next_text

__all__ = [
    "Anniversary",
    "Calendar",
    "Contribution",
    "Drop",
    "Level",
    "Lifetime",
    "Months",
    "OnRefund",
    "Overlay",
    "Reached",
    "Reward",
    "Rolling",
    "Standing",
    "TierProgramme",
    "Valid",
    "Walk",
    "keep_text",
    "next_text",
    "review_within",
    "rewarded",
    "rewards",
    "standing",
    "standings",
    "told",
    "walked",
]
