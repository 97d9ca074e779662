"""What a message is told right before it is sent: whether it still may, and to which address."""

from __future__ import annotations

from attrs import field, frozen

from retention_engine.arbitration.base import Ruling
from retention_engine.values import Scalar


@frozen(kw_only=True)
class Clearance:
    """The answer to a message that is about to be sent.

    Attributes:
        ruling: allow, defer or drop, as of the facts known now.
        channel: by which it goes; None: no channel is left.
        address: of the customer on that channel; None: none is known.
        attributes: of the customer, plain ones; not part of the ``repr``.
        told: digests of what other messages said to the customer, and when they were sent last.
    """

    ruling: Ruling
    channel: str | None = None
    address: str | None = field(default=None, repr=False)
    attributes: dict[str, Scalar] = field(factory=dict, repr=False)
    told: dict[str, int] = field(factory=dict, repr=False)
