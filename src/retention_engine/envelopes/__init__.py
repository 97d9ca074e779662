"""What a transport is given and what it answers: envelopes with content, and typed outcomes."""

from retention_engine.envelopes.content import Button, Content, Entity, Poll, Styled, compose, utf16_length
from retention_engine.envelopes.envelope import Envelope
from retention_engine.envelopes.outcomes import (
    LONGEST_REMARK,
    Migrated,
    NotSent,
    Rejected,
    SendOutcome,
    Sent,
    Unknown,
    redacted,
)
from retention_engine.envelopes.pace import Pace, Rate

__all__ = [
    "LONGEST_REMARK",
    "Button",
    "Content",
    "Entity",
    "Envelope",
    "Migrated",
    "NotSent",
    "Pace",
    "Poll",
    "Rate",
    "Rejected",
    "SendOutcome",
    "Sent",
    "Styled",
    "Unknown",
    "compose",
    "redacted",
    "utf16_length",
]
