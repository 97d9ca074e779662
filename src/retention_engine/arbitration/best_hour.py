"""The hour of day at which the customer tends to react."""

from __future__ import annotations

from collections import Counter
from typing import Any

from attrs import field, frozen

from retention_engine.actions import Reason
from retention_engine.arbitration.base import ALLOW, Defer, Message, Policy, Ruling, Situation, Stage
from retention_engine.arbitration.cooldown import positive_span
from retention_engine.errors import DefinitionError, shown
from retention_engine.timing import ClockWindow, Span, hours, local_hour, to_text

_SIGNS = ("orders", "visits")


def _hour(_: object, __: object, value: Any) -> None:
    if type(value) is not int or not 0 <= value <= 23:
        raise DefinitionError(f"shop is an hour from 0 to 23, not {shown(value)}")


def _least(_: object, __: object, value: Any) -> None:
    if type(value) is not int or value < 1:
        raise DefinitionError(f"least is 1 or more, not {shown(value)}")


@frozen(repr=False)
class BestHour(Policy):
    """Defer to the hour of the local clock at which the customer visited and ordered most, within a bound.

    Attributes:
        shop: the hour for customers with fewer than ``least`` visits and orders, 0 to 23.
        within: never later than this after the message became due: past it, it is not deferred.
        least: how many visits and orders make an own hour; of equally frequent hours the earliest counts.
    """

    stage = Stage.TIME
    shop: int = field(validator=_hour)
    within: Span = field(default=hours(24), validator=positive_span, kw_only=True)
    least: int = field(default=5, validator=_least, kw_only=True)

    def weigh(self, message: Message, seen: Situation) -> Ruling:
        """Defer until the clock shows the hour, unless that is too late."""
        view = seen.view
        hour = self.hour(seen)
        others = ClockWindow((hour + 1) % 24 * 60, hour * 60)
        if not others.holds(view.now, view.where):
            return ALLOW
        until = others.left(view.now, view.where)
        if until > message.due + self.within.micros:
            return ALLOW
        return Defer(until, Reason.BEST_HOUR, (f"reacts most at {hour:02}:00, next {to_text(until)}",))

    def hour(self, seen: Situation) -> int:
        """Return the hour, 0 to 23."""
        view = seen.view
        signs = [row.at for name in _SIGNS for row in view.history.records(name)]
        if len(signs) < self.least:
            return self.shop
        counted = Counter(local_hour(at, view.where) for at in signs)
        return min(counted, key=lambda hour: (-counted[hour], hour))

    def reads(self) -> frozenset[str]:
        """Return the signs of life."""
        return frozenset(_SIGNS)
