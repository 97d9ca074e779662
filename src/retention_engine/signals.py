"""What an engine and its delivery tell whoever watches them: ids, codes and counts, nothing personal."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import field, frozen


@frozen(kw_only=True)
class FactsRecorded:
    """Facts were stored.

    Attributes:
        new: how many of them.
        known: how many were there already.
    """

    new: int
    known: int


@frozen(kw_only=True)
class TimeAdvanced:
    """Logical time went on.

    Attributes:
        to: where it stands now, microseconds UTC.
        evaluated: customers looked at.
        decisions: how many of each (rule, outcome, reason); the reason is empty where there is none.
    """

    to: int
    evaluated: int
    decisions: Mapping[tuple[str, str, str], int] = field(factory=dict)


@frozen(kw_only=True)
class MessageSettled:
    """A message of the outbox became something: sent, waiting for another try, dead, ...

    Attributes:
        key: of its action.
        channel: it was called for; None when it never got so far.
        state: a ``ParcelState``.
        reason: a stable code; empty where there is none.
        attempt: how often it was begun.
        waited: microseconds since it was due.
    """

    key: str
    rule: str
    channel: str | None
    state: str
    reason: str
    attempt: int
    waited: int


@frozen(kw_only=True)
class Escalated:
    """A person has to look at something: a channel refuses us, a template fits nobody, a tick fails.

    Attributes:
        code: a stable word for what it is.
        subject: the channel, template, rule or key it is about.
        text: more about it, without anything personal.
    """

    code: str
    subject: str
    text: str = ""


Signal = FactsRecorded | TimeAdvanced | MessageSettled | Escalated
