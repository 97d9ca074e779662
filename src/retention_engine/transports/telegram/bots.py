"""Adapters on the bot you have already: aiogram's and python-telegram-bot's, which are never imported here.

Their errors mix what was surely not sent with what may have been, so the error below theirs decides.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from inspect import signature
from typing import Any

from retention_engine.envelopes import Envelope, SendOutcome, Sent
from retention_engine.errors import DefinitionError
from retention_engine.transports.base import Ready, always, raised, too_late, unsuitable
from retention_engine.transports.http import Failure, Response, failure_of
from retention_engine.transports.telegram.calls import PACE, Call, call_of
from retention_engine.transports.telegram.outcomes import answer_outcome, telegram_outcome

_CAPITAL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_UNPARSED = frozenset(["ClientDecodeError"])
_NETWORK = frozenset(["TelegramNetworkError", "NetworkError"])
_STATUS = {
    "RetryAfter": 429,
    "TelegramRetryAfter": 429,
    "ChatMigrated": 400,
    "TelegramMigrateToChat": 400,
    "Forbidden": 403,
    "TelegramForbiddenError": 403,
    "InvalidToken": 401,
    "TelegramUnauthorizedError": 401,
    "EndPointNotFound": 404,
    "TelegramNotFound": 404,
    "Conflict": 409,
    "TelegramConflictError": 409,
    "TelegramEntityTooLarge": 413,
    "TelegramBadRequest": 400,
    "BadRequest": 400,
    "TelegramServerError": 500,
}
"""Names of their errors, those of subclasses before those of their bases, and the status each stands for."""

_TEXTS = {"Too Many Requests": 429, "Request Entity Too Large": 413, "Misdirected Request": 421}
"""Errors for which they have no class; nothing was done, whoever on the way said so."""


class BotTransport:
    """Sends by a ``Bot`` of python-telegram-bot; the bot is neither opened nor closed here."""

    pace = PACE

    def __init__(self, bot: Any, *, ready: Ready = always) -> None:
        """Take the bot."""
        self._bot = bot
        self._ready = ready

    async def send(self, envelope: Envelope) -> SendOutcome:
        """Send one message."""
        try:
            call = call_of(envelope)
        except DefinitionError as error:
            return unsuitable(error)
        if not self._ready(envelope):
            return too_late()
        try:
            sent = await getattr(self._bot, _CAPITAL.sub("_", call.method).lower())(**self.arguments(call))
        except Exception as error:  # noqa: BLE001 - every error of a foreign bot becomes an outcome
            return bot_outcome(call.method, error)
        poll = getattr(getattr(sent, "poll", None), "id", None)
        return Sent(f"{getattr(sent, 'message_id', '')}{'' if poll is None else f':{poll}'}")

    def arguments(self, call: Call) -> dict[str, Any]:
        """Return the arguments by name, without the parse mode that a bot may have by default."""
        if call.method != "sendPoll":
            return {**call.params, "parse_mode": None}
        found = {**call.params, "question_parse_mode": None, "explanation_parse_mode": None}
        if "correct_option_ids" in found and not _takes(self._bot.send_poll, "correct_option_ids"):
            found["correct_option_id"] = found.pop("correct_option_ids")[0]  # frameworks before Bot API 9.6
        return found


class AiogramTransport(BotTransport):
    """Sends by a ``Bot`` of aiogram 3; the bot is neither opened nor closed here."""

    def arguments(self, call: Call) -> dict[str, Any]:
        """Return the arguments by name; each option of a poll has a parse mode of its own."""
        found = super().arguments(call)
        if "options" in found:
            found["options"] = [{**each, "text_parse_mode": None} for each in found["options"]]
        return found


def _takes(method: Callable[..., Any], name: str) -> bool:
    return name in signature(method).parameters


def bot_outcome(method: str, error: Exception) -> SendOutcome:
    """Return what an error of a bot means, by the names of its classes and of the error below it."""
    names = [each.__name__ for each in type(error).__mro__]
    message = str(getattr(error, "message", ""))
    status = next((_TEXTS[text] for text in _TEXTS if message.startswith(text)), None)
    if status is None and (_UNPARSED.intersection(names) or "Parsing the server response" in message):
        return telegram_outcome(method, Response(0))
    status = status or next((_STATUS[name] for name in names if name in _STATUS), None)
    if status is not None:
        return answer_outcome(method, status, message, _parameters(error))
    if _NETWORK.isdisjoint(names):
        return raised(error)
    below = error.__cause__ or error.__context__
    return telegram_outcome(method, Failure(True, names[0]) if below is None else failure_of(below))


def _parameters(error: Exception) -> dict[str, Any]:
    """Return the parameters of an answer; the one who keeps a span hides it behind a warning."""
    wait = getattr(error, "_retry_after", None) or getattr(error, "retry_after", None)
    chat = getattr(error, "migrate_to_chat_id", None) or getattr(error, "new_chat_id", None)
    return {
        "retry_after": wait.total_seconds() if isinstance(wait, timedelta) else wait,
        "migrate_to_chat_id": chat,
    }
