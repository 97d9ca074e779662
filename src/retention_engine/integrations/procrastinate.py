"""procrastinate: a periodic task that ticks."""

from __future__ import annotations

from typing import Any

from retention_engine.integrations.once import Given, once


def connect(app: Any, runner: Given, *, cron: str = "* * * * *", name: str = "retention_tick") -> Any:
    """Add a periodic task that decides and sends what is due, and return it; its result is the number of actions.

    Args:
        app: of procrastinate.
        runner: better a function that makes one: every worker process opens the store for itself.
        cron: when.
        name: of the task; it is also its queueing lock, so that ticks do not pile up.
    """
    runner_here = once(runner)

    async def tick(timestamp: int = 0) -> int:
        return len(await runner_here().tick())

    return app.periodic(cron=cron)(app.task(name=name, queueing_lock=name)(tick))
