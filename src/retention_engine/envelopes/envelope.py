"""One message to one customer, as a transport is given it."""

from __future__ import annotations

from attrs import field, frozen

from retention_engine.envelopes.content import Content
from retention_engine.errors import DefinitionError, nearest, shown
from retention_engine.values import LONGEST_TEXT, PURPOSES, Scalar, is_printable


@frozen(kw_only=True)
class Envelope:
    """One message to one customer at one address, as a transport is given it.

    Attributes:
        key: the action's identity: the same for every attempt.
        address: of the customer on the channel; not part of the ``repr``.
        name: of the customer as a recipient; not part of the ``repr``.
        at: the instant this attempt began, microseconds UTC.
        data: plain values for hosts, such as those of the action.
        unsubscribe_url: for one-click unsubscription; mails to sell carry it.
        attempt: 1 for the first call, and more for each further one.
    """

    key: str
    customer: str
    channel: str
    address: str = field(repr=False)
    content: Content = field(repr=False)
    at: int
    name: str | None = field(default=None, repr=False)
    topic: str | None = None
    purpose: str = "marketing"
    data: dict[str, Scalar] = field(factory=dict, repr=False)
    unsubscribe_url: str | None = field(default=None, repr=False)
    attempt: int = 1

    def __attrs_post_init__(self) -> None:
        """Refuse ids that are none, an empty address, an unknown purpose and an attempt below one."""
        for name in ("key", "customer", "channel"):
            if not is_printable(value := getattr(self, name)):
                raise DefinitionError(f"{name} is a short printable text, not {shown(value)}")
        if not isinstance(self.address, str) or not 0 < len(self.address) <= LONGEST_TEXT:
            raise DefinitionError("address is a text, and not an empty one")
        if self.purpose not in PURPOSES:
            raise DefinitionError(f"unknown purpose {shown(self.purpose)}{nearest(self.purpose, PURPOSES)}")
        if self.attempt < 1:
            raise DefinitionError(f"attempt is 1 or more, not {shown(self.attempt)}")
