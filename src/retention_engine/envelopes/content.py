"""What a message says: text with styles, buttons, files, polls."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from attrs import Attribute, field, frozen

from retention_engine.errors import DefinitionError, shown

_URL = re.compile(r"(?:https://|tg://)[^\s\x00-\x20\x7f]+")


def utf16_length(text: str) -> int:
    """Return the length in UTF-16 units, as Telegram counts it."""
    return len(text) + sum(letter > "\uffff" for letter in text)


def _texts(value: Iterable[str]) -> tuple[str, ...]:
    return tuple(value)


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
    options: tuple[str, ...] = field(converter=_texts)
    correct: int | None = None
    explanation: str | None = field(default=None, validator=_optional_body)
    multiple: bool = False

    def __attrs_post_init__(self) -> None:
        """Refuse a wrong number of answers and a correct one that is none of them."""
        if not self.question or not 2 <= len(self.options) <= 12 or not all(self.options):
            raise DefinitionError(f"a poll has a question and 2 to 12 answers, not {shown(self.options)}")
        if self.correct is not None and (not 0 <= self.correct < len(self.options) or self.multiple):
            raise DefinitionError(f"correct is the number of one answer, not {shown(self.correct)}")


def _all_buttons(value: Iterable[Button]) -> tuple[Button, ...]:
    return tuple(value)


def _all_entities(value: Iterable[Entity]) -> tuple[Entity, ...]:
    return tuple(value)


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
    buttons: tuple[Button, ...] = field(default=(), converter=_all_buttons)
    entities: tuple[Entity, ...] = field(default=(), converter=_all_entities)
    keyboard: tuple[str, ...] = field(default=(), converter=_texts)
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
