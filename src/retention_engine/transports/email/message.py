"""An envelope as a mail: built, read back and compared before anything is opened."""

from __future__ import annotations

import re
from email import message_from_bytes, policy
from email.headerregistry import Address
from email.message import EmailMessage, Message
from email.policy import EmailPolicy
from email.utils import format_datetime
from typing import Any

from attrs import Attribute, field, frozen

from retention_engine.envelopes import Envelope
from retention_engine.errors import DefinitionError, shown
from retention_engine.keys import fingerprint
from retention_engine.timing import to_datetime

LONGEST_LINE = 998
LONGEST_MAILBOX = 23
_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]|=\?|\?=")
_RAW = frozenset(["list-unsubscribe", "list-unsubscribe-post", "list-id"])
_KEY = re.compile(r"[A-Za-z0-9_-]{1,40}")
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})+")
_URL = re.compile(r"(?:https://|mailto:)[\x21-\x3b\x3d\x3f-\x7e]+")


class HeaderPolicy(EmailPolicy):
    """The standard policy, but for the headers of mailing lists: those stay on one line, exactly as given.

    The standard one turns a long ``List-Unsubscribe`` into encoded words, which no mail client understands.
    """

    def fold(self, name: str, value: str) -> str:
        """Return the header as text."""
        if name.lower() in _RAW:
            return f"{name}: {value}{self.linesep}"
        return str(super().fold(name, value))

    def fold_binary(self, name: str, value: str) -> bytes:
        """Return the header as bytes."""
        if name.lower() in _RAW:
            return self.fold(name, value).encode("ascii")
        return super().fold_binary(name, value)


POLICY = HeaderPolicy(linesep="\r\n", cte_type="7bit")


@frozen(kw_only=True)
class Mail:
    """A mail ready to be handed over: one sender, one recipient, the bytes."""

    sender: str
    recipient: str = field(repr=False)
    message_id: str
    data: bytes = field(repr=False)


def _checked_address(_: object, attribute: Attribute[Any], value: Any) -> None:
    if not (isinstance(value, str) and _ADDRESS.fullmatch(value)):
        raise DefinitionError(f"{attribute.name} is a mail address in ASCII, not {shown(value)}")


def _checked_mailbox(instance: object, attribute: Attribute[Any], value: Any) -> None:
    if value is None:
        return
    _checked_address(instance, attribute, value)
    if len(value.rpartition("@")[0]) > LONGEST_MAILBOX:
        raise DefinitionError(f"{attribute.name} has at most {LONGEST_MAILBOX} characters before the @: a key follows")


@frozen
class Sender:
    """Who writes.

    Attributes:
        address: of the sender, in ASCII.
        name: shown beside it.
        list_id: names the mailing list, such as ``news.shop.example``.
        unsubscribe_mailto: an address that takes unsubscriptions by mail, beside the link.
        bounces: where reports of undelivered mails go, such as ``bounces@shop.example``; each mail's key is put into
            it (``bounces+<key>@shop.example``), so the mailbox has to take what follows a ``+``.
    """

    address: str = field(validator=_checked_address)
    name: str = field(default="", kw_only=True)
    list_id: str | None = field(default=None, kw_only=True)
    unsubscribe_mailto: str | None = field(default=None, kw_only=True)
    bounces: str | None = field(default=None, validator=_checked_mailbox, kw_only=True)

    def returned_to(self, key: str) -> str:
        """Return the address that is told when the mail of a key could not be delivered."""
        if self.bounces is None:
            return self.address
        local, _, domain = self.bounces.rpartition("@")
        return f"{local}+{key}@{domain}"


