"""Customers who are left alone, so that the effect on the others can be measured."""

from __future__ import annotations

from typing import Any

from attrs import field, frozen

from retention_engine.actions import Reason
from retention_engine.arbitration.base import (
    ALLOW,
    Drop,
    Message,
    Policy,
    Ruling,
    Situation,
    Stage,
    known_purposes,
)
from retention_engine.errors import DefinitionError, shown
from retention_engine.keys import BUCKETS, bucket
from retention_engine.values import is_printable

_ROUNDING = 1e-9
"""How far 0.07 * 100 may be off the whole number it means."""


def _percent(_: object, __: object, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 100:
        raise DefinitionError(f"percent is a number above 0, at most 100, not {shown(value)}")
    if abs(value * 100 - round(value * 100)) > _ROUNDING:
        raise DefinitionError(f"percent goes in steps of 0.01, not {shown(value)}")


def _salt(_: object, __: object, value: Any) -> None:
    if not is_printable(value):
        raise DefinitionError(f"salt is a printable text of 1 to 200 characters, not {shown(value)}")


@frozen(repr=False)
class Holdout(Policy):
    """Leave a stable share of the customers alone, globally or for some rules; by default marketing only.

    The same customers are held out for ever: by salt, never by a name that may change. A larger share adds others.
    It is asked before the first message of a journey only, and ends the journey.

    Attributes:
        percent: of the customers, in steps of a hundredth.
        salt: decides who it is; never changed while the experiment lasts.
    """

    stage = Stage.EXPERIMENT
    kinds = ("send", "audience_join")
    purpose: tuple[str, ...] | None = field(default=("marketing",), converter=known_purposes, kw_only=True)
    percent: float = field(validator=_percent)
    salt: str = field(default="holdout", validator=_salt, kw_only=True)

    def weigh(self, message: Message, seen: Situation) -> Ruling:
        """Drop the whole journey of a customer whose bucket is in the share."""
        if not message.opening:
            return ALLOW
        number = bucket(message.customer, self.salt)
        if number >= round(self.percent * BUCKETS / 100):
            return ALLOW
        reason = Reason.HOLDOUT if self.rule is None else Reason.CONTROL
        return Drop(reason, (f"bucket {number} of {BUCKETS} of salt {self.salt!r}",), whole=True)
