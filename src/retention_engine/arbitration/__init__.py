"""Arbitration: may this be said, to this customer, now? One policy per file, one place where they meet a message."""

from retention_engine.arbitration.arbiter import FAILURES, Arbiter, Ruled
from retention_engine.arbitration.arms import InArm
from retention_engine.arbitration.base import (
    ALLOW,
    Allow,
    Defer,
    Drop,
    Held,
    Message,
    Policy,
    Ruling,
    Said,
    Situation,
    Stage,
)
from retention_engine.arbitration.best_hour import BestHour
from retention_engine.arbitration.blocks import HoldWhile, Never
from retention_engine.arbitration.caps import AtMost, CalendarCap
from retention_engine.arbitration.channels import Channels
from retention_engine.arbitration.choices import Choices
from retention_engine.arbitration.clearance import Clearance
from retention_engine.arbitration.consent import Consent
from retention_engine.arbitration.cooldown import CoolDown
from retention_engine.arbitration.fatigue import Fatigue
from retention_engine.arbitration.files import dump_policies, load_policies, segments_in
from retention_engine.arbitration.freshness import Fresh
from retention_engine.arbitration.holdout import Holdout
from retention_engine.arbitration.quiet import QuietHours
from retention_engine.arbitration.reachability import Reachable
from retention_engine.arbitration.sets import courtesy
from retention_engine.arbitration.suppression import Suppression
from retention_engine.arbitration.switch import KillSwitch, stopping
from retention_engine.arbitration.text import read_policy
from retention_engine.arbitration.variety import Variety

__all__ = [
    "ALLOW",
    "FAILURES",
    "Allow",
    "Arbiter",
    "AtMost",
    "BestHour",
    "CalendarCap",
    "Channels",
    "Choices",
    "Clearance",
    "Consent",
    "CoolDown",
    "Defer",
    "Drop",
    "Fatigue",
    "Fresh",
    "Held",
    "HoldWhile",
    "Holdout",
    "InArm",
    "KillSwitch",
    "Message",
    "Never",
    "Policy",
    "QuietHours",
    "Reachable",
    "Ruled",
    "Ruling",
    "Said",
    "Situation",
    "Stage",
    "Suppression",
    "Variety",
    "courtesy",
    "dump_policies",
    "load_policies",
    "read_policy",
    "segments_in",
    "stopping",
]