def mail_of(envelope: Envelope, sender: Sender) -> Mail:
    """Return the mail of an envelope.

    Raises:
        DefinitionError: there is nothing to say, the address is none, or a header is not safe.
    """
    content = envelope.content
    if not _ADDRESS.fullmatch(envelope.address):
        raise DefinitionError("the recipient's address is no mail address in ASCII")
    if content.subject is None or not (content.text.strip() or content.html):
        raise DefinitionError("a mail has a subject and a text")
    if content.buttons or content.keyboard or content.poll or content.photo or content.document:
        raise DefinitionError("a mail has a text and HTML; buttons, files and polls cannot be shown in it")
    wanted = _headers(envelope, sender)
    message = EmailMessage(policy=POLICY)
    for name, value in wanted.items():
        message[name] = value
    message.set_content(content.text or "(HTML)", charset="utf-8")
    if content.html is not None:
        message.add_alternative(content.html, subtype="html", charset="utf-8")
    data = _serialised(message)
    _compare(data, wanted)
    returned_to, id = sender.returned_to(_key(envelope)), str(wanted["Message-ID"])
    return Mail(sender=returned_to, recipient=envelope.address, message_id=id, data=data)


def _key(envelope: Envelope) -> str:
    return envelope.key if _KEY.fullmatch(envelope.key) else fingerprint(envelope.key)


def _serialised(message: EmailMessage) -> bytes:
    return message.as_bytes()


def _headers(envelope: Envelope, sender: Sender) -> dict[str, str | Address]:
    subject = envelope.content.subject or ""
    for name, value in (("subject", subject), ("sender", sender.name), ("recipient", envelope.name or "")):
        safe_header(name, value)
    found: dict[str, str | Address] = {
        "From": _address(sender.name, sender.address),
        "To": _address(envelope.name or "", envelope.address),
        "Subject": subject,
        "Date": format_datetime(to_datetime(envelope.at)),
        "Message-ID": f"<{_key(envelope)}@{sender.address.rpartition('@')[2]}>",
    }
    if sender.list_id is not None:
        found["List-Id"] = raw_header("List-Id", f"<{sender.list_id}>")
    if envelope.unsubscribe_url is not None:
        found |= unsubscribe_headers(envelope.unsubscribe_url, sender.unsubscribe_mailto)
    return found


def _address(name: str, address: str) -> Address:
    local, _, domain = address.rpartition("@")
    return Address(name, local, domain)


def unsubscribe_headers(url: str, mailto: str | None = None) -> dict[str, str | Address]:
    """Return the two headers of one-click unsubscription (RFC 8058).

    Raises:
        DefinitionError: no https URL, or a line of more than 998 characters.
    """
    targets = [url] if mailto is None else [url, f"mailto:{mailto}"]
    if not url.startswith("https://") or not all(_URL.fullmatch(each) for each in targets):
        raise DefinitionError("one-click unsubscription needs an https URL of printable ASCII, without < and >")
    value = ", ".join(f"<{each}>" for each in targets)
    return {
        "List-Unsubscribe": raw_header("List-Unsubscribe", value),
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }


def raw_header(name: str, value: str) -> str:
    """Return a value that is written on one line as it is.

    Raises:
        DefinitionError: it is not printable ASCII, could be decoded to something else, or is too long.
    """
    safe_header(name, value)
    if not value.isascii() or len(name) + 2 + len(value) >= LONGEST_LINE:
        raise DefinitionError(f"{name} is ASCII of less than {LONGEST_LINE} characters")
    return value


def safe_header(name: str, value: str) -> str:
    """Return a value for a header.

    Raises:
        DefinitionError: it holds a control character, or ``=?`` or ``?=``, which mail programs would decode.
    """
    if _UNSAFE.search(value):
        raise DefinitionError(f"{name} holds a control character or an encoded word, which a header must not")
    return value


_OF_THE_BODY = frozenset(["MIME-Version", "Content-Type", "Content-Transfer-Encoding"])


def _compare(data: bytes, wanted: dict[str, str | Address]) -> None:
    """Read the bytes back and refuse them if their headers are not exactly those that were meant."""
    found = message_from_bytes(data, policy=policy.SMTP)
    names = [name for name in found if name not in _OF_THE_BODY]
    if names != list(wanted):
        raise DefinitionError("the mail has other headers than it should have")
    for name in ("Subject", "From", "To"):
        if _read_back(found, name) != str(wanted[name]):
            raise DefinitionError(f"{name} reads differently than it was written")


def _read_back(found: Message, name: str) -> str | None:
    try:
        return str(found[name])
    except (AttributeError, LookupError, ValueError):  # what the library of this Python cannot read itself
        return None
