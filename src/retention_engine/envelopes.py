"""What a transport is given and what it answers: envelopes with content, and typed outcomes."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Literal

from attrs import Attribute, field, frozen

from retention_engine.errors import DefinitionError, nearest, shown
from retention_engine.values import LONGEST_TEXT, PURPOSES, Scalar, is_printable

LONGEST_REMARK = 200
_SECRET = re.compile(r"\b(?:bot)?\d{5,}:[A-Za-z0-9_-]{10,}")
_MAIL = re.compile(r"[^\s<>\"'(),:;]+@[^\s<>\"'(),:;]+")
_PHONE = re.compile(r"(?<![\w.])\+?\d(?:[ ()-]{0,2}\d){8,}")
_CODE = re.compile(r"[a-z][a-z0-9_]{0,79}")
_URL = re.compile(r"(?:https://|tg://)[^\s\x00-\x20\x7f]+")


def redacted(text: object, limit: int = LONGEST_REMARK) -> str:
    """Return a remote text on one line, shortened, without bot tokens, mail addresses and phone numbers."""
    plain = "".join(letter if letter.isprintable() else " " for letter in str(text)[: limit * 20])
    for pattern, word in ((_SECRET, "<secret>"), (_MAIL, "<address>"), (_PHONE, "<number>")):
        plain = pattern.sub(word, plain)
    plain = " ".join(plain.split())
    return plain if len(plain) <= limit else f"{plain[: limit - 3]}..."


def utf16_length(text: str) -> int:
    """Return the length in UTF-16 units, as Telegram counts it."""
    return len(text) + sum(letter > "\uffff" for letter in text)


def _body(_: object, attribute: Attribute[Any], value: Any) -> None:
    name = attribute.name
    if not isinstance(value, str) or "\x00" in value or any("\ud800" <= letter <= "\udfff" for letter in value):
        raise DefinitionError(f"{name} is a text without NUL and lone surrogates, not {shown(value)}")


def _optional_body(instance: object, attribute: Attribute[Any], value: Any) -> None:
    if value is not None:
        _body(instance, attribute, value)


def _link(_: object, attribute: Attribute[Any], value: Any) -> None:
    if value is not None and not (isinstance(value, str) and _URL.fullmatch(value)):
        raise DefinitionError(f"{attribute.name} starts with https:// or tg://, not {shown(value)}")


@frozen
class Button:
    """A button below a message: it opens a URL (https or tg) or tells the bot its ``callback``, never both.

    Attributes:
        text: what stands on it.
        url: what it opens.
        callback: what the bot is told, 1 to 64 bytes.
    """

    text: str = field(validator=_body)
    url: str | None = field(default=None, validator=_link)
    callback: str | None = field(default=None, validator=_optional_body)

    def __attrs_post_init__(self) -> None:
        """Refuse a button without text, with both targets or with none."""
        if not self.text or (self.url is None) == (self.callback is None):
            raise DefinitionError(f"a button has a text and either url or callback, not {shown(self)}")
        if self.callback is not None and not 1 <= len(self.callback.encode()) <= 64:
            raise DefinitionError(f"callback has 1 to 64 bytes, not {shown(self.callback)}")


@frozen
class Entity:
    """A styled part of a text, as Telegram knows them; offset and length are in UTF-16 units.

    Attributes:
        kind: such as ``bold``, ``italic``, ``code`` or ``text_link``.
        url: for ``text_link``: where it leads (https or tg).
    """

    kind: str
    offset: int
    length: int
    url: str | None = field(default=None, validator=_link)

    def __attrs_post_init__(self) -> None:
        """Refuse an empty or negative range, and a link without its URL."""
        if self.offset < 0 or self.length < 1 or (self.kind == "text_link") != (self.url is not None):
            raise DefinitionError(f"an entity has a range, and a url if it is a text_link, not {shown(self)}")


@frozen
class Styled:
    """A part of a text with a style; ``compose`` makes entities of it."""

    kind: str
    text: str
    url: str | None = None


def compose(*parts: str | Styled) -> tuple[str, tuple[Entity, ...]]:
    """Return the text of all parts and the entities of the styled ones: nothing has to be escaped."""
    entities: list[Entity] = []
    offset = 0
    for part in parts:
        text = part if isinstance(part, str) else part.text
        length = utf16_length(text)
        if isinstance(part, Styled) and length:
            entities.append(Entity(part.kind, offset, length, part.url))
        offset += length
    return "".join(part if isinstance(part, str) else part.text for part in parts), tuple(entities)


@frozen(kw_only=True)
class Poll:
    """A question with 2 to 12 answers; with ``correct`` (0-based) it is a quiz."""

    question: str = field(validator=_body)
    options: tuple[str, ...] = field(converter=tuple)
    correct: int | None = None
    explanation: str | None = field(default=None, validator=_optional_body)
    multiple: bool = False

    def __attrs_post_init__(self) -> None:
        """Refuse a wrong number of answers and a correct one that is none of them."""
        if not self.question or not 2 <= len(self.options) <= 12 or not all(self.options):
            raise DefinitionError(f"a poll has a question and 2 to 12 answers, not {shown(self.options)}")
        if self.correct is not None and (not 0 <= self.correct < len(self.options) or self.multiple):
            raise DefinitionError(f"correct is the number of one answer, not {shown(self.correct)}")


@frozen(kw_only=True)
class Content:
    """What is said; each transport takes what its channel can show.

    Attributes:
        text: plain text; for a photo or document its caption.
        subject: of a mail.
        html: the mail's second form; the text stays the first.
        buttons: below the message, one a line.
        entities: styles of the text.
        keyboard: texts of a reply keyboard, one a line; not together with buttons.
        photo: a file id or an https URL.
        document: a file id or an https URL.
        poll: a question instead of a text.
    """

    text: str = field(default="", validator=_body)
    subject: str | None = field(default=None, validator=_optional_body)
    html: str | None = field(default=None, validator=_optional_body)
    buttons: tuple[Button, ...] = field(default=(), converter=tuple)
    entities: tuple[Entity, ...] = field(default=(), converter=tuple)
    keyboard: tuple[str, ...] = field(default=(), converter=tuple)
    photo: str | None = field(default=None, validator=_optional_body)
    document: str | None = field(default=None, validator=_optional_body)
    poll: Poll | None = None

    def __attrs_post_init__(self) -> None:
        """Refuse two things to show at once, two keyboards, and styles beyond the text."""
        if sum(each is not None for each in (self.photo, self.document, self.poll)) > 1:
            raise DefinitionError("content has a photo, a document or a poll, not several of them: send two messages")
        if self.buttons and self.keyboard:
            raise DefinitionError("content has buttons or a reply keyboard, not both")
        end = utf16_length(self.text)
        for entity in self.entities:
            if entity.offset + entity.length > end:
                raise DefinitionError(f"entity {shown(entity)} ends after the text ({end} UTF-16 units)")


@frozen(kw_only=True)
class Envelope:
    """One message to one customer at one address, as a transport is given it.

    Attributes:
        key: the action's identity: the same for every attempt.
        address: of the customer on the channel; not part of the ``repr``.
        name: of the customer as a recipient; not part of the ``repr``.
        at: the instant this attempt began, microseconds UTC.
        data: plain values for hosts, such as those of the action.
        unsubscribe_url: for one-click unsubscription; mails to sell carry it.
        attempt: 1 for the first call, and more for each further one.
    """

    key: str
    customer: str
    channel: str
    address: str = field(repr=False)
    content: Content = field(repr=False)
    at: int
    name: str | None = field(default=None, repr=False)
    topic: str | None = None
    purpose: str = "marketing"
    data: dict[str, Scalar] = field(factory=dict, repr=False)
    unsubscribe_url: str | None = field(default=None, repr=False)
    attempt: int = 1

    def __attrs_post_init__(self) -> None:
        """Refuse ids that are none, an empty address, an unknown purpose and an attempt below one."""
        for name in ("key", "customer", "channel"):
            if not is_printable(value := getattr(self, name)):
                raise DefinitionError(f"{name} is a short printable text, not {shown(value)}")
        if not isinstance(self.address, str) or not 0 < len(self.address) <= LONGEST_TEXT:
            raise DefinitionError("address is a text, and not an empty one")
        if self.purpose not in PURPOSES:
            raise DefinitionError(f"unknown purpose {shown(self.purpose)}{nearest(self.purpose, PURPOSES)}")
        if self.attempt < 1:
            raise DefinitionError(f"attempt is 1 or more, not {shown(self.attempt)}")


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
    code: str = field(default="sent", validator=_code, kw_only=True)
    text: str = field(default="", converter=redacted, kw_only=True)


@frozen
class NotSent:
    """Surely not sent; it may be tried again.

    Attributes:
        retry_after: seconds the other side asks to wait.
        counts: it uses up an attempt.
        scope: what has to wait: the message, the recipient's domain, or the channel.
    """

    code: str = field(validator=_code)
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

    code: str = field(validator=_code)
    text: str = field(default="", converter=redacted)
    partial: bool = field(default=False, kw_only=True)


@frozen
class Rejected:
    """Refused.

    Attributes:
        scope: what is wrong: the message, its template, the customer's address, or our channel.
        permanent: trying again is of no use.
    """

    code: str = field(validator=_code)
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
    code: str = field(default="migrated", validator=_code, kw_only=True)
    text: str = field(default="", converter=redacted, kw_only=True)


SendOutcome = Sent | NotSent | Unknown | Rejected | Migrated
"""What became of one call of a transport."""
