"""What a reply of a mail server means: every row of the table, one code each."""

from __future__ import annotations

import re
from enum import IntEnum, StrEnum
from typing import Any

from attrs import field, frozen

from retention_engine.envelopes import NotSent, Rejected, SendOutcome, Sent, Unknown


class Phase(IntEnum):
    """Where a conversation stands; from ``DOT`` on the message may have been accepted."""

    CONNECT = 0
    GREET = 1
    LOGIN = 2
    MAIL = 3
    RCPT = 4
    DATA = 5
    BODY = 6
    DOT = 7


class SmtpCode(StrEnum):
    """Why a mail server did not take a mail, one code a row. Codes are stored and never renamed or reused."""

    UNREACHED = "smtp_unreached"
    BROKEN_OFF = "smtp_broken_off"
    TRY_AGAIN = "smtp_try_again"
    SLOW_DOWN = "smtp_slow_down"
    MAILBOX_FULL = "smtp_mailbox_full"
    LOGIN_REFUSED = "smtp_login_refused"
    NO_SUCH_ADDRESS = "smtp_no_such_address"
    DISABLED = "smtp_disabled"
    POLICY = "smtp_policy"
    NOT_AUTHENTIC = "smtp_not_authentic"
    BAD_CONTENT = "smtp_bad_content"
    TEMPORARY = "smtp_temporary"
    PERMANENT = "smtp_permanent"
    NO_ANSWER = "smtp_no_answer"
    ACCEPTED = "sent"


@frozen
class SmtpReply:
    """One reply: its three digits and its text."""

    code: int
    text: str = field(repr=False)


_ENHANCED = re.compile(r"\s*([245]\.\d{1,3}\.\d{1,3})(?!\S)")
_LOGIN = frozenset([454, 530, 534, 535])
_NO_SUCH = frozenset(["5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10"])
_SYNTAX = frozenset([500, 501, 502, 503, 504, 555])


def enhanced(text: str) -> str:
    """Return the enhanced status code at the start of a reply, such as ``5.1.1``; empty when there is none."""
    found = _ENHANCED.match(text)
    return found[1] if found else ""


def smtp_outcome(phase: Phase, reply: SmtpReply, message_id: str = "") -> SendOutcome:
    """Return what the last reply of a conversation means; the enhanced code counts before the three digits."""
    code, status, text = reply.code, enhanced(reply.text), f"{reply.code} {reply.text}"
    if phase is Phase.DOT and 200 <= code < 300:
        return Sent(message_id, text=text)
    if code == 421:
        return _closing(status, text)
    if code in _LOGIN:
        return Rejected(SmtpCode.LOGIN_REFUSED, text, scope="channel")
    if 400 <= code < 500:
        return _temporary(code, status, text)
    if 500 <= code < 600:
        return _permanent(phase, code, status, text)
    return smtp_failure(phase, f"unexpected reply {code}")


def smtp_failure(phase: Phase, text: str) -> SendOutcome:
    """Return what the loss of a connection, a timeout or nonsense means in a phase."""
    if phase is Phase.DOT:
        return Unknown(SmtpCode.NO_ANSWER, text)
    return NotSent(SmtpCode.UNREACHED if phase <= Phase.GREET else SmtpCode.BROKEN_OFF, text)


def _closing(status: str, text: str) -> SendOutcome:
    if status in ("4.7.0", "4.7.28"):
        return NotSent(SmtpCode.SLOW_DOWN, text, scope="domain")
    return NotSent(SmtpCode.BROKEN_OFF, text)


def _temporary(code: int, status: str, text: str) -> SendOutcome:
    if status == "4.2.2":
        return Rejected(SmtpCode.MAILBOX_FULL, text, scope="address", permanent=False)
    if code in (450, 451) and status.startswith("4.7."):
        return NotSent(SmtpCode.SLOW_DOWN, text, scope="domain")
    if status == "4.2.1" or status.startswith(("4.3.", "4.4.")):
        return NotSent(SmtpCode.TRY_AGAIN, text, counts=True, scope="domain")
    return Rejected(SmtpCode.TEMPORARY, text, permanent=False)


def _permanent(phase: Phase, code: int, status: str, text: str) -> SendOutcome:
    if phase >= Phase.RCPT and (found := _of_address(code, status, text)):
        return found
    made: dict[str, Any] | None = None
    if status in ("5.7.26", "5.7.515"):
        made = {"code": SmtpCode.NOT_AUTHENTIC, "scope": "channel"}
    elif status == "5.7.1":
        made = {"code": SmtpCode.POLICY}
    elif status == "5.3.4" or status.startswith("5.6.") or code in _SYNTAX:
        made = {"code": SmtpCode.BAD_CONTENT, "scope": "template"}
    return Rejected(text=text, **(made or {"code": SmtpCode.PERMANENT}))


def _of_address(code: int, status: str, text: str) -> SendOutcome | None:
    """Return what is wrong with the recipient; before they were named, nothing can be."""
    if status == "5.2.2":
        return Rejected(SmtpCode.MAILBOX_FULL, text, scope="address", permanent=False)
    if status in _NO_SUCH or (not status and code in (551, 553)):
        return Rejected(SmtpCode.NO_SUCH_ADDRESS, text, scope="address")
    if status == "5.2.1":
        return Rejected(SmtpCode.DISABLED, text, scope="address")
    return None
