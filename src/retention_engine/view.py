"""What a question is shown: the history of one customer, an instant, and the customer's zone."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from attrs import frozen

from retention_engine.state import History
from retention_engine.timing import is_zone, zone


@frozen
class View:
    """One customer at one instant.

    Attributes:
        history: what is known.
        now: the instant asked about, microseconds UTC.
        where: the zone of the customer's calendar.
        entry: when the journey in question was entered, None outside of one.
    """

    history: History
    now: int
    where: ZoneInfo
    entry: int | None = None


def zone_of(history: History, shop_zone: str) -> ZoneInfo:
    """Return the customer's zone, or the shop's when theirs is unknown or does not exist."""
    name = history.value("zone")
    return zone(name if is_zone(name) else shop_zone)
