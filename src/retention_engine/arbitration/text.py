"""Text to policy: the grammar of the expression language, with the calls of policies."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from retention_engine.arbitration.arms import InArm
from retention_engine.arbitration.base import Policy
from retention_engine.arbitration.best_hour import BestHour
from retention_engine.arbitration.blocks import HoldWhile, Never
from retention_engine.arbitration.caps import AtMost, CalendarCap
from retention_engine.arbitration.channels import Channels
from retention_engine.arbitration.choices import Choices
from retention_engine.arbitration.consent import Consent
from retention_engine.arbitration.cooldown import CoolDown
from retention_engine.arbitration.fatigue import Fatigue
from retention_engine.arbitration.freshness import Fresh
from retention_engine.arbitration.holdout import Holdout
from retention_engine.arbitration.quiet import QuietHours
from retention_engine.arbitration.reachability import Reachable
from retention_engine.arbitration.suppression import Suppression
from retention_engine.arbitration.switch import KillSwitch
from retention_engine.arbitration.variety import Variety
from retention_engine.predicates import Truth, read

_POLICIES: tuple[type[Policy], ...] = (
    *(AtMost, BestHour, CalendarCap, Channels, Choices, Consent, CoolDown, Fatigue, Fresh, HoldWhile, Holdout),
    *(InArm, KillSwitch, Never, QuietHours, Reachable, Suppression, Variety),
)
_CALLS: dict[str, Callable[..., Any]] = {policy.__name__: policy for policy in _POLICIES}


def read_policy(text: str, *, segments: Mapping[str, Truth] | None = None) -> Policy:
    """Read a policy, such as ``AtMost(3, per=days(7), topic='offers')``; the inverse of ``policy.text()``.

    Args:
        text: one call of a policy.
        segments: the predicates behind ``segment("name")``.

    Raises:
        ExpressionError: anything wrong, with the position and the nearest valid name.
    """
    such = "a policy is needed, such as AtMost(3, per=days(7))"
    found: Policy = read(text, Policy, such, calls=_CALLS, segments=segments)
    return found
