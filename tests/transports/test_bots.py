"""Adapters on bots of aiogram and python-telegram-bot tell their errors apart by names and causes."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from retention_engine.envelopes import Content, Migrated, NotSent, Poll, Rejected, Sent, Unknown
from retention_engine.testing.transports import an_envelope, expected, matches
from retention_engine.transports import AiogramTransport, BotTransport, TelegramCode


def named(name: str, *bases: type[Exception], **fields: Any) -> Exception:
    """Return an error of a class of this name with these fields."""
    return type(name, bases or (Exception,), fields)()


def caused(error: Exception, cause: Exception | None) -> Exception:
    """Return the error with the one below it."""
    error.__cause__ = cause
    return error


NETWORK = type("NetworkError", (Exception,), {})
AIO_NETWORK = type("TelegramNetworkError", (Exception,), {})
CONNECTOR = type("ClientConnectorError", (OSError,), {})
ERRORS = [
    (
        named("RetryAfter", _retry_after=timedelta(seconds=5)),
        expected(NotSent, TelegramCode.RATE_LIMITED, retry_after=5.0),
    ),
    (named("RetryAfter", retry_after=5), expected(NotSent, TelegramCode.RATE_LIMITED, retry_after=5)),
    (named("TelegramRetryAfter", retry_after=5), expected(NotSent, TelegramCode.RATE_LIMITED, scope="channel")),
    (named("ChatMigrated", new_chat_id=-7), expected(Migrated, TelegramCode.MIGRATED, new_address="-7")),
    (
        named("TelegramMigrateToChat", migrate_to_chat_id=-7),
        expected(Migrated, TelegramCode.MIGRATED, new_address="-7"),
    ),
    (
        named("Forbidden", message="Forbidden: bot was blocked by the user"),
        expected(Rejected, TelegramCode.BLOCKED, scope="address", permanent=True),
    ),
    (named("TelegramForbiddenError", message="?"), expected(Rejected, TelegramCode.FORBIDDEN, permanent=False)),
    (named("BadRequest", NETWORK, message="Chat not found"), expected(Rejected, TelegramCode.CHAT_NOT_FOUND)),
    (
        named("TelegramBadRequest", message="Bad Request: can't parse entities"),
        expected(Rejected, TelegramCode.BAD_CONTENT, scope="template"),
    ),
    (
        named("BadRequest", NETWORK, message="Bad Request (400). Parsing the server response b'<' failed"),
        expected(Unknown, TelegramCode.NO_JSON),
    ),
    (named("InvalidToken"), expected(Rejected, TelegramCode.BOT_REFUSED, scope="channel")),
    (named("TelegramUnauthorizedError"), expected(Rejected, TelegramCode.BOT_REFUSED, scope="channel")),
    (named("Conflict"), expected(Rejected, TelegramCode.CONFLICT, scope="channel")),
    (named("TelegramEntityTooLarge", AIO_NETWORK), expected(Rejected, TelegramCode.TOO_LARGE, scope="template")),
    (named("NetworkError", message="Request Entity Too Large (413)"), expected(Rejected, TelegramCode.TOO_LARGE)),
    (
        named("NetworkError", message="Too Many Requests (429). Parsing the server response b'<' failed"),
        expected(NotSent, TelegramCode.RATE_LIMITED, scope="channel"),
    ),
    (named("TelegramAPIError", message="Misdirected Request"), expected(Rejected, TelegramCode.BOT_REFUSED)),
    (
        named("RestartingTelegram", type("TelegramServerError", (Exception,), {})),
        expected(Unknown, "telegram_server_error"),
    ),
    (named("ClientDecodeError"), expected(Unknown, TelegramCode.NO_JSON)),
    (caused(AIO_NETWORK(), CONNECTOR()), expected(NotSent, TelegramCode.UNREACHED)),
    (caused(AIO_NETWORK(), TimeoutError()), expected(Unknown, TelegramCode.NO_ANSWER)),
    (caused(AIO_NETWORK(), named("ServerDisconnectedError")), expected(Unknown, TelegramCode.NO_ANSWER)),
    (caused(named("TimedOut", NETWORK), named("PoolTimeout")), expected(NotSent, TelegramCode.UNREACHED)),
    (caused(named("TimedOut", NETWORK), named("ConnectTimeout")), expected(NotSent, TelegramCode.UNREACHED)),
    (caused(named("TimedOut", NETWORK), named("ReadTimeout")), expected(Unknown, TelegramCode.NO_ANSWER)),
    (caused(NETWORK(), named("ReadError")), expected(Unknown, TelegramCode.NO_ANSWER)),
    (NETWORK("Bad Gateway"), expected(Unknown, TelegramCode.NO_ANSWER)),
    (ValueError("zzPIIzz"), expected(Unknown, "exception", text="builtins.ValueError")),
]


class Bot:
    """Answers by script, as a framework's bot does."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.asked: list[dict[str, Any]] = []

    async def send_message(self, **arguments: Any) -> Any:
        self.asked.append(arguments)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    send_poll = send_message


