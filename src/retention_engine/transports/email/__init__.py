"""E-mail: messages, the table of replies, and one conversation with two drivers."""

from retention_engine.transports.email.aio import AsyncSmtpTransport
from retention_engine.transports.email.conversation import (
    AFTER_DOT,
    Conversation,
    Security,
    Server,
    Step,
    conversation,
)
from retention_engine.transports.email.message import POLICY, Mail, Sender, mail_of, unsubscribe_headers
from retention_engine.transports.email.outcomes import (
    Phase,
    SmtpCode,
    SmtpReply,
    enhanced,
    smtp_failure,
    smtp_outcome,
)
from retention_engine.transports.email.smtp import SmtpTransport

__all__ = [
    "AFTER_DOT",
    "POLICY",
    "AsyncSmtpTransport",
    "Conversation",
    "Mail",
    "Phase",
    "Security",
    "Sender",
    "Server",
    "SmtpCode",
    "SmtpReply",
    "SmtpTransport",
    "Step",
    "conversation",
    "enhanced",
    "mail_of",
    "smtp_failure",
    "smtp_outcome",
    "unsubscribe_headers",
]
