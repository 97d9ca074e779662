"""taskiq: a task that ticks, with the label by which a scheduler calls it."""

from __future__ import annotations

from typing import Any

from retention_engine.integrations.once import Given, once


def connect(broker: Any, runner: Given, *, cron: str = "* * * * *", name: str = "retention:tick") -> Any:
    """Add a task that decides and sends what is due, and return it; its result is the number of actions.

    A ``TaskiqScheduler`` with a ``LabelScheduleSource`` calls it; ``await task.kiq()`` makes a tick at once.

    Args:
        broker: of taskiq.
        runner: better a function that makes one: every worker process opens the store for itself.
        cron: when.
        name: of the task.
    """
    runner_here = once(runner)

    async def tick() -> int:
        return len(await runner_here().tick())

    return broker.task(task_name=name, schedule=[{"cron": cron}])(tick)
