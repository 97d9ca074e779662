"""By which channels a message is tried, and in which order."""

from __future__ import annotations

from attrs import field, frozen

from retention_engine.arbitration.base import ALLOW, Message, Policy, Ruling, Situation, Stage, one_or_more
from retention_engine.errors import DefinitionError, shown


def _names(value: object) -> tuple[str, ...]:
    names = one_or_more(value)
    if names is None:
        raise DefinitionError(f"Channels takes names in order of preference, not {shown(value)}")
    return names


@frozen(repr=False)
class Channels(Policy):
    """The usual order of channels, for messages that name none: the first on which nothing forbids it is taken.

    A customer who chose an order of their own is written to in theirs.
    """

    stage = Stage.PERMISSION
    order: tuple[str, ...] = field(converter=_names)

    def weigh(self, message: Message, seen: Situation) -> Ruling:
        """Allow: it chooses the channel and forbids nothing."""
        return ALLOW


def order_of(channels: tuple[str, ...], seen: Situation) -> tuple[str, ...]:
    """Return the channels in the customer's own order first, then in the order given; no others are added."""
    chosen = next((row.channels for row in seen.view.history.records("channel_order")), ())
    return tuple(dict.fromkeys([*(name for name in chosen if name in channels), *channels]))
