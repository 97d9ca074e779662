"""A clock that a test moves by hand."""

from __future__ import annotations

from datetime import datetime

import pendulum

from retention_engine.errors import TimeError
from retention_engine.timing import Span, to_datetime, to_instant, to_text


class ManualClock:
    """A clock for tests: it stands still until it is moved, and never goes back.

    Call it to read it, as the engine does. Not for use by several threads at once.
    """

    def __init__(self, start: datetime | int | str = "2026-01-01T00:00:00+00:00") -> None:
        """Start at an aware datetime, an ISO 8601 text with offset, or integer microseconds UTC."""
        self._now = to_instant(start)

    def __call__(self) -> pendulum.DateTime:
        """Return the instant in UTC."""
        return to_datetime(self._now)

    def __repr__(self) -> str:
        """Return the call that builds a clock of the same instant."""
        return f"ManualClock({to_text(self._now)!r})"

    def advance(self, span: Span) -> pendulum.DateTime:
        """Move forward by a length of time and return the new instant."""
        return self.to(self._now + span.micros)

    def to(self, instant: datetime | int | str) -> pendulum.DateTime:
        """Move forward to an instant and return it; to where it stands already changes nothing.

        Raises:
            TimeError: the instant is earlier than the clock's, or no instant.
        """
        wanted = to_instant(instant)
        if wanted < self._now:
            raise TimeError(f"a clock never goes back: it stands at {to_text(self._now)}, not {to_text(wanted)}")
        self._now = wanted
        return self()
