"""What a shop declares about its club: programmes, tiers, promotions, referrals, games; with expressions."""

from retention_engine.clubs.achievements import Achievement
from retention_engine.clubs.bonuses import Bonus, YearlyBonus
from retention_engine.clubs.checkouts import Checkout
from retention_engine.clubs.clerk import CARRIED_OUT
from retention_engine.clubs.club import Club
from retention_engine.clubs.earning import Earning, per_money, per_order, per_quantity
from retention_engine.clubs.games import Streak
from retention_engine.clubs.metrics import CustomMetric, EarnedMetric, OrderMetric, SpendMetric
from retention_engine.clubs.preview import Preview, gift_command, preview
from retention_engine.clubs.programme import Programme
from retention_engine.clubs.promotions import Limit, Promotion
from retention_engine.clubs.referral_report import ReferralReport, SourceRow, referral_report
from retention_engine.clubs.referrals import ReferralGuards, ReferralProgramme
from retention_engine.clubs.spending import Gift
from retention_engine.clubs.tiers import CountsFrom, Tiers, tier_steps
from retention_engine.loyalty.codes import CodeKeys, Off, Percent
from retention_engine.loyalty.earning import Spending
from retention_engine.loyalty.games import Mission
from retention_engine.loyalty.referrals import CodeReward, UnitsReward
from retention_engine.loyalty.tiers import Level, TierProgramme

__all__ = [
    "CARRIED_OUT",
    "Achievement",
    "Bonus",
    "Checkout",
    "Club",
    "CodeKeys",
    "CodeReward",
    "CountsFrom",
    "CustomMetric",
    "EarnedMetric",
    "Earning",
    "Gift",
    "Level",
    "Limit",
    "Mission",
    "Off",
    "OrderMetric",
    "Percent",
    "Preview",
    "Programme",
    "Promotion",
    "ReferralGuards",
    "ReferralProgramme",
    "ReferralReport",
    "SourceRow",
    "SpendMetric",
    "Spending",
    "Streak",
    "TierProgramme",
    "Tiers",
    "UnitsReward",
    "YearlyBonus",
    "gift_command",
    "per_money",
    "per_order",
    "per_quantity",
    "preview",
    "referral_report",
    "tier_steps",
]
