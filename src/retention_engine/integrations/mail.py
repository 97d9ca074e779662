"""What comes back by mail, as facts: reports of mails that were not delivered (RFC 3464), and complaints (RFC 5965)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import Message
from email.utils import parseaddr, parsedate_to_datetime
from typing import Any

from attrs import frozen

from retention_engine.envelopes import Rejected
from retention_engine.errors import FactError, shown
from retention_engine.facts import AddressSuppressed, ConsentWithdrawn, Fact, MessageDelivered, MessageFailed
from retention_engine.integrations.telegram import CustomerOf
from retention_engine.keys import fingerprint
from retention_engine.timing import to_instant
from retention_engine.transports import Phase, SmtpReply, smtp_outcome

EMAIL = "email"
COMPLAINT = "mail_complaint"
"""The reason of a channel whose owner called our mail spam."""
LARGEST_REPORT = 1_000_000
_KEY = r"([A-Za-z0-9_-]{1,40})@"
_OURS, _RETURNED = re.compile(f"<{_KEY}"), re.compile(rf"\+{_KEY}")
_RETURNED_TO = ("to", "delivered-to", "x-original-to", "envelope-to")
_ADDRESS = re.compile(r"[^\s<>\"'(),:;@]{1,64}@[^\s<>\"'(),:;@]{1,130}")
_STATUS = re.compile(r"(?<![\d.])([245])\.\d{1,3}\.\d{1,3}(?![\d.])")
_DIGITS = re.compile(r"(?<![\d.])[245]\d\d(?![\d.])")
_NEVER_ARRIVED, _ARRIVED, _UNDER_WAY = "failed", "delivered", ("delayed", "relayed", "expanded")
_COMPLAINTS = ("abuse", "fraud", "opt-out", "opt-out-list")


def mail_to_facts(data: bytes, *, customer_of: CustomerOf, learned: datetime | int | str) -> list[Fact]:
    """Return the facts of one report; none when it is about no mail of ours, or tells of nothing but a delay.

    A mail that was not delivered is a ``MessageFailed``, and an address that is none an ``AddressSuppressed`` besides,
    by the table that holds when a server says so at once. A complaint suppresses the channel and withdraws every
    consent on it. The same report gives the same facts.

    Args:
        data: the mail as it came to ``Sender.bounces``, or to the address a feedback loop writes to.
        customer_of: returns the customer of an action's key, None when it is not known.
        learned: when it came.

    Raises:
        FactError: it is no such report, such as the answer of somebody on holiday, or it cannot be read.
    """
    if not isinstance(data, bytes) or len(data) > LARGEST_REPORT:
        raise FactError(f"a report is a mail of at most {LARGEST_REPORT} bytes")
    now = to_instant(learned)
    report = _read(data, now)
    for key in report.keys:
        if (customer := customer_of(key)) is not None:
            return [fact.learned_at(now) for fact in report.facts(key, customer)]
    return []


def _read(data: bytes, now: int) -> _Report:
    try:
        return _Report.of(message_from_bytes(data, policy=policy.compat32), now)
    except FactError:
        raise
    except (LookupError, TypeError, AttributeError, ValueError, RecursionError) as error:
        raise FactError(f"a mail that cannot be read: {type(error).__name__}") from None


@frozen(kw_only=True)
class _Report:
    """A report, taken apart.

    Attributes:
        at: when it was written, microseconds UTC.
        keys: which mail it may be about, the likeliest first.
        address: to whom that mail was written, if it says so.
        told: what it says, one block for each recipient, or one for a complaint.
    """

    at: int
    keys: tuple[str, ...]
    address: str | None
    told: tuple[Message, ...]
    complaint: bool

    @classmethod
    def of(cls, mail: Message, now: int) -> _Report:
        """Take a mail apart that is a report."""
        parts = {part.get_content_type(): part for part in reversed(list(mail.walk()))}
        status, feedback = parts.get("message/delivery-status"), parts.get("message/feedback-report")
        machine = status or feedback
        if mail.get_content_type() != "multipart/report" or machine is None:
            raise FactError("no report of a mail server: neither delivery-status nor feedback-report")
        blocks = machine.get_payload()
        fields = blocks[1 if status else 0 :] if isinstance(blocks, list) else []
        told = tuple(each for each in fields if isinstance(each, Message))
        if not told:
            raise FactError("a report without its fields")
        ours = _returned(parts)
        return cls(
            at=_written(mail, now),
            keys=tuple(dict.fromkeys([*_OURS.findall(_field(ours, "message-id")), *_keys(mail)])),
            address=_address(parseaddr(_field(ours, "to"))[1]),
            told=told,
            complaint=status is None,
        )

    def facts(self, key: str, customer: str) -> list[Fact]:
        """Return what it says about one mail."""
        common: dict[str, Any] = {"customer": customer, "at": self.at}
        tell = self._of_complaint if self.complaint else self._of_recipient
        found = [each for block in self.told for each in tell(block, key)]
        return [
            kind(id=f"mail:{fingerprint(key, str(self.at), kind.KIND, *map(str, more.values()))}", **common, **more)
            for kind, more in found
        ]

    def _of_complaint(self, block: Message, _: str) -> Iterator[tuple[type[Fact], dict[str, Any]]]:
        if _field(block, "feedback-type").lower() in _COMPLAINTS:
            yield ConsentWithdrawn, {"channel": EMAIL}
            yield AddressSuppressed, {"channel": EMAIL, "reason": COMPLAINT}

    def _of_recipient(self, block: Message, key: str) -> Iterator[tuple[type[Fact], dict[str, Any]]]:
        action = _field(block, "action").lower()
        if action == _ARRIVED:
            yield MessageDelivered, {"message": key}
        elif action == _NEVER_ARRIVED:
            outcome = smtp_outcome(Phase.RCPT, _reply(block))
            yield MessageFailed, {"message": key, "reason": outcome.code}
            named = [_address(_field(block, name)) for name in ("original-recipient", "final-recipient")]
            address = next((each for each in (self.address, *named) if each), None)
            if isinstance(outcome, Rejected) and outcome.scope == "address" and outcome.permanent and address:
                yield AddressSuppressed, {"channel": EMAIL, "reason": outcome.code, "address": address}
        elif action not in _UNDER_WAY:
            raise FactError(f"a report with the action {shown(action)}")


def _reply(block: Message) -> SmtpReply:
    """Return what the server would have said at once; an exact status goes before a vague one."""
    status, text = _STATUS.search(_field(block, "status")), _field(block, "diagnostic-code")
    if status is None:
        raise FactError("a report without a status")
    exact = _STATUS.search(text)
    vague = status[0].endswith(".0.0")
    if vague and exact and exact[1] == status[1]:
        status, vague = exact, False
    digits = _DIGITS.search(text)
    code = int(digits[0]) if digits and digits[0][0] == status[1] else int(status[1]) * 100 + 50
    return SmtpReply(code, text if vague else f"{status[0]} {text}")


def _returned(parts: dict[str, Message]) -> Message:
    """Return the headers of our mail, as the report brings them back."""
    whole = parts.get("message/rfc822", Message()).get_payload()
    if isinstance(whole, list) and isinstance(whole[0], Message):
        return whole[0]
    if (headers := parts.get("text/rfc822-headers")) is not None:
        raw = headers.get_payload(decode=True)
        return message_from_bytes(raw if isinstance(raw, bytes) else b"", policy=policy.compat32)
    return Message()


def _keys(mail: Message) -> list[str]:
    """Return the keys in the addresses a report was sent to."""
    return [key for name in _RETURNED_TO for value in mail.get_all(name, []) for key in _RETURNED.findall(str(value))]


def _written(mail: Message, now: int) -> int:
    """Return when a report was written; the instant it came when it does not say so, or not credibly."""
    try:
        found = parsedate_to_datetime(_field(mail, "date"))
        at = to_instant(found if found.tzinfo else found.replace(tzinfo=UTC))
    except (ValueError, TypeError, OverflowError):
        return now
    return at if 0 < at <= now else now


def _field(message: Message, name: str) -> str:
    return " ".join(str(message.get(name, "")).split())


def _address(text: str) -> str | None:
    found = _ADDRESS.search(text)
    return found and found[0]
