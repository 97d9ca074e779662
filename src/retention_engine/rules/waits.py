"""Steps that wait: for a length of time, for an hour or a weekday, for something to become true."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from attrs import field, frozen

from retention_engine.errors import DefinitionError, shown
from retention_engine.predicates import Truth
from retention_engine.rules.base import Written, check_name
from retention_engine.rules.schedules import Schedule
from retention_engine.timing import NEVER, Span


def _named(name: str, default: str) -> str:
    return "" if name == default else f", name={name!r}"


@frozen(cache_hash=True, repr=False)
class Delay(Written):
    """Wait for a length of elapsed time."""

    span: Span
    name: str = field(validator=check_name, kw_only=True)

    @name.default
    def _name(self) -> str:
        return f"delay {self.span!r}"

    def __attrs_post_init__(self) -> None:
        """Check the span."""
        if not isinstance(self.span, Span) or self.span.micros == 0:
            raise DefinitionError(f"Delay takes a span above zero such as days(3), not {shown(self.span)}")

    def write(self, *, python: bool) -> str:
        """Write the call; the default name is left out."""
        return f"Delay({self.span!r}{_named(self.name, self._name())})"


@frozen(cache_hash=True, repr=False)
class WaitUntil(Written):
    """Wait until the customer's calendar shows an hour, a weekday or a day of the month; not at all if it does now."""

    schedule: Schedule
    name: str = field(validator=check_name, kw_only=True)

    @name.default
    def _name(self) -> str:
        return f"wait until {self.schedule!r}"[:200]

    def __attrs_post_init__(self) -> None:
        """Check the schedule."""
        if not isinstance(self.schedule, Schedule):
            raise DefinitionError(f"WaitUntil takes daily(), weekly() or monthly(), not {shown(self.schedule)}")

    def until(self, now: int, where: ZoneInfo) -> int:
        """Return the first instant of the schedule at or after ``now``, in a zone."""
        return next((due for _, due in self.schedule.dues(now, where)), NEVER)

    def write(self, *, python: bool) -> str:
        """Write the call; the default name is left out."""
        return f"WaitUntil({self.schedule!r}{_named(self.name, self._name())})"


@frozen(cache_hash=True, repr=False)
class WaitFor(Written):
    """Wait until a predicate holds, at most ``timeout``; then go on, or leave when ``on_timeout`` is ``exit``."""

    predicate: Truth
    timeout: Span
    on_timeout: str = field(default="continue", kw_only=True)
    name: str = field(validator=check_name, kw_only=True)

    @name.default
    def _name(self) -> str:
        return f"wait {self.predicate}"[:200]

    def __attrs_post_init__(self) -> None:
        """Check the parts."""
        if not isinstance(self.predicate, Truth):
            raise DefinitionError(f"WaitFor takes a predicate, not {shown(self.predicate)}")
        if not isinstance(self.timeout, Span) or self.timeout.micros == 0:
            raise DefinitionError(f"WaitFor takes a timeout above zero such as days(3), not {shown(self.timeout)}")
        if self.on_timeout not in ("continue", "exit"):
            raise DefinitionError(f"on_timeout is 'continue' or 'exit', not {shown(self.on_timeout)}")

    def write(self, *, python: bool) -> str:
        """Write the call; the default name is left out."""
        more = "" if self.on_timeout == "continue" else f", on_timeout={self.on_timeout!r}"
        named = _named(self.name, self._name())
        return f"WaitFor({self.predicate.write(python=python)}, {self.timeout!r}{more}{named})"