@pytest.mark.parametrize(("error", "wanted"), ERRORS, ids=lambda each: type(each).__name__)
def test_an_error_of_a_bot_is_the_row_it_stands_for(error: Exception, wanted: Any) -> None:
    """The class, its text and the error below it decide."""
    outcome = asyncio.run(AiogramTransport(Bot(error)).send(an_envelope()))
    assert matches(outcome, wanted, codes=True), outcome


def test_the_bot_is_asked_by_name_and_without_its_parse_mode() -> None:
    """A bot whose default is HTML must not read customers' names as HTML."""
    bot = Bot(SimpleNamespace(message_id=7))
    assert asyncio.run(BotTransport(bot).send(an_envelope(content=Content(text="<b>")))) == Sent("7")
    assert bot.asked == [{"chat_id": 1001, "text": "<b>", "parse_mode": None}]


def test_a_poll_is_told_with_its_id() -> None:
    """Answers to a poll name it by its own id."""
    bot = Bot(SimpleNamespace(message_id=7, poll=SimpleNamespace(id="55")))
    content = Content(poll=Poll(question="?", options=("a", "b")))
    assert asyncio.run(BotTransport(bot).send(an_envelope(content=content))) == Sent("7:55")
    assert bot.asked[0]["question_parse_mode"] is None


def test_the_options_of_a_poll_are_no_markup_either() -> None:
    """A bot of aiogram would give each of them its own parse mode."""
    bot = Bot(SimpleNamespace(message_id=7))
    for content in (Content(poll=Poll(question="?", options=("a", "b"))), Content(text="x")):
        asyncio.run(AiogramTransport(bot).send(an_envelope(content=content)))
    assert bot.asked[0]["options"] == [{"text": "a", "text_parse_mode": None}, {"text": "b", "text_parse_mode": None}]
    assert bot.asked[1]["parse_mode"] is None


class NewBot(Bot):
    """Knows quizzes with several right answers."""

    async def send_poll(self, correct_option_ids: Any = None, **arguments: Any) -> Any:
        return await self.send_message(several=correct_option_ids, **arguments)


def test_a_quiz_is_asked_as_the_framework_knows_it() -> None:
    """Older ones take one right answer, newer ones a list."""
    old, new = Bot(SimpleNamespace(message_id=7)), NewBot(SimpleNamespace(message_id=7))
    quiz = an_envelope(content=Content(poll=Poll(question="?", options=("a", "b"), correct=1)))
    for bot in (old, new):
        asyncio.run(BotTransport(bot).send(quiz))
    assert old.asked[0]["correct_option_id"] == 1
    assert new.asked[0]["several"] == [1]


def test_nothing_is_asked_when_there_is_nothing_to_say_or_no_time() -> None:
    """The bot is left alone."""
    bot = Bot(None)
    assert asyncio.run(BotTransport(bot).send(an_envelope(content=Content()))).code == "unsuitable_content"
    assert asyncio.run(BotTransport(bot, ready=lambda _: False).send(an_envelope())).code == "no_time_left"
    assert bot.asked == []
