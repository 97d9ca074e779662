"""What an answer of the Bot API means: every row of the table, one code each."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

from retention_engine.envelopes import Migrated, NotSent, Rejected, SendOutcome, Sent, Unknown
from retention_engine.transports.http import Failure, Reply, Response, seconds

SEVERAL = frozenset(["sendMediaGroup", "copyMessages", "forwardMessages"])
"""Methods that send several messages: an error leaves open which of them arrived."""


class TelegramCode(StrEnum):
    """Why Telegram did not take a message, one code a row. Codes are stored and never renamed or reused."""

    RATE_LIMITED = "telegram_rate_limited"
    BLOCKED = "telegram_blocked"
    NOT_STARTED = "telegram_not_started"
    GROUP_LEFT = "telegram_group_left"
    FORBIDDEN = "telegram_forbidden"
    CHAT_NOT_FOUND = "telegram_chat_not_found"
    BAD_CONTENT = "telegram_bad_content"
    NO_RIGHTS = "telegram_no_rights"
    BAD_REQUEST = "telegram_bad_request"
    PARTIAL = "telegram_partial"
    BOT_REFUSED = "telegram_bot_refused"
    CONFLICT = "telegram_conflict"
    TOO_LARGE = "telegram_too_large"
    SERVER_ERROR = "telegram_server_error"
    NO_JSON = "telegram_no_json"
    NO_ANSWER = "telegram_no_answer"
    UNREACHED = "telegram_unreached"
    MIGRATED = "telegram_migrated"


_Made = Callable[[str], SendOutcome]


def _rejected(code: TelegramCode, scope: Any, *, permanent: bool = True) -> _Made:
    return lambda text: Rejected(code, text, scope=scope, permanent=permanent)


_FORBIDDEN: tuple[tuple[re.Pattern[str], _Made], ...] = (
    (re.compile("bot was blocked by the user|user is deactivated"), _rejected(TelegramCode.BLOCKED, "address")),
    (re.compile("bot can't initiate conversation"), _rejected(TelegramCode.NOT_STARTED, "address")),
    (
        re.compile("was kicked|is not a member|group chat was deleted"),
        _rejected(TelegramCode.GROUP_LEFT, "address"),
    ),
)
_CONTENT = (
    "can't parse|message is too long|caption is too long|text is empty|text must be non-empty|button_url_invalid"
    "|button_data_invalid|entities too long|entity_bounds_invalid|wrong file identifier|wrong remote file"
    "|wrong type of the web page content|failed to get http url content|webpage_|media_empty|photo_invalid_dimensions"
    "|inline keyboard button|reply markup"
)
_BAD: tuple[tuple[re.Pattern[str], _Made], ...] = (
    (
        re.compile("chat not found|peer_id_invalid|user not found"),
        _rejected(TelegramCode.CHAT_NOT_FOUND, "address"),
    ),
    (re.compile("not enough rights to send"), _rejected(TelegramCode.NO_RIGHTS, "address")),
    (re.compile(_CONTENT), _rejected(TelegramCode.BAD_CONTENT, "template")),
)
_BY_STATUS: dict[int, _Made] = {
    401: _rejected(TelegramCode.BOT_REFUSED, "channel"),
    404: _rejected(TelegramCode.BOT_REFUSED, "channel"),
    421: _rejected(TelegramCode.BOT_REFUSED, "channel"),
    409: _rejected(TelegramCode.CONFLICT, "channel"),
    413: _rejected(TelegramCode.TOO_LARGE, "template"),
}
"""Answers that need no text: refused before anything was looked at, whoever on the way said so."""


def telegram_outcome(method: str, reply: Reply) -> SendOutcome:
    """Return what the reply to a call means.

    An answer that is no JSON leaves the outcome unknown, but for those statuses which say that nothing was done.
    """
    if isinstance(reply, Failure):
        if reply.written:
            return _unknown(method, TelegramCode.NO_ANSWER, reply.text)
        return NotSent(TelegramCode.UNREACHED, reply.text)
    found = _parsed(reply.body)
    if found is None:
        return _without_json(method, reply)
    if found.get("ok") is True:
        return Sent(_message_id(found.get("result")))
    status = found.get("error_code")
    parameters = dict(found["parameters"]) if isinstance(found.get("parameters"), dict) else {}
    if _number(parameters.get("retry_after")) is None:
        parameters["retry_after"] = seconds(reply.headers)
    description = str(found.get("description", ""))
    return answer_outcome(method, status if isinstance(status, int) else reply.status, description, parameters)


def answer_outcome(method: str, status: int, description: str, parameters: Mapping[str, Any]) -> SendOutcome:
    """Return what an error of the Bot API means, by its code, its text and its parameters."""
    if status == 429:
        wait = _number(parameters.get("retry_after"))
        return NotSent(TelegramCode.RATE_LIMITED, description, retry_after=wait, scope="channel")
    if method in SEVERAL:
        return Unknown(TelegramCode.PARTIAL, description, partial=True)
    if status in _BY_STATUS:
        return _BY_STATUS[status](description)
    if status == 400:
        return _bad_request(description, parameters)
    if status == 403:
        return _first(_FORBIDDEN, description) or Rejected(
            TelegramCode.FORBIDDEN, description, scope="address", permanent=False
        )
    if 400 <= status < 500:
        return Rejected(TelegramCode.BAD_REQUEST, description)
    return Unknown(TelegramCode.SERVER_ERROR, description)


def _bad_request(description: str, parameters: Mapping[str, Any]) -> SendOutcome:
    chat = parameters.get("migrate_to_chat_id")
    if isinstance(chat, int):
        return Migrated(str(chat), code=TelegramCode.MIGRATED, text=description)
    return _first(_BAD, description) or Rejected(TelegramCode.BAD_REQUEST, description)


def _first(table: tuple[tuple[re.Pattern[str], _Made], ...], description: str) -> SendOutcome | None:
    return next((made(description) for pattern, made in table if pattern.search(description.lower())), None)


def _without_json(method: str, reply: Response) -> SendOutcome:
    text = f"status {reply.status}"
    if reply.status == 429 or (reply.status in _BY_STATUS and method not in SEVERAL):
        return answer_outcome(method, reply.status, text, {"retry_after": seconds(reply.headers)})
    return _unknown(method, TelegramCode.NO_JSON, text)


def _unknown(method: str, code: TelegramCode, text: str) -> Unknown:
    if method in SEVERAL:
        return Unknown(TelegramCode.PARTIAL, text, partial=True)
    return Unknown(code, text)


def _parsed(body: bytes) -> dict[str, Any] | None:
    """Return the object in a body, None when it is not one with ``ok``."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and "ok" in found else None


def _message_id(result: object) -> str:
    """Return the number of a message; for a poll with its id, by which answers name it: ``12:5432``."""
    if not isinstance(result, dict) or not isinstance(result.get("message_id"), int):
        return ""
    poll = result.get("poll")
    more = f":{poll['id']}" if isinstance(poll, dict) and "id" in poll else ""
    return f"{result['message_id']}{more}"


def _number(value: object) -> float | None:
    return value if type(value) in (int, float) and 0 <= value <= 10**9 else None  # type: ignore[operator,return-value]  # a number by then
