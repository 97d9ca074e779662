"""Instants: integer microseconds since 1970-01-01 UTC inside, ``pendulum.DateTime`` at the surface."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pendulum

from retention_engine.errors import TimeError, shown

NEVER = 2**62
"""An instant after every other one: "no horizon", "no value" in compiled code. Never shown to users."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
EARLIEST = (datetime(1, 1, 3, tzinfo=UTC) - _EPOCH) // _MICROSECOND
LATEST = (datetime(9999, 12, 29, tzinfo=UTC) - _EPOCH) // _MICROSECOND


def to_instant(value: datetime | int | str) -> int:
    """Return microseconds UTC for an aware datetime, an integer (taken as is) or an ISO 8601 text with offset.

    Raises:
        TimeError: the datetime is naive, the text is not ISO 8601, or the instant is outside the years 1 to 9999.
    """
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            message = f"not an ISO 8601 instant: {shown(value)}; write it as 2026-11-21T12:00:00+00:00"
            raise TimeError(message) from None
    if isinstance(value, datetime):
        if value.utcoffset() is None:
            raise TimeError(f"naive datetime {shown(value.isoformat())}: give it a zone, such as +00:00")
        value = datetime.__sub__(value, _EPOCH) // _MICROSECOND  # pendulum's own difference has no exact division
    if type(value) is not int:
        raise TimeError(f"an instant is an aware datetime or integer microseconds, not {shown(value)}")
    if not EARLIEST <= value <= LATEST:
        raise TimeError(f"instant {shown(value)} lies outside the years 1 to 9999 (integers are microseconds UTC)")
    return value


def to_datetime(instant: int) -> pendulum.DateTime:
    """Return the instant as ``pendulum.DateTime`` in UTC; exact to the microsecond."""
    return pendulum.instance(to_utc(instant))


def to_utc(instant: int) -> datetime:
    """Return the instant as a standard library datetime in UTC."""
    return _EPOCH + timedelta(microseconds=instant)


def to_text(instant: int) -> str:
    """Return ISO 8601 in UTC, such as ``2026-11-21T12:00:00Z``; microseconds only when there are any."""
    return to_utc(instant).isoformat().replace("+00:00", "Z")
