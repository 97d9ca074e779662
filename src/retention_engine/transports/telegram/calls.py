"""An envelope as one call of the Bot API: pure, the same for every client."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from attrs import field, frozen

from retention_engine.envelopes import Button, Content, Entity, Envelope, Pace, Poll, Rate
from retention_engine.errors import DefinitionError, shown

PACE = Pace(overall=Rate(30), address=Rate(1))
"""About 30 messages a second, and one to each chat; Telegram names no exact limits, what it answers counts."""
_BOT = re.compile(r"[A-Za-z][A-Za-z0-9_]{3,31}")
_PAYLOAD = re.compile(r"[A-Za-z0-9_-]{1,64}")
_NUMBER = re.compile(r"-?\d{1,19}")


@frozen
class Call:
    """A method of the Bot API and its parameters."""

    method: str
    params: dict[str, Any] = field(repr=False)


def deep_link(bot: str, payload: str, *, group: bool = False) -> str:
    """Return the https link that opens the bot (its name without ``@``) and starts it with a payload.

    Raises:
        DefinitionError: a name no bot can have, or a payload that is not 1 to 64 of ``A-Z a-z 0-9 _ -``.
    """
    if not _BOT.fullmatch(bot):
        raise DefinitionError(f"bot is the name of a bot without '@', not {shown(bot)}")
    if not _PAYLOAD.fullmatch(payload):
        raise DefinitionError(f"payload is 1 to 64 letters, digits, '_' and '-', not {shown(payload)}")
    return f"https://t.me/{quote(bot)}?{'startgroup' if group else 'start'}={payload}"


def chat_of(address: str) -> int | str:
    """Return a chat as the Bot API wants it: a number, or ``@name``."""
    return int(address) if _NUMBER.fullmatch(address) else address


def call_of(envelope: Envelope) -> Call:
    """Return the one call that says the envelope's content.

    The text goes with its entities and never with a parse mode, so that nothing in it can become markup.

    Raises:
        DefinitionError: there is nothing to say, or a file is neither an id nor an https URL.
    """
    content = envelope.content
    method, params = _body(content)
    if markup := _markup(content):
        params["reply_markup"] = markup
    return Call(method, {"chat_id": chat_of(envelope.address), **params})


def _body(content: Content) -> tuple[str, dict[str, Any]]:
    if content.poll is not None:
        if content.text:
            raise DefinitionError("a poll has a question and no text beside it: send two messages")
        return "sendPoll", _poll(content.poll)
    for method, name, value in (("Photo", "photo", content.photo), ("Document", "document", content.document)):
        if value is not None:
            return f"send{method}", {name: _file(value), **_text(content, "caption", "caption_entities")}
    if not content.text.strip():
        raise DefinitionError("a Telegram message has a text, a photo, a document or a poll")
    return "sendMessage", _text(content, "text", "entities")


def _text(content: Content, name: str, entities: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if content.text:
        found[name] = content.text
    if content.entities:
        found[entities] = [_entity(each) for each in content.entities]
    return found


def _entity(entity: Entity) -> dict[str, Any]:
    link = {} if entity.url is None else {"url": entity.url}
    return {"type": entity.kind, "offset": entity.offset, "length": entity.length, **link}


def _file(reference: str) -> str:
    """Return a file id or an https URL; any other scheme is refused."""
    if "://" in reference and not reference.startswith("https://"):
        raise DefinitionError(f"a file is a file id or an https URL, not {shown(reference)}")
    return reference


def _poll(poll: Poll) -> dict[str, Any]:
    params: dict[str, Any] = {
        "question": poll.question,
        "options": [{"text": each} for each in poll.options],
        "is_anonymous": False,
        "allows_multiple_answers": poll.multiple,
    }
    if poll.correct is not None:
        params |= {"type": "quiz", "correct_option_ids": [poll.correct]}
    if poll.explanation is not None:
        params["explanation"] = poll.explanation
    return params


def _markup(content: Content) -> dict[str, Any]:
    if content.buttons:
        return {"inline_keyboard": [[_button(each)] for each in content.buttons]}
    if content.keyboard:
        return {"keyboard": _keys(content.keyboard), "resize_keyboard": True, "one_time_keyboard": True}
    return {}


def _button(button: Button) -> dict[str, Any]:
    target = {"callback_data": button.callback} if button.url is None else {"url": button.url}
    return {"text": button.text, **target}


def _keys(texts: Iterable[str]) -> list[list[dict[str, str]]]:
    return [[{"text": text}] for text in texts]
