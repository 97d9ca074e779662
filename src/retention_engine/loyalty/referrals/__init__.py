"""Referrals: links that invite, fingerprints that give away, where a referral stands, and what it earns."""

from retention_engine.loyalty.referrals.fingerprints import fingerprint_of
from retention_engine.loyalty.referrals.links import Invitation, ReferralLinks, Utm
from retention_engine.loyalty.referrals.rewards import (
    CodeReward,
    Reward,
    RewardLimits,
    Side,
    UnitsReward,
    commands,
    limited,
    reward_key,
)
from retention_engine.loyalty.referrals.standing import Case, Deal, Objection, ReferralState, Standing, settle

__all__ = [
    "Case",
    "CodeReward",
    "Deal",
    "Invitation",
    "Objection",
    "ReferralLinks",
    "ReferralState",
    "Reward",
    "RewardLimits",
    "Side",
    "Standing",
    "UnitsReward",
    "Utm",
    "commands",
    "fingerprint_of",
    "limited",
    "reward_key",
    "settle",
]
