"""Delivery: what was decided is sent, at most once or at least once, and whatever is not known is said so."""

from retention_engine.delivery.base import Call, Change, Limits, Office, Report
from retention_engine.delivery.delivery import Delivery

__all__ = ["Call", "Change", "Delivery", "Limits", "Office", "Report"]
