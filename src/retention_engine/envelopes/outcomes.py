"""What became of one call of a transport: typed outcomes, with a stable code and a redacted remark."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Literal

from attrs import Attribute, field, frozen

from retention_engine.errors import DefinitionError, nearest, shown

LONGEST_REMARK = 200
_SECRET = re.compile(r"\b(?:bot)?\d{5,}:[A-Za-z0-9_-]{10,}")
_MAIL = re.compile(r"[^\s<>\"'(),:;]+@[^\s<>\"'(),:;]+")
_PHONE = re.compile(r"(?<![\w.])\+?\d(?:[ ()-]{0,2}\d){8,}")
_CODE = re.compile(r"[a-z][a-z0-9_]{0,79}")


def redacted(text: object, limit: int = LONGEST_REMARK) -> str:
    """Return a remote text on one line, shortened, without bot tokens, mail addresses and phone numbers."""
    plain = "".join(letter if letter.isprintable() else " " for letter in str(text)[: limit * 20])
    for pattern, word in ((_SECRET, "<secret>"), (_MAIL, "<address>"), (_PHONE, "<number>")):
        plain = pattern.sub(word, plain)
    plain = " ".join(plain.split())
    return plain if len(plain) <= limit else f"{plain[: limit - 3]}..."


def _code(_: object, __: object, value: Any) -> None:
    if not isinstance(value, str) or not _CODE.fullmatch(value):
        raise DefinitionError(f"a code is lower-case letters, digits and _, not {shown(value)}")


def _wait(_: object, __: object, value: Any) -> None:
    if value is not None and (type(value) not in (int, float) or not 0 <= value <= 10**9):
        raise DefinitionError(f"retry_after is a number of seconds, not {shown(value)}")


def _one_of(*allowed: str) -> Callable[[object, Attribute[Any], Any], None]:
    def check(_: object, __: object, value: Any) -> None:
        if value not in allowed:
            raise DefinitionError(f"unknown scope {shown(value)}{nearest(value, allowed)}")

    return check


@frozen
class Sent:
    """The transport accepted the message; ``id`` is its own name for it, empty when it told none."""

    id: str = field(default="", converter=str)
    code: str = field(default="sent", converter=str, validator=_code, kw_only=True)
    text: str = field(default="", converter=redacted, kw_only=True)


@frozen
class NotSent:
    """Surely not sent; it may be tried again.

    Attributes:
        retry_after: seconds the other side asks to wait.
        counts: it uses up an attempt.
        scope: what has to wait: the message, the recipient's domain, or the channel.
    """

    code: str = field(converter=str, validator=_code)
    text: str = field(default="", converter=redacted)
    retry_after: float | None = field(default=None, validator=_wait, kw_only=True)
    counts: bool = field(default=False, kw_only=True)
    scope: Literal["message", "domain", "channel"] = field(
        default="message",
        validator=_one_of("message", "domain", "channel"),
        kw_only=True,
    )


@frozen
class Unknown:
    """Nobody knows whether it was sent; ``partial``: some of several messages may have been."""

    code: str = field(converter=str, validator=_code)
    text: str = field(default="", converter=redacted)
    partial: bool = field(default=False, kw_only=True)


@frozen
class Rejected:
    """Refused.

    Attributes:
        scope: what is wrong: the message, its template, the customer's address, or our channel.
        permanent: trying again is of no use.
    """

    code: str = field(converter=str, validator=_code)
    text: str = field(default="", converter=redacted)
    scope: Literal["message", "template", "address", "channel"] = field(
        default="message",
        validator=_one_of("message", "template", "address", "channel"),
        kw_only=True,
    )
    permanent: bool = field(default=True, kw_only=True)


@frozen
class Migrated:
    """The customer has a new address on this channel; nothing was sent to the old one."""

    new_address: str = field(repr=False)
    code: str = field(default="migrated", converter=str, validator=_code, kw_only=True)
    text: str = field(default="", converter=redacted, kw_only=True)


SendOutcome = Sent | NotSent | Unknown | Rejected | Migrated
"""What became of one call of a transport."""
