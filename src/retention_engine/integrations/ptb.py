"""python-telegram-bot: an application runs the runner and records updates; the runner is in ``bot_data``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from retention_engine.delivery import Runner
from retention_engine.integrations.inbox import Inbox

_FIRST = -1_000
Hook = Callable[[Any], Awaitable[None]]


def connect(application: Any, runner: Runner, **inbox: Any) -> None:
    """Let an ``Application`` start and stop the runner, and record updates before any handler.

    ``run_polling`` and ``run_webhook`` do it by ``post_init`` and ``post_stop``, after hooks of your own; whoever
    starts the application by hand awaits ``runner.start()`` and ``runner.stop()``.

    Args:
        application: of python-telegram-bot.
        runner: runs in the event loop of the bot; handlers find it in ``context.bot_data["retention"]``.
        inbox: ``customer_of``, ``keyring``, ``tenant`` and ``polls``, as ``Inbox`` takes them.
    """
    from telegram import Update  # loaded by those who use it
    from telegram.ext import TypeHandler

    taken = Inbox(runner=runner, **inbox)

    async def record(update: Any, _: Any) -> None:
        await taken.take(update.to_dict())

    async def start(_: Any) -> None:
        await runner.start()

    async def stop(_: Any) -> None:
        await runner.stop()

    application.bot_data["retention"] = runner
    application.add_handler(TypeHandler(Update, record), group=_FIRST)
    application.post_init = _both(application.post_init, start)
    application.post_stop = _both(application.post_stop, stop)


def _both(first: Hook | None, second: Hook) -> Hook:
    async def hook(application: Any) -> None:
        if first is not None:
            await first(application)
        await second(application)

    return hook
