"""Telegram: calls, the table of answers, our own client, and adapters on bots you have already."""

from retention_engine.transports.telegram.bots import AiogramTransport, BotTransport, bot_outcome
from retention_engine.transports.telegram.calls import Call, call_of, deep_link
from retention_engine.transports.telegram.outcomes import TelegramCode, answer_outcome, telegram_outcome
from retention_engine.transports.telegram.transport import AsyncTelegramTransport, TelegramTransport

__all__ = [
    "AiogramTransport",
    "AsyncTelegramTransport",
    "BotTransport",
    "Call",
    "TelegramCode",
    "TelegramTransport",
    "answer_outcome",
    "bot_outcome",
    "call_of",
    "deep_link",
    "telegram_outcome",
]
