"""Delivery: what was decided is sent, at most once or at least once, and whatever is not known is said so."""

from retention_engine.delivery.base import Call, Change, Limits, Office, Report
from retention_engine.delivery.clock import Bands, EngineClock, Reading, Step
from retention_engine.delivery.delivery import Delivery
from retention_engine.delivery.environment import adopt_environment, check_environment
from retention_engine.delivery.runner import Runner
from retention_engine.delivery.ticks import TickReport

__all__ = [
    "Bands",
    "Call",
    "Change",
    "Delivery",
    "EngineClock",
    "Limits",
    "Office",
    "Reading",
    "Report",
    "Runner",
    "Step",
    "TickReport",
    "adopt_environment",
    "check_environment",
]
