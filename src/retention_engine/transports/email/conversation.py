"""One conversation with a mail server, written once and without I/O; drivers do its steps."""

from __future__ import annotations

import re
import smtplib
import ssl
from collections.abc import Callable, Generator
from enum import StrEnum
from math import ceil
from typing import Any

from attrs import frozen

from retention_engine.envelopes import Envelope, Pace, Rate, Rejected, SendOutcome
from retention_engine.errors import DefinitionError
from retention_engine.timing import minutes, seconds
from retention_engine.transports.base import Ready, always, too_late, unsuitable
from retention_engine.transports.email.message import Mail, Sender, mail_of
from retention_engine.transports.email.outcomes import Phase, SmtpCode, SmtpReply, smtp_failure, smtp_outcome
from retention_engine.transports.hiding import Secret

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


Conversation = Generator[Step, SmtpReply, SendOutcome]


def conversation(server: Server, mail: Mail, in_time: Callable[[], bool]) -> Conversation:
    """Yield what is to be done, be sent the replies, and return the outcome; without any I/O of its own."""
    for step in _steps(server, mail):
        if step.what == "dot" and not in_time():
            return too_late()
        reply = yield step
        if reply.code // 100 != (3 if step.what == "data" else 2):
            return smtp_outcome(step.phase, reply)
    return smtp_outcome(Phase.DOT, reply, mail.message_id)


def _steps(server: Server, mail: Mail) -> list[Step]:
    tls = [Step(Phase.GREET, "starttls"), Step(Phase.GREET, "ehlo")]
    return [
        Step(Phase.CONNECT, "connect"),
        Step(Phase.GREET, "ehlo"),
        *(tls if server.security is Security.STARTTLS else []),
        *([] if server.user is None else [Step(Phase.LOGIN, "login")]),
        Step(Phase.MAIL, "mail", mail.sender),
        Step(Phase.RCPT, "rcpt", mail.recipient),
        Step(Phase.DATA, "data"),
        Step(Phase.BODY, "body", _DOTS.sub(b"..", mail.data)),
        Step(Phase.BODY, "dot"),
        Step(Phase.DOT, "answer"),
    ]


def failed(step: Step, error: Exception) -> SmtpReply | SendOutcome:
    """Return the reply that an error of a mail library holds, or what the failure of a step means."""
    code = getattr(error, "smtp_code", None) or getattr(error, "code", None)
    if isinstance(code, int) and 200 <= code < 600:
        return SmtpReply(code, plain(getattr(error, "smtp_error", None) or getattr(error, "message", "")))
    name = type(error).__name__
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return Rejected(SmtpCode.LOGIN_REFUSED, f"the server does not offer {step.what}", scope="channel")
    return smtp_failure(step.phase, name)


def plain(text: object) -> str:
    """Return what a mail library told, which is bytes or text."""
    return text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)


class Smtp:
    """What both drivers share."""

    def __init__(self, server: Server, sender: Sender, *, ready: Ready = always) -> None:
        """Take the server and the sender; nothing is opened before the first mail."""
        self._server = server
        self._sender = sender
        self._ready = ready
        longest = ceil(10 * server.timeout + server.after_dot)
        self.pace = Pace(call=seconds(longest), patience=minutes(30), domain=Rate(20))

    def mail_of(self, envelope: Envelope) -> Mail | Rejected:
        """Return the mail of an envelope, or why there can be none."""
        try:
            return mail_of(envelope, self._sender)
        except DefinitionError as error:
            return unsuitable(error)

    def talk(self, envelope: Envelope, mail: Mail) -> Conversation:
        """Return the conversation about one mail."""
        return conversation(self._server, mail, lambda: self._ready(envelope))
