"""One conversation with a mail server, written once; two drivers: ``smtplib``, and ``aiosmtplib`` (extra ``email``)."""

from __future__ import annotations

import re
import smtplib
import ssl
from collections.abc import Callable, Generator
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from attrs import frozen

from retention_engine.envelopes import Envelope, Rejected, SendOutcome
from retention_engine.errors import DefinitionError, MissingExtra
from retention_engine.transports.base import Ready, always, too_late, unsuitable
from retention_engine.transports.email.message import Mail, Sender, mail_of
from retention_engine.transports.email.outcomes import Phase, SmtpCode, SmtpReply, smtp_failure, smtp_outcome
from retention_engine.transports.hiding import Secret

if TYPE_CHECKING:
    import aiosmtplib

AFTER_DOT = 600.0
"""Seconds to wait after the final dot (RFC 5321 4.5.3.2.6); waiting less delivers twice."""
_DOTS = re.compile(rb"(?m)^\.")


class Security(StrEnum):
    """How the connection is made safe."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


@frozen(kw_only=True)
class Server:
    """A mail server that takes our mails.

    Attributes:
        security: ``starttls`` (port 587), ``tls`` (port 465) or ``none``, for a relay on the same machine.
        user: to log in as; None: without.
        hostname: what we call ourselves.
        timeout: seconds for each step before the final dot.
        after_dot: seconds after it; less than 600 makes duplicates likely.
        context: for the certificate; None: the usual one.
    """

    host: str
    port: int = 587
    security: Security = Security.STARTTLS
    user: str | None = None
    password: Secret | None = None
    hostname: str = "localhost"
    timeout: float = 30.0
    after_dot: float = AFTER_DOT
    context: ssl.SSLContext | None = None


@frozen
class Step:
    """One thing a driver has to do; its result is a reply, or it raises."""

    phase: Phase
    what: str
    argument: Any = None


class Refusal(DefinitionError):
    """Raised by nothing."""


Conversation = Generator[Step, SmtpReply, SendOutcome]
