"""Policies that go together."""

from __future__ import annotations

from retention_engine.arbitration.base import Policy
from retention_engine.arbitration.choices import Choices
from retention_engine.arbitration.suppression import Suppression
from retention_engine.arbitration.switch import KillSwitch


def courtesy() -> tuple[Policy, ...]:
    """Return what always stands: addresses that are gone, what customers chose, the kill switch.

    An engine has these policies whatever others it is given.
    """
    return (Suppression(), Choices(), KillSwitch())
