"""aiogram 3: a dispatcher runs the runner, records updates and hands the runner to handlers as ``retention``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from retention_engine.delivery import Runner
from retention_engine.integrations.inbox import Inbox

KINDS = ("message", "callback_query", "my_chat_member", "poll_answer")
"""The kinds of updates that may say something."""


def connect(dispatcher: Any, runner: Runner, **inbox: Any) -> None:
    """Let a ``Dispatcher`` start and stop the runner, and record updates; polling and webhooks alike.

    Args:
        dispatcher: of aiogram 3.
        runner: runs in the event loop of the bot; handlers receive it as ``retention``.
        inbox: ``customer_of``, ``keyring``, ``tenant`` and ``polls``, as ``Inbox`` takes them.
    """
    taken = Inbox(runner=runner, **inbox)

    async def middleware(handler: Callable[[Any, Any], Awaitable[Any]], update: Any, data: Any) -> Any:
        await taken.take(update.model_dump(mode="json", by_alias=True, exclude_none=True))
        return await handler(update, data)

    dispatcher["retention"] = runner
    dispatcher.startup.register(runner.start)
    dispatcher.shutdown.register(runner.stop)
    dispatcher.update.outer_middleware(middleware)
    for kind in KINDS:  # polling asks Telegram only for kinds that have a handler
        dispatcher.observers[kind].register(_never, _never)


def _never(_: Any) -> bool:
    return False
